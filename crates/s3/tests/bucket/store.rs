//! The whole store over a bucket: what comes to rest there, what happens when the bucket fails, and how often it is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::server::{BUCKET, Server};
use bytes::Bytes;
use fluoro_ambient::{Ambient, ManualClock, SeededEntropy};
use fluoro_model::document::Document;
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_s3::BucketBlocks;
use fluoro_store::archive::{Archive, ArchiveError, Home};
use fluoro_store::blocks::{Blocks, DirectoryBlocks};
use fluoro_store::catalog::{Catalog, MemoryCatalog};
use fluoro_store::documents::{DocumentLog, Row};
use fluoro_store::hot::{HotSettings, HotTraces, Incoming, Losses};
use fluoro_store::log::simulated::{Random, SimulatedDisk};
use fluoro_store::log::{Log, LogError, LogSettings, SegmentedLog};
use fluoro_store::scan::Axis;

const NOW: i64 = 1_790_000_000_000_000;

/// What outlives a process.
struct Ground {
    server: Server,
    clock: Arc<ManualClock>,
    disk: SimulatedDisk,
    catalog: Arc<dyn Catalog>,
    settings: HotSettings,
    /// How much of what was read of the bucket is held.
    cache_bytes: usize,
}

/// A process.
struct Bench {
    log: Arc<dyn Log>,
    documents: Arc<DocumentLog>,
    archive: Arc<Archive>,
    blocks: Arc<BucketBlocks>,
    hot: Arc<HotTraces>,
}

impl Ground {
    async fn new(settings: HotSettings) -> Self {
        Self {
            server: Server::start().await,
            clock: Arc::new(ManualClock::at(NOW)),
            disk: SimulatedDisk::new(5),
            catalog: Arc::new(MemoryCatalog::default()),
            settings,
            cache_bytes: 64 << 20,
        }
    }

    async fn start(&self) -> Bench {
        let clock = Arc::<ManualClock>::clone(&self.clock);
        let ambient = Ambient::new(clock, Arc::new(SeededEntropy::new(1)));
        let settings = LogSettings {
            file_bytes: 256 << 10,
            ..LogSettings::default()
        };
        let log = SegmentedLog::open_on(Arc::new(self.disk.clone()), settings).unwrap();
        let log: Arc<dyn Log> = Arc::new(log);
        let mut bucket = self.server.settings("fluoro");
        bucket.cache_bytes = self.cache_bytes;
        let blocks = BucketBlocks::open(&bucket, "me", crate::server::ambient()).await;
        let blocks = Arc::new(blocks.unwrap());
        let engine: Arc<dyn Blocks> = Arc::<BucketBlocks>::clone(&blocks);
        let (archive, models) = Archive::open(engine, &self.catalog).await.unwrap();
        let archive = Arc::new(archive);
        let documents = DocumentLog::open(ambient.clone(), Arc::clone(&log), models);
        let parts = (Arc::clone(&documents), Arc::clone(&archive));
        let hot = HotTraces::open_with(ambient, parts.0, parts.1, self.settings, Vec::new());
        hot.caught_up().await.unwrap();
        Bench {
            log,
            documents,
            archive,
            blocks,
            hot,
        }
    }

    /// The names of all objects.
    fn objects(&self) -> BTreeSet<String> {
        let files = std::fs::read_dir(self.server.path("fluoro")).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name != ".owner").collect()
    }
}

impl Bench {
    /// Ends the process, and waits until it has let go of its files.
    async fn stop(self) {
        let log = Arc::downgrade(&self.log);
        drop(self);
        while log.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
    }

    async fn put(&self, at: i64, documents: &[String]) -> Result<(), LogError> {
        let parsed: Vec<Arc<Document>> = documents
            .iter()
            .map(|json| Arc::new(Document::parse(json.as_bytes()).unwrap()))
            .collect();
        let jsons: Vec<Bytes> = documents.iter().cloned().map(Bytes::from).collect();
        let coded = self
            .documents
            .code(parsed.iter().map(|document| &**document).zip(&jsons));
        let incoming = parsed.iter().zip(&jsons).map(|(document, json)| Incoming {
            bytes: json.len(),
            facts: Arc::clone(document),
        });
        let put = self
            .hot
            .put(Row::Second, TimestampMicros(at), coded, incoming);
        put.await
    }

    /// The ids of a trace's documents, in the order received.
    async fn documents_of(&self, number: u64) -> Vec<String> {
        let documents = self.hot.documents(trace(number)).await.unwrap();
        let ids = documents.iter();
        ids.map(|received| received.document.entity.id.to_string())
            .collect()
    }

    async fn traces(&self) -> BTreeSet<TraceId> {
        let all = TimestampMicros(NOW - 1_000_000_000)..TimestampMicros(NOW + 1_000_000_000);
        let found = self.hot.projections(all, Axis::Received).await.unwrap();
        let count = found.len();
        let traces: BTreeSet<TraceId> = found.iter().map(|projection| projection.id).collect();
        assert_eq!(traces.len(), count, "a trace is there twice");
        traces
    }
}

fn trace(number: u64) -> TraceId {
    TraceId::new(1_790_000_000, {
        let mut random = [0; 12];
        random[4..].copy_from_slice(&number.to_be_bytes());
        random
    })
}

fn segment(number: u64) -> String {
    // Some text that does not compress to nothing.
    let mut random = Random::new(number);
    let note: String = (0..120)
        .map(|_| char::from(b'a' + u8::try_from(random.below(26)).unwrap()))
        .collect();
    format!(
        r#"{{"name":"shop","id":"{number:016x}","trace_id":"{}","start_time":1790000000.5,"end_time":1790000001.25,"annotations":{{"order":{number}}},"metadata":{{"default":{{"note":"{note}"}}}}}}"#,
        trace(number)
    )
}

fn subsegment(number: u64, id: u64) -> String {
    format!(
        r#"{{"type":"subsegment","name":"part","id":"{id:016x}","trace_id":"{}","parent_id":"{number:016x}","start_time":1790000000.6,"end_time":1790000000.7}}"#,
        trace(number)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_bucket_is_found_after_a_start_and_goes_when_it_is_due() {
    let mut ground = Ground::new(HotSettings {
        retention_micros: 10_000_000,
        ..HotSettings::default()
    })
    .await;
    let bench = ground.start().await;
    for number in 0..60 {
        bench.put(NOW, &[segment(number)]).await.unwrap();
        if number % 20 == 19 {
            bench.hot.flush().await.unwrap();
        }
    }
    assert_eq!(ground.objects().len(), 12, "three blocks");
    bench.hot.come_to_rest().await.unwrap();
    assert_eq!(ground.objects().len(), 4, "merged, and the others deleted");
    bench.stop().await;

    // What nobody knows, as of a flush or a merge that was cut off, goes at the next start.
    let orphan = ground
        .server
        .path("fluoro/00000000000000ff-segments.parquet");
    std::fs::write(&orphan, "half").unwrap();
    let other = ground.server.path("fluoro/notes.txt");
    std::fs::write(&other, "not ours").unwrap();
    // A log of its own: what is found is in the bucket.
    ground.disk = SimulatedDisk::new(6);
    let bench = ground.start().await;
    assert!(!orphan.exists() && other.exists());
    assert_eq!(bench.traces().await.len(), 60);
    assert_eq!(bench.documents_of(7).await, [format!("{:016x}", 7)]);

    bench
        .put(NOW + 9_000_000, &[subsegment(7, 1_007)])
        .await
        .unwrap();
    assert_eq!(bench.documents_of(7).await.len(), 2);
    bench.hot.flush().await.unwrap();
    ground.clock.advance_micros(12_000_000);
    bench.hot.sweep().await.unwrap();
    assert_eq!(bench.traces().await, BTreeSet::from([trace(7)]));
    assert_eq!(ground.objects().len(), 5, "a block, and what is not ours");
    let expected = Losses {
        age: 60,
        ..Losses::default()
    };
    assert_eq!(bench.hot.losses(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_costs_nothing_but_time() {
    let mut ground = Ground::new(HotSettings {
        memory_bytes: 200_000,
        cache_bytes: 50_000,
        ..HotSettings::default()
    })
    .await;
    ground.cache_bytes = 0;
    let bench = ground.start().await;
    for number in 0..10 {
        bench.put(NOW, &[segment(number)]).await.unwrap();
    }
    bench.hot.come_to_rest().await.unwrap();
    bench.stop().await;
    let bench = ground.start().await;

    ground.server.fate.is_down(true);
    bench.put(NOW + 1, &[segment(10)]).await.unwrap();
    let error = bench.hot.flush().await.unwrap_err();
    let told = chain(&error);
    assert!(
        told.contains("write block 0000000000000001-segments.parquet in s3://traces/fluoro"),
        "{told}"
    );
    assert!(told.contains("Error performing PUT http://"), "{told}");
    let at_rest = bench.hot.documents(trace(3)).await.unwrap_err();
    let told = chain(&at_rest);
    assert!(
        told.contains("read block 0000000000000000-segments"),
        "{told}"
    );
    // What is hot is taken in and served, until memory is full.
    let mut taken = 11;
    let refused = loop {
        if let Err(error) = bench.put(NOW + 1, &[segment(taken)]).await {
            break error;
        }
        assert_eq!(bench.documents_of(taken).await.len(), 1);
        let projection = bench.hot.by_id(trace(taken)).await.unwrap();
        assert!(projection.unwrap().is_complete());
        taken += 1;
    };
    assert!(matches!(refused, LogError::Behind) && refused.is_retryable());
    assert!(taken > 100, "{taken}");
    assert!(bench.hot.held().memory_bytes < 300_000);

    ground.server.fate.is_down(false);
    bench.hot.come_to_rest().await.unwrap();
    bench.put(NOW + 2, &[segment(taken)]).await.unwrap();
    assert_eq!(
        bench.traces().await.len(),
        usize::try_from(taken).unwrap() + 1
    );
    bench.hot.come_to_rest().await.unwrap();
    bench.stop().await;
    let bench = ground.start().await;
    assert_eq!(
        bench.traces().await.len(),
        usize::try_from(taken).unwrap() + 1
    );
    assert_eq!(bench.hot.losses(), Losses::default());
}

/// An error and its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(|source| format!(": {}", chain(source)));
    format!("{error}{}", cause.unwrap_or_default())
}

/// Everything at random, held against a map: as many seeds as `FLUORO_LIVES` says, from `FLUORO_FIRST_LIFE` on.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_nothing_is_lost_doubled_or_split() {
    let setting = |name: &str, otherwise: u64| {
        std::env::var(name).map_or(otherwise, |value| value.parse().unwrap())
    };
    let first = setting("FLUORO_FIRST_LIFE", 0);
    let mut failed = 0;
    for seed in first..first + setting("FLUORO_LIVES", 4) {
        failed += random_life(seed).await;
    }
    assert!(failed > 0, "nothing ever failed");
}

/// Returns how often flushes and merges failed.
async fn random_life(seed: u64) -> u64 {
    let mut random = Random::new(seed);
    let mut ground = Ground::new(HotSettings {
        memory_bytes: if random.chance(500) { 60_000 } else { 10 << 20 },
        cache_bytes: if random.chance(500) { 0 } else { 1 << 20 },
        metadata_bytes: if seed.is_multiple_of(2) {
            100_000
        } else {
            1 << 20
        },
        ..HotSettings::default()
    })
    .await;
    // A piece or two; or all.
    ground.cache_bytes = if random.chance(500) {
        600 << 10
    } else {
        16 << 20
    };
    let ground = ground;
    let fate = &ground.server.fate;
    let mut bench = ground.start().await;
    let mut model: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    let mut failed = 0;
    for step in 0..150_u64 {
        let number = u64::try_from(random.below(30)).unwrap();
        match random.below(16) {
            what @ (0..=2) => {
                // A request in two fails, some of them after all was done; a request is tried five times.
                fate.fails(random.below(600).try_into().unwrap());
                fate.is_down(random.chance(200));
                let done = match what {
                    0 => bench.hot.flush().await,
                    _ => bench.hot.come_to_rest().await,
                };
                failed += u64::from(done.is_err());
                fate.fails(0);
                fate.is_down(false);
            }
            3 => {
                bench.stop().await;
                bench = ground.start().await;
            }
            4 => assert_eq!(
                bench.traces().await.len(),
                model.len(),
                "seed {seed}, {step}"
            ),
            5 | 6 => {
                // Reads are tried again, too.
                fate.fails(100);
                let expected = model.get(&number).cloned().unwrap_or_default();
                assert_eq!(bench.documents_of(number).await, expected, "seed {seed}");
                fate.fails(0);
            }
            _ => {
                let (document, id) = match model.get(&number) {
                    None => (segment(number), number),
                    Some(_) => (subsegment(number, 1_000 + step), 1_000 + step),
                };
                let at = NOW + i64::try_from(step).unwrap();
                bench.put(at, &[document]).await.unwrap();
                model.entry(number).or_default().push(format!("{id:016x}"));
            }
        }
    }
    bench.hot.come_to_rest().await.unwrap();
    let blocks = bench.archive.blocks().len();
    assert_eq!(ground.objects().len(), 4 * blocks, "seed {seed}");
    bench.stop().await;
    let bench = ground.start().await;
    for (number, expected) in &model {
        assert_eq!(bench.documents_of(*number).await, *expected, "seed {seed}");
    }
    assert_eq!(bench.traces().await.len(), model.len(), "seed {seed}");
    failed
}

#[tokio::test(flavor = "multi_thread")]
async fn who_moves_to_a_bucket_takes_the_files_along() {
    let mut ground = Ground::new(HotSettings::default()).await;
    let bench = ground.start().await;
    bench.put(NOW, &[segment(1)]).await.unwrap();
    bench.hot.come_to_rest().await.unwrap();
    bench.stop().await;
    let ambient = crate::server::ambient();
    let directory = tempfile::tempdir().unwrap();
    let local = DirectoryBlocks::open(directory.path()).unwrap();
    let mut home = Home::open(&ambient, &ground.catalog, "s3://traces/fluoro")
        .await
        .unwrap();
    let owner = home.owner().to_owned();
    let refused = home.settle_in("here", &local).await.unwrap_err();
    assert!(matches!(refused, ArchiveError::Moved { .. }));
    assert_eq!(
        refused.to_string(),
        "blocks were kept in s3://traces/fluoro, and 4 of their 4 files are not in here: \
         copy them there first, or go on in s3://traces/fluoro"
    );
    for name in ground.objects() {
        let from = ground.server.path("fluoro").join(&name);
        std::fs::copy(from, directory.path().join(&name)).unwrap();
    }
    home.settle_in("here", &local).await.unwrap();
    // It is remembered, and so is whose they are.
    let mut home = Home::open(&ambient, &ground.catalog, "elsewhere")
        .await
        .unwrap();
    assert_eq!(home.owner(), owner);
    let empty = ground.server.open("empty", "me").await.unwrap();
    home.settle_in("here", &empty).await.unwrap();
    home.settle_in("s3://traces/empty", &empty)
        .await
        .unwrap_err();
    // A directory without blocks may be anywhere.
    ground.catalog = Arc::new(MemoryCatalog::default());
    let mut home = Home::open(&ambient, &ground.catalog, "here").await.unwrap();
    assert_ne!(home.owner(), owner);
    home.settle_in("s3://traces/empty", &empty).await.unwrap();
}

/// How many requests what costs: for so many traces as `FLUORO_TRACES` says.
#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_asks_the_bucket_a_few_times_or_not_at_all() {
    const LOOKUPS: u64 = 20;
    let traces = std::env::var("FLUORO_TRACES").map_or(10_000, |traces| traces.parse().unwrap());
    let ground = Ground::new(HotSettings {
        // Flushes are made here.
        flush_bytes: 1 << 40,
        ..HotSettings::default()
    })
    .await;
    let bench = ground.start().await;
    let all: Vec<u64> = (0..traces).collect();
    for some in all.chunks(500) {
        let documents: Vec<String> = some
            .iter()
            .flat_map(|number| {
                [
                    segment(*number),
                    subsegment(*number, 1_000_000 + number),
                    subsegment(*number, 2_000_000 + number),
                ]
            })
            .collect();
        bench.put(NOW, &documents).await.unwrap();
    }
    ground.server.fate.requests();
    bench.hot.come_to_rest().await.unwrap();
    let written = ground.server.fate.requests().len();
    let blocks = bench.archive.blocks();
    let bytes: u64 = blocks.iter().map(|block| block.bytes).sum();
    bench.stop().await;

    let bench = ground.start().await;
    let start = ground.server.fate.requests().len();
    let lookup = async |number: u64| {
        let before = bench.blocks.requests();
        assert_eq!(bench.documents_of(number).await.len(), 3);
        bench.blocks.requests() - before
    };
    let places: Vec<u64> = (0..LOOKUPS).map(|one| one * traces / LOOKUPS).collect();
    let mut cold = Vec::new();
    for number in &places {
        cold.push(lookup(*number).await);
    }
    let mut warm = 0;
    for number in &places {
        warm += lookup(*number).await;
    }
    println!(
        "{traces} traces in {} blocks of {BUCKET}, {} KiB: {written} requests to rest, {start} to start, a lookup {cold:?} cold, \
         {warm} warm for {LOOKUPS}",
        blocks.len(),
        bytes >> 10
    );
    assert!(start <= 4 + 12 * blocks.len(), "{start}");
    assert!(cold.iter().all(|requests| *requests <= 6), "{cold:?}");
    assert_eq!(warm, 0);
}
