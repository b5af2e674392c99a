//! Parsed documents, as many as fit, the latest read or received last to go.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use fluoro_model::document::Document;

use crate::log::Position;

/// A parsed document takes about this many times the bytes of its JSON.
const PARSED_FACTOR: usize = 3;

#[derive(Debug)]
pub(super) struct DocumentCache {
    limit: usize,
    bytes: usize,
    held: HashMap<Position, Cached>,
    /// In the order of their last use; an entry whose use is not the document's last is stale.
    order: VecDeque<(Position, u64)>,
    uses: u64,
}

#[derive(Debug)]
struct Cached {
    document: Arc<Document>,
    bytes: usize,
    used: u64,
}

impl DocumentCache {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            bytes: 0,
            held: HashMap::new(),
            order: VecDeque::new(),
            uses: 0,
        }
    }

    /// `json` is the document's length as it was received.
    pub(super) fn insert(&mut self, position: Position, document: Arc<Document>, json: usize) {
        let bytes = size_of::<Document>() + json * PARSED_FACTOR;
        self.uses += 1;
        let cached = Cached {
            document,
            bytes,
            used: self.uses,
        };
        self.order.push_back((position, self.uses));
        self.bytes += bytes;
        if let Some(before) = self.held.insert(position, cached) {
            self.bytes -= before.bytes;
        }
        self.shrink();
    }

    pub(super) fn get(&mut self, position: Position) -> Option<Arc<Document>> {
        let cached = self.held.get_mut(&position)?;
        self.uses += 1;
        cached.used = self.uses;
        self.order.push_back((position, self.uses));
        let document = Arc::clone(&cached.document);
        if self.order.len() > 2 * self.held.len() + 64 {
            self.forget_stale_uses();
        }
        Some(document)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn shrink(&mut self) {
        while self.bytes > self.limit
            && let Some((position, used)) = self.order.pop_front()
        {
            let last_use = self.held.get(&position).map(|cached| cached.used);
            if last_use == Some(used)
                && let Some(cached) = self.held.remove(&position)
            {
                self.bytes -= cached.bytes;
            }
        }
    }

    fn forget_stale_uses(&mut self) {
        let held = &self.held;
        self.order.retain(|(position, used)| {
            held.get(position)
                .is_some_and(|cached| cached.used == *used)
        });
    }
}
