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

impl Outcome {
    /// The last event of an insight is news.
    fn announce(&mut self, insight: &Insight) {
        let event = insight.events.last().cloned();
        self.news
            .extend(event.map(|event| (insight.clone(), event)));
    }
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
                outcome.announce(insight);
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
                outcome.announce(insight);
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

#[cfg(test)]
mod tests {
    use super::super::minute::{MinuteCalls, MinuteGraph, Requests, ServiceId};
    use super::*;

    const ARN: &str = "arn:aws:xray:us-east-1:1:group/shop/A";

    fn scope() -> Scope {
        Scope::new("1", "us-east-1")
    }

    fn of(scope: &Scope) -> Of<'_> {
        Of {
            scope,
            name: "shop",
            arn: ARN,
        }
    }

    fn graph(fault: u64) -> MinuteGraph {
        let service = ServiceId {
            name: "shop".into(),
            kind: None,
            account_id: None,
        };
        let requests = Requests {
            fault,
            ok: 100 - fault,
            total: 100,
        };
        MinuteGraph {
            services: vec![(service, requests)],
            calls: vec![MinuteCalls {
                from: None,
                to: 0,
                requests,
            }],
        }
    }

    /// A group with an incident that its detector has open, and what was told of it.
    fn with_an_incident() -> Book {
        let mut book = Book::default();
        let key = group_key(&scope(), "shop");
        book.watched.insert(
            key.clone(),
            Watched {
                group_arn: ARN.to_owned(),
                ..Watched::default()
            },
        );
        for minute in 0..125 {
            let watched = book.watched.get_mut(&key).unwrap();
            let faults = if minute < 120 { 0 } else { 50 };
            let changes = watched.detector.observe(Minute(minute), &graph(faults));
            book.take_in(of(&scope()), Minute(minute), &changes, || "id".to_owned());
        }
        assert_eq!(book.insights.len(), 1);
        book
    }

    #[test]
    fn an_insight_that_was_not_written_is_told_again() {
        let mut book = with_an_incident();
        let before = std::mem::take(&mut book.insights);
        let outcome = book.reconcile(of(&scope()), Minute(200));
        assert_eq!(outcome.changed, [insight_key(&scope(), "id")]);
        let insight = book.insights.values().next().unwrap();
        assert!(insight.is_active());
        assert_eq!(insight.events[0].kind, ChangeKind::Opened);
        assert_eq!(insight.report, before.values().next().unwrap().report);
        assert!(book.reconcile(of(&scope()), Minute(200)).changed.is_empty());
    }

    #[test]
    fn an_insight_that_the_detector_does_not_know_is_over() {
        let mut book = with_an_incident();
        let watched = book.watched.values_mut().next().unwrap();
        watched.ids.clear();
        let outcome = book.reconcile(of(&scope()), Minute(200));
        assert_eq!(outcome.changed.len(), 1);
        let insight = book.insights.values().next().unwrap();
        assert_eq!(insight.end_second(), Some(201 * 60));
    }

    #[test]
    fn old_insights_go_and_open_ones_stay() {
        let mut book = with_an_incident();
        let late = KEPT + 200 * 60;
        assert!(book.expire(late).is_empty());
        book.unwatch(&[], Minute(130));
        assert!(book.expire(KEPT).is_empty());
        assert_eq!(book.expire(late), [insight_key(&scope(), "id")]);
        assert!(book.insights.is_empty());
    }
}
