use fluoro_iam::NewRole;
use fluoro_wire::Caller;
use http::StatusCode;
use serde_json::json;

use super::fixture::{ACCOUNT, Fixture, NOW, rule, segment};

/// A fixture called by a session of a role that nothing allows anything yet.
pub(super) async fn as_role() -> Fixture {
    let mut fixture = Fixture::new().await;
    fixture.caller = Caller::RoleSession {
        role_arn: make_role(&fixture).await,
        session_arn: format!("arn:aws:sts::{ACCOUNT}:assumed-role/orders-role/orders"),
    };
    fixture
}

/// Makes `orders-role` and returns its ARN.
pub(super) async fn make_role(fixture: &Fixture) -> String {
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"
    }]});
    let role = NewRole {
        path: "/".to_owned(),
        name: "orders-role".to_owned(),
        trust_policy: trust.to_string(),
        description: None,
        max_session_duration_seconds: 3600,
        tags: Vec::new(),
        permissions_boundary: None,
    };
    fixture.iam.create_role(role).await.unwrap();
    format!("arn:aws:iam::{ACCOUNT}:role/orders-role")
}

#[tokio::test]
async fn a_role_without_the_right_is_denied_and_what_it_sent_is_counted() {
    let fixture = as_role().await;
    let documents = [segment(1, NOW).to_string(), segment(2, NOW).to_string()];
    let body = json!({"TraceSegmentDocuments": documents});
    let (status, answer) = fixture.post("/TraceSegments", body).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let message = format!(
        "User: arn:aws:sts::{ACCOUNT}:assumed-role/orders-role/orders is not authorized to perform: \
         xray:PutTraceSegments because no identity-based policy allows the xray:PutTraceSegments action"
    );
    assert_eq!(answer, json!({"Message": message}));
    let lines = fixture.ingest.report().await.unwrap();
    assert!(
        lines
            .iter()
            .any(|line| line.client == "orders" && line.count == 2 && !line.mend.is_empty()),
        "{lines:?}"
    );
}

#[tokio::test]
async fn the_managed_policy_for_writers_lets_write_and_sample_but_not_read() {
    let fixture = as_role().await;
    let policy = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess";
    fixture
        .iam
        .attach_role_policy("orders-role", policy)
        .await
        .unwrap();
    fixture.store(&[segment(1, NOW)]).await;
    fixture.ok("/GetSamplingRules", json!({})).await;
    fixture
        .ok(
            "/SamplingTargets",
            json!({"SamplingStatisticsDocuments": []}),
        )
        .await;
    let (code, _) = fixture
        .error("/TraceSummaries", json!({"StartTime": NOW, "EndTime": NOW}))
        .await;
    assert_eq!(code, "AccessDeniedException");
}

#[tokio::test]
async fn policies_may_name_a_rule() {
    let fixture = as_role().await;
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "xray:*SamplingRule",
        "Resource": format!("arn:aws:xray:us-east-1:{ACCOUNT}:sampling-rule/team-*")
    }]});
    fixture
        .iam
        .put_role_policy("orders-role", "rules", &policy.to_string())
        .await
        .unwrap();
    fixture
        .ok("/CreateSamplingRule", rule("team-a", json!({})))
        .await;
    let (code, message) = fixture
        .error("/CreateSamplingRule", rule("other", json!({})))
        .await;
    assert_eq!(code, "AccessDeniedException");
    assert!(
        message.contains("on resource: arn:aws:xray:us-east-1:000000000000:sampling-rule/other"),
        "{message}"
    );
    fixture
        .ok("/DeleteSamplingRule", json!({"RuleName": "team-a"}))
        .await;
}

#[tokio::test]
async fn tags_of_a_new_rule_take_a_right_of_their_own() {
    let fixture = as_role().await;
    let allow = async |actions: &str| {
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": actions.split(' ').collect::<Vec<_>>(), "Resource": "*"
        }]});
        let policy = policy.to_string();
        let put = fixture.iam.put_role_policy("orders-role", "rules", &policy);
        put.await.unwrap();
    };
    let mut tagged = rule("team-a", json!({}));
    tagged["Tags"] = json!([{"Key": "team", "Value": "a"}]);
    allow("xray:CreateSamplingRule xray:GetSamplingRules").await;
    let (code, message) = fixture.error("/CreateSamplingRule", tagged.clone()).await;
    assert_eq!(code, "AccessDeniedException");
    assert!(
        message.contains("xray:TagResource on resource: arn:aws:xray:"),
        "{message}"
    );
    let rules = fixture.ok("/GetSamplingRules", json!({})).await;
    assert_eq!(rules["SamplingRuleRecords"].as_array().unwrap().len(), 1);
    allow("xray:CreateSamplingRule xray:TagResource").await;
    fixture.ok("/CreateSamplingRule", tagged).await;
}

#[tokio::test]
async fn policies_may_name_a_group_and_ask_for_tags() {
    let fixture = as_role().await;
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {
            "Effect": "Allow", "Action": ["xray:*Group", "xray:TagResource"],
            "Resource": format!("arn:aws:xray:us-east-1:{ACCOUNT}:group/team-*")
        },
        {
            "Effect": "Deny", "Action": ["xray:CreateGroup", "xray:TagResource"], "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestTag/stage": "prod"}}
        },
        {
            "Effect": "Deny", "Action": "xray:DeleteGroup", "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/keep": "yes"}}
        }
    ]});
    fixture
        .iam
        .put_role_policy("orders-role", "groups", &policy.to_string())
        .await
        .unwrap();
    let group = |name: &str, tag: &str| {
        json!({
            "GroupName": name, "FilterExpression": "fault", "Tags": [{"Key": "stage", "Value": tag}]
        })
    };
    let denied = async |path: &str, body: serde_json::Value| {
        let (code, message) = fixture.error(path, body).await;
        assert_eq!(code, "AccessDeniedException", "{message}");
        message
    };
    let created = fixture.ok("/CreateGroup", group("team-a", "test")).await;
    let arn = &created["Group"]["GroupARN"];
    denied("/CreateGroup", group("team-b", "prod")).await;
    let message = denied("/CreateGroup", group("other", "test")).await;
    assert!(
        message.contains("on resource: arn:aws:xray:us-east-1:000000000000:group/other/*"),
        "{message}"
    );
    denied("/Groups", json!({})).await;
    let tags = json!({"ResourceARN": arn, "Tags": [{"Key": "keep", "Value": "yes"}]});
    fixture.ok("/TagResource", tags).await;
    fixture
        .ok("/GetGroup", json!({"GroupName": "team-a"}))
        .await;
    denied("/DeleteGroup", json!({"GroupName": "team-a"})).await;
}
