//! Functions as processes: what callers, logs and traces get. Needs Python 3, Node.js and curl.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod invoke;
mod manage;
mod support;
mod tracing;
