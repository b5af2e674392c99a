//! Graphs that can be taken away from: what lies at rest of a minute.
//!
//! A [`Graph`] has the first and the last second, the best of what is known of a node, the names that occur: what was added
//! to those cannot be taken away again. A tally counts all of them, so that a trace is taken away as it was when it comes
//! again. What it tells is a graph.
//!
//! As bytes it is what the store keeps. [`FORM`] changes with what a tally says, also when it says it in the same form: those
//! of another are made again.

use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use fluoro_model::TimestampMicros;
use fluoro_trace::Projection;
use fluoro_trace::projection::{Call, Node, NodeSource, Observation, Outcome};
use serde::{Deserialize, Serialize};

use super::contribute::{Sink, contribute};
use super::key::{AsNodeKey, NodeKey};
use super::{EdgeKind, Graph, NodeState, Passing, Served};
use crate::groups::Joined;
use crate::histogram::{Histogram, millis};
use crate::statistics::Statistics;

/// The form of tallies as bytes, by number.
pub(crate) const FORM: u32 = 1;

/// What arrived in a minute, counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    nodes: Vec<TallyNode>,
    places: HashMap<NodeKey, usize>,
    /// How many there are.
    edges: usize,
    passing: BTreeMap<PassingKey, i64>,
    /// By which versions of its group traces are members.
    versions: BTreeMap<u32, i64>,
    /// When the first and the last came in of all that was ever added.
    arrivals: Option<(TimestampMicros, TimestampMicros)>,
}

/// What a node takes, or an edge, with how long its requests took.
const PIECE: usize = 1_024;

#[derive(Debug, Clone)]
struct TallyNode {
    key: NodeKey,
    /// In which seconds traces of it began, and how it came to be known.
    mentions: BTreeMap<(i64, NodeSource), i64>,
    roots: i64,
    regions: BTreeMap<Box<str>, i64>,
    served: Counts,
    /// By the callee's place.
    edges: BTreeMap<usize, TallyEdge>,
}

#[derive(Debug, Clone, Default)]
struct TallyEdge {
    aliases: BTreeMap<Box<str>, i64>,
    calls: Counts,
}

/// Requests and how long they took.
#[derive(Debug, Clone, Default)]
struct Counts {
    /// As they are, errors, throttles, faults.
    counts: [i64; 4],
    nanos: i128,
    /// By milliseconds.
    times: BTreeMap<u64, i64>,
}

/// [`Passing`] as what is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct PassingKey {
    until: i64,
    second: i64,
    from: (Key, StateForm),
    to: (Key, StateForm),
    /// Fault, error, throttle.
    outcome: (bool, bool, bool),
    /// The bits of the double.
    seconds: u64,
}

/// A node's name, type and account.
type Key = (Box<str>, Option<Box<str>>, Option<Box<str>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum StateForm {
    Active,
    Passive,
    Unknown,
}

/// Adds to a tally, or takes away, what arrives in a minute.
struct Weighed<'t> {
    tally: &'t mut Tally,
    weight: i64,
    end: TimestampMicros,
}

// === impl Tally ===

impl Tally {
    /// Adds what of the trace arrived when `is_meant` says, within a minute that ends then; with a weight of -1, takes it
    /// away. `places` is room for the work.
    pub(crate) fn add(
        &mut self,
        projection: &Projection,
        joined: Joined,
        weight: i64,
        end: TimestampMicros,
        is_meant: impl Fn(TimestampMicros) -> bool,
    ) {
        let mut weighed = Weighed {
            tally: self,
            weight,
            end,
        };
        contribute(&mut weighed, &mut Vec::new(), projection, joined, is_meant);
    }

    /// The graph that it tells; `None` when more was taken away than was there.
    pub(crate) fn graph(&self) -> Option<Graph> {
        let mut graph = Graph::default();
        let mut places = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let mut place = None;
            for ((second, source), count) in &node.mentions {
                if !is_there(*count)? {
                    continue;
                }
                let at = graph.node(&node.key, NodeState::of(*source), *second);
                if *source != NodeSource::Client {
                    graph.nodes[at].served.get_or_insert_default();
                }
                place = Some(at);
            }
            places.push(place);
            let served = node.served.served()?;
            let Some(place) = place else {
                // Nothing is left of it.
                if served.statistics.total() > 0 {
                    return None;
                }
                continue;
            };
            let known = &mut graph.nodes[place];
            known.root = is_there(node.roots)?;
            for (region, count) in &node.regions {
                if is_there(*count)? && known.region.is_none() {
                    known.region = Some((&**region).into());
                }
            }
            match &mut known.served {
                Some(known) => *known = served,
                None if served.statistics.total() > 0 => return None,
                None => {}
            }
        }
        for (node, from) in self.nodes.iter().zip(&places) {
            for (to, edge) in &node.edges {
                let calls = edge.calls.served()?;
                if calls.statistics.total() == 0 {
                    continue;
                }
                let (from, to) = ((*from)?, (*places.get(*to)?)?);
                let into = graph.edge(from, to, EdgeKind::Call);
                into.calls = calls;
                for (alias, count) in &edge.aliases {
                    if is_there(*count)? {
                        into.aliases.insert((&**alias).into());
                    }
                }
            }
        }
        for (passing, count) in &self.passing {
            is_there(*count)?;
            let all = (0..*count).map(|_| passing.passing());
            graph.passing.extend(all);
        }
        for (version, count) in &self.versions {
            if is_there(*count)?
                && let Some((first, last)) = self.arrivals
            {
                graph.note(first, *version);
                graph.note(last, *version);
            }
        }
        Some(graph)
    }

    /// Whether it is as if nothing had ever been added.
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.passing.is_empty()
    }

    /// How many nodes, edges and messages under way it tells of.
    pub(crate) fn size(&self) -> usize {
        self.nodes.len() + self.edges + self.passing.len()
    }

    /// The memory that it takes, in bytes, roughly.
    pub(crate) fn weight(&self) -> usize {
        self.size() * PIECE
    }

    fn node(&mut self, key: &dyn AsNodeKey) -> usize {
        if let Some(place) = self.places.get(key) {
            return *place;
        }
        let (key, place) = (key.to_key(), self.nodes.len());
        self.places.insert(key.clone(), place);
        self.nodes.push(TallyNode {
            key,
            mentions: BTreeMap::new(),
            roots: 0,
            regions: BTreeMap::new(),
            served: Counts::default(),
            edges: BTreeMap::new(),
        });
        place
    }

    fn edge(&mut self, from: usize, to: usize) -> &mut TallyEdge {
        match self.nodes[from].edges.entry(to) {
            Entry::Vacant(entry) => {
                self.edges += 1;
                entry.insert(TallyEdge::default())
            }
            Entry::Occupied(entry) => entry.into_mut(),
        }
    }

    fn widen(&mut self, at: TimestampMicros) {
        let (first, last) = self.arrivals.get_or_insert((at, at));
        *first = at.min(*first);
        *last = at.max(*last);
    }
}

/// Whether something that was counted so often is there; `None` when that cannot be.
fn is_there(count: i64) -> Option<bool> {
    (count >= 0).then_some(count > 0)
}

/// Counts something, and keeps nothing of what is not there.
fn count<K: Ord>(counted: &mut BTreeMap<K, i64>, what: K, weight: i64) {
    match counted.entry(what) {
        Entry::Vacant(entry) => {
            entry.insert(weight);
        }
        Entry::Occupied(mut entry) => {
            *entry.get_mut() += weight;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

fn count_text(counted: &mut BTreeMap<Box<str>, i64>, text: &str, weight: i64) {
    match counted.get_mut(text) {
        Some(known) if *known + weight != 0 => *known += weight,
        Some(_) => drop(counted.remove(text)),
        None => drop(counted.insert(text.into(), weight)),
    }
}

// === impl Weighed ===

impl Sink for Weighed<'_> {
    fn seen(&mut self, node: &Node, second: i64) -> usize {
        let place = self.tally.node(node);
        let mentions = &mut self.tally.nodes[place].mentions;
        count(mentions, (second, node.source), self.weight);
        place
    }

    fn observe(&mut self, place: usize, observation: &Observation) {
        let node = &mut self.tally.nodes[place];
        node.roots += if observation.root { self.weight } else { 0 };
        if let Some(region) = observation.region.as_deref() {
            count_text(&mut node.regions, region, self.weight);
        }
        let seconds = observation.duration().unwrap_or_default();
        node.served.add(observation.outcome, seconds, self.weight);
    }

    fn connect(&mut self, from: usize, to: usize, call: &Call) {
        let edge = self.tally.edge(from, to);
        if let Some(alias) = call.alias.as_deref() {
            count_text(&mut edge.aliases, alias, self.weight);
        }
        let seconds = call.response_time.unwrap_or_default();
        edge.calls.add(call.outcome, seconds, self.weight);
    }

    fn pass(&mut self, passing: Passing) {
        if passing.until >= self.end {
            let key = PassingKey::of(&passing);
            count(&mut self.tally.passing, key, self.weight);
        }
    }

    fn note(&mut self, at: TimestampMicros, version: u32) {
        self.tally.widen(at);
        count(&mut self.tally.versions, version, self.weight);
    }
}

// === impl Counts ===

impl Counts {
    fn add(&mut self, outcome: Outcome, seconds: f64, weight: i64) {
        let mut one = Statistics::default();
        one.add(outcome, seconds);
        let counts = [one.ok, one.error, one.throttle, one.fault];
        for (sum, one) in self.counts.iter_mut().zip(counts) {
            *sum += if one > 0 { weight } else { 0 };
        }
        let nanos = i128::try_from(one.total_nanos()).unwrap_or(i128::MAX);
        self.nanos += nanos * i128::from(weight);
        count(&mut self.times, millis(seconds), weight);
    }

    /// As a graph has it; `None` when that cannot be.
    fn served(&self) -> Option<Served> {
        let whole = |count: i64| u64::try_from(count).ok();
        let [ok, error, throttle, fault] = self.counts;
        let counts = [whole(ok)?, whole(error)?, whole(throttle)?, whole(fault)?];
        let times = self.times.iter();
        let times = times.map(|(millis, count)| Some((*millis, whole(*count)?)));
        let times = times.collect::<Option<Vec<_>>>()?;
        Some(Served {
            statistics: Statistics::of(counts, u128::try_from(self.nanos).ok()?),
            histogram: Histogram::of(times),
        })
    }

    fn merge(&mut self, form: &CountsForm) {
        for (sum, more) in self.counts.iter_mut().zip(form.counts) {
            *sum += more;
        }
        self.nanos += form.nanos;
        let mut millis = 0_u64;
        for (step, more) in &form.times {
            millis = millis.saturating_add(*step);
            count(&mut self.times, millis, *more);
        }
    }
}

// === impl PassingKey ===

impl PassingKey {
    fn of(passing: &Passing) -> Self {
        let key = |key: &NodeKey| {
            let text = |text: &Option<Arc<str>>| text.as_deref().map(Box::from);
            ((&*key.name).into(), text(&key.kind), text(&key.account_id))
        };
        let Outcome {
            fault,
            error,
            throttle,
        } = passing.outcome;
        Self {
            until: passing.until.0,
            second: passing.second,
            from: (key(&passing.from.0), passing.from.1.into()),
            to: (key(&passing.to.0), passing.to.1.into()),
            outcome: (fault, error, throttle),
            seconds: passing.seconds.to_bits(),
        }
    }

    fn passing(&self) -> Passing {
        let key = |(name, kind, account_id): &Key| {
            let text = |text: &Option<Box<str>>| text.as_deref().map(Arc::from);
            NodeKey {
                name: (&**name).into(),
                kind: text(kind),
                account_id: text(account_id),
            }
        };
        let (fault, error, throttle) = self.outcome;
        Passing {
            until: TimestampMicros(self.until),
            second: self.second,
            from: (key(&self.from.0), self.from.1.into()),
            to: (key(&self.to.0), self.to.1.into()),
            outcome: Outcome {
                fault,
                error,
                throttle,
            },
            seconds: f64::from_bits(self.seconds),
        }
    }
}

impl From<NodeState> for StateForm {
    fn from(state: NodeState) -> Self {
        match state {
            NodeState::Active => Self::Active,
            NodeState::Passive => Self::Passive,
            NodeState::Unknown => Self::Unknown,
        }
    }
}

impl From<StateForm> for NodeState {
    fn from(state: StateForm) -> Self {
        match state {
            StateForm::Active => Self::Active,
            StateForm::Passive => Self::Passive,
            StateForm::Unknown => Self::Unknown,
        }
    }
}

// === as bytes ===

#[derive(Serialize, Deserialize)]
struct TallyForm<'g> {
    #[serde(borrow)]
    nodes: Vec<NodeForm<'g>>,
    passing: Vec<(PassingKey, i64)>,
    versions: Vec<(u32, i64)>,
    arrivals: Option<(i64, i64)>,
}

#[derive(Serialize, Deserialize)]
struct NodeForm<'g> {
    #[serde(borrow)]
    key: (Cow<'g, str>, Option<Cow<'g, str>>, Option<Cow<'g, str>>),
    /// Seconds as steps from the one before.
    mentions: Vec<(i64, NodeSource, i64)>,
    roots: i64,
    #[serde(borrow)]
    regions: Vec<(Cow<'g, str>, i64)>,
    served: CountsForm,
    #[serde(borrow)]
    edges: Vec<EdgeForm<'g>>,
}

#[derive(Serialize, Deserialize)]
struct EdgeForm<'g> {
    to: usize,
    #[serde(borrow)]
    aliases: Vec<(Cow<'g, str>, i64)>,
    calls: CountsForm,
}

#[derive(Serialize, Deserialize)]
struct CountsForm {
    counts: [i64; 4],
    nanos: i128,
    /// Milliseconds as steps from the one before.
    times: Vec<(u64, i64)>,
}

impl Tally {
    /// The tally as bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let form = TallyForm {
            nodes: self.nodes.iter().map(NodeForm::of).collect(),
            passing: self
                .passing
                .iter()
                .map(|(key, count)| (key.clone(), *count))
                .collect(),
            versions: self
                .versions
                .iter()
                .map(|(of, count)| (*of, *count))
                .collect(),
            arrivals: self.arrivals.map(|(first, last)| (first.0, last.0)),
        };
        postcard::to_allocvec(&form).expect("memory is all that it takes")
    }

    /// Adds a tally that was made bytes; `None` when these are none, and then nothing is known of what was added.
    pub(crate) fn merge_bytes(&mut self, bytes: &[u8]) -> Option<()> {
        let form: TallyForm<'_> = postcard::from_bytes(bytes).ok()?;
        let mut places = Vec::with_capacity(form.nodes.len());
        for node in &form.nodes {
            let (name, kind, account_id) = &node.key;
            let text = |text: &Option<Cow<'_, str>>| text.as_deref().map(Arc::from);
            let place = self.node(&NodeKey {
                name: (&**name).into(),
                kind: text(kind),
                account_id: text(account_id),
            });
            places.push(place);
            let known = &mut self.nodes[place];
            let mut second = 0_i64;
            for (step, source, more) in &node.mentions {
                second = second.wrapping_add(*step);
                count(&mut known.mentions, (second, *source), *more);
            }
            known.roots += node.roots;
            for (region, more) in &node.regions {
                count_text(&mut known.regions, region, *more);
            }
            known.served.merge(&node.served);
        }
        for (node, from) in form.nodes.iter().zip(&places) {
            for edge in &node.edges {
                let to = *places.get(edge.to)?;
                let known = self.edge(*from, to);
                for (alias, more) in &edge.aliases {
                    count_text(&mut known.aliases, alias, *more);
                }
                known.calls.merge(&edge.calls);
            }
        }
        for (passing, more) in form.passing {
            count(&mut self.passing, passing, more);
        }
        for (version, more) in form.versions {
            count(&mut self.versions, version, more);
        }
        if let Some((first, last)) = form.arrivals {
            self.widen(TimestampMicros(first));
            self.widen(TimestampMicros(last));
        }
        Some(())
    }
}

// === impl NodeForm ===

impl<'g> NodeForm<'g> {
    fn of(node: &'g TallyNode) -> Self {
        let text = |text: &'g Option<Arc<str>>| text.as_deref().map(Cow::Borrowed);
        let mut before = 0_i64;
        let mentions = node.mentions.iter().map(|((second, source), count)| {
            let step = second.wrapping_sub(before);
            before = *second;
            (step, *source, *count)
        });
        Self {
            key: (
                Cow::Borrowed(&node.key.name),
                text(&node.key.kind),
                text(&node.key.account_id),
            ),
            mentions: mentions.collect(),
            roots: node.roots,
            regions: texts(&node.regions),
            served: CountsForm::of(&node.served),
            edges: {
                let edges = node.edges.iter().map(|(to, edge)| EdgeForm {
                    to: *to,
                    aliases: texts(&edge.aliases),
                    calls: CountsForm::of(&edge.calls),
                });
                edges.collect()
            },
        }
    }
}

fn texts(counted: &BTreeMap<Box<str>, i64>) -> Vec<(Cow<'_, str>, i64)> {
    let texts = counted.iter();
    texts
        .map(|(text, count)| (Cow::Borrowed(&**text), *count))
        .collect()
}

// === impl CountsForm ===

impl CountsForm {
    fn of(counts: &Counts) -> Self {
        let mut before = 0;
        let times = counts.times.iter().map(|(millis, count)| {
            let step = millis - before;
            before = *millis;
            (step, *count)
        });
        Self {
            counts: counts.counts,
            nanos: counts.nanos,
            times: times.collect(),
        }
    }
}
