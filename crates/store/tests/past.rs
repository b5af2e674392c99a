//! What past versions wrote is read: fixtures of each version of the log's files and of blocks, beside `documents.jsonl`, which
//! holds the documents that are in each of them, one received a millisecond after the other.
//!
//! Whoever changes a format raises its version, and adds a fixture of the new one:
//!
//! ```text
//! cargo test -p fluoro-store --test past -- --ignored
//! ```
//!
//! writes `fixtures/log-N` and `fixtures/blocks-N` for the versions that this code writes, unless they are there. What is there
//! stays as it is for ever. `log-1` was written by the last commit that wrote version 1, `f02c930`.
//!
//! No version was dropped so far, and none before those here was ever released. A file that is not what its version says, as
//! those in `blocks-1-early`, written by `a6fcd6b` before version 1 had all of its columns, is treated as damaged: its documents
//! are counted as unreadable, and the file is left where it is.

#![expect(clippy::unwrap_used, reason = "a test: what fails must end it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use fluoro_ambient::{Ambient, ManualClock, SeededEntropy};
use fluoro_block::checked::Sums;
use fluoro_block::{BlockError as FileError, segments, traces};
use fluoro_model::document::Document;
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_store::archive::{Archive, ArchiveError};
use fluoro_store::blocks::{Blocks, DirectoryBlocks};
use fluoro_store::catalog::{Catalog, Expect, MemoryCatalog};
use fluoro_store::documents::{DocumentLog, Row};
use fluoro_store::hot::{HotSettings, HotTraces, Incoming, Losses};
use fluoro_store::log::{Log, LogError, LogSettings, MemoryLog, SegmentedLog};
use fluoro_store::scan::Axis;

/// When the first document was received.
const NOW: i64 = 1_790_000_200_000_000;

/// The versions of the log that there are fixtures of, the newest last.
const LOGS: [u16; 2] = [1, 2];
/// And of blocks: of their two files and of the list of blocks, together.
const BLOCKS: [u32; 1] = [1];

/// What else is in the directory of blocks: the records of the catalog, by key.
const CATALOG: &str = "catalog.json";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The documents, and when each was received.
fn documents() -> Vec<(i64, Bytes)> {
    let text = fs::read_to_string(fixtures().join("documents.jsonl")).unwrap();
    let lines = text.lines().map(|line| Bytes::from(line.to_owned()));
    (0..)
        .map(|number| NOW + 1_000 * number)
        .zip(lines)
        .collect()
}

fn trace_of(document: &Bytes) -> TraceId {
    Document::parse(document).unwrap().trace_id
}

/// Received at what time, which bytes, by trace.
type Stored = BTreeMap<TraceId, Vec<(i64, Bytes)>>;

fn expected() -> Stored {
    let mut expected = Stored::new();
    for (at, document) in documents() {
        let trace = trace_of(&document);
        expected.entry(trace).or_default().push((at, document));
    }
    expected
}

fn ambient() -> Ambient {
    let clock = Arc::new(ManualClock::at(NOW + 1_000_000));
    Ambient::new(clock, Arc::new(SeededEntropy::new(1)))
}

/// A copy of a fixture, for a test to use.
fn copy_of(name: &str) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in fs::read_dir(fixtures().join(name)).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    copy
}

fn open_log(path: &Path) -> Result<Arc<dyn Log>, LogError> {
    let log = SegmentedLog::open(path, LogSettings::default())?;
    Ok(Arc::new(log))
}

/// A store over a log without blocks.
async fn over_log(log: Arc<dyn Log>) -> Arc<HotTraces> {
    let documents = DocumentLog::open(ambient(), log, Vec::new());
    let hot = HotTraces::open(ambient(), documents, HotSettings::default());
    hot.caught_up().await.unwrap();
    hot
}

/// The catalog of a directory of blocks.
async fn catalog_in(directory: &Path) -> Arc<dyn Catalog> {
    let catalog = MemoryCatalog::default();
    let records = fs::read_to_string(directory.join(CATALOG)).unwrap();
    let records: BTreeMap<String, serde_json::Value> = serde_json::from_str(&records).unwrap();
    for (key, value) in records {
        let value = serde_json::to_vec(&value).unwrap();
        catalog
            .put(&key, value.into(), Expect::Absent)
            .await
            .unwrap();
    }
    Arc::new(catalog)
}

/// A store over blocks, whose log is lost.
async fn over_blocks(directory: &Path) -> Result<Arc<HotTraces>, ArchiveError> {
    let blocks: Arc<dyn Blocks> = Arc::new(DirectoryBlocks::open(directory).unwrap());
    let catalog = catalog_in(directory).await;
    let (archive, models) = Archive::open(blocks, &catalog).await?;
    let log = DocumentLog::open(ambient(), Arc::new(MemoryLog::default()), models);
    let archive = Arc::new(archive);
    let settings = HotSettings::default();
    let hot = HotTraces::open_with(ambient(), log, archive, settings, Vec::new());
    hot.caught_up().await.unwrap();
    Ok(hot)
}

async fn stored(hot: &HotTraces) -> Stored {
    let traces: Vec<TraceId> = expected().into_keys().collect();
    let found = hot.stored(&traces).await.unwrap();
    let found = traces.into_iter().zip(found);
    found
        .filter(|(_, documents)| !documents.is_empty())
        .map(|(trace, documents)| {
            let documents = documents.into_iter();
            let told = documents.map(|logged| (logged.received.0, logged.document));
            (trace, told.collect())
        })
        .collect()
}

async fn found(hot: &HotTraces) -> BTreeSet<TraceId> {
    let always = TimestampMicros(0)..TimestampMicros(i64::MAX);
    let found = hot.projections(always, Axis::Received).await.unwrap();
    found.iter().map(|projection| projection.id).collect()
}

#[tokio::test]
async fn every_version_of_the_log_is_read_and_comes_to_rest() {
    for version in LOGS {
        let copy = copy_of(&format!("log-{version}"));
        let hot = over_log(open_log(copy.path()).unwrap()).await;
        assert_eq!(stored(&hot).await, expected(), "version {version}");
        assert_eq!(found(&hot).await, expected().into_keys().collect());
        hot.come_to_rest().await.unwrap();
        assert_eq!(hot.held().documents, documents().len());
        assert_eq!(stored(&hot).await, expected(), "version {version}");
        assert_eq!(hot.losses(), Losses::default());
    }
}

#[tokio::test]
async fn every_version_of_blocks_is_read_and_merged() {
    for version in BLOCKS {
        let copy = copy_of(&format!("blocks-{version}"));
        let hot = over_blocks(copy.path()).await.unwrap();
        assert!(hot.kept().blocks.len() > 1);
        assert_eq!(stored(&hot).await, expected(), "version {version}");
        assert_eq!(found(&hot).await, expected().into_keys().collect());
        hot.come_to_rest().await.unwrap();
        assert_eq!(hot.kept().blocks.len(), 1, "merged");
        assert_eq!(stored(&hot).await, expected(), "version {version}");
        assert_eq!(found(&hot).await, expected().into_keys().collect());
        assert_eq!(hot.losses(), Losses::default());
    }
}

#[test]
fn there_is_a_fixture_of_what_is_written_now() {
    assert_eq!(
        segments::VERSION.max(traces::VERSION),
        BLOCKS[BLOCKS.len() - 1]
    );
    let written = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(write_log(written.path()));
    assert_eq!(log_version(written.path()), LOGS[LOGS.len() - 1]);
    for version in LOGS {
        let fixture = fixtures().join(format!("log-{version}"));
        assert_eq!(log_version(&fixture), version);
    }
}

/// The version that a log's first file names.
fn log_version(directory: &Path) -> u16 {
    let content = fs::read(first_log_file(directory)).unwrap();
    u16::from_le_bytes([content[8], content[9]])
}

fn first_log_file(directory: &Path) -> PathBuf {
    let files = fs::read_dir(directory).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let logs = files.filter(|path| path.extension().is_some_and(|end| end == "log"));
    logs.min().unwrap()
}

#[test]
fn a_log_of_a_newer_version_is_refused_and_left_alone() {
    let newest = LOGS[LOGS.len() - 1];
    let copy = copy_of(&format!("log-{newest}"));
    let file = first_log_file(copy.path());
    let mut content = fs::read(&file).unwrap();
    content[8] += 1;
    fs::write(&file, &content).unwrap();
    let error = open_log(copy.path()).unwrap_err();
    let name = file.file_name().unwrap().to_str().unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "log file {name} has format version {}, this version of Fluoro reads up to {newest}",
            newest + 1
        )
    );
    assert_eq!(fs::read(&file).unwrap(), content);
}

/// Changes bytes of a file of the first block, and its checksums with them. The bytes must be there, once.
fn forge(directory: &Path, part: &str, from: &[u8], to: &[u8]) {
    let file = directory.join(format!("0000000000000000-{part}.parquet"));
    let mut content = fs::read(&file).unwrap();
    let places: Vec<usize> = (0..content.len())
        .filter(|at| content[*at..].starts_with(from))
        .collect();
    assert!(!places.is_empty(), "{part} has no {from:?}");
    for at in places {
        content[at..at + to.len()].copy_from_slice(to);
    }
    fs::write(&file, &content).unwrap();
    let sums = directory.join(format!("0000000000000000-{part}.parquet.sums"));
    fs::write(sums, Sums::of(&content).to_bytes()).unwrap();
}

#[tokio::test]
async fn a_block_of_a_newer_version_is_refused_and_left_alone() {
    let newest = BLOCKS[BLOCKS.len() - 1];
    for part in ["segments", "traces"] {
        let copy = copy_of(&format!("blocks-{newest}"));
        // As Parquet's footer has a key and its value: texts of the compact protocol, each behind its length.
        let pair = |version: u32| format!("fluoro.{part}.version\u{18}\u{1}{version}").into_bytes();
        forge(copy.path(), part, &pair(newest), &pair(newest + 1));
        let before = listing(copy.path());
        let error = over_blocks(copy.path()).await.unwrap_err();
        let ArchiveError::File { block: 0, source } = error else {
            panic!("{error}");
        };
        assert!(matches!(source, FileError::Newer { .. }), "{source}");
        assert_eq!(
            source.to_string(),
            format!(
                "the file has format version {}, this version of Fluoro reads up to {newest}",
                newest + 1
            )
        );
        assert_eq!(listing(copy.path()), before);
    }
}

#[tokio::test]
async fn a_block_that_is_not_what_its_version_says_is_missed_counted_and_left_alone() {
    let newest = BLOCKS[BLOCKS.len() - 1];
    for (part, column) in [("segments", "parent_id"), ("traces", "longest")] {
        let copy = copy_of(&format!("blocks-{newest}"));
        let mut other = column.as_bytes().to_vec();
        other[0] += 1;
        forge(copy.path(), part, column.as_bytes(), &other);
        let before = listing(copy.path());
        let hot = over_blocks(copy.path()).await.unwrap();
        let left = stored(&hot).await;
        assert!(!left.is_empty() && left.len() < expected().len());
        let lost = documents().len() - left.values().map(Vec::len).sum::<usize>();
        let expected = Losses {
            unreadable: lost as u64,
            ..Losses::default()
        };
        assert_eq!(hot.losses(), expected);
        hot.come_to_rest().await.unwrap();
        hot.sweep().await.unwrap();
        assert_eq!(listing(copy.path()), before);
    }
}

#[tokio::test]
async fn blocks_of_before_version_1_was_finished_are_missed_counted_and_left_alone() {
    let copy = copy_of("blocks-1-early");
    let before = listing(copy.path());
    let hot = over_blocks(copy.path()).await.unwrap();
    assert_eq!(stored(&hot).await, Stored::new());
    let expected = Losses {
        unreadable: documents().len() as u64,
        ..Losses::default()
    };
    assert_eq!(hot.losses(), expected);
    hot.come_to_rest().await.unwrap();
    assert_eq!(listing(copy.path()), before);
}

fn listing(directory: &Path) -> Vec<(String, u64)> {
    let files = fs::read_dir(directory).unwrap().map(Result::unwrap);
    let mut listing: Vec<(String, u64)> = files
        .map(|file| {
            let name = file.file_name().into_string().unwrap();
            (name, file.metadata().unwrap().len())
        })
        .filter(|(name, _)| !name.starts_with('.'))
        .collect();
    listing.sort();
    listing
}

/// Writes the fixtures of the versions of now.
#[tokio::test]
#[ignore = "writes fixtures: by hand, when a format changes"]
async fn write_fixtures_of_this_version() {
    let log = fixtures().join(format!("log-{}", LOGS[LOGS.len() - 1]));
    if !log.exists() {
        write_log(&log).await;
    }
    let blocks = fixtures().join(format!("blocks-{}", BLOCKS[BLOCKS.len() - 1]));
    if !blocks.exists() {
        write_blocks(&blocks).await;
    }
}

/// Puts the documents, and calls back after each.
async fn put_all(hot: &HotTraces, mut after: impl AsyncFnMut(usize)) {
    for (number, (at, document)) in documents().into_iter().enumerate() {
        let facts = Document::parse(&document).unwrap();
        let coded = hot.code([(&facts, &document)].into_iter());
        let incoming = Incoming {
            bytes: document.len(),
            facts: Arc::new(facts),
        };
        let put = hot.put(
            Row::Second,
            TimestampMicros(at),
            coded,
            [incoming].into_iter(),
        );
        put.await.unwrap();
        after(number).await;
    }
}

async fn write_log(path: &Path) {
    let log = open_log(path).unwrap();
    let hot = over_log(Arc::clone(&log)).await;
    put_all(&hot, async |_| ()).await;
    close(hot, log).await;
    fs::remove_file(path.join("LOCK")).ok();
}

async fn write_blocks(path: &Path) {
    let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
    let blocks: Arc<dyn Blocks> = Arc::new(DirectoryBlocks::open(path).unwrap());
    let catalog: Arc<dyn Catalog> = Arc::new(MemoryCatalog::default());
    let (archive, models) = Archive::open(blocks, &catalog).await.unwrap();
    let documents = DocumentLog::open(ambient(), Arc::clone(&log), models);
    let archive = Arc::new(archive);
    let settings = HotSettings::default();
    let hot = HotTraces::open_with(ambient(), documents, archive, settings, Vec::new());
    hot.caught_up().await.unwrap();
    // In the midst of a trace, so that it has a row in each.
    put_all(&hot, async |number| {
        if number == 20 {
            hot.flush().await.unwrap();
        }
    })
    .await;
    hot.flush().await.unwrap();
    let mut records = BTreeMap::new();
    for (key, found) in catalog.scan("store/").await.unwrap() {
        let value: serde_json::Value = serde_json::from_slice(&found.value).unwrap();
        records.insert(key, value);
    }
    let mut records = serde_json::to_string_pretty(&records).unwrap();
    records.push('\n');
    fs::write(path.join(CATALOG), records).unwrap();
    close(hot, log).await;
    fs::remove_file(path.join(".lock")).unwrap();
}

/// Waits until all that uses the log has ended.
async fn close(hot: Arc<HotTraces>, log: Arc<dyn Log>) {
    drop(hot);
    while Arc::strong_count(&log) > 1 {
        tokio::task::yield_now().await;
    }
}
