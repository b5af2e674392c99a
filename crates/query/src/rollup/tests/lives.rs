//! Graphs of minutes over a real store: whatever rests, comes again, is merged, forgotten or damaged, they tell what all
//! projections tell.

use fluoro_ambient::{Ambient, Clock, ManualClock, SeededEntropy};
use fluoro_store::archive::Archive;
use fluoro_store::blocks::{Blocks, MemoryBlocks};
use fluoro_store::catalog::{Catalog, MemoryCatalog};
use fluoro_store::documents::DocumentLog;
use fluoro_store::hot::{HotSettings, HotTraces};
use fluoro_store::log::simulated::Random;
use fluoro_store::log::{Log, MemoryLog};
use fluoro_store::scan::Axis;

use super::*;
use crate::groups::tests::{receive, scope};
use crate::groups::{GroupChange, Groups, NewGroup, Selector};

const NOW: i64 = 1_790_000_000;
const MINUTES: u32 = 60_000_000;

/// What outlives a process.
#[derive(Clone)]
struct Ground {
    clock: Arc<ManualClock>,
    catalog: Arc<dyn Catalog>,
    log: Arc<dyn Log>,
    blocks: Arc<dyn Blocks>,
    settings: HotSettings,
    rollups_memory: usize,
    most_at_rest: usize,
    /// How many starts there were: no two have the same entropy.
    starts: u64,
}

struct Life {
    ground: Ground,
    documents: Arc<DocumentLog>,
    groups: Groups,
    hot: Arc<HotTraces>,
    graphs: Graphs,
}

impl Ground {
    fn new(random: &mut Random, retention_minutes: i64) -> Self {
        let memory_bytes = if random.chance(500) { 40_000 } else { 10 << 20 };
        Self {
            clock: Arc::new(ManualClock::at(NOW * 1_000_000)),
            catalog: Arc::new(MemoryCatalog::default()),
            log: Arc::new(MemoryLog::default()),
            blocks: Arc::new(MemoryBlocks::default()),
            settings: HotSettings {
                memory_bytes,
                cache_bytes: if random.chance(500) { 0 } else { 1 << 20 },
                metadata_bytes: 100_000,
                retention_micros: retention_minutes * i64::from(MINUTES),
                ..HotSettings::default()
            },
            rollups_memory: if random.chance(500) { 0 } else { 1 << 20 },
            most_at_rest: if random.chance(300) { 8 } else { 1 << 10 },
            starts: 0,
        }
    }

    async fn start(mut self) -> Life {
        self.starts += 1;
        let entropy = Arc::new(SeededEntropy::new(self.starts));
        let ambient = Ambient::new(Arc::clone(&self.clock) as _, entropy);
        let groups = Groups::open(ambient.clone(), Arc::clone(&self.catalog)).await;
        let groups = groups.unwrap();
        let members = Arc::new(groups.clone());
        let mut rollups = Rollups::new(members, self.rollups_memory);
        rollups.most_at_rest = self.most_at_rest;
        let rollups = Arc::new(rollups);
        let opened = Archive::open(Arc::clone(&self.blocks), &self.catalog).await;
        let (archive, models) = opened.unwrap();
        let documents = DocumentLog::open(ambient.clone(), Arc::clone(&self.log), models);
        let hot = HotTraces::open_with(
            ambient,
            Arc::clone(&documents),
            Arc::new(archive),
            self.settings,
            vec![
                Arc::new(groups.clone()),
                Arc::<Rollups>::clone(&rollups) as _,
            ],
        );
        hot.caught_up().await.unwrap();
        Life {
            graphs: Graphs::new(Arc::<HotTraces>::clone(&hot), rollups),
            ground: self,
            documents,
            groups,
            hot,
        }
    }

    /// Damages, or takes away, the rollups of a block.
    async fn damage_rollups(&self, random: &mut Random) {
        let mut files = self.blocks.list().await.unwrap();
        files.retain(|file| file.name.as_str().ends_with("-rollups"));
        if files.is_empty() {
            return;
        }
        let file = files.swap_remove(random.below(files.len()));
        let content = self.blocks.get(&file.name, 0..file.bytes).await.unwrap();
        self.blocks.delete(&file.name).await.unwrap();
        if random.chance(700) {
            let mut content = content.to_vec();
            let at = random.below(content.len());
            content[at] ^= 1;
            self.blocks.put(&file.name, content.into()).await.unwrap();
        }
    }
}

impl Life {
    async fn restarted(self) -> Self {
        let ground = self.ground.clone();
        let alive = Arc::downgrade(&self.hot);
        drop(self);
        while alive.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
        ground.start().await
    }

    async fn change_group(&self, random: &mut Random) {
        let (scope, name) = (scope(), ["one", "other"][random.below(2)].to_owned());
        let expressions = ["service(\"shop\")", "fault = true", "duration >= 2"];
        let expression = Some(expressions[random.below(3)].to_owned());
        let selector = Selector::Name(name.clone());
        if self.groups.find(&scope, &selector).is_none() {
            let new = NewGroup {
                name,
                expression,
                ..NewGroup::default()
            };
            self.groups.create(&scope, new).await.unwrap();
        } else if random.chance(300) {
            self.groups.delete(&scope, &selector).await.unwrap();
        } else {
            let change = GroupChange {
                expression,
                ..GroupChange::default()
            };
            self.groups.update(&scope, &selector, change).await.unwrap();
        }
    }

    /// Asks for a window, and holds the answer against all projections.
    async fn ask(&self, random: &mut Random, what: &str) {
        let groups = self.groups.list(&scope());
        let group = &groups[random.below(groups.len())];
        let now = self.ground.clock.now_micros() / 1_000_000;
        let mut start = now - i64::try_from(random.below(50 * 60)).unwrap();
        let mut end = start + i64::try_from(random.below(60 * 60)).unwrap();
        if random.chance(700) {
            (start, end) = (start / 60 * 60, end / 60 * 60 + 60);
        }
        let window = at(start)..at(end);
        let answer = self.graphs.window(Traces::of(group), window.clone()).await;
        let answer = answer.unwrap();

        let all = TimestampMicros(i64::MIN)..TimestampMicros(i64::MAX);
        let all = self.hot.projections(all, Axis::Received).await.unwrap();
        let joined = |trace| self.groups.joined(group, trace);
        let linked = all.iter().filter(|one| joined(one.id).is_some());
        let linked: HashMap<_, _> = linked.map(|one| (one.id, Arc::clone(one))).collect();
        let mut made = direct(std::slice::from_ref(&window), &all, &linked, joined);
        let expected = made.pop().unwrap().as_of(window.end);
        assert_eq!(told(&answer), told(&expected), "{what}, {}", group.name);
        assert_eq!(
            answer.is_of_older_than(group.version),
            expected.is_of_older_than(group.version)
        );
    }
}

/// Rollups that were found to be damaged, relied on not to be there, and sound for the next start.
const FAILED_ONCE: [u64; 1] = [1070];

/// As many seeds as `FLUORO_LIVES` says, from `FLUORO_FIRST_LIFE` on.
#[tokio::test]
async fn whatever_happens_graphs_tell_what_projections_tell() {
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
    // Rows tell times of all that ever came: what repeats what is forgotten by now is not looked for where it came. So who
    // forgets is told nothing twice.
    let forgets = random.chance(500);
    let ground = Ground::new(&mut random, if forgets { 40 } else { 100_000 });
    let mut life = ground.start().await;
    // Some lives are hasty: their traces straddle minutes and flushes all the time.
    let (links, late) = (
        random.chance(500),
        u32::try_from(random.below(30)).unwrap() + 3,
    );
    let mut told = HashSet::new();
    let mut latest = 10_u32;
    for step in 0..250 {
        let what = format!("seed {seed}, step {step}");
        match random.below(24) {
            0 | 1 => life.hot.flush().await.unwrap(),
            2 => {
                life.hot.come_to_rest().await.unwrap();
                if forgets {
                    // What was counted in minutes that are kept stays counted there: a new process knows nothing of it.
                    life = life.restarted().await;
                }
            }
            3 => life = life.restarted().await,
            4 => life.change_group(&mut random).await,
            5..=8 => life.ask(&mut random, &what).await,
            9 => {
                let minutes = u32::try_from(random.below(5)).unwrap();
                life.ground.clock.advance_micros(minutes * MINUTES);
            }
            10 if forgets && random.chance(300) => {
                life.hot.sweep().await.unwrap();
                life = life.restarted().await;
            }
            11 if random.chance(300) => {
                life.ground.damage_rollups(&mut random).await;
                life = life.restarted().await;
            }
            _ => {
                life.ground
                    .clock
                    .advance_micros(u32::try_from(random.below(12_000_000)).unwrap());
                latest += u32::from(random.chance(400));
                let back = u32::try_from(random.below(late as usize)).unwrap();
                let trace = latest - back.min(10);
                let seconds = f64::from(u32::try_from(random.below(90)).unwrap()) / 10.0;
                let (kind, document) = match random.below(5) {
                    0 | 1 => (0, root(trace, seconds)),
                    4 if links => (1, consumer(trace)),
                    _ => (2, callee(trace, seconds)),
                };
                if !told.insert((trace, kind)) && forgets {
                    continue;
                }
                let jitter = i64::try_from(random.below(2_000_000)).unwrap();
                let at = life.ground.clock.now_micros() - jitter;
                let at = TimestampMicros(at);
                receive(&life.documents, &life.hot, at, &document).await;
            }
        }
    }
    life.hot.come_to_rest().await.unwrap();
    for _ in 0..3 {
        life = life.restarted().await;
        for _ in 0..8 {
            life.ask(&mut random, &format!("seed {seed}, in the end"))
                .await;
        }
    }
}
