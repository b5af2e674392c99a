//! The state machine: who may say what when.

use std::sync::Arc;

use bytes::Bytes;
use fluoro_ambient::Ambient;
use http::HeaderMap;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::runtime_api::{Answer, Started};

/// One event as the runtime gets it.
#[derive(Debug)]
pub(crate) struct Event {
    /// The invocation's id.
    pub(crate) request_id: Arc<str>,
    /// All headers of the answer to `/next`.
    pub(crate) headers: HeaderMap,
    /// The event, byte for byte.
    pub(crate) payload: Bytes,
}

/// What the runtime posts about an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Posted {
    /// The handler's result.
    Response(Bytes),
    /// The handler failed.
    Error(PostedError),
    /// The result is larger than a caller may get.
    TooLarge,
}

/// An error as it was posted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PostedError {
    /// What the caller gets.
    pub(crate) payload: Bytes,
    /// `Lambda-Runtime-Function-Error-Type`.
    pub(crate) kind: Option<String>,
    /// `Lambda-Runtime-Function-XRay-Error-Cause`, or the `cause` of the other error form.
    pub(crate) cause: Option<Bytes>,
}

/// Why a request of the runtime was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The id is not that of the current event.
    RequestId,
    /// Not now. The message is AWS's.
    Transition(String),
}

#[derive(Debug, Clone)]
enum Phase {
    Started,
    InitError(PostedError),
    Ready {
        at: i64,
    },
    Running(Arc<Event>),
    /// A response or an error is being read; nothing else may be posted meanwhile.
    Posting {
        event: Arc<Event>,
        error: bool,
    },
    Sent {
        request_id: Arc<str>,
    },
}

impl Phase {
    /// The emulator's names of its states.
    fn name(&self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::InitError(_) => "InitError",
            Self::Ready { .. } => "Ready",
            Self::Running(_) => "Running",
            Self::Posting { error: false, .. } => "InvocationResponse",
            Self::Posting { error: true, .. } => "InvocationErrorResponse",
            Self::Sent { .. } => "RuntimeResponseSentState",
        }
    }

    fn refuse(&self, wanted: &str) -> Refused {
        Refused::Transition(format!(
            "State transition from {} to {wanted} failed for runtime. Error: State transition is not allowed",
            self.name()
        ))
    }

    fn current(&self) -> Option<&str> {
        match self {
            Self::Running(event) | Self::Posting { event, .. } => Some(&event.request_id),
            Self::Sent { request_id } => Some(request_id),
            Self::Started | Self::InitError(_) | Self::Ready { .. } => None,
        }
    }
}

#[derive(Debug)]
struct Inner {
    phase: Phase,
    posted: Option<Answer>,
    user_agent: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Machine {
    ambient: Ambient,
    inner: Mutex<Inner>,
    /// Counts changes, so that whoever waits looks again.
    changes: watch::Sender<u64>,
}

impl Machine {
    pub(crate) fn new(ambient: Ambient) -> Self {
        let inner = Inner {
            phase: Phase::Started,
            posted: None,
            user_agent: None,
        };
        Self {
            ambient,
            inner: Mutex::new(inner),
            changes: watch::Sender::new(0),
        }
    }

    // What the runtime asks.

    /// `GET /next`: waits for an event. A second request while one runs gets the same event again.
    pub(crate) async fn next(&self, user_agent: Option<&str>) -> Result<Arc<Event>, Refused> {
        self.change(|inner, now| {
            if inner.user_agent.is_none() {
                inner.user_agent = user_agent.map(str::to_owned);
            }
            match &inner.phase {
                Phase::Started | Phase::Sent { .. } => inner.phase = Phase::Ready { at: now },
                Phase::Ready { .. } | Phase::Running(_) => {}
                phase @ (Phase::InitError(_) | Phase::Posting { .. }) => {
                    return Err(phase.refuse("Ready"));
                }
            }
            Ok(())
        })?;
        let event = self.wait(|inner| match &inner.phase {
            Phase::Running(event) => Some(Arc::clone(event)),
            _ => None,
        });
        Ok(event.await)
    }

    /// The head of `/response` or `/error` has come: it is this one that answers.
    pub(crate) fn posting(&self, request_id: &str, error: bool) -> Result<(), Refused> {
        self.change(|inner, _| {
            if inner.phase.current() != Some(request_id) {
                return Err(Refused::RequestId);
            }
            let Phase::Running(event) = &inner.phase else {
                let wanted = if error {
                    "InvocationErrorResponse"
                } else {
                    "InvocationResponse"
                };
                return Err(inner.phase.refuse(wanted));
            };
            let event = Arc::clone(event);
            inner.phase = Phase::Posting { event, error };
            Ok(())
        })
    }

    /// Its body has come, or broke off (`None`): then another may be posted.
    pub(crate) fn posted(&self, posted: Option<Posted>) {
        self.change(|inner, now| {
            let Phase::Posting { event, .. } = &inner.phase else {
                return;
            };
            inner.phase = match posted {
                None => Phase::Running(Arc::clone(event)),
                Some(_) => Phase::Sent {
                    request_id: Arc::clone(&event.request_id),
                },
            };
            inner.posted = posted.map(|posted| Answer { posted, at: now });
        });
    }

    /// `POST /init/error`.
    pub(crate) fn init_failed(&self, error: PostedError) -> Result<(), Refused> {
        self.change(|inner, _| match &inner.phase {
            Phase::Started => {
                inner.phase = Phase::InitError(error);
                Ok(())
            }
            phase => Err(phase.refuse("InitError")),
        })
    }

    // What the environment asks.

    pub(crate) async fn started(&self) -> Started {
        self.wait(|inner| match &inner.phase {
            Phase::Ready { at } => Some(Started::Ready { at: *at }),
            Phase::InitError(error) => Some(Started::Failed(error.clone())),
            _ => None,
        })
        .await
    }

    pub(crate) async fn ready(&self) -> i64 {
        self.wait(|inner| match &inner.phase {
            Phase::Ready { at } => Some(*at),
            _ => None,
        })
        .await
    }

    pub(crate) fn release(&self, event: Arc<Event>) {
        self.change(|inner, _| {
            debug_assert!(
                matches!(inner.phase, Phase::Ready { .. }),
                "{:?}",
                inner.phase
            );
            inner.posted = None;
            inner.phase = Phase::Running(event);
        });
    }

    pub(crate) async fn answered(&self) -> Answer {
        self.wait(|inner| inner.posted.take()).await
    }

    pub(crate) fn take_posted(&self) -> Option<Answer> {
        self.inner.lock().posted.take()
    }

    pub(crate) fn init_error(&self) -> Option<PostedError> {
        match &self.inner.lock().phase {
            Phase::InitError(error) => Some(error.clone()),
            _ => None,
        }
    }

    pub(crate) fn user_agent(&self) -> Option<String> {
        self.inner.lock().user_agent.clone()
    }

    fn change<T>(&self, change: impl FnOnce(&mut Inner, i64) -> T) -> T {
        let now = self.ambient.now_micros();
        let result = change(&mut self.inner.lock(), now);
        self.changes.send_modify(|count| *count += 1);
        result
    }

    /// Looks after every change until `found` finds something.
    async fn wait<T>(&self, mut found: impl FnMut(&mut Inner) -> Option<T>) -> T {
        let mut changes = self.changes.subscribe();
        loop {
            if let Some(found) = found(&mut self.inner.lock()) {
                return found;
            }
            changes
                .changed()
                .await
                .expect("the sender lives as long as the machine");
        }
    }
}
