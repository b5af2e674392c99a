//! The service in process: calls in, answers out, over memory and a clock that stands still.

mod authorization;
mod errors;
mod fixture;
mod graphs;
mod groups;
mod held;
mod insights;
mod policies;
mod retrieval;
mod sampling;
mod segments;
mod settings;
mod summaries;
mod time_series;
