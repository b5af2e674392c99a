//! Adaptive sampling: one rule's rate, raised for a while when anomalies go unrecorded.
//!
//! Services report their anomalies for about ten seconds at a time. When those of the last closed window were not all
//! recorded, a boost is triggered: twice the rule's rate, a third more after each half minute, never above the rule's
//! maximum. It ends when every anomaly is recorded, or after a minute; one is triggered in each cooldown window.
//! Source: API model (`SamplingRateBoost`); CloudWatch user guide, adaptive sampling, for the minute; recorded answers
//! (0.05 gave 0.1, 0.1, 0.1, 0.13, each for 20 seconds). How the service works the rate out is not published.

use std::collections::HashMap;

use fluoro_model::TimestampMicros;

use crate::rule::SamplingRateBoost;
use crate::window::Window;

/// How long clients may use a rate, in seconds. Source: recorded.
const LIFE_SECONDS: i64 = 20;

/// How long one trigger lasts at most, in seconds. Source: CloudWatch user guide, adaptive sampling.
const TRIGGER_SECONDS: i64 = 60;

/// The first rate, as a multiple of the rule's own. Source: recorded.
const FIRST_FACTOR: f64 = 2.0;

/// The first rate of a rule whose own is nothing.
const LEAST_RATE: f64 = 0.01;

/// What the rate grows by. Source: recorded.
const GROWTH: f64 = 1.3;

/// Windows at each rate. Source: recorded.
const WINDOWS_PER_STEP: u32 = 3;

/// Services whose reports are kept apart in one window; those of more are left aside.
const SERVICES: usize = 64;

/// The rate that clients use for a while in place of the rule's own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoostRate {
    /// 0 to 1, above the rule's own.
    pub rate: f64,
    /// The end, in seconds since the epoch.
    pub expires_at: i64,
}

/// What services reported of one rule, and what came of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Boost {
    /// The window in which `reports` came.
    window: Option<Window>,
    /// Anomalies that were not recorded, by service.
    reports: HashMap<String, u64>,
    /// The last one, also when it is over: the cooldown runs from it.
    trigger: Option<Trigger>,
}

#[derive(Debug, Clone, Copy)]
struct Trigger {
    /// Seconds since the epoch.
    at: i64,
    rate: f64,
    /// Windows at this rate, with the present one.
    windows: u32,
    /// Whether the last closed window still had anomalies that were not recorded.
    wanted: bool,
    expires_at: i64,
}

impl Boost {
    /// Takes what a service saw since it last reported. More recorded anomalies than anomalies count as none missed.
    pub(crate) fn report(
        &mut self,
        now: TimestampMicros,
        terms: &Terms,
        service: &str,
        missed: u64,
    ) {
        self.roll(now, terms);
        if let Some(known) = self.reports.get_mut(service) {
            *known = known.saturating_add(missed);
        } else if self.reports.len() < SERVICES {
            self.reports.insert(service.to_owned(), missed);
        }
    }

    /// The rate in force, if there is one; asking for it renews its life while anomalies are missed.
    pub(crate) fn rate(&mut self, now: TimestampMicros, terms: &Terms) -> Option<BoostRate> {
        self.roll(now, terms);
        let second = now.floor_second();
        let trigger = self.trigger.as_mut()?;
        trigger.renew(second);
        // The rule may have changed since.
        let rate = trigger.rate.min(terms.boost.max_rate);
        (second < trigger.expires_at && rate > terms.fixed_rate).then_some(BoostRate {
            rate,
            expires_at: trigger.expires_at,
        })
    }

    /// Closes the window of the reports once it is over, and judges it.
    fn roll(&mut self, now: TimestampMicros, terms: &Terms) {
        let present = Window::of(now);
        let closed = self.window.replace(present);
        if closed == Some(present) {
            return;
        }
        let missed = self.reports.drain().any(|(_, missed)| missed > 0);
        let judged = closed == Some(present.before());
        self.judge(now.floor_second(), terms, judged && missed);
    }

    fn judge(&mut self, second: i64, terms: &Terms, missed: bool) {
        match &mut self.trigger {
            Some(trigger) if second < trigger.expires_at => {
                trigger.wanted = missed;
                trigger.renew(second);
                trigger.windows += 1;
                if missed && trigger.windows > WINDOWS_PER_STEP {
                    trigger.windows = 1;
                    trigger.rate = (trigger.rate * GROWTH).min(terms.boost.max_rate);
                }
            }
            Some(trigger) if second < trigger.at.saturating_add(terms.cooldown_seconds()) => {
                trigger.wanted = false;
            }
            _ if missed => {
                let first = (terms.fixed_rate * FIRST_FACTOR).max(LEAST_RATE);
                let trigger = self.trigger.insert(Trigger {
                    at: second,
                    rate: first.min(terms.boost.max_rate),
                    windows: 1,
                    wanted: true,
                    expires_at: second,
                });
                trigger.renew(second);
            }
            _ => {}
        }
    }
}

impl Trigger {
    fn renew(&mut self, second: i64) {
        if self.wanted {
            let end = (second + LIFE_SECONDS).min(self.at + TRIGGER_SECONDS);
            self.expires_at = self.expires_at.max(end);
        }
    }
}

/// What the rule says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) boost: SamplingRateBoost,
    pub(crate) fixed_rate: f64,
}

impl Terms {
    fn cooldown_seconds(&self) -> i64 {
        i64::from(self.boost.cooldown_window_minutes) * 60
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TERMS: Terms = Terms {
        boost: SamplingRateBoost {
            max_rate: 0.5,
            cooldown_window_minutes: 5,
        },
        fixed_rate: 0.05,
    };

    fn at(second: i64) -> TimestampMicros {
        TimestampMicros(second * 1_000_000)
    }

    /// A service reports, and is told a rate, every ten seconds.
    fn told(boost: &mut Boost, second: i64, missed: u64) -> Option<(f64, i64)> {
        boost.report(at(second), &TERMS, "shop", missed);
        let told = boost.rate(at(second), &TERMS);
        told.map(|told| ((told.rate * 1e4).round() / 1e4, told.expires_at - second))
    }

    #[test]
    fn it_begins_in_the_window_after_and_grows_while_anomalies_are_missed() {
        let mut boost = Boost::default();
        assert_eq!(told(&mut boost, 1003, 90), None);
        for (second, rate) in [(1013, 0.1), (1023, 0.1), (1033, 0.1), (1043, 0.13)] {
            assert_eq!(told(&mut boost, second, 90), Some((rate, 20)), "{second}");
        }
    }

    #[test]
    fn it_ends_after_a_minute_and_comes_again_in_the_next_cooldown_window() {
        let mut boost = Boost::default();
        let on: Vec<i64> = (0..70)
            .map(|step| 1000 + step * 10)
            .filter(|second| told(&mut boost, *second, 90).is_some())
            .collect();
        let runs = [1010, 1310, 1610].map(|begun| (0..6).map(move |step| begun + step * 10));
        assert_eq!(on, runs.into_iter().flatten().collect::<Vec<_>>());
    }

    #[test]
    fn it_is_not_renewed_once_every_anomaly_is_recorded() {
        let mut boost = Boost::default();
        told(&mut boost, 1000, 1);
        assert_eq!(told(&mut boost, 1010, 0), Some((0.1, 20)));
        assert_eq!(told(&mut boost, 1020, 0), Some((0.1, 10)));
        assert_eq!(told(&mut boost, 1030, 0), None);
    }

    #[test]
    fn what_was_missed_long_ago_triggers_nothing() {
        let mut boost = Boost::default();
        told(&mut boost, 1000, 90);
        assert_eq!(told(&mut boost, 1025, 0), None);
    }

    #[test]
    fn a_rate_of_nothing_is_raised_too_and_a_maximum_below_the_rate_does_nothing() {
        let rate = |terms: &Terms| {
            let mut boost = Boost::default();
            boost.report(at(1000), terms, "shop", 1);
            boost.rate(at(1010), terms).map(|told| told.rate)
        };
        let nothing = Terms {
            fixed_rate: 0.0,
            ..TERMS
        };
        assert_eq!(rate(&nothing), Some(0.01));
        let above = Terms {
            fixed_rate: 0.6,
            ..TERMS
        };
        assert_eq!(rate(&above), None);
    }

    proptest! {
        #[test]
        fn it_stays_between_the_rate_and_the_maximum_and_within_a_minute_of_its_trigger(
            fixed_rate in 0.0f64..=1.0, max_rate in 0.0f64..=1.0, cooldown_window_minutes in 1u32..4,
            steps in prop::collection::vec((0i64..15, 0u64..3), 1..100)
        ) {
            let terms = Terms { boost: SamplingRateBoost { max_rate, cooldown_window_minutes }, fixed_rate };
            let mut boost = Boost::default();
            let mut second = 1_000;
            for (passed, missed) in steps {
                second += passed;
                boost.report(at(second), &terms, "shop", missed);
                if let Some(told) = boost.rate(at(second), &terms) {
                    prop_assert!(told.rate > fixed_rate && told.rate <= max_rate);
                    prop_assert!((second + 1..=second + 20).contains(&told.expires_at));
                    prop_assert!(told.expires_at <= boost.trigger.unwrap().at + 60);
                }
            }
        }
    }
}
