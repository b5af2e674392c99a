//! Stages through the crate's front door: the records made, a deployment served, with fakes behind every seam.

#![expect(
    clippy::unwrap_used,
    reason = "what fails in a test's set-up fails the test"
)]

mod answers;
mod backend;
mod events;
mod imports;
mod mocks;
mod passing;
mod refusals;
mod stages;
mod traces;
mod world;
