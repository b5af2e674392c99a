use fluoro_wire::Caller;
use http::StatusCode;
use serde_json::{Value, json};

use super::authorization::as_role;
use super::fixture::{ACCOUNT, Fixture, Ground, NOW, segment};

fn document(sid: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{
        "Sid": sid, "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "xray:PutTraceSegments", "Resource": "*"
    }]})
}

fn policy(name: &str, document: &Value) -> Value {
    json!({"PolicyName": name, "PolicyDocument": document.to_string()})
}

async fn revision(fixture: &Fixture, body: Value) -> Value {
    let answer = fixture.ok("/PutResourcePolicy", body).await;
    answer["ResourcePolicy"]["PolicyRevisionId"].clone()
}

async fn listed(fixture: &Fixture) -> Value {
    let answer = fixture.ok("/ListResourcePolicies", json!({})).await;
    assert_eq!(answer["NextToken"], Value::Null);
    answer["ResourcePolicies"].clone()
}

#[tokio::test]
async fn a_policy_is_printed_anew_and_counts_its_revisions() {
    let fixture = Fixture::new().await;
    let text = r#" {"Version" : "2012-10-17", "Statement": {"Effect":"Allow","Resource":["*"],
        "Principal":{"Service":"sns.amazonaws.com"}, "Action":[ "xray:PutTraceSegments" ]}} "#;
    let body = json!({"PolicyName": "p", "PolicyDocument": text});
    let answer = fixture.ok("/PutResourcePolicy", body).await;
    let printed = concat!(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":["*"],"#,
        r#""Principal":{"Service":"sns.amazonaws.com"},"Action":"xray:PutTraceSegments"}}"#
    );
    let expected = json!({
        "LastUpdatedTime": NOW, "PolicyDocument": printed, "PolicyName": "p", "PolicyRevisionId": "1"
    });
    assert_eq!(answer, json!({ "ResourcePolicy": expected }));
    assert_eq!(listed(&fixture).await, json!([expected]));
    // An unchanged document counts, too.
    for expected in ["2", "3"] {
        let found = revision(&fixture, policy("p", &document("One"))).await;
        assert_eq!(found, expected);
    }
    let name = json!({"PolicyName": "p"});
    assert_eq!(fixture.ok("/DeleteResourcePolicy", name).await, json!({}));
    assert_eq!(listed(&fixture).await, json!([]));
}

#[tokio::test]
async fn a_revision_that_is_not_the_present_one_is_refused() {
    let fixture = Fixture::new().await;
    let with = |revision: &str| {
        let mut body = policy("p", &document("One"));
        body["PolicyRevisionId"] = json!(revision);
        body
    };
    let taken = "Another concurrent request has modified the resource policy p";
    let refused = async |path: &str, body: Value| {
        let (code, message) = fixture.error(path, body).await;
        assert_eq!(code, "InvalidPolicyRevisionIdException");
        message
    };
    assert_eq!(refused("/PutResourcePolicy", with("1")).await, taken);
    assert_eq!(revision(&fixture, with("0")).await, "1");
    assert_eq!(refused("/PutResourcePolicy", with("0")).await, taken);
    assert_eq!(revision(&fixture, with("1")).await, "2");
    assert_eq!(refused("/PutResourcePolicy", with("1")).await, taken);
    let gone = "Another concurrent request has modified or deleted the resource policy p";
    let old = json!({"PolicyName": "p", "PolicyRevisionId": "1"});
    assert_eq!(refused("/DeleteResourcePolicy", old.clone()).await, gone);
    let present = json!({"PolicyName": "p", "PolicyRevisionId": "2"});
    fixture.ok("/DeleteResourcePolicy", present).await;
    assert_eq!(refused("/DeleteResourcePolicy", old).await, gone);
    let (code, message) = fixture
        .error("/DeleteResourcePolicy", json!({"PolicyName": "p"}))
        .await;
    assert_eq!(code, "InvalidRequestException");
    assert_eq!(message, "The resource policy p does not exist.");
}

#[tokio::test]
async fn what_is_no_policy_changes_nothing() {
    let fixture = Fixture::new().await;
    let body = json!({"PolicyName": "p", "PolicyDocument": "{"});
    let (status, answer) = fixture.post("/PutResourcePolicy", body).await;
    assert_eq!(
        (status, answer),
        (StatusCode::BAD_REQUEST, json!({"Message": null}))
    );
    let refused = async |body: Value| fixture.error("/PutResourcePolicy", body).await;
    let mut stranger = document("One");
    let gone = format!("arn:aws:iam::{ACCOUNT}:role/gone");
    stranger["Statement"][0]["Principal"] = json!({ "AWS": gone });
    let (code, message) = refused(policy("p", &stranger)).await;
    assert_eq!(code, "MalformedPolicyDocumentException");
    assert!(
        message.starts_with("Error for policy p : ") && message.contains("PrincipalNotFound"),
        "{message}"
    );
    let (code, _) = refused(policy("p", &json!({"Statement": []}))).await;
    assert_eq!(code, "MalformedPolicyDocumentException");
    let (code, _) = refused(policy("p", &document(&"x".repeat(5 * 1024)))).await;
    assert_eq!(code, "PolicySizeLimitExceededException");
    let (code, message) = refused(policy("p p", &document("One"))).await;
    assert_eq!(code, "ValidationException");
    assert!(
        message.ends_with(r"Member must satisfy regular expression pattern: [\w+=,.@-]+"),
        "{message}"
    );
    let (_, message) = refused(json!({})).await;
    assert!(message.starts_with("2 validation errors"), "{message}");
    assert_eq!(listed(&fixture).await, json!([]));
    for number in 0..5 {
        revision(&fixture, policy(&format!("p{number}"), &document("One"))).await;
    }
    let (code, _) = refused(policy("p5", &document("One"))).await;
    assert_eq!(code, "PolicyCountLimitExceededException");
    assert_eq!(
        revision(&fixture, policy("p4", &document("Two"))).await,
        "2"
    );
    let body = json!({"NextToken": "anything"});
    let (_, message) = fixture.error("/ListResourcePolicies", body).await;
    assert_eq!(message, "NextToken is currently not supported");
}

#[tokio::test]
async fn nobody_locks_themselves_out_by_accident() {
    let fixture = Fixture::new().await;
    let denial = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": "*", "Action": "xray:Put*Policy", "Resource": "*"
    }]});
    let (code, message) = fixture
        .error("/PutResourcePolicy", policy("p", &denial))
        .await;
    assert_eq!(code, "LockoutPreventionException");
    assert!(message.ends_with("to call PutResourcePolicy in the future."));
    let mut sure = policy("p", &denial);
    sure["BypassPolicyLockoutCheck"] = json!(true);
    assert_eq!(revision(&fixture, sure).await, "1");
}

#[tokio::test]
async fn what_a_policy_denies_is_denied_and_what_it_allows_lets_no_role_in() {
    let mut fixture = as_role().await;
    let role = fixture.caller.clone();
    let name = format!("arn:aws:iam::{ACCOUNT}:role/orders-role");
    let mut about_role = document("One");
    about_role["Statement"][0]["Principal"] = json!({ "AWS": name });
    fixture.caller = Caller::Root;
    revision(&fixture, policy("p", &about_role)).await;

    fixture.caller = role.clone();
    let body = json!({"TraceSegmentDocuments": [segment(1, NOW).to_string()]});
    let (code, _) = fixture.error("/TraceSegments", body.clone()).await;
    assert_eq!(code, "AccessDeniedException");
    let writer = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess";
    let attached = fixture.iam.attach_role_policy("orders-role", writer).await;
    attached.unwrap();
    fixture.store(&[segment(1, NOW)]).await;

    about_role["Statement"][0]["Effect"] = json!("Deny");
    fixture.caller = Caller::Root;
    revision(&fixture, policy("p", &about_role)).await;
    fixture.caller = role.clone();
    let (code, message) = fixture.error("/TraceSegments", body.clone()).await;
    assert_eq!(code, "AccessDeniedException");
    assert!(
        message.ends_with("with an explicit deny in a resource-based policy"),
        "{message}"
    );

    fixture.caller = Caller::Root;
    let gone = json!({"PolicyName": "p"});
    fixture.ok("/DeleteResourcePolicy", gone).await;
    fixture.caller = role;
    fixture.store(&[segment(1, NOW)]).await;
}

#[tokio::test]
async fn policies_and_their_denials_survive_a_restart() {
    let ground = Ground::default();
    let catalog = ground.catalog.clone();
    let fixture = Fixture::on(ground).await;
    let mut denial = document("One");
    denial["Statement"][0]["Effect"] = json!("Deny");
    denial["Statement"][0]["Principal"] = json!("*");
    revision(&fixture, policy("p", &denial)).await;
    let before = listed(&fixture).await;
    drop(fixture);
    let ground = Ground {
        catalog,
        ..Ground::default()
    };
    let mut fixture = Fixture::on(ground).await;
    assert_eq!(listed(&fixture).await, before);
    let session = format!("arn:aws:sts::{ACCOUNT}:assumed-role/none/s");
    fixture.caller = Caller::RoleSession {
        role_arn: super::authorization::make_role(&fixture).await,
        session_arn: session,
    };
    let body = json!({"TraceSegmentDocuments": [segment(1, NOW).to_string()]});
    let (_, message) = fixture.error("/TraceSegments", body).await;
    assert!(message.contains("explicit deny"), "{message}");
}
