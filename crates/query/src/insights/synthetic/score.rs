//! How a detector does on scenarios.

use std::fmt;
use std::ops::RangeInclusive;

use super::super::detector::{Change, ChangeKind, Detector};
use super::super::minute::{Minute, MinuteGraph};
use super::super::tuning::Tuning;
use super::incident::{Kind, Scenario, Truth};

/// An insight may open so many minutes after the incident is over.
const LATE: i64 = 5;

/// What became of the scenarios of one kind.
#[derive(Debug, Clone, Default)]
pub struct Score {
    /// How many there were.
    pub scenarios: usize,
    /// Incidents that were found.
    pub found: usize,
    /// Incidents that were not.
    pub missed: usize,
    /// Insights that are about nothing, or about an incident that has one already.
    pub false_insights: usize,
    /// Scenarios that have at least one of those.
    pub disturbed: usize,
    /// Found, and the service that failed is named as root cause when the insight opens.
    pub named: usize,
    /// … when it closes, or the scenario ends.
    pub named_at_last: usize,
    /// Minutes from the beginning of an incident to the end of the minute that opened the insight, sorted.
    pub delays: Vec<i64>,
    /// Minutes from the end of an incident to the closing of its insight, sorted.
    pub closings: Vec<i64>,
    /// The length of all scenarios.
    pub minutes: i64,
}

/// The scores of all kinds.
#[derive(Debug, Clone)]
pub struct Table(pub Vec<(Kind, Score)>);

/// Runs detectors with this tuning over the scenarios of all kinds and of these seeds.
#[must_use]
pub fn evaluate(tuning: &Tuning, seeds: RangeInclusive<u64>) -> Table {
    let rows = Kind::ALL.map(|kind| {
        let mut score = Score::default();
        for seed in seeds.clone() {
            let mut scenario = Scenario::new(kind, seed);
            let minutes: Vec<(Minute, MinuteGraph)> = scenario.by_ref().collect();
            score.add(tuning, scenario.truth.as_ref(), &minutes);
        }
        score.delays.sort_unstable();
        score.closings.sort_unstable();
        (kind, score)
    });
    Table(rows.into())
}

impl Score {
    /// Runs a detector over a scenario.
    pub fn add(
        &mut self,
        tuning: &Tuning,
        truth: Option<&Truth>,
        minutes: &[(Minute, MinuteGraph)],
    ) {
        let mut detector = Detector::new(*tuning);
        let mut insight = None;
        let mut false_insights = 0;
        let mut named_at_last = false;
        for (minute, graph) in minutes {
            let minute = *minute;
            self.minutes += 1;
            for Change { kind, report } in detector.observe(minute, graph) {
                if kind == ChangeKind::Opened {
                    let hit = truth.is_some_and(|truth| {
                        let when = truth.start..truth.end.plus(LATE);
                        let about = |service| truth.affected.contains(service);
                        when.contains(&minute) && report.anomalous.iter().any(about)
                    });
                    if hit && insight.is_none() {
                        insight = Some((report.number, minute));
                    } else {
                        false_insights += 1;
                        continue;
                    }
                }
                let Some(truth) = truth else { continue };
                if insight.is_none_or(|(number, _)| number != report.number) {
                    continue;
                }
                named_at_last = report.root_cause == truth.service;
                match kind {
                    ChangeKind::Opened => self.named += usize::from(named_at_last),
                    ChangeKind::Closed => self.closings.push(minute.since(truth.end) + 1),
                    ChangeKind::RootCause | ChangeKind::Impact => {}
                }
            }
        }
        self.scenarios += 1;
        self.false_insights += false_insights;
        self.disturbed += usize::from(false_insights > 0);
        self.named_at_last += usize::from(named_at_last);
        if let Some(truth) = truth {
            self.found += usize::from(insight.is_some());
            self.missed += usize::from(insight.is_none());
            let delay = |(_, minute): (u64, Minute)| minute.since(truth.start) + 1;
            self.delays.extend(insight.map(delay));
        }
    }

    /// Of the insights, those that are about something.
    #[must_use]
    pub fn precision(&self) -> f64 {
        share(self.found, self.found + self.false_insights)
    }

    /// Of the incidents, those that were found.
    #[must_use]
    pub fn recall(&self) -> f64 {
        share(self.found, self.found + self.missed)
    }

    /// Of the incidents that were found, those whose insight opens with the right root cause.
    #[must_use]
    pub fn named(&self) -> f64 {
        share(self.named, self.found)
    }

    /// … closes with it.
    #[must_use]
    pub fn named_at_last(&self) -> f64 {
        share(self.named_at_last, self.found)
    }

    fn merge(mut self, other: &Self) -> Self {
        self.scenarios += other.scenarios;
        self.found += other.found;
        self.missed += other.missed;
        self.false_insights += other.false_insights;
        self.disturbed += other.disturbed;
        self.named += other.named;
        self.named_at_last += other.named_at_last;
        self.minutes += other.minutes;
        self.delays.extend(&other.delays);
        self.closings.extend(&other.closings);
        self.delays.sort_unstable();
        self.closings.sort_unstable();
        self
    }
}

impl Table {
    /// All kinds together.
    #[must_use]
    pub fn all(&self) -> Score {
        let scores = self.0.iter().map(|(_, score)| score);
        scores.fold(Score::default(), Score::merge)
    }
}

/// The value that this many hundredths of the sorted values do not exceed.
fn percentile(sorted: &[i64], hundredths: usize) -> Option<i64> {
    let last = sorted.len().checked_sub(1)?;
    Some(
        sorted[(sorted.len() * hundredths)
            .div_ceil(100)
            .saturating_sub(1)
            .min(last)],
    )
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        return 1.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of scenarios")]
    let share = part as f64 / whole as f64;
    share
}

/// Markdown.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| incident | scenarios | found | missed | false insights | scenarios without one | precision | recall | \
             delay p50 | p95 | root cause at opening | at closing | closes after, p50 |\n\
             |---|---|---|---|---|---|---|---|---|---|---|---|---|"
        )?;
        let all = self.all();
        let rows = self.0.iter().map(|(kind, score)| (kind.name(), score));
        for (name, score) in rows.chain([("**all**", &all)]) {
            row(f, name, score)?;
        }
        Ok(())
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, score: &Score) -> fmt::Result {
    let minutes = |sorted: &[i64], hundredths: usize| {
        let value = percentile(sorted, hundredths);
        value.map_or_else(|| "–".to_owned(), |value| format!("{value} min"))
    };
    let incidents = score.found + score.missed > 0;
    let percent = |share: f64| match incidents {
        true => format!("{:.1} %", share * 100.0),
        false => "–".to_owned(),
    };
    let count = |count: usize| match incidents {
        true => count.to_string(),
        false => "–".to_owned(),
    };
    writeln!(
        f,
        "| {name} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        score.scenarios,
        count(score.found),
        count(score.missed),
        score.false_insights,
        score.scenarios - score.disturbed,
        percent(score.precision()),
        percent(score.recall()),
        minutes(&score.delays, 50),
        minutes(&score.delays, 95),
        percent(score.named()),
        percent(score.named_at_last()),
        minutes(&score.closings, 50),
    )
}
