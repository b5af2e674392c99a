//! Counts and total response time of a node or an edge.

use fluoro_trace::projection::{Counted, Outcome};

/// What became of the requests that a node served, or that went over an edge. Each counts once.
///
/// Adding up is exact: however the requests are divided among several and in whatever order those are merged, the
/// sum is the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Neither of the below.
    pub ok: u64,
    /// Client errors that are no throttles.
    pub error: u64,
    /// Throttles.
    pub throttle: u64,
    /// Faults.
    pub fault: u64,
    /// The sum of the times in nanoseconds: finer than the doubles that they are differences of.
    total_nanos: u128,
}

impl Statistics {
    /// So many requests, as they are, errors, throttles and faults, that took so long together.
    pub(crate) const fn of([ok, error, throttle, fault]: [u64; 4], total_nanos: u128) -> Self {
        Self {
            ok,
            error,
            throttle,
            fault,
            total_nanos,
        }
    }

    /// The sum of the times.
    pub(crate) const fn total_nanos(&self) -> u128 {
        self.total_nanos
    }

    /// Counts one request that took so many seconds; a negative time counts as none.
    pub fn add(&mut self, outcome: Outcome, seconds: f64) {
        let count = match outcome.counted() {
            Counted::Ok => &mut self.ok,
            Counted::Error => &mut self.error,
            Counted::Throttle => &mut self.throttle,
            Counted::Fault => &mut self.fault,
        };
        *count += 1;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates at zero and at a length of time that nothing has"
        )]
        let nanos = (seconds * 1e9).round() as u64;
        self.total_nanos += u128::from(nanos);
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        self.ok += other.ok;
        self.error += other.error;
        self.throttle += other.throttle;
        self.fault += other.fault;
        self.total_nanos += other.total_nanos;
    }

    /// All requests.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.ok + self.error + self.throttle + self.fault
    }

    /// The sum of their times in seconds, rounded to milliseconds at the end, half up (recorded).
    #[must_use]
    pub fn total_response_time(&self) -> f64 {
        let millis = (self.total_nanos + 500_000) / 1_000_000;
        #[expect(
            clippy::cast_precision_loss,
            reason = "a sum of times is no exact thing any more when it is that long"
        )]
        let millis = millis as f64;
        millis / 1e3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THROTTLED_FAULT: Outcome = Outcome {
        fault: true,
        error: false,
        throttle: true,
    };

    #[test]
    fn each_request_counts_once_throttle_first() {
        let mut statistics = Statistics::default();
        statistics.add(THROTTLED_FAULT, 1.0);
        statistics.add(Outcome::default(), 1.0);
        assert_eq!((statistics.throttle, statistics.fault), (1, 0));
        assert_eq!((statistics.ok, statistics.total()), (1, 2));
    }

    #[test]
    fn times_are_rounded_once_at_the_end() {
        let mut statistics = Statistics::default();
        statistics.add(Outcome::default(), 0.015_67);
        assert_eq!(statistics.total_response_time(), 0.016);
        statistics.add(Outcome::default(), 0.015_67);
        assert_eq!(statistics.total_response_time(), 0.031);
        statistics.add(Outcome::default(), -5.0);
        assert_eq!(statistics.total_response_time(), 0.031);
    }

    #[test]
    fn a_sum_does_not_depend_on_how_it_is_divided() {
        let times = [0.000_4, 0.000_1, 1e9, 0.3, 0.000_999_9];
        let mut at_once = Statistics::default();
        let mut parts = Vec::new();
        for seconds in times {
            at_once.add(Outcome::default(), seconds);
            let mut part = Statistics::default();
            part.add(Outcome::default(), seconds);
            parts.push(part);
        }
        for order in [[0, 1, 2, 3, 4], [4, 2, 0, 1, 3]] {
            let mut merged = Statistics::default();
            for part in order {
                merged.merge(&parts[part]);
            }
            assert_eq!(merged, at_once);
        }
    }
}
