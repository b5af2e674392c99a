//! One kind of requests, counted.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fluoro_model::TimestampMicros;
use parking_lot::Mutex;

use crate::latency::Latency;
use crate::statistics::HISTORY_MINUTES;

/// How a request went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Ok,
    /// The client's error: 4xx.
    Error,
    /// Refused because there were too many, an error too: 429.
    Throttle,
    /// Our fault, or the function's: 5xx.
    Fault,
}

/// Requests of some time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// All of them.
    pub requests: u64,
    /// Those with a client's error, throttled ones among them.
    pub errors: u64,
    /// Those that were throttled.
    pub throttles: u64,
    /// Those that failed.
    pub faults: u64,
    /// How long all of them took.
    pub latency: Latency,
}

/// Counts one kind of requests.
#[derive(Debug)]
pub struct Series {
    minutes: Mutex<Minutes>,
    /// Minutes that may still be kept, of all series together.
    room: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct Minutes {
    /// Since the series began.
    total: Counted,
    current: Minute,
    /// Those with requests, oldest first.
    past: VecDeque<Minute>,
}

#[derive(Debug, Default)]
struct Minute {
    /// Minutes since the epoch.
    at: i64,
    counted: Counted,
}

// === impl Series ===

impl Series {
    pub(crate) fn new(room: Arc<AtomicUsize>) -> Self {
        Self {
            minutes: Mutex::default(),
            room,
        }
    }

    /// Counts a request that is over now.
    pub fn count(&self, now: TimestampMicros, outcome: Outcome, took_micros: i64) {
        let minute = now.floor_minute();
        let took = u64::try_from(took_micros).unwrap_or(0);
        let mut minutes = self.minutes.lock();
        // A clock that steps back counts into the minute that was reached.
        if minute > minutes.current.at {
            self.turn_over(&mut minutes, minute);
        }
        minutes.current.counted.add(outcome, took);
        minutes.total.add(outcome, took);
    }

    /// Everything since the series began.
    #[must_use]
    pub fn total(&self) -> Counted {
        self.minutes.lock().total.clone()
    }

    /// The minutes of this range that have requests, oldest first, in minutes since the epoch.
    pub(crate) fn within(&self, range: &RangeInclusive<i64>) -> Vec<(i64, Counted)> {
        let minutes = self.minutes.lock();
        let all = minutes.past.iter().chain([&minutes.current]);
        let wanted = all.filter(|minute| range.contains(&minute.at) && minute.counted.requests > 0);
        wanted
            .map(|minute| (minute.at, minute.counted.clone()))
            .collect()
    }

    /// Whether it has counted nothing in what is kept of the past.
    pub(crate) fn is_idle(&self, now: TimestampMicros) -> bool {
        let oldest = now.floor_minute() - HISTORY_MINUTES;
        let minutes = self.minutes.lock();
        let mut all = minutes.past.iter().chain([&minutes.current]);
        !all.any(|minute| minute.at >= oldest && minute.counted.requests > 0)
    }

    /// Begins a new minute, and lets go of those that are too old, or for which there is no room.
    fn turn_over(&self, minutes: &mut Minutes, minute: i64) {
        let over = std::mem::replace(
            &mut minutes.current,
            Minute {
                at: minute,
                counted: Counted::default(),
            },
        );
        let oldest = minute - HISTORY_MINUTES;
        while minutes.past.front().is_some_and(|past| past.at < oldest) {
            minutes.past.pop_front();
            self.room.fetch_add(1, Ordering::Relaxed);
        }
        if over.counted.requests == 0 || over.at < oldest {
            return;
        }
        let taken = self
            .room
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| {
                room.checked_sub(1)
            });
        // Without room, the series' own oldest minute goes; one that has none forgets the minute that is over.
        if taken.is_ok() || minutes.past.pop_front().is_some() {
            minutes.past.push_back(over);
        }
    }
}

impl Drop for Series {
    fn drop(&mut self) {
        let kept = self.minutes.get_mut().past.len();
        self.room.fetch_add(kept, Ordering::Relaxed);
    }
}

// === impl Counted ===

impl Counted {
    fn add(&mut self, outcome: Outcome, took_micros: u64) {
        self.requests += 1;
        self.errors += u64::from(matches!(outcome, Outcome::Error | Outcome::Throttle));
        self.throttles += u64::from(outcome == Outcome::Throttle);
        self.faults += u64::from(outcome == Outcome::Fault);
        self.latency.add(took_micros);
    }

    /// Adds all of another's.
    pub fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.throttles += other.throttles;
        self.faults += other.faults;
        self.latency.merge(&other.latency);
    }
}

// === impl Outcome ===

impl Outcome {
    /// What a status says.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        match status {
            429 => Self::Throttle,
            400..500 => Self::Error,
            500.. => Self::Fault,
            _ => Self::Ok,
        }
    }
}
