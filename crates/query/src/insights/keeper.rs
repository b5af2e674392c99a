//! Insights that last: the handle that everybody shares, and the task that shows the detectors each minute.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Weak};
use std::time::Duration;

use fluoro_ambient::Ambient;
use fluoro_filter::Selected;
use fluoro_model::TimestampMicros;
use fluoro_store::catalog::{Catalog, CatalogError, Expect, Table};
use fluoro_store::scan::ScanError;
use parking_lot::Mutex;

use super::baseline::Band;
use super::book::{Book, Of, Outcome, group_key, insight_key};
use super::detector::{Change, ChangeKind, Detector};
use super::minute::{Minute, MinuteGraph, ServiceId};
use super::record::{Insight, InsightEvent, Watched};
use crate::groups::{Group, Groups, Scope};
use crate::rollup::{Graphs, Traces};
use crate::time_series::Forecast;

/// How often it is asked whether a minute is over.
const POLL: Duration = Duration::from_secs(1);

/// How far back a detector looks when it begins, and at most after the server was down, in minutes.
const LOOKS_BACK: i64 = 6 * 60;

/// How many minutes' graphs are asked for at once.
const AT_ONCE: i64 = 60;

/// How often what the detectors have learnt is written though nothing happened, in minutes.
const WRITTEN_EVERY: i64 = 60;

/// Who is told what becomes of insights. It must not wait.
pub trait Listener: Send + Sync + std::fmt::Debug {
    /// The group wants to be notified, and this happened.
    fn happened(&self, insight: &Insight, event: &InsightEvent);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy)]
pub struct NoListener;

impl Listener for NoListener {
    fn happened(&self, _: &Insight, _: &InsightEvent) {}
}

/// Why not all minutes were taken in, or what they came to was not written. Both will be tried again.
#[derive(Debug, thiserror::Error)]
pub enum InsightsError {
    /// Traces could not be read.
    #[error("failed to read the graph of a minute")]
    Scan(#[from] ScanError),
    /// A record could not be written.
    #[error("failed to write an insight")]
    Catalog(#[from] CatalogError),
}

/// The insights of all groups. Clones share them.
#[derive(Debug, Clone)]
pub struct Insights(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ambient: Ambient,
    groups: Groups,
    graphs: Graphs,
    listener: Arc<dyn Listener>,
    /// By account, region and id.
    insights: Table<Insight>,
    /// By account, region and group.
    detectors: Table<Watched>,
    book: Mutex<Book>,
    unwritten: Mutex<Unwritten>,
    /// Held while minutes are taken in, so that each is once; the last minute that was.
    ticking: tokio::sync::Mutex<Option<Minute>>,
}

/// What the catalog does not have as the book has it, and what is told once it has.
#[derive(Debug, Default)]
struct Unwritten {
    detectors: BTreeSet<String>,
    insights: BTreeSet<String>,
    news: Vec<(Insight, InsightEvent)>,
}

/// What is told of minutes that are taken in together.
#[derive(Debug, Clone, Copy)]
enum Telling {
    /// All that changed in each.
    Changes,
    /// What is open after the last, as if it had opened then.
    WhatIsOpen,
    Nothing,
}

// === impl Insights ===

impl Insights {
    /// The stored insights. Nothing is looked for before [`Insights::start`].
    ///
    /// # Errors
    ///
    /// When the catalog fails, or holds a record that this version cannot read.
    pub async fn open(
        ambient: Ambient,
        catalog: Arc<dyn Catalog>,
        groups: Groups,
        graphs: Graphs,
        listener: Arc<dyn Listener>,
    ) -> Result<Self, CatalogError> {
        let insights: Table<Insight> = Table::new(Arc::clone(&catalog), "xray/insights/");
        let detectors: Table<Watched> = Table::new(catalog, "xray/insight-detectors/");
        let mut book = Book::default();
        for (key, found) in insights.scan("").await? {
            book.insights.insert(key, found.value);
        }
        for (key, found) in detectors.scan("").await? {
            book.watched.insert(key, found.value);
        }
        Ok(Self(Arc::new(Shared {
            ambient,
            groups,
            graphs,
            listener,
            insights,
            detectors,
            book: Mutex::new(book),
            unwritten: Mutex::default(),
            ticking: tokio::sync::Mutex::default(),
        })))
    }

    /// Looks at each minute when it is over, until the last handle is dropped. Call within a tokio runtime, when all
    /// traces can be read.
    pub fn start(&self) {
        tokio::spawn(run(Arc::downgrade(&self.0)));
    }

    /// Looks at the minutes that are over and were not looked at. The task of [`Insights::start`] does this.
    ///
    /// # Errors
    ///
    /// When traces cannot be read or a record cannot be written.
    pub async fn tick(&self) -> Result<(), InsightsError> {
        self.0.tick().await
    }

    /// The insights of a group that are wanted, in no order.
    #[must_use]
    pub fn of_group(&self, group: &Group, wanted: impl Fn(&Insight) -> bool) -> Vec<Insight> {
        let book = self.0.book.lock();
        let insights = book.insights.values();
        insights
            .filter(|insight| insight.group_arn == group.arn && wanted(insight))
            .cloned()
            .collect()
    }

    /// The insight of this id, if the account has it in the region.
    #[must_use]
    pub fn find(&self, scope: &Scope, id: &str) -> Option<Insight> {
        let key = insight_key(scope, id);
        self.0.book.lock().insights.get(&key).cloned()
    }
}

impl Forecast for Insights {
    fn faults(
        &self,
        group_arn: &str,
        selected: &Selected,
        end: i64,
        seconds: i64,
        requests: u64,
    ) -> Option<Band> {
        // Nothing is learnt of single calls.
        let Selected::Service(service) = selected else {
            return None;
        };
        let is = |known: &ServiceId| {
            let (kind, account) = (known.kind.as_deref(), known.account_id.as_deref());
            service.fits(&known.name, kind, account)
        };
        let first = Minute::of_second(end.saturating_sub(seconds));
        let minutes = u32::try_from(seconds / 60).unwrap_or(1);
        let book = self.0.book.lock();
        let detector = book.detector(group_arn)?;
        detector.band(is, first, minutes, requests)
    }
}

/// Ends when nobody has a handle any more.
async fn run(shared: Weak<Shared>) {
    loop {
        tokio::time::sleep(POLL).await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        if let Err(error) = shared.tick().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "cannot look for insights"
            );
        }
    }
}

// === impl Shared ===

impl Shared {
    async fn tick(&self) -> Result<(), InsightsError> {
        let mut last = self.ticking.lock().await;
        let now = TimestampMicros(self.ambient.now_micros());
        let present = Minute::of_second(now.floor_second());
        if *last == Some(present) {
            return Ok(());
        }
        let groups = self.groups.with_insights();
        self.unwatch(&groups, present);
        let mut all = Ok(());
        for (scope, group) in &groups {
            let caught_up = self.catch_up(scope, group, present).await;
            all = all.and(caught_up);
        }
        let expired = self.book.lock().expire(now.floor_second());
        self.unwritten.lock().insights.extend(expired);
        let written = self.write().await;
        all.and(written)?;
        *last = Some(present);
        Ok(())
    }

    fn unwatch(&self, groups: &[(Scope, Arc<Group>)], present: Minute) {
        let arns: Vec<&str> = groups.iter().map(|(_, group)| &*group.arn).collect();
        let (outcome, gone) = self.book.lock().unwatch(&arns, present.plus(-1));
        self.unwritten.lock().detectors.extend(gone);
        self.note(outcome, false);
    }

    /// Shows a group's detector the minutes before the present one that it has not seen.
    async fn catch_up(
        &self,
        scope: &Scope,
        group: &Group,
        present: Minute,
    ) -> Result<(), InsightsError> {
        let of = Of {
            scope,
            name: &group.name,
            arn: &group.arn,
        };
        let (seen, reconciled) = self.watch(of, present);
        self.note(reconciled, false);
        let earliest = present.plus(-LOOKS_BACK);
        let mut next = seen.map_or(earliest, |seen| seen.plus(1).max(earliest));
        while next < present {
            let end = next.plus(AT_ONCE).min(present);
            let graphs = self.read(group, scope, next..end).await?;
            // What is past when the group begins to be watched is learnt from, and told only if it goes on.
            let telling = match seen {
                Some(_) => Telling::Changes,
                None if end < present => Telling::Nothing,
                None => Telling::WhatIsOpen,
            };
            let outcome = self.take_in(of, &graphs, telling);
            let due = (next.0..end.0).any(|minute| minute % WRITTEN_EVERY == 0);
            if due || !outcome.changed.is_empty() {
                let key = group_key(scope, &group.name);
                self.unwritten.lock().detectors.insert(key);
            }
            self.note(outcome, group.insights.notifications_enabled);
            next = end;
        }
        Ok(())
    }

    /// The last minute that the group's detector has seen.
    fn watch(&self, of: Of<'_>, present: Minute) -> (Option<Minute>, Outcome) {
        let mut book = self.book.lock();
        let watched = book.watched.entry(group_key(of.scope, of.name));
        let watched = watched.or_insert_with(|| Watched {
            group_arn: of.arn.to_owned(),
            ..Watched::default()
        });
        let seen = watched.detector.last();
        (seen, book.reconcile(of, present.plus(-1)))
    }

    async fn read(
        &self,
        group: &Group,
        scope: &Scope,
        minutes: Range<Minute>,
    ) -> Result<Vec<(Minute, MinuteGraph)>, InsightsError> {
        let numbers = minutes.start.0..minutes.end.0;
        let traces = Traces::of(group);
        let found = self.graphs.minutes(traces, numbers.clone()).await?;
        let mut found = found.into_iter().peekable();
        let mut graphs = Vec::new();
        for minute in numbers {
            let graph = found.next_if(|(at, _)| *at == minute);
            let graph = graph.map(|(_, graph)| MinuteGraph::of(&graph, &scope.account));
            graphs.push((Minute(minute), graph.unwrap_or_default()));
        }
        Ok(graphs)
    }

    fn take_in(&self, of: Of<'_>, graphs: &[(Minute, MinuteGraph)], telling: Telling) -> Outcome {
        let mut all = Outcome::default();
        let mut book = self.book.lock();
        let key = group_key(of.scope, of.name);
        let last = graphs.last().map(|(minute, _)| *minute);
        for (minute, graph) in graphs {
            let Some(watched) = book.watched.get_mut(&key) else {
                break;
            };
            let changes = watched.detector.observe(*minute, graph);
            let told = match telling {
                Telling::Changes => changes,
                Telling::WhatIsOpen if last == Some(*minute) => opened(&watched.detector),
                Telling::WhatIsOpen | Telling::Nothing => Vec::new(),
            };
            let outcome = book.take_in(of, *minute, &told, || self.ambient.uuid());
            all.changed.extend(outcome.changed);
            all.news.extend(outcome.news);
        }
        all
    }

    fn note(&self, outcome: Outcome, notify: bool) {
        let mut unwritten = self.unwritten.lock();
        unwritten.insights.extend(outcome.changed);
        if notify {
            unwritten.news.extend(outcome.news);
        }
    }

    /// Writes all that is not written, the detectors first: what they have open is told after a start, if the insight was
    /// not written. What fails stays to be written, and nothing is told before all is.
    async fn write(&self) -> Result<(), InsightsError> {
        let mut all = Ok(());
        let keys = self.unwritten.lock().detectors.clone();
        for key in keys {
            let written = self.write_detector(&key).await;
            if written.is_ok() {
                self.unwritten.lock().detectors.remove(&key);
            }
            all = all.and(written);
        }
        all?;
        let mut all = Ok(());
        let keys = self.unwritten.lock().insights.clone();
        for key in keys {
            let written = self.write_insight(&key).await;
            if written.is_ok() {
                self.unwritten.lock().insights.remove(&key);
            }
            all = all.and(written);
        }
        all?;
        let news = std::mem::take(&mut self.unwritten.lock().news);
        for (insight, event) in &news {
            self.listener.happened(insight, event);
        }
        Ok(())
    }

    async fn write_detector(&self, key: &str) -> Result<(), CatalogError> {
        let watched = self.book.lock().watched.get(key).cloned();
        match watched {
            Some(watched) => {
                self.detectors.put(key, &watched, Expect::Anything).await?;
            }
            None => {
                self.detectors.delete(key, Expect::Anything).await?;
            }
        }
        Ok(())
    }

    async fn write_insight(&self, key: &str) -> Result<(), CatalogError> {
        let insight = self.book.lock().insights.get(key).cloned();
        match insight {
            Some(insight) => {
                self.insights.put(key, &insight, Expect::Anything).await?;
            }
            None => {
                self.insights.delete(key, Expect::Anything).await?;
            }
        }
        Ok(())
    }
}

/// All that is open, as if it had opened now.
fn opened(detector: &Detector) -> Vec<Change> {
    let reports = detector.reports().into_iter();
    let kind = ChangeKind::Opened;
    reports.map(|report| Change { kind, report }).collect()
}
