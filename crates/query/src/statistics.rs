//! Counts and total response time of a node or an edge.

use fluoro_trace::projection::{Counted, Outcome};

/// What became of the requests that a node served, or that went over an edge. Each counts once.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Statistics {
    /// Neither of the below.
    pub ok: u64,
    /// Client errors that are no throttles.
    pub error: u64,
    /// Throttles.
    pub throttle: u64,
    /// Faults.
    pub fault: u64,
    total_seconds: f64,
}

impl Statistics {
    /// Counts one request that took so many seconds; a negative time counts as none.
    pub fn add(&mut self, outcome: Outcome, seconds: f64) {
        let count = match outcome.counted() {
            Counted::Ok => &mut self.ok,
            Counted::Error => &mut self.error,
            Counted::Throttle => &mut self.throttle,
            Counted::Fault => &mut self.fault,
        };
        *count += 1;
        self.total_seconds += seconds.max(0.0);
    }

    /// All requests.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.ok + self.error + self.throttle + self.fault
    }

    /// The sum of their times in seconds, rounded to milliseconds at the end, half up (recorded).
    #[must_use]
    pub fn total_response_time(&self) -> f64 {
        (self.total_seconds * 1e3 + 0.5).floor() / 1e3
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
}
