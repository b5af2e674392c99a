use std::collections::HashMap;

use async_trait::async_trait;
use fluoro_model::document::Document;
use fluoro_store::hot::ProjectionObserver;
use fluoro_store::scan::Candidates;
use fluoro_trace::{Received, Trace};
use parking_lot::Mutex;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::graph::EdgeKind;

mod lives;

/// Traces, and how often they were read.
#[derive(Debug, Default)]
struct Store {
    traces: Mutex<HashMap<TraceId, Held>>,
    reads: Mutex<usize>,
    observers: Vec<Arc<dyn ProjectionObserver>>,
}

/// A trace's documents and what was made of them.
type Held = (Vec<Received>, Arc<Projection>);

#[async_trait]
impl Scan for Store {
    async fn settle(&self) -> Result<(), ScanError> {
        Ok(())
    }

    fn held_since(&self) -> Option<TimestampMicros> {
        None
    }

    async fn projections(
        &self,
        candidates: &Candidates,
    ) -> Result<Vec<Arc<Projection>>, ScanError> {
        *self.reads.lock() += 1;
        let traces = self.traces.lock();
        let fitting = traces.values().filter(|(documents, _)| {
            let mut at = documents.iter().map(|document| document.at);
            at.any(|at| candidates.range.contains(&at))
        });
        Ok(fitting
            .map(|(_, projection)| Arc::clone(projection))
            .collect())
    }

    async fn by_id(&self, trace: TraceId) -> Result<Option<Arc<Projection>>, ScanError> {
        let traces = self.traces.lock();
        Ok(traces
            .get(&trace)
            .map(|(_, projection)| Arc::clone(projection)))
    }

    async fn documents(&self, _trace: TraceId) -> Result<Vec<Received>, ScanError> {
        unreachable!("rollups read no documents")
    }
}

impl Store {
    /// Takes a document, tells the rollups, then makes it readable.
    fn put(&self, second: i64, document: &Value) {
        let document = Arc::new(Document::parse(document.to_string().as_bytes()).unwrap());
        let trace = document.trace_id;
        let mut traces = self.traces.lock();
        let known = traces.get(&trace).cloned();
        let (mut documents, before) = known.map_or((Vec::new(), None), |(documents, before)| {
            (documents, Some(before))
        });
        documents.push(Received {
            document,
            at: at(second),
        });
        let now = Arc::new(Trace::assemble(trace, &documents).projection());
        for observer in &self.observers {
            observer.projected(before.as_ref(), &now);
        }
        traces.insert(trace, (documents, now));
    }

    fn reads(&self) -> usize {
        *self.reads.lock()
    }
}

/// The graphs of what arrived in each of the parts, of projections that are all held.
fn direct(
    parts: &[Range<TimestampMicros>],
    projections: &[Arc<Projection>],
    linked: &HashMap<TraceId, Arc<Projection>>,
    joined: impl Fn(TraceId) -> Option<Joined>,
) -> Vec<Graph> {
    let mut direct = Direct::new(parts.to_vec());
    direct.add(projections, linked, joined);
    direct.finish()
}

/// Traces with a root are members, from the document on that brought it.
#[derive(Debug, Default)]
struct Rooted(Mutex<HashMap<TraceId, Joined>>);

const GROUP: Traces = Traces::Of(GroupId(7));

impl Members for Rooted {
    fn joined(&self, _: GroupId, trace: TraceId) -> Option<Joined> {
        self.0.lock().get(&trace).copied()
    }
}

impl ProjectionObserver for Rooted {
    fn projected(&self, _: Option<&Arc<Projection>>, now: &Arc<Projection>) {
        if now.root.is_some() {
            let joined = Joined {
                at: now.last_received,
                version: 1,
            };
            self.0.lock().entry(now.id).or_insert(joined);
        }
    }

    fn forgotten(&self, _: TraceId) {}
}

fn at(second: i64) -> TimestampMicros {
    TimestampMicros(second * 1_000_000)
}

fn graphs(memory_bytes: usize) -> (Arc<Store>, Graphs) {
    let members = Arc::new(Rooted::default());
    let rollups = Arc::new(Rollups::new(Arc::<Rooted>::clone(&members), memory_bytes));
    let store = Arc::new(Store {
        observers: vec![members, Arc::<Rollups>::clone(&rollups)],
        ..Store::default()
    });
    (Arc::clone(&store), Graphs::new(store, rollups))
}

fn trace_id(number: u32) -> String {
    format!("1-67891233-{number:024x}")
}

fn root(trace: u32, seconds: f64) -> Value {
    json!({
        "name": "shop", "id": format!("{trace:08}00000001"), "trace_id": trace_id(trace),
        "start_time": f64::from(trace) * 7.25, "end_time": f64::from(trace) * 7.25 + seconds,
        "subsegments": [{
            "name": "cart-api", "id": format!("{trace:08}00000002"), "namespace": "remote",
            "start_time": f64::from(trace) * 7.25, "end_time": f64::from(trace) * 7.25 + seconds / 2.0
        }]
    })
}

fn callee(trace: u32, seconds: f64) -> Value {
    json!({
        "name": "cart", "id": format!("{trace:08}00000003"), "trace_id": trace_id(trace),
        "parent_id": format!("{trace:08}00000002"), "start_time": f64::from(trace) * 7.25 - 1.0,
        "end_time": f64::from(trace) * 7.25 + seconds, "fault": trace.is_multiple_of(3)
    })
}

/// A graph so that two that say the same are equal.
fn told(graph: &Graph) -> Vec<String> {
    let name = |place: usize| {
        let key = &graph.nodes[place].key;
        format!("{} {:?}", key.name, key.kind)
    };
    let mut lines = Vec::new();
    for (place, node) in graph.nodes.iter().enumerate() {
        let served = node.served.as_ref();
        let served = served.map(|served| (served.statistics, served.histogram.bins()));
        let rest = (node.state, node.root, node.start, node.end);
        lines.push(format!("{}: {served:?} {rest:?}", name(place)));
        for edge in &node.edges {
            let calls = (
                &edge.calls.statistics,
                edge.calls.histogram.bins(),
                &edge.aliases,
            );
            let ages = (edge.kind, edge.ages.bins());
            lines.push(format!(
                "{} to {}: {calls:?} {ages:?}",
                name(place),
                name(edge.to)
            ));
        }
    }
    lines.sort();
    lines
}

/// What the same question is answered by from projections alone.
fn directly(
    store: &Store,
    rollups: &Rollups,
    traces: Traces,
    window: &Range<TimestampMicros>,
) -> Graph {
    let held = store.traces.lock();
    let projections: Vec<Arc<Projection>> = held.values().map(|(_, now)| Arc::clone(now)).collect();
    let joined = |trace| rollups.joined(traces, trace);
    let linked: HashMap<_, _> = held
        .iter()
        .filter(|(trace, _)| joined(**trace).is_some())
        .map(|(trace, (_, now))| (*trace, Arc::clone(now)))
        .collect();
    let mut made = direct(std::slice::from_ref(window), &projections, &linked, joined);
    made.pop().unwrap().as_of(window.end)
}

/// The graph of one minute.
async fn minute(graphs: &Graphs, minute: i64) -> Arc<Graph> {
    let made = graphs.minutes(Traces::All, minute..minute + 1).await;
    made.unwrap().pop().unwrap().1
}

#[tokio::test]
async fn a_minute_is_made_once_and_again_when_a_trace_of_it_changes() {
    let (store, graphs) = graphs(1 << 20);
    store.put(600, &root(2, 1.0));
    store.put(601, &root(4, 3.0));
    let window = at(540)..at(900);
    let whole = graphs.window(Traces::All, window.clone()).await.unwrap();
    let reads = store.reads();
    let again = graphs.window(Traces::All, window.clone()).await.unwrap();
    assert_eq!(told(&again), told(&whole));
    assert_eq!(store.reads(), reads);
    store.put(700, &callee(2, 0.5));
    let now = graphs.window(Traces::All, window).await.unwrap();
    assert!(
        told(&now).iter().any(|line| line.starts_with("cart None")),
        "{:?}",
        told(&now)
    );
    assert!(store.reads() > reads);
    let minute = minute(&graphs, 10).await;
    assert_eq!(
        minute.nodes.len(),
        2 + 1,
        "the silent callee of the other trace"
    );
}

#[tokio::test]
async fn the_present_minute_is_not_read_again_for_another_end() {
    let (store, graphs) = graphs(1 << 20);
    store.put(610, &root(2, 1.0));
    for end in [620, 630, 640] {
        let graph = graphs.window(Traces::All, at(0)..at(end)).await.unwrap();
        assert_eq!(graph.nodes.len(), 3);
    }
    let reads = store.reads();
    graphs.window(Traces::All, at(0)..at(650)).await.unwrap();
    assert_eq!(store.reads(), reads);
    let before = graphs.window(Traces::All, at(0)..at(609)).await.unwrap();
    assert!(before.is_empty());
}

#[tokio::test]
async fn a_member_counts_from_when_it_joined() {
    let (store, graphs) = graphs(1 << 20);
    store.put(60, &callee(4, 1.0));
    store.put(60, &callee(3, 1.0));
    let minutes = async || {
        let found = graphs.minutes(GROUP, 0..10).await.unwrap();
        let of = |graph: &Graph| {
            let served = graph.nodes.iter().filter_map(|node| node.served.as_ref());
            served.map(|served| served.statistics.total()).sum::<u64>()
        };
        found
            .iter()
            .map(|(minute, graph)| (*minute, of(graph)))
            .collect::<Vec<_>>()
    };
    assert_eq!(minutes().await, []);
    store.put(120, &root(4, 1.0));
    // What was completed before counts when its trace became a member (recorded).
    assert_eq!(minutes().await, [(2, 2)]);
}

#[tokio::test]
async fn a_window_at_the_ends_of_time_is_empty() {
    let (_, graphs) = graphs(1 << 20);
    for start in [i64::MIN, -1, i64::MAX - 30_000_000] {
        let window = TimestampMicros(start)..TimestampMicros(start + 30_000_000);
        assert!(graphs.window(Traces::All, window).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn memory_is_bounded() {
    let limit = 40_000;
    let (store, graphs) = graphs(limit);
    for trace in 0..100 {
        store.put(i64::from(trace) * 60, &root(trace, 1.0));
    }
    let all = graphs.minutes(Traces::All, 0..100).await.unwrap();
    assert_eq!(all.len(), 100);
    assert!(graphs.rollups.memory_bytes() <= limit);
}

/// A consumer's segment, in a trace of its own, of what `trace` sent two seconds earlier.
fn consumer(trace: u32) -> Value {
    let start = f64::from(trace) * 7.25 + 2.0;
    json!({
        "name": "worker", "id": format!("{trace:08}00000009"), "trace_id": trace_id(trace + 100),
        "start_time": start, "end_time": start + 1.0, "fault": true,
        "links": [{
            "trace_id": trace_id(trace), "id": format!("{trace:08}00000001"),
            "attributes": {"aws.xray.reserved.reference_type": "parent"}
        }]
    })
}

#[tokio::test]
async fn a_link_is_an_edge_of_its_own_as_soon_as_both_ends_are_known() {
    let (store, graphs) = graphs(1 << 20);
    store.put(600, &consumer(2));
    let worker = async || {
        let minute = minute(&graphs, 10).await;
        told(&minute)
            .into_iter()
            .filter(|line| line.contains("worker"))
            .collect::<Vec<_>>()
    };
    let alone = worker().await;
    assert_eq!(alone.len(), 3, "{alone:?}");
    store.put(700, &root(2, 1.0));
    let minute = minute(&graphs, 10).await;
    let shop = minute
        .nodes
        .iter()
        .find(|node| &*node.key.name == "shop")
        .unwrap();
    assert_eq!(shop.served.as_ref().unwrap().statistics.total(), 0);
    let [link] = &shop.edges[..] else {
        panic!("{:?}", shop.edges);
    };
    assert_eq!(link.kind, EdgeKind::Link);
    assert_eq!(link.calls.statistics.fault, 1);
    let ages: Vec<f64> = link.ages.bins().iter().map(|bin| bin.value).collect();
    assert_eq!(ages, [2.0]);
}

#[derive(Debug, Clone)]
enum Step {
    Put {
        second: i64,
        document: Value,
    },
    Ask {
        start: i64,
        length: i64,
        group: bool,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let put =
        (0i64..2400, 1u32..12, 0.0..9.0f64, 0..5).prop_map(|(second, trace, seconds, kind)| {
            Step::Put {
                second,
                document: match kind {
                    0 | 1 => root(trace, seconds),
                    2 | 3 => callee(trace, seconds),
                    _ => consumer(trace),
                },
            }
        });
    let ask =
        (-60i64..2400, 0i64..2500, any::<bool>()).prop_map(|(start, length, group)| Step::Ask {
            start,
            length,
            group,
        });
    prop::collection::vec(prop_oneof![2 => put, 1 => ask], 1..40)
}

/// The projections of a few traces, as of some documents.
fn projected(documents: &[(u32, f64, bool)]) -> Vec<Arc<Projection>> {
    let mut traces: BTreeMap<TraceId, Vec<Received>> = BTreeMap::new();
    for (number, (trace, seconds, is_root)) in (0_i64..).zip(documents) {
        let json = match is_root {
            true => root(*trace, *seconds),
            false => callee(*trace, *seconds),
        };
        let document = Arc::new(Document::parse(json.to_string().as_bytes()).unwrap());
        let received = traces.entry(document.trace_id).or_default();
        received.push(Received {
            document,
            at: at(number * 10),
        });
    }
    let traces = traces.iter();
    let projections = traces.map(|(trace, all)| Trace::assemble(*trace, all).projection());
    projections.map(Arc::new).collect()
}

proptest! {
    #[test]
    fn a_tally_from_which_traces_are_taken_away_is_as_if_they_had_never_been_there(
        documents in prop::collection::vec((1u32..5, 0.0..9.0f64, any::<bool>()), 1..12),
        rest in any::<prop::sample::Index>(),
        minute in 0i64..2,
    ) {
        let range = minute_range(minute);
        let tally = |weighed: &[(&[Arc<Projection>], i64)]| {
            let mut tally = Tally::default();
            for (projections, weight) in weighed {
                for projection in *projections {
                    let is_meant = |at| range.contains(&at);
                    tally.add(projection, Joined::ALWAYS, *weight, range.end, is_meant);
                }
            }
            tally
        };
        let before = projected(&documents[..rest.index(documents.len())]);
        let now = projected(&documents);
        let first = tally(&[(&before, 1)]).to_bytes();
        // What is taken away may come before that from which it is.
        let later = tally(&[(&before, -1), (&now, 1)]).to_bytes();
        for order in [[&first, &later], [&later, &first]] {
            let mut merged = Tally::default();
            for part in order {
                merged.merge_bytes(part).unwrap();
            }
            let graph = merged.graph().unwrap().as_of(range.end);
            let made = direct(std::slice::from_ref(&range), &now, &HashMap::new(), |_| Some(Joined::ALWAYS));
            let expected = made.into_iter().next().unwrap().as_of(range.end);
            prop_assert_eq!(told(&graph), told(&expected));
        }
        prop_assert!(before.is_empty() || tally(&[(&before, -1)]).graph().is_none_or(|graph| graph.is_empty()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn rollups_answer_as_projections_do(steps in steps(), memory in prop_oneof![Just(1 << 20), Just(3_000)]) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (store, graphs) = graphs(memory);
        runtime.block_on(async {
            for step in steps {
                match step {
                    Step::Put { second, document } => store.put(second, &document),
                    Step::Ask { start, length, group } => {
                        let traces = if group { GROUP } else { Traces::All };
                        let window = at(start)..at(start + length);
                        let graph = graphs.window(traces, window.clone()).await.unwrap();
                        let expected = directly(&store, &graphs.rollups, traces, &window);
                        prop_assert_eq!(told(&graph), told(&expected));
                    }
                }
            }
            Ok(())
        })?;
    }
}
