//! Traces that come to rest, and come again.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use fluoro_block::checked::Source;
use parking_lot::Mutex;

use super::*;
use crate::archive::{ArchiveError, BlockRecord};
use crate::blocks::{BlockError, BlockInfo, BlockName, Blocks};
use crate::catalog::{CatalogError, Expect, Revision, Versioned, Watch};
use crate::documents::ModelSettings;

mod damage;
mod lineages;
mod questions;

/// What outlives a process.
#[derive(Clone)]
struct Ground {
    clock: Arc<ManualClock>,
    disk: SimulatedDisk,
    blocks: Arc<dyn Blocks>,
    catalog: Arc<dyn Catalog>,
    settings: HotSettings,
    models: ModelSettings,
}

impl Ground {
    fn new(settings: HotSettings) -> Self {
        Self {
            clock: Arc::new(ManualClock::at(NOW)),
            disk: SimulatedDisk::new(5),
            blocks: Arc::new(MemoryBlocks::default()),
            catalog: Arc::new(MemoryCatalog::default()),
            settings,
            models: ModelSettings::default(),
        }
    }

    /// A start.
    async fn start(&self) -> Bench {
        self.start_observed(Vec::new()).await
    }

    async fn start_observed(&self, observers: Vec<Arc<dyn ProjectionObserver>>) -> Bench {
        let clock = Arc::clone(&self.clock);
        let ambient = Ambient::new(
            Arc::<ManualClock>::clone(&clock),
            Arc::new(SeededEntropy::new(1)),
        );
        let log = files(&self.disk);
        let opened = Archive::open(Arc::clone(&self.blocks), &self.catalog).await;
        let (archive, models) = opened.unwrap();
        let documents =
            DocumentLog::open_with(ambient.clone(), Arc::clone(&log), models, self.models);
        let parts = (log, documents, Arc::new(archive));
        let bench = Bench::over(clock, ambient, parts, self.settings, observers);
        bench.hot.caught_up().await.unwrap();
        bench
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

    async fn documents_of(&self, number: u64) -> Vec<(i64, String)> {
        let documents = self.hot.documents(trace(number)).await.unwrap();
        let told = documents.iter().map(|received| {
            let entity = &received.document.entity;
            (received.at.0, format!("{} {}", entity.id, entity.name))
        });
        told.collect()
    }

    async fn found(&self, by: Axis) -> BTreeMap<TraceId, u32> {
        let all = TimestampMicros(NOW - 1_000_000_000)..TimestampMicros(NOW + 1_000_000_000);
        let found = self.hot.projections(all, by).await.unwrap();
        let mut revisions = BTreeMap::new();
        for projection in found {
            let before = revisions.insert(projection.id, projection.revision);
            assert_eq!(before, None, "a trace is there twice");
        }
        revisions
    }
}

fn numbers(blocks: &[BlockRecord]) -> Vec<u64> {
    blocks.iter().map(|block| block.number).collect()
}

#[tokio::test]
async fn what_is_at_rest_is_found_as_before_also_after_a_start() {
    let ground = Ground::new(HotSettings::default());
    let bench = ground.start().await;
    for number in 0..50 {
        bench.put(NOW + 1, &[segment(number, 1.0)]).await;
        if number % 2 == 0 {
            bench
                .put(NOW + 2, &[subsegment(number, 100 + number, number)])
                .await;
        }
    }
    let before = bench.found(Axis::Start).await;
    let documents = bench.documents_of(4).await;
    assert_eq!(documents.len(), 2);
    let projection = bench.hot.by_id(trace(4)).await.unwrap();

    bench.hot.come_to_rest().await.unwrap();
    assert_eq!(bench.archive.blocks().len(), 1);
    assert_eq!(bench.archive.blocks()[0].documents, 75);
    assert!(bench.log.extent().bytes < 100, "the log is given back");
    assert_eq!(bench.found(Axis::Start).await, before);
    bench.stop().await;

    let bench = ground.start().await;
    assert_eq!(bench.hot.held().documents, 0, "the log is given back");
    for by in [
        Axis::Start,
        Axis::Updated,
        Axis::Received,
        Axis::ReceivedOrEnded,
    ] {
        assert_eq!(bench.found(by).await, before, "{by:?}");
    }
    assert_eq!(bench.documents_of(4).await, documents);
    assert_eq!(bench.hot.by_id(trace(4)).await.unwrap(), projection);
    assert!(bench.hot.by_id(trace(50)).await.unwrap().is_none());
    assert_eq!(bench.hot.documents(trace(50)).await.unwrap().len(), 0);
    let expected = (segment(4, 1.0).len() + subsegment(4, 104, 4).len()) as u64;
    assert_eq!(bench.hot.trace_bytes(trace(4)), expected);
}

#[tokio::test]
async fn a_trace_that_comes_again_is_one() {
    let ground = Ground::new(HotSettings::default());
    for restarted in [false, true] {
        let mut bench = ground.start().await;
        let number = u64::from(restarted);
        bench.put(NOW + 1, &[subsegment(number, 77, number)]).await;
        bench.hot.come_to_rest().await.unwrap();
        if restarted {
            bench.stop().await;
            bench = ground.start().await;
        }
        let orphan = bench.hot.by_id(trace(number)).await.unwrap().unwrap();
        assert!(!orphan.is_complete());
        bench.put(NOW + 2, &[segment(number, 1.0)]).await;
        let whole = bench.hot.by_id(trace(number)).await.unwrap().unwrap();
        assert!(whole.is_complete());
        assert_eq!(whole.revision, 2);
        assert_eq!(bench.documents_of(number).await.len(), 2);
        assert_eq!(bench.found(Axis::Received).await[&trace(number)], 2);

        bench.hot.flush().await.unwrap();
        assert_eq!(bench.found(Axis::Received).await[&trace(number)], 2);
        bench.stop().await;
        let bench = ground.start().await;
        assert_eq!(bench.archive.blocks().len(), 2);
        assert_eq!(
            bench.hot.by_id(trace(number)).await.unwrap(),
            Some(Arc::clone(&whole))
        );
        assert_eq!(bench.found(Axis::Start).await[&trace(number)], 2);

        bench.hot.come_to_rest().await.unwrap();
        assert_eq!(bench.archive.blocks().len(), 1, "merged");
        assert_eq!(bench.hot.by_id(trace(number)).await.unwrap(), Some(whole));
        assert_eq!(bench.documents_of(number).await.len(), 2);
        assert_eq!(bench.found(Axis::Start).await[&trace(number)], 2);
        bench.stop().await;
    }
}

#[tokio::test]
async fn a_flush_that_is_due_leaves_the_latest_in_the_log() {
    let ground = Ground::new(HotSettings::default());
    let bench = ground.start().await;
    for number in 0..60 {
        let seconds = if number < 40 { 60 } else { 5 };
        let at = NOW - seconds * 1_000_000;
        bench.put(at, &[segment(number, 1.0)]).await;
    }
    bench.hot.flush_due().await.unwrap();
    assert_eq!(bench.archive.blocks()[0].documents, 40);
    // Never more than half of what there is.
    let flushed = |bench: &Bench| -> u64 {
        let blocks = bench.archive.blocks();
        blocks.iter().map(|block| block.documents).sum()
    };
    let mut left = 20;
    for _ in 0..2 {
        bench.hot.flush_due().await.unwrap();
        let now = 60 - flushed(&bench);
        assert!(now > 0 && now <= left / 2, "{now} of {left}");
        left = now;
    }
    bench.stop().await;
    let bench = ground.start().await;
    assert_eq!(bench.hot.held().documents as u64, left);
    assert_eq!(bench.found(Axis::Start).await.len(), 60);
    bench.hot.flush().await.unwrap();
    assert_eq!(bench.found(Axis::Start).await.len(), 60);
    assert_eq!(flushed(&bench), 60);
}

#[tokio::test]
async fn memory_is_bounded_and_nothing_is_lost() {
    let ground = Ground::new(HotSettings {
        memory_bytes: 50_000,
        cache_bytes: 20_000,
        ..HotSettings::default()
    });
    let bench = ground.start().await;
    for number in 0..2_000 {
        let at = NOW + i64::try_from(number).unwrap();
        bench.put(at, &[segment(number, 1.0)]).await;
        if number % 100 == 99 {
            bench.hot.flush().await.unwrap();
        }
    }
    let Held {
        memory_bytes,
        cache_bytes,
        traces,
        documents,
    } = bench.hot.held();
    assert!(memory_bytes <= 50_000 && cache_bytes <= 20_000);
    assert!(traces == documents && traces < 1_000);
    assert_eq!(bench.found(Axis::Start).await.len(), 2_000);
    assert!(bench.hot.by_id(trace(0)).await.unwrap().is_some());
    assert_eq!(bench.hot.losses(), Losses::default());
}

#[tokio::test]
async fn what_is_held_of_blocks_is_bounded() {
    let ground = Ground::new(HotSettings::default());
    let bench = ground.start().await;
    for number in 0..80 {
        bench.put(NOW + 1, &[segment(number, 1.0)]).await;
        if number % 10 == 9 {
            bench.hot.flush().await.unwrap();
        }
    }
    bench.stop().await;
    for (bound, may_be_read_again) in [(64 << 20, false), (200_000, true), (0, true)] {
        let settings = HotSettings {
            metadata_bytes: bound,
            ..ground.settings
        };
        let bench = Ground {
            settings,
            ..ground.clone()
        };
        let bench = bench.start().await;
        assert_eq!(bench.archive.blocks().len(), 8);
        for round in 0..3 {
            for number in (0..80).step_by(7) {
                assert_eq!(bench.documents_of(number).await.len(), 1, "{number}");
                assert!(bench.hot.by_id(trace(number)).await.unwrap().is_some());
            }
            assert_eq!(bench.found(Axis::Start).await.len(), 80, "{round}");
            let held = bench.hot.kept().metadata_bytes;
            assert!(held <= u64::try_from(bound).unwrap(), "{held} of {bound}");
            assert_eq!(held < 300_000, may_be_read_again, "{held} of {bound}");
        }
        bench.stop().await;
    }
}

#[tokio::test]
async fn the_latest_are_found_page_by_page_wherever_they_are() {
    let ground = Ground::new(HotSettings {
        memory_bytes: 20_000,
        ..HotSettings::default()
    });
    let bench = ground.start().await;
    for number in 0..300 {
        // Starts go to and fro.
        let start = f64::from(u32::try_from(number * 7 % 300).unwrap());
        bench.put(NOW + 1, &[segment(number, start)]).await;
        if number % 40 == 39 {
            bench.hot.flush().await.unwrap();
        }
    }
    let held = bench.hot.held().traces;
    assert!(
        held > 10 && held < 300,
        "some are hot, some at rest: {held}"
    );
    let mut before = None;
    let mut seen = Vec::new();
    loop {
        let candidates = Candidates {
            range: TimestampMicros(NOW)..TimestampMicros(NOW + 1_000_000_000),
            by: Axis::Start,
            columns: Columns::Anything,
            latest: Some(Latest {
                before,
                rows: 13,
                likely: 9,
            }),
        };
        let found = bench.hot.find(&candidates).await.unwrap();
        let mut page: Vec<_> = found
            .projections
            .iter()
            .map(|projection| (projection.start.unwrap().micros(), projection.id))
            .collect();
        page.sort_unstable_by_key(|trace| std::cmp::Reverse(*trace));
        seen.extend(page);
        before = found.rest;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 300);
    assert!(seen.windows(2).all(|pair| pair[0] > pair[1]));
}

#[tokio::test]
async fn what_went_while_somebody_looked_is_at_rest_for_who_looks_next() {
    let ground = Ground::new(HotSettings::default());
    let bench = ground.start().await;
    bench.put(NOW + 1, &[segment(1, 1.0)]).await;
    bench.hot.flush().await.unwrap();
    assert_eq!(bench.found(Axis::Received).await.len(), 1);
    let look = bench.hot.looking.look();
    let then = bench.hot.index.lock().generation();
    let watermark = bench.hot.archive.watermark();
    bench.hot.index.lock().evict(0, watermark, false);
    assert_eq!(bench.hot.held().traces, 0);
    assert!(bench.hot.index.lock().had(trace(1), then));
    drop(look);
    assert_eq!(bench.found(Axis::Received).await.len(), 1);
}

#[tokio::test]
async fn what_a_list_of_traces_at_rest_passes_over_is_counted_once() {
    let ground = Ground::new(HotSettings::default());
    let bench = ground.start().await;
    for number in 0..200_u64 {
        let segment = segment(number, 1.0 + f64::from(u32::try_from(number).unwrap()));
        let failed = segment.replace("\"end_time\"", "\"fault\":true,\"end_time\"");
        let one = if number.is_multiple_of(9) {
            failed
        } else {
            segment
        };
        bench.put(NOW + 1, &[one]).await;
        if number % 70 == 69 {
            bench.hot.flush().await.unwrap();
        }
    }
    bench.hot.flush().await.unwrap();
    bench.stop().await;
    let bench = ground.start().await;
    bench.hot.caught_up().await.unwrap();
    assert_eq!(bench.hot.held().traces, 0);
    let filter = Filter::new(&parse("fault").unwrap(), &NoGroups).unwrap();
    for rows in [1, 4, 100] {
        let (mut before, mut seen, mut processed) = (None, Vec::new(), 0);
        loop {
            let candidates = Candidates {
                range: TimestampMicros(NOW)..TimestampMicros(NOW + 1_000_000_000),
                by: Axis::Start,
                columns: filter.columns(),
                latest: Some(Latest {
                    before,
                    rows,
                    likely: 5,
                }),
            };
            let found = bench.hot.find(&candidates).await.unwrap();
            seen.extend(found.projections.iter().map(|projection| projection.id));
            let passed_over = found.passed_over.iter().map(|(_, traces)| traces);
            processed += passed_over.sum::<u64>() + found.projections.len() as u64;
            before = found.rest;
            if before.is_none() {
                break;
            }
        }
        seen.sort_unstable();
        let failed: Vec<TraceId> = (0..200).step_by(9).map(trace).collect();
        assert_eq!(seen, failed);
        assert_eq!(processed, 200, "{rows}");
    }
}

#[tokio::test]
async fn what_is_older_than_the_retention_goes_by_blocks() {
    let ground = Ground::new(HotSettings {
        retention_micros: 10_000_000,
        ..HotSettings::default()
    });
    let bench = ground.start().await;
    for number in 0..100 {
        bench.put(NOW, &[segment(number, 1.0)]).await;
    }
    bench.hot.flush().await.unwrap();
    // One trace gets another document later: it stays, without its first.
    let later = subsegment(0, 77, 0);
    let with_first = (segment(0, 1.0).len() + later.len()) as u64;
    bench
        .put(NOW + 5_000_000, std::slice::from_ref(&later))
        .await;
    assert_eq!(bench.hot.trace_bytes(trace(0)), with_first);
    bench.hot.flush().await.unwrap();
    ground.clock.advance_micros(12_000_000);
    bench.hot.sweep().await.unwrap();
    let expected = Losses {
        age: 100,
        ..Losses::default()
    };
    assert_eq!(bench.hot.losses(), expected);
    for bench in [bench, ground.clone().start_anew().await] {
        assert_eq!(bench.found(Axis::Received).await.len(), 1);
        assert_eq!(bench.documents_of(0).await.len(), 1);
        assert_eq!(bench.archive.blocks().len(), 1);
        assert!(bench.hot.by_id(trace(1)).await.unwrap().is_none());
    }
    assert_eq!(ground.blocks.list().await.unwrap().len(), 4);
}

impl Ground {
    /// A start over the same blocks, with a log of its own.
    async fn start_anew(mut self) -> Bench {
        self.disk = SimulatedDisk::new(6);
        self.start().await
    }
}

#[tokio::test]
async fn a_receipt_in_the_future_keeps_nothing_for_longer() {
    let ground = Ground::new(HotSettings {
        retention_micros: 10_000_000,
        ..HotSettings::default()
    });
    let bench = ground.start().await;
    let year = 365 * 24 * 3600 * 1_000_000;
    bench.put(NOW + year, &[segment(0, 1.0)]).await;
    bench.hot.flush().await.unwrap();
    for number in 1..100 {
        bench.put(NOW, &[segment(number, 1.0)]).await;
    }
    bench.hot.flush().await.unwrap();
    ground.clock.advance_micros(9_000_000);
    bench.hot.sweep().await.unwrap();
    assert_eq!(bench.archive.blocks().len(), 2);
    bench.put(NOW + year, &[segment(100, 1.0)]).await;
    bench.hot.flush().await.unwrap();

    ground.clock.advance_micros(3_000_000);
    bench.hot.sweep().await.unwrap();
    assert_eq!(
        numbers(&bench.archive.blocks()),
        [2],
        "nothing after it is due"
    );
    assert!(bench.hot.by_id(trace(100)).await.unwrap().is_some());
    assert!(bench.hot.by_id(trace(0)).await.unwrap().is_none());
    assert_eq!(bench.hot.losses().age, 100);
}

#[tokio::test]
async fn a_store_that_grows_too_large_loses_its_oldest_blocks() {
    let mut ground = Ground::new(HotSettings::default());
    let bench = ground.start().await;
    for number in 0..400 {
        bench.put(NOW, &[segment(number, 1.0)]).await;
        if number % 100 == 99 {
            bench.hot.flush().await.unwrap();
        }
    }
    let all = bench.archive.blocks();
    assert_eq!(all.len(), 4);
    bench.stop().await;
    let bytes: u64 = all[2..].iter().map(|block| block.bytes).sum();
    ground.settings.disk_bytes = bytes + 10_000;
    let bench = ground.start().await;
    bench.hot.sweep().await.unwrap();
    assert_eq!(numbers(&bench.archive.blocks()), [2, 3]);
    assert_eq!(bench.hot.losses().disk, 200);
    assert!(bench.hot.by_id(trace(0)).await.unwrap().is_none());
    assert!(bench.hot.by_id(trace(399)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_log_that_is_lost_takes_nothing_with_it_that_is_at_rest_or_comes_then() {
    let ground = Ground::new(HotSettings::default());
    let bench = ground.start().await;
    for number in 0..20 {
        bench.put(NOW, &[segment(number, 1.0)]).await;
    }
    bench.hot.come_to_rest().await.unwrap();
    bench.stop().await;

    let ground = Ground {
        disk: SimulatedDisk::new(6),
        ..ground
    };
    let bench = ground.start().await;
    for number in 10..30 {
        let document = subsegment(number, 100 + number, number);
        bench.put(NOW + 1, &[document]).await;
    }
    assert_eq!(bench.found(Axis::Received).await.len(), 30);
    bench.hot.flush().await.unwrap();
    bench.stop().await;
    let bench = ground.start().await;
    assert_eq!(bench.found(Axis::Received).await.len(), 30);
    assert_eq!(bench.documents_of(15).await.len(), 2);
}

#[tokio::test]
async fn what_cannot_be_read_for_a_while_is_flushed_later() {
    let ground = Ground::new(HotSettings::default());
    let bench = ground.start().await;
    for number in 0..200 {
        bench.put(NOW, &[segment(number, 1.0)]).await;
    }
    ground.disk.break_page("0000000000000000.log", 5_000);
    let error = bench.hot.flush().await.unwrap_err();
    assert!(
        matches!(error, ScanError::Log(LogError::Disk { .. })),
        "{error}"
    );
    assert!(bench.archive.blocks().is_empty());
    ground.disk.mend_pages();
    bench.hot.come_to_rest().await.unwrap();
    bench.stop().await;
    let bench = ground.start().await;
    assert_eq!(bench.found(Axis::Start).await.len(), 200);

    // What never can is lost, and stops nothing else.
    for number in 200..400 {
        bench.put(NOW, &[segment(number, 1.0)]).await;
    }
    let name = format!("{:016x}.log", bench.log.extent().first.bits() >> 16);
    ground.disk.break_page(&name, ground.disk.length(&name) / 2);
    while bench.hot.flush().await.is_err() {}
    bench.stop().await;
    let bench = ground.start().await;
    let found = bench.found(Axis::Start).await.len();
    assert!(found > 250 && found < 400, "{found}");
}

#[tokio::test]
async fn blocks_that_no_catalog_knows_are_not_deleted() {
    let ground = Ground::new(HotSettings::default());
    let bench = ground.start().await;
    bench.put(NOW, &[segment(1, 1.0)]).await;
    bench.hot.come_to_rest().await.unwrap();
    let other: Arc<dyn Catalog> = Arc::new(MemoryCatalog::default());
    let opened = Archive::open(Arc::clone(&ground.blocks), &other).await;
    assert!(matches!(opened, Err(ArchiveError::Unlisted)));
    assert_eq!(ground.blocks.list().await.unwrap().len(), 4);
}

/// A flush from where the one before had begun, whose outcome was not known yet.
const FAILED_ONCE: [u64; 1] = [1804];

/// Everything at random, held against a map: as many seeds as `FLUORO_LIVES` says, from `FLUORO_FIRST_LIFE` on.
#[tokio::test]
async fn whatever_happens_nothing_is_lost_doubled_or_split() {
    let setting = |name: &str, otherwise: u64| {
        std::env::var(name).map_or(otherwise, |value| value.parse().unwrap())
    };
    let first = setting("FLUORO_FIRST_LIFE", 0);
    for seed in (first..first + setting("FLUORO_LIVES", 12)).chain(FAILED_ONCE) {
        random_life(seed).await;
    }
}

async fn random_life(seed: u64) {
    let mut random = Random::new(seed);
    let memory_bytes = if random.chance(500) { 30_000 } else { 10 << 20 };
    let mut ground = Ground::new(HotSettings {
        memory_bytes,
        cache_bytes: if random.chance(500) { 0 } else { 1 << 20 },
        metadata_bytes: if seed.is_multiple_of(2) { 0 } else { 1 << 20 },
        ..HotSettings::default()
    });
    if random.chance(500) {
        ground.models = ModelSettings {
            journal: 40 + random.below(200),
            worth: 1 + random.below(60),
        };
    }
    let fate = Arc::new(Fate::new(seed));
    ground.blocks = Arc::new(Flaky(Arc::clone(&ground.blocks), Arc::clone(&fate)));
    ground.catalog = Arc::new(Flaky(Arc::clone(&ground.catalog), Arc::clone(&fate)));
    let fails = if random.chance(700) { 150 } else { 0 };
    let mut bench = ground.start().await;
    let mut model: BTreeMap<u64, Vec<(i64, String)>> = BTreeMap::new();
    for step in 0..200 {
        let at = NOW + i64::from(step);
        match random.below(20) {
            what @ (0 | 1 | 3) => {
                fate.fails(fails);
                let done = match what {
                    0 => bench.hot.flush().await,
                    1 => bench.hot.come_to_rest().await,
                    _ => bench.hot.compact(false).await.map(drop),
                };
                fate.fails(0);
                assert!(done.is_ok() || fails > 0, "seed {seed}: {done:?}");
            }
            2 => {
                bench.stop().await;
                bench = ground.start().await;
            }
            4 => {
                let revisions = bench.found(Axis::Received).await;
                assert_eq!(revisions.len(), model.len(), "seed {seed}, step {step}");
                let first = NOW + i64::try_from(random.below(200)).unwrap();
                let range = first..first + i64::try_from(1 + random.below(40)).unwrap();
                let received = |all: &[(i64, String)]| all.iter().any(|(at, _)| range.contains(at));
                let wanted = model.iter().filter(|(_, all)| received(all));
                let times = TimestampMicros(range.start)..TimestampMicros(range.end);
                let found = bench.hot.projections(times, Axis::Received).await.unwrap();
                for (number, _) in wanted {
                    let is_it = |projection: &Arc<Projection>| projection.id == trace(*number);
                    assert!(
                        found.iter().any(is_it),
                        "seed {seed}, step {step}, {number}"
                    );
                }
            }
            5 => {
                let number = u64::try_from(random.below(30)).unwrap();
                let expected = model.get(&number).cloned().unwrap_or_default();
                assert_eq!(bench.documents_of(number).await, expected, "seed {seed}");
                let projection = bench.hot.by_id(trace(number)).await.unwrap();
                let deliveries = projection.map_or(0, |projection| projection.revision);
                assert_eq!(deliveries as usize, expected.len(), "seed {seed}");
            }
            _ => {
                let number = u64::try_from(random.below(30)).unwrap();
                let id = 1_000 + u64::try_from(step).unwrap();
                let has_root = model.get(&number).is_some_and(|all| {
                    let root = format!("{number:016x} s{number}");
                    all.iter().any(|(_, told)| *told == root)
                });
                let (document, told) = if has_root || random.chance(600) {
                    (subsegment(number, id, number), format!("{id:016x} part"))
                } else {
                    (segment(number, 1.0), format!("{number:016x} s{number}"))
                };
                bench.put(at, &[document]).await;
                model.entry(number).or_default().push((at, told));
            }
        }
    }
    bench.hot.come_to_rest().await.unwrap();
    let files = ground.blocks.list().await.unwrap().len();
    assert_eq!(files, 4 * bench.archive.blocks().len(), "seed {seed}");
    bench.stop().await;
    let bench = ground.start().await;
    for (number, expected) in &model {
        assert_eq!(bench.documents_of(*number).await, *expected, "seed {seed}");
    }
    let revisions = bench.found(Axis::Received).await;
    assert_eq!(revisions.len(), model.len(), "seed {seed}");
    for (number, expected) in &model {
        assert_eq!(revisions[&trace(*number)] as usize, expected.len());
    }
}

/// Whether what is tried next fails.
#[derive(Debug)]
struct Fate {
    random: Mutex<Random>,
    of_1024: AtomicU64,
}

/// Does what another does, unless it fails: before, or after all was done.
#[derive(Debug)]
struct Flaky<T: ?Sized>(Arc<T>, Arc<Fate>);

impl Fate {
    fn new(seed: u64) -> Self {
        Self {
            random: Mutex::new(Random::new(seed ^ 0x5eed)),
            of_1024: AtomicU64::new(0),
        }
    }

    fn fails(&self, of_1024: u64) {
        self.of_1024.store(of_1024, Ordering::Relaxed);
    }

    fn strikes(&self) -> bool {
        let of_1024 = self.of_1024.load(Ordering::Relaxed);
        self.random.lock().chance(of_1024)
    }

    fn block(&self) -> Result<(), BlockError> {
        match self.strikes() {
            false => Ok(()),
            true => Err(BlockError::Engine {
                attempt: "do anything".to_owned(),
                source: "the disk is full".into(),
            }),
        }
    }

    fn catalog(&self) -> Result<(), CatalogError> {
        match self.strikes() {
            false => Ok(()),
            true => Err(CatalogError::Engine("the disk is full".into())),
        }
    }
}

#[async_trait]
impl Blocks for Flaky<dyn Blocks> {
    async fn put(&self, name: &BlockName, content: Bytes) -> Result<(), BlockError> {
        self.1.block()?;
        self.0.put(name, content).await?;
        self.1.block()
    }

    async fn get(&self, name: &BlockName, range: Range<u64>) -> Result<Bytes, BlockError> {
        self.0.get(name, range).await
    }

    async fn open(&self, name: &BlockName) -> Result<Arc<dyn Source>, BlockError> {
        self.1.block()?;
        self.0.open(name).await
    }

    async fn list(&self) -> Result<Vec<BlockInfo>, BlockError> {
        self.0.list().await
    }

    async fn delete(&self, name: &BlockName) -> Result<(), BlockError> {
        self.1.block()?;
        self.0.delete(name).await?;
        self.1.block()
    }
}

#[async_trait]
impl Catalog for Flaky<dyn Catalog> {
    async fn get(&self, key: &str) -> Result<Option<Versioned<Bytes>>, CatalogError> {
        self.1.catalog()?;
        self.0.get(key).await
    }

    async fn put(&self, key: &str, value: Bytes, expect: Expect) -> Result<Revision, CatalogError> {
        self.1.catalog()?;
        let revision = self.0.put(key, value, expect).await?;
        self.1.catalog()?;
        Ok(revision)
    }

    async fn delete(&self, key: &str, expect: Expect) -> Result<bool, CatalogError> {
        self.0.delete(key, expect).await
    }

    async fn scan(&self, prefix: &str) -> Result<Vec<(String, Versioned<Bytes>)>, CatalogError> {
        self.0.scan(prefix).await
    }

    fn watch(&self, prefix: &str) -> Watch {
        self.0.watch(prefix)
    }
}
