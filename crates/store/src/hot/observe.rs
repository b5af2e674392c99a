//! Telling others of what becomes of traces, so that they keep what cannot be asked of a projection alone.

use std::fmt;
use std::sync::Arc;

use fluoro_block::traces::Membership;
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_trace::Projection;
use parking_lot::Mutex;

use super::index::{Index, Snapshot};
use crate::archive::{ArchiveError, Live};
use crate::log::Position;
use crate::rollups::RollupMaker;

/// Is told of every projection as it is made, before anybody can read it, and of every trace that is let go.
///
/// One call at a time, on a thread that may block; the calls about a trace come in the order of its updates. After a
/// start every trace that the log holds is told anew, so an observer begins empty. A projection that only made room
/// for a while and is made again from the same documents is not told twice.
pub trait ProjectionObserver: Send + Sync + fmt::Debug {
    /// A trace was received, or updated. `before` is what was told last; `None` for the first time. When documents
    /// of the trace were let go in between, `before` may lack them.
    fn projected(&self, before: Option<&Arc<Projection>>, now: &Arc<Projection>);

    /// All documents of the trace were let go.
    fn forgotten(&self, trace: TraceId);

    /// What of the trace is to be kept with it when it comes to rest, and told at the next start.
    fn memberships(&self, _trace: TraceId) -> Vec<Membership> {
        Vec::new()
    }

    /// A trace that came to rest before this start: when its first document was received, and what was kept with it. It is
    /// told of no projection before it comes again.
    fn found_at_rest(&self, _trace: TraceId, _received: TimestampMicros, _kept: &[Membership]) {}

    /// Who makes what is kept of minutes with traces at rest, if this observer wants that.
    fn rollup_maker(&self) -> Option<Arc<dyn RollupMaker>> {
        None
    }

    /// Whether each delivery of a trace matters, also where several came before its projection was made. When one
    /// observer says so, all are told of the projections in between, which nobody can read.
    fn wants_every_delivery(&self) -> bool {
        false
    }
}

/// The observers, and the order in which they are told.
#[derive(Debug, Default)]
pub(super) struct Observers {
    all: Vec<Arc<dyn ProjectionObserver>>,
    /// Held while they are told.
    telling: Mutex<()>,
}

/// A projection to be put in the index.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) from: Snapshot,
    /// What was told before, and each projection since; the last is the one to be read.
    pub(super) before: Option<Arc<Projection>>,
    pub(super) steps: Vec<Arc<Projection>>,
    pub(super) now: Arc<Projection>,
    /// When documents were received that are at rest of it, each moment once.
    pub(super) older: Vec<TimestampMicros>,
    /// Documents that could not be had.
    pub(super) lost: Vec<Position>,
}

/// What putting projections in the index came to.
#[derive(Debug, Default)]
pub(super) struct Installed {
    /// Documents that were held and cannot be had.
    pub(super) unreadable: u64,
    /// Traces for which somebody else's projection was put there in between: ours must be made again.
    pub(super) overtaken: Vec<TraceId>,
}

// === impl Observers ===

impl Observers {
    pub(super) fn new(all: Vec<Arc<dyn ProjectionObserver>>) -> Self {
        Self {
            all,
            telling: Mutex::default(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn want_every_delivery(&self) -> bool {
        self.all
            .iter()
            .any(|observer| observer.wants_every_delivery())
    }

    /// Tells of the projections, then makes them readable.
    pub(super) fn install(
        &self,
        index: &Mutex<Index>,
        made: Vec<Made>,
        room: impl FnOnce(&mut Index),
    ) -> Installed {
        let mut installed = Installed::default();
        let _telling = self.telling.lock();
        let mut news = Vec::with_capacity(made.len());
        let forgotten = {
            let mut index = index.lock();
            for made in made {
                match index.standing(&made.from) {
                    Standing::News => news.push((made, true)),
                    Standing::Known => news.push((made, false)),
                    Standing::Overtaken => installed.overtaken.push(made.from.trace),
                    Standing::Late => {}
                }
            }
            index.take_forgotten()
        };
        self.tell_forgotten(&forgotten);
        for (made, is_new) in &news {
            if *is_new {
                self.tell(made);
            }
        }
        let mut index = index.lock();
        for (made, _) in news {
            index.set_projection(&made.from, made.now, made.older);
            installed.unreadable += index.lose(made.from.trace, &made.lost);
        }
        room(&mut index);
        installed
    }

    /// Tells of the traces that were let go since the last time.
    pub(super) fn catch_up(&self, index: &Mutex<Index>) {
        let _telling = self.telling.lock();
        let forgotten = index.lock().take_forgotten();
        self.tell_forgotten(&forgotten);
    }

    /// What the observers want to be kept with a trace.
    pub(super) fn memberships(&self, trace: TraceId) -> Vec<Membership> {
        let all = self.all.iter();
        all.flat_map(|observer| observer.memberships(trace))
            .collect()
    }

    /// Who makes what is kept of minutes.
    pub(super) fn rollup_maker(&self) -> Option<Arc<dyn RollupMaker>> {
        self.all.iter().find_map(|observer| observer.rollup_maker())
    }

    /// Tells of the traces that came to rest before this start.
    pub(super) fn tell_at_rest(&self, live: &Live) -> Result<(), ArchiveError> {
        if self.all.is_empty() {
            return Ok(());
        }
        let _telling = self.telling.lock();
        live.members(|(trace, received, kept)| {
            for observer in &self.all {
                observer.found_at_rest(trace, received, &kept);
            }
        })
    }

    /// Waits while somebody is being told.
    pub(super) fn wait_until_told(&self) {
        drop(self.telling.lock());
    }

    fn tell(&self, made: &Made) {
        let mut before = made.before.as_ref();
        for now in made.steps.iter().chain([&made.now]) {
            for observer in &self.all {
                observer.projected(before, now);
            }
            before = Some(now);
        }
    }

    fn tell_forgotten(&self, forgotten: &[TraceId]) {
        for trace in forgotten {
            for observer in &self.all {
                observer.forgotten(*trace);
            }
        }
    }
}

/// How a projection compares with what the index holds of its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has more than what was told last.
    News,
    /// It is what was told last, which made room since.
    Known,
    /// It has more, but what it was made to follow is not what was told last.
    Overtaken,
    /// It is there already, or better, or its trace is gone.
    Late,
}
