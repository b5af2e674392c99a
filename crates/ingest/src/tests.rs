//! Ingest over a log on a simulated disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fluoro_ambient::Ambient;
use fluoro_model::Document;
use fluoro_model::TraceId;
use fluoro_model::document::{Limits, Refusal, RefusalCode};
use fluoro_store::documents::DocumentLog;
use fluoro_store::hot::{HotSettings, HotTraces};
use fluoro_store::log::simulated::SimulatedDisk;
use fluoro_store::log::{
    Chunk, Extent, Log, LogError, LogSettings, MemoryLog, Position, Record, SegmentedLog,
};
use tokio::sync::Semaphore;

use crate::ledger::{CLIENTS_PER_DOOR, OTHERS};
use crate::{
    Cause, Class, Completion, Door, Ingest, IngestError, IngestSettings, Ledger, LedgerLine,
    ReadDocument, Source, TraceSink,
};

pub(crate) struct Bench {
    pub(crate) disk: SimulatedDisk,
    pub(crate) hot: Arc<HotTraces>,
    pub(crate) ingest: Arc<Ingest>,
}

impl Bench {
    pub(crate) fn new(settings: IngestSettings) -> Self {
        let disk = SimulatedDisk::new(1);
        let log = SegmentedLog::open_on(Arc::new(disk.clone()), LogSettings::default()).unwrap();
        Self::over(disk, Arc::new(log), settings)
    }

    fn over(disk: SimulatedDisk, log: Arc<dyn Log>, settings: IngestSettings) -> Self {
        let ambient = Ambient::system();
        let log = DocumentLog::open(ambient.clone(), log, Vec::new());
        let hot = HotTraces::open(ambient.clone(), log, HotSettings::default());
        let ingest = Ingest::open(ambient, Arc::clone(&hot), settings);
        Self { disk, hot, ingest }
    }

    async fn put(&self, documents: &[&str]) -> Vec<Result<(), Refusal>> {
        self.ingest.put(&sdk(), bytes(documents)).await.unwrap()
    }

    pub(crate) fn count(&self, source: &Source, cause: Cause) -> u64 {
        count(&self.ingest.ledger().lines(), source, cause)
    }
}

fn count(lines: &[LedgerLine], source: &Source, cause: Cause) -> u64 {
    lines
        .iter()
        .filter(|line| line.door == Some(source.door) && line.client == source.client)
        .filter(|line| line.cause == cause.name())
        .map(|line| line.count)
        .sum()
}

fn bytes(documents: &[&str]) -> Vec<Bytes> {
    documents
        .iter()
        .map(|json| Bytes::copy_from_slice(json.as_bytes()))
        .collect()
}

fn sdk() -> Source {
    Source {
        door: Door::PutTraceSegments,
        client: "boto3".to_owned(),
    }
}

pub(crate) fn trace(number: u32) -> TraceId {
    let mut random = [0; 12];
    random[8..].copy_from_slice(&number.to_be_bytes());
    TraceId::new(0x6700_0001, random)
}

pub(crate) fn segment(number: u32) -> String {
    format!(
        r#"{{"name":"cart","id":"{number:016x}","trace_id":"{}","start_time":1728053249.1,"end_time":1728053249.4}}"#,
        trace(number)
    )
}

fn in_progress(number: u32) -> String {
    segment(number).replace(r#""end_time":1728053249.4"#, r#""in_progress":true"#)
}

fn subsegment(number: u32, id: u64) -> String {
    format!(
        r#"{{"type":"subsegment","name":"query","id":"{id:016x}","parent_id":"{number:016x}","trace_id":"{}","start_time":1728053249.2,"end_time":1728053249.3}}"#,
        trace(number)
    )
}

#[tokio::test]
async fn what_is_read_already_is_held_to_the_same_bounds() {
    let bench = Bench::new(IngestSettings {
        document_bytes: 200,
        trace_bytes: 1,
        ..IngestSettings::default()
    });
    let read = |json: String| ReadDocument {
        facts: Arc::new(Document::parse_facts(Limits::DEFAULT, json.as_bytes()).unwrap()),
        json: json.into(),
    };
    let long = segment(2).replace("cart", &"x".repeat(200));
    let outcomes = bench
        .ingest
        .put_read(
            &sdk(),
            vec![
                read(segment(1)),
                read(long),
                read(segment(1)),
                read(segment(3)),
            ],
        )
        .await
        .unwrap();
    let codes: Vec<_> = outcomes
        .into_iter()
        .map(|outcome| outcome.map_err(|refusal| (refusal.code, refusal.id.unwrap())))
        .collect();
    let too_large = |id: u32| Err((RefusalCode::InvalidSegment, format!("{id:016x}")));
    // The second, and the first once more, when its trace is full.
    assert_eq!(codes, [Ok(()), too_large(2), too_large(1), Ok(())]);
    assert_eq!(bench.count(&sdk(), Cause::Received), 4);
    let refused = Cause::Refused(RefusalCode::InvalidSegment);
    assert_eq!(bench.count(&sdk(), refused), 2);
    for number in [1, 3] {
        let stored = bench.hot.by_id(trace(number)).await.unwrap();
        assert!(stored.is_some(), "{number}");
    }
}

#[tokio::test]
async fn each_document_has_its_own_answer_and_is_readable_with_it() {
    let bench = Bench::new(IngestSettings::default());
    let outcomes = bench
        .put(&[&segment(1), "[]", &segment(2), r#"{"id":"xyz"}"#])
        .await;
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok());
    let codes: Vec<RefusalCode> = outcomes
        .iter()
        .filter_map(|outcome| outcome.as_ref().err())
        .map(|refusal| refusal.code)
        .collect();
    assert_eq!(codes, [RefusalCode::ParseError, RefusalCode::InvalidId]);
    for number in [1, 2] {
        assert!(bench.hot.by_id(trace(number)).await.unwrap().is_some());
    }
    assert_eq!(bench.count(&sdk(), Cause::Received), 4);
    let refused = Cause::Refused(RefusalCode::InvalidId);
    assert_eq!(bench.count(&sdk(), refused), 1);
    assert!(!refused.mend().is_empty());
}

#[tokio::test]
async fn what_is_left_out_is_counted() {
    let bench = Bench::new(IngestSettings::default());
    let long = "x".repeat(300);
    let document = segment(1).replace("cart", &long).replace(
        r#""start_time""#,
        r#""colour":"red","annotations":{"a b":1},"http":7,"start_time""#,
    );
    assert!(bench.put(&[&document]).await[0].is_ok());
    let trimmed: Vec<LedgerLine> = bench.ingest.ledger().lines();
    let trimmed = trimmed.iter().filter(|line| line.class == Class::Trimmed);
    assert_eq!(trimmed.map(|line| line.count).sum::<u64>(), 4);
}

#[tokio::test]
async fn a_trace_that_is_larger_than_it_may_be_takes_no_more() {
    let one = segment(1);
    let bench = Bench::new(IngestSettings {
        trace_bytes: one.len() * 2,
        ..IngestSettings::default()
    });
    assert!(bench.put(&[&one, &one]).await.iter().all(Result::is_ok));
    assert!(!bench.ingest.limit_exceeded(trace(1)));
    let outcomes = bench.put(&[&one, &one]).await;
    assert!(outcomes[0].is_ok() && bench.ingest.limit_exceeded(trace(1)));
    let refusal = outcomes[1].as_ref().unwrap_err();
    assert_eq!(refusal.code, RefusalCode::InvalidSegment);
    assert_eq!(refusal.id.as_deref(), Some("0000000000000001"));
    assert!(bench.put(&[&one]).await[0].is_err());
    assert!(bench.put(&[&segment(2)]).await[0].is_ok());
    assert!(!bench.ingest.limit_exceeded(trace(2)));
}

#[tokio::test]
async fn a_document_has_a_largest_size() {
    let one = segment(1);
    let bench = Bench::new(IngestSettings {
        document_bytes: one.len(),
        ..IngestSettings::default()
    });
    let longer = format!("{one} ");
    let outcomes = bench.put(&[&longer, &one]).await;
    let refusal = outcomes[0].as_ref().unwrap_err();
    assert_eq!(refusal.code, RefusalCode::InvalidSegment);
    assert!(outcomes[1].is_ok());
}

#[tokio::test]
async fn one_call_is_one_revision() {
    let bench = Bench::new(IngestSettings::default());
    bench.put(&[&in_progress(1), &subsegment(1, 9)]).await;
    let first = bench.hot.by_id(trace(1)).await.unwrap().unwrap();
    assert_eq!(first.revision, 1);
    bench.put(&[&segment(1)]).await;
    bench.put(&[&segment(1)]).await;
    let second = bench.hot.by_id(trace(1)).await.unwrap().unwrap();
    assert_eq!(second.revision, 2, "the same once more changes nothing");
}

#[tokio::test]
async fn a_full_disk_refuses_and_ingest_goes_on_by_itself() {
    let bench = Bench::new(IngestSettings::default());
    bench.put(&[&segment(1)]).await;
    bench.disk.resize(bench.disk.used());
    let error = bench
        .ingest
        .put(&sdk(), bytes(&[&segment(2)]))
        .await
        .unwrap_err();
    assert!(matches!(error, IngestError::Log(_)) && error.is_retryable());
    assert_eq!(bench.count(&sdk(), Cause::DiskFull), 1);
    assert!(bench.hot.by_id(trace(1)).await.unwrap().is_some());
    assert!(bench.hot.by_id(trace(2)).await.unwrap().is_none());
    bench.disk.resize(usize::MAX);
    assert!(bench.put(&[&segment(2)]).await[0].is_ok());
}

#[tokio::test]
async fn too_much_at_once_is_refused_and_counted() {
    let bench = Bench::new(IngestSettings {
        queue_bytes: 400,
        in_flight_bytes: 0,
        patience: Duration::ZERO,
        ..IngestSettings::default()
    });
    let error = bench
        .ingest
        .put(&sdk(), bytes(&[&segment(1)]))
        .await
        .unwrap_err();
    assert!(matches!(error, IngestError::Busy) && error.is_retryable());
    // Nobody empties the queue in between: this test has one thread and does not wait.
    for number in 0..10 {
        bench.ingest.record(&sdk(), Bytes::from(segment(number)));
    }
    let lost = bench.count(&sdk(), Cause::QueueFull);
    assert!((2..11).contains(&lost), "{lost}");
    bench.ingest.flushed().await;
    assert_eq!(bench.hot.held().documents as u64 + lost, 11);
}

#[tokio::test]
async fn what_was_recorded_is_readable_once_flushed() {
    let bench = Bench::new(IngestSettings::default());
    for number in 0..3_000 {
        let client = format!("stage {}", number / 1_000);
        let source = Source {
            door: Door::Gateway,
            client,
        };
        bench.ingest.record(&source, Bytes::from(segment(number)));
    }
    bench.ingest.flushed().await;
    assert_eq!(bench.hot.held().traces, 3_000);
}

/// A log that takes nothing until it is told to.
#[derive(Debug)]
struct HeldLog {
    held: MemoryLog,
    turns: Semaphore,
    /// Calls that wait, of those that go first and of the others.
    first: AtomicUsize,
    others: AtomicUsize,
}

#[async_trait]
impl Log for HeldLog {
    async fn append(&self, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        self.others.fetch_add(1, Ordering::Relaxed);
        let _turn = self.turns.acquire().await;
        self.held.append(records).await
    }

    async fn append_first(&self, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        self.first.fetch_add(1, Ordering::Relaxed);
        let _turn = self.turns.acquire().await;
        self.held.append(records).await
    }

    async fn read(&self, positions: &[Position]) -> Result<Vec<Option<Record>>, LogError> {
        self.held.read(positions).await
    }

    async fn scan(&self, from: Position, bytes: usize) -> Result<Chunk, LogError> {
        self.held.scan(from, bytes).await
    }

    async fn release(&self, up_to: Position) -> Result<(), LogError> {
        self.held.release(up_to).await
    }

    fn extent(&self) -> Extent {
        self.held.extent()
    }
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_was_recorded_waits_for_nothing_but_the_disk() {
    let log = Arc::new(HeldLog {
        held: MemoryLog::default(),
        turns: Semaphore::new(0),
        first: AtomicUsize::new(0),
        others: AtomicUsize::new(0),
    });
    let shared: Arc<dyn Log> = Arc::<HeldLog>::clone(&log);
    let bench = Bench::over(SimulatedDisk::new(1), shared, IngestSettings::default());
    let ingest = Arc::clone(&bench.ingest);
    let answered =
        tokio::spawn(async move { ingest.put(&sdk(), bytes(&[&segment(1)])).await.unwrap() });
    until(|| log.others.load(Ordering::Relaxed) == 1).await;
    // The disk stands still, and yet each group follows the one before.
    for number in 2..5 {
        bench.ingest.record(&sdk(), Bytes::from(segment(number)));
        let groups = number as usize - 1;
        until(|| log.first.load(Ordering::Relaxed) == groups).await;
    }
    let ingest = Arc::clone(&bench.ingest);
    let flushed = tokio::spawn(async move { ingest.flushed().await });
    log.turns.add_permits(10);
    flushed.await.unwrap();
    assert!(answered.await.unwrap()[0].is_ok());
    assert_eq!(bench.hot.held().traces, 4);
    assert_eq!(log.others.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_trace_is_complete_when_its_work_is_done_and_its_documents_are_there() {
    let bench = Bench::new(IngestSettings::default());
    let now = |number| bench.ingest.wait_complete(trace(number), Duration::ZERO);
    let unknown = now(1).await.unwrap();
    assert!(!unknown.complete && unknown.open.len() == 1);

    let work = bench
        .ingest
        .open(trace(1), "invocation of orders (1)".to_owned());
    bench.ingest.record(&sdk(), Bytes::from(in_progress(1)));
    let open = now(1).await.unwrap();
    assert_eq!(open.open.len(), 2, "{open:?}");
    assert_eq!(open.open[0], "invocation of orders (1)");
    assert!(open.open[1].contains("cart (0000000000000001) is in progress"));

    let ingest = Arc::clone(&bench.ingest);
    let waits = tokio::spawn(async move {
        ingest
            .wait_complete(trace(1), Duration::from_secs(60))
            .await
            .unwrap()
    });
    tokio::task::yield_now().await;
    bench.ingest.record(&sdk(), Bytes::from(segment(1)));
    bench.ingest.flushed().await;
    assert!(!now(1).await.unwrap().complete);
    drop(work);
    let complete = Completion {
        complete: true,
        open: Vec::new(),
    };
    assert_eq!(waits.await.unwrap(), complete);
    assert_eq!(now(1).await.unwrap(), complete);
}

#[tokio::test]
async fn waiting_ends_also_when_nothing_can_be_read() {
    let log = Arc::new(HeldLog {
        held: MemoryLog::default(),
        turns: Semaphore::new(0),
        first: AtomicUsize::new(0),
        others: AtomicUsize::new(0),
    });
    let bench = Bench::over(SimulatedDisk::new(1), log, IngestSettings::default());
    bench.ingest.record(&sdk(), Bytes::from(segment(1)));
    let waits = bench.ingest.wait_complete(trace(1), Duration::ZERO);
    let completion = waits.await.unwrap();
    assert!(!completion.complete && completion.open.len() == 1);
}

#[tokio::test]
async fn waiting_sees_documents_that_come_without_open_work() {
    let bench = Bench::new(IngestSettings::default());
    let ingest = Arc::clone(&bench.ingest);
    let waits = tokio::spawn(async move {
        ingest
            .wait_complete(trace(1), Duration::from_secs(60))
            .await
            .unwrap()
    });
    bench.put(&[&subsegment(1, 9)]).await;
    bench.put(&[&segment(1)]).await;
    assert!(waits.await.unwrap().complete);
}

#[tokio::test]
async fn orphans_are_told_with_their_sender_until_the_parent_comes() {
    let bench = Bench::new(IngestSettings::default());
    let function = Source {
        door: Door::Environment,
        client: "orders".to_owned(),
    };
    bench
        .ingest
        .record(&function, Bytes::from(subsegment(1, 9)));
    bench.ingest.flushed().await;
    let lines = bench.ingest.report().await.unwrap();
    assert_eq!(count(&lines, &function, Cause::Orphaned), 1);
    bench.put(&[&segment(1)]).await;
    let lines = bench.ingest.report().await.unwrap();
    assert_eq!(count(&lines, &function, Cause::Orphaned), 0);
}

#[tokio::test]
async fn writers_count_what_never_becomes_a_document() {
    let bench = Bench::new(IngestSettings::default());
    bench.ingest.unsampled(&sdk());
    bench
        .ingest
        .refused(&sdk(), "the role lacks xray:PutTraceSegments");
    assert_eq!(bench.count(&sdk(), Cause::Unsampled), 1);
    assert_eq!(bench.count(&sdk(), Cause::NotAllowed), 1);
    assert_eq!(bench.count(&sdk(), Cause::Received), 1);
}

#[test]
fn clients_are_told_apart_up_to_a_bound() {
    let ledger = Ledger::default();
    for number in 0..CLIENTS_PER_DOOR + 50 {
        let source = Source {
            door: Door::Daemon,
            client: number.to_string(),
        };
        ledger.count(&source, Cause::Received, 2);
    }
    let lines = ledger.lines();
    assert_eq!(lines.len(), CLIENTS_PER_DOOR + 1);
    assert_eq!(lines.iter().map(|line| line.count).sum::<u64>(), 500);
    let others = lines.iter().find(|line| line.client == OTHERS).unwrap();
    assert_eq!(others.count, 100);
}
