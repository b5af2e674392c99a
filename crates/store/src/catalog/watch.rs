//! Telling who keeps a view of the catalog what changed.

use std::sync::Arc;

use tokio::sync::broadcast;

/// A watcher may fall this many changes behind before it is told to read everything again.
const LAG: usize = 256;

/// What a [`Watch`] tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The record at this key was written or removed: read it.
    Key(String),
    /// More changed than is remembered: read all of them.
    Lagged,
}

/// Changes of the records below a prefix, in the order in which they were made.
#[derive(Debug)]
pub struct Watch {
    changes: broadcast::Receiver<Arc<str>>,
    prefix: String,
    cut: usize,
}

/// The side of the engine.
#[derive(Debug)]
pub(super) struct Watchers {
    changes: broadcast::Sender<Arc<str>>,
}

// === impl Watch ===

impl Watch {
    /// Waits for the next change; `None` when the catalog is gone. Nothing is missed when the future is dropped.
    pub async fn next(&mut self) -> Option<Change> {
        loop {
            match self.changes.recv().await {
                Ok(key) if key.starts_with(&self.prefix) => {
                    return Some(Change::Key(key[self.cut..].to_owned()));
                }
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => return Some(Change::Lagged),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// The same, with the first `cut` bytes taken off each key; no more than the prefix has.
    pub(super) fn below(mut self, cut: usize) -> Self {
        self.cut = cut.min(self.prefix.len());
        self
    }
}

// === impl Watchers ===

impl Default for Watchers {
    fn default() -> Self {
        Self {
            changes: broadcast::Sender::new(LAG),
        }
    }
}

impl Watchers {
    pub(super) fn watch(&self, prefix: &str) -> Watch {
        Watch {
            changes: self.changes.subscribe(),
            prefix: prefix.to_owned(),
            cut: 0,
        }
    }

    pub(super) fn changed(&self, key: &str) {
        // Nobody may be watching.
        self.changes.send(Arc::from(key)).ok();
    }
}
