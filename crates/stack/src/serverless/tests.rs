use super::*;

fn resource(logical_id: &str, kind: &str, properties: Value) -> RawResource {
    RawResource {
        logical_id: logical_id.into(),
        kind: kind.into(),
        properties,
        depends_on: Vec::new(),
    }
}

fn hello(properties: Value) -> RawResource {
    let mut all = json!({"Handler": "app.handler", "Runtime": "python3.12", "CodeUri": "src"});
    all.as_object_mut()
        .unwrap()
        .extend(properties.as_object().unwrap().clone());
    resource("Hello", "AWS::Serverless::Function", all)
}

fn expanded(resources: Vec<RawResource>) -> Result<Vec<(String, &'static str)>, StackError> {
    let items = expand(resources, &Globals::default())?;
    Ok(items
        .into_iter()
        .map(|item| (item.logical_id, item.body.kind()))
        .collect())
}

#[test]
fn a_function_with_an_event_brings_role_api_and_permission() {
    let event = json!({"Any": {"Type": "Api", "Properties": {"Path": "/hello", "Method": "ANY"}}});
    let items = expanded(vec![hello(json!({"Events": event, "Tracing": "Active"}))]).unwrap();
    assert_eq!(
        items,
        [
            ("HelloRole".to_owned(), "role"),
            ("Hello".to_owned(), "function"),
            ("HelloAnyPermissionProd".to_owned(), "permission"),
            ("ServerlessRestApi".to_owned(), "api"),
        ]
    );
}

#[test]
fn a_traced_function_may_write_traces() {
    let managed = |tracing: &str| {
        let items = expand(
            vec![hello(json!({"Tracing": tracing}))],
            &Globals::default(),
        )
        .unwrap();
        let Body::Role(role) = &items[0].body else {
            panic!("{items:?}")
        };
        role["ManagedPolicyArns"].as_array().unwrap().len()
    };
    assert_eq!(
        (
            managed("Active"),
            managed("PassThrough"),
            managed("Disabled")
        ),
        (2, 1, 1)
    );
}

#[test]
fn what_is_not_supported_is_named_with_its_place() {
    let event = |kind: &str, properties: Value| json!({"Events": {"E": {"Type": kind, "Properties": properties}}});
    for (resources, words) in [
        (
            vec![hello(json!({"VpcConfig": {}}))],
            "Resources.Hello.Properties.VpcConfig: property VpcConfig is not supported",
        ),
        (
            vec![hello(event("SQS", json!({})))],
            "Resources.Hello.Properties.Events.E.Type: event type SQS is not supported",
        ),
        (
            vec![hello(event(
                "Api",
                json!({"Path": "/a", "Method": "get", "Auth": {}}),
            ))],
            "Resources.Hello.Properties.Events.E.Properties.Auth: property Auth is not supported",
        ),
        (
            vec![resource("B", "AWS::S3::Bucket", json!({}))],
            "Resources.B: resource type AWS::S3::Bucket is not supported",
        ),
        (
            vec![hello(json!({"CodeUri": "s3://b/k"}))],
            "Resources.Hello.Properties.CodeUri: code in S3 is not supported",
        ),
        (
            vec![hello(json!({"PackageType": "Image"}))],
            "Resources.Hello.Properties.PackageType: container images is not supported",
        ),
        (
            vec![hello(event(
                "Api",
                json!({"Path": "/a", "Method": "get", "RestApiId": {"Ref": "Other"}}),
            ))],
            "Resources.Hello.Properties.Events.E.Properties: RestApiId names Other, which is no AWS::Serverless::Api",
        ),
        (
            vec![hello(json!({"Events": {
                "A": {"Type": "Api", "Properties": {"Path": "/a", "Method": "get"}},
                "B": {"Type": "Api", "Properties": {"Path": "/a", "Method": "GET"}},
            }}))],
            "Resources.Hello.Properties.Events.B: get /a leads to Hello already",
        ),
        (
            vec![hello(json!({"Tracing": "On"}))],
            "Resources.Hello.Properties.Tracing: Active, PassThrough or Disabled, not On",
        ),
    ] {
        assert_eq!(expanded(resources).unwrap_err().to_string(), words);
    }
}

#[test]
fn an_api_of_its_own_has_its_events_routes() {
    let api = resource("Shop", "AWS::Serverless::Api", json!({"StageName": "live"}));
    let event = json!({"Get": {"Type": "Api", "Properties": {"Path": "/a/{b}", "Method": "get", "RestApiId": {"Ref": "Shop"}}}});
    let items = expand(
        vec![api, hello(json!({"Events": event}))],
        &Globals::default(),
    )
    .unwrap();
    let Body::Api { routes, .. } = &items.last().unwrap().body else {
        panic!("{items:?}")
    };
    assert_eq!(
        routes,
        &[Route {
            path: "/a/{b}".into(),
            method: "get".into(),
            function: "Hello".into()
        }]
    );
    assert!(
        items
            .iter()
            .any(|item| item.logical_id == "HelloGetPermissionlive")
    );
}
