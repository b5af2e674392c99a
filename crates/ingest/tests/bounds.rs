//! What comes in may be as it likes: memory stays what the settings say.
//!
//! A process of its own counts what it allocates while documents of one odd kind after the other come in, come to rest, are read,
//! listed, and found again after a start: traces without an end, annotations with a key each, services with a name each, long
//! texts, deep nesting, shapes that never come again. However many there are, no more may be held at any time than [`MOST`].
//!
//! `FLUORO_BOUNDS` says how many documents of each kind, `FLUORO_BOUNDS_OF` of which kind alone.

#![expect(clippy::unwrap_used, reason = "a test: what fails must end it")]

#[path = "../../block/tests/counting/mod.rs"]
mod counting;

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use fluoro_ambient::Ambient;
use fluoro_filter::Columns;
use fluoro_ingest::{Class, Door, Ingest, IngestError, IngestSettings, Source};
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_store::archive::Archive;
use fluoro_store::blocks::{Blocks, DirectoryBlocks};
use fluoro_store::catalog::{Catalog, MemoryCatalog};
use fluoro_store::documents::DocumentLog;
use fluoro_store::hot::{HotSettings, HotTraces, Losses};
use fluoro_store::log::{LogSettings, SegmentedLog};
use fluoro_store::scan::{Axis, Candidates, Latest};

/// What all of it may take at any time, in bytes: a little for what [`settings`] allow, the rest for what a flush holds meanwhile,
/// which is up to 32 MiB of rows, their columns, and the files made of them.
const MOST: usize = 160 << 20;

const MEMORY: usize = 4 << 20;
const CACHE: usize = 2 << 20;

/// What one trace may have of documents.
const TRACE: usize = 100 << 10;

/// Documents that come together.
const BATCH: u64 = 50;

fn settings() -> HotSettings {
    HotSettings {
        memory_bytes: MEMORY,
        cache_bytes: CACHE,
        flush_bytes: 1 << 20,
        ..HotSettings::default()
    }
}

struct Store {
    log: Arc<DocumentLog>,
    archive: Arc<Archive>,
    hot: Arc<HotTraces>,
    ingest: Arc<Ingest>,
}

impl Store {
    async fn open(directory: &Path, catalog: &Arc<dyn Catalog>) -> Self {
        let ambient = Ambient::system();
        let log = SegmentedLog::open(&directory.join("log"), LogSettings::default()).unwrap();
        let blocks = DirectoryBlocks::open(&directory.join("blocks")).unwrap();
        let blocks: Arc<dyn Blocks> = Arc::new(blocks);
        let (archive, models) = Archive::open(blocks, catalog).await.unwrap();
        let archive = Arc::new(archive);
        let log = DocumentLog::open(ambient.clone(), Arc::new(log), models);
        let parts = (Arc::clone(&log), Arc::clone(&archive));
        let hot = HotTraces::open_with(ambient.clone(), parts.0, parts.1, settings(), Vec::new());
        hot.caught_up().await.unwrap();
        let settings = IngestSettings {
            trace_bytes: TRACE,
            ..IngestSettings::default()
        };
        let ingest = Ingest::open(ambient, Arc::clone(&hot), settings);
        Self {
            log,
            archive,
            hot,
            ingest,
        }
    }

    /// Waits until the background tasks have let go of all.
    async fn close(self) {
        let log = Arc::downgrade(&self.log);
        let archive = Arc::downgrade(&self.archive);
        drop(self);
        while log.strong_count() + archive.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
    }

    /// How many were refused.
    async fn put(&self, documents: &[Bytes]) -> usize {
        let source = Source {
            door: Door::PutTraceSegments,
            client: "odd".to_owned(),
        };
        loop {
            match self.ingest.put(&source, documents.to_vec()).await {
                Ok(answers) => return answers.iter().filter(|answer| answer.is_err()).count(),
                Err(IngestError::Busy) => {}
                Err(error) if error.is_retryable() => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    }

    async fn look(&self, trace: TraceId) {
        assert!(!self.hot.documents(trace).await.unwrap().is_empty());
        assert!(self.hot.by_id(trace).await.unwrap().is_some());
        let all = Candidates {
            range: TimestampMicros(0)..TimestampMicros(i64::MAX),
            by: Axis::Start,
            columns: Columns::Anything,
            latest: Some(Latest {
                before: None,
                rows: 100,
                likely: 100,
            }),
        };
        assert!(!self.hot.find(&all).await.unwrap().projections.is_empty());
    }

    fn assert_within_settings(&self, kind: &str) {
        let held = self.hot.held();
        // A quarter more is taken before anybody waits, and what finds room then is taken as a whole.
        let batch = usize::try_from(BATCH).unwrap() << 10;
        let most = MEMORY + MEMORY / 4 + batch;
        assert!(held.memory_bytes <= most, "{kind}: {held:?}");
        assert!(held.cache_bytes <= CACHE, "{kind}: {held:?}");
    }
}

fn trace(number: u64) -> TraceId {
    let mut random = [0; 12];
    random[4..].copy_from_slice(&number.to_be_bytes());
    TraceId::new(0x6700_0001, random)
}

fn segment(number: u64, of: u64, name: &str, besides: &str) -> String {
    format!(
        r#"{{"name":"{name}","id":"{:016x}","trace_id":"{}","start_time":1728053249.1,"end_time":1728053249.4{besides}}}"#,
        number + 1,
        trace(of),
    )
}

fn with(number: u64, besides: &str) -> String {
    segment(number, number, "odd", besides)
}

/// So many members with keys and values of their own.
fn members(number: u64, count: u64) -> String {
    let mut members = String::new();
    for member in number * count..(number + 1) * count {
        write!(members, r#","key{member}":{member}"#).unwrap();
    }
    members.split_off(1)
}

fn called(number: u64, count: u64) -> String {
    let mut called = String::new();
    for callee in number * count..(number + 1) * count {
        write!(
            called,
            r#",{{"name":"callee-{callee}","id":"{:016x}","namespace":"remote","start_time":1728053249.1,"end_time":1728053249.2}}"#,
            callee + (1 << 40),
        )
        .unwrap();
    }
    called.split_off(1)
}

fn nested(number: u64, depth: usize) -> String {
    let mut nested = String::new();
    for level in 0..depth {
        nested = format!(
            r#","subsegments":[{{"name":"level","id":"{:08x}{level:08x}","start_time":1728053249.1,"end_time":1728053249.2{nested}}}]"#,
            number + 1,
        );
    }
    nested
}

type Kind = (&'static str, fn(u64) -> String);

const KINDS: [Kind; 9] = [
    ("one trace", |number| segment(number, 0, "odd", "")),
    ("a key each", |number| {
        with(
            number,
            &format!(r#","annotations":{{{}}}"#, members(number, 1)),
        )
    }),
    ("many keys each", |number| {
        with(
            number,
            &format!(r#","annotations":{{{}}}"#, members(number, 60)),
        )
    }),
    ("a service each", |number| {
        segment(number, number, &format!("service-{number}"), "")
    }),
    ("callees of their own", |number| {
        with(
            number,
            &format!(r#","subsegments":[{}]"#, called(number, 30)),
        )
    }),
    ("everything of its own", |number| {
        let besides = format!(
            r#","user":"u{number}","origin":"o{number}","http":{{"request":{{"method":"m{number}","url":"https://h{number}/"}},"response":{{"status":{}}}}}"#,
            200 + number % 400,
        );
        with(number, &besides)
    }),
    ("long texts", |number| {
        let text = format!("https://host/{number}/{}", "x".repeat(4_000));
        with(
            number,
            &format!(r#","http":{{"request":{{"url":"{text}"}}}}"#),
        )
    }),
    ("deep", |number| {
        let metadata = format!("{}1{}", r#"{"a":"#.repeat(50), "}".repeat(50));
        with(
            number,
            &format!(r#","metadata":{{"d":{metadata}}}{}"#, nested(number, 20)),
        )
    }),
    ("shapes of their own", |number| {
        let text = format!(
            r#","metadata":{{"k{}":{{{}}}}}"#,
            number / 3,
            members(number / 2, 20)
        );
        with(number, &text)
    }),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_comes_memory_stays_what_the_settings_say() {
    let documents = std::env::var("FLUORO_BOUNDS");
    let documents: u64 = documents.map_or(2_000, |number| number.parse().unwrap());
    let only = std::env::var("FLUORO_BOUNDS_OF").ok();
    let is_meant = |(kind, _): &Kind| only.as_ref().is_none_or(|only| only == kind);
    for (kind, document) in KINDS.into_iter().filter(is_meant) {
        let directory = tempfile::tempdir().unwrap();
        let catalog: Arc<dyn Catalog> = Arc::new(MemoryCatalog::default());
        let since = counting::begin();
        let mut store = Store::open(directory.path(), &catalog).await;
        let mut refused = 0;
        for first in (0..documents).step_by(usize::try_from(BATCH).unwrap()) {
            let numbers = first..(first + BATCH).min(documents);
            let batch: Vec<Bytes> = numbers.map(|number| document(number).into()).collect();
            refused += store.put(&batch).await;
            store.assert_within_settings(kind);
        }
        // A trace takes so much and no more, and what was refused is counted.
        let lines = store.ingest.report().await.unwrap().into_iter();
        let counted = lines.filter(|line| line.class == Class::Refused);
        assert_eq!(counted.map(|line| line.count).sum::<u64>(), refused as u64);
        assert_eq!(refused > 0, kind == "one trace", "{kind}: {refused}");
        let batch = usize::try_from(BATCH).unwrap() << 10;
        let largest = store.hot.trace_bytes(trace(0));
        assert!(largest <= (TRACE + batch) as u64, "{kind}: {largest}");
        store.look(trace(0)).await;
        store.hot.come_to_rest().await.unwrap();
        store.look(trace(0)).await;
        assert_eq!(store.hot.losses(), Losses::default());
        store.close().await;
        store = Store::open(directory.path(), &catalog).await;
        store.look(trace(0)).await;
        store.assert_within_settings(kind);
        let kept = store.hot.kept();
        assert_eq!(kept.documents + refused as u64, documents, "{kind}");
        store.close().await;
        let most = since.most();
        eprintln!("{kind}: {documents} documents, at most {} KiB", most >> 10);
        assert!(most <= MOST, "{kind}: {most} bytes");
    }
}
