//! Tracing of a request: the decision, the headers, the stage's segment.

mod decide;
mod document;
mod recording;

pub(crate) use decide::{TRACE_HEADER, Tracing, decide};
pub(crate) use document::Flags;
pub(crate) use recording::{Backend, Recording};
