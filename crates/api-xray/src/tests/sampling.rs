use std::sync::Arc;

use fluoro_sampling::RuleRecord;
use fluoro_store::catalog::{Catalog, MemoryCatalog};
use http::Method;
use serde_json::{Value, json};

use super::fixture::{Fixture, Ground, NOW, rule};

const CLIENT: &str = "0123456789abcdef01234567";

async fn rules(fixture: &Fixture) -> Vec<Value> {
    let answer = fixture.ok("/GetSamplingRules", json!({})).await;
    let records = answer["SamplingRuleRecords"].as_array().unwrap().iter();
    records
        .map(|record| record["SamplingRule"].clone())
        .collect()
}

fn report(rule: &str, requests: u32) -> Value {
    json!({"SamplingStatisticsDocuments": [{
        "RuleName": rule, "ClientID": CLIENT, "Timestamp": NOW, "RequestCount": requests, "SampledCount": 5,
        "BorrowCount": 1
    }]})
}

#[tokio::test]
async fn the_default_rule_is_as_sdks_need_it() {
    let fixture = Fixture::new().await;
    let response = fixture.send(Method::POST, "/GetSamplingRules", b"").await;
    let expected = r#"{"NextToken":null,"SamplingRuleRecords":[{"CreatedAt":0,"ModifiedAt":0,"SamplingRule":{"Attributes":{},"FixedRate":0.05,"HTTPMethod":"*","Host":"*","Priority":10000,"ReservoirSize":1,"ResourceARN":"*","RuleARN":"arn:aws:xray:us-east-1:000000000000:sampling-rule/Default","RuleName":"Default","ServiceName":"*","ServiceType":"*","URLPath":"*","Version":1}}]}"#;
    assert_eq!(response.body(), expected);
}

#[tokio::test]
async fn a_client_is_told_a_quota_from_the_second_window_on() {
    let fixture = Fixture::new().await;
    fixture
        .ok("/CreateSamplingRule", rule("shop", json!({})))
        .await;
    let first = fixture.ok("/SamplingTargets", report("shop", 100)).await;
    let expected = r#"{"LastRuleModification":1795327920,"SamplingTargetDocuments":[{"FixedRate":0.25,"Interval":null,"ReservoirQuota":null,"ReservoirQuotaTTL":null,"RuleName":"shop"}],"UnprocessedStatistics":[]}"#;
    assert_eq!(first.to_string(), expected);
    fixture.pass_seconds(10);
    let second = fixture.ok("/SamplingTargets", report("shop", 100)).await;
    assert_eq!(
        second["SamplingTargetDocuments"][0],
        json!({"FixedRate": 0.25, "Interval": 10, "ReservoirQuota": 3, "ReservoirQuotaTTL": NOW + 310, "RuleName": "shop"})
    );
}

#[tokio::test]
async fn reports_of_adot_for_python_are_understood() {
    let fixture = Fixture::new().await;
    fixture
        .ok("/CreateSamplingRule", rule("shop", json!({})))
        .await;
    let body = json!({
        "SamplingStatisticsDocuments": [{
            "RuleName": "shop", "ClientID": CLIENT, "Timestamp": 1_795_327_920.25, "RequestCount": 9, "SampleCount": 4,
            "BorrowCount": 1
        }],
        "SamplingBoostStatisticsDocuments": []
    });
    let answer = fixture.ok("/SamplingTargets", body).await;
    assert!(answer["LastRuleModification"].is_i64());
    assert!(answer.get("UnprocessedBoostStatistics").is_none());
    fixture.pass_seconds(10);
    let summaries = fixture.ok("/SamplingStatisticSummaries", json!({})).await;
    assert_eq!(
        summaries["SamplingStatisticSummaries"],
        json!([{"BorrowCount": 1, "RequestCount": 9, "RuleName": "shop", "SampledCount": 4, "Timestamp": NOW}])
    );
}

#[tokio::test]
async fn rules_outlive_a_restart() {
    let catalog: Arc<dyn Catalog> = Arc::new(MemoryCatalog::default());
    let ground = || Ground {
        catalog: Arc::clone(&catalog),
        ..Ground::default()
    };
    let fixture = Fixture::on(ground()).await;
    let boost = json!({"SamplingRateBoost": {"MaxRate": 0.5, "CooldownWindowMinutes": 1}, "Attributes": {"a": "b"}});
    fixture.ok("/CreateSamplingRule", rule("kept", boost)).await;
    fixture
        .ok("/CreateSamplingRule", rule("gone", json!({})))
        .await;
    fixture
        .ok("/DeleteSamplingRule", json!({"RuleName": "gone"}))
        .await;
    let change = json!({"SamplingRuleUpdate": {"RuleName": "Default", "FixedRate": 0.5}});
    fixture.ok("/UpdateSamplingRule", change).await;
    let before = rules(&fixture).await;
    assert_eq!(before.len(), 2);
    assert_eq!(rules(&Fixture::on(ground()).await).await, before);
}

#[tokio::test]
async fn keeping_all_wins_over_a_stored_rate_at_the_start() {
    let catalog: Arc<dyn Catalog> = Arc::new(MemoryCatalog::default());
    let ground = |default_rule| Ground {
        catalog: Arc::clone(&catalog),
        default_rule,
        ..Ground::default()
    };
    let fixture = Fixture::on(ground(RuleRecord::default_record())).await;
    let change = json!({"SamplingRuleUpdate": {"RuleName": "Default", "FixedRate": 0.5, "ReservoirSize": 7}});
    fixture.ok("/UpdateSamplingRule", change).await;
    let fixture = Fixture::on(ground(RuleRecord::default_keeping_all())).await;
    let default = &rules(&fixture).await[0];
    assert_eq!(
        (&default["FixedRate"], &default["ReservoirSize"]),
        (&json!(1.0), &json!(7))
    );
}

#[tokio::test]
async fn a_rule_may_be_named_by_its_arn() {
    let fixture = Fixture::new().await;
    let arn = "arn:aws:xray:us-east-1:000000000000:sampling-rule/shop";
    let by_arn = rule("", json!({"RuleName": null, "RuleARN": arn}));
    let created = fixture.ok("/CreateSamplingRule", by_arn).await;
    assert_eq!(
        created["SamplingRuleRecord"]["SamplingRule"]["RuleName"],
        "shop"
    );
    fixture
        .ok("/DeleteSamplingRule", json!({"RuleARN": arn}))
        .await;
    let (_, message) = fixture
        .error("/DeleteSamplingRule", json!({"RuleARN": arn}))
        .await;
    assert_eq!(message, "Sampling rule does not exist");
    let elsewhere = "arn:aws:xray:eu-west-1:000000000000:sampling-rule/shop";
    let (code, _) = fixture
        .error("/DeleteSamplingRule", json!({"RuleARN": elsewhere}))
        .await;
    assert_eq!(code, "InvalidRequestException");
}

#[tokio::test]
async fn refusals_are_in_the_services_words() {
    let fixture = Fixture::new().await;
    let cases = [
        (
            json!({"Version": 2}),
            "InvalidRequestException",
            "Sampling rule version must be 1",
        ),
        (
            json!({"Attributes": {"a": "v", "b": "v", "c": "v", "d": "v", "e": "v", "f": "v"}}),
            "ValidationException",
            "1 validation error detected: Value '{a=v, b=v, c=v, d=v, e=v, f=v}' at 'samplingRule.attributes' failed \
             to satisfy constraint: Member must have length less than or equal to 5",
        ),
        (
            json!({"Host": null, "RuleName": "x".repeat(33)}),
            "ValidationException",
            "2 validation errors detected: Value 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' at 'samplingRule.ruleName' failed \
             to satisfy constraint: Member must have length less than or equal to 32; Value null at \
             'samplingRule.host' failed to satisfy constraint: Member must not be null",
        ),
        (
            json!({"Priority": "1"}),
            "SerializationException",
            "STRING_VALUE can not be converted to an Integer",
        ),
    ];
    for (change, code, message) in cases {
        let refused = fixture
            .error("/CreateSamplingRule", rule("shop", change))
            .await;
        assert_eq!(refused, (code.to_owned(), message.to_owned()));
    }
    assert_eq!(rules(&fixture).await.len(), 1);
}

#[tokio::test]
async fn more_reports_than_the_model_allows_are_refused() {
    let fixture = Fixture::new().await;
    let report = &report("shop", 1)["SamplingStatisticsDocuments"][0];
    let body = json!({"SamplingStatisticsDocuments": vec![report; 26]});
    let (code, _) = fixture.error("/SamplingTargets", body).await;
    assert_eq!(code, "ValidationException");
}

/// What the rule `shop` is told, after a service reported anomalies of which one was recorded.
async fn told(fixture: &Fixture, rule: &str, anomalies: u32) -> Value {
    let mut body = report(rule, 100);
    body["SamplingBoostStatisticsDocuments"] = json!([{
        "RuleName": rule, "ServiceName": "shop", "Timestamp": NOW, "AnomalyCount": anomalies, "TotalCount": 100,
        "SampledAnomalyCount": 1
    }]);
    let answer = fixture.ok("/SamplingTargets", body).await;
    assert_eq!(answer["UnprocessedBoostStatistics"], json!([]));
    answer["SamplingTargetDocuments"][0].clone()
}

#[tokio::test]
async fn anomalies_that_nobody_recorded_are_answered_with_a_boost() {
    let fixture = Fixture::new().await;
    let boost = json!({"SamplingRateBoost": {"MaxRate": 0.6, "CooldownWindowMinutes": 1}});
    fixture.ok("/CreateSamplingRule", rule("shop", boost)).await;
    fixture
        .ok("/CreateSamplingRule", rule("plain", json!({})))
        .await;
    assert_eq!(told(&fixture, "shop", 90).await.get("SamplingBoost"), None);
    assert_eq!(told(&fixture, "plain", 90).await.get("SamplingBoost"), None);
    fixture.pass_seconds(10);
    assert_eq!(
        told(&fixture, "shop", 90).await,
        json!({
            "FixedRate": 0.25, "Interval": 10, "ReservoirQuota": 3, "ReservoirQuotaTTL": NOW + 310, "RuleName": "shop",
            "SamplingBoost": {"BoostRate": 0.5, "BoostRateTTL": NOW + 30}
        })
    );
    assert_eq!(told(&fixture, "plain", 90).await.get("SamplingBoost"), None);
    for rate in [0.5, 0.5, 0.6] {
        fixture.pass_seconds(10);
        let boost = &told(&fixture, "shop", 90).await["SamplingBoost"];
        assert_eq!(boost["BoostRate"], rate);
    }
}

#[tokio::test]
async fn more_anomalies_than_requests_are_taken_and_trigger_nothing_when_all_are_recorded() {
    let fixture = Fixture::new().await;
    let boost = json!({"SamplingRateBoost": {"MaxRate": 0.6, "CooldownWindowMinutes": 1}});
    fixture.ok("/CreateSamplingRule", rule("shop", boost)).await;
    told(&fixture, "shop", 0).await;
    fixture.pass_seconds(10);
    assert_eq!(told(&fixture, "shop", 1).await.get("SamplingBoost"), None);
    fixture.pass_seconds(10);
    assert_eq!(
        told(&fixture, "shop", 1000).await.get("SamplingBoost"),
        None
    );
}

#[tokio::test]
async fn a_boost_that_cannot_cool_down_fails_as_the_service_does_and_changes_nothing() {
    let fixture = Fixture::new().await;
    let odd = json!({"SamplingRateBoost": {"MaxRate": 0.1, "CooldownWindowMinutes": 1}});
    fixture.ok("/CreateSamplingRule", rule("shop", odd)).await;
    let before = rules(&fixture).await;
    for boost in [
        json!({"MaxRate": 0.5, "CooldownWindowMinutes": 0}),
        json!({"MaxRate": 0, "CooldownWindowMinutes": 0}),
        json!({}),
    ] {
        let update =
            json!({"SamplingRuleUpdate": {"RuleName": "shop", "SamplingRateBoost": boost}});
        let (status, body) = fixture.post("/UpdateSamplingRule", update).await;
        assert_eq!((status.as_u16(), body), (500, json!({"message": null})));
    }
    assert_eq!(rules(&fixture).await, before);
    let none = json!({"SamplingRuleUpdate": {"RuleName": "shop", "SamplingRateBoost": {"MaxRate": 0, "CooldownWindowMinutes": 1}}});
    fixture.ok("/UpdateSamplingRule", none).await;
    assert_eq!(
        rules(&fixture).await[0]["SamplingRateBoost"]["MaxRate"],
        0.0
    );
    let absent = json!({"SamplingRuleUpdate": {"RuleName": "shop", "Version": 7}});
    fixture.ok("/UpdateSamplingRule", absent).await;
    let rule = &rules(&fixture).await[0];
    assert!(rule.get("SamplingRateBoost").is_none() && rule["Version"] == 1);
}

#[tokio::test]
async fn every_report_gets_its_target() {
    let fixture = Fixture::new().await;
    fixture
        .ok("/CreateSamplingRule", rule("shop", json!({})))
        .await;
    let one = &report("shop", 1)["SamplingStatisticsDocuments"][0];
    let bare = json!({"RuleName": "shop", "ClientID": "not-hex-but-24-character", "Timestamp": 0});
    let body = json!({"SamplingStatisticsDocuments": [one, bare, one]});
    let answer = fixture.ok("/SamplingTargets", body).await;
    assert_eq!(
        answer["SamplingTargetDocuments"].as_array().unwrap().len(),
        3
    );
    let null = json!({"SamplingStatisticsDocuments": [null]});
    let (status, body) = fixture.post("/SamplingTargets", null).await;
    assert_eq!((status.as_u16(), body), (500, json!({"message": null})));
}
