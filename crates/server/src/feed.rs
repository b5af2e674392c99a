//! What becomes of traces, as it becomes known, for those who follow it.
//!
//! Each reader has a bounded store of news of its own. A trace of which there is news already has its news replaced; when
//! the store is full, the oldest news goes and is counted. So nobody waits for a slow reader, and it knows what it missed.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};

use fluoro_model::{TimestampMicros, TraceId};
use fluoro_store::hot::ProjectionObserver;
use fluoro_trace::Projection;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Traces whose news one reader may have waiting.
const MOST_WAITING: usize = 1_000;

/// Readers at once.
const MOST_READERS: usize = 100;

/// Hands on every projection that is made to whoever reads.
#[derive(Debug, Default)]
pub(crate) struct TraceFeed {
    readers: Mutex<Vec<Weak<Shelf>>>,
}

/// One who reads. Dropping it ends that.
#[derive(Debug)]
pub(crate) struct Reader(Arc<Shelf>);

/// What came since somebody last asked.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// The latest of each trace, in the order in which there first was news of it.
    pub(crate) traces: Vec<Arc<Projection>>,
    /// Traces whose news went because there was too much.
    pub(crate) skipped: u64,
}

/// There are too many readers already.
#[derive(Debug, thiserror::Error)]
#[error("{MOST_READERS} others follow traces already; try again when one has ended")]
pub(crate) struct TooManyReaders;

#[derive(Debug)]
struct Shelf {
    /// What was received before is no news.
    since: TimestampMicros,
    waiting: Mutex<Waiting>,
    put: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    order: VecDeque<TraceId>,
    latest: HashMap<TraceId, Arc<Projection>>,
    skipped: u64,
}

// === impl TraceFeed ===

impl TraceFeed {
    /// Begins to read what is received from `since` on.
    pub(crate) fn read(&self, since: TimestampMicros) -> Result<Reader, TooManyReaders> {
        let shelf = Arc::new(Shelf {
            since,
            waiting: Mutex::default(),
            put: Notify::new(),
        });
        let mut readers = self.readers.lock();
        readers.retain(|reader| reader.strong_count() > 0);
        if readers.len() >= MOST_READERS {
            return Err(TooManyReaders);
        }
        readers.push(Arc::downgrade(&shelf));
        Ok(Reader(shelf))
    }
}

impl ProjectionObserver for TraceFeed {
    fn projected(&self, _before: Option<&Arc<Projection>>, now: &Arc<Projection>) {
        let readers = self.readers.lock();
        for shelf in readers.iter().filter_map(Weak::upgrade) {
            if now.last_received >= shelf.since {
                shelf.waiting.lock().put(now);
                shelf.put.notify_one();
            }
        }
    }

    fn forgotten(&self, _trace: TraceId) {}
}

// === impl Reader ===

impl Reader {
    /// What came since the last time, once something has. Cancel safe: what is not returned waits.
    pub(crate) async fn news(&self) -> News {
        loop {
            let news = self.0.waiting.lock().take();
            if !news.traces.is_empty() {
                return news;
            }
            // Keeps one notice, so that nothing that comes in between is missed.
            self.0.put.notified().await;
        }
    }
}

// === impl Waiting ===

impl Waiting {
    fn put(&mut self, projection: &Arc<Projection>) {
        let trace = projection.id;
        if self.latest.insert(trace, Arc::clone(projection)).is_some() {
            return;
        }
        self.order.push_back(trace);
        if self.order.len() > MOST_WAITING
            && let Some(oldest) = self.order.pop_front()
        {
            self.latest.remove(&oldest);
            self.skipped += 1;
        }
    }

    fn take(&mut self) -> News {
        let mut latest = std::mem::take(&mut self.latest);
        let order = std::mem::take(&mut self.order);
        News {
            traces: order
                .into_iter()
                .filter_map(|trace| latest.remove(&trace))
                .collect(),
            skipped: std::mem::take(&mut self.skipped),
        }
    }
}

#[cfg(test)]
mod tests {
    use fluoro_trace::Trace;

    use super::*;

    fn id(number: u32) -> TraceId {
        TraceId::new(number, [1; 12])
    }

    fn projection(number: u32, revision: u32, received: i64) -> Arc<Projection> {
        let mut projection = Trace::assemble(id(number), &[]).projection();
        projection.revision = revision;
        projection.last_received = TimestampMicros(received);
        Arc::new(projection)
    }

    fn told(news: &News) -> Vec<(TraceId, u32)> {
        let traces = news.traces.iter();
        traces.map(|trace| (trace.id, trace.revision)).collect()
    }

    #[tokio::test]
    async fn news_of_one_trace_is_its_latest() {
        let feed = TraceFeed::default();
        let reader = feed.read(TimestampMicros(10)).unwrap();
        for (number, revision) in [(1, 1), (2, 1), (1, 2)] {
            feed.projected(None, &projection(number, revision, 10));
        }
        let news = reader.news().await;
        assert_eq!(told(&news), [(id(1), 2), (id(2), 1)]);
        assert_eq!(news.skipped, 0);
    }

    #[tokio::test]
    async fn what_was_there_before_is_no_news() {
        let feed = TraceFeed::default();
        let reader = feed.read(TimestampMicros(10)).unwrap();
        feed.projected(None, &projection(1, 1, 9));
        feed.projected(None, &projection(2, 1, 11));
        assert_eq!(told(&reader.news().await), [(id(2), 1)]);
    }

    #[tokio::test]
    async fn a_slow_reader_loses_the_oldest_and_is_told_how_many() {
        let feed = TraceFeed::default();
        let reader = feed.read(TimestampMicros(0)).unwrap();
        for number in 0..1_003 {
            feed.projected(None, &projection(number, 1, 1));
        }
        let news = reader.news().await;
        assert_eq!((news.traces.len(), news.skipped), (1_000, 3));
        assert_eq!(told(&news)[0], (id(3), 1));
        feed.projected(None, &projection(7, 2, 1));
        let news = reader.news().await;
        assert_eq!((told(&news), news.skipped), (vec![(id(7), 2)], 0));
    }

    #[tokio::test]
    async fn readers_are_bounded_and_go_when_they_are_dropped() {
        let feed = TraceFeed::default();
        let readers: Vec<Reader> = (0..MOST_READERS)
            .map(|_| feed.read(TimestampMicros(0)).unwrap())
            .collect();
        feed.read(TimestampMicros(0)).unwrap_err();
        drop(readers);
        feed.read(TimestampMicros(0)).unwrap();
    }
}
