//! What AWS protocols share.

pub mod call;

pub use call::{AccountId, Call, Caller, Region, Response, Service};
