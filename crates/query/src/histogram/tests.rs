use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn histogram(samples: impl IntoIterator<Item = f64>) -> Histogram {
    let mut histogram = Histogram::default();
    for sample in samples {
        histogram.add(sample);
    }
    histogram
}

fn of(samples: impl IntoIterator<Item = f64>) -> Vec<(f64, u64)> {
    let bins = histogram(samples).bins();
    bins.into_iter().map(|bin| (bin.value, bin.count)).collect()
}

fn linear(samples: u32) -> impl Iterator<Item = f64> {
    (0..samples).map(|number| f64::from(number) / 100.0)
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
        let count = of(linear(samples)).len();
        assert!(bins.contains(&count), "{samples} samples: {count} bins");
    }
}

#[test]
fn it_is_the_same_how_samples_are_divided_into_histograms() {
    for samples in [80, 256, 1024] {
        let mut merged = Histogram::default();
        for part in 0..7 {
            merged.merge(&histogram(linear(samples).skip(part).step_by(7)));
        }
        assert_eq!(merged, histogram(linear(samples)));
    }
}

#[test]
fn what_is_held_is_bounded() {
    let whole = histogram((0..20_000).map(|number| f64::from(number) / 1e3));
    assert!(whole.cells.len() <= HELD);
    assert_eq!(whole.total(), 20_000);
    assert!(whole.bins().len() < 330);
}

/// Up to 30 histograms of up to 400 samples, some of them wide.
fn parts() -> impl Strategy<Value = Vec<Vec<u32>>> {
    let samples = prop_oneof![0u32..300, 0u32..1_000_000];
    prop::collection::vec(prop::collection::vec(samples, 0..400), 1..30)
}

fn seconds(millis: &[u32]) -> impl Iterator<Item = f64> {
    millis.iter().map(|millis| f64::from(*millis) / 1e3)
}

/// The share of samples that are at most `value`.
fn rank(bins: &[Bin], value: f64) -> f64 {
    let below = bins.iter().filter(|bin| bin.value <= value);
    let total: u64 = bins.iter().map(|bin| bin.count).sum();
    to_f64(below.map(|bin| bin.count).sum()) / to_f64(total)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn counts_add_up_and_the_mean_stays(
        samples in prop::collection::vec(0u32..100_000, 1..600)
    ) {
        let bins = of(seconds(&samples));
        prop_assert_eq!(bins.iter().map(|(_, count)| count).sum::<u64>(), samples.len() as u64);
        let weighted: f64 = bins.iter().map(|(value, count)| value * to_f64(*count)).sum();
        let exact: f64 = seconds(&samples).sum();
        let samples = to_f64(samples.len() as u64);
        prop_assert!((weighted - exact).abs() / samples <= 0.000_51);
    }

    #[test]
    fn in_whatever_order_histograms_are_merged_ranks_stay_near_and_counts_the_same(parts in parts()) {
        let all: Vec<f64> = parts.iter().flat_map(|part| seconds(part)).collect();
        prop_assume!(!all.is_empty());
        let direct = histogram(all.iter().copied());
        let distinct: HashSet<&u32> = parts.iter().flatten().collect();
        let one_by_one = |parts: &mut dyn Iterator<Item = &Vec<u32>>| {
            let mut merged = Histogram::default();
            for part in parts {
                merged.merge(&histogram(seconds(part)));
            }
            merged
        };
        let forwards = one_by_one(&mut parts.iter());
        let backwards = one_by_one(&mut parts.iter().rev());
        let (left, right) = parts.split_at(parts.len() / 2);
        let mut halves = one_by_one(&mut left.iter());
        halves.merge(&one_by_one(&mut right.iter()));
        for merged in [forwards, backwards, halves] {
            prop_assert_eq!(merged.total(), all.len() as u64);
            if distinct.len() <= HELD {
                prop_assert_eq!(&merged, &direct);
            }
            let (bins, expected) = (merged.bins(), direct.bins());
            for bin in &expected {
                let off = (rank(&bins, bin.value) - rank(&expected, bin.value)).abs();
                prop_assert!(off <= 0.05, "{} is off by {}", bin.value, off);
            }
        }
    }
}
