//! Who puts documents goes no faster than projections are made of them, and no faster than these come to rest.
//!
//! Were it faster, traces would wait until their documents have to be read back from the log, and projections would have to be
//! made again for what comes to rest, which makes all of it slower, and who asks would wait for all that was left behind.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::HotTraces;

/// How long who has something to put waits at most.
const PATIENCE: Duration = Duration::from_secs(1);

/// How far ahead who puts documents may go.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// How many documents may come, while projections are behind.
    room: Mutex<Option<usize>>,
    changed: Notify,
}

impl HotTraces {
    /// Waits for what makes projections of documents and brings them to rest, should they be behind, for a while.
    pub(super) async fn keep_pace(&self, documents: usize) {
        let deadline = Instant::now() + PATIENCE;
        self.pace.keep(documents, deadline).await;
        self.memory_below(self.filled_memory(), deadline).await;
    }
}

// === impl Pace ===

impl Pace {
    /// So many documents more may come, or any number.
    pub(super) fn set(&self, more: Option<usize>) {
        {
            let mut room = self.room.lock();
            *room = more.map(|more| room.unwrap_or_default() + more);
        }
        self.changed.notify_waiters();
    }

    /// Waits until so many may come.
    async fn keep(&self, documents: usize, deadline: Instant) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.take(documents) || timeout_at(deadline, changed).await.is_err() {
                return;
            }
        }
    }

    fn take(&self, documents: usize) -> bool {
        match &mut *self.room.lock() {
            None => true,
            Some(room) if *room >= documents => {
                *room -= documents;
                true
            }
            Some(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn any_number_may_come_until_projections_are_behind() {
        let pace = Arc::new(Pace::default());
        let began = Instant::now();
        let patience = began + PATIENCE;
        pace.keep(1_000_000, patience).await;
        pace.set(Some(10));
        pace.keep(4, patience).await;
        pace.keep(6, patience).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        // What is too much comes as soon as there is room, or all is made.
        for more in [Some(7), None] {
            let waits = tokio::spawn({
                let pace = Arc::clone(&pace);
                async move { pace.keep(7, patience).await }
            });
            tokio::task::yield_now().await;
            assert!(!waits.is_finished());
            pace.set(more);
            waits.await.unwrap();
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_long() {
        let pace = Pace::default();
        pace.set(Some(0));
        let began = Instant::now();
        pace.keep(1, began + PATIENCE).await;
        assert_eq!(began.elapsed(), PATIENCE);
    }
}
