//! The words that every part of Fluoro shares: trace ids, the trace header, times, segment documents.
//!
//! No I/O, no clock, no async runtime. What a protocol allows and AWS checks is checked here, once, when a value is
//! parsed; past that the types carry the proof.

pub mod document;
pub mod header;
pub mod id;
pub mod spelling;
pub mod time;

pub use document::Document;
pub use header::{SamplingDecision, TraceHeader};
pub use id::{IdError, SegmentId, TraceId};
pub use time::{EpochSeconds, TimestampMicros};
