//! What documents say, as many as fit, the first that came the first to go.
//!
//! Parsed, a document takes several times what its JSON takes without metadata. So only the latest are kept parsed: those
//! whose traces may be projected at once. The others are kept as JSON, so that nothing is read back from the log of a trace
//! whose documents come within seconds.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use fluoro_model::document::Document;

use crate::log::Position;

/// A parsed document takes about this many times the bytes of its JSON without metadata.
const PARSED_FACTOR: usize = 3;

/// One part in so many of the cache is for parsed documents.
const PARSED_SHARE: usize = 2;

/// What an entry takes beside its JSON.
const ENTRY: usize = 128;

#[derive(Debug)]
pub(super) struct DocumentCache {
    limit: usize,
    bytes: usize,
    held: HashMap<Position, Cached>,
    /// As they came.
    order: VecDeque<Position>,
    parsed_bytes: usize,
    /// Those that are parsed, and perhaps some that are gone.
    parsed: VecDeque<Position>,
}

#[derive(Debug)]
struct Cached {
    /// Without metadata.
    json: Bytes,
    facts: Option<Arc<Document>>,
}

/// What is known of a document.
#[derive(Debug)]
pub(super) enum Found {
    Facts(Arc<Document>),
    /// The JSON that they are in.
    Json(Bytes),
}

// === impl DocumentCache ===

impl DocumentCache {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            bytes: 0,
            held: HashMap::new(),
            order: VecDeque::new(),
            parsed_bytes: 0,
            parsed: VecDeque::new(),
        }
    }

    /// Takes a document that was received; returns how many bytes it takes, roughly.
    pub(super) fn insert(
        &mut self,
        position: Position,
        json: Bytes,
        facts: Arc<Document>,
    ) -> usize {
        let parsed = json.len() * PARSED_FACTOR;
        let bytes = self.insert_json(position, json);
        if let Some(cached) = self.held.get_mut(&position) {
            cached.facts = Some(facts);
            self.parsed.push_back(position);
            self.parsed_bytes += parsed;
            self.bytes += parsed;
            self.shrink_parsed();
        }
        bytes
    }

    /// Takes a document that was read back.
    pub(super) fn insert_json(&mut self, position: Position, json: Bytes) -> usize {
        let bytes = ENTRY + json.len();
        let cached = Cached { json, facts: None };
        if self.held.contains_key(&position) {
            return 0;
        }
        self.held.insert(position, cached);
        self.order.push_back(position);
        self.bytes += bytes;
        while self.bytes > self.limit
            && let Some(oldest) = self.order.pop_front()
        {
            self.drop_facts(oldest);
            if let Some(cached) = self.held.remove(&oldest) {
                self.bytes -= ENTRY + cached.json.len();
            }
        }
        bytes
    }

    pub(super) fn get(&self, position: Position) -> Option<Found> {
        let cached = self.held.get(&position)?;
        Some(match &cached.facts {
            Some(facts) => Found::Facts(Arc::clone(facts)),
            None => Found::Json(cached.json.clone()),
        })
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn shrink_parsed(&mut self) {
        while self.parsed_bytes > self.limit / PARSED_SHARE
            && let Some(oldest) = self.parsed.pop_front()
        {
            self.drop_facts(oldest);
        }
    }

    fn drop_facts(&mut self, position: Position) {
        if let Some(cached) = self.held.get_mut(&position)
            && cached.facts.take().is_some()
        {
            let parsed = cached.json.len() * PARSED_FACTOR;
            self.parsed_bytes -= parsed;
            self.bytes -= parsed;
        }
    }
}
