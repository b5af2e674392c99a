//! Services that call each other, and what they do in a minute when nothing is wrong with them.

use std::f64::consts::TAU;

use super::super::minute::{Minute, MinuteCalls, MinuteGraph, Requests, ServiceId, real};
use super::chance::Chance;

/// The services, each called only by earlier ones.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) services: Vec<Service>,
    links: Vec<Link>,
    traffic: Traffic,
    /// How far the rate is from its mean now, as a logarithm.
    drift: f64,
}

#[derive(Debug, Clone)]
pub(super) struct Service {
    pub(super) id: ServiceId,
    /// Its share of all that clients send.
    share: f64,
    /// Of its requests, the share that it fails by itself.
    faults: f64,
    /// How even its faults are over the minutes; the less, the more they come in bursts.
    evenness: Option<f64>,
    /// The hour of the day at which it is worse, and by how much.
    worse: Option<(i64, f64)>,
    /// How likely a minute is a bad one.
    bad_minutes: f64,
    /// Of its requests, the share that are the client's mistake.
    errors: f64,
}

#[derive(Debug, Clone)]
struct Link {
    from: usize,
    to: usize,
    /// Calls for each request of the caller.
    calls: f64,
    /// How likely a failed call fails the caller's request.
    spreads: f64,
}

/// What clients send.
#[derive(Debug, Clone)]
struct Traffic {
    /// Requests a minute, on average.
    rate: f64,
    swing: f64,
    peak_hour: f64,
    weekend: f64,
    /// From when to when the rate is multiplied by how much.
    surge: (Minute, Minute, f64),
    /// From when to when this share of requests is the client's mistake.
    mistakes: (Minute, Minute, f64),
}

/// What one minute came to.
#[derive(Debug, Clone, Copy, Default)]
struct Done {
    total: u64,
    fault: u64,
}

impl World {
    /// Clients send about `rate` requests a minute between these minutes.
    pub(super) fn new(chance: &mut Chance, rate: f64, span: (Minute, Minute)) -> Self {
        let count = chance.whole(3, 12);
        let mut services: Vec<Service> = (0..count).map(|n| Service::new(chance, n)).collect();
        services[0].share = 1.0;
        if services.len() >= 6 && chance.happens(0.3) {
            services[0].share = 0.7;
            services[1].share = 0.3;
        }
        let mut links = Vec::new();
        for to in 1..services.len() {
            let from = chance.place(to);
            links.push(Link::new(chance, from, to));
            let other = chance.place(to);
            if other != from && chance.happens(0.3) {
                links.push(Link::new(chance, other, to));
            }
        }
        Self {
            services,
            links,
            traffic: Traffic::new(chance, rate, span),
            drift: 0.0,
        }
    }

    /// How many requests the service gets in the minute, on average.
    pub(super) fn rate_of(&self, service: usize, minute: Minute) -> f64 {
        let mut rates: Vec<f64> = self.services.iter().map(|service| service.share).collect();
        for link in self.links_by_caller() {
            rates[link.to] += rates[link.from] * link.calls;
        }
        rates[service] * self.traffic.rate_at(minute)
    }

    /// The service and all that call it, directly or not.
    pub(super) fn above(&self, service: usize) -> Vec<usize> {
        let mut above = vec![service];
        for place in (0..service).rev() {
            let calls = |link: &&Link| link.from == place && above.contains(&link.to);
            if self.links.iter().any(|link| calls(&link)) {
                above.push(place);
            }
        }
        above
    }

    /// One minute, in which `broken` services fail this share more of their requests.
    pub(super) fn minute(
        &mut self,
        chance: &mut Chance,
        minute: Minute,
        broken: Option<(usize, f64)>,
    ) -> MinuteGraph {
        self.drift = 0.9 * self.drift + 0.04 * chance.normal();
        let rate = self.traffic.rate_at(minute) * self.drift.exp();
        let mut done = vec![Done::default(); self.services.len()];
        let mut clients = done.clone();
        for (place, service) in self.services.iter().enumerate() {
            clients[place].total = chance.arrivals(rate * service.share);
            done[place].total = clients[place].total;
        }
        let mut calls = vec![Done::default(); self.links.len()];
        let mut order: Vec<usize> = (0..self.links.len()).collect();
        order.sort_by_key(|link| self.links[*link].from);
        for &at in &order {
            let link = &self.links[at];
            calls[at].total = repeated(chance, done[link.from].total, link.calls);
            done[link.to].total += calls[at].total;
        }
        for place in (0..self.services.len()).rev() {
            let service = &self.services[place];
            let extra = broken
                .filter(|(at, _)| *at == place)
                .map_or(0.0, |(_, more)| more);
            let share = service.faults_at(chance, minute) + extra;
            let own = chance.of(done[place].total, share);
            let mut fault = own;
            for (at, link) in self.links.iter().enumerate() {
                if link.from == place {
                    let spread = chance.of(calls[at].fault, link.spreads);
                    let well = 1.0 - real(fault) / real(done[place].total.max(1));
                    fault += chance.of(spread, well);
                }
            }
            done[place].fault = fault.min(done[place].total);
            self.share_out(chance, place, done[place], &mut clients, &mut calls);
        }
        self.graph(chance, minute, &done, &clients, &calls)
    }

    /// Which of those who called the service got its faults.
    fn share_out(
        &self,
        chance: &mut Chance,
        place: usize,
        done: Done,
        clients: &mut [Done],
        calls: &mut [Done],
    ) {
        let mut left = done;
        let mut deal = |chance: &mut Chance, to: &mut Done| {
            let share = real(to.total) / real(left.total.max(1));
            let others = left.total - to.total;
            let least = left.fault.saturating_sub(others);
            let most = to.total.min(left.fault);
            to.fault = chance.of(left.fault, share).clamp(least, most);
            left.total = others;
            left.fault -= to.fault;
        };
        for (at, link) in self.links.iter().enumerate() {
            if link.to == place {
                deal(chance, &mut calls[at]);
            }
        }
        deal(chance, &mut clients[place]);
    }

    fn graph(
        &self,
        chance: &mut Chance,
        minute: Minute,
        done: &[Done],
        clients: &[Done],
        calls: &[Done],
    ) -> MinuteGraph {
        let mistakes = self.traffic.mistakes_at(minute);
        let services = self.services.iter().zip(done).map(|(service, done)| {
            let errors = chance.of(done.total - done.fault, service.errors + mistakes);
            let requests = Requests {
                fault: done.fault,
                ok: done.total - done.fault - errors,
                total: done.total,
            };
            (service.id.clone(), requests)
        });
        let services = services.collect();
        let seen = |from: Option<usize>, to: usize, done: &Done| MinuteCalls {
            from,
            to,
            requests: Requests {
                fault: done.fault,
                ok: done.total - done.fault,
                total: done.total,
            },
        };
        let clients = clients.iter().enumerate();
        let clients = clients.map(|(place, done)| seen(None, place, done));
        let links = self.links.iter().zip(calls);
        let links = links.map(|(link, done)| seen(Some(link.from), link.to, done));
        MinuteGraph {
            services,
            calls: clients
                .chain(links)
                .filter(|calls| calls.requests.total > 0)
                .collect(),
        }
    }

    fn links_by_caller(&self) -> Vec<&Link> {
        let mut links: Vec<&Link> = self.links.iter().collect();
        links.sort_by_key(|link| link.from);
        links
    }
}

impl Service {
    fn new(chance: &mut Chance, number: i64) -> Self {
        let faults = match chance.unit() {
            x if x < 0.4 => 0.0,
            x if x < 0.9 => chance.magnitude(0.0001, 0.01),
            _ => chance.magnitude(0.01, 0.04),
        };
        Self {
            id: ServiceId {
                name: format!("service-{number}").into(),
                kind: None,
                account_id: None,
            },
            share: 0.0,
            faults,
            evenness: match chance.unit() {
                x if x < 0.5 => None,
                x if x < 0.8 => Some(20.0),
                _ => Some(4.0),
            },
            worse: chance
                .happens(0.05)
                .then(|| (chance.whole(0, 23), chance.between(3.0, 8.0))),
            bad_minutes: if chance.happens(0.2) {
                1.0 / 720.0
            } else {
                0.0
            },
            errors: chance.between(0.0, 0.05),
        }
    }

    fn faults_at(&self, chance: &mut Chance, minute: Minute) -> f64 {
        let hour = minute.0.div_euclid(60).rem_euclid(24);
        let worse = match self.worse {
            Some((at, factor)) if at == hour => factor,
            _ => 1.0,
        };
        let burst = self.evenness.map_or(1.0, |shape| chance.burst(shape));
        let bad = if chance.happens(self.bad_minutes) {
            chance.between(0.03, 0.2)
        } else {
            0.0
        };
        self.faults * worse * burst + bad
    }
}

impl Link {
    fn new(chance: &mut Chance, from: usize, to: usize) -> Self {
        Self {
            from,
            to,
            calls: chance.between(0.2, 1.5),
            spreads: [0.3, 0.7, 1.0, 1.0][chance.place(4)],
        }
    }
}

impl Traffic {
    fn new(chance: &mut Chance, rate: f64, (from, to): (Minute, Minute)) -> Self {
        let mut within = |longest: i64| {
            let start = Minute(chance.whole(from.0, to.0));
            (start, start.plus(chance.whole(10, longest)))
        };
        let (surge, mistakes) = (within(40), within(60));
        Self {
            rate,
            swing: chance.between(0.1, 0.8),
            peak_hour: chance.between(0.0, 24.0),
            weekend: chance.between(0.3, 1.2),
            surge: (surge.0, surge.1, [0.1, 1.0, 3.0, 6.0][chance.place(4)]),
            mistakes: (
                mistakes.0,
                mistakes.1,
                [0.0, 0.0, 0.4, 0.8][chance.place(4)],
            ),
        }
    }

    fn rate_at(&self, minute: Minute) -> f64 {
        let of_day = real(u64::try_from(minute.0.rem_euclid(1440)).unwrap_or_default()) / 1440.0;
        let swing = (TAU * (of_day - self.peak_hour / 24.0)).cos() * self.swing;
        // The epoch began on a Thursday.
        let weekend = matches!(minute.0.div_euclid(1440).rem_euclid(7), 2 | 3);
        let (start, end, factor) = self.surge;
        let mut rate = self.rate * (1.0 + swing);
        if weekend {
            rate *= self.weekend;
        }
        if (start..end).contains(&minute) {
            rate *= factor;
        }
        rate
    }

    fn mistakes_at(&self, minute: Minute) -> f64 {
        let (start, end, share) = self.mistakes;
        if (start..end).contains(&minute) {
            share
        } else {
            0.0
        }
    }
}

/// Calls that so many requests make, each this many on average.
fn repeated(chance: &mut Chance, requests: u64, calls: f64) -> u64 {
    if calls < 1.0 {
        return chance.of(requests, calls);
    }
    requests + chance.of(requests, calls - 1.0)
}
