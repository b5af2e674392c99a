//! `kill -9` under load: what was acknowledged is there afterwards, once.
//!
//! The test runs itself again as the process to be killed. That one takes documents in from several tasks and prints
//! the number of each document once it is acknowledged (a recorded one, which has no acknowledgement: once the queue
//! was flushed after it). It is killed after a random number of lines; then the data directory is opened here and
//! searched. The next round goes on in the same directory.
//!
//! `FLUORO_KILLS` says how many rounds, `FLUORO_FIRST_SEED` where their seeds begin.

#![expect(clippy::unwrap_used, reason = "a test: what fails must end it")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use fluoro_ambient::Ambient;
use fluoro_ingest::{Door, Ingest, IngestSettings, Source, TraceSink};
use fluoro_model::TraceId;
use fluoro_store::hot::{HotSettings, HotTraces};
use fluoro_store::log::simulated::Random;
use fluoro_store::log::{Log, LogSettings, SegmentedLog};
use tokio::task::JoinSet;

const DIRECTORY: &str = "FLUORO_KILL_DIRECTORY";
const FIRST_NUMBER: &str = "FLUORO_KILL_FIRST_NUMBER";

struct Store {
    log: Arc<dyn Log>,
    hot: Arc<HotTraces>,
    ingest: Arc<Ingest>,
}

impl Store {
    async fn open(directory: &Path) -> Self {
        // Small files, so that kills fall on their edges, too.
        let settings = LogSettings {
            file_bytes: 256 << 10,
            ..LogSettings::default()
        };
        let log: Arc<dyn Log> = Arc::new(SegmentedLog::open(directory, settings).unwrap());
        let ambient = Ambient::system();
        let hot = HotTraces::open(ambient.clone(), Arc::clone(&log), HotSettings::default());
        hot.caught_up().await.unwrap();
        let settings = IngestSettings::default();
        let ingest = Ingest::open(ambient, Arc::clone(&log), Arc::clone(&hot), settings);
        Self { log, hot, ingest }
    }

    /// Waits until the background tasks have let go of the directory.
    async fn close(self) {
        let log = Arc::downgrade(&self.log);
        drop(self);
        while log.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
    }
}

fn trace(number: u32) -> TraceId {
    let mut random = [0; 12];
    random[8..].copy_from_slice(&number.to_be_bytes());
    TraceId::new(0x6700_0001, random)
}

fn document(number: u32) -> Bytes {
    let filler = "x".repeat(number as usize * 37 % 2_000);
    Bytes::from(format!(
        r#"{{"name":"kill","id":"{number:016x}","trace_id":"{}","start_time":1728053249.1,"end_time":1728053249.4,"user":"{filler}"}}"#,
        trace(number)
    ))
}

fn source(client: &str) -> Source {
    Source {
        door: Door::PutTraceSegments,
        client: client.to_owned(),
    }
}

/// Not a test of its own: the process that is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the test below, as a process of its own"]
async fn process_to_be_killed() {
    let Ok(directory) = std::env::var(DIRECTORY) else {
        return;
    };
    let store = Store::open(&PathBuf::from(directory)).await;
    let first = std::env::var(FIRST_NUMBER).unwrap().parse().unwrap();
    let next = Arc::new(AtomicU32::new(first));
    let mut tasks: JoinSet<()> = JoinSet::new();
    for task in 0..3 {
        let (ingest, next) = (Arc::clone(&store.ingest), Arc::clone(&next));
        tasks.spawn(async move {
            loop {
                let count = 1 + task * 20;
                let from = next.fetch_add(count, Ordering::Relaxed);
                let documents = (from..from + count).map(document).collect();
                let outcomes = ingest.put(&source("put"), documents).await.unwrap();
                assert!(outcomes.iter().all(Result::is_ok));
                say(from..from + count);
            }
        });
    }
    let ingest = Arc::clone(&store.ingest);
    tasks.spawn(async move {
        loop {
            let count = 7;
            let from = next.fetch_add(count, Ordering::Relaxed);
            for number in from..from + count {
                ingest.record(&source("record"), document(number));
            }
            ingest.flushed().await;
            say(from..from + count);
        }
    });
    // None ends by itself.
    tasks.join_next().await.unwrap().unwrap();
}

/// Prints numbers in one write, so that lines of several tasks do not mix.
fn say(numbers: std::ops::Range<u32>) {
    let lines: String = numbers.map(|number| format!("ack {number}\n")).collect();
    let mut out = std::io::stdout().lock();
    out.write_all(lines.as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Runs the process until it has acknowledged `acks` documents, kills it, and returns every acknowledged number.
fn run_and_kill(directory: &Path, first: u32, acks: usize) -> Vec<u32> {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "process_to_be_killed",
            "--ignored",
            "--nocapture",
        ])
        .env(DIRECTORY, directory)
        .env(FIRST_NUMBER, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(process.stdout.take().unwrap());
    let mut acknowledged = Vec::new();
    let mut line = String::new();
    // What was printed before the kill counts, also when it is read after it.
    while out.read_line(&mut line).unwrap() > 0 {
        // The last line may be cut.
        let whole = line
            .strip_suffix('\n')
            .and_then(|line| line.strip_prefix("ack "));
        if let Some(number) = whole {
            acknowledged.push(number.parse().unwrap());
        }
        line.clear();
        if acknowledged.len() == acks {
            process.kill().unwrap();
        }
    }
    let status = process.wait().unwrap();
    assert!(
        !status.success() && status.code().is_none(),
        "it was killed: {status}"
    );
    acknowledged
}

/// Every number in the log: none twice, each whole.
async fn stored(directory: &Path) -> BTreeSet<u32> {
    let store = Store::open(directory).await;
    let mut next = Some(store.log.extent().first);
    let mut found = BTreeSet::new();
    while let Some(from) = next {
        let chunk = store.log.scan(from, 4 << 20).await.unwrap();
        for (_, record) in chunk.records {
            let number = u32::try_from(record.trace.bits() & 0xffff_ffff).unwrap();
            assert_eq!(record.document, document(number));
            assert!(found.insert(number), "document {number} is there twice");
        }
        next = chunk.next;
    }
    assert_eq!(store.log.extent().damaged, 0);
    assert_eq!(store.hot.held().traces, found.len());
    for number in found.iter().rev().take(20) {
        let documents = store.hot.documents(trace(*number)).await.unwrap();
        assert_eq!(documents.len(), 1);
    }
    store.close().await;
    found
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_by_a_kill() {
    let setting = |name: &str, otherwise: u64| {
        std::env::var(name).map_or(otherwise, |value| value.parse().unwrap())
    };
    let directory = tempfile::tempdir().unwrap();
    let mut random = Random::new(setting("FLUORO_FIRST_SEED", 0));
    let mut acknowledged = BTreeSet::new();
    for round in 0..setting("FLUORO_KILLS", 15) {
        let first = u32::try_from(round).unwrap() * 1_000_000;
        let acks = 1 + random.below(800);
        acknowledged.extend(run_and_kill(directory.path(), first, acks));
        let stored = stored(directory.path()).await;
        let lost: Vec<&u32> = acknowledged.difference(&stored).collect();
        assert!(
            lost.is_empty(),
            "round {round}: acknowledged and lost: {lost:?}"
        );
    }
}
