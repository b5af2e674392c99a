//! Who calls whom, as seen lately.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::minute::Minute;

/// A service's place in the detector.
pub(super) type Place = u32;

/// How long a call is remembered, in minutes.
const REMEMBERED: i64 = 24 * 60;

/// The most calls that are remembered; beyond it no new ones are.
const MOST_CALLS: usize = 8_000;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Topology {
    /// By caller and callee: when it was last seen.
    #[serde(with = "as_list")]
    calls: BTreeMap<(Place, Place), Minute>,
}

impl Topology {
    pub(super) fn saw(&mut self, from: Place, to: Place, minute: Minute) {
        if from == to {
            return;
        }
        if self.calls.len() < MOST_CALLS || self.calls.contains_key(&(from, to)) {
            self.calls.insert((from, to), minute);
        }
    }

    pub(super) fn forget_old(&mut self, now: Minute) {
        self.calls.retain(|_, seen| now.since(*seen) <= REMEMBERED);
    }

    pub(super) fn forget(&mut self, place: Place) {
        self.calls
            .retain(|(from, to), _| *from != place && *to != place);
    }

    /// All that is called from here, directly or not; itself only when it is called in turn.
    pub(super) fn below(&self, place: Place) -> BTreeSet<Place> {
        let callees = |from: Place| {
            let calls = self.calls.range((from, 0)..=(from, Place::MAX));
            calls.map(|((_, to), _)| *to)
        };
        reach(place, callees)
    }

    /// All that call it, directly or not.
    pub(super) fn above(&self, place: Place) -> BTreeSet<Place> {
        let mut callers: BTreeMap<Place, Vec<Place>> = BTreeMap::new();
        for (from, to) in self.calls.keys() {
            callers.entry(*to).or_default().push(*from);
        }
        reach(place, |to| callers.get(&to).into_iter().flatten().copied())
    }
}

fn reach<I: Iterator<Item = Place>>(from: Place, next: impl Fn(Place) -> I) -> BTreeSet<Place> {
    let mut found = BTreeSet::new();
    let mut ahead = vec![from];
    while let Some(place) = ahead.pop() {
        for reached in next(place) {
            if found.insert(reached) {
                ahead.push(reached);
            }
        }
    }
    found
}

/// JSON has no maps with pairs as keys.
mod as_list {
    use super::{BTreeMap, Minute, Place};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    type Calls = BTreeMap<(Place, Place), Minute>;

    pub(super) fn serialize<S: Serializer>(calls: &Calls, to: S) -> Result<S::Ok, S::Error> {
        let list: Vec<(Place, Place, Minute)> = calls
            .iter()
            .map(|((from, to), seen)| (*from, *to, *seen))
            .collect();
        list.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Calls, D::Error> {
        let list = Vec::<(Place, Place, Minute)>::deserialize(from)?;
        let pairs = list.into_iter().map(|(from, to, seen)| ((from, to), seen));
        Ok(pairs.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0 calls 1 and 2, both call 3, which calls 1 back.
    fn diamond() -> Topology {
        let mut topology = Topology::default();
        for (from, to) in [(0, 1), (0, 2), (1, 3), (2, 3), (3, 1)] {
            topology.saw(from, to, Minute(0));
        }
        topology
    }

    #[test]
    fn calls_reach_down_and_up() {
        let topology = diamond();
        assert_eq!(topology.below(0), BTreeSet::from([1, 2, 3]));
        assert_eq!(topology.below(3), BTreeSet::from([1, 3]));
        assert_eq!(topology.above(2), BTreeSet::from([0]));
        assert_eq!(topology.above(3), BTreeSet::from([0, 1, 2, 3]));
    }

    #[test]
    fn old_calls_and_services_are_forgotten() {
        let mut topology = diamond();
        topology.saw(0, 1, Minute(2_000));
        topology.forget_old(Minute(2_000));
        assert_eq!(topology.below(0), BTreeSet::from([1]));
        topology.forget(1);
        assert!(topology.below(0).is_empty());
    }

    #[test]
    fn it_comes_back_from_json() {
        let json = serde_json::to_string(&diamond()).unwrap();
        let read: Topology = serde_json::from_str(&json).unwrap();
        assert_eq!(read.below(0), diamond().below(0));
    }
}
