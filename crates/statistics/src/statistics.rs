//! The handle: which series there are, and what they say of some time.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use fluoro_model::TimestampMicros;
use parking_lot::RwLock;
use serde::Serialize;

use crate::series::{Counted, Series};

/// Minutes that are kept of the past.
pub const HISTORY_MINUTES: i64 = 60;

/// Series that are kept apart; requests of more kinds are counted together.
const SERIES: usize = 10_000;

/// Past minutes that are kept, of all series together; each is some hundred bytes.
const ROOM: usize = 50_000;

/// What is counted apart from other things.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Subject {
    /// A method of a stage.
    Method {
        /// Where the API is.
        region: String,
        /// The API.
        api_id: String,
        /// Its name, when the series began.
        api_name: String,
        /// The stage.
        stage: String,
        /// `/items/{id}`; `None` for requests that no method answers.
        resource: Option<String>,
        /// `GET`, or `ANY`; `None` for requests that no method answers.
        method: Option<String>,
    },
    /// A function: each of its runs, also those of asynchronous invocations.
    Function {
        /// Where the function is.
        region: String,
        /// The function.
        function: String,
    },
    /// Whatever came when there were too many others.
    Other,
}

/// Counts what is handled. Clones share everything.
#[derive(Debug, Clone)]
pub struct Statistics {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    series: RwLock<BTreeMap<Subject, Arc<Series>>>,
    room: Arc<AtomicUsize>,
    most: usize,
}

/// What one series says of some time.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What was counted.
    pub subject: Subject,
    /// All minutes together.
    pub sum: Counted,
    /// The minutes with requests, oldest first, each with its start in seconds since the epoch.
    pub minutes: Vec<(i64, Counted)>,
}

// === impl Statistics ===

impl Default for Statistics {
    fn default() -> Self {
        Self::with_limits(SERIES, ROOM)
    }
}

impl Statistics {
    fn with_limits(series: usize, minutes: usize) -> Self {
        let shared = Shared {
            series: RwLock::default(),
            room: Arc::new(AtomicUsize::new(minutes)),
            most: series,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The series of a subject, for whoever counts it to hold on to.
    ///
    /// When there are too many, those that nobody holds and that are idle go; when that does not help, it is the series
    /// of [`Subject::Other`].
    #[must_use]
    pub fn series(&self, now: TimestampMicros, subject: Subject) -> Arc<Series> {
        if let Some(known) = self.shared.series.read().get(&subject) {
            return Arc::clone(known);
        }
        let mut all = self.shared.series.write();
        if all.len() >= self.shared.most {
            all.retain(|_, series| Arc::strong_count(series) > 1 || !series.is_idle(now));
        }
        let full = all.len() >= self.shared.most;
        let subject = if full { Subject::Other } else { subject };
        let room = &self.shared.room;
        let series = all
            .entry(subject)
            .or_insert_with(|| Arc::new(Series::new(Arc::clone(room))));
        Arc::clone(series)
    }

    /// What was counted in the minutes from that of `from` to that of `to`, by subject; only those with requests.
    #[must_use]
    pub fn report(&self, from: TimestampMicros, to: TimestampMicros) -> Vec<Report> {
        let range: RangeInclusive<i64> = from.floor_minute()..=to.floor_minute();
        let all = self.all().into_iter().map(|(subject, series)| {
            let minutes = series.within(&range);
            let mut sum = Counted::default();
            for (_, counted) in &minutes {
                sum.merge(counted);
            }
            let started = |(at, counted)| (at * 60, counted);
            Report {
                subject,
                sum,
                minutes: minutes.into_iter().map(started).collect(),
            }
        });
        all.filter(|report| report.sum.requests > 0).collect()
    }

    /// What was counted since each series began, by subject; only those with requests.
    #[must_use]
    pub fn totals(&self) -> Vec<(Subject, Counted)> {
        let totals = self.all().into_iter();
        totals
            .map(|(subject, series)| (subject, series.total()))
            .filter(|(_, total)| total.requests > 0)
            .collect()
    }

    fn all(&self) -> Vec<(Subject, Arc<Series>)> {
        let all = self.shared.series.read();
        all.iter()
            .map(|(subject, series)| (subject.clone(), Arc::clone(series)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::Outcome;

    fn minute(minute: i64) -> TimestampMicros {
        TimestampMicros(minute * 60_000_000 + 1)
    }

    fn function(name: &str) -> Subject {
        Subject::Function {
            region: "us-east-1".to_owned(),
            function: name.to_owned(),
        }
    }

    #[test]
    fn requests_are_counted_by_minute_and_together() {
        let statistics = Statistics::default();
        let series = statistics.series(minute(0), function("shop"));
        for (at, outcome) in [
            (100, Outcome::Ok),
            (100, Outcome::Fault),
            (101, Outcome::Throttle),
            (103, Outcome::Error),
        ] {
            series.count(minute(at), outcome, 1000);
        }
        let reports = statistics.report(minute(100), minute(101));
        let [report] = &reports[..] else {
            panic!("one subject has requests");
        };
        let numbers = |counted: &Counted| {
            (
                counted.requests,
                counted.errors,
                counted.throttles,
                counted.faults,
            )
        };
        assert_eq!(report.subject, function("shop"));
        assert_eq!(numbers(&report.sum), (3, 1, 1, 1));
        let minutes: Vec<_> = report
            .minutes
            .iter()
            .map(|(at, one)| (*at, numbers(one)))
            .collect();
        assert_eq!(minutes, [(6000, (2, 0, 0, 1)), (6060, (1, 1, 1, 0))]);
        assert_eq!(numbers(&statistics.totals()[0].1), (4, 2, 1, 1));
        assert_eq!(report.sum.latency.max_micros(), 1000);
    }

    #[test]
    fn the_same_subject_is_the_same_series() {
        let statistics = Statistics::default();
        for _ in 0..2 {
            let series = statistics.series(minute(0), function("shop"));
            series.count(minute(1), Outcome::Ok, 1);
        }
        assert_eq!(statistics.totals()[0].1.requests, 2);
        drop(statistics.series(minute(0), function("never called")));
        assert_eq!(statistics.totals().len(), 1);
    }

    #[test]
    fn an_hour_is_kept() {
        let statistics = Statistics::default();
        let series = statistics.series(minute(0), function("shop"));
        for at in 0..200 {
            series.count(minute(at), Outcome::Ok, 1);
        }
        let kept = &statistics.report(minute(0), minute(200))[0];
        assert_eq!(kept.minutes[0].0, (199 - HISTORY_MINUTES) * 60);
        assert_eq!(kept.sum.requests, 61);
    }

    #[test]
    fn minutes_are_bounded_over_all_and_come_back_when_a_series_goes() {
        let statistics = Statistics::with_limits(10, 5);
        let busy = statistics.series(minute(0), function("busy"));
        let late = statistics.series(minute(0), function("late"));
        for at in 0..20 {
            busy.count(minute(at), Outcome::Ok, 1);
            late.count(minute(at), Outcome::Ok, 1);
        }
        let kept: usize = statistics
            .report(minute(0), minute(20))
            .iter()
            .map(|report| report.minutes.len())
            .sum();
        assert_eq!(
            kept,
            5 + 2,
            "what is kept of the past, and two present minutes"
        );
        drop((busy, late));
        statistics.shared.series.write().clear();
        let room = statistics
            .shared
            .room
            .load(std::sync::atomic::Ordering::Relaxed);
        assert_eq!(room, 5);
    }

    #[test]
    fn too_many_subjects_are_counted_together_until_idle_ones_go() {
        let statistics = Statistics::with_limits(2, 100);
        let held = statistics.series(minute(0), function("held"));
        held.count(minute(0), Outcome::Ok, 1);
        let busy = statistics.series(minute(0), function("busy"));
        busy.count(minute(0), Outcome::Ok, 1);
        drop(busy);
        let more = statistics.series(minute(0), function("more"));
        more.count(minute(0), Outcome::Ok, 1);
        drop(more);
        let subjects: Vec<_> = statistics
            .totals()
            .into_iter()
            .map(|(one, _)| one)
            .collect();
        assert_eq!(
            subjects,
            [function("busy"), function("held"), Subject::Other]
        );
        statistics
            .series(minute(100), function("more"))
            .count(minute(100), Outcome::Ok, 1);
        let subjects: Vec<_> = statistics
            .totals()
            .into_iter()
            .map(|(one, _)| one)
            .collect();
        assert_eq!(subjects, [function("held"), function("more")]);
    }

    #[test]
    fn a_clock_that_steps_back_loses_nothing() {
        let statistics = Statistics::default();
        let series = statistics.series(minute(0), function("shop"));
        series.count(minute(9), Outcome::Ok, 1);
        series.count(minute(8), Outcome::Ok, -5);
        assert_eq!(statistics.report(minute(9), minute(9))[0].sum.requests, 2);
    }
}
