//! Histograms of times: bins at values, with counts, as a t-digest makes them.
//!
//! The service's bins are centroids, not fixed buckets (recorded): few samples keep a bin a value, many are merged in
//! the middle and kept apart at the ends, a value that occurs often keeps a bin of its own, and the counts always add
//! up. Its parameters are not known; ours give as many bins for as many samples as were recorded.

use std::collections::BTreeMap;

/// How finely samples stay apart in an answer.
const COMPRESSION: f64 = 65.0;

/// Distinct milliseconds held before they are merged on the way.
const HELD: usize = 4096;

/// Times in seconds, held by the millisecond.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Histogram {
    counts: BTreeMap<u64, u64>,
}

/// Some samples near a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Their mean in seconds, rounded to a millisecond.
    pub value: f64,
    /// How many they are.
    pub count: u64,
}

impl Histogram {
    /// Counts one time; a negative one counts as none.
    pub fn add(&mut self, seconds: f64) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates at zero and at a length of time that nothing has"
        )]
        let millis = (seconds * 1e3 + 0.5).floor() as u64;
        *self.counts.entry(millis).or_default() += 1;
        if self.counts.len() > HELD {
            self.counts = merge(&self.counts, COMPRESSION * 4.0);
        }
    }

    /// How many times were counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The bins, by value.
    #[must_use]
    pub fn bins(&self) -> Vec<Bin> {
        let merged = merge(&self.counts, COMPRESSION);
        merged
            .into_iter()
            .map(|(millis, count)| Bin {
                value: to_f64(millis) / 1e3,
                count,
            })
            .collect()
    }
}

/// Merges neighbours while together they hold no more than their share, which is greatest at the median and one sample
/// at both ends.
///
/// Source: Dunning and Ertl, "Computing extremely accurate quantiles using t-digests": a centroid at quantile q of n
/// samples holds at most `4 n q (1 - q) / compression`.
fn merge(counts: &BTreeMap<u64, u64>, compression: f64) -> BTreeMap<u64, u64> {
    let total = to_f64(counts.values().sum());
    let mut merged: BTreeMap<u64, u64> = BTreeMap::new();
    let mut close = |sum: f64, count: u64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a mean of u64 fits a u64"
        )]
        let mean = (sum / to_f64(count) + 0.5).floor() as u64;
        *merged.entry(mean).or_default() += count;
    };
    let (mut sum, mut count, mut before) = (0.0, 0, 0);
    for (&millis, &more) in counts {
        let together = to_f64(count + more);
        let quantile = (to_f64(before) + together / 2.0) / total;
        let share = (4.0 * total * quantile * (1.0 - quantile) / compression).ceil();
        if count > 0 && together > share {
            close(sum, count);
            before += count;
            (sum, count) = (0.0, 0);
        }
        sum += to_f64(millis) * to_f64(more);
        count += more;
    }
    if count > 0 {
        close(sum, count);
    }
    merged
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and milliseconds stay far below 2^53"
)]
fn to_f64(whole: u64) -> f64 {
    whole as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(samples: impl IntoIterator<Item = f64>) -> Vec<(f64, u64)> {
        let mut histogram = Histogram::default();
        for sample in samples {
            histogram.add(sample);
        }
        let bins = histogram.bins();
        bins.into_iter().map(|bin| (bin.value, bin.count)).collect()
    }

    #[test]
    fn few_samples_keep_a_bin_a_value() {
        assert_eq!(of([1.0, 2.0, 2.0]), [(1.0, 1), (2.0, 2)]);
        assert_eq!(of([0.015_67, -1.0]), [(0.0, 1), (0.016, 1)]);
        assert_eq!(of([]), []);
    }

    #[test]
    fn a_heavy_value_keeps_its_bin() {
        let spread = (0..160).map(|number| f64::from(number) / 100.0);
        let bins = of(spread.chain([0.805; 96]));
        assert!(bins.contains(&(0.805, 96)), "{bins:?}");
    }

    #[test]
    fn many_samples_are_merged_into_as_many_bins_as_recorded() {
        for (samples, bins) in [(80, 60..=67), (256, 98..=115), (1024, 149..=157)] {
            let linear = (0..samples).map(|number| f64::from(number) / 100.0);
            let count = of(linear).len();
            assert!(bins.contains(&count), "{samples} samples: {count} bins");
        }
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut histogram = Histogram::default();
        for number in 0..20_000 {
            histogram.add(f64::from(number) / 1e3);
        }
        assert!(histogram.counts.len() <= HELD);
        assert_eq!(histogram.total(), 20_000);
    }

    proptest! {
        #[test]
        fn counts_add_up_and_the_mean_stays(
            samples in prop::collection::vec(0u32..100_000, 1..600)
        ) {
            let bins = of(samples.iter().map(|millis| f64::from(*millis) / 1e3));
            prop_assert_eq!(bins.iter().map(|(_, count)| count).sum::<u64>(), samples.len() as u64);
            let weighted: f64 = bins.iter().map(|(value, count)| value * to_f64(*count)).sum();
            let exact: f64 = samples.iter().map(|millis| f64::from(*millis) / 1e3).sum();
            let samples = to_f64(samples.len() as u64);
            prop_assert!((weighted - exact).abs() / samples <= 0.000_51);
        }
    }
}
