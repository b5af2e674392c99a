//! Everything durable, behind four narrow seams, each with an embedded engine.
//!
//! | seam | promise | embedded engine |
//! |---|---|---|
//! | [`catalog`] | small records, compare-and-set on a revision, watch | `fjall` |
//! | [`log`] | documents, acknowledged only when durable; read from a position; release | own append-only files |
//! | [`blocks`] | immutable files: put, get a range, list, delete | a local directory |
//! | [`scan`] | candidate traces for a time range; too many perhaps, never too few | [`hot`] traces, and those at rest ([`archive`]) |

pub mod archive;
pub mod blocks;
pub mod catalog;
pub mod documents;
pub mod hot;
pub mod log;
pub mod rollups;
pub mod scan;
