use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use fluoro_query::insights::{ChangeKind, Insight, InsightEvent, Listener};
use fluoro_store::catalog::{
    Catalog, CatalogError, Expect, MemoryCatalog, Revision, Versioned, Watch,
};
use fluoro_store::log::{Log, MemoryLog};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::fixture::{ACCOUNT, Fixture, Ground, NOW};
use crate::insight_update;

/// Requests in each minute.
const REQUESTS: u32 = 10;

/// An id that no insight has.
const NO_ID: &str = "6f1a0000-0000-4000-8000-000000000000";

/// Keeps the kinds of what it is told, and the events as they would be posted.
#[derive(Debug, Default)]
struct Told(Mutex<Vec<(ChangeKind, Value)>>);

impl Listener for Told {
    fn happened(&self, insight: &Insight, event: &InsightEvent) {
        let posted = insight_update("e-1", insight, event);
        let posted = serde_json::from_str(&posted).unwrap();
        self.0.lock().push((event.kind, posted));
    }
}

/// The service, what it stands on, and the number of the next trace.
struct Shop {
    fixture: Fixture,
    catalog: Arc<dyn Catalog>,
    log: Arc<dyn Log>,
    told: Arc<Told>,
    next: u32,
}

impl Shop {
    /// A shop whose table has been well for two hours, watched from the start.
    async fn watched() -> Self {
        let catalog = Arc::new(MemoryCatalog::default());
        Self::watched_on(catalog, Arc::new(MemoryLog::default())).await
    }

    async fn watched_on(catalog: Arc<dyn Catalog>, log: Arc<dyn Log>) -> Self {
        let mut shop = Self::on(catalog, log).await;
        let watch = json!({"InsightsEnabled": true, "NotificationsEnabled": true});
        let group = json!({"GroupName": "Default", "InsightsConfiguration": watch});
        shop.fixture.ok("/UpdateGroup", group).await;
        shop.minutes(120, false).await;
        assert_eq!(shop.summaries(json!({})).await, json!([]));
        shop
    }

    async fn on(catalog: Arc<dyn Catalog>, log: Arc<dyn Log>) -> Self {
        let told = Arc::new(Told::default());
        let fixture = Fixture::on(Ground {
            catalog: Arc::clone(&catalog),
            log: Arc::clone(&log),
            listener: Arc::<Told>::clone(&told),
            ..Ground::default()
        });
        Self {
            fixture: fixture.await,
            catalog,
            log,
            told,
            next: 1,
        }
    }

    /// Minutes in which each request of the shop asks the table, which fails all or none.
    async fn minutes(&mut self, count: u32, fails: bool) {
        for _ in 0..count {
            let documents: Vec<Value> = (0..REQUESTS)
                .map(|number| self.request(self.next + number, fails))
                .collect();
            self.next += REQUESTS;
            self.fixture.store(&documents).await;
            self.fixture.pass_seconds(60);
            self.fixture.insights.tick().await.unwrap();
        }
    }

    fn request(&self, number: u32, fails: bool) -> Value {
        let start = self.fixture.second();
        json!({
            "name": "shop", "id": format!("{number:016x}"), "trace_id": super::fixture::trace_id(number),
            "start_time": start, "end_time": start + 1, "fault": fails,
            "subsegments": [{
                "name": "DynamoDB", "id": format!("{:016x}", number + (1 << 30)), "namespace": "aws", "start_time": start,
                "end_time": start + 1, "fault": fails, "aws": {"operation": "GetItem", "table_name": "carts"}
            }]
        })
    }

    async fn summaries(&self, with: Value) -> Value {
        let mut input =
            json!({"GroupName": "Default", "StartTime": NOW - 3600, "EndTime": NOW + 86400});
        for (member, value) in with.as_object().unwrap() {
            input[member] = value.clone();
        }
        let mut answer = self.fixture.ok("/InsightSummaries", input).await;
        assert_eq!(answer["NextToken"], Value::Null);
        answer["InsightSummaries"].take()
    }

    /// The only one.
    async fn id(&self) -> String {
        let summaries = self.summaries(json!({})).await;
        assert_eq!(summaries.as_array().map(Vec::len), Some(1), "{summaries}");
        summaries[0]["InsightId"].as_str().unwrap().to_owned()
    }
}

fn carts() -> Value {
    json!({"AccountId": null, "Name": "carts", "Names": ["carts"], "Type": "AWS::DynamoDB::Table"})
}

fn shop() -> Value {
    json!({"AccountId": null, "Name": "shop", "Names": ["shop"], "Type": null})
}

fn impact(fault: u32, total: u32) -> Value {
    json!({"FaultCount": fault, "OkCount": total - fault, "TotalCount": total})
}

#[tokio::test]
async fn faults_open_an_insight_that_closes_when_they_are_over() {
    let mut shop_ = Shop::watched().await;
    let began = shop_.fixture.second();
    shop_.minutes(3, true).await;
    let summaries = shop_.summaries(json!({"States": ["ACTIVE"]})).await;
    let id = shop_.id().await;
    let mut expected = json!({
        "Categories": ["FAULT"], "ClientRequestImpactStatistics": impact(30, 30), "EndTime": null,
        "GroupARN": format!("arn:aws:xray:us-east-1:{ACCOUNT}:group/Default"), "GroupName": "Default", "InsightId": id,
        "LastUpdateTime": began + 180, "RootCauseServiceId": carts(), "RootCauseServiceRequestImpactStatistics": impact(30, 30),
        "StartTime": began, "State": "ACTIVE", "Summary": "Faults rise in carts. 100 percent of client requests fail.",
        "TopAnomalousServices": [{"ServiceId": shop()}, {"ServiceId": carts()}],
    });
    assert_eq!(summaries, json!([expected]));
    assert_eq!(
        shop_.summaries(json!({"States": ["CLOSED"]})).await,
        json!([])
    );

    shop_.minutes(12, false).await;
    let mut insight = shop_.fixture.ok("/Insight", json!({"InsightId": id})).await;
    expected.as_object_mut().unwrap().remove("LastUpdateTime");
    expected["State"] = "CLOSED".into();
    expected["EndTime"] = (began + 180).into();
    expected["Summary"] = "Faults in carts are over. 23 percent of client requests failed.".into();
    for member in [
        "ClientRequestImpactStatistics",
        "RootCauseServiceRequestImpactStatistics",
    ] {
        expected[member] = impact(30, 130);
    }
    assert_eq!(insight["Insight"].take(), expected);
    assert_eq!(
        shop_.summaries(json!({"States": ["ACTIVE"]})).await,
        json!([])
    );
    let later = json!({"StartTime": began + 181});
    assert_eq!(shop_.summaries(later).await, json!([]));
}

#[tokio::test]
async fn events_tell_the_story_newest_first_and_in_pages() {
    let mut shop = Shop::watched().await;
    let began = shop.fixture.second();
    shop.minutes(9, true).await;
    shop.minutes(12, false).await;
    let id = shop.id().await;
    let all = shop
        .fixture
        .ok("/InsightEvents", json!({"InsightId": id}))
        .await;
    let times: Vec<i64> = all["InsightEvents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["EventTime"].as_i64().unwrap() - began)
        .collect();
    assert_eq!(times, [19 * 60, 480, 240, 120]);
    assert_eq!(
        all["InsightEvents"][3],
        json!({
            "ClientRequestImpactStatistics": impact(20, 20), "EventTime": began + 120,
            "RootCauseServiceRequestImpactStatistics": impact(20, 20),
            "Summary": "Faults rise in carts. 100 percent of client requests fail.",
            "TopAnomalousServices": [{"ServiceId": self::shop()}, {"ServiceId": carts()}],
        })
    );
    let mut paged = Vec::new();
    let mut input = json!({"InsightId": id, "MaxResults": 3});
    loop {
        let mut page = shop.fixture.ok("/InsightEvents", input.clone()).await;
        paged.extend(page["InsightEvents"].as_array().unwrap().clone());
        input["NextToken"] = page["NextToken"].take();
        if input["NextToken"].is_null() {
            break;
        }
    }
    assert_eq!(json!(paged), all["InsightEvents"]);
}

#[tokio::test]
async fn the_impact_graph_is_the_part_of_the_service_graph() {
    let mut shop_ = Shop::watched().await;
    let began = shop_.fixture.second();
    shop_.minutes(3, true).await;
    let id = shop_.id().await;
    let window = json!({"InsightId": id, "StartTime": began, "EndTime": began + 180});
    let graph = shop_
        .fixture
        .ok("/InsightImpactGraph", window.clone())
        .await;
    let names = |graph: &Value| -> Vec<(String, Value, usize)> {
        let services = graph["Services"].as_array().unwrap().iter();
        services
            .map(|service| {
                let name = service["Name"].as_str().unwrap().to_owned();
                (
                    name,
                    service["Type"].clone(),
                    service["Edges"].as_array().unwrap().len(),
                )
            })
            .collect()
    };
    let mut found = names(&graph);
    found.sort_by_key(|(name, kind, _)| (name.clone(), kind.to_string()));
    assert_eq!(
        found,
        [
            ("carts".to_owned(), json!("AWS::DynamoDB::Table"), 0),
            ("shop".to_owned(), json!("client"), 1),
            ("shop".to_owned(), Value::Null, 1),
        ]
    );
    assert_eq!(graph["ServiceGraphStartTime"], began);
    assert_eq!(graph["ServiceGraphEndTime"], began + 120);
    assert_eq!(
        (&graph["StartTime"], &graph["EndTime"]),
        (&json!(began), &json!(began + 180))
    );

    let whole = json!({"StartTime": began, "EndTime": began + 180});
    let whole = shop_.fixture.ok("/ServiceGraph", whole).await;
    for service in graph["Services"].as_array().unwrap() {
        let place = usize::try_from(service["ReferenceId"].as_u64().unwrap()).unwrap();
        let same = &whole["Services"][place];
        assert_eq!(
            (&same["Name"], &same["Type"]),
            (&service["Name"], &service["Type"])
        );
    }
}

#[tokio::test]
async fn somebody_is_told_of_each_event() {
    let mut shop = Shop::watched().await;
    let began = shop.fixture.second();
    shop.minutes(3, true).await;
    shop.minutes(12, false).await;
    let told = shop.told.0.lock();
    let kinds: Vec<ChangeKind> = told.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [ChangeKind::Opened, ChangeKind::Closed]);
    let opened = &told[0].1;
    assert_eq!(opened["source"], "aws.xray");
    assert_eq!(opened["detail-type"], "AWS X-Ray Insight Update");
    assert_eq!(
        (&opened["account"], &opened["region"]),
        (&json!(ACCOUNT), &json!("us-east-1"))
    );
    assert_eq!(
        (&opened["id"], &opened["version"]),
        (&json!("e-1"), &json!("0"))
    );
    let detail = &opened["detail"];
    assert_eq!(detail["State"], "ACTIVE");
    assert_eq!(detail["GroupName"], "Default");
    assert_eq!(detail["RootCauseServiceId"], carts());
    assert_eq!(detail["Event"]["EventTime"], began + 120);
    assert_eq!(told[1].1["detail"]["State"], "CLOSED");
}

#[tokio::test]
async fn insights_outlive_a_restart_open_or_closed() {
    let mut shop = Shop::watched().await;
    shop.minutes(3, true).await;
    let id = shop.id().await;
    let (catalog, log) = (Arc::clone(&shop.catalog), Arc::clone(&shop.log));
    let next = shop.next;
    let minutes = (shop.fixture.second() - NOW) / 60;
    drop(shop);

    let mut again = Shop::on(catalog, log).await;
    again.next = next;
    for _ in 0..minutes {
        again.fixture.pass_seconds(60);
    }
    again.fixture.insights.tick().await.unwrap();
    assert_eq!(again.id().await, id);
    again.minutes(12, false).await;
    assert_eq!(again.id().await, id);
    let insight = again.fixture.ok("/Insight", json!({"InsightId": id})).await;
    assert_eq!(insight["Insight"]["State"], "CLOSED");
    let told = again.told.0.lock();
    let kinds: Vec<ChangeKind> = told.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [ChangeKind::Closed]);
}

/// A catalog that takes no insights while it fails.
#[derive(Debug, Default)]
struct Failing {
    catalog: MemoryCatalog,
    fails: AtomicBool,
}

#[async_trait]
impl Catalog for Failing {
    async fn get(&self, key: &str) -> Result<Option<Versioned<Bytes>>, CatalogError> {
        self.catalog.get(key).await
    }

    async fn put(&self, key: &str, value: Bytes, expect: Expect) -> Result<Revision, CatalogError> {
        if key.starts_with("xray/insights/") && self.fails.load(Ordering::Relaxed) {
            return Err(CatalogError::Engine("no room".into()));
        }
        self.catalog.put(key, value, expect).await
    }

    async fn delete(&self, key: &str, expect: Expect) -> Result<bool, CatalogError> {
        self.catalog.delete(key, expect).await
    }

    async fn scan(&self, prefix: &str) -> Result<Vec<(String, Versioned<Bytes>)>, CatalogError> {
        self.catalog.scan(prefix).await
    }

    fn watch(&self, prefix: &str) -> Watch {
        self.catalog.watch(prefix)
    }
}

#[tokio::test]
async fn what_could_not_be_written_is_written_and_told_later() {
    let catalog = Arc::new(Failing::default());
    let log = Arc::new(MemoryLog::default());
    let mut shop = Shop::watched_on(Arc::<Failing>::clone(&catalog), log).await;
    catalog.fails.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        let documents: Vec<Value> = (0..REQUESTS)
            .map(|number| shop.request(shop.next + number, true))
            .collect();
        shop.next += REQUESTS;
        shop.fixture.store(&documents).await;
        shop.fixture.pass_seconds(60);
        shop.fixture.insights.tick().await.ok();
    }
    shop.fixture.insights.tick().await.unwrap_err();
    let id = shop.id().await;
    assert!(shop.told.0.lock().is_empty());

    catalog.fails.store(false, Ordering::Relaxed);
    shop.fixture.insights.tick().await.unwrap();
    let written = catalog.scan("xray/insights/").await.unwrap();
    assert!(written.len() == 1 && written[0].0.ends_with(&id));
    let told = shop.told.0.lock();
    let kinds: Vec<ChangeKind> = told.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [ChangeKind::Opened]);
}

#[tokio::test]
async fn a_group_that_is_no_longer_watched_tells_of_nothing() {
    let mut shop = Shop::watched().await;
    shop.minutes(3, true).await;
    let id = shop.id().await;
    let off = json!({"GroupName": "Default", "InsightsConfiguration": {"InsightsEnabled": false}});
    shop.fixture.ok("/UpdateGroup", off).await;
    assert_eq!(shop.summaries(json!({})).await, json!([]));
    shop.minutes(1, true).await;
    let insight = shop.fixture.ok("/Insight", json!({"InsightId": id})).await;
    assert_eq!(insight["Insight"]["State"], "CLOSED");
    assert_eq!(
        insight["Insight"]["Summary"],
        "Faults in carts are no longer watched for. 100 percent of client requests failed."
    );
}

#[tokio::test]
async fn what_went_wrong_before_a_group_was_watched_is_told_only_if_it_goes_on() {
    let told = |ends: bool| async move {
        let mut shop = Shop::on(
            Arc::new(MemoryCatalog::default()),
            Arc::new(MemoryLog::default()),
        )
        .await;
        shop.minutes(120, false).await;
        shop.minutes(5, true).await;
        if ends {
            shop.minutes(15, false).await;
        }
        let on =
            json!({"GroupName": "Default", "InsightsConfiguration": {"InsightsEnabled": true}});
        shop.fixture.ok("/UpdateGroup", on).await;
        shop.minutes(1, !ends).await;
        shop.summaries(json!({})).await.as_array().unwrap().len()
    };
    assert_eq!((told(false).await, told(true).await), (1, 0));
}

#[tokio::test]
async fn forecasts_are_told_of_services_that_are_known() {
    let shop = Shop::watched().await;
    let now = shop.fixture.second();
    let input = json!({
        "StartTime": now - 600, "EndTime": now, "GroupName": "Default", "ForecastStatistics": true,
        "EntitySelectorExpression": r#"service(id(name: "carts", type: "AWS::DynamoDB::Table"))"#,
    });
    let series = shop.fixture.ok("/TimeSeriesServiceStatistics", input).await;
    let forecast = &series["TimeSeriesServiceStatistics"][0]["ServiceForecastStatistics"];
    assert_eq!(forecast, &json!({"FaultCountHigh": 1, "FaultCountLow": 0}));
}

#[tokio::test]
async fn inputs_are_checked() {
    let shop = Shop::watched().await;
    let refused = |path: &'static str, input: Value| shop.fixture.error(path, input);
    let (code, message) = refused("/Insight", json!({})).await;
    assert_eq!(code, "ValidationException");
    assert!(message.contains("Value null at 'insightId'"), "{message}");
    let (code, message) = refused(
        "/InsightEvents",
        json!({"InsightId": "x", "MaxResults": 51}),
    )
    .await;
    assert_eq!(code, "ValidationException");
    assert!(message.starts_with("2 validation errors detected: Value 'x' at 'insightId' failed to satisfy constraint: Member must satisfy regular expression pattern: [0-9a-fA-F]{8}"), "{message}");
    assert!(message.ends_with("Value '51' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 50"), "{message}");
    for path in ["/Insight", "/InsightEvents"] {
        let (code, message) = refused(path, json!({"InsightId": NO_ID})).await;
        assert_eq!(
            (&*code, &*message),
            ("InvalidRequestException", "Insight not found")
        );
    }
    let now = shop.fixture.second();
    let graph =
        |start: i64, end: i64| json!({"InsightId": NO_ID, "StartTime": start, "EndTime": end});
    let (_, message) = refused("/InsightImpactGraph", graph(now - 6 * 3600 - 1, now)).await;
    assert_eq!(message, "Time range cannot be longer than 6 hours");
    let (_, message) = refused(
        "/InsightImpactGraph",
        graph(now - 31 * 86400, now - 31 * 86400),
    )
    .await;
    assert_eq!(message, "Start time cannot be more than 30 days old");
}

#[tokio::test]
async fn summaries_are_asked_of_one_group_in_one_state() {
    let shop = Shop::watched().await;
    let now = shop.fixture.second();
    let refused = |with: Value| {
        let mut input = json!({"StartTime": now - 60, "EndTime": now});
        for (member, value) in with.as_object().unwrap() {
            input[member] = value.clone();
        }
        shop.fixture.error("/InsightSummaries", input)
    };
    let either = "Provide either GroupName or GroupARN";
    assert_eq!(refused(json!({})).await.1, either);
    assert_eq!(
        refused(json!({"GroupName": "Default", "GroupARN": "arn"}))
            .await
            .1,
        either
    );
    assert_eq!(
        refused(json!({"GroupName": "none"})).await.1,
        "Group not found"
    );
    let (_, message) = refused(json!({"GroupName": "Default", "NextToken": "made-up"})).await;
    assert_eq!(message, "Invalid token made-up");
    let (code, message) =
        refused(json!({"GroupName": "Default", "States": ["OPEN", "CLOSED"]})).await;
    assert_eq!(code, "ValidationException");
    assert!(message.contains("Value '[OPEN, CLOSED]' at 'states' failed to satisfy constraint: Member must have length less than or equal to 1"), "{message}");
    assert!(message.contains("Value 'OPEN' at 'states.1.member' failed to satisfy constraint: Member must satisfy enum value set: [ACTIVE, CLOSED]"), "{message}");
    let (_, message) = refused(json!({"GroupName": "Default", "MaxResults": 0})).await;
    assert!(message.contains("at 'maxResults'"), "{message}");
    let (_, message) = refused(json!({"GroupName": "Default", "StartTime": now + 1})).await;
    assert_eq!(message, "End time cannot be earlier than start time");
}

#[tokio::test]
async fn summaries_come_in_pages_newest_first() {
    let mut shop = Shop::watched().await;
    for _ in 0..3 {
        shop.minutes(3, true).await;
        shop.minutes(30, false).await;
    }
    let all = shop.summaries(json!({})).await;
    let all = all.as_array().unwrap();
    let begun = |summary: &Value| summary["StartTime"].as_i64().unwrap();
    assert_eq!(all.len(), 3);
    assert!(all.is_sorted_by_key(|summary| -begun(summary)));
    let mut input = json!({
        "GroupARN": all[0]["GroupARN"], "StartTime": NOW, "EndTime": NOW + 86400, "MaxResults": 2,
    });
    let mut paged = Vec::new();
    let mut pages = 0;
    while pages == 0 || !input["NextToken"].is_null() {
        let mut page = shop.fixture.ok("/InsightSummaries", input.clone()).await;
        paged.extend(page["InsightSummaries"].as_array().unwrap().clone());
        input["NextToken"] = page["NextToken"].take();
        pages += 1;
    }
    assert_eq!((&paged, pages), (all, 2));
}
