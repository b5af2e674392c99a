//! Ten-second windows of the wall clock, in which statistics are kept and targets renewed.

use fluoro_model::TimestampMicros;

/// Seconds in a window. Source: recorded; the SDKs' polling interval.
pub(crate) const WINDOW_SECONDS: i64 = 10;

/// A window: its number since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Window(i64);

/// What happened to the requests that a rule matched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that matched.
    pub requests: u64,
    /// Those recorded.
    pub sampled: u64,
    /// Those recorded by a client beyond any quota, one per second.
    pub borrowed: u64,
}

/// The counts of one rule: in the current window, in the last closed one, and since it was made.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    /// Since the rule was made, or the server started.
    total: Counts,
    current: Option<(Window, Counts)>,
    before: Option<(Window, Counts)>,
}

impl Window {
    pub(crate) fn of(now: TimestampMicros) -> Self {
        Self(now.floor_second().div_euclid(WINDOW_SECONDS))
    }

    pub(crate) fn before(self) -> Self {
        Self(self.0 - 1)
    }

    /// Seconds since the epoch.
    pub(crate) fn start(self) -> i64 {
        self.0 * WINDOW_SECONDS
    }
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.sampled = self.sampled.saturating_add(other.sampled);
        self.borrowed = self.borrowed.saturating_add(other.borrowed);
    }
}

impl Usage {
    /// Counts into the window of `now`.
    pub(crate) fn add(&mut self, now: TimestampMicros, counts: Counts) {
        self.total.add(counts);
        let window = Window::of(now);
        match &mut self.current {
            Some((current, sum)) if *current == window => sum.add(counts),
            _ => {
                self.before = self.current.take();
                self.current = Some((window, counts));
            }
        }
    }

    /// What was counted in the last window that is over.
    pub(crate) fn last_closed(&self, now: TimestampMicros) -> Counts {
        self.in_window(Window::of(now).before())
    }

    /// What is counted so far in the window of `now`.
    pub(crate) fn so_far(&self, now: TimestampMicros) -> Counts {
        self.in_window(Window::of(now))
    }

    /// Everything since the rule was made, or the server started.
    #[must_use]
    pub fn total(&self) -> Counts {
        self.total
    }

    fn in_window(&self, wanted: Window) -> Counts {
        let known = [self.current, self.before].into_iter().flatten();
        let found = known.filter(|(window, _)| *window == wanted);
        found.map(|(_, counts)| counts).next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Counts = Counts {
        requests: 1,
        sampled: 1,
        borrowed: 0,
    };

    fn at(second: i64) -> TimestampMicros {
        TimestampMicros(second * 1_000_000)
    }

    #[test]
    fn windows_are_aligned_to_the_clock() {
        assert_eq!(Window::of(at(119)).start(), 110);
        assert_eq!(Window::of(at(120)).start(), 120);
        assert_eq!(Window::of(at(-1)).start(), -10);
    }

    #[test]
    fn a_window_counts_once_it_is_over_and_only_until_the_next() {
        let mut usage = Usage::default();
        usage.add(at(100), ONE);
        usage.add(at(109), ONE);
        assert_eq!(usage.last_closed(at(109)), Counts::default());
        assert_eq!(usage.last_closed(at(110)).requests, 2);
        usage.add(at(111), ONE);
        assert_eq!(usage.last_closed(at(119)).requests, 2);
        assert_eq!(usage.last_closed(at(120)).requests, 1);
        assert_eq!(usage.last_closed(at(130)), Counts::default());
        assert_eq!(usage.total().requests, 3);
    }
}
