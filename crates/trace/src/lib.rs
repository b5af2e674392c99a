//! From a trace's documents to the assembled trace, its documents as the service gives them out, and its projection.
//!
//! Pure functions: the same documents, received at the same times, always make the same trace, in whatever order
//! they are handed over. Enter at [`Trace::assemble`].

mod assemble;
mod callee;
pub mod causes;
mod entities;
#[cfg(test)]
mod fixture;
mod json;
mod output;
mod project;
pub mod projection;
mod spans;

pub use assemble::{Received, Trace};
pub use entities::Placed;
pub use output::OutputSegment;
pub use project::ProjectionLimits;
pub use projection::Projection;
pub use spans::OutputSpan;
