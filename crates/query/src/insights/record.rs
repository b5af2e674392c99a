//! An insight as it is kept and told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::detector::{Change, ChangeKind, Detector};
use super::incident::{Ending, Report};
use super::minute::{Minute, Requests, ServiceId};
use super::text::summary;

/// Of more events than this, only the end is told.
const MOST_EVENTS: usize = 100;

/// Something that went wrong in a group, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Insight {
    /// A UUID.
    pub id: String,
    /// The group's account.
    pub account: String,
    /// The group's region.
    pub region: String,
    /// The group's name.
    pub group_name: String,
    /// The group's ARN.
    pub group_arn: String,
    /// The incident.
    pub report: Report,
    /// When it was last looked at while it was active, in seconds since the epoch.
    pub updated: i64,
    /// What was worth telling, the oldest first.
    pub events: Vec<InsightEvent>,
}

/// Something that was worth telling of an insight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InsightEvent {
    /// What it was.
    pub kind: ChangeKind,
    /// When, in seconds since the epoch.
    pub at: i64,
    /// In words.
    pub summary: String,
    /// The services whose faults were out of the ordinary.
    pub anomalous: Vec<ServiceId>,
    /// What the group's clients had got.
    pub client_impact: Requests,
    /// What the root cause had done.
    pub root_cause_impact: Requests,
}

/// What is kept of a group that is watched: the detector, and the ids of its open incidents' insights.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Watched {
    pub(super) group_arn: String,
    pub(super) detector: Detector,
    pub(super) ids: BTreeMap<u64, String>,
}

impl Insight {
    /// Whether it goes on.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.report.end.is_none()
    }

    /// When it began, in seconds since the epoch.
    #[must_use]
    pub fn start_second(&self) -> i64 {
        self.report.start.start_second()
    }

    /// When the last minute that was out of the ordinary was over, in seconds since the epoch; `None` while it goes on.
    #[must_use]
    pub fn end_second(&self) -> Option<i64> {
        self.report.end.map(|end| end.minute.end_second())
    }

    /// What is to be said of it, in words.
    #[must_use]
    pub fn summary(&self) -> String {
        summary(&self.report)
    }

    /// Takes in a change; whether it is one that was not known.
    pub(super) fn tell(&mut self, change: &Change, minute: Minute) -> bool {
        let event = InsightEvent::of(change, minute);
        self.updated = self.updated.max(event.at);
        self.report = change.report.clone();
        let known = |known: &InsightEvent| (known.kind, known.at) == (event.kind, event.at);
        let too_many = self.events.len() >= MOST_EVENTS && change.kind != ChangeKind::Closed;
        if too_many || self.events.iter().any(known) {
            return false;
        }
        self.events.push(event);
        true
    }

    /// Ends it without the detector.
    pub(super) fn abandon(&mut self, minute: Minute) {
        let mut report = self.report.clone();
        report.end = Some(Ending {
            minute,
            healed: false,
        });
        let kind = ChangeKind::Closed;
        self.tell(&Change { kind, report }, minute);
    }
}

impl InsightEvent {
    fn of(change: &Change, minute: Minute) -> Self {
        let report = &change.report;
        Self {
            kind: change.kind,
            at: minute.end_second(),
            summary: summary(report),
            anomalous: report.anomalous.clone(),
            client_impact: report.client_impact,
            root_cause_impact: report.root_cause_impact,
        }
    }
}
