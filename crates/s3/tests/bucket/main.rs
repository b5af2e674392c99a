//! The engine, and the whole store over it, over a real S3-compatible server.

#![expect(clippy::unwrap_used, reason = "a test: what fails must end it")]

mod engine;
mod server;
mod store;
