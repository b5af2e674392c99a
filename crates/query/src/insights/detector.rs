//! The detector of one group.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::baseline::Band;
use super::incident::{Incident, Report};
use super::minute::{Minute, MinuteGraph, Requests, ServiceId};
use super::topology::{Place, Topology};
use super::tuning::Tuning;
use super::watch::{Judgement, Watch};

#[cfg(test)]
mod tests;

/// For how many minutes the requests of clients are kept, to count those of an incident's onset.
const ONSET: usize = 240;

/// How often old calls are looked for, in minutes.
const TIDY: i64 = 60;

/// How many times the faults another root cause must have that does not lie below the first.
const FAR_MORE: f64 = 2.0;

/// A service not seen for so many minutes makes room for a new one when there is none.
const IDLE: i64 = 60;

/// Watches the services of one group, minute by minute. Written down and read again, it goes on as if nothing had been.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Detector {
    #[serde(skip)]
    tuning: Tuning,
    services: Vec<ServiceId>,
    watches: Vec<Watch>,
    topology: Topology,
    /// What the group's clients got, by minute.
    clients: VecDeque<(Minute, Requests)>,
    open: Vec<Incident>,
    opened: u64,
    last: Option<Minute>,
    /// The places of `services`, made anew after reading.
    #[serde(skip)]
    places: HashMap<ServiceId, Place>,
}

/// Something that is worth telling about an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What it is.
    pub kind: ChangeKind,
    /// The incident, as it is now.
    pub report: Report,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChangeKind {
    /// It opened.
    Opened,
    /// It has another root cause.
    RootCause,
    /// Twice as many requests of clients have failed as when something was last told.
    Impact,
    /// It is over.
    Closed,
}

impl Default for Detector {
    fn default() -> Self {
        Self::new(Tuning::default())
    }
}

impl Detector {
    /// A detector that knows nothing yet.
    #[must_use]
    pub fn new(tuning: Tuning) -> Self {
        Self {
            tuning,
            services: Vec::new(),
            watches: Vec::new(),
            topology: Topology::default(),
            clients: VecDeque::new(),
            open: Vec::new(),
            opened: 0,
            last: None,
            places: HashMap::new(),
        }
    }

    /// The last minute that it was shown.
    #[must_use]
    pub fn last(&self) -> Option<Minute> {
        self.last
    }

    /// The incidents that are open, as they are now.
    #[must_use]
    pub fn reports(&self) -> Vec<Report> {
        self.open.iter().map(|open| self.report(open)).collect()
    }

    /// The faults that are usual among so many requests, in so many minutes from this one on, of the first service that `is`
    /// the one; `None` while it is not known well enough.
    #[must_use]
    pub fn band(
        &self,
        is: impl Fn(&ServiceId) -> bool,
        minute: Minute,
        minutes: u32,
        total: u64,
    ) -> Option<Band> {
        let place = self.services.iter().position(is)?;
        let baseline = &self.watches[place].baseline;
        let usual = baseline.expect(minute, &self.tuning);
        baseline
            .is_ready(&self.tuning)
            .then(|| usual.band_of(total, minutes, &self.tuning))
    }

    /// Takes in the next minute, and says what changed. A minute that is not later than the last changes nothing;
    /// minutes may be left out when nothing happened in them.
    pub fn observe(&mut self, minute: Minute, graph: &MinuteGraph) -> Vec<Change> {
        if self.last.is_some_and(|last| minute <= last) {
            return Vec::new();
        }
        self.last = Some(minute);
        let (seen, client) = self.take_in(minute, graph);
        let mut changes = Vec::new();
        for incident in &mut self.open {
            incident.observe(minute, client, &seen, &self.tuning);
        }
        let opened = self.gather(minute);
        for number in opened {
            changes.extend(self.change(ChangeKind::Opened, number));
        }
        self.reconsider(minute, &mut changes);
        self.close(minute, &mut changes);
        if minute.0 % TIDY == 0 {
            self.topology.forget_old(minute);
        }
        changes
    }

    /// Every service judged, and what the group's clients got.
    fn take_in(
        &mut self,
        minute: Minute,
        graph: &MinuteGraph,
    ) -> (BTreeMap<Place, Judgement>, Requests) {
        let mut seen = BTreeMap::new();
        let mut places = Vec::with_capacity(graph.services.len());
        for (service, requests) in &graph.services {
            let place = self.place(service, minute);
            places.push(place);
            if let Some(place) = place {
                let watch = &mut self.watches[place as usize];
                seen.insert(place, watch.observe(minute, *requests, &self.tuning));
            }
        }
        let mut client = Requests::default();
        let at = |place: usize| places.get(place).copied().flatten();
        for calls in &graph.calls {
            match calls.from {
                None => client += calls.requests,
                Some(from) => {
                    if let (Some(from), Some(to)) = (at(from), at(calls.to)) {
                        self.topology.saw(from, to, minute);
                    }
                }
            }
        }
        if self.clients.len() == ONSET {
            self.clients.pop_front();
        }
        self.clients.push_back((minute, client));
        (seen, client)
    }

    /// Puts each new anomaly to the incident that it is connected with, or opens one for those that are connected with each
    /// other. Services that are only suspected connect, too. The numbers of those that opened.
    fn gather(&mut self, minute: Minute) -> Vec<u64> {
        let anomalous: Vec<Place> = self
            .found(Watch::is_anomalous)
            .filter(|place| self.incident_of(*place).is_none())
            .collect();
        if anomalous.is_empty() {
            return Vec::new();
        }
        let mut left: BTreeSet<Place> = self.found(Watch::is_suspect).collect();
        left.extend(&anomalous);
        left.extend(self.open.iter().flat_map(|open| open.members.keys()));
        let mut opened = Vec::new();
        for place in anomalous {
            if !left.contains(&place) {
                continue;
            }
            let group = self.connected(place, &mut left);
            let incident = group.iter().filter_map(|place| self.incident_of(*place));
            let incident = incident.min();
            let new: Vec<Place> = group
                .into_iter()
                .filter(|place| self.incident_of(*place).is_none())
                .filter(|place| self.watches[*place as usize].is_anomalous(&self.tuning))
                .collect();
            match incident {
                Some(incident) => {
                    for &place in &new {
                        self.open[incident].join(place, &self.watches);
                    }
                }
                None => opened.push(self.open(minute, &new)),
            }
            for place in new {
                self.watches[place as usize].freeze();
            }
        }
        opened
    }

    /// Opens an incident; its root cause is looked for at once.
    fn open(&mut self, minute: Minute, services: &[Place]) -> u64 {
        self.opened += 1;
        let clients = &self.clients;
        let client_since = |start: Minute| {
            let mut sum = Requests::default();
            for (_, requests) in clients.iter().filter(|(at, _)| *at >= start) {
                sum += *requests;
            }
            sum
        };
        let mut incident =
            Incident::open(self.opened, minute, services, &self.watches, client_since);
        incident.root = self.root_of(&incident);
        self.admit(&mut incident);
        self.open.push(incident);
        self.opened
    }

    /// The root cause is part of its incident, though it may only be suspected yet.
    fn admit(&mut self, incident: &mut Incident) {
        let root = incident.root;
        if !incident.members.contains_key(&root) {
            incident.join(root, &self.watches);
            self.watches[root as usize].freeze();
        }
    }

    /// Those of `left` that reach `place` or are reached from it, directly or over others of them; takes them out.
    fn connected(&self, place: Place, left: &mut BTreeSet<Place>) -> Vec<Place> {
        left.remove(&place);
        let mut group = vec![place];
        let mut next = 0;
        while let Some(&place) = group.get(next) {
            next += 1;
            let mut reached = self.topology.below(place);
            reached.append(&mut self.topology.above(place));
            let found: Vec<Place> = left.intersection(&reached).copied().collect();
            for place in found {
                left.remove(&place);
                group.push(place);
            }
        }
        group
    }

    /// The suspected or anomalous service that has none below it; the one with most faults beyond the usual, if several.
    fn root_of(&self, incident: &Incident) -> Place {
        let mut hot: BTreeSet<Place> = BTreeSet::new();
        for &place in incident.members.keys() {
            hot.insert(place);
            hot.extend(self.topology.below(place));
        }
        hot.retain(|place| {
            let elsewhere = |open: &Incident| {
                open.number != incident.number && open.members.contains_key(place)
            };
            self.watches[*place as usize].is_suspect(&self.tuning)
                && !self.open.iter().any(elsewhere)
        });
        let lowest = hot.iter().copied().filter(|place| {
            let mut below = self.topology.below(*place);
            below.retain(|other| hot.contains(other));
            // Those that call each other stand on one level.
            !below
                .iter()
                .any(|other| !self.topology.below(*other).contains(place))
        });
        let excess = |place: &Place| self.watches[*place as usize].evidence().excess();
        let lowest = lowest.max_by(|one, other| excess(one).total_cmp(&excess(other)));
        lowest.unwrap_or(incident.root)
    }

    /// The root cause to name now. It moves down as evidence comes in, or to where far more goes wrong, and stays where it is
    /// while the incident heals.
    fn better_root(&self, minute: Minute, incident: &Incident) -> Place {
        let candidate = self.root_of(incident);
        if minute > incident.last_bad {
            return incident.root;
        }
        let excess = |place: Place| self.watches[place as usize].evidence().excess();
        let below = self.topology.below(incident.root).contains(&candidate);
        let above = self.topology.above(incident.root).contains(&candidate);
        let more = !above && excess(candidate) > FAR_MORE * excess(incident.root);
        if below || more {
            candidate
        } else {
            incident.root
        }
    }

    fn reconsider(&mut self, minute: Minute, changes: &mut Vec<Change>) {
        for at in 0..self.open.len() {
            let candidate = self.better_root(minute, &self.open[at]);
            let incident = &mut self.open[at];
            let number = incident.number;
            let kind = if incident.reconsider(candidate) {
                let mut incident = incident.clone();
                self.admit(&mut incident);
                self.open[at] = incident;
                ChangeKind::RootCause
            } else if incident.has_doubled() {
                ChangeKind::Impact
            } else {
                continue;
            };
            self.open[at].tell();
            changes.extend(self.change(kind, number));
        }
    }

    fn close(&mut self, minute: Minute, changes: &mut Vec<Change>) {
        let mut at = 0;
        while let Some(incident) = self.open.get(at) {
            let Some(over) = incident.over(minute, &self.tuning) else {
                at += 1;
                continue;
            };
            let mut report = self.report(incident);
            report.end = Some(over);
            let incident = self.open.remove(at);
            for place in incident.members.into_keys() {
                let watch = &mut self.watches[place as usize];
                match over.healed {
                    true => watch.thaw(),
                    false => watch.forget(),
                }
            }
            changes.push(Change {
                kind: ChangeKind::Closed,
                report,
            });
        }
    }

    fn change(&self, kind: ChangeKind, number: u64) -> Option<Change> {
        let incident = self.open.iter().find(|open| open.number == number)?;
        Some(Change {
            kind,
            report: self.report(incident),
        })
    }

    fn report(&self, incident: &Incident) -> Report {
        let name = |place: Place| self.services[place as usize].clone();
        let related = incident.related(self.topology.above(incident.root));
        Report {
            number: incident.number,
            start: incident.start,
            opened: incident.opened,
            end: None,
            root_cause: name(incident.root),
            anomalous: incident.by_excess().into_iter().map(name).collect(),
            related: related.into_iter().map(name).collect(),
            client_impact: incident.client,
            root_cause_impact: incident.root_impact(),
        }
    }

    fn found(&self, is: impl Fn(&Watch, &Tuning) -> bool) -> impl Iterator<Item = Place> {
        let places = (0..).zip(&self.watches);
        places.filter_map(move |(place, watch)| is(watch, &self.tuning).then_some(place))
    }

    /// Which of the open incidents it is part of.
    fn incident_of(&self, place: Place) -> Option<usize> {
        let mut open = self.open.iter();
        open.position(|incident| incident.members.contains_key(&place))
    }

    /// The service's place; a new service takes a free one, or that of one that has not been seen for long.
    fn place(&mut self, service: &ServiceId, minute: Minute) -> Option<Place> {
        if self.places.len() != self.services.len() {
            self.places = self.services.iter().cloned().zip(0..).collect();
        }
        if let Some(place) = self.places.get(service) {
            return Some(*place);
        }
        let place = if self.services.len() < self.tuning.most_services {
            self.services.push(service.clone());
            self.watches.push(Watch::new(minute));
            Place::try_from(self.services.len() - 1).ok()?
        } else {
            let free = (0..)
                .zip(&self.watches)
                .min_by_key(|(_, watch)| watch.last_seen);
            let (place, _) = free.filter(|(place, watch)| {
                minute.since(watch.last_seen) > IDLE && self.incident_of(*place).is_none()
            })?;
            self.topology.forget(place);
            let old = std::mem::replace(&mut self.services[place as usize], service.clone());
            self.places.remove(&old);
            self.watches[place as usize] = Watch::new(minute);
            place
        };
        self.places.insert(service.clone(), place);
        Some(place)
    }
}
