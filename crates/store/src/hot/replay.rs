//! Rebuilding the hot traces from the log after a start.

use std::sync::{Arc, Weak};

use super::index::Place;
use super::{HotTraces, Progress, ScanError};
use crate::log::{Extent, Position};

/// How much of the log is read at a time, in bytes of documents.
const CHUNK: usize = 4 << 20;

/// Reads what the log held at the start.
pub(super) async fn run(hot: Weak<HotTraces>, extent: Extent) {
    let Some(hot) = hot.upgrade() else { return };
    let started = hot.ambient.ticks_nanos();
    if let Err(error) = hot.replay(extent).await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "cannot rebuild the traces from the log"
        );
        hot.progress.send_modify(|progress| progress.failed = true);
        return;
    }
    let progress = hot.progress();
    tracing::info!(
        documents = progress.documents,
        traces = hot.held().traces,
        log_bytes = extent.bytes,
        millis = (hot.ambient.ticks_nanos() - started) / 1_000_000,
        "traces rebuilt from the log"
    );
}

impl HotTraces {
    async fn replay(&self, extent: Extent) -> Result<(), ScanError> {
        let (live, observers) = (self.archive.live(), Arc::clone(&self.observers));
        self.blocking(move || observers.tell_at_rest(&live))
            .await??;
        if extent.end < self.archive.watermark() {
            tracing::error!("the log ends before what the blocks have of it: a part of it is lost");
            self.archive.rewind(extent.end).await?;
        }
        self.index.lock().begin_at(self.archive.watermark());
        let mut next = Some(extent.first.max(self.archive.watermark()));
        while let Some(from) = next.filter(|from| *from < extent.end) {
            let chunk = self.log.scan(from, CHUNK).await?;
            let documents = chunk.rows.len() as u64;
            {
                let mut index = self.index.lock();
                for (position, _, row) in &chunk.rows {
                    let place = Place::new(*position, row.received, row.bytes as usize);
                    index.add(row.trace, place, false);
                }
            }
            self.note_unflushed(chunk.rows.iter().map(|(.., row)| row.received));
            next = chunk.next;
            let percent_read = percent(extent, next);
            self.progress.send_modify(|progress| {
                progress.documents += documents;
                progress.percent_read = percent_read;
            });
        }
        self.log.resume();
        // The projections are made in the background; who asks earlier waits for them.
        self.wakes.touched.notify_one();
        self.progress.send_modify(|progress| {
            *progress = Progress {
                percent_read: 100,
                caught_up: true,
                ..*progress
            };
        });
        Ok(())
    }
}

/// How far into the log `next` lies.
fn percent(extent: Extent, next: Option<Position>) -> u8 {
    let (first, end) = (extent.first.bits(), extent.end.bits());
    let read = next.map_or(end, |next| next.bits().min(end)) - first;
    let percent = u128::from(read) * 100 / u128::from((end - first).max(1));
    u8::try_from(percent).unwrap_or(100)
}
