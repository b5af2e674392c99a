//! Hot traces over the memory log and over files.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fluoro_ambient::{Ambient, ManualClock, SeededEntropy};
use fluoro_filter::{Columns, Filter, NoGroups, parse};
use fluoro_model::document::Document;
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_trace::Projection;
use tokio::time::timeout;

use super::{Arrival, Held, HotSettings, HotTraces, Incoming, Losses, ProjectionObserver};
use crate::archive::Archive;
use crate::blocks::MemoryBlocks;
use crate::catalog::{Catalog, MemoryCatalog};
use crate::documents::{DocumentLog, Row};
use crate::log::simulated::{Random, SimulatedDisk};
use crate::log::{
    Chunk, Extent, Log, LogError, LogSettings, MemoryLog, Position, Record, SegmentedLog,
};
use crate::scan::{Axis, Candidates, Latest, ScanError};

mod observing;
mod resting;
mod snapshot;

const NOW: i64 = 1_790_000_000_000_000;

struct Bench {
    clock: Arc<ManualClock>,
    log: Arc<dyn Log>,
    documents: Arc<DocumentLog>,
    archive: Arc<Archive>,
    hot: Arc<HotTraces>,
}

impl Bench {
    fn new(log: Arc<dyn Log>, settings: HotSettings) -> Self {
        Self::observed(log, settings, Vec::new())
    }

    fn observed(
        log: Arc<dyn Log>,
        settings: HotSettings,
        observers: Vec<Arc<dyn ProjectionObserver>>,
    ) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let ambient = Ambient::new(
            Arc::<ManualClock>::clone(&clock),
            Arc::new(SeededEntropy::new(1)),
        );
        let catalog: Arc<dyn Catalog> = Arc::new(MemoryCatalog::default());
        let archive = Archive::empty(Arc::new(MemoryBlocks::default()), &catalog);
        let documents = DocumentLog::open(ambient.clone(), Arc::clone(&log), Vec::new());
        let parts = (log, documents, Arc::new(archive));
        Self::over(clock, ambient, parts, settings, observers)
    }

    fn over(
        clock: Arc<ManualClock>,
        ambient: Ambient,
        (log, documents, archive): (Arc<dyn Log>, Arc<DocumentLog>, Arc<Archive>),
        settings: HotSettings,
        observers: Vec<Arc<dyn ProjectionObserver>>,
    ) -> Self {
        let hot = HotTraces::open_with(
            ambient,
            Arc::clone(&documents),
            Arc::clone(&archive),
            settings,
            observers,
        );
        Self {
            clock,
            log,
            documents,
            archive,
            hot,
        }
    }

    /// Appends and applies as ingest does.
    async fn put(&self, at: i64, documents: &[String]) -> Vec<Position> {
        let at = TimestampMicros(at);
        let parsed: Vec<Arc<Document>> = documents
            .iter()
            .map(|json| Arc::new(Document::parse(json.as_bytes()).unwrap()))
            .collect();
        let jsons: Vec<Bytes> = documents.iter().cloned().map(Bytes::from).collect();
        let both = parsed.iter().map(|document| &**document).zip(&jsons);
        let coded = self.documents.code(both);
        let appended = self.documents.append(Row::Second, at, coded);
        let positions = appended.await.unwrap();
        let arrivals: Vec<Arrival> = positions
            .iter()
            .zip(parsed.into_iter().zip(documents))
            .map(|(position, (document, json))| Arrival {
                position: *position,
                at,
                document: Incoming {
                    bytes: json.len(),
                    facts: document,
                },
            })
            .collect();
        self.hot.apply(&arrivals);
        positions
    }
}

fn trace(number: u64) -> TraceId {
    TraceId::new(1_790_000_000, {
        let mut random = [0; 12];
        random[4..].copy_from_slice(&number.to_be_bytes());
        random
    })
}

/// A root segment that begins so many seconds after [`NOW`].
fn segment(number: u64, start: f64) -> String {
    let start = 1_790_000_000.0 + start;
    format!(
        r#"{{"name":"s{number}","id":"{number:016x}","trace_id":"{}","start_time":{start:.6},"end_time":{:.6}}}"#,
        trace(number),
        start + 0.5,
    )
}

fn subsegment(number: u64, id: u64, parent: u64) -> String {
    format!(
        r#"{{"type":"subsegment","name":"part","id":"{id:016x}","parent_id":"{parent:016x}","trace_id":"{}","start_time":1790000000.1,"end_time":1790000000.2}}"#,
        trace(number),
    )
}

fn uncached() -> HotSettings {
    HotSettings {
        cache_bytes: 0,
        ..HotSettings::default()
    }
}

fn files(disk: &SimulatedDisk) -> Arc<dyn Log> {
    let settings = LogSettings {
        file_bytes: 4 << 10,
        ..LogSettings::default()
    };
    Arc::new(SegmentedLog::open_on(Arc::new(disk.clone()), settings).unwrap())
}

#[tokio::test]
async fn a_document_is_found_at_once_and_changes_its_trace() {
    for settings in [HotSettings::default(), uncached()] {
        let bench = Bench::new(Arc::new(MemoryLog::default()), settings);
        assert!(bench.hot.by_id(trace(1)).await.unwrap().is_none());

        bench.put(NOW, &[subsegment(1, 7, 1)]).await;
        let orphaned = bench.hot.by_id(trace(1)).await.unwrap().unwrap();
        assert!(!orphaned.is_complete() && orphaned.start.is_none());
        assert_eq!(bench.hot.orphans().await.unwrap().len(), 1);

        let last = bench.put(NOW + 1, &[segment(1, 3.0)]).await;
        let whole = bench.hot.by_id(trace(1)).await.unwrap().unwrap();
        assert!(whole.is_complete());
        assert_eq!(whole.revision, 2);
        assert_eq!(bench.hot.orphans().await.unwrap(), []);
        assert_eq!(bench.hot.documents(trace(1)).await.unwrap().len(), 2);
        let stored = bench.documents.read(&last).await.unwrap();
        assert_eq!(stored[0].as_ref().unwrap().document, segment(1, 3.0));
    }
}

#[tokio::test]
async fn a_restart_rebuilds_everything() {
    let disk = SimulatedDisk::new(1);
    let bench = Bench::new(files(&disk), HotSettings::default());
    bench.hot.caught_up().await.unwrap();
    for number in 0..50 {
        bench
            .put(
                NOW + i64::try_from(number).unwrap(),
                &[segment(number, 1.0)],
            )
            .await;
        bench
            .put(NOW + 100, &[subsegment(number, 999, number)])
            .await;
    }
    let everything = TimestampMicros(0)..TimestampMicros(i64::MAX);
    let before = bench
        .hot
        .projections(everything.clone(), Axis::Start)
        .await
        .unwrap();
    assert_eq!(before.len(), 50);
    let Bench { log, hot, .. } = bench;
    drop((hot, log));
    tokio::task::yield_now().await;

    let bench = Bench::new(reopened(&disk).await, HotSettings::default());
    bench.hot.caught_up().await.unwrap();
    let progress = bench.hot.progress();
    assert_eq!((progress.documents, progress.percent_read), (100, 100));
    let after = bench
        .hot
        .projections(everything, Axis::Start)
        .await
        .unwrap();
    assert_eq!(after, before);
}

/// The tasks of the hot traces before may hold the log for a moment longer.
async fn reopened(disk: &SimulatedDisk) -> Arc<dyn Log> {
    tokio::task::yield_now().await;
    files(disk)
}

#[tokio::test]
async fn ranges_never_leave_out_a_trace() {
    let bench = Bench::new(Arc::new(MemoryLog::default()), uncached());
    let mut random = Random::new(7);
    for number in 0..120u64 {
        let start = f64::from(u32::try_from(random.below(60_000)).unwrap()) / 1000.0;
        let at = NOW + i64::try_from(random.below(60_000_000)).unwrap();
        bench.put(at, &[segment(number, start)]).await;
        if random.chance(512) {
            let later = at + i64::try_from(random.below(10_000_000)).unwrap();
            bench.put(later, &[subsegment(number, 5_000, number)]).await;
        }
    }
    let everything = TimestampMicros(0)..TimestampMicros(i64::MAX);
    let all = bench
        .hot
        .projections(everything, Axis::Received)
        .await
        .unwrap();
    assert_eq!(all.len(), 120);
    for _ in 0..200 {
        let from = NOW + i64::try_from(random.below(60_000_000)).unwrap();
        let range = TimestampMicros(from)
            ..TimestampMicros(from + i64::try_from(random.below(9_000_000)).unwrap());
        for by in [
            Axis::Start,
            Axis::Updated,
            Axis::Received,
            Axis::ReceivedOrEnded,
        ] {
            let found = bench.hot.projections(range.clone(), by).await.unwrap();
            let found: BTreeSet<TraceId> = found.iter().map(|projection| projection.id).collect();
            for projection in &all {
                let received = range.contains(&projection.first_received)
                    || range.contains(&projection.last_received);
                let mut ends = projection.observations.iter().filter_map(|seen| seen.end);
                let within = match by {
                    Axis::Start => range.contains(&projection.start.unwrap().micros()),
                    Axis::Updated => range.contains(&projection.last_received),
                    Axis::Received => received,
                    Axis::ReceivedOrEnded => {
                        received || ends.any(|end| range.contains(&end.micros()))
                    }
                };
                assert!(
                    !within || found.contains(&projection.id),
                    "{by:?} {range:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn hot_traces_in_which_only_others_took_long_do_not_fill_a_page() {
    let bench = Bench::new(Arc::new(MemoryLog::default()), uncached());
    for number in 0..40_u64 {
        let slow = segment(number, 100.0 - f64::from(u8::try_from(number).unwrap()));
        let slow = slow.replacen("\"name\":\"s", "\"name\":\"of-", 1);
        let name = if number % 10 == 9 { "rare" } else { "other" };
        let slow = slow.replacen(&format!("of-{number}"), name, 1);
        let quick = subsegment(number, 100 + number, number);
        let quick = quick.replacen("\"part\"", "\"rare\",\"namespace\":\"remote\"", 1);
        bench.put(NOW, &[slow, quick]).await;
    }
    let find = async |text: &str, rows| {
        let filter = Filter::new(&parse(text).unwrap(), &NoGroups).unwrap();
        let candidates = Candidates {
            range: TimestampMicros(0)..TimestampMicros(i64::MAX),
            by: Axis::Start,
            columns: filter.columns(),
            latest: Some(Latest {
                before: None,
                rows,
                likely: 2,
            }),
        };
        let found = bench.hot.find(&candidates).await.unwrap();
        assert!(found.projections.iter().all(|trace| filter.matches(trace)));
        found
    };
    let all = find("service(\"rare\") AND duration > 0.3", 50).await;
    assert_eq!(all.projections.len(), 40);
    let found = find("service(\"rare\") { duration > 0.3 }", 4).await;
    let slow: BTreeSet<TraceId> = found.projections.iter().map(|trace| trace.id).collect();
    assert!(slow.into_iter().eq([9, 19, 29, 39].map(trace)));
    assert_eq!((found.passed_over.len(), found.rest), (36, None));
}

#[tokio::test]
async fn columns_pass_over_traces_also_cold_ones() {
    let settings = HotSettings {
        memory_bytes: 80_000,
        cache_bytes: 0,
        ..HotSettings::default()
    };
    let bench = Bench::new(Arc::new(MemoryLog::default()), settings);
    for number in 0..100 {
        let user = format!("{{\"user\":\"user-{number}\",");
        let document = segment(number, 1.0).replacen('{', &user, 1);
        bench.put(NOW, &[document]).await;
        bench.hot.by_id(trace(number)).await.unwrap();
    }
    let everything = TimestampMicros(0)..TimestampMicros(i64::MAX);
    let find = async |filter: &str| {
        let filter = Filter::new(&parse(filter).unwrap(), &NoGroups).unwrap();
        let candidates = Candidates {
            range: everything.clone(),
            by: Axis::Start,
            columns: filter.columns(),
            latest: None,
        };
        let found = bench.hot.find(&candidates).await.unwrap();
        let matching = found
            .projections
            .iter()
            .filter(|found| filter.matches(found));
        (
            matching.count(),
            found.projections.len() + found.passed_over.len(),
        )
    };
    for number in [0, 50, 99] {
        assert_eq!(find(&format!("user = \"user-{number}\"")).await, (1, 100));
    }
    assert_eq!(find("fault").await, (0, 100));
    assert_eq!(find("").await, (100, 100));
}

#[tokio::test]
async fn the_latest_come_first_and_the_rest_before_them() {
    let bench = Bench::new(Arc::new(MemoryLog::default()), uncached());
    let mut random = Random::new(3);
    for number in 0..50 {
        let start = f64::from(u32::try_from(random.below(20)).unwrap());
        bench.put(NOW, &[segment(number, start)]).await;
    }
    let mut before = None;
    let mut seen = Vec::new();
    loop {
        let candidates = Candidates {
            range: TimestampMicros(0)..TimestampMicros(i64::MAX),
            by: Axis::Start,
            columns: Columns::Anything,
            latest: Some(Latest {
                before,
                rows: 7,
                likely: 3,
            }),
        };
        let found = bench.hot.find(&candidates).await.unwrap();
        let place = |found: &Arc<Projection>| (found.start.unwrap().micros(), found.id);
        let mut places: Vec<_> = found.projections.iter().map(place).collect();
        places.sort_unstable_by(|one, other| other.cmp(one));
        assert!(found.rest.is_none() || found.rest == places.last().copied());
        before = found.rest;
        seen.extend(places);
        if before.is_none() {
            break;
        }
        assert_eq!(found.projections.len(), 7);
    }
    assert_eq!(seen.len(), 50);
    assert!(seen.is_sorted_by(|one, other| one > other));
}

#[tokio::test]
async fn who_puts_waits_while_projections_are_behind_but_not_for_long() {
    let bench = Bench::new(Arc::new(MemoryLog::default()), uncached());
    let put = async |number| {
        let json = Bytes::from(segment(number, 1.0));
        let document = Arc::new(Document::parse(&json).unwrap());
        let coded = bench.hot.code([(&*document, &json)].into_iter());
        let incoming = Incoming {
            bytes: json.len(),
            facts: Arc::clone(&document),
        };
        let at = TimestampMicros(NOW);
        let put = bench
            .hot
            .put(Row::Second, at, coded, [incoming].into_iter());
        put.await.unwrap();
    };
    put(0).await;
    let nobody_projects = bench.hot.refreshing.lock().await;
    bench.hot.pace.set(Some(0));
    let mut waits = std::pin::pin!(put(1));
    let a_while = Duration::from_millis(100);
    assert!(timeout(a_while, &mut waits).await.is_err());
    assert_eq!(bench.hot.held().documents, 1);
    drop(nobody_projects);
    waits.await;
    let _nobody_projects = bench.hot.refreshing.lock().await;
    bench.hot.pace.set(Some(0));
    put(2).await;
    assert_eq!(bench.hot.held().documents, 3);
}

#[tokio::test]
async fn while_somebody_asks_traces_are_due_earlier() {
    let bench = Bench::new(Arc::new(MemoryLog::default()), HotSettings::default());
    let _nobody_projects = bench.hot.refreshing.lock().await;
    bench
        .put(NOW, &[segment(1, 1.0), subsegment(1, 7, 1)])
        .await;
    let mut index = bench.hot.index.lock();
    assert_eq!(index.due(3, 0), []);
    assert_eq!(index.due(0, 3), [trace(1)]);
    assert_eq!(index.due(3, 0), [trace(1)]);
}

#[tokio::test(start_paused = true)]
async fn who_asked_is_expected_to_ask_again_for_a_while() {
    let bench = Bench::new(Arc::new(MemoryLog::default()), HotSettings::default());
    assert_eq!(bench.hot.early(), 0);
    bench.hot.orphans().await.unwrap();
    assert!(bench.hot.early() > 0);
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(bench.hot.early(), 0);
}

#[tokio::test]
async fn short_of_memory_projections_go_before_traces() {
    let settings = HotSettings {
        memory_bytes: 140_000,
        cache_bytes: 0,
        ..HotSettings::default()
    };
    let bench = Bench::new(Arc::new(MemoryLog::default()), settings);
    for number in 0..200 {
        bench.put(NOW, &[segment(number, 1.0)]).await;
    }
    for number in 0..200 {
        let found = bench.hot.by_id(trace(number)).await.unwrap().unwrap();
        assert_eq!(found.id, trace(number));
        assert!(bench.hot.held().memory_bytes <= 140_000 / 4 * 5);
    }
    let all = TimestampMicros(0)..TimestampMicros(i64::MAX);
    for by in [
        Axis::Start,
        Axis::Updated,
        Axis::Received,
        Axis::ReceivedOrEnded,
    ] {
        let found = bench.hot.projections(all.clone(), by).await.unwrap();
        let found: BTreeSet<TraceId> = found.iter().map(|projection| projection.id).collect();
        assert_eq!(found.len(), 200, "{by:?}");
    }
    // A cold trace that is touched is as good as any other.
    bench.put(NOW + 1, &[subsegment(0, 9, 0)]).await;
    let touched = bench.hot.by_id(trace(0)).await.unwrap().unwrap();
    assert_eq!(touched.last_received, TimestampMicros(NOW + 1));
    assert_eq!(bench.hot.losses(), Losses::default());
}

#[tokio::test]
async fn damage_takes_documents_away_and_is_counted() {
    let disk = SimulatedDisk::new(4);
    let bench = Bench::new(files(&disk), uncached());
    bench.put(NOW, &[segment(1, 1.0)]).await;
    bench.put(NOW + 1, &[subsegment(1, 9, 1)]).await;
    disk.corrupt("0000000000000000.log", 24 + 36 + 5);
    let projection = bench.hot.by_id(trace(1)).await.unwrap().unwrap();
    assert!(
        !projection.is_complete(),
        "the segment is lost, the subsegment an orphan"
    );
    assert_eq!(bench.hot.losses().unreadable, 1);
    assert_eq!(bench.hot.held().documents, 1);
}

#[tokio::test]
async fn a_trace_is_found_once_by_the_minutes_in_which_it_was_received() {
    let bench = Bench::new(Arc::new(MemoryLog::default()), HotSettings::default());
    let minute = 60_000_000;
    let first = NOW.div_euclid(minute) * minute;
    for (at, id) in [(first, 1), (first + minute, 1), (first + 3 * minute, 1)] {
        bench.put(at, &[segment(id, 1.0)]).await;
    }
    let found = async |from: i64, to: i64| {
        let range = TimestampMicros(first + from)..TimestampMicros(first + to);
        bench
            .hot
            .projections(range, Axis::Received)
            .await
            .unwrap()
            .len()
    };
    assert_eq!(found(0, 10 * minute).await, 1);
    assert_eq!(found(1, minute).await, 0);
    assert_eq!(found(1, minute + 1).await, 1);
    assert_eq!(found(2 * minute, 3 * minute).await, 0);
    assert_eq!(found(2 * minute, 3 * minute + 1).await, 1);
}

#[tokio::test]
async fn a_trace_that_was_cold_is_found_though_somebody_made_its_projection_since() {
    let bench = Bench::new(Arc::new(MemoryLog::default()), uncached());
    bench.put(NOW, &[segment(1, 1.0), segment(2, 1.0)]).await;
    bench.hot.by_id(trace(1)).await.unwrap();
    let cold = [trace(1), trace(2)];
    let found = bench.hot.cold(&cold).await.unwrap();
    let found: BTreeSet<TraceId> = found.iter().map(|projection| projection.id).collect();
    assert_eq!(found, cold.into());
}

#[tokio::test]
async fn long_messages_are_weighed() {
    let bench = Bench::new(Arc::new(MemoryLog::default()), HotSettings::default());
    let held = async |number: u64, message: &str| {
        let failed = format!(
            r#""fault":true,"cause":{{"exceptions":[{{"id":"0000000000000009","message":"{message}"}}]}},"name""#
        );
        let document = segment(number, 1.0).replacen(r#""name""#, &failed, 1);
        bench.put(NOW, &[document]).await;
        let found = bench.hot.by_id(trace(number)).await.unwrap().unwrap();
        assert_eq!(found.causes.fault.len(), 1);
        bench.hot.held().memory_bytes
    };
    let short = held(1, "x").await;
    let long = held(2, &"x".repeat(50_000)).await - short;
    assert!(long > short + 45_000, "{long} after {short}");
}

#[tokio::test]
async fn what_cannot_be_read_stops_nothing_else() {
    let disk = SimulatedDisk::new(6);
    let bench = Bench::new(files(&disk), uncached());
    bench.put(NOW, &[segment(0, 1.0)]).await;
    disk.break_page("0000000000000000.log", 0);
    for number in 1..100 {
        bench.put(NOW, &[segment(number, 1.0)]).await;
    }
    let all = TimestampMicros(0)..TimestampMicros(i64::MAX);
    let found = bench.hot.projections(all, Axis::Start).await.unwrap();
    let unreadable = usize::try_from(bench.hot.losses().unreadable).unwrap();
    assert!(unreadable > 0 && unreadable < 50, "{unreadable}");
    assert!(bench.hot.by_id(trace(99)).await.unwrap().is_some());
    assert_eq!(bench.hot.held().traces, 100 - unreadable);
    assert_eq!(found.len(), 100 - unreadable);
}

#[tokio::test]
async fn a_log_that_cannot_be_read_at_the_start_keeps_nobody_waiting() {
    let log = Unreadable::default();
    let document = Bytes::from(segment(1, 1.0));
    let record = Record {
        trace: trace(1),
        received: TimestampMicros(NOW),
        document,
    };
    log.append(vec![record]).await.unwrap();
    let bench = Bench::new(Arc::new(log), HotSettings::default());
    let error = bench.hot.caught_up().await.unwrap_err();
    assert!(matches!(error, ScanError::NotRebuilt));
    assert!(bench.hot.progress().failed);
}

/// A log that takes records, and gives none back.
#[derive(Debug, Default)]
struct Unreadable(MemoryLog);

#[async_trait::async_trait]
impl Log for Unreadable {
    async fn append(&self, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        self.0.append(records).await
    }

    async fn append_first(&self, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        self.0.append_first(records).await
    }

    async fn read(&self, _: &[Position]) -> Result<Vec<Option<Record>>, LogError> {
        Err(LogError::Closed)
    }

    async fn scan(&self, _: Position, _: usize) -> Result<Chunk, LogError> {
        Err(LogError::Closed)
    }

    async fn release(&self, up_to: Position) -> Result<(), LogError> {
        self.0.release(up_to).await
    }

    fn extent(&self) -> Extent {
        self.0.extent()
    }
}
