//! Everything durable, behind four narrow seams, each with an embedded engine.
//!
//! | seam | promise | embedded engine |
//! |---|---|---|
//! | [`catalog`] | small records, compare-and-set on a revision, watch | `fjall` |
//! | [`log`] | documents, acknowledged only when durable; read from a position; release | own append-only files |

pub mod catalog;
pub mod log;
