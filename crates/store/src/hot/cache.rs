//! What documents say, as many as fit, the first that came the first to go.
//!
//! Parsed, a document takes several times what its JSON takes without metadata. So only the latest are kept parsed: those
//! whose traces may be projected at once. The others are kept as JSON, so that nothing is read back from the log of a trace
//! whose documents come within seconds.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use fluoro_model::document::{Document, Entity};
use foldhash::{HashMap, HashMapExt};

use crate::log::Position;

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
    /// With how many bytes they take, roughly.
    facts: Option<(Arc<Document>, usize)>,
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
        let parsed = weight(&facts, json.len());
        let bytes = self.insert_json(position, json);
        if let Some(cached) = self.held.get_mut(&position) {
            cached.facts = Some((facts, parsed));
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
        while let Some(oldest) = self.parsed.front()
            && !self.held.contains_key(oldest)
        {
            self.parsed.pop_front();
        }
        bytes
    }

    pub(super) fn get(&self, position: Position) -> Option<Found> {
        let cached = self.held.get(&position)?;
        Some(match &cached.facts {
            Some((facts, _)) => Found::Facts(Arc::clone(facts)),
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
            && let Some((_, parsed)) = cached.facts.take()
        {
            self.parsed_bytes -= parsed;
            self.bytes -= parsed;
        }
    }
}

/// What a parsed document takes beside its JSON of so many bytes: its entities, however little they say, and its texts.
fn weight(document: &Document, json: usize) -> usize {
    fn entities(entity: &Entity) -> usize {
        1 + entity.subsegments.iter().map(entities).sum::<usize>()
    }
    size_of::<Document>() + entities(&document.entity) * size_of::<Entity>() + json
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(subsegments: usize) -> (Bytes, Arc<Document>) {
        let child = r#"{"id":"0000000000000001","name":"a","start_time":1,"end_time":2}"#;
        let json = format!(
            r#"{{"id":"0000000000000001","name":"a","trace_id":"1-00000001-000000000000000000000001","start_time":1,"end_time":2,"subsegments":[{}]}}"#,
            vec![child; subsegments].join(","),
        );
        let facts = Document::parse(json.as_bytes()).unwrap();
        (json.into(), Arc::new(facts))
    }

    #[test]
    fn what_is_gone_leaves_nothing_behind() {
        let (json, facts) = document(0);
        let mut cache = DocumentCache::new(4 * weight(&facts, json.len()));
        for number in 0..1_000 {
            let position = Position::from_bits(number);
            cache.insert(position, json.clone(), Arc::clone(&facts));
            assert!(matches!(cache.get(position), Some(Found::Facts(_))));
        }
        assert!(cache.bytes() <= cache.limit);
        assert!(cache.parsed.len() <= cache.held.len());
        assert!(cache.order.len() == cache.held.len() && cache.held.len() < 100);
        for number in 1_000..2_000 {
            cache.insert_json(Position::from_bits(number), json.clone());
        }
        assert!(cache.parsed.is_empty());
        assert_eq!(cache.parsed_bytes, 0);
    }

    #[test]
    fn entities_count_however_little_they_say() {
        let (json, facts) = document(100);
        assert!(weight(&facts, json.len()) > 100 * size_of::<Entity>());
    }
}
