use http::StatusCode;
use serde_json::{Value, json};

use super::fixture::{Fixture, Ground, NOW, rule, segment, trace_id};

fn group(name: &str, expression: &str) -> Value {
    json!({"GroupName": name, "FilterExpression": expression})
}

async fn refused(fixture: &Fixture, path: &str, body: Value) -> String {
    let (code, message) = fixture.error(path, body).await;
    assert_eq!(code, "InvalidRequestException");
    message
}

#[tokio::test]
async fn a_group_lives_and_is_gone() {
    let fixture = Fixture::new().await;
    let created = fixture.ok("/CreateGroup", group("g", "fault")).await;
    let arn = created["Group"]["GroupARN"].as_str().unwrap().to_owned();
    let expected = json!({
        "FilterExpression": "fault", "GroupARN": arn, "GroupName": "g",
        "InsightsConfiguration": {"InsightsEnabled": false, "NotificationsEnabled": false}
    });
    assert_eq!(created, json!({"Group": expected}));
    assert!(arn.starts_with("arn:aws:xray:us-east-1:000000000000:group/g/"));
    for reference in [json!({"GroupName": "g"}), json!({"GroupARN": arn})] {
        assert_eq!(fixture.ok("/GetGroup", reference).await, created);
    }
    let listed = fixture.ok("/Groups", json!({})).await;
    assert_eq!(listed["NextToken"], Value::Null);
    assert_eq!(listed["Groups"][0]["GroupName"], "Default");
    assert_eq!(listed["Groups"][0]["FilterExpression"], Value::Null);
    assert_eq!(listed["Groups"][1], expected);

    let change = json!({
        "GroupARN": arn, "FilterExpression": "error", "InsightsConfiguration": {"InsightsEnabled": true}
    });
    let updated = fixture.ok("/UpdateGroup", change).await;
    assert_eq!(updated["Group"]["FilterExpression"], "error");
    assert_eq!(updated["Group"]["GroupARN"], arn);
    let insights = json!({"InsightsEnabled": true, "NotificationsEnabled": false});
    assert_eq!(updated["Group"]["InsightsConfiguration"], insights);

    let deleted = fixture.ok("/DeleteGroup", json!({"GroupARN": arn})).await;
    assert_eq!(deleted, json!({}));
    for path in ["/GetGroup", "/DeleteGroup"] {
        let message = refused(&fixture, path, json!({"GroupName": "g"})).await;
        assert_eq!(message, "Group not found");
    }
}

#[tokio::test]
async fn refusals_are_worded_as_recorded() {
    let fixture = Fixture::new().await;
    fixture.ok("/CreateGroup", group("g", "fault")).await;
    let arn = "arn:aws:xray:us-east-1:000000000000:group/Default";
    let both = json!({"GroupName": "Default", "GroupARN": arn, "FilterExpression": "fault"});
    for path in ["/GetGroup", "/UpdateGroup", "/DeleteGroup"] {
        for reference in [&both, &json!({})] {
            let message = refused(&fixture, path, reference.clone()).await;
            assert_eq!(message, "Provide either GroupName or GroupARN");
        }
    }
    let message = refused(&fixture, "/CreateGroup", group("g", "error")).await;
    assert_eq!(message, "g already exists");
    for nothing in [json!(null), json!(""), json!(" ")] {
        for (path, name) in [("/CreateGroup", "h"), ("/UpdateGroup", "g")] {
            let body = json!({"GroupName": name, "FilterExpression": nothing});
            let message = refused(&fixture, path, body).await;
            assert_eq!(message, "Filter Expression is empty");
        }
    }
    let message = refused(&fixture, "/UpdateGroup", group("g", "fault AND (")).await;
    assert!(
        message.starts_with("Error Location: line 1, position "),
        "{message}"
    );
    let body = json!({"NextToken": "anything"});
    let message = refused(&fixture, "/Groups", body).await;
    assert_eq!(message, "Next Token not supported");
    let wants = json!({
        "GroupName": "h", "FilterExpression": "fault", "InsightsConfiguration": {"NotificationsEnabled": true}
    });
    let message = refused(&fixture, "/CreateGroup", wants).await;
    assert!(message.contains("insights enabled"), "{message}");
    let (code, message) = fixture.error("/CreateGroup", json!({})).await;
    assert_eq!(code, "ValidationException");
    assert!(message.contains("Value null at 'groupName'"), "{message}");
    let long = json!({"GroupARN": "x".repeat(401)});
    let (_, message) = fixture.error("/GetGroup", long).await;
    assert!(
        message.ends_with("Member must have length less than or equal to 400"),
        "{message}"
    );
}

#[tokio::test]
async fn tags_are_merged_and_taken_away() {
    let fixture = Fixture::new().await;
    let mut body = group("g", "fault");
    body["Tags"] = json!([{"Key": "team", "Value": "red"}]);
    let created = fixture.ok("/CreateGroup", body).await;
    let arn = created["Group"]["GroupARN"].clone();
    let listed = async || {
        let tags = json!({ "ResourceARN": arn });
        fixture.ok("/ListTagsForResource", tags).await["Tags"].clone()
    };
    assert_eq!(listed().await, json!([{"Key": "team", "Value": "red"}]));
    let more = json!([{"Key": "team", "Value": "blue"}, {"Key": "mail@x", "Value": ""}]);
    let tag = |tags: Value| json!({"ResourceARN": arn, "Tags": tags});
    assert_eq!(fixture.ok("/TagResource", tag(more)).await, json!({}));
    let both = json!([{"Key": "mail@x", "Value": ""}, {"Key": "team", "Value": "blue"}]);
    assert_eq!(listed().await, both);
    fixture.ok("/TagResource", tag(json!([]))).await;
    let keys = json!({"ResourceARN": arn, "TagKeys": ["mail@x", "never-there"]});
    assert_eq!(fixture.ok("/UntagResource", keys).await, json!({}));
    assert_eq!(listed().await, json!([{"Key": "team", "Value": "blue"}]));

    let system = tag(json!([{"Key": "fine", "Value": "1"}, {"Key": "aws:x", "Value": "1"}]));
    let message = refused(&fixture, "/TagResource", system).await;
    assert_eq!(
        message,
        "Caller is an end user and not allowed to mutate system tags"
    );
    let many: Vec<Value> = (0..50)
        .map(|number| json!({"Key": format!("k{number}"), "Value": "v"}))
        .collect();
    let message = refused(&fixture, "/TagResource", tag(json!(many))).await;
    assert_eq!(
        message,
        "The resultant tag set must not have more than 50 user tags."
    );
    let twice = json!([{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]);
    let (status, answer) = fixture.post("/TagResource", tag(twice)).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer, json!({"message": null}));
    assert_eq!(listed().await, json!([{"Key": "team", "Value": "blue"}]));
    fixture.ok("/TagResource", tag(json!(many[..49]))).await;

    let (code, message) = fixture
        .error("/TagResource", tag(json!([{"Key": ""}])))
        .await;
    assert_eq!(code, "ValidationException");
    assert_eq!(
        message,
        "2 validation errors detected: Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have \
         length greater than or equal to 1; Value null at 'tags.1.member.value' failed to satisfy constraint: Member \
         must not be null"
    );
    let (_, message) = fixture.error("/UntagResource", json!({})).await;
    assert!(message.starts_with("2 validation errors"), "{message}");
}

#[tokio::test]
async fn tags_go_with_what_they_were_on() {
    let fixture = Fixture::new().await;
    let mut body = rule("r", json!({}));
    body["Tags"] = json!([{"Key": "team", "Value": "red"}]);
    let created = fixture.ok("/CreateSamplingRule", body).await;
    let arn = created["SamplingRuleRecord"]["SamplingRule"]["RuleARN"].clone();
    let tags = json!({ "ResourceARN": arn });
    let listed = fixture.ok("/ListTagsForResource", tags.clone()).await;
    assert_eq!(
        listed,
        json!({"NextToken": null, "Tags": [{"Key": "team", "Value": "red"}]})
    );
    let reference = json!({"RuleName": "r"});
    fixture.ok("/DeleteSamplingRule", reference).await;
    for (path, mut body) in [
        ("/ListTagsForResource", json!({})),
        ("/TagResource", json!({"Tags": []})),
        ("/UntagResource", json!({"TagKeys": []})),
    ] {
        body["ResourceARN"] = arn.clone();
        let (status, answer) = fixture.post(path, body).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let message = format!("Resource {} not found", arn.as_str().unwrap());
        assert_eq!(answer, json!({"Message": message, "ResourceName": arn}));
    }
    let again = rule("r", json!({}));
    fixture.ok("/CreateSamplingRule", again).await;
    let listed = fixture.ok("/ListTagsForResource", tags).await;
    assert_eq!(listed["Tags"], json!([]));
}

#[tokio::test]
async fn groups_and_tags_survive_a_restart() {
    let ground = Ground::default();
    let catalog = ground.catalog.clone();
    let fixture = Fixture::on(ground).await;
    let mut body = group("g", "fault");
    body["Tags"] = json!([{"Key": "team", "Value": "red"}]);
    let created = fixture.ok("/CreateGroup", body).await;
    drop(fixture);

    let ground = Ground {
        catalog,
        ..Ground::default()
    };
    let fixture = Fixture::on(ground).await;
    let found = fixture.ok("/GetGroup", json!({"GroupName": "g"})).await;
    assert_eq!(found, created);
    let tags = json!({"ResourceARN": created["Group"]["GroupARN"]});
    let listed = fixture.ok("/ListTagsForResource", tags).await;
    assert_eq!(listed["Tags"], json!([{"Key": "team", "Value": "red"}]));
}

/// What came in before a trace became a member counts when it became one (recorded), and a range is told that has data
/// stored under an earlier expression.
#[tokio::test]
async fn a_groups_graph_knows_when_its_members_joined_and_by_which_expression() {
    let fixture = Fixture::new().await;
    fixture.ok("/CreateGroup", group("g", "fault")).await;
    let callee = json!({
        "name": "cart", "id": "00000000000000cc", "parent_id": "00000000000000bb", "trace_id": trace_id(1),
        "start_time": NOW - 2, "end_time": NOW - 1
    });
    fixture.store(&[callee]).await;
    fixture.pass_seconds(100);
    let call = json!([{
        "name": "cart", "id": "00000000000000bb", "namespace": "remote", "start_time": NOW - 2, "end_time": NOW - 1
    }]);
    let mut root = segment(1, NOW - 3);
    root["fault"] = json!(true);
    root["subsegments"] = call;
    fixture.store(&[root]).await;
    fixture.pass_seconds(1);

    let window = async |from: i64, to: i64, group: Value| {
        let mut body = json!({"StartTime": NOW + from, "EndTime": NOW + to});
        body.as_object_mut()
            .unwrap()
            .extend(group.as_object().unwrap().clone());
        let graph = fixture.ok("/ServiceGraph", body).await;
        let services = graph["Services"].as_array().unwrap().iter();
        let counted = services.filter(|service| !service["SummaryStatistics"].is_null());
        let mut counted: Vec<(String, i64)> = counted
            .map(|service| {
                let count = &service["SummaryStatistics"]["TotalCount"];
                let name = service["Name"].as_str().unwrap().to_owned();
                (name, count.as_i64().unwrap())
            })
            .collect();
        counted.sort();
        (counted, graph["ContainsOldGroupVersions"].clone())
    };
    let of_group = json!({"GroupName": "g"});
    let one = |name: &str| (name.to_owned(), 1);
    let (all, _) = window(-1, 50, json!({})).await;
    assert_eq!(all, [one("cart")]);
    let (before, _) = window(-1, 50, of_group.clone()).await;
    assert_eq!(before, []);
    let (joined, old) = window(50, 101, of_group.clone()).await;
    assert_eq!(
        (joined, old),
        (vec![one("cart"), one("shop")], json!(false))
    );

    fixture.ok("/UpdateGroup", group("g", "error")).await;
    fixture.pass_seconds(60);
    let mut later = segment(2, NOW + 160);
    later["error"] = json!(true);
    fixture.store(&[later]).await;
    fixture.pass_seconds(1);
    let (whole, old) = window(50, 162, of_group.clone()).await;
    assert_eq!(
        (whole, old),
        (vec![one("cart"), ("shop".to_owned(), 2)], json!(true))
    );
    let (after, old) = window(102, 162, of_group).await;
    assert_eq!((after, old), (vec![one("shop")], json!(false)));
}
