//! What the detector is shown: who did what in one minute.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// A minute: how many of them ended between the Unix epoch and its start.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Minute(pub i64);

/// Requests by what became of them. Client errors and throttles are in the total alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requests {
    /// Those that the service failed.
    pub fault: u64,
    /// Those that went well.
    pub ok: u64,
    /// All.
    pub total: u64,
}

/// What makes a node of a graph one: name, type, account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServiceId {
    /// The service's name.
    pub name: Box<str>,
    /// Its type, where it has one.
    pub kind: Option<Box<str>>,
    /// Its account, when it is not our own.
    pub account_id: Option<Box<str>>,
}

/// The graph of one minute: what each service served, and who called whom.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MinuteGraph {
    /// The services and their own view of what they served. Clients are not among them.
    pub services: Vec<(ServiceId, Requests)>,
    /// The calls, as their callers saw them.
    pub calls: Vec<MinuteCalls>,
}

/// The calls from one service to another in one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinuteCalls {
    /// The caller's place in [`MinuteGraph::services`]; `None` when it is a client of the group.
    pub from: Option<usize>,
    /// The callee's place.
    pub to: usize,
    /// What became of them.
    pub requests: Requests,
}

impl Minute {
    /// The minute that holds this second of the Unix epoch.
    #[must_use]
    pub const fn of_second(second: i64) -> Self {
        Self(second.div_euclid(60))
    }

    /// Its first second.
    #[must_use]
    pub const fn start_second(self) -> i64 {
        self.0.saturating_mul(60)
    }

    /// The second at which it is over.
    #[must_use]
    pub const fn end_second(self) -> i64 {
        self.start_second().saturating_add(60)
    }

    /// So many minutes later; earlier when negative.
    #[must_use]
    pub const fn plus(self, minutes: i64) -> Self {
        Self(self.0.saturating_add(minutes))
    }

    /// How many minutes after `other` it is.
    #[must_use]
    pub const fn since(self, other: Self) -> i64 {
        self.0.saturating_sub(other.0)
    }

    /// The hour of the Unix epoch that it is in.
    pub(super) const fn hour(self) -> i64 {
        self.0.div_euclid(60)
    }
}

impl AddAssign for Requests {
    fn add_assign(&mut self, other: Self) {
        self.fault += other.fault;
        self.ok += other.ok;
        self.total += other.total;
    }
}

/// A count as a number to calculate with.
pub(super) fn real(count: u64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of requests lie far below 2 to the 53rd"
    )]
    let real = count as f64;
    real
}

/// A number that is whole already, as a count.
pub(super) fn whole(number: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, which is what is meant"
    )]
    let whole = number.max(0.0) as u64;
    whole
}
