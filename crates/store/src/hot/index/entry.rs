//! What is known of one trace.

use std::sync::Arc;

use fluoro_filter::Digest;
use fluoro_model::TimestampMicros;
use fluoro_trace::Projection;

use crate::log::Position;

/// Where one document lies.
#[derive(Debug, Clone, Copy)]
pub(in crate::hot) struct Place {
    pub(in crate::hot) position: Position,
    pub(in crate::hot) at: TimestampMicros,
    pub(super) bytes: u32,
    /// Whether a projection with it was made readable.
    pub(in crate::hot) projected: bool,
}

#[derive(Debug)]
pub(super) struct Entry {
    /// By position; never empty while the entry is in the index.
    pub(super) places: Vec<Place>,
    /// What the documents there take as JSON.
    pub(super) bytes: u64,
    /// `None` until it was made for the first time, and once it had to make room: the trace is *cold* then.
    pub(super) projection: Option<Arc<Projection>>,
    /// The projection's start, also while cold.
    pub(super) start: Option<TimestampMicros>,
    /// The latest end of anything in the projection, also while cold.
    pub(super) end: Option<TimestampMicros>,
    /// Grows with every change of the places; no two entries ever share one.
    pub(super) generation: u64,
    /// Its first generation: which entry it is, when the trace was let go and came again.
    pub(super) born: u64,
    /// The generation that the projection was made from; 0 when there was none.
    pub(super) projected: u64,
    /// What is at rest of it beside the documents that have a place here.
    pub(super) rest: Rest,
    /// When those were received, each moment once.
    pub(super) older: Vec<TimestampMicros>,
    /// How many changes there were when it could be found for the first time; 0 before.
    pub(super) readable_since: u64,
    pub(super) last_received: TimestampMicros,
    pub(super) projection_weight: usize,
    /// All of it, as it was counted last.
    pub(super) weight: usize,
}

/// What is at rest of a hot trace beside the documents that have a place in the index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::hot) enum Rest {
    /// Nobody has looked.
    #[default]
    Unknown,
    /// Nothing: it was never let go since its first document came.
    Nothing,
    /// Something: it was let go once it was at rest, and came again.
    Something,
}

/// What an entry takes without its projection and places: itself, and its share of the maps.
const ENTRY_WEIGHT: usize = 370 + size_of::<Digest>();

// === impl Place ===

impl Place {
    pub(in crate::hot) fn new(position: Position, at: TimestampMicros, bytes: usize) -> Self {
        Self {
            position,
            at,
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            projected: false,
        }
    }

    pub(super) fn minute(&self) -> i64 {
        self.at.floor_minute()
    }
}

// === impl Entry ===

impl Default for Entry {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            bytes: 0,
            projection: None,
            start: None,
            end: None,
            generation: 0,
            born: 0,
            projected: 0,
            rest: Rest::Unknown,
            older: Vec::new(),
            readable_since: 0,
            last_received: TimestampMicros(i64::MIN),
            projection_weight: 0,
            weight: 0,
        }
    }
}

impl Entry {
    pub(super) fn first(&self) -> Option<Position> {
        self.places.first().map(|place| place.position)
    }

    /// How many documents are at rest, and how long they are, where all of them have a place here.
    pub(super) fn at_rest(&self, watermark: Position) -> Option<(u32, u64)> {
        let at_rest = self.places.iter();
        let at_rest = at_rest.take_while(|place| place.position < watermark);
        let bytes = at_rest.clone().map(|place| u64::from(place.bytes)).sum();
        let documents = u32::try_from(at_rest.count()).unwrap_or(u32::MAX);
        (self.rest == Rest::Nothing).then_some((documents, bytes))
    }

    pub(super) fn weigh(&self) -> usize {
        let places = self.places.capacity() * size_of::<Place>();
        let older = size_of_val(&*self.older);
        ENTRY_WEIGHT + places + older + self.projection_weight
    }
}
