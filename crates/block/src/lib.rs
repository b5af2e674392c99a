//! Traces at rest: immutable Parquet files, whose plain columns anybody can read.
//!
//! [`segments`] has a row a document. What people ask for (ids, names, times, status, http, user, annotations) are plain
//! columns; the document itself is coded by `fluoro-shape`, with those columns as seeds, and comes back byte for byte.
//! [`traces`] has a row a trace: what
//! searches read before they look at a trace itself. [`rollups`] has what graphs of minutes are merged of. `docs/format.md`
//! says what each column is.
//!
//! What is deliberately absent: where files are kept, which of them are live, and what is in them together.
//!
//! A document has a checksum of its own. A file is to be read through [`checked`]: Parquet's reader panics over some kinds of
//! damage. A file that is handed on carries its checksums with it ([`sealed`]).

mod annotations;
pub mod checked;
mod column;
mod error;
mod file;
mod merge;
mod pages;
pub mod rollups;
mod row;
pub mod sealed;
pub mod segments;
pub mod traces;

pub use annotations::Annotation;
pub use error::BlockError;
pub use row::{Body, SegmentRow, Stored};
