//! Encryption, destination and indexing.

use serde_json::{Value, json};

use super::fixture::{Fixture, NOW, segment, trace_id};

async fn refused(fixture: &Fixture, path: &str, body: Value) -> (String, String) {
    fixture.error(path, body).await
}

#[tokio::test]
async fn encryption_is_updating_and_then_active() {
    let fixture = Fixture::new().await;
    let config = |key: Value, status: &str, kind: &str| json!({"EncryptionConfig": {"KeyId": key, "Status": status, "Type": kind}});
    let get = async || fixture.ok("/EncryptionConfig", json!({})).await;
    assert_eq!(get().await, config(Value::Null, "ACTIVE", "NONE"));
    let key = "arn:aws:kms:us-east-1:000000000000:key/k-1";
    let body = json!({"Type": "KMS", "KeyId": "k-1"});
    let put = fixture.ok("/PutEncryptionConfig", body).await;
    assert_eq!(put, config(json!(key), "UPDATING", "KMS"));
    assert_eq!(get().await, put);
    fixture.pass_seconds(2);
    assert_eq!(get().await, config(json!(key), "ACTIVE", "KMS"));
    let put = fixture
        .ok("/PutEncryptionConfig", json!({"Type": "NONE"}))
        .await;
    assert_eq!(put, config(Value::Null, "UPDATING", "NONE"));

    let path = "/PutEncryptionConfig";
    let (code, message) = refused(&fixture, path, json!({"Type": "X", "KeyId": ""})).await;
    assert_eq!(code, "ValidationException");
    assert_eq!(
        message,
        "2 validation errors detected: Value '' at 'keyId' failed to satisfy constraint: Member must have length \
         greater than or equal to 1; Value 'X' at 'type' failed to satisfy constraint: Member must satisfy enum value \
         set: [NONE, KMS]"
    );
    let (code, _) = refused(&fixture, path, json!({"Type": "KMS"})).await;
    assert_eq!(code, "InvalidRequestException");
}

#[tokio::test]
async fn with_logs_as_destination_only_the_indexed_share_is_found() {
    let fixture = Fixture::new().await;
    let before = fixture.ok("/GetTraceSegmentDestination", json!({})).await;
    let destination = |to: &str, status: &str| json!({"CompositeConfiguration": null, "Destination": to, "Status": status});
    assert_eq!(before, destination("XRay", "ACTIVE"));
    fixture.store(&[segment(1, NOW)]).await;
    let to_logs = json!({"Destination": "CloudWatchLogs"});
    let path = "/UpdateTraceSegmentDestination";
    let updated = fixture.ok(path, to_logs).await;
    assert_eq!(updated, destination("CloudWatchLogs", "PENDING"));
    fixture.pass_seconds(2);
    let now = fixture.ok("/GetTraceSegmentDestination", json!({})).await;
    assert_eq!(now, destination("CloudWatchLogs", "ACTIVE"));

    let rules = fixture.ok("/GetIndexingRules", json!({})).await;
    assert_eq!(rules["IndexingRules"][0]["Name"], "Default");
    let percentage = |percentage: f64| json!({"Name": "Default", "Rule": {"Probabilistic": {"DesiredSamplingPercentage": percentage}}});
    let set = fixture.ok("/UpdateIndexingRule", percentage(50.0)).await;
    let rule = &set["IndexingRule"];
    assert_eq!(rule["ModifiedAt"], NOW + 2);
    assert_eq!(
        rule["Rule"]["Probabilistic"]["DesiredSamplingPercentage"],
        50.0
    );
    let rules = fixture.ok("/GetIndexingRules", json!({})).await;
    assert_eq!(rules["IndexingRules"], json!([rule]));

    let later: Vec<Value> = (2..=41).map(|number| segment(number, NOW)).collect();
    fixture.store(&later).await;
    let found = async || {
        let window = json!({"StartTime": NOW - 5, "EndTime": NOW + 5});
        let summaries = fixture.ok("/TraceSummaries", window).await;
        let summaries = summaries["TraceSummaries"].as_array().unwrap().clone();
        let mut by_id = 0;
        for number in 1..=41 {
            let ids = json!({"TraceIds": [trace_id(number)]});
            let traces = fixture.ok("/Traces", ids.clone()).await;
            let found = traces["Traces"].as_array().unwrap().len();
            let (status, _) = fixture.post("/TraceGraph", ids).await;
            assert_eq!(status.is_success(), found == 1);
            by_id += found;
        }
        assert_eq!(by_id, summaries.len());
        assert!(summaries.iter().any(|trace| trace["Id"] == trace_id(1)));
        by_id
    };
    let half = found().await;
    assert!((8..34).contains(&half), "{half} of 41");
    fixture.ok("/UpdateIndexingRule", percentage(0.0)).await;
    assert_eq!(found().await, 1, "what came before the change");
    fixture.ok("/UpdateIndexingRule", percentage(100.0)).await;
    assert_eq!(found().await, 41);

    let body = json!({"TraceSegmentDocuments": ["{", "{}"]});
    let (code, message) = refused(&fixture, "/TraceSegments", body).await;
    assert_eq!(code, "InvalidRequestException");
    assert_eq!(
        message,
        "No segments could be converted to log events for account: 000000000000"
    );
    let mixed = json!({"TraceSegmentDocuments": ["{", segment(50, NOW + 100).to_string()]});
    let answer = fixture.ok("/TraceSegments", mixed).await;
    let unprocessed = answer["UnprocessedTraceSegments"].as_array().unwrap();
    assert_eq!(unprocessed.len(), 1);
    fixture.ok(path, json!({"Destination": "XRay"})).await;
    fixture.ok("/UpdateIndexingRule", percentage(0.0)).await;
    assert_eq!(found().await, 41);
}

#[tokio::test]
async fn what_is_stored_only_is_told() {
    let fixture = Fixture::new().await;
    let told = || {
        let stored = fixture.xray.stored_only().into_iter();
        stored.map(|one| one.setting).collect::<Vec<_>>()
    };
    assert!(told().is_empty());
    let kms = json!({"Type": "KMS", "KeyId": "alias/a"});
    fixture.ok("/PutEncryptionConfig", kms).await;
    let to_logs = json!({"Destination": "CloudWatchLogs"});
    fixture.ok("/UpdateTraceSegmentDestination", to_logs).await;
    for (name, effect) in [("p-allow", "Allow"), ("p-deny", "Deny")] {
        let document = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": effect, "Principal": {"Service": "sns.amazonaws.com"}, "Action": "xray:*", "Resource": "*"
        }]});
        let body = json!({"PolicyName": name, "PolicyDocument": document.to_string()});
        fixture.ok("/PutResourcePolicy", body).await;
    }
    assert_eq!(
        told(),
        [
            "encryption key arn:aws:kms:us-east-1:000000000000:alias/a",
            "segment destination CloudWatchLogs",
            "resource policy p-allow",
        ]
    );
    let none = json!({"Type": "NONE"});
    fixture.ok("/PutEncryptionConfig", none).await;
    assert_eq!(told().len(), 2);
}

#[tokio::test]
async fn what_search_refuses() {
    let fixture = Fixture::new().await;
    let path = "/UpdateTraceSegmentDestination";
    let key = json!({"SpansLogGroupKmsKeyId": "k"});
    let (code, _) = refused(&fixture, path, json!({"Destination": "S3"})).await;
    assert_eq!(code, "ValidationException");
    for body in [
        json!({}),
        json!({"Destination": "XRay", "CloudWatchLogsConfiguration": key}),
    ] {
        let (code, _) = refused(&fixture, path, body).await;
        assert_eq!(code, "InvalidRequestException");
    }
    let body = json!({"Destination": "CloudWatchLogs", "CloudWatchLogsConfiguration": key});
    fixture.ok(path, body.clone()).await;
    let (code, message) = refused(&fixture, path, body).await;
    assert_eq!(code, "InvalidRequestException");
    assert!(message.contains("aws/spans"), "{message}");

    let path = "/UpdateIndexingRule";
    let rule = |name: &str, percentage: Value| json!({"Name": name, "Rule": {"Probabilistic": {"DesiredSamplingPercentage": percentage}}});
    let (code, message) = refused(&fixture, path, rule("Other", json!(5))).await;
    assert_eq!(code, "ResourceNotFoundException");
    assert_eq!(message, "Indexing rule Other not found");
    for percentage in [json!(-1), json!(100.5)] {
        let (code, _) = refused(&fixture, path, rule("Default", percentage)).await;
        assert_eq!(code, "InvalidRequestException");
    }
    let (code, message) = refused(&fixture, path, rule("Default", Value::Null)).await;
    assert_eq!(code, "ValidationException");
    assert!(
        message.contains("'rule.probabilistic.desiredSamplingPercentage'"),
        "{message}"
    );
}
