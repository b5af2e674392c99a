//! What returns at the same hour of the day, or of the week.
//!
//! For each hour it is kept by how much the share of faults differed from the usual, the last seven times; the factor is
//! the median, with a 1 that is always among them. So an hour that is worse each day counts as usual from its third
//! day on, though it was an incident before, and one incident changes no hour.

use serde::{Deserialize, Serialize};

use super::minute::Minute;

/// How many times of an hour are kept.
const TIMES: usize = 7;

const HOURS_OF_DAY: i64 = 24;
const HOURS_OF_WEEK: i64 = 168;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Seasons {
    /// For each hour, the factors of its last times, the newest last.
    day: Vec<Vec<f32>>,
    week: Vec<Vec<f32>>,
    now: Hour,
}

/// The hour that has not ended.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Hour {
    hour: i64,
    faults: f64,
    expected: f64,
}

impl Default for Seasons {
    fn default() -> Self {
        Self {
            day: vec![Vec::new(); 24],
            week: vec![Vec::new(); 168],
            now: Hour::default(),
        }
    }
}

impl Seasons {
    /// How many times the usual share of faults this hour usually has.
    pub(super) fn factor(&self, minute: Minute) -> f64 {
        let hour = minute.hour();
        let of_day = median(&self.day[place(hour, HOURS_OF_DAY)]);
        let of_week = median(&self.week[place(hour, HOURS_OF_WEEK)]);
        of_day * of_week
    }

    /// Takes in a minute in which so many faults would have been usual at another hour. Where few are expected, the
    /// factor is drawn towards 1 by `weight` faults.
    pub(super) fn see(&mut self, minute: Minute, faults: f64, expected: f64, weight: f64) {
        if minute.hour() != self.now.hour {
            self.turn(weight);
            self.now.hour = minute.hour();
        }
        self.now.faults += faults;
        self.now.expected += expected;
    }

    /// The hour has ended.
    fn turn(&mut self, weight: f64) {
        let Hour {
            hour,
            faults,
            expected,
        } = std::mem::take(&mut self.now);
        if expected <= 0.0 {
            return;
        }
        let factor = |expected: f64| (faults + weight) / (expected + weight);
        let of_day = &mut self.day[place(hour, HOURS_OF_DAY)];
        let usual = median(of_day);
        push(of_day, factor(expected));
        let of_week = &mut self.week[place(hour, HOURS_OF_WEEK)];
        push(of_week, factor(expected * usual));
    }
}

fn place(hour: i64, hours: i64) -> usize {
    usize::try_from(hour.rem_euclid(hours)).unwrap_or_default()
}

fn push(times: &mut Vec<f32>, factor: f64) {
    if times.len() == TIMES {
        times.remove(0);
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "seven digits are more than a factor needs"
    )]
    times.push(factor as f32);
}

/// The lower one of the two in the middle, where there are two.
fn median(times: &[f32]) -> f64 {
    let mut all = [1.0; TIMES + 1];
    let all = &mut all[..=times.len().min(TIMES)];
    for (slot, time) in all[1..].iter_mut().zip(times) {
        *slot = *time;
    }
    all.sort_by(f32::total_cmp);
    f64::from(all[(all.len() - 1) / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seasons after so many days, with ten times the faults in hour 3 of those that `worse` holds for.
    fn after(days: i64, worse: impl Fn(i64) -> bool) -> Seasons {
        let mut seasons = Seasons::default();
        for minute in (0..days * 1440).map(Minute) {
            let bad = minute.hour() % 24 == 3 && worse(minute.hour() / 24);
            seasons.see(minute, if bad { 10.0 } else { 1.0 }, 1.0, 10.0);
        }
        seasons
    }

    fn at(seasons: &Seasons, days: i64, hour: i64) -> f64 {
        seasons.factor(Minute((days * 24 + hour) * 60))
    }

    #[test]
    fn what_returns_is_expected_from_the_third_time() {
        assert_eq!(at(&after(1, |_| true), 1, 3), 1.0);
        let seasons = after(2, |_| true);
        assert!(at(&seasons, 2, 3) > 8.0);
        assert_eq!(at(&seasons, 2, 4), 1.0);
    }

    #[test]
    fn what_was_once_is_not() {
        for days in 1..10 {
            assert_eq!(at(&after(days, |day| day == 0), days, 3), 1.0, "{days}");
        }
    }

    #[test]
    fn an_hour_of_the_week_can_be_worse_than_that_of_the_day() {
        let seasons = after(21, |day| day % 7 == 0);
        assert!(at(&seasons, 21, 3) > 8.0);
        assert_eq!(at(&seasons, 22, 3), 1.0);
    }
}
