use super::*;

fn read(template: &str) -> Template {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(template);
    Template::read(document(&path).unwrap(), &BTreeMap::new()).unwrap()
}

fn kinds(template: Template) -> Vec<(String, &'static str)> {
    let items =
        items::ordered(serverless::expand(template.resources, &template.globals).unwrap()).unwrap();
    items
        .into_iter()
        .map(|item| (item.logical_id, item.body.kind()))
        .collect()
}

#[test]
fn the_examples_come_to_what_sam_makes_of_them() {
    assert_eq!(
        kinds(read("hello/template.yaml")),
        [
            ("HelloRole".to_owned(), "role"),
            ("Hello".to_owned(), "function"),
            ("ServerlessRestApi".to_owned(), "api"),
            ("HelloAnyPermissionProd".to_owned(), "permission"),
        ]
    );
    let orders = kinds(read("orders/template.yaml"));
    let position = |name: &str| {
        orders
            .iter()
            .position(|(id, _)| id == name)
            .unwrap_or_else(|| panic!("{name} in {orders:?}"))
    };
    assert!(position("OrdersTable") < position("IntakeRole"));
    assert!(position("Announcements") < position("Intake"));
    assert!(position("Lookup") < position("ServerlessRestApi"));
    assert_eq!(
        orders
            .iter()
            .filter(|(_, kind)| *kind == "permission")
            .count(),
        4
    );
}

#[test]
fn a_stack_is_called_as_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("my shop");
    std::fs::create_dir(&inner).unwrap();
    assert_eq!(
        stack_name(None, &inner.join("template.yaml")).unwrap(),
        "my-shop"
    );
    assert_eq!(
        stack_name(Some("x1"), Path::new("nowhere/t.yaml")).unwrap(),
        "x1"
    );
    for bad in ["", "1x", "a_b", "é", &"x".repeat(65)] {
        assert!(stack_name(Some(bad), Path::new("t.yaml")).is_err(), "{bad}");
    }
}

#[test]
fn a_change_of_any_file_changes_the_fingerprint() {
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("template.yaml");
    std::fs::write(&template, "Resources: {}").unwrap();
    let before = fingerprint(&template).unwrap();
    assert_eq!(before, fingerprint(&template).unwrap());
    std::fs::create_dir(folder.path().join("src")).unwrap();
    std::fs::write(folder.path().join("src/app.py"), "x").unwrap();
    assert_ne!(before, fingerprint(&template).unwrap());
}

fn options(template: PathBuf) -> UpOptions {
    UpOptions {
        template,
        stack: None,
        parameters: BTreeMap::new(),
        endpoint: "http://127.0.0.1:1".to_owned(),
        region: "us-east-1".to_owned(),
        cache: PathBuf::from("unused"),
    }
}

struct Nobody;

impl Progress for Nobody {
    fn tell(&mut self, _: Event<'_>) {}
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_with_a_next_step() {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/hello/template.yaml");
    let error = up(&options(template), &mut Nobody).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("start a server with `fluoro serve`"),
        "{error}"
    );
}

#[tokio::test]
async fn a_template_that_cannot_be_deployed_is_refused_before_the_first_call() {
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("template.yaml");
    for (resources, words) in [
        (
            "A: {Type: AWS::Serverless::Api, Properties: {StageName: live, Cors: \"'*'\"}}",
            "Resources.A.Properties.Cors: property Cors is not supported",
        ),
        (
            "A: {Type: AWS::Serverless::Api, Properties: {}}",
            "Resources.A.Properties: StageName is missing",
        ),
        (
            "T: {Type: AWS::Serverless::SimpleTable, Properties: {SSESpecification: {SSEEnabled: true}}}",
            "Resources.T.Properties.SSESpecification: property SSESpecification is not supported",
        ),
        (
            "T: {Type: AWS::Serverless::SimpleTable, Properties: {PrimaryKey: {Name: id, Type: Text}}}",
            "Resources.T.Properties.PrimaryKey.Type: String, Number or Binary, not Text",
        ),
        (
            "Q: {Type: AWS::SQS::Queue, Properties: {KmsMasterKeyId: k}}",
            "Resources.Q.Properties.KmsMasterKeyId: property KmsMasterKeyId is not supported",
        ),
        (
            "R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}, PermissionsBoundary: x}}",
            "Resources.R.Properties.PermissionsBoundary: property PermissionsBoundary is not supported",
        ),
        (
            "S: {Type: AWS::XRay::SamplingRule, Properties: {SamplingRule: {Priority: 1, Colour: red}}}",
            "Resources.S.Properties.SamplingRule.Colour: property Colour is not supported",
        ),
        (
            "F: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, Runtime: python3.12, CodeUri: gone}}",
            "gone is neither a folder nor a zip",
        ),
        (
            "Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !Select [0, [a]]}}",
            "Resources.Q.Properties.QueueName: Fn::Select is not supported",
        ),
        (
            "Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !GetAtt T.StreamArn}}\n  \
             T: {Type: AWS::Serverless::SimpleTable}",
            "Resources.Q.Properties.QueueName: attribute StreamArn of T is not supported",
        ),
        (
            "Q: {Type: AWS::SQS::Queue}\nOutputs:\n  O: {Value: !Ref P}",
            "Outputs.O: P is neither a parameter nor a resource of this template",
        ),
    ] {
        std::fs::write(&template, format!("Resources:\n  {resources}\n")).unwrap();
        let mut options = options(template.clone());
        options.stack = Some("shop".to_owned());
        let error = up(&options, &mut Nobody).await.unwrap_err().to_string();
        assert!(error.ends_with(words), "{error}\nfor {resources}");
    }
}
