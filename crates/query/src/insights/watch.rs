//! One service under watch: its baseline, the evidence against it, and the minutes that wait to be learnt.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::baseline::{Baseline, Expectation};
use super::evidence::Evidence;
use super::minute::{Minute, Requests};
use super::tuning::Tuning;

/// How many times the wait a suspicious minute is held back before it is learnt all the same.
const LONGEST_WAIT: usize = 4;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Watch {
    pub(super) baseline: Baseline,
    pub(super) last_seen: Minute,
    sharp: Evidence,
    slow: Evidence,
    waiting: VecDeque<(Minute, Requests)>,
    /// In an incident: what is seen is not learnt.
    frozen: bool,
}

/// What is to be said of one service in one minute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judgement {
    pub(super) usual: Expectation,
    pub(super) requests: Requests,
    /// More faults than the band has.
    pub(super) above: bool,
}

impl Watch {
    pub(super) fn new(minute: Minute) -> Self {
        Self {
            baseline: Baseline::default(),
            last_seen: minute,
            sharp: Evidence::default(),
            slow: Evidence::default(),
            waiting: VecDeque::new(),
            frozen: false,
        }
    }

    /// Takes in what the service did in a minute.
    pub(super) fn observe(
        &mut self,
        minute: Minute,
        requests: Requests,
        tuning: &Tuning,
    ) -> Judgement {
        let usual = self.baseline.expect(minute, tuning);
        if self.baseline.is_ready(tuning) {
            self.sharp
                .add(minute, requests, &usual, tuning.sharp, tuning);
            self.slow.add(minute, requests, &usual, tuning.slow, tuning);
        }
        if requests.total > 0 {
            self.last_seen = minute;
            self.baseline.see(minute, requests, tuning);
            if !self.frozen {
                self.waiting.push_back((minute, requests));
                self.learn(tuning);
            }
        }
        Judgement {
            usual,
            requests,
            above: requests.fault > usual.band(requests.total, tuning).high,
        }
    }

    /// The stronger of the two.
    pub(super) fn evidence(&self) -> &Evidence {
        if self.sharp.weight >= self.slow.weight {
            &self.sharp
        } else {
            &self.slow
        }
    }

    pub(super) fn is_anomalous(&self, tuning: &Tuning) -> bool {
        [&self.sharp, &self.slow].into_iter().any(|evidence| {
            evidence.weight >= tuning.opens_at && evidence.requests.fault >= tuning.least_faults
        })
    }

    pub(super) fn is_suspect(&self, tuning: &Tuning) -> bool {
        self.evidence().weight >= tuning.suspect_at * tuning.opens_at
    }

    /// Enters an incident: from its beginning on, nothing is learnt.
    pub(super) fn freeze(&mut self) {
        self.frozen = true;
        self.waiting.clear();
    }

    /// Leaves an incident that has healed.
    pub(super) fn thaw(&mut self) {
        self.frozen = false;
        self.sharp = Evidence::default();
        self.slow = Evidence::default();
    }

    /// Leaves an incident that has become the usual: all is learnt anew.
    pub(super) fn forget(&mut self) {
        self.thaw();
        self.baseline = Baseline::default();
    }

    /// Learns what has waited long enough, but what is under suspicion only when it has waited very long.
    fn learn(&mut self, tuning: &Tuning) {
        while self.waiting.len() > tuning.learn_after {
            let suspected = self.is_suspect(tuning).then(|| self.evidence().since);
            let Some(&(minute, requests)) = self.waiting.front() else {
                return;
            };
            let held = suspected.is_some_and(|since| since <= minute);
            if held && self.waiting.len() < LONGEST_WAIT * tuning.learn_after {
                return;
            }
            self.waiting.pop_front();
            self.baseline.learn(minute, requests, tuning);
        }
    }
}
