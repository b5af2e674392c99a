//! From the documents of hot traces to their projections.

use std::sync::Arc;

use fluoro_model::document::Document;
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_trace::{Projection, ProjectionLimits, Received, Trace};
use foldhash::{HashMap, HashMapExt};

use super::index::{Place, Rest, Snapshot};
use super::observe::{Made, Observers};
use super::stored::parted;
use super::{HotTraces, ScanError};
use crate::archive::Live;
use crate::documents::STORED;
use crate::log::Position;

/// What documents say, and how much of a trace is indexed.
pub(super) struct Projector {
    documents: HashMap<Position, Arc<Document>>,
    /// All documents at rest of the traces for which that was looked up.
    at_rest: HashMap<TraceId, Vec<Received>>,
    /// What lies before is at rest.
    watermark: Position,
    limits: ProjectionLimits,
}

/// Which projections are made beside the one to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Steps {
    /// None.
    Now,
    /// The one that was told last, where it made room.
    BeforeAndNow,
    /// That, and one after each delivery since.
    Every,
}

/// How many projections between two are made at most; of more deliveries, the last.
const DELIVERIES: usize = 32;

impl HotTraces {
    /// What makes the projections of these.
    pub(super) async fn projector(&self, snapshots: &[Snapshot]) -> Result<Projector, ScanError> {
        loop {
            let live = self.archive.live();
            let projector = self.facts_of(snapshots, &live).await?;
            let has_lost = snapshots
                .iter()
                .any(|from| projector.lost(from).next().is_some());
            // A flush may have taken what was not found to the blocks meanwhile.
            if !has_lost || live.watermark == self.archive.watermark() {
                return Ok(projector);
            }
        }
    }

    /// The facts of the documents of these traces.
    async fn facts_of(
        &self,
        snapshots: &[Snapshot],
        live: &Arc<Live>,
    ) -> Result<Projector, ScanError> {
        let places: usize = snapshots.iter().map(|snapshot| snapshot.places.len()).sum();
        let mut documents = HashMap::with_capacity(places);
        let (mut missing, mut at_rest) = (Vec::new(), Vec::new());
        let unknown = snapshots.iter().filter(|from| from.rest == Rest::Unknown);
        let unknown: Vec<TraceId> = unknown.map(|from| from.trace).collect();
        let mut may_be_at_rest = live.may_have_each(&unknown).into_iter();
        {
            let cache = self.cache.lock();
            for snapshot in snapshots {
                let (flushed, after) = parted(&snapshot.places, live.watermark);
                let is_cached = |place: &Place| cache.get(place.position).is_some();
                let look = match snapshot.rest {
                    Rest::Nothing => !flushed.iter().all(is_cached),
                    Rest::Unknown => may_be_at_rest.next().unwrap_or(true),
                    Rest::Something => true,
                };
                let here = if look {
                    at_rest.push(snapshot.trace);
                    after
                } else {
                    &snapshot.places
                };
                for place in here {
                    match cache.get(place.position) {
                        Some(facts) => drop(documents.insert(place.position, Arc::clone(facts))),
                        None => missing.push(place.position),
                    }
                }
            }
        }
        let mut projector = Projector {
            documents,
            at_rest: HashMap::new(),
            watermark: live.watermark,
            limits: self.settings.projection,
        };
        if missing.is_empty() && at_rest.is_empty() {
            return Ok(projector);
        }
        let records = match missing.len() {
            0 => Vec::new(),
            _ => self.log.read(&missing).await?,
        };
        let (refusals, live) = (Arc::clone(&self.refusals), Arc::clone(live));
        let parsed = self.blocking(move || {
            let facts = |json: &[u8]| refusals.accepted_once(Document::parse_facts(STORED, json));
            let read = missing.into_iter().zip(&records);
            let read = read.filter_map(|(position, record)| {
                Some((position, facts(&record.as_ref()?.document)?))
            });
            projector.documents.extend(read);
            if at_rest.is_empty() {
                return Ok(projector);
            }
            let mut found = live.documents(&at_rest)?;
            projector.at_rest = at_rest
                .into_iter()
                .map(|trace| {
                    let documents = found.remove(&trace).unwrap_or_default();
                    let parse = |json: &[u8]| Document::parse_facts(STORED, json);
                    (trace, refusals.received(documents, parse))
                })
                .collect();
            Ok::<_, ScanError>(projector)
        });
        parsed.await?
    }
}

// === impl Steps ===

impl Steps {
    pub(super) fn for_these(observers: &Observers) -> Self {
        if observers.is_empty() {
            Self::Now
        } else if observers.want_every_delivery() {
            Self::Every
        } else {
            Self::BeforeAndNow
        }
    }
}

// === impl Projector ===

impl Projector {
    pub(super) fn make(&self, from: Snapshot, steps: Steps) -> Made {
        let project = |places: &[Place]| self.project(from.trace, places);
        let mut before = from.projection.clone();
        let was_told = from.projected > 0 && from.projected < from.generation;
        if before.is_none() && was_told && steps != Steps::Now {
            let told: Vec<Place> = from
                .places
                .iter()
                .filter(|place| place.projected)
                .copied()
                .collect();
            before = (!told.is_empty()).then(|| project(&told));
        }
        if from.projected == 0 && steps != Steps::Now && from.rest == Rest::Unknown {
            // It came again: what is at rest of it was told.
            let is_known = self
                .at_rest
                .get(&from.trace)
                .is_some_and(|all| !all.is_empty());
            before = is_known.then(|| project(&[]));
        }
        let mut between = Vec::new();
        if steps == Steps::Every {
            let ends = ends_of_deliveries(&from.places);
            for end in &ends[ends.len().saturating_sub(DELIVERIES)..] {
                let then = |place: &&Place| place.projected || place.position <= *end;
                let places: Vec<Place> = from.places.iter().filter(then).copied().collect();
                between.push(project(&places));
            }
        }
        Made {
            before,
            steps: between,
            now: project(&from.places),
            lost: self.lost(&from).collect(),
            older: {
                let at_rest = self.at_rest.get(&from.trace).into_iter().flatten();
                let mut older: Vec<TimestampMicros> = at_rest.map(|received| received.at).collect();
                older.dedup();
                older
            },
            from,
        }
    }

    /// The documents of a trace that should be there and are not.
    fn lost(&self, from: &Snapshot) -> impl Iterator<Item = Position> {
        let here = match self.at_rest.contains_key(&from.trace) {
            true => parted(&from.places, self.watermark).1,
            false => &from.places,
        };
        let positions = here.iter().map(|place| place.position);
        positions.filter(|position| !self.documents.contains_key(position))
    }

    pub(super) fn project(&self, trace: TraceId, places: &[Place]) -> Arc<Projection> {
        let mut received = Vec::with_capacity(places.len());
        let mut here = places;
        if let Some(at_rest) = self.at_rest.get(&trace) {
            received.extend_from_slice(at_rest);
            here = parted(places, self.watermark).1;
        }
        let here = here.iter().filter_map(|place| {
            let document = self.documents.get(&place.position)?;
            Some(Received {
                document: Arc::clone(document),
                at: place.at,
            })
        });
        received.extend(here);
        let trace = Trace::assemble(trace, &received);
        Arc::new(trace.projection_within(self.limits))
    }
}

/// The last place of each delivery that is not projected yet, but for the last delivery. What was received at one
/// moment is one delivery.
fn ends_of_deliveries(places: &[Place]) -> Vec<Position> {
    let new: Vec<&Place> = places.iter().filter(|place| !place.projected).collect();
    let pairs = new.windows(2);
    pairs
        .filter(|pair| pair[0].at != pair[1].at)
        .map(|pair| pair[0].position)
        .collect()
}
