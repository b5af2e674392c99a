//! Lambda's own sampler: one request per second and function, then 5 %. No rule governs it.
//!
//! Source: Lambda developer guide, tracing ("you can't configure the X-Ray sampling rate for your functions").

use std::collections::HashMap;
use std::sync::Arc;

use fluoro_ambient::Ambient;
use fluoro_model::TimestampMicros;
use parking_lot::Mutex;

use crate::decision::{Decision, How};

/// The rate beyond the first request of a second. Source: Lambda developer guide.
const RATE: f64 = 0.05;

/// Decides for functions whose caller did not. Clones share what they know.
#[derive(Debug, Clone)]
pub struct LambdaSampler {
    ambient: Ambient,
    rate: f64,
    /// The second in which each function last had a request recorded as the first of its second.
    firsts: Arc<Mutex<HashMap<String, i64>>>,
}

impl LambdaSampler {
    /// As AWS does it.
    #[must_use]
    pub fn new(ambient: Ambient) -> Self {
        Self::with_rate(ambient, RATE)
    }

    /// Records everything: what `--sample all` means for functions.
    #[must_use]
    pub fn all(ambient: Ambient) -> Self {
        Self::with_rate(ambient, 1.0)
    }

    fn with_rate(ambient: Ambient, rate: f64) -> Self {
        Self {
            ambient,
            rate,
            firsts: Arc::default(),
        }
    }

    /// Decides on one request to a function.
    #[must_use]
    pub fn decide(&self, now: TimestampMicros, function_arn: &str) -> Decision {
        let sampled = self.is_first(now, function_arn) || self.ambient.fraction() < self.rate;
        Decision {
            sampled,
            how: How::Lambda,
        }
    }

    /// Forgets a function that was deleted.
    pub fn forget(&self, function_arn: &str) {
        self.firsts.lock().remove(function_arn);
    }

    fn is_first(&self, now: TimestampMicros, function_arn: &str) -> bool {
        let second = now.floor_second();
        let mut firsts = self.firsts.lock();
        match firsts.get_mut(function_arn) {
            Some(last) if *last == second => false,
            Some(last) => {
                *last = second;
                true
            }
            None => {
                firsts.insert(function_arn.to_owned(), second);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use fluoro_ambient::{ManualClock, SeededEntropy};

    use super::*;

    fn ambient() -> Ambient {
        Ambient::new(
            Arc::new(ManualClock::at(0)),
            Arc::new(SeededEntropy::new(7)),
        )
    }

    fn sampled(sampler: &LambdaSampler, micros: i64, function: &str) -> bool {
        let decision = sampler.decide(TimestampMicros(micros), function);
        assert_eq!(decision.how, How::Lambda);
        decision.sampled
    }

    #[test]
    fn the_first_request_of_each_second_is_kept_for_each_function() {
        let sampler = LambdaSampler::with_rate(ambient(), 0.0);
        assert!(sampled(&sampler, 0, "a"));
        assert!(!sampled(&sampler, 999_999, "a"));
        assert!(sampled(&sampler, 999_999, "b"));
        assert!(sampled(&sampler, 1_000_000, "a"));
        sampler.forget("a");
        assert!(sampled(&sampler, 1_000_000, "a"));
    }

    #[test]
    fn beyond_it_one_in_twenty() {
        let sampler = LambdaSampler::new(ambient());
        let kept = (0..20_000).filter(|_| sampled(&sampler, 0, "a")).count();
        assert!((900..1100).contains(&kept), "{kept}");
    }

    #[test]
    fn or_all() {
        let sampler = LambdaSampler::all(ambient());
        assert!((0..100).all(|_| sampled(&sampler, 0, "a")));
    }
}
