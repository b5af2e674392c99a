//! From the doors to the store: what comes in is parsed, validated, made durable, counted.

mod sink;

pub use sink::{Door, OpenWork, Source, TraceSink};
