//! What waits to be written, in two rows: who gets no answer goes first.
//!
//! A sender that waits for its answer can be kept waiting; a datagram is durable soon or lost. So the first row is
//! written with the very next sync, whole, and the second one joins as far as a group goes.

use std::collections::VecDeque;

use parking_lot::{Condvar, Mutex};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{LogError, Position, Record};

/// No further request of the second row joins a group that is this long, in bytes of documents.
const GROUP_TARGET: usize = 1 << 20;

/// Records to be made durable together; none: that a new file is to be begun.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) records: Vec<Record>,
    pub(super) answer: oneshot::Sender<Result<Vec<Position>, LogError>>,
    /// The request's share of its row, given back when it is answered. It is what bounds the row.
    pub(super) _room: OwnedSemaphorePermit,
}

/// In which row a request waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    First,
    Second,
}

/// The rows. Shared by everybody who appends and the one who writes.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    rows: Mutex<Rows>,
    more: Condvar,
}

#[derive(Debug, Default)]
struct Rows {
    first: VecDeque<Request>,
    second: VecDeque<Request>,
    closed: bool,
}

// === impl Waiting ===

impl Waiting {
    pub(super) fn push(&self, row: Row, request: Request) -> Result<(), LogError> {
        let mut rows = self.rows.lock();
        if rows.closed {
            return Err(LogError::Closed);
        }
        match row {
            Row::First => rows.first.push_back(request),
            Row::Second => rows.second.push_back(request),
        }
        self.more.notify_one();
        Ok(())
    }

    /// Blocks until there is something to write; `None` when it is closed and nothing is left.
    pub(super) fn next_group(&self) -> Option<Vec<Request>> {
        let mut rows = self.rows.lock();
        while rows.is_empty() {
            if rows.closed {
                return None;
            }
            self.more.wait(&mut rows);
        }
        Some(rows.take_group())
    }

    /// Nothing more comes in.
    pub(super) fn close(&self) {
        self.rows.lock().closed = true;
        self.more.notify_all();
    }

    /// Closes, and answers nobody any more: their answers are dropped, which says [`LogError::Closed`].
    pub(super) fn abandon(&self) {
        self.close();
        let mut rows = self.rows.lock();
        rows.first.clear();
        rows.second.clear();
    }
}

// === impl Rows ===

impl Rows {
    fn is_empty(&self) -> bool {
        self.first.is_empty() && self.second.is_empty()
    }

    /// The whole first row; and at least one of the second, so that nobody is kept out for ever.
    fn take_group(&mut self) -> Vec<Request> {
        let mut group = Vec::from(std::mem::take(&mut self.first));
        let mut bytes = group.iter().map(size_of).sum::<usize>();
        while let Some(next) = self.second.pop_front() {
            bytes += size_of(&next);
            group.push(next);
            if bytes >= GROUP_TARGET {
                break;
            }
        }
        group
    }
}

fn size_of(request: &Request) -> usize {
    request
        .records
        .iter()
        .map(|record| record.document.len())
        .sum()
}
