//! What the latest documents say, until their trace is projected. Of the others the log has the latest as they are coded.

use std::collections::VecDeque;
use std::sync::Arc;

use fluoro_model::document::Document;
use foldhash::{HashMap, HashMapExt};

use crate::log::Position;

/// Places of what is gone already are kept until they are this many times as many as there are others.
const GONE: usize = 2;

/// As many as fit, the first that came the first to go.
#[derive(Debug)]
pub(super) struct FactsCache {
    limit: usize,
    bytes: usize,
    /// With how many bytes they take, roughly.
    held: HashMap<Position, (Arc<Document>, usize)>,
    /// As they came, and some that are gone.
    order: VecDeque<Position>,
}

// === impl FactsCache ===

impl FactsCache {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            bytes: 0,
            held: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// Takes a document that was received; returns how many bytes it takes, roughly.
    pub(super) fn insert(&mut self, position: Position, facts: Arc<Document>) -> usize {
        let bytes = facts.weight();
        self.bytes += bytes;
        if let Some((_, before)) = self.held.insert(position, (facts, bytes)) {
            self.bytes -= before;
        } else {
            self.order.push_back(position);
        }
        while self.bytes > self.limit
            && let Some(oldest) = self.order.pop_front()
        {
            self.let_go(oldest);
        }
        if self.order.len() > GONE * (self.held.len() + 1) {
            self.order
                .retain(|position| self.held.contains_key(position));
        }
        bytes
    }

    pub(super) fn get(&self, position: Position) -> Option<&Arc<Document>> {
        self.held.get(&position).map(|(facts, _)| facts)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Lets go of a document, if it is there.
    pub(super) fn let_go(&mut self, position: Position) {
        if let Some((_, bytes)) = self.held.remove(&position) {
            self.bytes -= bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_leaves_nothing_behind() {
        let json = br#"{"id":"0000000000000001","name":"a","trace_id":"1-00000001-000000000000000000000001","start_time":1,"end_time":2}"#;
        let facts = Arc::new(Document::parse(json).unwrap());
        let mut cache = FactsCache::new(4 * facts.weight());
        for number in 0..1_000 {
            let position = Position::from_bits(number);
            cache.insert(position, Arc::clone(&facts));
            assert!(cache.get(position).is_some());
        }
        assert_eq!((cache.held.len(), cache.order.len()), (4, 4));
        assert_eq!(cache.bytes(), cache.limit);
        // Four stay, the others go as soon as they came.
        for number in 1_000..2_000 {
            let position = Position::from_bits(number);
            cache.insert(position, Arc::clone(&facts));
            cache.let_go(position);
        }
        assert!(cache.order.len() <= GONE * (cache.held.len() + 2));
        for number in 0..2_000 {
            cache.let_go(Position::from_bits(number));
        }
        assert_eq!(cache.bytes(), 0);
    }
}
