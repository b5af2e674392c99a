//! The insights and detectors in memory.

use std::collections::BTreeMap;

use crate::groups::Scope;

use super::detector::{Change, ChangeKind, Detector};
use super::minute::Minute;
use super::record::{Insight, InsightEvent, Watched};

/// How long an insight is kept after it was last looked at, in seconds (X-Ray endpoints and quotas: 30 days).
const KEPT: i64 = 30 * 24 * 3600;

/// The most insights that are kept of a group; beyond it the oldest go.
const MOST: usize = 1_000;

#[derive(Debug, Default)]
pub(super) struct Book {
    /// By [`insight_key`].
    pub(super) insights: BTreeMap<String, Insight>,
    /// By [`group_key`].
    pub(super) watched: BTreeMap<String, Watched>,
}

/// What changed in a group's minute.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The keys of insights that changed in a way that must last.
    pub(super) changed: Vec<String>,
    /// What somebody may want to know.
    pub(super) news: Vec<(Insight, InsightEvent)>,
}

pub(super) fn group_key(scope: &Scope, name: &str) -> String {
    format!("{scope}/{name}")
}

pub(super) fn insight_key(scope: &Scope, id: &str) -> String {
    format!("{scope}/{id}")
}

/// Which group's insight.
#[derive(Debug, Clone, Copy)]
pub(super) struct Of<'a> {
    pub(super) scope: &'a Scope,
    pub(super) name: &'a str,
    pub(super) arn: &'a str,
}

impl Book {
    /// Takes in what the detector of a group says of a minute.
    pub(super) fn take_in(
        &mut self,
        of: Of<'_>,
        minute: Minute,
        changes: &[Change],
        new_id: impl Fn() -> String,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let Some(watched) = self.watched.get_mut(&group_key(of.scope, of.name)) else {
            return outcome;
        };
        for change in changes {
            let number = change.report.number;
            let id = watched.ids.entry(number).or_insert_with(&new_id).clone();
            if change.kind == ChangeKind::Closed {
                watched.ids.remove(&number);
            }
            let key = insight_key(of.scope, &id);
            let insight = self
                .insights
                .entry(key.clone())
                .or_insert_with(|| of.insight(id, change));
            if insight.tell(change, minute) {
                let event = insight.events.last().cloned();
                outcome
                    .news
                    .extend(event.map(|event| (insight.clone(), event)));
            }
            outcome.changed.push(key);
        }
        for report in watched.detector.reports() {
            let id = watched.ids.get(&report.number);
            let insight = id.and_then(|id| self.insights.get_mut(&insight_key(of.scope, id)));
            if let Some(insight) = insight {
                insight.report = report;
                insight.updated = insight.updated.max(minute.end_second());
            }
        }
        outcome
    }

    /// Brings insights in line with the detector of their group after a start: what it has open and was not yet written is
    /// told, and what it knows nothing of is over.
    pub(super) fn reconcile(&mut self, of: Of<'_>, now: Minute) -> Outcome {
        let mut outcome = Outcome::default();
        let Some(watched) = self.watched.get(&group_key(of.scope, of.name)) else {
            return outcome;
        };
        for report in watched.detector.reports() {
            let Some(id) = watched.ids.get(&report.number) else {
                continue;
            };
            let key = insight_key(of.scope, id);
            if !self.insights.contains_key(&key) {
                let kind = ChangeKind::Opened;
                let minute = report.opened;
                let change = Change { kind, report };
                let mut insight = of.insight(id.clone(), &change);
                insight.tell(&change, minute);
                self.insights.insert(key.clone(), insight);
                outcome.changed.push(key);
            }
        }
        let ids = &watched.ids;
        for (key, insight) in &mut self.insights {
            let known = ids.values().any(|id| *id == insight.id);
            if insight.group_arn == of.arn && insight.is_active() && !known {
                insight.abandon(now);
                outcome.changed.push(key.clone());
            }
        }
        outcome
    }

    /// Stops watching groups that are not among these, and ends their insights. The keys of the insights and groups.
    pub(super) fn unwatch(&mut self, arns: &[&str], now: Minute) -> (Outcome, Vec<String>) {
        let mut outcome = Outcome::default();
        let gone = |watched: &Watched| !arns.contains(&&*watched.group_arn);
        let groups = self.watched.iter().filter(|(_, watched)| gone(watched));
        let groups: Vec<String> = groups.map(|(key, _)| key.clone()).collect();
        self.watched.retain(|_, watched| !gone(watched));
        for (key, insight) in &mut self.insights {
            if insight.is_active() && !arns.contains(&&*insight.group_arn) {
                insight.abandon(now);
                let event = insight.events.last().cloned();
                outcome
                    .news
                    .extend(event.map(|event| (insight.clone(), event)));
                outcome.changed.push(key.clone());
            }
        }
        (outcome, groups)
    }

    /// Lets go of what is too old or too much, and says which keys that were.
    pub(super) fn expire(&mut self, now: i64) -> Vec<String> {
        let mut newest: Vec<(&String, &Insight)> = self.insights.iter().collect();
        newest.sort_by_key(|(_, insight)| std::cmp::Reverse(insight.start_second()));
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let gone = newest.into_iter().filter(|(_, insight)| {
            let count = counts.entry(&insight.group_arn).or_default();
            *count += 1;
            !insight.is_active() && (*count > MOST || now - insight.updated > KEPT)
        });
        let gone: Vec<String> = gone.map(|(key, _)| key.clone()).collect();
        for key in &gone {
            self.insights.remove(key);
        }
        gone
    }

    /// What watches a group.
    pub(super) fn detector(&self, group_arn: &str) -> Option<&Detector> {
        let mut watched = self.watched.values();
        let watched = watched.find(|watched| watched.group_arn == group_arn);
        watched.map(|watched| &watched.detector)
    }
}

impl Of<'_> {
    fn insight(self, id: String, change: &Change) -> Insight {
        Insight {
            id,
            account: self.scope.account.clone(),
            region: self.scope.region.clone(),
            group_name: self.name.to_owned(),
            group_arn: self.arn.to_owned(),
            report: change.report.clone(),
            updated: 0,
            events: Vec::new(),
        }
    }
}
