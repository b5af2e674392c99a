//! Making projections anew.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use fluoro_model::TraceId;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::index::{QUIET_TURNS, Snapshot};
use super::projector::Steps;
use super::{HotTraces, ScanError};

/// How long a turn lasts, unless documents come so fast that it must be shorter.
const TURN: Duration = Duration::from_millis(50);

/// A turn ends early when this share of the cache was filled in it, so that documents are still there when their trace is
/// quiet.
pub(super) const TURNS_A_CACHE: usize = 10;

/// A document is in so many projections, roughly, until its trace is whole.
const PROJECTED_AGAIN: usize = 2;

/// While somebody asks, traces are due so many turns earlier: who asks waits for what is left to be made, which is less than
/// half of it then, for some more projections made in vain.
const EARLY: u32 = 4;

/// So long after a question the next one is expected.
const ASKS: Duration = Duration::from_secs(10);

/// How long nothing is tried after a turn that failed.
const PAUSE: Duration = Duration::from_secs(1);

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
            if is_done {
                // Somebody else may have made what a turn left.
                hot.pace.set(None);
            }
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
        *self.asked.lock() = Some(Instant::now());
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
                false => index.due(turns, self.early()),
            }
        };
        let mut parts = self.index.lock().turns(&due);
        let (mut all, mut documents) = (Ok(()), 0);
        while began.elapsed() < TURN
            && let Some(traces) = parts.pop()
        {
            documents += self.index.lock().documents_of(traces);
            let refreshed = self.refresh(traces).await;
            all = all.and(refreshed);
        }
        self.pace.set(match parts.is_empty() {
            true => None,
            false => Some(documents / PROJECTED_AGAIN),
        });
        all.and(self.tell_forgotten().await)?;
        Ok(parts.is_empty())
    }

    /// How many turns earlier traces are due now.
    pub(super) fn early(&self) -> u32 {
        let asked = *self.asked.lock();
        match asked.is_some_and(|asked| asked.elapsed() < ASKS) {
            true => EARLY,
            false => 0,
        }
    }

    /// Goes on with the next traces where some cannot be had; the first error, at the end. Somebody waits: two turns at a time.
    async fn refresh_in_turns(&self, traces: &[TraceId]) -> Result<(), ScanError> {
        let mut all = Ok(());
        let turns = self.index.lock().turns(traces);
        let mut turns = turns.into_iter();
        while let Some(one) = turns.next() {
            let other = turns.next().unwrap_or_default();
            let (one, other) = tokio::join!(self.refresh(one), self.refresh(other));
            all = all.and(one).and(other);
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
        let projector = self.projector(&snapshots).await?;
        self.drop_facts(&snapshots);
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

    /// What these documents say is in hand, and will hardly be asked for again.
    fn drop_facts(&self, snapshots: &[Snapshot]) {
        let mut cache = self.cache.lock();
        for place in snapshots.iter().flat_map(|snapshot| &snapshot.places) {
            cache.let_go(place.position);
        }
    }
}
