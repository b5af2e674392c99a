//! What a scan finds, hot and at rest, some at a time.
//!
//! Which traces there are is decided at once: projections of hot ones, and the ids of those whose projection has to be made.
//! These are made when they are asked for, of the blocks that were live then, and are the asker's alone: it accounts for them.
//! Who has asked for many waits for its turn to go on, so that scans leave room for those who look for little, and for ingest.

use std::cmp::Reverse;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_trace::Projection;

use super::cold::TRACES_A_TURN;
use super::index::start_of;
use super::lately::MOST_AT_ONCE;
use super::{HotThen, HotTraces, THREADS};
use crate::archive::{AtRest, Elsewhere, Live};
use crate::scan::{
    Axis, Batch, Batches, Candidates, Finding, HELD_AT_ONCE, ScanError, Share, Turn, weight,
};

/// How many projections that are made are held at once.
const MADE_AT_ONCE: usize = TRACES_A_TURN * THREADS;

/// Where the latest are wanted first: this many more at a time, until so many are looked at together. The more they are, the
/// more of them are neighbours where they are at rest.
const GROWTH: usize = 4;
const MOST_IN_A_STRETCH: usize = 10_000;

/// Traces, each with its time on the axis asked for.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Those whose projection is in memory.
    pub(super) ready: Vec<(TimestampMicros, Arc<Projection>)>,
    /// Hot ones without.
    pub(super) cold: Vec<(TimestampMicros, TraceId)>,
    pub(super) at_rest: Vec<(TimestampMicros, TraceId)>,
}

/// Makes what was found.
pub(super) struct HotBatches<'h> {
    hot: &'h HotTraces,
    live: Arc<Live>,
    /// In ascending order of time, if `stretch` says so.
    ahead: Places,
    /// How many are looked at next, where the latest are wanted first.
    stretch: Option<usize>,
    present: Places,
    /// All that are not in the present stretch are of this time or earlier.
    until: Option<TimestampMicros>,
    /// Nothing before it is wanted.
    from: Option<(TimestampMicros, TraceId)>,
    are_few: bool,
    made: usize,
    turn: Option<Turn>,
    /// What the places take.
    #[expect(dead_code, reason = "it is given back with them")]
    held: Share,
}

/// Tells work on another thread when nobody waits for it any more.
#[derive(Debug, Default)]
pub(super) struct Asked(Arc<AtomicBool>);

impl HotTraces {
    /// Looks for the traces that are meant; see [`Scan::open`](crate::scan::Scan::open).
    pub(super) async fn open_scan(
        &self,
        candidates: &Candidates,
    ) -> Result<Finding<'_>, ScanError> {
        self.refresh_all().await?;
        let looking = self.looking.look();
        let (found, hot) = {
            let index = self.index.lock();
            let hot = HotThen {
                generation: index.generation(),
                since: index.held_since(),
                from: index.held_from(),
            };
            (index.find(candidates), hot)
        };
        // Only now: what went to rest before is there, and what goes to rest from here on was just found.
        let live = self.archive.live();
        let mut held = self.budget.share();
        let is_by_start = candidates.by == Axis::Start;
        let mut wanted = candidates.clone();
        // What began before the last of the hot ones that are wanted is for the next scan.
        if let Some((last, _)) = found.rest.filter(|_| is_by_start) {
            wanted.range.start = wanted.range.start.max(last);
        }
        let at_rest = self.find_at_rest(&live, wanted, hot, &mut held).await?;
        drop(looking);
        let mut places = Places {
            ready: found.projections,
            cold: found.cold,
            at_rest: at_rest.traces,
        };
        let mut passed_over = found.passed_over;
        passed_over.extend(at_rest.passed_over);
        let mut rest = found.rest.max(at_rest.rest);
        if let Some(latest) = candidates.latest.filter(|_| is_by_start) {
            let mut all: Vec<(TimestampMicros, TraceId)> = places
                .traces()
                .filter(|trace| rest.is_none_or(|rest| *trace >= rest))
                .collect();
            if all.len() > latest.rows {
                all.sort_unstable_by_key(|trace| Reverse(*trace));
                rest = latest.rows.checked_sub(1).map(|last| all[last]);
            }
        }
        if let Some(rest) = rest {
            places.keep_from(rest);
            passed_over.retain(|(start, _)| *start >= rest.0);
        }
        held.set(places.bytes() + size_of_val(&*passed_over))?;
        let stretch = candidates.latest.map(|latest| latest.likely.max(1));
        let batches = HotBatches::new(self, live, places, stretch, rest, held);
        let mut finding = Finding::new(Box::new(batches), Arc::clone(&self.budget));
        finding.passed_over = passed_over;
        finding.rest = rest;
        Ok(finding)
    }

    /// Which traces at rest are meant; those aside that were hot. The share holds them.
    async fn find_at_rest(
        &self,
        live: &Arc<Live>,
        candidates: Candidates,
        hot: HotThen,
        held: &mut Share,
    ) -> Result<AtRest, ScanError> {
        if live.blocks.is_empty() {
            return Ok(AtRest::default());
        }
        let live = Arc::clone(live);
        let index = Arc::clone(&self.index);
        let asked = Asked::default();
        let is_asked = asked.still();
        let mut share = self.budget.share();
        let found = self.searching(move || {
            let elsewhere = Elsewhere {
                since: hot.since,
                from: hot.from,
            };
            let are_elsewhere = |traces: &[TraceId]| {
                let index = index.lock();
                let had = traces.iter().map(|trace| index.had(*trace, hot.generation));
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
}

// === impl Places ===

impl Places {
    fn traces(&self) -> impl Iterator<Item = (TimestampMicros, TraceId)> {
        let ready = self.ready.iter();
        let ready = ready.map(|(time, projection)| (*time, projection.id));
        ready.chain(self.cold.iter().chain(&self.at_rest).copied())
    }

    fn keep_from(&mut self, first: (TimestampMicros, TraceId)) {
        self.ready
            .retain(|(time, projection)| (*time, projection.id) >= first);
        self.cold.retain(|trace| *trace >= first);
        self.at_rest.retain(|trace| *trace >= first);
    }

    /// What they take, projections of others aside.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.ready) + size_of_val(&*self.cold) + size_of_val(&*self.at_rest)
    }

    fn len(&self) -> usize {
        self.ready.len() + self.cold.len() + self.at_rest.len()
    }

    fn sort(&mut self) {
        self.ready.sort_unstable_by_key(|(time, _)| *time);
        self.cold.sort_unstable_by_key(|(time, _)| *time);
        self.at_rest.sort_unstable_by_key(|(time, _)| *time);
    }

    /// The latest time, of sorted ones.
    fn latest(&self) -> Option<TimestampMicros> {
        let ready = self.ready.last().map(|(time, _)| *time);
        let cold = self.cold.last().map(|(time, _)| *time);
        let at_rest = self.at_rest.last().map(|(time, _)| *time);
        ready.max(cold).max(at_rest)
    }

    /// Takes away the latest, of sorted ones.
    fn split_latest(&mut self, count: usize) -> Self {
        let mut latest = Self::default();
        while latest.len() < count
            && let Some(time) = self.latest()
        {
            if let Some(ready) = self.ready.pop_if(|(at, _)| *at == time) {
                latest.ready.push(ready);
            } else if let Some(cold) = self.cold.pop_if(|(at, _)| *at == time) {
                latest.cold.push(cold);
            } else {
                latest.at_rest.extend(self.at_rest.pop());
            }
        }
        latest
    }
}

/// Takes some away from the end, so that they are given back as they go.
fn take_some<T>(all: &mut Vec<T>, count: usize) -> Vec<T> {
    let left = all.len().saturating_sub(count);
    all.split_off(left)
}

// === impl HotBatches ===

impl<'h> HotBatches<'h> {
    /// The latest first where `stretch` says how many are looked at first.
    pub(super) fn new(
        hot: &'h HotTraces,
        live: Arc<Live>,
        mut places: Places,
        stretch: Option<usize>,
        from: Option<(TimestampMicros, TraceId)>,
        held: Share,
    ) -> Self {
        let are_few = places.at_rest.len() <= MOST_AT_ONCE;
        let (mut ahead, mut present) = Default::default();
        if stretch.is_some() {
            places.sort();
            ahead = places;
        } else {
            present = places;
            sort_for_reading(&mut present);
        }
        Self {
            hot,
            live,
            ahead,
            stretch,
            present,
            until: None,
            from,
            are_few,
            made: 0,
            turn: None,
            held,
        }
    }

    /// Goes on to the next stretch; whether there is one.
    fn begin_stretch(&mut self) -> bool {
        let Some(count) = self.stretch else {
            return false;
        };
        self.present = self.ahead.split_latest(count);
        self.until = self.ahead.latest();
        self.stretch = Some(
            count
                .saturating_mul(GROWTH)
                .min(MOST_IN_A_STRETCH.max(count)),
        );
        sort_for_reading(&mut self.present);
        self.present.len() > 0
    }

    /// Those that were moved before all that is wanted by what came in meanwhile are found there.
    fn is_wanted(&self, projection: &Projection) -> bool {
        self.from.is_none_or(|from| {
            start_of(projection).is_none_or(|start| (start, projection.id) >= from)
        })
    }

    async fn make(&mut self) -> Result<Vec<Arc<Projection>>, ScanError> {
        if self.made >= MOST_AT_ONCE && self.turn.is_none() {
            self.turn = Some(self.hot.budget.turn().await?);
        }
        let ids = |some: Vec<(TimestampMicros, TraceId)>| {
            let ids = some.into_iter().map(|(_, trace)| trace);
            ids.collect::<Vec<TraceId>>()
        };
        let some = ids(take_some(&mut self.present.cold, TRACES_A_TURN));
        if !some.is_empty() {
            self.made += some.len();
            return self.hot.cold_or_at_rest(&some).await;
        }
        let some = ids(take_some(&mut self.present.at_rest, MADE_AT_ONCE));
        self.made += some.len();
        match self.are_few {
            true => self.hot.project_at_rest(&self.live, some).await,
            false => self.hot.project_many(&self.live, some).await,
        }
    }
}

/// Neighbours at rest lie on the same pages.
fn sort_for_reading(places: &mut Places) {
    places
        .at_rest
        .sort_unstable_by_key(|(_, trace)| Reverse(*trace));
}

#[async_trait]
impl Batches for HotBatches<'_> {
    async fn next(&mut self) -> Result<Option<Batch>, ScanError> {
        if self.present.len() == 0 && !self.begin_stretch() {
            return Ok(None);
        }
        let mut held = self.hot.budget.share();
        let ready = take_some(&mut self.present.ready, HELD_AT_ONCE);
        let mut projections: Vec<_> = ready.into_iter().map(|(_, ready)| ready).collect();
        if projections.is_empty() {
            projections = self.make().await?;
            let bytes = projections.iter().map(|made| weight(made));
            held.set(bytes.sum())?;
        }
        projections.retain(|projection| self.is_wanted(projection));
        let until = self.until.filter(|_| self.present.len() == 0);
        Ok(Some(Batch::new(projections, until, held)))
    }
}

// === impl Asked ===

impl Asked {
    /// Whether somebody waits.
    pub(super) fn still(&self) -> impl Fn() -> bool + Send + 'static {
        let gone = Arc::clone(&self.0);
        move || !gone.load(Ordering::Relaxed)
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
