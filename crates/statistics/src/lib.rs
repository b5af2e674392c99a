//! What the gateway and the functions handled: requests, errors, throttles, faults and latency, minute by minute.
//!
//! Everything is counted, sampled or not, so that these numbers are exact where those of traces are estimates.
//! [`Statistics`] is the handle that everybody shares; who handles requests holds a [`Series`] for each kind of them and
//! counts into it when one is over, under a lock of its own for some tens of nanoseconds. Memory is bounded in series, in
//! minutes and in what a minute takes; nothing is stored.

mod latency;
mod series;
mod statistics;

pub use latency::Latency;
pub use series::{Counted, Outcome, Series};
pub use statistics::{HISTORY_MINUTES, Report, Statistics, Subject};
