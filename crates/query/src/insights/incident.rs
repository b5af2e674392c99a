//! What is open: the services of one incident, its root cause, its impact, and how far it has healed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::evidence::{departed, log_ratio};
use super::minute::{Minute, Requests, ServiceId, real};
use super::topology::Place;
use super::tuning::Tuning;
use super::watch::{Judgement, Watch};

/// For how many minutes in a row another root cause must look better before it is named.
const CONVINCED: u8 = 2;

/// By how many faults the impact must have grown, at least, to be told as doubled.
const WORTH_TELLING: u64 = 10;

/// A service that recovers to a third of the incident's share of faults has not healed.
const STILL_ILL: f64 = 3.0;

/// What is to be said of an incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Tells the incidents of a detector apart; counts from 1.
    pub number: u64,
    /// The first minute that was out of the ordinary.
    pub start: Minute,
    /// The minute that opened it.
    pub opened: Minute,
    /// How it ended, once it is closed.
    pub end: Option<Ending>,
    /// The anomalous service farthest downstream.
    pub root_cause: ServiceId,
    /// The services whose faults are out of the ordinary, the most faults beyond the usual first.
    pub anomalous: Vec<ServiceId>,
    /// Those, and all that call the root cause, directly or not.
    pub related: Vec<ServiceId>,
    /// The requests of the group's clients, from the start on.
    pub client_impact: Requests,
    /// The requests that the root cause served, from the start on.
    pub root_cause_impact: Requests,
}

/// How an incident ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// The last minute that was out of the ordinary.
    pub minute: Minute,
    /// Whether its services are well again, or nobody calls them any more; else it has gone on for so long that it is what
    /// is usual now, or nobody watches any more.
    pub healed: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Incident {
    pub(super) number: u64,
    pub(super) start: Minute,
    pub(super) opened: Minute,
    pub(super) root: Place,
    pub(super) members: BTreeMap<Place, Member>,
    pub(super) client: Requests,
    pub(super) last_bad: Minute,
    challenger: Option<(Place, u8)>,
    told_faults: u64,
}

/// A service of an incident.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Member {
    pub(super) requests: Requests,
    /// How many of its faults were usual.
    expected: f64,
    /// The evidence that it is well again.
    healing: f64,
    last_seen: Minute,
}

impl Incident {
    /// An incident that the evidence against `services` opens; there is at least one.
    pub(super) fn open(
        number: u64,
        minute: Minute,
        services: &[Place],
        watches: &[Watch],
        client_since: impl FnOnce(Minute) -> Requests,
    ) -> Self {
        let since = services
            .iter()
            .map(|&at| watch(watches, at).evidence().since);
        let start = since.min().unwrap_or(minute);
        let client = client_since(start);
        let mut incident = Self {
            number,
            start,
            opened: minute,
            root: services.first().copied().unwrap_or_default(),
            members: BTreeMap::new(),
            client,
            last_bad: minute,
            challenger: None,
            told_faults: client.fault,
        };
        for &place in services {
            incident.join(place, watches);
        }
        incident
    }

    /// A service becomes part of it, with what it did since the evidence against it began.
    pub(super) fn join(&mut self, place: Place, watches: &[Watch]) {
        let watch = watch(watches, place);
        let evidence = watch.evidence();
        self.members.entry(place).or_insert(Member {
            requests: evidence.requests,
            expected: evidence.expected,
            healing: 0.0,
            last_seen: watch.last_seen,
        });
    }

    /// Takes in a minute after the one that opened it.
    pub(super) fn observe(
        &mut self,
        minute: Minute,
        client: Requests,
        seen: &BTreeMap<Place, Judgement>,
        tuning: &Tuning,
    ) {
        self.client += client;
        for (place, member) in &mut self.members {
            let Some(judged) = seen.get(place).filter(|judged| judged.requests.total > 0) else {
                continue;
            };
            let ill = member.observe(minute, judged, tuning);
            if ill {
                self.last_bad = minute;
            }
        }
    }

    /// The root cause that the evidence points to, when it is another one and has been for long enough.
    pub(super) fn reconsider(&mut self, candidate: Place) -> bool {
        if candidate == self.root {
            self.challenger = None;
            return false;
        }
        let times = match self.challenger {
            Some((challenger, times)) if challenger == candidate => times.saturating_add(1),
            _ => 1,
        };
        if times < CONVINCED {
            self.challenger = Some((candidate, times));
            return false;
        }
        self.challenger = None;
        self.root = candidate;
        true
    }

    /// Whether twice as many requests of clients have failed as when something was last told.
    pub(super) fn has_doubled(&self) -> bool {
        let told = self.told_faults;
        self.client.fault >= told.saturating_mul(2).max(told + WORTH_TELLING)
    }

    /// Something is told now.
    pub(super) fn tell(&mut self) {
        self.told_faults = self.client.fault;
    }

    /// How it ends with this minute, if it does.
    pub(super) fn over(&self, minute: Minute, tuning: &Tuning) -> Option<Ending> {
        let healed = self.members.values().all(|member| {
            let silent = minute.since(member.last_seen) >= tuning.silent_after;
            silent || member.healing >= tuning.healed_at
        });
        let healed = healed && minute.since(self.last_bad) >= tuning.closes_after;
        let over = healed || minute.since(self.opened) >= tuning.settles_after;
        over.then_some(Ending {
            minute: self.last_bad,
            healed,
        })
    }

    /// The members, the most faults beyond the usual first.
    pub(super) fn by_excess(&self) -> Vec<Place> {
        let mut members: Vec<(&Place, f64)> = self
            .members
            .iter()
            .map(|(place, member)| (place, member.excess()))
            .collect();
        members.sort_by(|one, other| other.1.total_cmp(&one.1));
        members.into_iter().map(|(place, _)| *place).collect()
    }

    /// The places that an impact graph shows.
    pub(super) fn related(&self, callers: BTreeSet<Place>) -> BTreeSet<Place> {
        let members = self.members.keys().copied();
        members.chain(callers).collect()
    }

    pub(super) fn root_impact(&self) -> Requests {
        let root = self.members.get(&self.root);
        root.map(|root| root.requests).unwrap_or_default()
    }
}

impl Member {
    /// Takes in a minute with traffic; whether the service is still ill.
    fn observe(&mut self, minute: Minute, judged: &Judgement, tuning: &Tuning) -> bool {
        let Judgement {
            usual, requests, ..
        } = *judged;
        self.requests += requests;
        self.expected += real(requests.total) * usual.ratio;
        self.last_seen = minute;
        let share = real(self.requests.fault) / real(self.requests.total.max(1));
        let ill = departed(usual.cautious, tuning.slow).max(share / STILL_ILL);
        let against = log_ratio(requests, usual.cautious, ill.min(0.99));
        let against = against / usual.spread(real(requests.total));
        self.healing = (self.healing - against).clamp(0.0, 3.0 * tuning.healed_at);
        judged.above || (self.healing <= 0.0 && requests.fault > 0)
    }

    fn excess(&self) -> f64 {
        real(self.requests.fault) - self.expected
    }
}

fn watch(watches: &[Watch], place: Place) -> &Watch {
    &watches[place as usize]
}
