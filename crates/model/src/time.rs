//! Points in time.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// A point in time: microseconds since the Unix epoch. May be negative.
///
/// On the wire X-Ray has a JSON number of seconds (`1480615200.010`). An `f64` of that size resolves about 0.24 µs,
/// so microseconds survive the trip and nanoseconds do not. Source: X-Ray developer guide, segment documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TimestampMicros(pub i64);

impl TimestampMicros {
    /// From seconds since the epoch; what an `i64` of microseconds cannot hold is clamped, and NaN is 0.
    #[must_use]
    pub fn from_seconds(seconds: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "`as` saturates, which is what is promised"
        )]
        Self((seconds * 1e6).round() as i64)
    }

    /// Seconds since the epoch.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "below 2^53 µs, the year 2255, it is exact"
    )]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The whole minute in which this lies, rounded down.
    #[must_use]
    pub fn floor_minute(self) -> i64 {
        self.0.div_euclid(60_000_000)
    }

    /// The beginning of a whole second since the epoch; beyond the ends of time, the end.
    #[must_use]
    pub fn of_second(second: i64) -> Self {
        Self(second.saturating_mul(1_000_000))
    }

    /// The whole second in which this lies, rounded down.
    #[must_use]
    pub fn floor_second(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

/// A point in time as a client wrote it: seconds since the Unix epoch, a finite double.
///
/// Segment documents come back with the very double that was sent, and X-Ray computes durations as differences of
/// doubles (recorded); so documents keep this form, and everything that we count ourselves is [`TimestampMicros`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct EpochSeconds(f64);

/// The number is no point in time: it is infinite or not a number.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{0} is no point in time")]
pub struct NotFinite(f64);

impl EpochSeconds {
    /// The moment that many seconds after the epoch; `None` unless finite.
    #[must_use]
    pub fn new(seconds: f64) -> Option<Self> {
        // Adding zero makes one zero of two, so that equality and order agree.
        seconds.is_finite().then_some(Self(seconds + 0.0))
    }

    /// Seconds since the epoch, as sent.
    #[must_use]
    pub const fn seconds(self) -> f64 {
        self.0
    }

    /// Seconds from `earlier` to this moment; negative when it is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> f64 {
        (self.0 - earlier.0).clamp(f64::MIN, f64::MAX)
    }

    /// Rounded to microseconds.
    #[must_use]
    pub fn micros(self) -> TimestampMicros {
        TimestampMicros::from_seconds(self.0)
    }
}

impl Eq for EpochSeconds {}

impl Ord for EpochSeconds {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for EpochSeconds {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl TryFrom<f64> for EpochSeconds {
    type Error = NotFinite;

    fn try_from(seconds: f64) -> Result<Self, NotFinite> {
        Self::new(seconds).ok_or(NotFinite(seconds))
    }
}

impl From<EpochSeconds> for f64 {
    fn from(time: EpochSeconds) -> Self {
        time.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_finite_and_has_one_zero() {
        assert_eq!(EpochSeconds::new(f64::INFINITY), None);
        assert_eq!(EpochSeconds::new(f64::NAN), None);
        let zeros = [-0.0, 0.0].map(|zero| EpochSeconds::new(zero).unwrap());
        assert_eq!(zeros[0].cmp(&zeros[1]), Ordering::Equal);
        assert_eq!(zeros[0].seconds().to_bits(), 0);
    }

    #[test]
    fn seconds_keep_their_microseconds() {
        assert_eq!(
            TimestampMicros::from_seconds(1_790_149_878.783_249),
            TimestampMicros(1_790_149_878_783_249)
        );
        assert_eq!(
            TimestampMicros(1_790_149_878_783_249).seconds(),
            1_790_149_878.783_249
        );
    }

    #[test]
    fn seconds_round_down_before_the_epoch_too() {
        assert_eq!(TimestampMicros(-1).floor_second(), -1);
        assert_eq!(TimestampMicros(1_999_999).floor_second(), 1);
    }

    #[test]
    fn the_impossible_is_clamped() {
        assert_eq!(TimestampMicros::from_seconds(f64::NAN), TimestampMicros(0));
        assert_eq!(
            TimestampMicros::from_seconds(1e300),
            TimestampMicros(i64::MAX)
        );
    }
}
