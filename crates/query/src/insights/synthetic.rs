//! Synthetic incidents: services that call each other, their traffic, and one thing that goes wrong, or nothing.
//!
//! A [`Scenario`] is made from a [`Kind`] and a seed, and is the same for ever after: its topology of 3 to 12 services,
//! its history of hours to days, the incident and a while after it. What makes detection hard is in it: rates that
//! follow the day and the week, faults in bursts, services that are worse at one hour of the day, single bad minutes,
//! surges of traffic and of client errors. [`evaluate`] runs a detector over scenarios and counts.

mod chance;
mod incident;
mod score;
mod world;

pub use incident::{Kind, Scenario, Truth};
pub use score::{Score, Table, evaluate};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insights::Tuning;

    #[test]
    fn a_scenario_is_the_same_for_its_seed() {
        let first = |seed| Scenario::new(Kind::Step, seed).take(50).collect::<Vec<_>>();
        assert_eq!(first(3), first(3));
        assert_ne!(first(3), first(4));
    }

    /// The counts of a scenario add up, and faults are seen by those who called.
    #[test]
    fn what_a_service_did_is_what_its_callers_saw() {
        for (_, graph) in Scenario::new(Kind::Step, 7).take(400) {
            for (place, (_, done)) in graph.services.iter().enumerate() {
                let calls = graph.calls.iter().filter(|calls| calls.to == place);
                let (mut total, mut fault) = (0, 0);
                for calls in calls {
                    total += calls.requests.total;
                    fault += calls.requests.fault;
                }
                assert_eq!((total, fault), (done.total, done.fault));
                assert!(done.ok + done.fault <= done.total);
            }
        }
    }

    /// A part of what SPECIFICATION.md reports, small enough for a debug build: none of these seeds was tuned on.
    #[test]
    fn the_detector_is_as_good_as_it_is_reported_to_be() {
        let all = evaluate(&Tuning::default(), 1001..=1005).all();
        assert!(all.recall() >= 0.9, "{all:?}");
        assert!(all.precision() >= 0.7, "{all:?}");
        assert!(all.named() >= 0.95, "{all:?}");
        assert!(all.delays[all.delays.len() / 2] <= 6, "{all:?}");
    }
}
