//! What AWS protocols share.
//!
//! | module | holds |
//! |---|---|
//! | [`call`] | one call after dispatch, and the [`Service`] that answers it |
//! | [`route`] | method and path template to operation, for the REST services |
//! | [`constraint`] | the framework's validation errors, worded as AWS words them |
//! | [`json_input`] | reading a JSON body member by member, with the framework's SerializationException |
//! | [`json_error`] | error envelopes of REST JSON and of JSON 1.0 and 1.1 |
//! | [`query`], [`xml`] | the query protocol: form in, XML out, its error envelope |
//! | [`sigv4`] | Signature Version 4: credential scope, verification, signing |
//! | [`token`] | opaque paging tokens |
//! | [`timestamp`] | AWS's several spellings of a point in time |
//!
//! What is deliberately absent: any knowledge of one service. Sockets and dispatch belong to the server.

#![warn(missing_docs)]

pub mod call;
pub mod constraint;
pub mod json_error;
pub mod json_input;
pub mod query;
pub mod route;
pub mod sigv4;
pub mod timestamp;
pub mod token;
pub mod xml;

pub use call::{AccountId, Call, Caller, Region, Response, Service};
pub use constraint::{Constraints, Violations};
pub use json_error::{JsonError, json_response};
