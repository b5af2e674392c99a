//! Durable ingest in process: how many documents a second, at what cost.
//!
//! `cargo bench -p fluoro-ingest` prints a table. `FLUORO_BENCH_DOCUMENTS` says how many documents each row takes (default
//! 200,000), `FLUORO_BENCH_DIRECTORY` on which disk. The CPU time is that of the whole process, projections included, until
//! all of it is settled; making the documents is not in it, copying them is.

#![expect(clippy::unwrap_used, reason = "a benchmark: what fails must end it")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fluoro_ambient::Ambient;
use fluoro_ingest::{Door, Ingest, IngestSettings, Source, TraceSink};
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_store::documents::DocumentLog;
use fluoro_store::hot::{HotSettings, HotTraces};
use fluoro_store::log::simulated::Random;
use fluoro_store::log::{LogSettings, SegmentedLog};
use fluoro_store::scan::Axis;

/// Documents a call, as daemons send them.
const GROUP: usize = 50;

/// Documents of one trace.
const TRACE: u64 = 4;

struct Run {
    ambient: Ambient,
    log: Arc<DocumentLog>,
    hot: Arc<HotTraces>,
    ingest: Arc<Ingest>,
}

fn main() {
    let setting = |name: &str| std::env::var(name).ok();
    let documents = setting("FLUORO_BENCH_DOCUMENTS").map_or(200_000, |text| text.parse().unwrap());
    let base = setting("FLUORO_BENCH_DIRECTORY").map_or_else(std::env::temp_dir, PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    println!("durable ingest in process, {documents} documents a row, {GROUP} a call");
    for (bytes, senders) in [(1_000, 1), (1_000, 4), (4_000, 1), (4_000, 4)] {
        let directory = tempfile::tempdir_in(&base).unwrap();
        runtime.block_on(put(directory.path(), documents, bytes, senders));
    }
    let directory = tempfile::tempdir_in(&base).unwrap();
    runtime.block_on(record(directory.path()));
}

async fn open(directory: &Path) -> Run {
    let ambient = Ambient::system();
    let log = Arc::new(SegmentedLog::open(directory, LogSettings::default()).unwrap());
    let log = DocumentLog::open(ambient.clone(), log, Vec::new());
    let hot = HotTraces::open(ambient.clone(), Arc::clone(&log), HotSettings::default());
    hot.caught_up().await.unwrap();
    let ingest = Ingest::open(ambient.clone(), Arc::clone(&hot), IngestSettings::default());
    Run {
        ambient,
        log,
        hot,
        ingest,
    }
}

async fn put(directory: &Path, documents: usize, bytes: usize, senders: usize) {
    let run = open(directory).await;
    let groups = documents / GROUP / senders;
    let made: Vec<Vec<Vec<Bytes>>> = (0..senders)
        .map(|sender| batches(sender as u64, groups, bytes))
        .collect();
    let json: usize = made.iter().flatten().flatten().map(Bytes::len).sum();
    let count = groups * senders * GROUP;

    let resident = resident_megabytes();
    let (cpu, start) = (cpu_seconds(), run.ambient.ticks_nanos());
    let sending: Vec<_> = made
        .into_iter()
        .map(|batches| {
            let (ingest, ambient) = (Arc::clone(&run.ingest), run.ambient.clone());
            tokio::spawn(async move {
                let mut waits = Vec::with_capacity(batches.len());
                for batch in batches {
                    let sent = ambient.ticks_nanos();
                    let outcomes = ingest.put(&source(), batch).await.unwrap();
                    assert!(outcomes.iter().all(Result::is_ok));
                    waits.push(ambient.ticks_nanos() - sent);
                }
                waits
            })
        })
        .collect();
    let mut waits = Vec::new();
    for sender in sending {
        waits.extend(sender.await.unwrap());
    }
    let seconds = seconds_since(&run.ambient, start);
    let settled = run.ambient.ticks_nanos();
    let everything = TimestampMicros(0)..TimestampMicros(i64::MAX);
    let traces = run
        .hot
        .projections(everything, Axis::Start)
        .await
        .unwrap()
        .len();
    let settling = seconds_since(&run.ambient, settled);
    let cpu = cpu_seconds() - cpu;
    waits.sort_unstable();
    let millis = |part: usize| waits[waits.len() * part / 100] as f64 / 1e6;
    println!(
        "{:>5} B, {senders} senders: {:>7.0} documents/s, {:>4.0} MB/s, {:>5.1} CPU-s/M, {:>4} B at rest each, \
         p50 {:.2} ms, p99 {:.2} ms, {traces} traces held, settled {:.2} s after, {:+} MB resident",
        json / count,
        count as f64 / seconds,
        json as f64 / seconds / 1e6,
        cpu / count as f64 * 1e6,
        run.log.extent().bytes / count as u64,
        millis(50),
        millis(99),
        settling,
        resident_megabytes() - resident,
    );
    let log = Arc::downgrade(&run.log);
    drop(run);
    while log.strong_count() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let ambient = Ambient::system();
    let start = ambient.ticks_nanos();
    let run = open(directory).await;
    let found = seconds_since(&ambient, start);
    let everything = TimestampMicros(0)..TimestampMicros(i64::MAX);
    run.hot.projections(everything, Axis::Start).await.unwrap();
    println!(
        "         restart: {found:.2} s until all {} documents of {:.0} MB of log are found, {:.2} s until all is projected",
        run.hot.progress().documents,
        run.log.extent().bytes as f64 / 1e6,
        seconds_since(&ambient, start),
    );
}

/// How long after it is recorded a document is durable, one at a time.
async fn record(directory: &Path) {
    let run = open(directory).await;
    let mut waits = Vec::new();
    for batch in batches(9, 4, 1_000) {
        for document in batch {
            let sent = run.ambient.ticks_nanos();
            run.ingest.record(&source(), document);
            let before = run.log.extent().end;
            while run.log.extent().end == before {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            waits.push(run.ambient.ticks_nanos() - sent);
        }
    }
    waits.sort_unstable();
    println!(
        "recorded, one at a time: durable after p50 {:.1} ms, p99 {:.1} ms",
        waits[waits.len() / 2] as f64 / 1e6,
        waits[waits.len() * 99 / 100] as f64 / 1e6,
    );
}

fn source() -> Source {
    Source {
        door: Door::PutTraceSegments,
        client: "bench".to_owned(),
    }
}

fn batches(sender: u64, groups: usize, bytes: usize) -> Vec<Vec<Bytes>> {
    let mut random = Random::new(sender);
    let mut number = 0;
    let mut batch = || {
        (0..GROUP)
            .map(|_| {
                number += 1;
                document(&mut random, sender, number, bytes)
            })
            .collect()
    };
    (0..groups).map(|_| batch()).collect()
}

/// A segment much as SDKs make them, with random ids, times and values.
fn document(random: &mut Random, sender: u64, number: u64, bytes: usize) -> Bytes {
    let first = number % TRACE == 1;
    let trace = (number - 1) / TRACE;
    let start = 1_790_000_000.0 + trace as f64 / 1e4;
    let id = |number: u64| number << 8 | sender;
    let parent = if first {
        String::new()
    } else {
        format!(r#""parent_id":"{:016x}","#, id(trace * TRACE + 1))
    };
    let mut json = format!(
        r#"{{"name":"orders-{}","id":"{:016x}",{parent}"trace_id":"{}","start_time":{start:.6},"end_time":{:.6},"http":{{"request":{{"method":"GET","url":"https://api.example.com/v1/orders/{}","user_agent":"Mozilla/5.0 (X11; Linux x86_64)","client_ip":"10.0.{}.{}"}},"response":{{"status":200,"content_length":{}}}}},"annotations":{{"user_id":"u-{:06}","tenant":"t-{}"}},"aws":{{"xray":{{"sdk":"X-Ray for Python","sdk_version":"2.12.0"}},"request_id":"{:016x}{:016x}"}},"origin":"AWS::ECS::Container","subsegments":["#,
        number % TRACE,
        id(number),
        TraceId::from_bits(u128::from(0x6ab0_0000 + sender) << 96 | u128::from(trace)),
        start + 0.1,
        random.below(100_000),
        random.below(256),
        random.below(256),
        random.below(5_000),
        random.below(100_000),
        random.below(50),
        random.number(),
        random.number(),
    );
    let mut comma = "";
    while json.len() + 250 < bytes {
        json.push_str(&format!(
            r#"{comma}{{"id":"{:016x}","name":"dynamodb","namespace":"aws","start_time":{:.6},"end_time":{:.6},"aws":{{"operation":"GetItem","table_name":"orders","request_id":"{:016x}{:016x}"}},"http":{{"response":{{"status":200}}}}}}"#,
            random.number() | 1 << 63,
            start + 0.01,
            start + 0.02,
            random.number(),
            random.number(),
        ));
        comma = ",";
    }
    json.push_str("]}");
    Bytes::from(json)
}

fn seconds_since(ambient: &Ambient, start: u64) -> f64 {
    (ambient.ticks_nanos() - start) as f64 / 1e9
}

/// User and system time of this process. Source: proc(5), stat, fields 14 and 15, in ticks of 10 ms.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .map(|ticks| ticks.parse::<f64>().unwrap())
        .sum::<f64>()
        / 100.0
}

fn resident_megabytes() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<i64>()
        .unwrap()
        / 1024
}
