//! A function while we serve it: its record, what runs, and its environments.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use fluoro_iam::SessionCredentials;
use fluoro_model::TimestampMicros;
use fluoro_statistics::{Series, Statistics, Subject};
use fluoro_store::catalog::Revision;
use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, OwnedSemaphorePermit};

use crate::alive::Alive;
use crate::arn::FunctionArn;
use crate::environment::{Environment, Serving};
use crate::log::FunctionLog;
use crate::record::Function;

/// How long an event waits for an environment that is about to be free. No interpreter starts faster.
const PATIENCE: Duration = Duration::from_millis(50);

/// One function in memory.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) arn: FunctionArn,
    pub(crate) log: Arc<FunctionLog>,
    pub(crate) alive: Alive,
    /// Counts its runs, once there was one.
    series: OnceLock<Arc<Series>>,
    current: RwLock<Current>,
    /// The record's revision in the catalog; held while a change is decided, written and made known.
    pub(crate) changing: tokio::sync::Mutex<Revision>,
    /// The role's session, shared by its environments while it lasts.
    pub(crate) session: tokio::sync::Mutex<Option<SessionCredentials>>,
    pool: Mutex<Pool>,
    /// An environment is no longer returning.
    returned: Notify,
}

#[derive(Debug)]
struct Current {
    record: Arc<Function>,
    /// `None` until the function has become active.
    serving: Option<Arc<Serving>>,
}

#[derive(Debug, Default)]
struct Pool {
    /// Used last in, first out, so that those that are not needed grow old.
    idle: Vec<Idle>,
    /// Have answered, and are about to ask for their next event.
    returning: usize,
    busy: usize,
    closed: bool,
}

#[derive(Debug)]
struct Idle {
    kept: Kept,
    since: i64,
}

/// An environment and the place that it takes among all.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) environment: Environment,
    #[expect(
        dead_code,
        reason = "held as long as the environment lives, never looked at"
    )]
    pub(crate) place: OwnedSemaphorePermit,
}

/// The right to run one event. Dropping it gives the right back, and ends the environment that it still has.
#[derive(Debug)]
pub(crate) struct Lease {
    live: Arc<Live>,
}

/// An environment has answered, and is about to ask for its next event. Dropping it says that this is over.
#[derive(Debug)]
pub(crate) struct Returning {
    live: Arc<Live>,
}

/// The function's own reservation is used up.
#[derive(Debug)]
pub(crate) struct ReservationFull;

impl Live {
    pub(crate) fn new(record: Function, revision: Revision, log: Arc<FunctionLog>) -> Self {
        Self {
            arn: record.arn.clone(),
            log,
            alive: Alive::default(),
            series: OnceLock::new(),
            current: RwLock::new(Current {
                record: Arc::new(record),
                serving: None,
            }),
            changing: tokio::sync::Mutex::new(revision),
            session: tokio::sync::Mutex::default(),
            pool: Mutex::default(),
            returned: Notify::new(),
        }
    }

    /// What counts its runs.
    pub(crate) fn series(&self, statistics: &Statistics, now: TimestampMicros) -> &Series {
        self.series.get_or_init(|| {
            let subject = Subject::Function {
                region: self.arn.region.clone(),
                function: self.arn.name.clone(),
            };
            statistics.series(now, subject)
        })
    }

    pub(crate) fn record(&self) -> Arc<Function> {
        Arc::clone(&self.current.read().record)
    }

    pub(crate) fn serving(&self) -> Option<Arc<Serving>> {
        self.current.read().serving.clone()
    }

    /// Makes a written record known.
    pub(crate) fn know(&self, record: Function) -> Arc<Function> {
        let record = Arc::new(record);
        self.current.write().record = Arc::clone(&record);
        record
    }

    /// From now on this runs; idle environments of what ran before are ended.
    pub(crate) fn serve(&self, serving: Arc<Serving>) {
        self.current.write().serving = Some(serving);
        self.retire(|_| false);
    }

    /// Asks for the right to run one event; an idle environment comes with it if there is a fit one.
    pub(crate) fn lease(
        self: &Arc<Self>,
        serving: &Serving,
        now: TimestampMicros,
    ) -> Result<(Lease, Option<Kept>), ReservationFull> {
        let reserved = self.record().reserved_concurrency;
        let mut unfit = Vec::new();
        let mut pool = self.pool.lock();
        let full = reserved
            .is_some_and(|reserved| pool.busy >= usize::try_from(reserved).unwrap_or(usize::MAX));
        if full {
            return Err(ReservationFull);
        }
        pool.busy += 1;
        let found = pool.take_fit(serving, now, &mut unfit);
        drop(pool);
        // Ending processes needs no lock.
        drop(unfit);
        let lease = Lease {
            live: Arc::clone(self),
        };
        Ok((lease, found))
    }

    /// An environment that was about to be free, once it is. `None` when there is none, or it takes too long: then a
    /// new one is worth its start.
    pub(crate) async fn soon(&self, serving: &Serving, now: TimestampMicros) -> Option<Kept> {
        let free = async {
            loop {
                let mut returned = std::pin::pin!(self.returned.notified());
                returned.as_mut().enable();
                let mut unfit = Vec::new();
                let (found, returning) = {
                    let mut pool = self.pool.lock();
                    (pool.take_fit(serving, now, &mut unfit), pool.returning)
                };
                drop(unfit);
                if found.is_some() || returning == 0 {
                    return found;
                }
                returned.await;
            }
        };
        tokio::time::timeout(PATIENCE, free).await.ok().flatten()
    }

    /// Says that an environment has answered. To be called before anybody sees the answer.
    pub(crate) fn returning(self: &Arc<Self>) -> Returning {
        self.pool.lock().returning += 1;
        Returning {
            live: Arc::clone(self),
        }
    }

    /// Ends idle environments that are of another generation or for which `keep` says no, given since when they idle.
    pub(crate) fn retire(&self, keep: impl Fn(i64) -> bool) {
        let generation = self.serving().map(|serving| serving.generation);
        let mut pool = self.pool.lock();
        let retired: Vec<Idle> = {
            let all = std::mem::take(&mut pool.idle);
            let fits = |idle: &Idle| {
                let environment = &idle.kept.environment;
                Some(environment.generation) == generation
                    && environment.is_alive()
                    && keep(idle.since)
            };
            let (kept, retired) = all.into_iter().partition(fits);
            pool.idle = kept;
            retired
        };
        drop(pool);
        drop(retired);
    }

    /// Ends the environment that has been idle for longest; whether there was one.
    pub(crate) fn evict(&self) -> bool {
        let mut pool = self.pool.lock();
        let oldest = (!pool.idle.is_empty()).then(|| pool.idle.remove(0));
        drop(pool);
        oldest.is_some()
    }

    /// Ends all idle environments, and every other one when its event is done.
    pub(crate) fn close(&self) {
        let mut pool = self.pool.lock();
        pool.closed = true;
        let all = std::mem::take(&mut pool.idle);
        drop(pool);
        drop(all);
    }
}

impl Pool {
    /// The idle environment that was used last and is fit; those found unfit on the way go to `unfit`.
    fn take_fit(
        &mut self,
        serving: &Serving,
        now: TimestampMicros,
        unfit: &mut Vec<Kept>,
    ) -> Option<Kept> {
        let needed = Duration::from_secs(u64::from(serving.release.configuration.timeout_seconds));
        while let Some(Idle { kept, .. }) = self.idle.pop() {
            let environment = &kept.environment;
            if environment.generation == serving.generation
                && environment.is_alive()
                && environment.credentials_last(now, needed)
            {
                return Some(kept);
            }
            unfit.push(kept);
        }
        None
    }
}

impl Lease {
    /// Puts the environment among the idle ones, unless it is no longer wanted.
    pub(crate) fn give_back(self, kept: Kept, now: i64) {
        let generation = self.live.serving().map(|serving| serving.generation);
        let mut pool = self.live.pool.lock();
        let wanted = !pool.closed
            && kept.environment.is_alive()
            && Some(kept.environment.generation) == generation;
        if wanted {
            kept.environment.badge.is_ready(now);
            pool.idle.push(Idle { kept, since: now });
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.live.pool.lock().busy -= 1;
    }
}

impl Drop for Returning {
    fn drop(&mut self) {
        self.live.pool.lock().returning -= 1;
        self.live.returned.notify_waiters();
    }
}
