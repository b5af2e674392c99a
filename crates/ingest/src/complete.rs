//! Knowing when a trace is finished: what is still open in it, and who waits for that.

use std::collections::HashMap;
use std::sync::Arc;

use fluoro_ambient::{Ambient, Seldom};
use fluoro_model::TraceId;
use fluoro_trace::Projection;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::sink::OpenWork;

/// How many open things a reader is told of.
const TOLD: usize = 100;

/// How many traces may have open work that is told apart; of more, only that their documents are complete is known.
const TRACES: usize = 100_000;

/// Whether a trace is finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Nothing more is known to come.
    pub complete: bool,
    /// What is still to come, in words; at most 100 items.
    pub open: Vec<String>,
}

/// The open work of all traces. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct OpenTraces {
    ambient: Ambient,
    crowded: Arc<Seldom>,
    traces: Arc<Mutex<HashMap<TraceId, Entry>>>,
}

#[derive(Debug, Default)]
struct Entry {
    /// In the order opened.
    work: Vec<(u64, String)>,
    opened: u64,
    waiting: usize,
    changed: Arc<Notify>,
}

/// Somebody's interest in a trace; ends when dropped.
#[derive(Debug)]
pub(crate) struct Waiting {
    open: OpenTraces,
    trace: TraceId,
    pub(crate) changed: Arc<Notify>,
}

// === impl Completion ===

impl Completion {
    fn of(mut open: Vec<String>) -> Self {
        let complete = open.is_empty();
        open.truncate(TOLD);
        Self { complete, open }
    }
}

// === impl OpenTraces ===

impl OpenTraces {
    pub(crate) fn new(ambient: Ambient) -> Self {
        Self {
            ambient,
            crowded: Arc::default(),
            traces: Arc::default(),
        }
    }

    /// Notes work until the returned value is dropped.
    pub(crate) fn open(&self, trace: TraceId, what: String) -> OpenWork {
        let mut traces = self.traces.lock();
        if traces.len() >= TRACES && !traces.contains_key(&trace) {
            if let Some(times) = self.crowded.happened(&self.ambient) {
                tracing::warn!(
                    times,
                    "too many traces have open work at once; further work is not noted"
                );
            }
            return OpenWork::new(|| {});
        }
        let entry = traces.entry(trace).or_default();
        entry.opened += 1;
        let number = entry.opened;
        entry.work.push((number, what));
        let this = self.clone();
        OpenWork::new(move || {
            this.change(trace, |entry| {
                entry.work.retain(|(open, _)| *open != number)
            });
        })
    }

    /// Says that documents of these traces came in.
    pub(crate) fn arrived(&self, arrived: impl Iterator<Item = TraceId>) {
        let traces = self.traces.lock();
        if traces.is_empty() {
            return;
        }
        for entry in arrived.filter_map(|trace| traces.get(&trace)) {
            entry.changed.notify_waiters();
        }
    }

    /// Begins to wait for changes of a trace.
    pub(crate) fn wait(&self, trace: TraceId) -> Waiting {
        let mut traces = self.traces.lock();
        let entry = traces.entry(trace).or_default();
        entry.waiting += 1;
        Waiting {
            open: self.clone(),
            trace,
            changed: Arc::clone(&entry.changed),
        }
    }

    /// What is open, given what is known of the trace.
    pub(crate) fn completion(&self, trace: TraceId, known: Option<&Projection>) -> Completion {
        let mut open = self.work(trace);
        match known {
            Some(projection) => open.extend(projection.open.iter().map(ToString::to_string)),
            None if open.is_empty() => {
                open.push("nothing of this trace has been received".to_owned());
            }
            None => {}
        }
        Completion::of(open)
    }

    /// What is open when it is not known in time what was received of the trace.
    pub(crate) fn unread(&self, trace: TraceId) -> Completion {
        let mut open = self.work(trace);
        open.insert(0, "what was received could not be read in time".to_owned());
        Completion::of(open)
    }

    fn work(&self, trace: TraceId) -> Vec<String> {
        let traces = self.traces.lock();
        let work = traces.get(&trace).map(|entry| &entry.work);
        let work = work.into_iter().flatten();
        work.map(|(_, what)| what.clone()).collect()
    }

    /// Changes an entry, tells those who wait, and forgets it when it is of no more use.
    fn change(&self, trace: TraceId, change: impl FnOnce(&mut Entry)) {
        let mut traces = self.traces.lock();
        let Some(entry) = traces.get_mut(&trace) else {
            return;
        };
        change(entry);
        entry.changed.notify_waiters();
        if entry.work.is_empty() && entry.waiting == 0 {
            traces.remove(&trace);
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.open.change(self.trace, |entry| entry.waiting -= 1);
    }
}
