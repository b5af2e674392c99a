//! How long requests took, as counts in buckets that grow with the time: any two can be merged.

/// Buckets to each doubling: the middle of a bucket is at most 1/32 away from anything in it.
const PER_DOUBLING: u64 = 16;

/// Durations in microseconds. Their number, sum and greatest are exact, quantiles within 3.2 %.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Latency {
    /// Buckets that have something, by their number.
    buckets: Vec<(u16, u32)>,
    count: u64,
    sum_micros: u64,
    max_micros: u64,
}

impl Latency {
    /// Adds one duration.
    pub fn add(&mut self, micros: u64) {
        self.add_to_bucket(bucket_of(micros), 1);
        self.count += 1;
        self.sum_micros = self.sum_micros.saturating_add(micros);
        self.max_micros = self.max_micros.max(micros);
    }

    /// Adds all of another's.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.buckets {
            self.add_to_bucket(*bucket, *count);
        }
        self.count += other.count;
        self.sum_micros = self.sum_micros.saturating_add(other.sum_micros);
        self.max_micros = self.max_micros.max(other.max_micros);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// All of them together, in microseconds.
    #[must_use]
    pub fn sum_micros(&self) -> u64 {
        self.sum_micros
    }

    /// The greatest.
    #[must_use]
    pub fn max_micros(&self) -> u64 {
        self.max_micros
    }

    /// The duration that this share of all does not exceed; 0 of nothing. `share` is 0 to 1.
    #[must_use]
    pub fn quantile_micros(&self, share: f64) -> u64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates, and a count of requests is far below 2^53"
        )]
        let rank = (self.count as f64 * share).ceil() as u64;
        let mut passed = 0;
        for (bucket, count) in &self.buckets {
            passed += u64::from(*count);
            if passed >= rank {
                let (low, width) = bounds(*bucket);
                return (low + width / 2).min(self.max_micros);
            }
        }
        self.max_micros
    }

    /// How many are shorter than two to the power of `exponent` microseconds: exact, as buckets end there.
    #[must_use]
    pub fn below_power(&self, exponent: u32) -> u64 {
        let limit = bucket_of(1 << exponent.min(63));
        let below = self
            .buckets
            .iter()
            .take_while(|(bucket, _)| *bucket < limit);
        below.map(|(_, count)| u64::from(*count)).sum()
    }

    fn add_to_bucket(&mut self, bucket: u16, count: u32) {
        match self
            .buckets
            .binary_search_by_key(&bucket, |(known, _)| *known)
        {
            Ok(place) => {
                let known = &mut self.buckets[place].1;
                *known = known.saturating_add(count);
            }
            Err(place) => self.buckets.insert(place, (bucket, count)),
        }
    }
}

/// Below 16 each number has a bucket of its own; above, each doubling has sixteen of equal width.
fn bucket_of(micros: u64) -> u16 {
    let doublings = micros.checked_ilog2().unwrap_or(0).saturating_sub(4);
    let bucket = u64::from(doublings) * PER_DOUBLING + (micros >> doublings);
    u16::try_from(bucket).expect("64 doublings have 1024 buckets")
}

/// A bucket's least number, and how many numbers it has.
fn bounds(bucket: u16) -> (u64, u64) {
    let bucket = u64::from(bucket);
    let doublings = (bucket / PER_DOUBLING).saturating_sub(1);
    let within = bucket - doublings * PER_DOUBLING;
    (within << doublings, 1 << doublings)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(durations: &[u64]) -> Latency {
        let mut latency = Latency::default();
        for duration in durations {
            latency.add(*duration);
        }
        latency
    }

    #[test]
    fn of_nothing_everything_is_nothing() {
        assert_eq!(Latency::default().quantile_micros(0.99), 0);
    }

    #[test]
    fn small_numbers_are_exact() {
        let latency = of(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(latency.quantile_micros(0.5), 5);
        assert_eq!(latency.quantile_micros(0.9), 9);
        assert_eq!(latency.quantile_micros(1.0), 10);
        assert_eq!(
            (latency.count(), latency.sum_micros(), latency.max_micros()),
            (10, 55, 10)
        );
    }

    #[test]
    fn what_is_below_a_power_of_two_is_counted_exactly() {
        let latency = of(&[0, 255, 256, 1023, 1024, u64::MAX]);
        assert_eq!(
            [8, 10, 63].map(|power| latency.below_power(power)),
            [2, 4, 5]
        );
    }

    proptest! {
        #[test]
        fn a_bucket_holds_what_is_put_in_it(micros in any::<u64>()) {
            let (low, width) = bounds(bucket_of(micros));
            prop_assert!(low <= micros && micros - low < width);
            prop_assert!(width == 1 || low / width >= PER_DOUBLING);
        }

        #[test]
        fn quantiles_are_near_and_merging_is_adding(
            one in prop::collection::vec(0u64..10_000_000, 0..100),
            other in prop::collection::vec(0u64..10_000_000, 1..100), quarters in 1u32..=4
        ) {
            let mut all: Vec<u64> = [one.clone(), other.clone()].concat();
            let mut merged = of(&one);
            merged.merge(&of(&other));
            prop_assert_eq!(&merged, &of(&all));
            all.sort_unstable();
            let rank = (all.len() * usize::try_from(quarters).unwrap()).div_ceil(4);
            let exact = all[rank - 1];
            let told = merged.quantile_micros(f64::from(quarters) / 4.0);
            prop_assert!(told.abs_diff(exact) <= exact / 31 + 1, "{told} for {exact}");
        }
    }
}
