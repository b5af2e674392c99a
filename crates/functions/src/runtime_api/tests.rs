//! The Runtime API, asked over HTTP.
