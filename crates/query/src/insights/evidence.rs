//! How much the last minutes speak for a departure: a cumulative sum of likelihood ratios (Page's test).
//!
//! Each minute adds the logarithm of how much likelier its faults are under the departure than under what is usual. The
//! sum never falls below 0, where it starts anew. It crosses a height h about once in e^h minutes, or less often, when nothing
//! is wrong, and few tests with that promise are faster when something is. Quiet services need no rule of their own:
//! their evidence takes longer to gather. Source: E. S. Page, "Continuous inspection schemes", Biometrika 41, 1954.

use serde::{Deserialize, Serialize};

use super::baseline::Expectation;
use super::minute::{Minute, Requests, real};
use super::tuning::Tuning;

/// The highest share of faults that a departure is taken to have.
const HIGHEST: f64 = 0.99;

/// The sum, and what it was made of since it last was 0.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Evidence {
    pub(super) weight: f64,
    /// The first minute of the run.
    pub(super) since: Minute,
    /// What was seen in the run.
    pub(super) requests: Requests,
    /// How many faults were usual in the run.
    pub(super) expected: f64,
}

impl Evidence {
    /// Takes in one minute, of a departure that multiplies the usual share of faults by `shape.0` or adds `shape.1`.
    pub(super) fn add(
        &mut self,
        minute: Minute,
        requests: Requests,
        usual: &Expectation,
        shape: (f64, f64),
        tuning: &Tuning,
    ) {
        if requests.total == 0 {
            return;
        }
        let departed = departed(usual.cautious, shape);
        let gained =
            log_ratio(requests, usual.cautious, departed) / usual.spread(real(requests.total));
        let gained = gained.min(tuning.one_minute * tuning.opens_at);
        let weight = self.weight * tuning.keeps + gained;
        if weight <= 0.0 {
            *self = Self::default();
            return;
        }
        if self.weight <= 0.0 {
            self.since = minute;
        }
        // It must be able to fall again in a bounded time.
        self.weight = weight.min(3.0 * tuning.opens_at);
        self.requests += requests;
        self.expected += real(requests.total) * usual.ratio;
    }

    /// Faults beyond what was usual.
    pub(super) fn excess(&self) -> f64 {
        real(self.requests.fault) - self.expected
    }
}

/// The share of faults under a departure of this shape.
pub(super) fn departed(usual: f64, shape: (f64, f64)) -> f64 {
    (usual * shape.0).max(usual + shape.1).min(HIGHEST)
}

/// How much likelier the minute is under `departed` than under `usual`: the logarithm of the ratio.
pub(super) fn log_ratio(requests: Requests, usual: f64, departed: f64) -> f64 {
    let faults = real(requests.fault);
    let others = real(requests.total) - faults;
    faults * (departed / usual).ln() + others * ((1.0 - departed) / (1.0 - usual)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Expectation = Expectation {
        ratio: 0.01,
        cautious: 0.01,
        correlation: 0.0,
    };

    fn after(minutes: &[(u64, u64)]) -> Evidence {
        let tuning = Tuning::default();
        let mut evidence = Evidence::default();
        for (minute, &(fault, total)) in minutes.iter().enumerate() {
            let requests = Requests {
                fault,
                ok: total - fault,
                total,
            };
            let minute = Minute(i64::try_from(minute).unwrap());
            evidence.add(minute, requests, &USUAL, tuning.sharp, &tuning);
        }
        evidence
    }

    #[test]
    fn usual_minutes_leave_nothing() {
        let evidence = after(&[(1, 100), (2, 100), (0, 100)]);
        assert_eq!(evidence.weight, 0.0);
    }

    #[test]
    fn one_minute_is_never_enough_and_two_can_be() {
        let tuning = Tuning::default();
        assert!(after(&[(100, 100)]).weight < tuning.opens_at);
        assert!(after(&[(100, 100), (100, 100)]).weight > tuning.opens_at);
    }

    #[test]
    fn the_run_begins_where_the_evidence_does() {
        let evidence = after(&[(0, 100), (1, 100), (30, 100), (0, 0), (40, 100)]);
        assert_eq!(evidence.since, Minute(2));
        assert_eq!(evidence.requests.fault, 70);
        assert!((evidence.excess() - 68.0).abs() < 1e-9);
    }

    #[test]
    fn a_quiet_service_gathers_it_slowly() {
        let failing = [(1, 1); 6];
        assert!(after(&failing[..2]).weight < Tuning::default().opens_at);
        assert!(after(&failing).weight > Tuning::default().opens_at);
    }
}
