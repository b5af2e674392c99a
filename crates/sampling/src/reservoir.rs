//! A rule's reservoir: so many requests per second, for all clients together.
//!
//! Clients in other processes hold leases, so many requests per second each, and renew them when they report.
//! In-process callers draw on what is not leased. Clients without a lease borrow one request per second, which the
//! protocol leaves to them. Source: X-Ray developer guide, sampling rules; quotas and times of life as recorded. How the
//! service divides a reservoir is not published; ours is max-min fair.

use std::collections::HashMap;

use fluoro_model::TimestampMicros;

use crate::report::ClientId;
use crate::share::max_min;
use crate::window::{WINDOW_SECONDS, Window};

/// How long a lease lives, in seconds. Source: recorded.
const LEASE_SECONDS: i64 = 300;

/// Clients that can hold a lease on one rule at once; whoever comes later gets a quota of nothing.
const CLIENTS: usize = 4096;

/// What a client may take per second, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Requests per second.
    pub size: u32,
    /// The end, in seconds since the epoch.
    pub expires_at: i64,
}

/// The reservoir of one rule.
///
/// In every second, what is leased and what in-process callers took are together at most the size: also in the second
/// in which a lease changes hands.
#[derive(Debug, Clone)]
pub(crate) struct Reservoir {
    size: u32,
    leases: HashMap<ClientId, Lease>,
    first_report: Option<Window>,
    taken: (i64, u32),
}

#[derive(Debug, Clone, Copy)]
struct Lease {
    quota: Quota,
    demand: u32,
    /// In this second the client may still act on what it held before.
    renewed_at: i64,
    held_before: u32,
}

impl Reservoir {
    /// A full one.
    #[must_use]
    pub(crate) fn new(size: u32) -> Self {
        Self {
            size,
            leases: HashMap::new(),
            first_report: None,
            taken: (i64::MIN, 0),
        }
    }

    /// Changes its size. Leases stay until their holders report, so a smaller reservoir takes effect over ten seconds.
    pub(crate) fn resize(&mut self, size: u32) {
        self.size = size;
    }

    /// Takes one request for an in-process caller, if this second has room.
    pub(crate) fn take(&mut self, now: TimestampMicros) -> bool {
        let second = now.floor_second();
        let taken = self.taken_in(second);
        let room = taken.saturating_add(self.leased(second)) < self.size;
        if room {
            self.taken = (second, taken + 1);
        }
        room
    }

    /// Renews a client's lease after a report.
    ///
    /// `requests` is what it reported for about ten seconds, `local_demand` the requests per second of in-process
    /// callers, if there are any. `None` in the window of the rule's very first report, whoever made it.
    pub(crate) fn renew(
        &mut self,
        now: TimestampMicros,
        client: &ClientId,
        requests: u64,
        local_demand: Option<u32>,
    ) -> Option<Quota> {
        let second = now.floor_second();
        self.leases
            .retain(|_, lease| lease.quota.expires_at >= second);
        let expires_at = second.saturating_add(LEASE_SECONDS);
        let nothing = Quota {
            size: 0,
            expires_at,
        };
        let old = self.leases.remove(client);
        if old.is_none() && self.leases.len() >= CLIENTS {
            return Some(nothing);
        }
        let demand = per_second(requests);
        let too_early = *self.first_report.get_or_insert(Window::of(now)) >= Window::of(now);
        let quota = if too_early {
            nothing
        } else {
            let fair = self.fair_share(client, demand, local_demand);
            let others = self.leased(second).saturating_add(self.taken_in(second));
            Quota {
                size: fair.min(self.size.saturating_sub(others)),
                expires_at,
            }
        };
        // Also without a quota its demand is known now, and the first of others to get one leaves room for it.
        let lease = Lease {
            quota,
            demand,
            renewed_at: second,
            held_before: old.map_or(0, |lease| lease.held_in(second)),
        };
        self.leases.insert(client.clone(), lease);
        (!too_early).then_some(quota)
    }

    /// What the lease of `client` would be, were all of them divided anew now.
    fn fair_share(&self, client: &ClientId, demand: u32, local_demand: Option<u32>) -> u32 {
        let mut parties: Vec<(Option<&ClientId>, u32)> = self
            .leases
            .iter()
            .map(|(id, lease)| (Some(id), lease.demand))
            .chain([(Some(client), demand)])
            .chain(local_demand.map(|demand| (None, demand)))
            .collect();
        parties.sort_unstable();
        let demands: Vec<u32> = parties.iter().map(|(_, demand)| *demand).collect();
        let shares = max_min(self.size, &demands);
        let own = parties.iter().position(|(id, _)| *id == Some(client));
        shares[own.expect("the client is one of the parties")]
    }

    fn leased(&self, second: i64) -> u32 {
        let held = self.leases.values().map(|lease| lease.held_in(second));
        held.fold(0, u32::saturating_add)
    }

    fn taken_in(&self, second: i64) -> u32 {
        if self.taken.0 == second {
            self.taken.1
        } else {
            0
        }
    }
}

impl Lease {
    fn held_in(&self, second: i64) -> u32 {
        // Some SDKs act on it in its last second, too.
        if second > self.quota.expires_at {
            0
        } else if second == self.renewed_at {
            self.quota.size.max(self.held_before)
        } else {
            self.quota.size
        }
    }
}

/// Requests per second, rounded up, of so many in a window.
pub(crate) fn per_second(requests: u64) -> u32 {
    let per_second = requests.div_ceil(WINDOW_SECONDS.unsigned_abs());
    u32::try_from(per_second).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
