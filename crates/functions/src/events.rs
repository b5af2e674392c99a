//! Asynchronous invocations: accepted, kept, tried up to three times.
//!
//! An event is in the catalog before it is accepted and leaves it when it is done, so no end of the process loses one;
//! one that was being tried is tried again (AWS, too, promises "at least once"). Each event has a task that sleeps until
//! it is due. A throttled or failed start does not count as an attempt and is tried again for up to six hours.
//! Source: Lambda guide, asynchronous invocation.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use fluoro_ingest::OpenWork;
use fluoro_model::{SegmentId, TraceHeader};
use fluoro_sampling::Kept;
use fluoro_store::catalog::{CatalogError, Expect};
use parking_lot::Mutex;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::arn::FunctionArn;
use crate::environment::Serving;
use crate::functions::{Functions, Inner};
use crate::invoke::{Invocation, InvokeError};
use crate::live::Live;
use crate::run::{Job, NoRun, Ran};
use crate::segments::{self, ServiceSegment};
use crate::tracing_plan::{Plan, Recorded, new_segment};

/// The largest event of an asynchronous invocation: 1 MB. Source: Lambda quotas.
pub const EVENT_LIMIT: usize = 1024 * 1024;
/// The most that the payloads of all events that wait may have together; more are refused as throttled.
const QUEUE_BYTES: usize = 256 * EVENT_LIMIT;
/// The first try and two more. Source: Lambda guide, asynchronous invocation.
const ATTEMPTS: u32 = 3;
/// How long an event that cannot even be tried is kept.
const AGE_LIMIT_MICROS: i64 = 6 * 60 * 60 * 1_000_000;
/// Waits between tries that were throttled grow from this to that.
const THROTTLED_WAIT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(5));

/// An event that was accepted.
#[derive(Debug, Clone)]
pub struct AcceptedEvent {
    /// The id of all its attempts.
    pub request_id: String,
    /// The header of the answer.
    pub trace: TraceHeader,
}

/// An event as the catalog keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct QueuedEvent {
    invoked: FunctionArn,
    request_id: String,
    #[serde(with = "as_base64")]
    payload: Bytes,
    client_context: Option<String>,
    plan: Plan,
    /// Microseconds since the epoch.
    accepted: i64,
    /// When the next attempt is due.
    due: i64,
    /// Attempts that were made.
    attempts: u32,
}

/// What became of one attempt.
enum Attempted {
    Done,
    Again { due: i64, counts: bool },
}

impl Functions {
    /// Accepts an event to be run later; it is durable when this returns.
    ///
    /// # Errors
    ///
    /// When there is no such function, the event is too large, the queue is full, or the catalog fails.
    pub async fn invoke_async(&self, invocation: Invocation) -> Result<AcceptedEvent, InvokeError> {
        let inner = &self.inner;
        if *inner.closing.borrow() {
            return Err(InvokeError::Service("the server is shutting down".into()));
        }
        let accepted = inner.now();
        let (live, invoked) = inner.target(&invocation.function_arn)?;
        let size = invocation.payload.len();
        if size > EVENT_LIMIT {
            return Err(InvokeError::TooLarge {
                size,
                limit: EVENT_LIMIT,
            });
        }
        let plan = inner.plan(&live, &invocation.trace);
        let trace = plan.for_caller();
        let Some(place) = inner.queue.enter(size, inner.settings().event_queue) else {
            return Err(InvokeError::Throttled {
                reason: "CallerRateLimitExceeded",
                trace: Box::new(trace),
            });
        };
        let event = QueuedEvent {
            invoked,
            request_id: inner.parts.ambient.uuid(),
            payload: invocation.payload,
            client_context: invocation
                .client_context
                .map(|context| STANDARD.encode(context)),
            plan,
            accepted,
            due: accepted,
            attempts: 0,
        };
        let open = inner.open_event(&event);
        let kept = inner
            .events
            .put(&event.request_id, &event, Expect::Absent)
            .await;
        kept.map_err(|error| InvokeError::Service(error.into()))?;
        inner.record_acceptance(&live, &event);
        let accepted = AcceptedEvent {
            request_id: event.request_id.clone(),
            trace,
        };
        inner.drive(event, open, place);
        Ok(accepted)
    }
}

impl Inner {
    /// Takes up the events that were accepted before a restart.
    pub(crate) async fn resume_events(self: &Arc<Self>) -> Result<(), CatalogError> {
        for (_, found) in self.events.scan("").await? {
            let event = found.value;
            let open = self.open_event(&event);
            let place = self.queue.enter_anyway(event.payload.len());
            self.drive(event, open, place);
        }
        Ok(())
    }

    fn open_event(&self, event: &QueuedEvent) -> Option<OpenWork> {
        event.plan.sampled.then(|| {
            let what = format!(
                "asynchronous invocation of {} ({})",
                event.invoked.name, event.request_id
            );
            self.parts.sink.open(event.plan.trace, what)
        })
    }

    fn drive(self: &Arc<Self>, event: QueuedEvent, open: Option<OpenWork>, place: Place) {
        let inner = Arc::clone(self);
        tokio::spawn(async move {
            inner.try_until_done(event).await;
            drop(open);
            drop(place);
        });
    }

    async fn try_until_done(self: &Arc<Self>, mut event: QueuedEvent) {
        let mut closing = self.closing.subscribe();
        let mut runs = self.events_run.subscribe();
        let mut refused = 0;
        loop {
            let wait = Duration::from_micros(u64::try_from(event.due - self.now()).unwrap_or(0));
            let due = async {
                tokio::time::sleep(wait).await;
                runs.wait_for(|runs| *runs).await.is_ok()
            };
            // Cancellation safe: a sleep, and looks at flags.
            tokio::select! {
                biased;
                _ = closing.wait_for(|closing| *closing) => return,
                runs = due => if !runs { return },
            }
            let Some(live) = self.live(&event.invoked) else {
                // Nothing is known any more once the server closes; the next start takes the event up.
                if *self.closing.borrow() {
                    return;
                }
                tracing::info!(function = %event.invoked, request_id = event.request_id, "event of a deleted function dropped");
                break;
            };
            let running = crate::functions::Running::begin(Arc::clone(self));
            let attempted = self.attempt(&live, &event, refused).await;
            drop(running);
            match attempted {
                Attempted::Done => break,
                Attempted::Again { due, counts } => {
                    event.due = due;
                    event.attempts += u32::from(counts);
                    refused = if counts { 0 } else { refused + 1 };
                    // Should this fail, a restart repeats an attempt more than it would have to.
                    if let Err(error) = self
                        .events
                        .put(&event.request_id, &event, Expect::Anything)
                        .await
                    {
                        tracing::warn!(
                            error = crate::error_chain(&error),
                            "failed to keep a retry"
                        );
                    }
                }
            }
        }
        if let Err(error) = self
            .events
            .delete(&event.request_id, Expect::Anything)
            .await
        {
            tracing::warn!(
                error = crate::error_chain(&error),
                "failed to forget an event that is done"
            );
        }
    }

    async fn attempt(
        self: &Arc<Self>,
        live: &Arc<Live>,
        event: &QueuedEvent,
        refused: u32,
    ) -> Attempted {
        let begun = self.now();
        let again = || {
            let wait = THROTTLED_WAIT
                .0
                .saturating_mul(1 << refused.min(16))
                .min(THROTTLED_WAIT.1);
            Attempted::Again {
                due: begun.saturating_add(micros(wait)),
                counts: false,
            }
        };
        let expired = begun - event.accepted > AGE_LIMIT_MICROS;
        let Some(serving) = live.serving() else {
            return if expired { Attempted::Done } else { again() };
        };
        let attempt = new_segment(&self.parts.ambient);
        let job = Job {
            live: Arc::clone(live),
            serving: Arc::clone(&serving),
            invoked: event.invoked.clone(),
            request_id: event.request_id.as_str().into(),
            payload: event.payload.clone(),
            client_context: event
                .client_context
                .as_ref()
                .and_then(|context| STANDARD.decode(context).ok())
                .map(Bytes::from),
            plan: event.plan.clone(),
            parent: event.plan.ids().map(|_| attempt),
            want_tail: false,
        };
        let ran = match self.run(job).await {
            Ok(ran) => ran,
            Err(no_run) => {
                if let NoRun::Service(error) = no_run {
                    tracing::warn!(function = %event.invoked, %error, "asynchronous invocation could not be run");
                }
                return if expired { Attempted::Done } else { again() };
            }
        };
        self.record_attempt(live, &serving, event, attempt, begun, &ran);
        let made = event.attempts + 1;
        if ran.error.is_none() || made >= ATTEMPTS {
            return Attempted::Done;
        }
        let intervals = self.settings().retry_intervals;
        let wait = intervals[usize::try_from(event.attempts)
            .unwrap_or(0)
            .min(intervals.len() - 1)];
        Attempted::Again {
            due: self.now().saturating_add(micros(wait)),
            counts: true,
        }
    }

    /// The service's segment ends when the event is accepted; dwell and attempts follow, each when it is over.
    fn record_acceptance(&self, live: &Live, event: &QueuedEvent) {
        if let (Some(recorded), Some(serving)) = (event.plan.recorded, live.serving()) {
            self.record_acceptance_until(self.now(), live, &serving, event, recorded, None);
        }
    }

    fn record_acceptance_until(
        &self,
        end: i64,
        live: &Live,
        serving: &Serving,
        event: &QueuedEvent,
        recorded: Recorded,
        kept: Option<Kept>,
    ) {
        let document = segments::service(&ServiceSegment {
            id: recorded.service,
            trace: event.plan.trace,
            parent: recorded.parent,
            function: &event.invoked,
            request_id: &event.request_id,
            span: (event.accepted, end),
            status: 202,
            kept: event.plan.kept(kept),
        });
        self.record(&live.arn, serving, &document);
    }

    fn record_attempt(
        &self,
        live: &Live,
        serving: &Serving,
        event: &QueuedEvent,
        id: SegmentId,
        begun: i64,
        ran: &Ran,
    ) {
        let Some(recorded) = event.plan.worth(ran.kept) else {
            return;
        };
        if event.plan.kept(ran.kept).is_some() {
            // Nobody kept the moment at which its acceptance was over.
            self.record_acceptance_until(event.accepted, live, serving, event, recorded, ran.kept);
        }
        let (trace, service) = (event.plan.trace, recorded.service);
        if event.attempts == 0 {
            let dwell = new_segment(&self.parts.ambient);
            let document = segments::dwell(trace, service, dwell, (event.accepted, begun));
            self.record(&live.arn, serving, &document);
        }
        let span = (begun, self.now());
        let failed = ran.error.is_some();
        let document = segments::attempt(trace, service, id, event.attempts + 1, span, failed);
        self.record(&live.arn, serving, &document);
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// What waits: how many events, and the bytes of their payloads.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Debug, Default)]
struct Waiting {
    events: usize,
    bytes: usize,
}

/// One event's place; dropping it frees it.
#[derive(Debug)]
pub(crate) struct Place {
    waiting: Arc<Mutex<Waiting>>,
    bytes: usize,
}

impl Queue {
    /// A place for an event of so many bytes, unless `limit` events or [`QUEUE_BYTES`] wait.
    fn enter(&self, bytes: usize, limit: usize) -> Option<Place> {
        let mut waiting = self.waiting.lock();
        if waiting.events >= limit || waiting.bytes + bytes > QUEUE_BYTES {
            return None;
        }
        Some(self.place(&mut waiting, bytes))
    }

    /// A place for an event that was accepted before.
    fn enter_anyway(&self, bytes: usize) -> Place {
        self.place(&mut self.waiting.lock(), bytes)
    }

    fn place(&self, waiting: &mut Waiting, bytes: usize) -> Place {
        waiting.events += 1;
        waiting.bytes += bytes;
        Place {
            waiting: Arc::clone(&self.waiting),
            bytes,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.waiting.lock();
        waiting.events -= 1;
        waiting.bytes -= self.bytes;
    }
}

/// Payloads as base64: they need not be text.
mod as_base64 {
    use super::{Bytes, Deserialize, Deserializer, Engine, STANDARD, Serializer};

    pub(super) fn serialize<S: Serializer>(
        bytes: &Bytes,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Bytes, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD
            .decode(text)
            .map(Bytes::from)
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_is_bounded_in_events_and_in_bytes() {
        let queue = Queue::default();
        let first = queue.enter(QUEUE_BYTES - 1, 2).unwrap();
        assert!(queue.enter(2, 2).is_none());
        let second = queue.enter(1, 2).unwrap();
        assert!(queue.enter(0, 2).is_none());
        drop((first, second));
        assert!(queue.enter(QUEUE_BYTES, 1).is_some());
    }
}
