//! How a window is put together.

use std::ops::Range;

use fluoro_model::TimestampMicros;

use super::{MINUTE, TEN};

/// The parts of a window.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Parts of minutes, each within one.
    pub(super) ragged: Vec<Range<TimestampMicros>>,
    /// Whole minutes, by their numbers.
    pub(super) minutes: Vec<Range<i64>>,
    /// Whole ten minutes, by their numbers.
    pub(super) tens: Range<i64>,
}

impl Plan {
    pub(super) fn of(window: &Range<TimestampMicros>) -> Self {
        let Range { start, end } = window;
        let mut plan = Self::default();
        if start >= end {
            return plan;
        }
        let first = start.0.div_euclid(MINUTE);
        let whole = first + i64::from(start.0.rem_euclid(MINUTE) != 0)..end.0.div_euclid(MINUTE);
        if whole.start > whole.end {
            plan.ragged.push(start.to_owned()..*end);
            return plan;
        }
        let edges = [
            *start..TimestampMicros(whole.start * MINUTE),
            TimestampMicros(whole.end * MINUTE)..*end,
        ];
        plan.ragged
            .extend(edges.into_iter().filter(|edge| edge.start < edge.end));
        let tens = ceil(whole.start)..whole.end.div_euclid(TEN);
        if tens.start >= tens.end {
            plan.minutes.push(whole);
            return plan;
        }
        plan.minutes = vec![whole.start..tens.start * TEN, tens.end * TEN..whole.end];
        plan.tens = tens;
        plan
    }
}

/// The first ten minutes that begin at this minute or later.
fn ceil(minute: i64) -> i64 {
    minute.div_euclid(TEN) + i64::from(minute.rem_euclid(TEN) != 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The plan's parts, in order of time.
    fn parts(plan: &Plan) -> Vec<Range<i64>> {
        let mut parts: Vec<Range<i64>> = plan
            .ragged
            .iter()
            .map(|part| part.start.0..part.end.0)
            .collect();
        let minutes = plan.minutes.iter().cloned().flatten();
        parts.extend(minutes.map(|minute| minute * MINUTE..(minute + 1) * MINUTE));
        let tens = plan.tens.clone();
        parts.extend(tens.map(|ten| ten * TEN * MINUTE..(ten + 1) * TEN * MINUTE));
        parts.sort_by_key(|part| part.start);
        parts
    }

    #[test]
    fn an_hour_has_few_parts() {
        let at = |seconds: i64| TimestampMicros(seconds * 1_000_000);
        let plan = Plan::of(&(at(90)..at(3690)));
        assert_eq!(plan.ragged, [at(90)..at(120), at(3660)..at(3690)]);
        assert_eq!((plan.minutes, plan.tens), (vec![2..10, 60..61], 1..6));
    }

    proptest! {
        #[test]
        fn the_parts_are_the_window_without_gap_or_overlap(
            start in -4_000_000_000i64..4_000_000_000, length in 0i64..4_000_000_000
        ) {
            let plan = Plan::of(&(TimestampMicros(start)..TimestampMicros(start + length)));
            let mut reached = start;
            for part in parts(&plan) {
                prop_assert_eq!(part.start, reached);
                prop_assert!(part.start < part.end);
                reached = part.end;
            }
            prop_assert_eq!(reached, start + length);
        }
    }
}
