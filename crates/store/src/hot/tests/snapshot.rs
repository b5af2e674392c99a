//! Going through all that is held.

use std::collections::{BTreeMap, BTreeSet};

use fluoro_block::traces::Parts;

use super::*;
use crate::hot::snapshot::{Depth, Snapshot, Wanted};
use crate::scan::conformance::{deliveries, put, trace as one_of};

fn bench(settings: HotSettings) -> Bench {
    Bench::new(Arc::new(MemoryLog::default()), settings)
}

fn evicting() -> HotSettings {
    HotSettings {
        memory_bytes: 8 << 10,
        cache_bytes: 0,
        ..HotSettings::default()
    }
}

async fn put_all(bench: &Bench, deliveries: &[(TimestampMicros, Vec<String>)]) {
    for (at, documents) in deliveries {
        put(&bench.hot, *at, documents).await;
    }
}

/// How many documents of which trace there are, told in three ways, each trace once.
async fn told(snapshot: &Arc<Snapshot>, wanted: &Wanted) -> BTreeMap<TraceId, usize> {
    let mut of_documents = BTreeMap::new();
    let mut cursor = snapshot.cursor(wanted.clone());
    while let Some(some) = cursor.documents(Depth::Facts).await.unwrap() {
        assert!(!some.is_empty() && some.len() <= 128);
        for (trace, documents) in some {
            let before = of_documents.insert(trace, documents.len());
            assert_eq!(before, None, "a trace is there twice");
        }
    }
    let mut of_rows = BTreeMap::new();
    let mut cursor = snapshot.cursor(wanted.clone());
    while let Some(rows) = cursor.rows(Parts::ALL).await.unwrap() {
        for row in rows {
            let before = of_rows.insert(row.trace, row.documents as usize);
            assert_eq!(before, None, "a trace is there twice");
        }
    }
    let mut of_projections = BTreeSet::new();
    let mut cursor = snapshot.cursor(wanted.clone());
    while let Some(projections) = cursor.projections().await.unwrap() {
        for projection in projections {
            assert!(
                of_projections.insert(projection.id),
                "a trace is there twice"
            );
        }
    }
    assert!(of_projections.iter().eq(of_documents.keys()));
    // A document that changed nothing is one all the same.
    assert_eq!(of_rows, of_documents);
    of_documents
}

#[tokio::test]
async fn each_trace_is_found_once_wherever_it_is() {
    let [before, after] = deliveries();
    let mut counts: BTreeMap<TraceId, usize> = BTreeMap::new();
    for json in before
        .iter()
        .chain(&after)
        .flat_map(|(_, documents)| documents)
    {
        let document = Document::parse(json.as_bytes()).unwrap();
        *counts.entry(document.trace_id).or_default() += 1;
    }
    for settings in [HotSettings::default(), evicting()] {
        for rests in [[false, false], [true, false], [true, true]] {
            let bench = bench(settings);
            for (deliveries, rests) in [&before, &after].into_iter().zip(rests) {
                put_all(&bench, deliveries).await;
                if rests {
                    bench.hot.come_to_rest().await.unwrap();
                }
            }
            let snapshot = bench.hot.snapshot().await.unwrap();
            assert_eq!(told(&snapshot, &Wanted::default()).await, counts);
            let some = [one_of(6), one_of(50), one_of(9_999)];
            let wanted = Wanted {
                traces: Some(some.into_iter().collect()),
                ..Wanted::default()
            };
            let found = told(&snapshot, &wanted).await;
            assert!(found.keys().eq(&some[..2]), "{found:?}");
        }
    }
}

#[tokio::test]
async fn what_changes_meanwhile_neither_doubles_nor_hides_a_trace() {
    let [before, after] = deliveries();
    for settings in [HotSettings::default(), evicting()] {
        for rests in [false, true] {
            let bench = bench(settings);
            put_all(&bench, &before).await;
            if rests {
                bench.hot.come_to_rest().await.unwrap();
            }
            let snapshot = bench.hot.snapshot().await.unwrap();
            let then = told(&snapshot, &Wanted::default()).await;
            // They grow, come to rest, are merged and evicted; and new ones come.
            put_all(&bench, &after).await;
            bench.hot.flush().await.unwrap();
            let same: BTreeSet<TraceId> = ids(&snapshot).await;
            assert!(same.iter().eq(then.keys()));
            put_all(&bench, &[(TimestampMicros(NOW), vec![segment(9_000, 1.0)])]).await;
            bench.hot.come_to_rest().await.unwrap();
            let same: BTreeSet<TraceId> = ids(&snapshot).await;
            assert!(same.iter().eq(then.keys()));
        }
    }
}

async fn ids(snapshot: &Arc<Snapshot>) -> BTreeSet<TraceId> {
    let mut ids = BTreeSet::new();
    let mut cursor = snapshot.cursor(Wanted::default());
    while let Some(rows) = cursor.rows(Parts::default()).await.unwrap() {
        for row in rows {
            assert!(ids.insert(row.trace), "a trace is there twice");
        }
    }
    ids
}

#[tokio::test]
async fn ranges_pass_over_what_they_do_not_mean() {
    let at = |second: i64| TimestampMicros(NOW + second * 1_000_000);
    for settings in [HotSettings::default(), evicting()] {
        for rests in [false, true] {
            let bench = bench(settings);
            // Ten blocks, or none.
            for number in 0_u32..10 {
                let start = f64::from(number);
                bench
                    .put(
                        NOW + i64::from(number) * 1_000_000,
                        &[segment(u64::from(number), start)],
                    )
                    .await;
                if rests {
                    bench.hot.flush().await.unwrap();
                }
            }
            let snapshot = bench.hot.snapshot().await.unwrap();
            let found = async |wanted: Wanted| {
                let found = told(&snapshot, &wanted).await.into_keys();
                found.collect::<Vec<_>>()
            };
            let some = |numbers: std::ops::Range<u64>| numbers.map(trace).collect::<Vec<_>>();
            let start = Some(at(3)..=at(5));
            let wanted = Wanted {
                start,
                ..Wanted::default()
            };
            assert_eq!(found(wanted).await, some(3..6));
            let received = Some(at(7)..=TimestampMicros(i64::MAX));
            let wanted = Wanted {
                received,
                ..Wanted::default()
            };
            assert_eq!(found(wanted).await, some(7..10));
            let wanted = Wanted {
                start: Some(at(-9)..=at(-1)),
                ..Wanted::default()
            };
            assert_eq!(found(wanted).await, []);
        }
    }
}
