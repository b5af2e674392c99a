//! The engine and the twin against their suite.

use std::sync::Arc;

use async_trait::async_trait;
use fluoro_ambient::{Ambient, ManualClock, SeededEntropy};
use fluoro_model::TimestampMicros;
use fluoro_model::document::Document;
use fluoro_trace::Received;

use super::conformance::{self, Ground};
use super::{MemoryScan, Scan};
use crate::documents::DocumentLog;
use crate::hot::{HotSettings, HotTraces};
use crate::log::MemoryLog;

struct Hot {
    hot: Arc<HotTraces>,
    rests: bool,
}

impl Hot {
    fn new(settings: HotSettings, rests: bool) -> Self {
        let clock = Arc::new(ManualClock::at(1_790_000_600_000_000));
        let ambient = Ambient::new(clock, Arc::new(SeededEntropy::new(1)));
        let log = Arc::new(MemoryLog::default());
        let documents = DocumentLog::open(ambient.clone(), log, Vec::new());
        let hot = HotTraces::open(ambient, documents, settings);
        Self { hot, rests }
    }
}

#[async_trait]
impl Ground for Hot {
    fn scan(&self) -> &dyn Scan {
        &*self.hot
    }

    async fn put(&self, at: TimestampMicros, documents: &[String]) {
        conformance::put(&self.hot, at, documents).await;
    }

    async fn rest(&self) {
        if self.rests {
            self.hot.come_to_rest().await.unwrap();
        }
    }
}

#[async_trait]
impl Ground for MemoryScan {
    fn scan(&self) -> &dyn Scan {
        self
    }

    async fn put(&self, at: TimestampMicros, documents: &[String]) {
        for json in documents {
            let document = Arc::new(Document::parse(json.as_bytes()).unwrap());
            Self::put(self, Received { document, at });
        }
    }

    async fn rest(&self) {}
}

#[tokio::test]
async fn hot_traces_keep_their_promises() {
    conformance::suite(&Hot::new(HotSettings::default(), false)).await;
}

#[tokio::test]
async fn hot_traces_that_came_to_rest_keep_their_promises() {
    conformance::suite(&Hot::new(HotSettings::default(), true)).await;
}

#[tokio::test]
async fn traces_at_rest_that_are_not_hot_keep_their_promises() {
    // What is at rest is evicted at once.
    let settings = HotSettings {
        memory_bytes: 8 << 10,
        cache_bytes: 0,
        ..HotSettings::default()
    };
    conformance::suite(&Hot::new(settings, true)).await;
}

#[tokio::test]
async fn the_twin_keeps_its_promises() {
    conformance::suite(&MemoryScan::default()).await;
}
