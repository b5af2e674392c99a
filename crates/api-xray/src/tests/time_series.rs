use serde_json::{Value, json};

use super::fixture::{Fixture, NOW, segment};

const PATH: &str = "/TimeSeriesServiceStatistics";

/// The end of the minute in which the clock stands.
const MINUTE: i64 = (NOW / 60 + 1) * 60;

fn request(more: Value) -> Value {
    let mut request = json!({"StartTime": NOW - 600, "EndTime": NOW + 600});
    for (key, value) in more.as_object().unwrap() {
        request[key] = value.clone();
    }
    request
}

#[tokio::test]
async fn a_point_is_told_whole_and_in_order() {
    let fixture = Fixture::new().await;
    fixture.store(&[segment(1, NOW - 7200)]).await;
    let answer = fixture.ok(PATH, request(json!({}))).await;
    let statistics = json!({
        "ErrorStatistics": {"OtherCount": 0, "ThrottleCount": 0, "TotalCount": 0},
        "FaultStatistics": {"OtherCount": 0, "TotalCount": 0},
        "OkCount": 1, "TotalCount": 1, "TotalResponseTime": 1.0
    });
    let point = json!({
        "EdgeSummaryStatistics": statistics, "ResponseTimeHistogram": [{"Count": 1, "Value": 1.0}],
        "ServiceForecastStatistics": {"FaultCountHigh": null, "FaultCountLow": null},
        "ServiceSummaryStatistics": null, "Timestamp": MINUTE
    });
    let expected = json!({
        "ContainsOldGroupVersions": false, "NextToken": null, "TimeSeriesServiceStatistics": [point]
    });
    assert_eq!(answer.to_string(), expected.to_string());
}

#[tokio::test]
async fn a_selector_that_fits_nothing_has_points_without_numbers() {
    let fixture = Fixture::new().await;
    fixture.store(&[segment(1, NOW - 60)]).await;
    let selector = |text: &str| request(json!({"EntitySelectorExpression": text}));
    let other = fixture.ok(PATH, selector(r#"service("other")"#)).await;
    let point = &other["TimeSeriesServiceStatistics"][0];
    assert_eq!(point["Timestamp"], MINUTE);
    for member in [
        "EdgeSummaryStatistics",
        "ServiceSummaryStatistics",
        "ResponseTimeHistogram",
    ] {
        assert_eq!(point[member], Value::Null, "{member}");
    }
    let shop = fixture
        .ok(PATH, selector(r#"service(id(name: "shop"))"#))
        .await;
    let point = &shop["TimeSeriesServiceStatistics"][0];
    assert_eq!(point["ServiceSummaryStatistics"]["TotalCount"], 1);
    assert_eq!(point["EdgeSummaryStatistics"], Value::Null);
}

#[tokio::test]
async fn a_group_and_a_selector_together_say_old_versions() {
    let fixture = Fixture::new().await;
    for (more, expected) in [
        (json!({}), false),
        (json!({"GroupName": "Default"}), false),
        (json!({"EntitySelectorExpression": "service(\"a\")"}), false),
        (
            json!({"EntitySelectorExpression": "service(\"a\")", "GroupName": "Default"}),
            true,
        ),
    ] {
        let answer = fixture.ok(PATH, request(more.clone())).await;
        assert_eq!(answer["ContainsOldGroupVersions"], expected, "{more}");
    }
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused() {
    let fixture = Fixture::new().await;
    for (more, message) in [
        (
            json!({"Period": 61}),
            "Time period must be one of [60, 300]",
        ),
        (
            json!({"EndTime": NOW - 601}),
            "End time cannot be earlier than start time",
        ),
        (
            json!({"EntitySelectorExpression": "service(\"a\"){fault}"}),
            "Error Location: line 1, position 13 : Invalid input symbol: '{'",
        ),
        (json!({"NextToken": "made-up"}), "Invalid token made-up"),
        (json!({"GroupName": "none"}), "Group not found."),
        (
            json!({"ForecastStatistics": true, "EntitySelectorExpression": "service(\"a\")"}),
            "ForecastStatistics needs an EntitySelectorExpression that tells services by id()",
        ),
        (
            json!({"ForecastStatistics": true, "EntitySelectorExpression": "service(id(name: \"a\"))"}),
            "ForecastStatistics needs insights, which group Default has not enabled",
        ),
    ] {
        let error = fixture.error(PATH, request(more)).await;
        assert_eq!(
            error,
            ("InvalidRequestException".to_owned(), message.to_owned())
        );
    }
    let empty = fixture
        .ok(PATH, request(json!({"EndTime": NOW - 600})))
        .await;
    assert_eq!(empty["TimeSeriesServiceStatistics"], json!([]));
}

#[tokio::test]
async fn days_come_in_pages_of_hours_that_have_points() {
    let fixture = Fixture::new().await;
    fixture.store(&[segment(1, NOW)]).await;
    fixture.pass_seconds(3600);
    fixture.store(&[segment(2, NOW)]).await;
    // Microseconds of an hour fit no more than this at once.
    for _ in 0..48 {
        fixture.pass_seconds(3600);
    }
    fixture.store(&[segment(3, NOW)]).await;
    let mut request = json!({"StartTime": NOW - 864_000, "EndTime": NOW + 864_000});
    let mut pages = Vec::new();
    loop {
        let answer = fixture.ok(PATH, request.clone()).await;
        let points = answer["TimeSeriesServiceStatistics"].as_array().unwrap();
        let ends = points
            .iter()
            .map(|point| point["Timestamp"].as_i64().unwrap() - MINUTE);
        pages.push(ends.collect::<Vec<_>>());
        request["NextToken"] = answer["NextToken"].clone();
        if request["NextToken"].is_null() {
            break;
        }
    }
    let points: Vec<i64> = pages.iter().flatten().copied().collect();
    assert_eq!(points, [49 * 3600, 3600, 0]);
    assert!(pages.len() <= 4, "{pages:?}");
}
