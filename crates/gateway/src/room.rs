//! The memory that bodies may take together, whoever reads them.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room is counted in units of this many bytes.
const UNIT: usize = 1 << 10;

/// Room for so many bytes together. Clones share it.
#[derive(Debug, Clone)]
pub struct Room(Arc<Semaphore>);

/// A part of a [`Room`], given back when dropped.
#[derive(Debug)]
pub struct Taken {
    room: Room,
    permit: Option<OwnedSemaphorePermit>,
}

// === impl Room ===

impl Room {
    /// Room for `bytes` bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes / UNIT)))
    }

    /// Room for `bytes` bytes; `None` when too much is taken: try again later.
    #[must_use]
    pub fn take(&self, bytes: usize) -> Option<Taken> {
        let mut taken = Taken {
            room: self.clone(),
            permit: None,
        };
        taken.grow_to(bytes).then_some(taken)
    }
}

// === impl Taken ===

impl Taken {
    /// Whether there is room for `bytes` bytes in all; if so they are taken.
    #[must_use]
    pub fn grow_to(&mut self, bytes: usize) -> bool {
        let held = self
            .permit
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let more = bytes.div_ceil(UNIT).saturating_sub(held);
        if more == 0 {
            return true;
        }
        let Ok(more) = u32::try_from(more) else {
            return false;
        };
        let Ok(more) = Arc::clone(&self.room.0).try_acquire_many_owned(more) else {
            return false;
        };
        match &mut self.permit {
            Some(permit) => permit.merge(more),
            None => self.permit = Some(more),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_shared_and_comes_back() {
        let room = Room::new(8 * UNIT);
        let mut first = room.take(1).unwrap();
        assert!(first.grow_to(5 * UNIT));
        assert!(room.take(4 * UNIT).is_none());
        assert!(!first.grow_to(8 * UNIT + 1));
        let second = room.take(3 * UNIT).unwrap();
        assert!(room.take(1).is_none());
        assert!(room.take(0).is_some());
        assert!(first.grow_to(5 * UNIT - 1));
        drop((first, second));
        assert!(room.take(8 * UNIT).is_some());
    }
}
