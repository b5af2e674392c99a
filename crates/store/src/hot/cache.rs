//! What documents say, as many as fit, the first that came the first to go.
//!
//! Parsed, a document takes several times what its JSON takes without metadata. So only the latest are kept parsed, and
//! only until their trace is projected. The others are kept as JSON, so that nothing is read back from the log of a trace
//! whose documents come within seconds.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use fluoro_model::TimestampMicros;
use fluoro_model::document::{Document, Entity};
use foldhash::{HashMap, HashMapExt};

use crate::log::Position;

/// One part in so many of the cache is for parsed documents, at most.
const PARSED_SHARE: usize = 2;

/// One part in so many is for them even where it takes room from younger JSON than [`SOON`].
const PARSED_AT_LEAST: usize = 16;

/// For so long a document is likely to be needed, in microseconds: until its trace is quiet and projected, or as part of one
/// that goes on.
const SOON: i64 = 750_000;

/// What an entry takes beside its JSON.
const ENTRY: usize = 128;

#[derive(Debug)]
pub(super) struct DocumentCache {
    limit: usize,
    bytes: usize,
    held: HashMap<Position, Cached>,
    /// As they came, and when.
    order: VecDeque<(Position, TimestampMicros)>,
    parsed_bytes: usize,
    /// Those that are parsed, and perhaps some that are not any more.
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
        at: TimestampMicros,
        json: Bytes,
        facts: Arc<Document>,
    ) -> usize {
        let parsed = weight(&facts, json.len());
        let bytes = self.hold(position, at, json);
        if let Some(cached) = self.held.get_mut(&position) {
            cached.facts = Some((facts, parsed));
            self.parsed.push_back(position);
            self.parsed_bytes += parsed;
            self.bytes += parsed;
            self.shrink_parsed_to(self.limit / PARSED_SHARE);
        }
        self.shrink();
        bytes
    }

    /// Takes a document that was read back.
    pub(super) fn insert_json(&mut self, position: Position, json: Bytes) {
        let newest = self.order.back().map(|(_, at)| *at);
        self.hold(position, newest.unwrap_or(TimestampMicros(0)), json);
        self.shrink();
    }

    fn hold(&mut self, position: Position, at: TimestampMicros, json: Bytes) -> usize {
        let bytes = ENTRY + json.len();
        let cached = Cached { json, facts: None };
        if self.held.contains_key(&position) {
            return 0;
        }
        self.held.insert(position, cached);
        self.order.push_back((position, at));
        self.bytes += bytes;
        bytes
    }

    fn shrink(&mut self) {
        if let (Some((_, oldest)), Some((_, newest))) = (self.order.front(), self.order.back())
            && self.bytes > self.limit
            && newest.0.saturating_sub(oldest.0) < SOON
        {
            let excess = self.bytes - self.limit;
            let left = self.parsed_bytes.saturating_sub(excess);
            self.shrink_parsed_to(left.max(self.limit / PARSED_AT_LEAST));
        }
        while self.bytes > self.limit
            && let Some((oldest, _)) = self.order.pop_front()
        {
            self.drop_facts(oldest);
            if let Some(cached) = self.held.remove(&oldest) {
                self.bytes -= ENTRY + cached.json.len();
            }
        }
        let is_parsed = |cached: &Cached| cached.facts.is_some();
        while let Some(oldest) = self.parsed.front()
            && !self.held.get(oldest).is_some_and(is_parsed)
        {
            self.parsed.pop_front();
        }
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

    fn shrink_parsed_to(&mut self, limit: usize) {
        while self.parsed_bytes > limit
            && let Some(oldest) = self.parsed.pop_front()
        {
            self.drop_facts(oldest);
        }
    }

    /// Keeps only the JSON of a document, if that is there.
    pub(super) fn drop_facts(&mut self, position: Position) {
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
    let besides = entities(&document.entity) - 1;
    size_of::<Document>() + besides * size_of::<Entity>() + json
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

    fn second(number: u64) -> TimestampMicros {
        TimestampMicros(i64::try_from(number).unwrap() * 1_000_000)
    }

    #[test]
    fn what_is_gone_leaves_nothing_behind() {
        let (json, facts) = document(0);
        let mut cache = DocumentCache::new(4 * weight(&facts, json.len()));
        for number in 0..1_000 {
            let position = Position::from_bits(number);
            cache.insert(position, second(number), json.clone(), Arc::clone(&facts));
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
    fn json_of_what_came_just_now_is_worth_more_than_facts() {
        let (json, facts) = document(0);
        let entry = ENTRY + json.len();
        let mut cache = DocumentCache::new(20 * entry);
        for number in 0..20 {
            let position = Position::from_bits(number);
            cache.insert(position, second(0), json.clone(), Arc::clone(&facts));
        }
        let held = |cache: &DocumentCache| {
            let positions = (0..20).map(Position::from_bits);
            positions.filter_map(|at| cache.get(at)).count()
        };
        assert!(held(&cache) > 20 * (PARSED_AT_LEAST - 1) / PARSED_AT_LEAST - 1);
        // One that is younger: now the others are not needed soon.
        let position = Position::from_bits(20);
        cache.insert(position, second(1), json.clone(), Arc::clone(&facts));
        assert!(matches!(cache.get(position), Some(Found::Facts(_))));
        assert!(held(&cache) < 20);
        assert!(cache.bytes() <= cache.limit);
    }

    #[test]
    fn entities_count_however_little_they_say() {
        let (json, facts) = document(100);
        assert!(weight(&facts, json.len()) > 100 * size_of::<Entity>());
    }
}
