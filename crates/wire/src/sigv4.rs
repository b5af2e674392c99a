//! Signature Version 4: who signed, for which service, and whether rightly so.
//!
//! [`Scope`] alone is what dispatch reads, without judging it.

mod scope;

pub use scope::Scope;
