//! Making projections anew.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use fluoro_ambient::{Ambient, Seldom};
use fluoro_block::traces::Found as Row;
use fluoro_model::document::{Document, Refusal};
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_trace::{Projection, ProjectionLimits, Received, Trace};
use foldhash::{HashMap, HashMapExt, HashSet};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::batches::Asked;
use super::cache::Found;
use super::index::{Place, QUIET_TURNS, Rest, Snapshot};
use super::lately::MOST_AT_ONCE;
use super::observe::{Made, Observers};
use super::{HotThen, HotTraces, ScanError, THREADS, with_permit};
use crate::archive::{AtRest, Documents, Elsewhere, Live};
use crate::documents::STORED;
use crate::log::Position;
use crate::scan::{Candidates, Share};

/// How long a turn lasts, unless documents come so fast that it must be shorter.
const TURN: Duration = Duration::from_millis(50);

/// A turn ends early when this share of the cache was filled in it, so that documents are still there when their trace is
/// quiet.
pub(super) const TURNS_A_CACHE: usize = 40;

/// How long nothing is tried after a turn that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// How many traces are assembled by one turn of a blocking thread.
pub(super) const TRACES_A_TURN: usize = 128;

/// What wakes the task that keeps projections fresh.
#[derive(Debug, Default)]
pub(super) struct Wakes {
    /// A trace was touched, or the hot traces are dropped.
    pub(super) touched: Notify,
    /// The turn must end.
    pub(super) hurried: Notify,
    /// A flush is wanted.
    pub(super) flush: Notify,
    /// A part of a flush was done, or all of it, or it failed.
    pub(super) flushed: Notify,
}

/// Keeps projections fresh until the hot traces are dropped.
pub(super) async fn run(hot: Weak<HotTraces>, wakes: Arc<Wakes>) {
    loop {
        wakes.touched.notified().await;
        let (mut began, mut is_behind) = (Instant::now(), false);
        loop {
            if !is_behind {
                // Time out or not: either ends the turn.
                let hurried = wakes.hurried.notified();
                tokio::time::timeout(TURN, hurried).await.ok();
            }
            let Some(hot) = hot.upgrade() else { return };
            // One that took long, with much to do, is several: traces must not wait the longer, the more wait.
            let turns = began.elapsed().as_millis() / TURN.as_millis();
            let turns = u32::try_from(turns).unwrap_or(QUIET_TURNS);
            began = Instant::now();
            let refreshed = hot.refresh_due(turns.clamp(1, QUIET_TURNS)).await;
            let is_done = hot.index.lock().stale_count() == 0;
            drop(hot);
            is_behind = match refreshed {
                Ok(all) => !all,
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "cannot refresh projections"
                    );
                    tokio::time::sleep(PAUSE).await;
                    false
                }
            };
            if is_done {
                break;
            }
        }
    }
}

impl HotTraces {
    /// Makes the projections of all traces that were touched.
    pub(super) async fn refresh_all(&self) -> Result<(), ScanError> {
        let _turn = self.refreshing.lock().await;
        let stale = self.index.lock().stale();
        self.refresh_in_turns(&stale).await
    }

    /// Ends so many turns: makes the projections of touched traces of which nothing came for a while. Whether
    /// it made them all: it goes on for as long as a turn lasts.
    ///
    /// The latest come first: their documents are still in the cache. Were the oldest first, one delay would be enough for
    /// all to be read back from the log from then on, which takes so long that it stays so.
    async fn refresh_due(&self, turns: u32) -> Result<bool, ScanError> {
        let _turn = self.refreshing.lock().await;
        self.taken.store(0, Ordering::Relaxed);
        let began = Instant::now();
        let due = {
            let mut index = self.index.lock();
            match index.memory_bytes() > self.most_memory() {
                // Nothing is taken in: the flush under way makes those that it needs.
                true => Vec::new(),
                false => index.due(turns),
            }
        };
        let mut parts = self.index.lock().turns(&due);
        let mut all = Ok(());
        while began.elapsed() < TURN
            && let Some(traces) = parts.pop()
        {
            let refreshed = self.refresh(traces).await;
            all = all.and(refreshed);
        }
        all.and(self.tell_forgotten().await)?;
        Ok(parts.is_empty())
    }

    /// Goes on with the next traces where some cannot be had; the first error, at the end.
    async fn refresh_in_turns(&self, traces: &[TraceId]) -> Result<(), ScanError> {
        let mut all = Ok(());
        let turns = self.index.lock().turns(traces);
        for traces in turns {
            let refreshed = self.refresh(traces).await;
            all = all.and(refreshed);
        }
        all.and(self.tell_forgotten().await)
    }

    /// Makes the projections of those of the traces that were touched or have none. Every document applied before the
    /// call is in them.
    pub(super) async fn refresh(&self, traces: &[TraceId]) -> Result<(), ScanError> {
        let mut overtaken = self.refresh_once(traces).await?;
        while !overtaken.is_empty() {
            overtaken = self.refresh_once(&overtaken).await?;
        }
        Ok(())
    }

    /// Returns the traces for which somebody else was faster, but had less.
    async fn refresh_once(&self, traces: &[TraceId]) -> Result<Vec<TraceId>, ScanError> {
        let snapshots = self.index.lock().snapshots(traces);
        if snapshots.is_empty() {
            return Ok(Vec::new());
        }
        let (projector, read) = self.projector(&snapshots).await?;
        self.keep(&snapshots, read);
        let (index, observers) = (Arc::clone(&self.index), Arc::clone(&self.observers));
        let (room, losses) = (self.room(), Arc::clone(&self.losses));
        // In one go, so that nothing is readable that was not told, also when who asked goes away.
        let installed = self.blocking(move || {
            let steps = Steps::for_these(&observers);
            let made = snapshots
                .into_iter()
                .map(|from| projector.make(from, steps));
            let installed = observers.install(&index, made.collect(), room);
            losses.lock().unreadable += installed.unreadable;
            installed.overtaken
        });
        installed.await
    }

    /// Tells observers of the traces that were let go.
    pub(super) async fn tell_forgotten(&self) -> Result<(), ScanError> {
        if self.observers.is_empty() {
            return Ok(());
        }
        let (index, observers) = (Arc::clone(&self.index), Arc::clone(&self.observers));
        self.blocking(move || observers.catch_up(&index)).await
    }

    /// The projections of traces that had none a moment ago, made for this once where they still have none: keeping them
    /// would drive others out.
    pub(super) async fn cold(&self, traces: &[TraceId]) -> Result<Vec<Arc<Projection>>, ScanError> {
        let mut projections = Vec::with_capacity(traces.len());
        for traces in traces.chunks(TRACES_A_TURN) {
            // Somebody else may have made some of them since.
            let (ready, snapshots) = self.index.lock().parted(traces);
            projections.extend(ready);
            // What was read stays out of the cache, as its projection does.
            let (projector, _) = self.projector(&snapshots).await?;
            let made = self.blocking(move || {
                let made = snapshots
                    .iter()
                    .map(|from| projector.project(from.trace, &from.places));
                made.collect::<Vec<_>>()
            });
            projections.extend(made.await?);
        }
        Ok(projections)
    }

    /// The projections of traces that were hot and had none a moment ago, wherever they are now.
    pub(super) async fn cold_or_at_rest(
        &self,
        traces: &[TraceId],
    ) -> Result<Vec<Arc<Projection>>, ScanError> {
        let mut projections = self.cold(traces).await?;
        if projections.len() < traces.len() {
            // They were let go meanwhile: they are at rest.
            let made: HashSet<TraceId> = projections.iter().map(|made| made.id).collect();
            let gone = traces.iter().filter(|trace| !made.contains(*trace));
            let gone = gone.copied().collect();
            let live = self.archive.live();
            projections.extend(self.project_at_rest(&live, gone).await?);
        }
        Ok(projections)
    }

    /// All documents of a trace, in the order received; without those that were lost.
    pub(super) async fn read_documents(&self, trace: TraceId) -> Result<Vec<Received>, ScanError> {
        let documents = self.read_stored(&[trace]).await?;
        let documents = documents.into_iter().next().unwrap_or_default();
        let refusals = Arc::clone(&self.refusals);
        let parse = |json: &[u8]| Document::parse_within(STORED, json);
        self.blocking(move || refusals.received(documents, parse))
            .await
    }

    /// The documents of each of these traces as they came, in the order received; without those that were lost.
    pub(super) async fn read_stored(
        &self,
        traces: &[TraceId],
    ) -> Result<Vec<Documents>, ScanError> {
        loop {
            // In this order: what is evicted in between is there already.
            let found: Vec<_> = {
                let index = self.index.lock();
                traces.iter().map(|trace| index.places(*trace)).collect()
            };
            let live = self.archive.live();
            let (mut positions, mut at_rest) = (Vec::new(), Vec::new());
            let mut counts = Vec::with_capacity(traces.len());
            for (trace, (places, rest)) in traces.iter().zip(&found) {
                let (flushed, places) = parted(places, live.watermark);
                positions.extend(places.iter().map(|place| place.position));
                counts.push(places.len());
                if !flushed.is_empty() || *rest != Rest::Nothing {
                    at_rest.push(*trace);
                }
            }
            let records = self.log.read(&positions).await?;
            let is_lost = records.iter().any(Option::is_none);
            if is_lost && live.watermark != self.archive.watermark() {
                // A flush has taken it to the blocks meanwhile.
                continue;
            }
            // Somebody waits for one; many have time.
            let threads = match traces.len() {
                1 => &self.threads,
                _ => &self.searchers,
            };
            let mut found = match at_rest.is_empty() {
                true => HashMap::new(),
                false => with_permit(threads, move || live.documents(&at_rest)).await??,
            };
            let mut logged = records.into_iter();
            let stored = traces.iter().zip(counts).map(|(trace, count)| {
                let mut documents = found.remove(trace).unwrap_or_default();
                let logged = logged.by_ref().take(count).flatten();
                documents.extend(logged.map(|logged| (logged.received, logged.document)));
                documents
            });
            return Ok(stored.collect());
        }
    }

    /// The projections of traces at rest. Of few they are held, for who asks again.
    pub(super) async fn project_at_rest(
        &self,
        live: &Arc<Live>,
        mut traces: Vec<TraceId>,
    ) -> Result<Vec<Arc<Projection>>, ScanError> {
        if traces.len() > MOST_AT_ONCE {
            return self.project_many(live, traces).await;
        }
        let mut projections = Vec::with_capacity(traces.len());
        {
            let mut lately = self.lately.lock();
            traces.retain(|trace| {
                let held = lately.get(*trace, &live.numbers_of(*trace));
                let is_wanted = held.is_none();
                projections.extend(held);
                is_wanted
            });
        }
        let made = self.project_many(live, traces).await?;
        let held = made.iter();
        let held = held.map(|made| (live.numbers_of(made.id), Arc::clone(made)));
        self.lately.lock().extend(held);
        projections.extend(made);
        Ok(projections)
    }

    /// The projections of traces at rest, for this once.
    pub(super) async fn project_many(
        &self,
        live: &Arc<Live>,
        mut traces: Vec<TraceId>,
    ) -> Result<Vec<Arc<Projection>>, ScanError> {
        let mut projections = Vec::with_capacity(traces.len());
        // Neighbours lie on the same pages.
        traces.sort_unstable();
        let turn = traces.len().div_ceil(THREADS).clamp(1, TRACES_A_TURN);
        let mut turns = traces.chunks(turn);
        while let Some(one) = turns.next() {
            let other = turns.next().unwrap_or_default();
            let made =
                tokio::try_join!(self.project_some(live, one), self.project_some(live, other));
            let (one, other) = made?;
            projections.extend(one);
            projections.extend(other);
        }
        Ok(projections)
    }

    async fn project_some(
        &self,
        live: &Arc<Live>,
        traces: &[TraceId],
    ) -> Result<Vec<Arc<Projection>>, ScanError> {
        if traces.is_empty() {
            return Ok(Vec::new());
        }
        let (live, traces) = (Arc::clone(live), traces.to_vec());
        let (refusals, limits) = (Arc::clone(&self.refusals), self.settings.projection);
        let made = self.searching(move || {
            let documents = live.documents(&traces)?;
            let made = documents.into_iter().map(|(trace, documents)| {
                let facts = |json: &[u8]| Document::parse_facts(STORED, json);
                let received = refusals.received(documents, facts);
                Arc::new(Trace::assemble(trace, &received).projection_within(limits))
            });
            Ok(made.collect::<Vec<_>>())
        });
        made.await?
    }

    /// Which traces at rest are meant; those aside that were hot. The share holds them.
    pub(super) async fn find_at_rest(
        &self,
        live: &Arc<Live>,
        candidates: &Candidates,
        hot: HotThen,
        held: &mut Share,
    ) -> Result<AtRest, ScanError> {
        if live.blocks.is_empty() {
            return Ok(AtRest::default());
        }
        let (live, candidates) = (Arc::clone(live), candidates.clone());
        let index = Arc::clone(&self.index);
        let asked = Asked::default();
        let is_asked = asked.still();
        let mut share = self.budget.share();
        let found = self.searching(move || {
            let elsewhere = Elsewhere {
                since: hot.since,
                from: hot.from,
            };
            let are_elsewhere = |rows: &[Row]| {
                let index = index.lock();
                let had = rows.iter().map(|row| index.had(row.trace, hot.generation));
                had.collect()
            };
            let mut refused = None;
            let goes_on = |found: &AtRest| {
                refused = share.set(found.bytes()).err();
                refused.is_none() && is_asked()
            };
            let found = live.find(&candidates, elsewhere, are_elsewhere, goes_on)?;
            match refused {
                Some(refused) => Err(refused),
                None => Ok((found, share)),
            }
        });
        let (found, share) = found.await??;
        *held = share;
        Ok(found)
    }

    /// What makes the projections of these, and the JSON of what was read for it.
    async fn projector(&self, snapshots: &[Snapshot]) -> Result<(Projector, Read), ScanError> {
        loop {
            let live = self.archive.live();
            let (projector, read) = self.facts_of(snapshots, &live).await?;
            let has_lost = snapshots
                .iter()
                .any(|from| projector.lost(from).next().is_some());
            // A flush may have taken what was not found to the blocks meanwhile.
            if !has_lost || live.watermark == self.archive.watermark() {
                return Ok((projector, read));
            }
        }
    }

    /// Puts what was read in the cache. What these documents say is in hand, and will hardly be asked for again.
    fn keep(&self, snapshots: &[Snapshot], read: Read) {
        let mut cache = self.cache.lock();
        for place in snapshots.iter().flat_map(|snapshot| &snapshot.places) {
            cache.drop_facts(place.position);
        }
        for (position, json) in read {
            cache.insert_json(position, json);
        }
    }

    /// The facts of the documents of these traces, and the JSON of those that the log was asked for.
    async fn facts_of(
        &self,
        snapshots: &[Snapshot],
        live: &Arc<Live>,
    ) -> Result<(Projector, Read), ScanError> {
        let places: usize = snapshots.iter().map(|snapshot| snapshot.places.len()).sum();
        let mut documents = HashMap::with_capacity(places);
        let (mut unparsed, mut missing, mut at_rest) = (Vec::new(), Vec::new(), Vec::new());
        {
            let cache = self.cache.lock();
            for snapshot in snapshots {
                let (flushed, after) = parted(&snapshot.places, live.watermark);
                let is_cached = |place: &Place| cache.get(place.position).is_some();
                let look = match snapshot.rest {
                    Rest::Nothing => !flushed.iter().all(is_cached),
                    Rest::Unknown => live.may_have(snapshot.trace),
                    Rest::Something => true,
                };
                let here = if look {
                    at_rest.push(snapshot.trace);
                    after
                } else {
                    &snapshot.places
                };
                for place in here {
                    match cache.get(place.position) {
                        Some(Found::Facts(facts)) => drop(documents.insert(place.position, facts)),
                        Some(Found::Json(json)) => unparsed.push((place.position, json)),
                        None => missing.push(place.position),
                    }
                }
            }
        }
        let mut projector = Projector {
            documents,
            at_rest: HashMap::new(),
            watermark: live.watermark,
            limits: self.settings.projection,
        };
        if unparsed.is_empty() && missing.is_empty() && at_rest.is_empty() {
            return Ok((projector, Read::new()));
        }
        let records = match missing.len() {
            0 => Vec::new(),
            _ => self.log.read(&missing).await?,
        };
        let (refusals, live) = (Arc::clone(&self.refusals), Arc::clone(live));
        let parsed = self.blocking(move || {
            let facts = |json: &[u8]| refusals.accepted_once(Document::parse_facts(STORED, json));
            let cached = unparsed
                .iter()
                .filter_map(|(position, json)| Some((*position, facts(json)?)));
            projector.documents.extend(cached);
            let mut read = Vec::with_capacity(records.len());
            for (position, record) in missing.into_iter().zip(&records) {
                let Some(record) = record else { continue };
                if let Some(facts) = facts(&record.document) {
                    read.push((position, facts.facts_in(&record.document)));
                    projector.documents.insert(position, facts);
                }
            }
            if at_rest.is_empty() {
                return Ok((projector, read));
            }
            let mut found = live.documents(&at_rest)?;
            projector.at_rest = at_rest
                .into_iter()
                .map(|trace| {
                    let documents = found.remove(&trace).unwrap_or_default();
                    let parse = |json: &[u8]| Document::parse_facts(STORED, json);
                    (trace, refusals.received(documents, parse))
                })
                .collect();
            Ok::<_, ScanError>((projector, read))
        });
        parsed.await?
    }
}

/// The places of documents that are at rest, and the others.
fn parted(places: &[Place], watermark: Position) -> (&[Place], &[Place]) {
    places.split_at(places.partition_point(|place| place.position < watermark))
}

/// Tells of stored documents that are not accepted any more.
#[derive(Debug)]
pub(super) struct Refusals {
    ambient: Ambient,
    told: Seldom,
}

impl Refusals {
    pub(super) fn new(ambient: Ambient) -> Self {
        Self {
            ambient,
            told: Seldom::default(),
        }
    }

    /// A stored document; it was accepted, if by a version with other rules.
    fn accepted_once(&self, read: Result<Document, Refusal>) -> Option<Arc<Document>> {
        let refused = |refusal: &Refusal| {
            if let Some(times) = self.told.happened(&self.ambient) {
                tracing::warn!(
                    error = refusal as &dyn std::error::Error,
                    times,
                    "stored documents are not accepted any more"
                );
            }
        };
        read.inspect_err(refused).ok().map(Arc::new)
    }

    /// Documents as they were received.
    pub(super) fn received(
        &self,
        documents: impl IntoIterator<Item = (TimestampMicros, Bytes)>,
        parse: impl Fn(&[u8]) -> Result<Document, Refusal>,
    ) -> Vec<Received> {
        let received = documents.into_iter().filter_map(|(at, json)| {
            let document = self.accepted_once(parse(&json))?;
            Some(Received { document, at })
        });
        received.collect()
    }
}

/// Documents read from the log, as JSON without metadata.
type Read = Vec<(Position, Bytes)>;

/// What documents say, and how much of a trace is indexed.
struct Projector {
    documents: HashMap<Position, Arc<Document>>,
    /// All documents at rest of the traces for which that was looked up.
    at_rest: HashMap<TraceId, Vec<Received>>,
    /// What lies before is at rest.
    watermark: Position,
    limits: ProjectionLimits,
}

/// Which projections are made beside the one to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Steps {
    /// None.
    Now,
    /// The one that was told last, where it made room.
    BeforeAndNow,
    /// That, and one after each delivery since.
    Every,
}

/// How many projections between two are made at most; of more deliveries, the last.
const DELIVERIES: usize = 32;

impl Steps {
    fn for_these(observers: &Observers) -> Self {
        if observers.is_empty() {
            Self::Now
        } else if observers.want_every_delivery() {
            Self::Every
        } else {
            Self::BeforeAndNow
        }
    }
}

// === impl Projector ===

impl Projector {
    fn make(&self, from: Snapshot, steps: Steps) -> Made {
        let project = |places: &[Place]| self.project(from.trace, places);
        let mut before = from.projection.clone();
        let was_told = from.projected > 0 && from.projected < from.generation;
        if before.is_none() && was_told && steps != Steps::Now {
            let told: Vec<Place> = from
                .places
                .iter()
                .filter(|place| place.projected)
                .copied()
                .collect();
            before = (!told.is_empty()).then(|| project(&told));
        }
        if from.projected == 0 && steps != Steps::Now && from.rest == Rest::Unknown {
            // It came again: what is at rest of it was told.
            let is_known = self
                .at_rest
                .get(&from.trace)
                .is_some_and(|all| !all.is_empty());
            before = is_known.then(|| project(&[]));
        }
        let mut between = Vec::new();
        if steps == Steps::Every {
            let ends = ends_of_deliveries(&from.places);
            for end in &ends[ends.len().saturating_sub(DELIVERIES)..] {
                let then = |place: &&Place| place.projected || place.position <= *end;
                let places: Vec<Place> = from.places.iter().filter(then).copied().collect();
                between.push(project(&places));
            }
        }
        Made {
            before,
            steps: between,
            now: project(&from.places),
            lost: self.lost(&from).collect(),
            older: {
                let at_rest = self.at_rest.get(&from.trace).into_iter().flatten();
                let mut older: Vec<TimestampMicros> = at_rest.map(|received| received.at).collect();
                older.dedup();
                older
            },
            from,
        }
    }

    /// The documents of a trace that should be there and are not.
    fn lost(&self, from: &Snapshot) -> impl Iterator<Item = Position> {
        let here = match self.at_rest.contains_key(&from.trace) {
            true => parted(&from.places, self.watermark).1,
            false => &from.places,
        };
        let positions = here.iter().map(|place| place.position);
        positions.filter(|position| !self.documents.contains_key(position))
    }

    fn project(&self, trace: TraceId, places: &[Place]) -> Arc<Projection> {
        let mut received = Vec::with_capacity(places.len());
        let mut here = places;
        if let Some(at_rest) = self.at_rest.get(&trace) {
            received.extend_from_slice(at_rest);
            here = parted(places, self.watermark).1;
        }
        let here = here.iter().filter_map(|place| {
            let document = self.documents.get(&place.position)?;
            Some(Received {
                document: Arc::clone(document),
                at: place.at,
            })
        });
        received.extend(here);
        let trace = Trace::assemble(trace, &received);
        Arc::new(trace.projection_within(self.limits))
    }
}

/// The last place of each delivery that is not projected yet, but for the last delivery. What was received at one
/// moment is one delivery.
fn ends_of_deliveries(places: &[Place]) -> Vec<Position> {
    let new: Vec<&Place> = places.iter().filter(|place| !place.projected).collect();
    let pairs = new.windows(2);
    pairs
        .filter(|pair| pair[0].at != pair[1].at)
        .map(|pair| pair[0].position)
        .collect()
}
