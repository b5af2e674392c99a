//! Which environments of a function are alive, and what each is doing: told to whoever asks, decided by nobody here.

use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use fluoro_model::TimestampMicros;
use parking_lot::Mutex;

/// What an environment is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvironmentState {
    /// Its process is there, its runtime has not asked for an event yet.
    Starting,
    /// It waits for an event.
    Ready,
    /// It has an event, or has answered and not asked for the next one yet.
    Busy,
}

/// One execution environment that is alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliveEnvironment {
    /// Its log stream, which no other environment has.
    pub stream: Arc<str>,
    /// The function's version that it runs: `$LATEST`.
    pub version: String,
    /// What it is doing.
    pub state: EnvironmentState,
    /// Since when.
    pub since: TimestampMicros,
    /// When its process was started.
    pub started: TimestampMicros,
    /// Events that it was given so far.
    pub invocations: u64,
    /// Its process.
    pub pid: i32,
    /// The address of its own X-Ray daemon.
    pub daemon: SocketAddr,
}

/// The environments of one function. An environment is alive as long as its [`Badge`] is held.
#[derive(Debug, Default)]
pub(crate) struct Alive {
    badges: Mutex<Vec<Weak<Badge>>>,
}

/// What one environment says of itself.
#[derive(Debug)]
pub(crate) struct Badge {
    told: Mutex<AliveEnvironment>,
}

// === impl Alive ===

impl Alive {
    /// Counts an environment among the living.
    pub(crate) fn add(&self, environment: AliveEnvironment) -> Arc<Badge> {
        let badge = Arc::new(Badge {
            told: Mutex::new(environment),
        });
        let mut badges = self.badges.lock();
        badges.retain(|badge| badge.strong_count() > 0);
        badges.push(Arc::downgrade(&badge));
        badge
    }

    /// Those that are alive, the oldest first.
    pub(crate) fn all(&self) -> Vec<AliveEnvironment> {
        let badges = self.badges.lock();
        let held = badges.iter().filter_map(Weak::upgrade);
        held.map(|badge| badge.told.lock().clone()).collect()
    }
}

// === impl Badge ===

impl Badge {
    /// It waits for an event, from now on.
    pub(crate) fn is_ready(&self, now: i64) {
        self.is(EnvironmentState::Ready, now);
    }

    /// It was given an event.
    pub(crate) fn is_busy(&self, now: i64) {
        self.told.lock().invocations += 1;
        self.is(EnvironmentState::Busy, now);
    }

    fn is(&self, state: EnvironmentState, now: i64) {
        let mut told = self.told.lock();
        told.state = state;
        told.since = TimestampMicros(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(stream: &str) -> AliveEnvironment {
        AliveEnvironment {
            stream: stream.into(),
            version: "$LATEST".to_owned(),
            state: EnvironmentState::Starting,
            since: TimestampMicros(1),
            started: TimestampMicros(1),
            invocations: 0,
            pid: 17,
            daemon: ([127, 0, 0, 1], 2000).into(),
        }
    }

    #[test]
    fn an_environment_is_there_as_long_as_its_badge() {
        let alive = Alive::default();
        let (one, two) = (alive.add(environment("one")), alive.add(environment("two")));
        drop(one);
        let told = alive.all();
        assert_eq!(told.len(), 1);
        assert_eq!(&*told[0].stream, "two");
        drop(two);
        assert!(alive.all().is_empty());
    }

    #[test]
    fn events_are_counted_and_the_state_has_its_time() {
        let alive = Alive::default();
        let badge = alive.add(environment("one"));
        badge.is_busy(5);
        badge.is_ready(9);
        badge.is_busy(12);
        let told = &alive.all()[0];
        assert_eq!(told.state, EnvironmentState::Busy);
        assert_eq!(
            (told.since, told.started),
            (TimestampMicros(12), TimestampMicros(1))
        );
        assert_eq!(told.invocations, 2);
    }
}
