use fluoro_wire::AccountId;
use serde_json::{Value, json};

use super::*;

const ACCOUNT: &str = "123456789012";

fn session() -> Principal {
    Principal::RoleSession {
        role_arn: format!("arn:aws:iam::{ACCOUNT}:role/worker"),
        session_arn: format!("arn:aws:sts::{ACCOUNT}:assumed-role/worker/one"),
    }
}

fn service(name: &str) -> Principal {
    Principal::Service(name.to_owned())
}

fn root() -> Principal {
    Principal::Root(AccountId(ACCOUNT.into()))
}

fn document(statements: Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn identity(statements: Value, action: &str, resource: &str) -> Verdict {
    let policy = Policy::identity(&document(statements)).unwrap();
    policy.judge(&Question {
        principal: &session(),
        action,
        resource,
        conditions: &Conditions::none(),
    })
}

fn trust(principal_element: Value, principal: &Principal) -> Verdict {
    let statement =
        json!({"Effect": "Allow", "Principal": principal_element, "Action": "sts:AssumeRole"});
    let policy = Policy::trust(&document(statement)).unwrap();
    policy.judge(&Question {
        principal,
        action: "sts:AssumeRole",
        resource: "arn:aws:iam::123456789012:role/worker",
        conditions: &Conditions::none(),
    })
}

#[test]
fn nothing_said_means_no() {
    let policy = json!([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]);
    assert_eq!(
        identity(policy, "s3:PutObject", "arn:aws:s3:::b/k"),
        Verdict::Silent
    );
}

#[test]
fn an_explicit_deny_wins_whatever_the_order() {
    let allow = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
    let deny = json!({"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"});
    for statements in [json!([allow, deny]), json!([deny, allow])] {
        let resource = "arn:aws:s3:::b/k";
        assert_eq!(
            identity(statements.clone(), "s3:DeleteObject", resource),
            Verdict::Denied
        );
        assert_eq!(
            identity(statements, "s3:GetObject", resource),
            Verdict::Allowed
        );
    }
}

#[test]
fn a_single_statement_needs_no_list() {
    let policy = json!({"Effect": "Allow", "Action": ["xray:PutTraceSegments"], "Resource": ["*"]});
    assert_eq!(
        identity(policy, "xray:PutTraceSegments", "*"),
        Verdict::Allowed
    );
}

#[test]
fn not_action_speaks_of_all_the_others() {
    let policy = json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"});
    assert_eq!(
        identity(policy.clone(), "s3:GetObject", "*"),
        Verdict::Allowed
    );
    assert_eq!(identity(policy, "iam:CreateRole", "*"), Verdict::Silent);
}

#[test]
fn not_resource_speaks_of_all_the_others() {
    let policy = json!({"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::mine/*"});
    assert_eq!(
        identity(policy.clone(), "s3:GetObject", "arn:aws:s3:::other/k"),
        Verdict::Denied
    );
    assert_eq!(
        identity(policy, "s3:GetObject", "arn:aws:s3:::mine/k"),
        Verdict::Silent
    );
}

#[test]
fn a_variable_without_value_matches_no_resource() {
    for (element, allowed) in [
        ("Resource", Verdict::Silent),
        ("NotResource", Verdict::Allowed),
    ] {
        let mut policy = json!({"Effect": "Allow", "Action": "s3:*"});
        policy[element] = json!("arn:aws:s3:::${aws:PrincipalTag/team}/*");
        assert_eq!(
            identity(policy, "s3:GetObject", "arn:aws:s3:::blue/k"),
            allowed,
            "{element}"
        );
    }
}

#[test]
fn a_condition_narrows_its_statement() {
    let text = document(json!({
        "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:execute-api:us-east-1:123456789012:api/*/GET/hello"}}
    }));
    let allows = |source: &str| {
        let conditions = Conditions::none().with("aws:SourceArn", source);
        let function = "arn:aws:lambda:us-east-1:123456789012:function:f";
        let gateway = service("apigateway.amazonaws.com");
        resource_policy_allows(
            &text,
            &gateway,
            "lambda:InvokeFunction",
            function,
            &conditions,
        )
    };
    assert!(allows(
        "arn:aws:execute-api:us-east-1:123456789012:api/prod/GET/hello"
    ));
    assert!(!allows(
        "arn:aws:execute-api:us-east-1:123456789012:api/prod/POST/hello"
    ));
    assert!(!allows(
        "arn:aws:execute-api:us-east-1:123456789012:other/prod/GET/hello"
    ));
}

#[test]
fn principals_are_named_in_many_ways() {
    use Verdict::{Allowed, AllowedForAccount, Silent};
    let lambda = service("lambda.amazonaws.com");
    let cases = [
        (json!("*"), session(), Allowed),
        (json!({"AWS": "*"}), lambda.clone(), Allowed),
        (
            json!({"Service": "lambda.amazonaws.com"}),
            lambda.clone(),
            Allowed,
        ),
        (
            json!({"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}),
            lambda.clone(),
            Allowed,
        ),
        (
            json!({"Service": "ec2.amazonaws.com"}),
            lambda.clone(),
            Silent,
        ),
        (json!({"AWS": "123456789012"}), root(), Allowed),
        (
            json!({"AWS": "arn:aws:iam::123456789012:root"}),
            root(),
            Allowed,
        ),
        (
            json!({"AWS": "arn:aws:iam::123456789012:root"}),
            session(),
            AllowedForAccount,
        ),
        (
            json!({"AWS": "arn:aws:iam::999999999999:root"}),
            session(),
            Silent,
        ),
        (
            json!({"AWS": "arn:aws:iam::123456789012:root"}),
            lambda.clone(),
            Silent,
        ),
        (
            json!({"AWS": "arn:aws:iam::123456789012:role/worker"}),
            session(),
            Allowed,
        ),
        (
            json!({"AWS": "arn:aws:sts::123456789012:assumed-role/worker/one"}),
            session(),
            Allowed,
        ),
        (
            json!({"AWS": "arn:aws:iam::123456789012:role/other"}),
            session(),
            Silent,
        ),
        (json!({"AWS": "AROAEXAMPLEEXAMPLE123"}), session(), Silent),
        (
            json!({"Federated": "accounts.google.com"}),
            session(),
            Silent,
        ),
        (
            json!({"Federated": "accounts.google.com", "Service": "lambda.amazonaws.com"}),
            lambda,
            Allowed,
        ),
    ];
    for (element, principal, expected) in cases {
        assert_eq!(
            trust(element.clone(), &principal),
            expected,
            "{element} for {principal:?}"
        );
    }
}

#[test]
fn not_principal_speaks_of_all_the_others() {
    let statement = |effect: &str, named: &str| {
        let policy = Policy::resource(&document(json!({
            "Effect": effect, "NotPrincipal": {"AWS": named}, "Action": "s3:*", "Resource": "*"
        })));
        policy.unwrap().judge(&Question {
            principal: &session(),
            action: "s3:GetObject",
            resource: "*",
            conditions: &Conditions::none(),
        })
    };
    let (role, account) = ("arn:aws:iam::123456789012:role/worker", "123456789012");
    assert_eq!(statement("Deny", role), Verdict::Silent);
    assert_eq!(statement("Deny", "999999999999"), Verdict::Denied);
    assert_eq!(statement("Deny", account), Verdict::Denied);
    assert_eq!(statement("Allow", account), Verdict::Silent);
    assert_eq!(statement("Allow", "999999999999"), Verdict::Allowed);
}

#[test]
fn a_policy_that_is_not_understood_allows_nothing() {
    for text in [
        "",
        "{}",
        "[this is not JSON}",
        r#"{"Statement": [{"Effect": "Allow"}]}"#,
    ] {
        let everybody = service("apigateway.amazonaws.com");
        assert!(!resource_policy_allows(
            text,
            &everybody,
            "a:b",
            "*",
            &Conditions::none()
        ));
    }
}

#[test]
fn an_account_alone_does_not_let_its_roles_in() {
    let text = document(json!({
        "Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "lambda:*", "Resource": "*"
    }));
    let allows = |principal: &Principal| {
        resource_policy_allows(
            &text,
            principal,
            "lambda:InvokeFunction",
            "x",
            &Conditions::none(),
        )
    };
    assert!(allows(&root()));
    assert!(!allows(&session()));
}

#[test]
fn malformed_identity_policies_are_refused_in_iams_words() {
    let statement = |members: Value| {
        let mut whole = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
        for (name, value) in members.as_object().unwrap() {
            match value {
                Value::Null => whole.as_object_mut().unwrap().remove(name),
                value => whole
                    .as_object_mut()
                    .unwrap()
                    .insert(name.clone(), value.clone()),
            };
        }
        document(whole)
    };
    let twice = json!({"Sid": "a", "Effect": "Allow", "Action": "s3:*", "Resource": "*"});
    let cases = [
        (
            "[this is not JSON}".to_owned(),
            "This policy contains invalid Json",
        ),
        ("[]".to_owned(), "Syntax errors in policy."),
        (
            json!({"Statement": []}).to_string(),
            "Policy document must be version 2012-10-17 or greater.",
        ),
        (
            json!({"Version": "2020-01-01", "Statement": []}).to_string(),
            "Policy document must be version 2012-10-17 or greater.",
        ),
        (document(json!([])), "Syntax errors in policy."),
        (statement(json!({"Extra": 1})), "Syntax errors in policy."),
        (
            statement(json!({"Effect": "allow"})),
            "Syntax errors in policy.",
        ),
        (
            statement(json!({"NotAction": "s3:*"})),
            "Syntax errors in policy.",
        ),
        (
            statement(json!({"Action": null})),
            "Policy statement must contain actions.",
        ),
        (
            statement(json!({"Resource": null})),
            "Policy statement must contain resources.",
        ),
        (
            statement(json!({"Resource": []})),
            "Policy statement must contain resources.",
        ),
        (
            statement(json!({"Principal": "*"})),
            "Policy document should not specify a principal.",
        ),
        (
            statement(json!({"Action": "GetObject"})),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (
            statement(json!({"Action": "a:b:c"})),
            "Actions/Condition can contain only one colon.",
        ),
        (
            statement(json!({"Action": "a b:c"})),
            "Vendor a b is not valid",
        ),
        (
            statement(json!({"Resource": "bucket"})),
            "Resource bucket must be in ARN format or \"*\".",
        ),
        (
            statement(json!({"Resource": "arn:aws:s3"})),
            "The policy failed legacy parsing",
        ),
        (
            statement(json!({"Sid": "not plain"})),
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
        ),
        (
            document(json!([twice, twice])),
            "Statement IDs (SID) in a single policy must be unique.",
        ),
        (
            statement(json!({"Condition": {"Nonsense": {"aws:a": "b"}}})),
            "Invalid Condition type : Nonsense.",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(
            Policy::identity(&text).unwrap_err().to_string(),
            message,
            "{text}"
        );
    }
}

#[test]
fn malformed_trust_policies_are_refused_in_iams_words() {
    let lambda = json!({"Service": "lambda.amazonaws.com"});
    let cases = [
        (
            json!({"Effect": "Allow", "Action": "sts:AssumeRole"}),
            "Missing required field Principal",
        ),
        (
            json!({"Effect": "Allow", "Principal": lambda, "Action": "sts:AssumeRole", "Resource": "*"}),
            "Has prohibited field Resource",
        ),
        (
            json!({"Effect": "Allow", "Principal": lambda, "Action": "s3:GetObject"}),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            json!({"Effect": "Allow", "Principal": {"Service": "lambda"}, "Action": "sts:AssumeRole"}),
            "Invalid principal in policy: \"SERVICE\":\"lambda\"",
        ),
        (
            json!({"Effect": "Allow", "Principal": {"AWS": "nobody"}, "Action": "sts:AssumeRole"}),
            "Invalid principal in policy: \"AWS\":\"nobody\"",
        ),
        (
            json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:role/*"}, "Action": "sts:AssumeRole"}),
            "Invalid principal in policy: \"AWS\":\"arn:aws:iam::123456789012:role/*\"",
        ),
        (
            json!({"Effect": "Allow", "Principal": {"Planet": "earth"}, "Action": "sts:AssumeRole"}),
            "Syntax errors in policy.",
        ),
    ];
    for (statement, message) in cases {
        let text = document(statement);
        assert_eq!(
            Policy::trust(&text).unwrap_err().to_string(),
            message,
            "{text}"
        );
    }
}

/// Documents that are nearly right: every element may hold anything.
fn any_value() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    let text = prop::sample::select(vec![
        "",
        "*",
        "Allow",
        "Deny",
        "2012-10-17",
        "s3:Get*",
        "sts:AssumeRole",
        "arn:aws:s3:::b/*",
        "${aws:x}",
        "${",
        "StringLike",
        "ForAnyValue:StringEquals",
        "aws:SourceArn",
        "AWS",
        "Service",
        "lambda.amazonaws.com",
        "123456789012",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    let name = prop::sample::select(vec![
        "Version",
        "Statement",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "Condition",
        "Sid",
        "AWS",
        "Service",
        "StringLike",
        "aws:SourceArn",
    ]);
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6).prop_map(|members| {
                Value::Object(
                    members
                        .into_iter()
                        .map(|(n, v)| (n.to_owned(), v))
                        .collect(),
                )
            }),
        ]
    })
}

proptest::proptest! {
    #[test]
    fn whatever_is_read_can_be_judged(value in any_value()) {
        for text in [value.to_string(), document(value)] {
            for policy in [Policy::identity(&text), Policy::trust(&text), Policy::resource(&text)] {
                let Ok(policy) = policy else { continue };
                policy.judge(&Question {
                    principal: &session(),
                    action: "s3:GetObject",
                    resource: "arn:aws:s3:::b/k",
                    conditions: &Conditions::none().with("aws:SourceArn", "arn:aws:s3:::b"),
                });
            }
        }
    }
}
