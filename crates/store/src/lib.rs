//! Everything durable, behind four narrow seams, each with an embedded engine.
//!
//! | seam | promise | embedded engine |
//! |---|---|---|
//! | [`catalog`] | small records, compare-and-set on a revision, watch | `fjall` |

pub mod catalog;
