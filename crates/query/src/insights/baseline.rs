//! What is usual: the share of a service's requests that fail.
//!
//! The share is a ratio of two sums that fade: faults and requests. On top lie factors for the hour of the day and for the
//! hour of the week ([`seasons`](super::seasons)). Faults often come in bursts, so how much they scatter beyond chance
//! is learnt, too: as the correlation of the requests of one minute, which makes a beta-binomial out of a binomial.

use serde::{Deserialize, Serialize};

use super::minute::{Minute, Requests, real, whole};
use super::seasons::Seasons;
use super::tuning::Tuning;

/// Before anything is learnt: half a fault in a hundred requests.
const PRIOR: (f64, f64) = (0.5, 100.0);

/// How many minutes the assumption weighs that the variance is twice what chance would have it.
const SCATTER_WEIGHT: f64 = 15.0;

/// The most that one minute adds to the scatter, so that an outlier does not hide the next.
const MOST_SCATTER: f64 = 25.0;

/// The highest share that is taken as usual.
const HIGHEST: f64 = 0.98;

/// The faults that are usual in some time: from low to high, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    /// Fewer would be unusually few.
    pub low: u64,
    /// More are unusually many.
    pub high: u64,
}

/// What is learnt of one service.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Baseline {
    faults: f64,
    requests: f64,
    seasons: Seasons,
    /// How often the variance was what chance would have it, less 1, summed; and the requests that it was seen in.
    scatter: (f64, f64),
    minutes: u32,
    last: Minute,
}

/// What one minute is expected to be like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Expectation {
    /// The share of requests that usually fail.
    pub(super) ratio: f64,
    /// The same with what is not known of it yet granted.
    pub(super) cautious: f64,
    /// How much the requests of one minute share their fate, 0 to 1.
    pub(super) correlation: f64,
}

// === impl Baseline ===

impl Baseline {
    /// Whether enough is known to judge by.
    pub(super) fn is_ready(&self, tuning: &Tuning) -> bool {
        self.minutes >= tuning.least_minutes && self.requests >= tuning.least_requests
    }

    pub(super) fn expect(&self, minute: Minute, tuning: &Tuning) -> Expectation {
        let faults = self.faults + PRIOR.0;
        let requests = self.requests + PRIOR.1;
        let season = self.seasons.factor(minute);
        let ratio = faults / requests * season;
        let doubt = tuning.caution * faults.sqrt() / requests * season;
        let known = f64::from(self.minutes).min(tuning.half_life);
        let typical = (self.requests / known.max(1.0)).max(1.0);
        let (scatter, seen) = self.scatter;
        let correlation = (scatter + SCATTER_WEIGHT) / (seen + SCATTER_WEIGHT * typical);
        Expectation {
            ratio: ratio.min(HIGHEST),
            cautious: (ratio + doubt).clamp(tuning.least_ratio, HIGHEST),
            correlation: correlation.clamp(0.0, 1.0),
        }
    }

    /// Takes in a minute that was usual.
    pub(super) fn learn(&mut self, minute: Minute, requests: Requests, tuning: &Tuning) {
        if requests.total == 0 {
            return;
        }
        let (faults, total) = (real(requests.fault), real(requests.total));
        if self.minutes > 0 {
            let usual = self.expect(minute, tuning);
            let variance = total * usual.cautious * (1.0 - usual.cautious);
            let scatter = (faults - total * usual.ratio).powi(2) / variance;
            let fade = (-1.0 / tuning.half_life).exp2();
            self.scatter.0 = self.scatter.0 * fade + scatter.min(MOST_SCATTER) - 1.0;
            self.scatter.1 = self.scatter.1 * fade + total - 1.0;
            self.scatter.0 = self.scatter.0.max(0.0);
            let elapsed = minute.since(self.last).clamp(0, 100_000);
            #[expect(clippy::cast_precision_loss, reason = "bounded just before")]
            let fade = (-(elapsed as f64) / tuning.half_life).exp2();
            self.faults *= fade;
            self.requests *= fade;
        }
        self.faults += faults;
        self.requests += total;
        self.minutes = self.minutes.saturating_add(1);
        self.last = minute;
    }

    /// Takes in a minute, usual or not, for what returns at the same hour.
    pub(super) fn see(&mut self, minute: Minute, requests: Requests, tuning: &Tuning) {
        let overall = (self.faults + PRIOR.0) / (self.requests + PRIOR.1);
        let expected = real(requests.total) * overall;
        self.seasons
            .see(minute, real(requests.fault), expected, tuning.season_weight);
    }
}

// === impl Expectation ===

impl Expectation {
    /// The faults that are usual among so many requests of one minute.
    pub(super) fn band(&self, total: u64, tuning: &Tuning) -> Band {
        self.band_of(total, 1, tuning)
    }

    /// The faults that are usual among so many requests of so many minutes, which are all expected to be like this one.
    pub(super) fn band_of(&self, total: u64, minutes: u32, tuning: &Tuning) -> Band {
        let total = real(total);
        let mean = total * self.cautious;
        let each = total / f64::from(minutes.max(1));
        let deviation = (mean * (1.0 - self.cautious) * self.spread(each)).sqrt();
        let low = total * self.ratio - tuning.band * deviation;
        let high = (mean + tuning.band * deviation).min(total);
        Band {
            low: whole(low.floor()),
            high: whole(high.ceil()),
        }
    }

    /// By how much the variance among so many requests exceeds that of chance.
    pub(super) fn spread(&self, total: f64) -> f64 {
        1.0 + (total - 1.0).max(0.0) * self.correlation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TUNING: fn() -> Tuning = Tuning::default;

    fn of(fault: u64, total: u64) -> Requests {
        Requests {
            fault,
            ok: total - fault,
            total,
        }
    }

    fn taught(minutes: i64, requests: impl Fn(Minute) -> Requests) -> Baseline {
        let mut baseline = Baseline::default();
        for minute in (0..minutes).map(Minute) {
            baseline.see(minute, requests(minute), &TUNING());
            baseline.learn(minute, requests(minute), &TUNING());
        }
        baseline
    }

    #[test]
    fn the_share_of_faults_is_learnt() {
        let baseline = taught(600, |_| of(3, 100));
        let expected = baseline.expect(Minute(600), &TUNING());
        assert!((expected.ratio - 0.03).abs() < 0.001, "{expected:?}");
        assert!(expected.cautious > expected.ratio);
        let band = expected.band(100, &TUNING());
        assert!(band.low == 0 && (7..12).contains(&band.high), "{band:?}");
    }

    #[test]
    fn it_follows_a_new_level() {
        let day = 1440;
        let baseline = taught(6 * day, |minute| {
            of(if minute.0 < day { 10 } else { 1 }, 100)
        });
        let expected = baseline.expect(Minute(6 * day), &TUNING());
        assert!(expected.ratio < 0.02, "{expected:?}");
    }

    #[test]
    fn an_hour_that_is_worse_each_day_is_expected_to_be() {
        let baseline = taught(4 * 1440, |minute| {
            of(if minute.hour() % 24 == 3 { 10 } else { 1 }, 100)
        });
        let at = |hour: i64| baseline.expect(Minute(4 * 1440 + hour * 60), &TUNING());
        assert!(at(3).ratio > 0.07, "{:?}", at(3));
        assert!(at(4).ratio < 0.02, "{:?}", at(4));
    }

    #[test]
    fn bursts_widen_the_band() {
        let even = taught(1440, |_| of(2, 100));
        let bursts = taught(1440, |minute| {
            of(if minute.0 % 10 == 0 { 20 } else { 0 }, 100)
        });
        let high = |baseline: &Baseline| {
            baseline
                .expect(Minute(1440), &TUNING())
                .band(100, &TUNING())
                .high
        };
        assert!(high(&bursts) > high(&even) + 2);
    }

    #[test]
    fn little_knowledge_judges_nobody() {
        let fresh = taught(10, |_| of(0, 100));
        assert!(!fresh.is_ready(&TUNING()));
        let quiet = taught(400, |minute| of(0, u64::from(minute.0 % 10 == 0)));
        assert!(!quiet.is_ready(&TUNING()));
        assert!(taught(60, |_| of(0, 100)).is_ready(&TUNING()));
    }
}
