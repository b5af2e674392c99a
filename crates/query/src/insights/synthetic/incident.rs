//! What goes wrong in a world, when, and how badly.

use super::super::minute::{Minute, MinuteGraph, ServiceId};
use super::chance::Chance;
use super::world::World;

/// How an incident comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// From one minute to the next a service fails 5 to 100 % more of its requests, for 20 to 90 minutes.
    Step,
    /// It becomes as bad within 15 to 45 minutes, and stays so for 20 to 40.
    Ramp,
    /// 30 to 100 %, for 2 to 4 minutes.
    Spike,
    /// It becomes worse over 3 to 8 hours, up to 5 to 30 %, and stays so for half an hour.
    SlowDrift,
    /// A step to 30 to 100 %, for 30 to 120 minutes, where clients send one request in two minutes up to six a minute.
    LowTraffic,
    /// Nothing.
    None,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Step,
        Self::Ramp,
        Self::Spike,
        Self::SlowDrift,
        Self::LowTraffic,
        Self::None,
    ];

    /// For tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Ramp => "ramp",
            Self::Spike => "spike",
            Self::SlowDrift => "slow drift",
            Self::LowTraffic => "low traffic",
            Self::None => "none",
        }
    }
}

/// A world, its history, what goes wrong, and a while after it.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// How it goes wrong.
    pub kind: Kind,
    /// What goes wrong; `None` when nothing does.
    pub truth: Option<Truth>,
    world: World,
    chance: Chance,
    now: Minute,
    end: Minute,
}

/// What a detector should find.
#[derive(Debug, Clone)]
pub struct Truth {
    /// The service that fails.
    pub service: ServiceId,
    /// It, and all that call it.
    pub affected: Vec<ServiceId>,
    /// The first minute.
    pub start: Minute,
    /// The first minute in which all is well again.
    pub end: Minute,
    place: usize,
    rises: i64,
    more: f64,
}

/// An incident with fewer faults than this, on average, is none.
const LEAST_FAULTS: f64 = 15.0;
const LEAST_FAULTS_IN_LOW_TRAFFIC: f64 = 8.0;

/// After it is over, minutes.
const AFTER: i64 = 120;

impl Scenario {
    /// The scenario of this kind and seed.
    #[must_use]
    pub fn new(kind: Kind, seed: u64) -> Self {
        let of_kind = Kind::ALL.iter().position(|known| *known == kind);
        let of_kind = u64::try_from(of_kind.unwrap_or_default()).unwrap_or_default();
        let mut chance = Chance::new(seed * 8 + of_kind);
        // A Monday and up to a week.
        let begin = Minute(29_000_160 + chance.whole(0, 10_079));
        let history = match chance.unit() {
            x if x < 0.2 => 3 * 60,
            x if x < 0.5 => 24 * 60,
            x if x < 0.8 => 3 * 24 * 60,
            _ => 8 * 24 * 60,
        };
        let start = begin.plus(history + chance.whole(0, 120));
        let (rate, least) = if kind == Kind::LowTraffic {
            (chance.magnitude(0.5, 6.0), LEAST_FAULTS_IN_LOW_TRAFFIC)
        } else {
            (chance.magnitude(20.0, 2_000.0), LEAST_FAULTS)
        };
        let world = World::new(&mut chance, rate, (begin, start.plus(AFTER)));
        let truth = Truth::new(&mut chance, kind, &world, start, least);
        let end = truth.as_ref().map_or(start, |truth| truth.end).plus(AFTER);
        Self {
            kind,
            truth,
            world,
            chance,
            now: begin,
            end,
        }
    }
}

impl Iterator for Scenario {
    type Item = (Minute, MinuteGraph);

    fn next(&mut self) -> Option<Self::Item> {
        let now = self.now;
        if now >= self.end {
            return None;
        }
        self.now = now.plus(1);
        let broken = self.truth.as_ref().and_then(|truth| truth.at(now));
        let graph = self.world.minute(&mut self.chance, now, broken);
        Some((now, graph))
    }
}

impl Truth {
    /// Something that causes enough faults to be called an incident.
    fn new(
        chance: &mut Chance,
        kind: Kind,
        world: &World,
        start: Minute,
        least: f64,
    ) -> Option<Self> {
        let mut last = None;
        for _ in 0..200 {
            let (rises, stays, more) = match kind {
                Kind::Step => (0, chance.whole(20, 90), chance.magnitude(0.05, 1.0)),
                Kind::Ramp => (
                    chance.whole(15, 45),
                    chance.whole(20, 40),
                    chance.magnitude(0.05, 1.0),
                ),
                Kind::Spike => (0, chance.whole(2, 4), chance.between(0.3, 1.0)),
                Kind::SlowDrift => (chance.whole(180, 480), 30, chance.magnitude(0.05, 0.3)),
                Kind::LowTraffic => (0, chance.whole(30, 120), chance.between(0.3, 1.0)),
                Kind::None => return None,
            };
            let place = chance.place(world.services.len());
            let id = |place: usize| world.services[place].id.clone();
            let truth = Self {
                service: id(place),
                affected: world.above(place).into_iter().map(id).collect(),
                start,
                end: start.plus(rises + stays),
                place,
                rises,
                more,
            };
            let faults: f64 = (0..rises + stays)
                .map(|minute| start.plus(minute))
                .filter_map(|minute| Some(world.rate_of(place, minute) * truth.at(minute)?.1))
                .sum();
            if faults >= least {
                return Some(truth);
            }
            last = Some(truth);
        }
        last
    }

    /// Which service fails how much more in the minute.
    fn at(&self, minute: Minute) -> Option<(usize, f64)> {
        if !(self.start..self.end).contains(&minute) {
            return None;
        }
        let into = minute.since(self.start) + 1;
        if into >= self.rises {
            return Some((self.place, self.more));
        }
        #[expect(clippy::cast_precision_loss, reason = "hours, in minutes")]
        let risen = into as f64 / self.rises as f64;
        Some((self.place, self.more * risen))
    }
}
