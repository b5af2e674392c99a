//! Insights: faults that depart from what a service is used to.
//!
//! A [`Detector`] watches the services of one group. It is handed the group's graph of each minute, in order, and
//! answers what changed: an incident opened, has another root cause, doubled its impact, closed. It is data in and
//! data out: it knows no clock, no store and no names of insights. `docs/insights.md` describes the method for people,
//! [`Tuning`] holds its numbers, `synthetic` the incidents on which they were chosen.
//!
//! - `baseline`: what share of a service's requests fails, learnt, by the hour of the day and of the week;
//! - `seasons`: what returns at the same hour, learnt though it was an incident the first times;
//! - `evidence`: how much the last minutes speak for a departure, as a sequential test;
//! - `watch`: both for one service, and when what was seen is learnt;
//! - `topology`: who calls whom, and so which anomalies belong together;
//! - `incident`: what is open: its services, root cause, impact and healing.
//!
//! [`Insights`] is the handle that everybody shares: it shows a detector of each group the minutes as they end, and keeps
//! what is found ([`Insight`]) and what was learnt.
//!
//! The model of AWS is not published. What it shows (a band for the faults, one insight for connected services, the
//! farthest service downstream as root cause) is kept. Source: X-Ray developer guide, "using X-Ray insights".

mod baseline;
mod book;
mod convert;
mod detector;
mod evidence;
mod incident;
mod keeper;
mod minute;
mod record;
mod seasons;
#[cfg(any(test, feature = "testing"))]
pub mod synthetic;
mod text;
mod topology;
mod tuning;
mod watch;

pub use baseline::Band;
pub use detector::{Change, ChangeKind, Detector};
pub use incident::{Ending, Report};
pub use keeper::{Insights, InsightsError, Listener, NoListener};
pub use minute::{Minute, MinuteCalls, MinuteGraph, Requests, ServiceId};
pub use record::{Insight, InsightEvent};
pub use text::summary;
pub use tuning::Tuning;
