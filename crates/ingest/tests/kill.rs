//! `kill -9` under load: what was acknowledged is there afterwards, once.
//!
//! The test runs itself again as the process to be killed. That one takes documents in from several tasks and prints
//! the number of each document once it is acknowledged. A recorded one has no acknowledgement: its number is printed
//! 100 ms after it was handed over, plus what the disk took longer for two syncs (the one under way and its own), plus
//! what the machine kept a sleeping thread waiting. Of that time only the part counts in which the machine was this
//! process's to use: what other processes take of the cores is not ours to promise.
//!
//! All the while documents go from the log to blocks, and blocks are merged, so that a kill falls into that, too: each round
//! in one of the ways that [`Upkeep`] tells. Of each trace four documents come, two of them much later, so that most traces
//! come again when a part of them is at rest.
//!
//! The process is killed after a random number of lines; then the data directory is opened here and searched. The next round
//! goes on in the same directory, for a while.
//!
//! `FLUORO_KILLS` says how many rounds, `FLUORO_FIRST_SEED` where their seeds begin.

#![expect(clippy::unwrap_used, reason = "a test: what fails must end it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use fluoro_ambient::Ambient;
use fluoro_block::segments::SegmentsFile;
use fluoro_block::traces::TracesFile;
use fluoro_ingest::{Door, Ingest, IngestSettings, Source, TraceSink};
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_store::archive::{Archive, BlockRecord};
use fluoro_store::blocks::{Blocks, DirectoryBlocks};
use fluoro_store::catalog::{Catalog, FjallCatalog};
use fluoro_store::documents::DocumentLog;
use fluoro_store::hot::{HotSettings, HotTraces};
use fluoro_store::log::disk::{Directory, Disk, File};
use fluoro_store::log::simulated::Random;
use fluoro_store::log::{LogSettings, SegmentedLog};
use fluoro_store::scan::Axis;
use tokio::task::JoinSet;

const DIRECTORY: &str = "FLUORO_KILL_DIRECTORY";
const FIRST_NUMBER: &str = "FLUORO_KILL_FIRST_NUMBER";
const UPKEEP: &str = "FLUORO_KILL_UPKEEP";

/// A recorded document is kept this long after it was handed over, however the process ends.
const KEPT_AFTER: Duration = Duration::from_millis(100);

/// Every round searches all that is there, so a directory is not kept for ever.
const ROUNDS_TOGETHER: u64 = 15;

/// What the disk and the machine keep everybody waiting for, in nanoseconds.
#[derive(Debug)]
struct Delays {
    ambient: Ambient,
    /// When the sync under way began; 0 when there is none.
    sync_began: AtomicU64,
    slowest_sync: AtomicU64,
    slowest_wake: AtomicU64,
}

impl Delays {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            ambient: Ambient::system(),
            sync_began: AtomicU64::new(0),
            slowest_sync: AtomicU64::new(0),
            slowest_wake: AtomicU64::new(0),
        })
    }

    fn now(&self) -> u64 {
        self.ambient.ticks_nanos()
    }

    fn sync(&self, file: &dyn File) -> io::Result<()> {
        let began = self.now().max(1);
        self.sync_began.store(began, Ordering::Relaxed);
        let done = file.sync();
        self.sync_began.store(0, Ordering::Relaxed);
        let took = self.now().saturating_sub(began);
        self.slowest_sync.fetch_max(took, Ordering::Relaxed);
        done
    }

    /// Sleeps over and over, and notes how much later than asked it wakes: what a busy machine costs every thread.
    fn watch_machine(&self) {
        const NAP: Duration = Duration::from_millis(2);
        loop {
            let asleep = self.now();
            std::thread::sleep(NAP);
            let late = self.now().saturating_sub(asleep).saturating_sub(nanos(NAP));
            self.slowest_wake.fetch_max(late, Ordering::Relaxed);
        }
    }

    fn moment(&self) -> Moment {
        Moment {
            clock: self.now(),
            machine: machine_nanos(),
        }
    }

    /// How much longer what was handed over at `at` may take to be kept: the promise, the sync under way then and its
    /// own, and the wake-ups of the queue, of the thread that parses and of the log's.
    fn left(&self, at: Moment) -> u64 {
        let began = self.sync_began.load(Ordering::Relaxed);
        let under_way = match began {
            0 => 0,
            began => self.now().saturating_sub(began),
        };
        let sync = self.slowest_sync.load(Ordering::Relaxed).max(under_way);
        let wake = self.slowest_wake.load(Ordering::Relaxed);
        let now = self.moment();
        let passed = (now.clock - at.clock).min(now.machine.saturating_sub(at.machine));
        (nanos(KEPT_AFTER) + 2 * sync + 3 * wake).saturating_sub(passed)
    }
}

/// A moment on two clocks, in nanoseconds: the real one, and one that goes only as far as the machine was ours.
#[derive(Debug, Clone, Copy)]
struct Moment {
    clock: u64,
    machine: u64,
}

/// What the machine gave this process or would have given it, since some fixed moment, a core's share of it: the
/// processor time that it took and that in which a processor had nothing to do.
fn machine_nanos() -> u64 {
    // Source: proc(5), /proc/stat: user, nice, system, idle, iowait, …, in hundredths of a second.
    const TICK: u64 = 10_000_000;
    let stat = std::fs::read_to_string("/proc/stat").unwrap();
    let (all, _) = stat.split_once('\n').unwrap();
    let ticks = all.split_whitespace().skip(4).take(2);
    let idle: u64 = ticks.map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    let cores = stat
        .lines()
        .filter(|line| line.starts_with("cpu") && !line.starts_with("cpu "))
        .count() as u64;
    let own = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let own = u64::try_from(own.tv_sec * 1_000_000_000 + own.tv_nsec).unwrap();
    (idle * TICK + own) / cores
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap()
}

/// A disk whose syncs are timed.
#[derive(Debug)]
struct TimedDisk(Directory, Arc<Delays>);

#[derive(Debug)]
struct TimedFile(Arc<dyn File>, Arc<Delays>);

impl TimedDisk {
    fn timed(&self, file: Arc<dyn File>) -> Arc<dyn File> {
        Arc::new(TimedFile(file, Arc::clone(&self.1)))
    }
}

impl Disk for TimedDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        self.0.list()
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        Ok(self.timed(self.0.create(name)?))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        Ok(self.timed(self.0.open(name)?))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.remove(name)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }
}

impl File for TimedFile {
    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(into, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.0.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.1.sync(&*self.0)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.0.truncate(length)
    }
}

/// What brings documents to rest in the process that is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Upkeep {
    /// One flush after the other.
    Flush,
    /// Each flush followed by merging all blocks and giving back what nobody needs.
    Rest,
    /// Nothing but too little memory: who puts waits for flushes, and so may what is recorded.
    Memory,
}

// === impl Upkeep ===

impl Upkeep {
    const ALL: [(Self, &str); 3] = [
        (Self::Flush, "flush"),
        (Self::Rest, "rest"),
        (Self::Memory, "memory"),
    ];

    fn of(name: &str) -> Self {
        let found = Self::ALL.iter().find(|(_, known)| *known == name);
        found.unwrap().0
    }

    fn settings(self) -> HotSettings {
        let default = HotSettings::default();
        HotSettings {
            memory_bytes: match self {
                Self::Memory => 200_000,
                Self::Flush | Self::Rest => default.memory_bytes,
            },
            ..default
        }
    }

    async fn run(self, hot: Arc<HotTraces>) {
        loop {
            match self {
                Self::Flush => hot.flush().await.unwrap(),
                Self::Rest => hot.come_to_rest().await.unwrap(),
                Self::Memory => std::future::pending().await,
            }
        }
    }
}

struct Store {
    log: Arc<DocumentLog>,
    archive: Arc<Archive>,
    catalog: Arc<dyn Catalog>,
    hot: Arc<HotTraces>,
    ingest: Arc<Ingest>,
}

impl Store {
    async fn open(directory: &Path, delays: &Arc<Delays>, settings: HotSettings) -> Self {
        let ambient = Ambient::system();
        // Small files, so that kills fall on their edges, too.
        let log_settings = LogSettings {
            file_bytes: 256 << 10,
            ..LogSettings::default()
        };
        let disk = Directory::open(&directory.join("log")).unwrap();
        let disk = TimedDisk(disk, Arc::clone(delays));
        let log = Arc::new(SegmentedLog::open_on(Arc::new(disk), log_settings).unwrap());
        let catalog = FjallCatalog::open(&directory.join("catalog")).unwrap();
        let catalog: Arc<dyn Catalog> = Arc::new(catalog);
        let blocks = DirectoryBlocks::open(&directory.join("blocks")).unwrap();
        let blocks: Arc<dyn Blocks> = Arc::new(blocks);
        let (archive, models) = Archive::open(blocks, &catalog).await.unwrap();
        let archive = Arc::new(archive);
        let log = DocumentLog::open(ambient.clone(), log, models);
        let parts = (Arc::clone(&log), Arc::clone(&archive));
        let hot = HotTraces::open_with(ambient.clone(), parts.0, parts.1, settings, Vec::new());
        hot.caught_up().await.unwrap();
        let ingest = Ingest::open(ambient, Arc::clone(&hot), IngestSettings::default());
        Self {
            log,
            archive,
            catalog,
            hot,
            ingest,
        }
    }

    /// Waits until the background tasks have let go of the directory.
    async fn close(self) {
        let log = Arc::downgrade(&self.log);
        let archive = Arc::downgrade(&self.archive);
        let catalog = Arc::downgrade(&self.catalog);
        drop(self);
        while log.strong_count() + archive.strong_count() + catalog.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// Documents 2k and 2k+1 of a thousand are of one trace, with those of the other half.
fn trace(number: u32) -> TraceId {
    let mut random = [0; 12];
    let of = number / 1_000 * 1_000 + number % 500 / 2;
    random[8..].copy_from_slice(&of.to_be_bytes());
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
    let delays = Delays::new();
    let upkeep = Upkeep::of(&std::env::var(UPKEEP).unwrap());
    let store = Store::open(&PathBuf::from(directory), &delays, upkeep.settings()).await;
    let first = std::env::var(FIRST_NUMBER).unwrap().parse().unwrap();
    let next = Arc::new(AtomicU32::new(first));
    let mut tasks: JoinSet<()> = JoinSet::new();
    tasks.spawn(upkeep.run(Arc::clone(&store.hot)));
    for task in 0..3 {
        let (ingest, next) = (Arc::clone(&store.ingest), Arc::clone(&next));
        tasks.spawn(async move {
            loop {
                let count = 1 + task * 20;
                let from = next.fetch_add(count, Ordering::Relaxed);
                let documents = (from..from + count).map(document).collect();
                match ingest.put(&source("put"), documents).await {
                    Ok(outcomes) => {
                        assert!(outcomes.iter().all(Result::is_ok));
                        say("ack", from..from + count);
                    }
                    // It waited for memory in vain.
                    Err(error) => assert_eq!(upkeep, Upkeep::Memory, "{error}"),
                }
            }
        });
    }
    let (handed_over, recorded) = std::sync::mpsc::sync_channel::<(Moment, Range<u32>)>(10_000);
    let watch = Arc::clone(&delays);
    std::thread::spawn(move || watch.watch_machine());
    let told = Arc::clone(&delays);
    std::thread::spawn(move || {
        for (at, numbers) in recorded {
            while let left @ 1.. = told.left(at) {
                std::thread::sleep(Duration::from_nanos(left));
            }
            say("kept", numbers);
        }
    });
    let ingest = Arc::clone(&store.ingest);
    tasks.spawn(async move {
        loop {
            let count = 7;
            let from = next.fetch_add(count, Ordering::Relaxed);
            for number in from..from + count {
                ingest.record(&source("record"), document(number));
            }
            handed_over
                .send((delays.moment(), from..from + count))
                .unwrap();
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    });
    // None ends by itself.
    tasks.join_next().await.unwrap().unwrap();
}

/// Prints numbers in one write, so that lines of several tasks do not mix.
fn say(what: &str, numbers: Range<u32>) {
    let lines: String = numbers.map(|number| format!("{what} {number}\n")).collect();
    let mut out = std::io::stdout().lock();
    out.write_all(lines.as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Runs the process until it has printed `lines` numbers with `word`, kills it, and returns every number printed. What waits
/// for memory may be acknowledged later than others; when it is recorded is not promised then.
fn run_and_kill(
    directory: &Path,
    first: u32,
    (word, lines): (&str, usize),
    (upkeep, name): (Upkeep, &str),
) -> Vec<u32> {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "process_to_be_killed",
            "--ignored",
            "--nocapture",
        ])
        .env(DIRECTORY, directory)
        .env(FIRST_NUMBER, first.to_string())
        .env(UPKEEP, name)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(process.stdout.take().unwrap());
    let mut printed = Vec::new();
    let mut counted = 0;
    let mut line = String::new();
    // What was printed before the kill counts, also when it is read after it.
    while out.read_line(&mut line).unwrap() > 0 {
        // The last line may be cut.
        let whole = line
            .strip_suffix('\n')
            .and_then(|line| line.split_once(' '));
        if let Some((found @ ("ack" | "kept"), number)) = whole {
            if found == "ack" || upkeep != Upkeep::Memory {
                printed.push(number.parse().unwrap());
            }
            counted += usize::from(found == word);
            if counted == lines && found == word {
                process.kill().unwrap();
            }
        }
        line.clear();
    }
    let status = process.wait().unwrap();
    assert!(
        !status.success() && status.code().is_none(),
        "it was killed: {status}"
    );
    printed
}

/// What a data directory holds, read file by file.
#[derive(Debug, Default)]
struct Kept {
    /// Every number, by trace.
    numbers: BTreeMap<TraceId, BTreeSet<u32>>,
    at_rest: usize,
}

impl Kept {
    /// A document: whole, and not there twice.
    fn take(&mut self, trace_id: TraceId, json: &[u8]) {
        let id = json.split(|byte| *byte == b'"').nth(7).unwrap();
        let number = u32::from_str_radix(std::str::from_utf8(id).unwrap(), 16).unwrap();
        assert_eq!(json, document(number));
        assert_eq!(trace_id, trace(number));
        let is_new = self.numbers.entry(trace_id).or_default().insert(number);
        assert!(is_new, "document {number} is there twice");
    }

    /// What is in blocks: that of each trace is told by the newest of its rows.
    fn take_blocks(&mut self, directory: &Path, blocks: &[BlockRecord]) {
        let file = |block: &BlockRecord, part: &str| {
            let name = format!("{:016x}-{part}.parquet", block.number);
            fs::File::open(directory.join("blocks").join(name)).unwrap()
        };
        let mut rows: BTreeMap<TraceId, u32> = BTreeMap::new();
        for block in blocks {
            let segments = SegmentsFile::open(file(block, "segments")).unwrap();
            for row in segments.all().flat_map(Result::unwrap) {
                self.take(row.trace, &row.document(&segments.model()).unwrap());
                self.at_rest += 1;
            }
            let traces = TracesFile::open(file(block, "traces")).unwrap();
            for row in traces.all().flat_map(Result::unwrap) {
                rows.insert(row.trace, row.documents);
            }
        }
        let counts = self.numbers.iter();
        let counts: BTreeMap<TraceId, u32> = counts
            .map(|(trace, numbers)| (*trace, u32::try_from(numbers.len()).unwrap()))
            .collect();
        assert_eq!(rows, counts, "rows of traces tell of their documents");
    }

    /// What is in the log and in no block.
    async fn take_log(&mut self, store: &Store) {
        let extent = store.log.extent();
        assert_eq!(extent.damaged, 0);
        let watermark = store.archive.watermark();
        let mut next = Some(extent.first);
        while let Some(from) = next {
            let chunk = store.log.scan(from, 4 << 20).await.unwrap();
            let after = chunk.rows.into_iter();
            for (_, lineage, row) in after.filter(|(position, ..)| *position >= watermark) {
                let model = store.log.model(lineage).unwrap_or_default();
                self.take(row.trace, &row.document(&model).unwrap());
            }
            next = chunk.next;
        }
    }

    /// The same as questions are answered: no trace twice, none without a part of it.
    async fn ask(&self, hot: &HotTraces) {
        let always = TimestampMicros(0)..TimestampMicros(i64::MAX);
        let found = hot.projections(always, Axis::Received).await.unwrap();
        assert_eq!(found.len(), self.numbers.len(), "each trace once");
        for projection in found {
            let numbers = &self.numbers[&projection.id];
            assert_eq!(projection.observations.len(), numbers.len());
        }
        for (trace, numbers) in self.numbers.iter().rev().take(20) {
            let documents = hot.documents(*trace).await.unwrap();
            let ids = documents
                .iter()
                .map(|received| u32::from_str_radix(&received.document.entity.id.to_string(), 16));
            let mut ids: Vec<u32> = ids.map(Result::unwrap).collect();
            ids.sort_unstable();
            assert!(ids.iter().eq(numbers), "{trace}: {ids:?}, not {numbers:?}");
        }
    }
}

/// What was seen in all rounds.
#[derive(Debug, Default)]
struct Seen {
    /// How long the starts took.
    starts: Vec<Duration>,
    /// Kills that left a file half written.
    half_written: usize,
    /// Kills that left files which no list of blocks had.
    not_listed: usize,
    most_blocks: usize,
    most_at_rest: usize,
}

/// How many files of blocks there are, and of half-written ones.
fn files(directory: &Path) -> (usize, usize) {
    let Ok(entries) = fs::read_dir(directory.join("blocks")) else {
        return (0, 0);
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let (half, whole): (Vec<_>, Vec<_>) = names
        .filter(|name| name != ".lock")
        .partition(|name| name.starts_with('.'));
    (whole.len(), half.len())
}

/// Every number that there is.
async fn stored(directory: &Path, seen: &mut Seen) -> BTreeSet<u32> {
    let ambient = Ambient::system();
    let (before, half_written) = files(directory);
    let began = ambient.ticks_nanos();
    let store = Store::open(directory, &Delays::new(), HotSettings::default()).await;
    let took = ambient.ticks_nanos() - began;
    seen.starts.push(Duration::from_nanos(took));
    let blocks = store.archive.blocks();
    assert_eq!(files(directory), (blocks.len() * 4, 0));
    seen.half_written += usize::from(half_written > 0);
    seen.not_listed += usize::from(before > blocks.len() * 4);
    let mut kept = Kept::default();
    kept.take_blocks(directory, &blocks);
    kept.take_log(&store).await;
    kept.ask(&store.hot).await;
    seen.most_blocks = seen.most_blocks.max(blocks.len());
    seen.most_at_rest = seen.most_at_rest.max(kept.at_rest);
    store.close().await;
    kept.numbers.into_values().flatten().collect()
}

#[tokio::test]
async fn nothing_acknowledged_or_recorded_is_lost_by_a_kill() {
    let setting = |name: &str, otherwise: u64| {
        std::env::var(name).map_or(otherwise, |value| value.parse().unwrap())
    };
    let mut directory = tempfile::tempdir().unwrap();
    let mut random = Random::new(setting("FLUORO_FIRST_SEED", 0));
    let mut kept = BTreeSet::new();
    let mut seen = Seen::default();
    let rounds = setting("FLUORO_KILLS", 15);
    for round in 0..rounds {
        if round % ROUNDS_TOGETHER == 0 {
            directory = tempfile::tempdir().unwrap();
            kept.clear();
        }
        let first = u32::try_from(round).unwrap() * 1_000_000;
        let upkeep = Upkeep::ALL[random.below(3)];
        // Every other time at the moment when a recorded document has to be there.
        let until = match round % 2 {
            1 if upkeep.0 != Upkeep::Memory => ("kept", 1 + random.below(200)),
            _ => ("ack", 1 + random.below(800)),
        };
        kept.extend(run_and_kill(directory.path(), first, until, upkeep));
        let stored = stored(directory.path(), &mut seen).await;
        let lost: Vec<&u32> = kept.difference(&stored).collect();
        assert!(
            lost.is_empty(),
            "round {round}: acknowledged or recorded, and lost: {lost:?}"
        );
    }
    seen.starts.sort_unstable();
    let middle = seen.starts[seen.starts.len() / 2];
    let longest = seen.starts.last().unwrap();
    println!(
        "{rounds} kills, {} of them left files half written and {} files that no list had; at most {} blocks and {} documents \
         at rest; a start took {middle:.0?}, at most {longest:.0?}",
        seen.half_written, seen.not_listed, seen.most_blocks, seen.most_at_rest
    );
    assert!(seen.most_at_rest > 0, "something came to rest");
}
