//! What questions under way may hold and do, all of them together.
//!
//! Who looks through many traces holds what it found and what it makes of it. All of that is accounted for here, in bytes,
//! roughly; who would hold more than is left is refused, and may ask again. Those that make very many projections take turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ScanError;

/// At most so many wait for each that has its turn; more are refused.
const WAITING_FOR_EACH: usize = 8;

/// The account of all questions.
#[derive(Debug)]
pub struct Budget {
    limit: usize,
    held: AtomicUsize,
    most: AtomicUsize,
    refused: AtomicU64,
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
}

/// What one question, or a part of it, holds; given back when it is dropped.
#[derive(Debug)]
pub struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

/// What its owner may do while it lasts: make many projections.
#[derive(Debug)]
pub(crate) struct Turn {
    _permit: OwnedSemaphorePermit,
}

/// One who waits.
struct Waiting<'b>(&'b Budget);

// === impl Budget ===

impl Budget {
    /// For questions that hold at most so many bytes together, so many of which look through many traces at a time.
    #[must_use]
    pub fn new(bytes: usize, at_once: usize) -> Arc<Self> {
        let at_once = at_once.clamp(1, Semaphore::MAX_PERMITS);
        Arc::new(Self {
            limit: bytes,
            held: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
            turns: Arc::new(Semaphore::new(at_once)),
            waiting: AtomicUsize::new(0),
            most_waiting: at_once.saturating_mul(WAITING_FOR_EACH),
        })
    }

    /// For who is alone and has no limit.
    #[must_use]
    pub fn unlimited() -> Arc<Self> {
        Self::new(usize::MAX, usize::MAX)
    }

    /// A share that holds nothing yet.
    #[must_use]
    pub fn share(self: &Arc<Self>) -> Share {
        Share {
            budget: Arc::clone(self),
            bytes: 0,
        }
    }

    /// How much is held now, in bytes, roughly.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// How much was held at most.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }

    /// How many questions were refused since the start.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Waits until one may make many projections. Cancel safe. Who has a turn must not wait for another one.
    pub(crate) async fn turn(self: &Arc<Self>) -> Result<Turn, ScanError> {
        let turns = Arc::clone(&self.turns);
        if let Ok(permit) = Arc::clone(&turns).try_acquire_owned() {
            return Ok(Turn { _permit: permit });
        }
        let waiting = Waiting(self);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.most_waiting {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(ScanError::TooMany);
        }
        let permit = turns.acquire_owned().await;
        drop(waiting);
        let permit = permit.map_err(|_| ScanError::Closed)?;
        Ok(Turn { _permit: permit })
    }

    fn take(&self, bytes: usize) -> Result<(), ScanError> {
        let left = |held: usize| held.checked_add(bytes).filter(|held| *held <= self.limit);
        let (order, relaxed) = (Ordering::Relaxed, Ordering::Relaxed);
        match self.held.fetch_update(order, relaxed, left) {
            Ok(before) => {
                self.most.fetch_max(before + bytes, Ordering::Relaxed);
                Ok(())
            }
            Err(_) => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                Err(ScanError::NoRoom)
            }
        }
    }
}

// === impl Share ===

impl Share {
    /// Holds so many bytes from now on.
    ///
    /// # Errors
    ///
    /// [`ScanError::NoRoom`] when so many are not left; it holds what it held before, then.
    pub fn set(&mut self, bytes: usize) -> Result<(), ScanError> {
        match bytes.checked_sub(self.bytes) {
            Some(more) => self.budget.take(more)?,
            None => {
                let less = self.bytes - bytes;
                self.budget.held.fetch_sub(less, Ordering::Relaxed);
            }
        }
        self.bytes = bytes;
        Ok(())
    }

    /// How many it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn what_is_held_together_is_bounded_and_comes_back() {
        let budget = Budget::new(100, 1);
        let (mut one, mut other) = (budget.share(), budget.share());
        one.set(60).unwrap();
        assert!(matches!(other.set(41), Err(ScanError::NoRoom)));
        other.set(40).unwrap();
        assert!(matches!(other.set(41), Err(ScanError::NoRoom)));
        assert_eq!((budget.held(), budget.refused()), (100, 2));
        one.set(10).unwrap();
        drop(other);
        assert_eq!((budget.held(), budget.most()), (10, 100));
        drop(one);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn turns_are_waited_for_by_so_many_and_who_goes_away_waits_no_more() {
        let budget = Budget::new(0, 1);
        let turn = budget.turn().now_or_never().unwrap().unwrap();
        let mut waiting: Vec<_> = (0..WAITING_FOR_EACH)
            .map(|_| Box::pin(budget.turn()))
            .collect();
        for one in &mut waiting {
            assert!(one.as_mut().now_or_never().is_none());
        }
        let refused = budget.turn().now_or_never().unwrap();
        assert!(matches!(refused, Err(ScanError::TooMany)));
        assert_eq!(budget.refused(), 1);
        drop(waiting.pop());
        assert!(budget.turn().now_or_never().is_none());
        drop(turn);
        let first = waiting.remove(0).now_or_never().unwrap().unwrap();
        drop((first, waiting));
        budget.turn().now_or_never().unwrap().unwrap();
    }
}
