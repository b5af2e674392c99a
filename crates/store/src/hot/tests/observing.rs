//! What observers are told.

use std::collections::{HashMap, HashSet};
use std::sync::{OnceLock, Weak};

use fluoro_trace::Projection;
use parking_lot::Mutex;

use super::*;

/// Keeps what it was told last of each trace, and sees to it that each call follows the one before.
#[derive(Debug, Default)]
struct Notebook {
    every_delivery: bool,
    last: Mutex<HashMap<TraceId, Arc<Projection>>>,
    revisions: Mutex<Vec<(TraceId, u32)>>,
}

impl ProjectionObserver for Notebook {
    fn projected(&self, before: Option<&Arc<Projection>>, now: &Arc<Projection>) {
        let last = self.last.lock().insert(now.id, Arc::clone(now));
        assert_eq!(before, last.as_ref());
        self.revisions.lock().push((now.id, now.revision));
    }

    fn forgotten(&self, trace: TraceId) {
        assert!(
            self.last.lock().remove(&trace).is_some(),
            "{trace} was told"
        );
    }

    fn wants_every_delivery(&self) -> bool {
        self.every_delivery
    }
}

fn notebook(every_delivery: bool) -> Arc<Notebook> {
    Arc::new(Notebook {
        every_delivery,
        ..Notebook::default()
    })
}

#[tokio::test]
async fn what_is_told_follows_what_was_told_also_when_memory_is_short() {
    let settings = HotSettings {
        memory_bytes: 60_000,
        cache_bytes: 0,
        ..HotSettings::default()
    };
    for every_delivery in [false, true] {
        let notebook = notebook(every_delivery);
        let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
        let bench = Bench::observed(log, settings, vec![Arc::clone(&notebook) as _]);
        let mut random = Random::new(9);
        let mut known = HashSet::new();
        for round in 0..400 {
            let number = u64::try_from(random.below(60)).unwrap();
            known.insert(trace(number));
            let id = 1_000 + u64::try_from(round).unwrap();
            let document = if random.chance(300) {
                segment(number, 1.0)
            } else {
                subsegment(number, id, number)
            };
            bench.put(NOW + round, &[document]).await;
            if random.chance(500) {
                let asked = trace(u64::try_from(random.below(60)).unwrap());
                bench.hot.by_id(asked).await.unwrap();
            }
        }
        bench.hot.refresh_all().await.unwrap();
        assert_eq!(bench.hot.losses(), Losses::default(), "none was let go");
        let last = notebook.last.lock().clone();
        assert_eq!(last.keys().copied().collect::<HashSet<_>>(), known);
        // Some are at rest, if there was time for that.
        for (trace, told) in last {
            assert_eq!(bench.hot.by_id(trace).await.unwrap(), Some(told));
        }
    }
}

#[tokio::test]
async fn every_delivery_is_told_if_one_observer_wants_it() {
    for (every_delivery, expected) in [(false, vec![3]), (true, vec![1, 2, 3])] {
        let notebook = notebook(every_delivery);
        let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
        let observers: Vec<Arc<dyn ProjectionObserver>> = vec![Arc::clone(&notebook) as _];
        let bench = Bench::observed(log, HotSettings::default(), observers);
        bench
            .put(NOW, &[subsegment(1, 7, 1), subsegment(1, 8, 1)])
            .await;
        bench.put(NOW + 1, &[subsegment(1, 9, 1)]).await;
        bench.put(NOW + 2, &[segment(1, 1.0)]).await;
        bench.hot.by_id(trace(1)).await.unwrap();
        bench.hot.by_id(trace(1)).await.unwrap();
        let told = notebook.revisions.lock().clone();
        let expected: Vec<_> = expected
            .into_iter()
            .map(|revision| (trace(1), revision))
            .collect();
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn after_a_start_all_is_told_anew() {
    let disk = SimulatedDisk::new(5);
    let bench = Bench::new(files(&disk), HotSettings::default());
    for number in 0..30 {
        bench.put(NOW, &[segment(number, 1.0)]).await;
        bench.put(NOW + 1, &[subsegment(number, 99, number)]).await;
    }
    let Bench { log, hot, .. } = bench;
    drop((hot, log));
    tokio::task::yield_now().await;

    let notebook = notebook(true);
    let log = reopened(&disk).await;
    let bench = Bench::observed(
        log,
        HotSettings::default(),
        vec![Arc::clone(&notebook) as _],
    );
    bench.hot.caught_up().await.unwrap();
    bench.hot.refresh_all().await.unwrap();
    assert_eq!(notebook.last.lock().len(), 30);
    let revisions = notebook.revisions.lock();
    let of_one: Vec<u32> = revisions
        .iter()
        .filter(|(id, _)| *id == trace(3))
        .map(|(_, revision)| *revision)
        .collect();
    assert_eq!(of_one, [1, 2]);
}

#[tokio::test]
async fn what_is_let_go_is_told() {
    let settings = HotSettings {
        retention_micros: 10_000_000,
        ..HotSettings::default()
    };
    let notebook = notebook(false);
    let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
    let bench = Bench::observed(log, settings, vec![Arc::clone(&notebook) as _]);
    for number in 0..10 {
        bench.put(NOW, &[segment(number, 1.0)]).await;
    }
    bench.hot.flush().await.unwrap();
    bench.put(NOW + 5_000_000, &[subsegment(0, 77, 0)]).await;
    bench.hot.flush().await.unwrap();
    assert_eq!(notebook.last.lock().len(), 10);

    bench.clock.advance_micros(12_000_000);
    bench.hot.sweep().await.unwrap();
    let left: Vec<TraceId> = notebook.last.lock().keys().copied().collect();
    assert_eq!(left, [trace(0)]);
    let rest = bench.hot.by_id(trace(0)).await.unwrap().unwrap();
    assert_eq!(notebook.last.lock()[&trace(0)], rest);
}

/// Lets go of every trace while it is told of one.
#[derive(Debug, Default)]
struct Forgetful {
    hot: OnceLock<Weak<HotTraces>>,
    forgotten: Mutex<Vec<TraceId>>,
}

impl ProjectionObserver for Forgetful {
    fn projected(&self, _: Option<&Arc<Projection>>, _: &Arc<Projection>) {
        let hot = self.hot.get().and_then(Weak::upgrade).unwrap();
        let all = Position::START..Position::from_bits(u64::MAX);
        hot.index.lock().cut(&all);
    }

    fn forgotten(&self, trace: TraceId) {
        self.forgotten.lock().push(trace);
    }
}

#[tokio::test]
async fn what_is_let_go_while_it_is_told_is_told_once() {
    let observer = Arc::new(Forgetful::default());
    let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
    let observers: Vec<Arc<dyn ProjectionObserver>> = vec![Arc::clone(&observer) as _];
    let bench = Bench::observed(log, HotSettings::default(), observers);
    observer.hot.set(Arc::downgrade(&bench.hot)).unwrap();
    for _ in 0..2 {
        bench.put(NOW, &[segment(1, 1.0)]).await;
        bench.hot.refresh_all().await.unwrap();
        assert_eq!(*observer.forgotten.lock(), [trace(1)]);
        observer.forgotten.lock().clear();
    }
    assert_eq!(bench.hot.held().traces, 0);
}
