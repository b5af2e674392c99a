//! Groups over a memory catalog, and over hot traces that come back after a restart.

use bytes::Bytes;
use fluoro_ambient::{ManualClock, SeededEntropy};
use fluoro_model::Document;
use fluoro_store::archive::Archive;
use fluoro_store::blocks::{Blocks, MemoryBlocks};
use fluoro_store::catalog::MemoryCatalog;
use fluoro_store::documents::{DocumentLog, Row};
use fluoro_store::hot::{Arrival, HotSettings, HotTraces, Incoming};
use fluoro_store::log::{Log, MemoryLog};
use proptest::strategy::{Strategy, ValueTree};
use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_790_000_000_000_000;

struct Bench {
    clock: Arc<ManualClock>,
    catalog: Arc<dyn Catalog>,
    log: Arc<dyn Log>,
    blocks: Arc<dyn Blocks>,
    documents: Arc<DocumentLog>,
    groups: Groups,
    hot: Arc<HotTraces>,
}

impl Bench {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let catalog = Arc::new(MemoryCatalog::default());
        let log = Arc::new(MemoryLog::default());
        Self::on(clock, catalog, log, Arc::new(MemoryBlocks::default())).await
    }

    async fn on(
        clock: Arc<ManualClock>,
        catalog: Arc<dyn Catalog>,
        log: Arc<dyn Log>,
        blocks: Arc<dyn Blocks>,
    ) -> Self {
        let ambient = Ambient::new(Arc::clone(&clock) as _, Arc::new(SeededEntropy::new(1)));
        let groups = Groups::open(ambient.clone(), Arc::clone(&catalog)).await;
        let groups = groups.unwrap();
        let opened = Archive::open(Arc::clone(&blocks), &catalog).await;
        let (archive, models) = opened.unwrap();
        let documents = DocumentLog::open(ambient.clone(), Arc::clone(&log), models);
        let hot = HotTraces::open_with(
            ambient,
            Arc::clone(&documents),
            Arc::new(archive),
            HotSettings::default(),
            vec![Arc::new(groups.clone())],
        );
        hot.caught_up().await.unwrap();
        Self {
            clock,
            catalog,
            log,
            blocks,
            documents,
            groups,
            hot,
        }
    }

    /// The same, as a new process finds it.
    async fn restarted(self) -> Self {
        let bench = Self::on(self.clock, self.catalog, self.log, self.blocks).await;
        bench.settle().await;
        bench
    }

    /// The same, as a new process finds it when all traces are at rest.
    async fn rested(self) -> Self {
        self.hot.come_to_rest().await.unwrap();
        let bench = self.restarted().await;
        assert_eq!(bench.hot.held().traces, 0);
        bench
    }

    async fn settle(&self) {
        let all = TimestampMicros(i64::MIN)..TimestampMicros(i64::MAX);
        let axis = fluoro_store::scan::Axis::Received;
        self.hot.projections(all, axis).await.unwrap();
    }

    /// Stores a document a second after what was before, as ingest does, without looking.
    async fn put(&self, document: Value) -> TimestampMicros {
        self.clock.advance_micros(1_000_000);
        let at = self.groups.now();
        receive(&self.documents, &self.hot, at, &document).await;
        at
    }

    async fn create(&self, name: &str, expression: &str) -> Arc<Group> {
        self.clock.advance_micros(1);
        let new = NewGroup {
            name: name.to_owned(),
            expression: Some(expression.to_owned()),
            ..NewGroup::default()
        };
        self.groups.create(&scope(), new).await.unwrap()
    }

    async fn change(&self, name: &str, expression: &str) -> Result<Arc<Group>, GroupsError> {
        self.clock.advance_micros(1);
        let change = GroupChange {
            expression: Some(expression.to_owned()),
            ..GroupChange::default()
        };
        self.groups.update(&scope(), &named(name), change).await
    }

    fn find(&self, name: &str) -> Arc<Group> {
        self.groups.find(&scope(), &named(name)).unwrap()
    }

    fn joined(&self, group: &str, number: u32) -> Option<Joined> {
        self.groups.joined(&self.find(group), id(number))
    }
}

/// Takes a document in as ingest does, without looking.
pub(crate) async fn receive(
    log: &Arc<DocumentLog>,
    hot: &HotTraces,
    at: TimestampMicros,
    document: &Value,
) {
    let json = Bytes::from(document.to_string());
    let document = Arc::new(Document::parse(&json).unwrap());
    let coded = log.code([(&*document, &json)].into_iter());
    let appended = log.append(Row::Second, at, coded);
    let position = appended.await.unwrap()[0];
    let document = Incoming {
        bytes: json.len(),
        facts: document,
    };
    hot.apply(&[Arrival {
        position,
        at,
        document,
    }]);
}

pub(crate) fn scope() -> Scope {
    Scope::new("000000000000", "eu-west-1")
}

fn named(name: &str) -> Selector {
    Selector::Name(name.to_owned())
}

fn id(number: u32) -> TraceId {
    format!("1-6ab13a80-{number:024x}").parse().unwrap()
}

/// A finished segment of trace `number`, with more members.
fn segment(number: u32, more: Value) -> Value {
    let mut segment = json!({
        "name": "shop", "id": format!("{number:016x}"), "trace_id": id(number).to_string(),
        "start_time": 1_790_000_000, "end_time": 1_790_000_001
    });
    segment
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    segment
}

#[tokio::test]
async fn the_default_group_is_everywhere_first_and_stays() {
    let bench = Bench::new().await;
    bench.create("b", "fault").await;
    bench.create("Another", "fault").await;
    let listed = bench.groups.list(&scope());
    let names: Vec<&str> = listed.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["Default", "Another", "b"]);
    let default = &listed[0];
    assert_eq!(bench.find("Default").id, default.id);
    assert_eq!(
        default.arn,
        "arn:aws:xray:eu-west-1:000000000000:group/Default"
    );
    assert_eq!((&default.expression, default.version), (&None, 1));
    let deleted = bench.groups.delete(&scope(), &named("Default")).await;
    assert!(matches!(deleted, Err(GroupsError::DefaultIsPermanent)));
    let changed = bench.change("Default", "fault").await;
    assert!(matches!(changed, Err(GroupsError::DefaultHasNoExpression)));

    let insights = InsightsChange {
        insights_enabled: Some(true),
        notifications_enabled: Some(true),
    };
    let change = GroupChange {
        expression: None,
        insights,
    };
    let default = Selector::Arn(default.arn.clone());
    let updated = bench.groups.update(&scope(), &default, change).await;
    assert!(updated.unwrap().insights.notifications_enabled);
    let bench = bench.restarted().await;
    let watched = bench.groups.with_insights();
    assert_eq!(watched, [(scope(), bench.find("Default"))]);
    assert_eq!(bench.groups.list(&Scope::new("1", "eu-west-1")).len(), 1);
}

#[tokio::test]
async fn what_is_refused_changes_nothing() {
    let bench = Bench::new().await;
    let group = bench.create("team-a", "fault").await;
    let create = |name: &str, expression: Option<&str>| {
        let new = NewGroup {
            name: name.to_owned(),
            expression: expression.map(str::to_owned),
            ..NewGroup::default()
        };
        let groups = bench.groups.clone();
        async move { groups.create(&scope(), new).await.unwrap_err() }
    };
    for nothing in [None, Some(""), Some("  \n")] {
        let error = create("x", nothing).await;
        assert!(matches!(error, GroupsError::EmptyExpression));
    }
    for name in ["a b", "a_b", "ä", ""] {
        let error = create(name, Some("fault")).await;
        assert!(matches!(error, GroupsError::InvalidName(_)), "{name}");
    }
    for name in ["team-a", "Default"] {
        let error = create(name, Some("fault")).await;
        assert!(matches!(error, GroupsError::AlreadyExists(_)), "{name}");
    }
    let error = create("x", Some("faulty")).await;
    assert!(matches!(error, GroupsError::Expression(_)));
    let error = bench.change("team-a", "fault AND (").await.unwrap_err();
    assert!(matches!(error, GroupsError::Expression(_)));
    let error = bench.change("team-b", "fault").await.unwrap_err();
    assert!(matches!(error, GroupsError::NotFound));
    let only_notifications = GroupChange {
        expression: Some("fault".to_owned()),
        insights: InsightsChange {
            insights_enabled: None,
            notifications_enabled: Some(true),
        },
    };
    let error = bench
        .groups
        .update(&scope(), &named("team-a"), only_notifications)
        .await;
    assert!(matches!(
        error,
        Err(GroupsError::NotificationsWithoutInsights)
    ));
    assert_eq!(bench.find("team-a"), group);
    for number in 1..GROUP_LIMIT - 1 {
        bench.create(&format!("g{number}"), "fault").await;
    }
    let error = create("one-more", Some("fault")).await;
    assert!(matches!(error, GroupsError::LimitExceeded));
    assert_eq!(bench.groups.list(&scope()).len(), GROUP_LIMIT);
}

#[tokio::test]
async fn groups_may_refer_to_others_but_not_to_themselves() {
    let bench = Bench::new().await;
    // A group that is not there yet may be named.
    bench.create("a", r#"group.name = "b""#).await;
    let circle = NewGroup {
        name: "b".to_owned(),
        expression: Some(r#"group.name = "a" AND fault"#.to_owned()),
        ..NewGroup::default()
    };
    let error = bench.groups.create(&scope(), circle).await.unwrap_err();
    assert!(matches!(error, GroupsError::References(_)));
    let error = bench.change("a", r#"!group.name = "a""#).await.unwrap_err();
    assert!(matches!(error, GroupsError::References(_)));

    bench.put(segment(1, json!({"fault": true}))).await;
    bench.settle().await;
    assert_eq!(bench.joined("a", 1), None, "b holds nothing yet");
    bench.create("b", "fault").await;
    bench.put(segment(2, json!({"fault": true}))).await;
    bench.settle().await;
    assert!(bench.joined("a", 2).is_some() && bench.joined("b", 2).is_some());
}

#[tokio::test]
async fn arns_differ_between_incarnations_and_history_starts_anew() {
    let bench = Bench::new().await;
    let first = bench.create("g", "fault").await;
    bench.put(segment(1, json!({"fault": true}))).await;
    bench.settle().await;
    assert!(bench.joined("g", 1).is_some());
    bench.groups.delete(&scope(), &named("g")).await.unwrap();
    let old = Selector::Arn(first.arn.clone());
    assert_eq!(bench.groups.find(&scope(), &old), None);
    assert_eq!(bench.groups.joined(&first, id(1)), None);

    let second = bench.create("g", "fault").await;
    let suffix = |group: &Group| group.arn.rsplit_once('/').unwrap().1.to_owned();
    assert_ne!(suffix(&first), suffix(&second));
    for group in [&first, &second] {
        let suffix = suffix(group);
        let is_base32 = |c: char| matches!(c, 'A'..='Z' | '2'..='7');
        assert!(suffix.len() == 52 && suffix.chars().all(is_base32));
    }
    assert_eq!(bench.groups.find(&scope(), &old), None);
    let bench = bench.restarted().await;
    assert_eq!(bench.joined("g", 1), None);
    assert_eq!(bench.find("g").arn, second.arn);
}

/// A member stays one, by the expression that took it in, whatever comes; a restart finds the same members.
#[tokio::test]
async fn membership_is_decided_when_data_is_stored_and_kept() {
    let bench = Bench::new().await;
    bench.put(segment(1, json!({"fault": true}))).await;
    bench.settle().await;
    bench.create("faults", "fault").await;

    // Stored before the group: no member, until it is updated.
    assert_eq!(bench.joined("faults", 1), None);
    let child = json!({"id": "00000000000000aa", "parent_id": "0000000000000001", "name": "cart"});
    let updated = bench.put(segment(1, child)).await;

    // Joins with a later update; stays when a still later one makes the expression false.
    let open = json!({"in_progress": true, "end_time": null});
    bench.put(segment(2, open)).await;
    let failed = bench.put(segment(2, json!({"fault": true}))).await;
    let in_between = bench
        .put(segment(3, json!({"annotations": {"run": "x"}})))
        .await;

    let group = bench.change("faults", r#"annotation.run = "x""#).await;
    assert_eq!(group.unwrap().version, 2);
    let later = bench
        .put(segment(4, json!({"annotations": {"run": "x"}})))
        .await;
    bench.put(segment(5, json!({"fault": true}))).await;
    // Insights alone make no new version.
    let same = bench.change("faults", r#"annotation.run = "x""#).await;
    assert_eq!(same.unwrap().version, 2);

    let expected = [
        (1, Some((updated, 1))),
        (2, Some((failed, 1))),
        (3, None),
        (4, Some((later, 2))),
        (5, None),
    ];
    assert!(in_between < later);
    // Nobody looked since: each delivery counts all the same, and so it is after a restart.
    bench.settle().await;
    let check = |bench: &Bench| {
        for (number, joined) in expected {
            let joined = joined.map(|(at, version)| Joined { at, version });
            assert_eq!(bench.joined("faults", number), joined, "trace {number}");
            assert_eq!(bench.joined("Default", number), Some(Joined::ALWAYS));
        }
        let counts = bench.groups.trace_counts(&bench.find("faults"));
        assert_eq!((counts.total, counts.minutes.values().sum()), (3, 3));
        let all = bench.groups.trace_counts(&bench.find("Default"));
        assert_eq!(all.total, 5);
    };
    check(&bench);
    let bench = bench.restarted().await;
    check(&bench);
    check(&bench.rested().await);
}

/// Whoever looks, and however often, finds the same members, and so does the next process.
#[tokio::test]
async fn membership_does_not_depend_on_who_looked_when() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let steps = proptest::collection::vec((0..4_u8, 0..6_u32, 0..3_usize), 1..40);
    for _ in 0..40 {
        let steps = steps.new_tree(&mut runner).unwrap().current();
        let expressions = [
            "fault",
            "error OR throttle",
            r#"!partial AND service("cart")"#,
        ];
        let mut found = Vec::new();
        for looks in [false, true] {
            let bench = Bench::new().await;
            bench.create("g", expressions[0]).await;
            for (nth, &(what, number, which)) in (100..).zip(&steps) {
                let flags = ["fault", "error", "throttle"];
                let part = json!({
                    "id": format!("{nth:016x}"), "parent_id": format!("{number:016x}"), "name": "cart", flags[which]: true
                });
                match what {
                    0 => drop(bench.change("g", expressions[which]).await.unwrap()),
                    1 => drop(
                        bench
                            .put(segment(
                                number,
                                json!({"in_progress": true, "end_time": null}),
                            ))
                            .await,
                    ),
                    2 => drop(
                        bench
                            .put(segment(number, json!({ flags[which]: true })))
                            .await,
                    ),
                    _ => drop(bench.put(segment(number, part)).await),
                }
                if looks {
                    bench.settle().await;
                }
            }
            bench.settle().await;
            let joined = |bench: &Bench| {
                (0..6)
                    .map(|number| bench.joined("g", number))
                    .collect::<Vec<_>>()
            };
            found.push(joined(&bench));
            let bench = bench.restarted().await;
            found.push(joined(&bench));
            found.push(joined(&bench.rested().await));
        }
        assert!(
            found.iter().all(|other| *other == found[0]),
            "{steps:?}: {found:?}"
        );
    }
}

#[tokio::test]
async fn a_trace_that_is_let_go_is_no_member() {
    let bench = Bench::new().await;
    bench.create("all", "ok").await;
    bench.put(segment(1, json!({}))).await;
    bench.settle().await;
    assert!(bench.joined("all", 1).is_some());
    // A month.
    for _ in 0..700 {
        bench.clock.advance_micros(u32::MAX);
    }
    bench.hot.sweep().await.unwrap();
    assert_eq!(bench.joined("all", 1), None);
}
