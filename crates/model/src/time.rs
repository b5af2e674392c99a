//! Points in time.

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

    /// The whole second in which this lies, rounded down.
    #[must_use]
    pub fn floor_second(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
