use serde_json::{Value, json};

use super::fixture::{Fixture, NOW, segment, trace_id};

async fn graph(fixture: &Fixture, start: i64, end: i64) -> Value {
    let body = json!({"StartTime": start, "EndTime": end});
    fixture.ok("/ServiceGraph", body).await
}

#[tokio::test]
async fn an_empty_graph_has_null_times() {
    let fixture = Fixture::new().await;
    let empty = json!({
        "ContainsOldGroupVersions": false, "EndTime": null, "NextToken": null, "Services": [], "StartTime": null
    });
    assert_eq!(graph(&fixture, NOW - 60, NOW + 60).await, empty);
}

#[tokio::test]
async fn the_window_is_about_arrival() {
    let fixture = Fixture::new().await;
    fixture.store(&[segment(1, NOW - 7200)]).await;
    let now = graph(&fixture, NOW - 60, NOW + 60).await;
    assert_eq!(now["Services"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&now["StartTime"], &now["EndTime"]),
        (&json!(NOW - 7200), &json!(NOW - 7200))
    );
    let then = graph(&fixture, NOW - 7260, NOW - 7140).await;
    assert_eq!(then["Services"], json!([]));
}

#[tokio::test]
async fn a_service_is_told_whole_and_in_order() {
    let fixture = Fixture::new().await;
    fixture.store(&[segment(1, NOW - 60)]).await;
    let answer = graph(&fixture, NOW - 60, NOW + 60).await;
    let services = answer["Services"].as_array().unwrap();
    let shop = services
        .iter()
        .find(|service| service["Type"].is_null())
        .unwrap();
    let statistics = json!({
        "ErrorStatistics": {"OtherCount": 0, "ThrottleCount": 0, "TotalCount": 0},
        "FaultStatistics": {"OtherCount": 0, "TotalCount": 0},
        "OkCount": 1, "TotalCount": 1, "TotalResponseTime": 1.0
    });
    let histogram = json!([{"Count": 1, "Value": 1.0}]);
    let expected = json!({
        "AccountId": null, "DurationHistogram": histogram, "Edges": [], "EndTime": NOW - 59, "HostedIn": {},
        "KeyAttributes": {}, "Name": "shop", "Names": ["shop"], "ReferenceId": shop["ReferenceId"], "Region": null,
        "ResponseTimeHistogram": histogram, "Root": true, "StartTime": NOW - 60, "State": "active",
        "SummaryStatistics": statistics, "Type": null
    });
    assert_eq!(shop.to_string(), expected.to_string());
}

#[tokio::test]
async fn the_graph_of_a_trace_has_regions_and_no_times() {
    let fixture = Fixture::new().await;
    let mut root = segment(1, NOW - 60);
    root["aws"] = json!({"region": "eu-west-1"});
    fixture.store(&[root]).await;
    let answer = fixture
        .ok("/TraceGraph", json!({"TraceIds": [trace_id(1)]}))
        .await;
    let services = answer["Services"].as_array().unwrap();
    let shop = services
        .iter()
        .find(|service| service["Type"].is_null())
        .unwrap();
    assert_eq!(shop["Region"], "eu-west-1");
    for member in ["StartTime", "EndTime", "HostedIn", "KeyAttributes"] {
        assert!(shop[member].is_null(), "{member}");
    }
}

#[tokio::test]
async fn a_root_of_several_deliveries_lasted_longer_than_it_took() {
    let fixture = Fixture::new().await;
    fixture.store(&[segment(1, NOW - 60)]).await;
    fixture.pass_seconds(1);
    let late = json!({
        "name": "work", "id": "00000000000000ff", "trace_id": trace_id(1), "type": "subsegment",
        "parent_id": format!("{:016x}", 1), "start_time": NOW - 60, "end_time": NOW - 57
    });
    fixture.store(&[late]).await;
    let body = json!({"TraceIds": [trace_id(1)]});
    let answer = fixture.ok("/TraceGraph", body).await;
    let services = answer["Services"].as_array().unwrap();
    let shop = services.iter().find(|service| service["Root"] == true);
    let shop = shop.unwrap();
    assert_eq!(
        shop["DurationHistogram"],
        json!([{"Count": 1, "Value": 5.0}])
    );
    assert_eq!(
        shop["ResponseTimeHistogram"],
        json!([{"Count": 1, "Value": 1.0}])
    );
}

#[tokio::test]
async fn a_linked_trace_is_an_edge_with_the_age_of_what_was_received() {
    let fixture = Fixture::new().await;
    let mut worker = segment(2, NOW - 55);
    worker["name"] = json!("worker");
    worker["links"] = json!([{
        "trace_id": trace_id(1), "id": format!("{:016x}", 1),
        "attributes": {"aws.xray.reserved.reference_type": "parent"}
    }]);
    fixture.store(&[segment(1, NOW - 60), worker]).await;
    let answer = graph(&fixture, NOW - 60, NOW + 60).await;
    let edges = |name: &str| {
        let services = answer["Services"].as_array().unwrap();
        let of = |service: &&Value| service["Name"] == name && service["Type"].is_null();
        services.iter().find(of).unwrap()["Edges"].clone()
    };
    let link = &edges("shop")[0];
    assert_eq!(link["EdgeType"], "link");
    assert_eq!(
        link["ReceivedEventAgeHistogram"],
        json!([{"Count": 1, "Value": 5.0}])
    );
    assert_eq!(edges("worker"), json!([]));
    let client = answer["Services"].as_array().unwrap().iter();
    for service in client.filter(|service| service["Type"] == "client") {
        let edge = service["Edges"][0].as_object().unwrap();
        assert!(!edge.contains_key("EdgeType") && !edge.contains_key("ReceivedEventAgeHistogram"));
    }
}
