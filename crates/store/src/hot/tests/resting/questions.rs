//! Questions that look through many traces: what they hold, and when they end.

use futures_util::FutureExt as _;

use super::*;
use crate::archive::Elsewhere;
use crate::hot::batches::Asked;

/// Traces at rest that are not hot, ten a second.
async fn many_at_rest(ground: &Ground, traces: u32) -> Bench {
    let bench = ground.start().await;
    for second in 0..traces / 10 {
        let numbers = second * 10..second * 10 + 10;
        let segments = numbers.map(|number| segment(u64::from(number), f64::from(number)));
        let at = NOW + i64::from(second) * 1_000_000;
        bench.put(at, &segments.collect::<Vec<_>>()).await;
    }
    bench.hot.come_to_rest().await.unwrap();
    bench.stop().await;
    let bench = ground.start().await;
    bench.hot.caught_up().await.unwrap();
    assert_eq!(bench.hot.held().traces, 0);
    bench
}

fn all_by(by: Axis, latest: Option<Latest>) -> Candidates {
    Candidates {
        range: TimestampMicros(0)..TimestampMicros(i64::MAX),
        by,
        columns: Columns::Anything,
        latest,
    }
}

#[tokio::test]
async fn a_scan_of_many_traces_holds_no_more_than_a_batch_of_them() {
    let ground = Ground::new(HotSettings {
        cache_bytes: 0,
        ..HotSettings::default()
    });
    let bench = many_at_rest(&ground, 1_500).await;
    let budget = bench.hot.budget();
    for by in [Axis::Start, Axis::Received] {
        let mut finding = bench.hot.open_scan(&all_by(by, None)).await.unwrap();
        let places = budget.held();
        assert!((1_500 * 24..1_500 * 100).contains(&places), "{places}");
        let (mut seen, mut largest) = (BTreeSet::new(), 0);
        while let Some(batch) = finding.next().await.unwrap() {
            assert!(batch.projections.len() <= 256);
            assert_eq!(budget.held(), places + batch.bytes());
            largest = largest.max(batch.bytes());
            seen.extend(batch.projections.iter().map(|made| made.id));
        }
        assert_eq!(seen.len(), 1_500);
        assert!(largest > 0);
        drop(finding);
        assert_eq!(budget.held(), 0);
        assert!(budget.most() <= places + largest, "{by:?}");
    }
}

#[tokio::test]
async fn the_latest_received_come_first_and_the_earlier_ones_are_not_made() {
    let ground = Ground::new(HotSettings {
        cache_bytes: 0,
        ..HotSettings::default()
    });
    let bench = many_at_rest(&ground, 500).await;
    // Some are hot.
    for number in 500..520_u64 {
        let at = NOW + i64::try_from(number).unwrap() * 1_000_000;
        bench.put(at, &[segment(number, 1.0)]).await;
    }
    let latest = Some(Latest {
        before: None,
        rows: 30,
        likely: 30,
    });
    for by in [Axis::Updated, Axis::Received, Axis::ReceivedOrEnded] {
        let mut finding = bench.hot.open_scan(&all_by(by, latest)).await.unwrap();
        let (mut seen, mut earliest, mut until) = (BTreeSet::new(), i64::MAX, None);
        while let Some(batch) = finding.next().await.unwrap() {
            for projection in &batch.projections {
                assert!(until.is_none_or(|until| projection.last_received <= until));
                earliest = earliest.min(projection.last_received.0);
                seen.insert(projection.id);
            }
            if batch.until.is_some() {
                assert!(batch.until.is_some_and(|until| until.0 <= earliest));
                assert_eq!(until.is_none(), seen.len() == 30, "the first stretch");
                until = batch.until;
            }
        }
        assert_eq!(seen.len(), 520, "{by:?}");
    }
}

#[tokio::test]
async fn a_scan_that_would_hold_too_much_is_refused_and_leaves_nothing_behind() {
    let ground = Ground::new(HotSettings {
        cache_bytes: 0,
        question_bytes: 60_000,
        ..HotSettings::default()
    });
    let bench = many_at_rest(&ground, 1_000).await;
    let budget = bench.hot.budget();
    let everything = all_by(Axis::Received, None);
    // There is room for their places, and not for what is made of a batch of them.
    let mut finding = bench.hot.open_scan(&everything).await.unwrap();
    let refused = finding.next().await.unwrap_err();
    assert!(matches!(refused, ScanError::NoRoom) && refused.is_busy());
    // Nor is there for the places of two.
    let refused = bench.hot.open_scan(&everything).await.unwrap_err();
    assert!(matches!(refused, ScanError::NoRoom));
    assert_eq!(budget.refused(), 2);
    drop(finding);
    assert_eq!(budget.held(), 0);
    // Who asks for little is answered.
    let few = Some(Latest {
        before: None,
        rows: 3,
        likely: 3,
    });
    let found = bench.hot.find(&all_by(Axis::Start, few)).await.unwrap();
    assert_eq!(found.projections.len(), 3);
    assert!(bench.hot.by_id(trace(7)).await.unwrap().is_some());
}

#[tokio::test]
async fn scans_of_many_traces_take_turns_and_one_that_is_dropped_gives_way() {
    let ground = Ground::new(HotSettings {
        cache_bytes: 0,
        scans_at_once: 1,
        ..HotSettings::default()
    });
    let bench = many_at_rest(&ground, 1_500).await;
    let everything = all_by(Axis::Received, None);
    let mut first = bench.hot.open_scan(&everything).await.unwrap();
    let mut made = 0;
    while made <= 1_024 {
        made += first.next().await.unwrap().unwrap().projections.len();
    }
    let mut second = bench.hot.open_scan(&everything).await.unwrap();
    let mut waits = 0;
    while waits < 1_024 {
        waits += second.next().await.unwrap().unwrap().projections.len();
    }
    {
        let mut next = std::pin::pin!(second.next());
        assert!(next.as_mut().now_or_never().is_none(), "it has no turn");
    }
    // Who asks for little waits for nobody.
    assert!(bench.hot.by_id(trace(7)).await.unwrap().is_some());
    drop(first);
    while let Some(batch) = second.next().await.unwrap() {
        waits += batch.projections.len();
    }
    assert_eq!(waits, 1_500);
}

#[tokio::test]
async fn looking_at_rest_ends_at_the_next_row_group_when_nobody_waits() {
    let ground = Ground::new(HotSettings::default());
    let bench = many_at_rest(&ground, 10).await;
    let live = bench.hot.archive.live();
    let elsewhere = Elsewhere {
        since: None,
        from: crate::log::Position::from_bits(u64::MAX),
    };
    let look = |goes_on: bool| {
        let mut asked = 0;
        let everything = all_by(Axis::Received, None);
        let nowhere = |traces: &[TraceId]| vec![false; traces.len()];
        let found = live.find(&everything, elsewhere, nowhere, |_| {
            asked += 1;
            goes_on
        });
        (found.unwrap().traces.len(), asked)
    };
    let (all, groups) = look(true);
    assert_eq!(all, 10);
    assert!(groups > 0);
    assert_eq!(look(false), (0, 1));
    let asked = Asked::default();
    let still = asked.still();
    assert!(still());
    drop(asked);
    assert!(!still());
}
