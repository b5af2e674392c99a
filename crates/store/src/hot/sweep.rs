//! Upkeep: what is due goes to blocks, blocks are merged, and what is too old, or too much for the disk, goes.

use std::sync::Weak;
use std::time::Duration;

use super::{HotTraces, ScanError};
use crate::archive::{BlockRecord, Dropped};

/// How often is looked for what is due to be flushed.
const TICK: Duration = Duration::from_secs(1);

/// After so many of these is looked for what is due to go.
const SWEEP_EVERY: u32 = 30;

/// How long nothing is tried after a failure.
const PAUSE: Duration = Duration::from_secs(5);

/// Keeps house until the hot traces are dropped.
pub(super) async fn run(hot: Weak<HotTraces>) {
    let mut ticks = 0_u32;
    loop {
        let Some(wakes) = hot.upgrade().map(|hot| std::sync::Arc::clone(&hot.wakes)) else {
            return;
        };
        // Time out or not: either is a tick.
        tokio::time::timeout(TICK, wakes.flush.notified())
            .await
            .ok();
        drop(wakes);
        let Some(hot) = hot.upgrade() else { return };
        if !hot.progress().caught_up {
            continue;
        }
        ticks = ticks.wrapping_add(1);
        if let Err(error) = hot.keep_house(ticks.is_multiple_of(SWEEP_EVERY)).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "cannot bring traces to rest"
            );
            drop(hot);
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl HotTraces {
    async fn keep_house(&self, sweep: bool) -> Result<(), ScanError> {
        if self.is_flush_due() {
            let flushed = self.flush().await;
            self.wakes.flushed.notify_waiters();
            flushed?;
            // One at a time: in between documents may be due again.
            self.compact(false).await?;
        }
        if sweep {
            self.sweep().await?;
        }
        Ok(())
    }

    /// Lets go of what is older than the retention or too much for the disk, and gives back what nobody needs. Runs by
    /// itself from time to time.
    ///
    /// # Errors
    ///
    /// When blocks or the log's files cannot be removed.
    pub async fn sweep(&self) -> Result<(), ScanError> {
        let now = self.ambient.now_micros();
        let oldest = now.saturating_sub(self.settings.retention_micros);
        let unflushed = *self.unflushed.lock();
        if unflushed.is_some_and(|at| at.0 < oldest) {
            self.flush().await?;
        }
        let too_old = self.archive.drop_blocks(|blocks| due(blocks, oldest, now));
        let too_old = too_old.await?;
        self.losses.lock().age += too_old.documents;
        self.let_go(too_old).await?;

        let most = self.settings.disk_bytes;
        let logged = self.log.extent().bytes;
        let too_much = self
            .archive
            .drop_blocks(|blocks| beyond(blocks, logged, most));
        let too_much = too_much.await?;
        self.losses.lock().disk += too_much.documents;
        self.let_go(too_much).await?;

        self.log.release(self.archive.watermark()).await?;
        self.archive.clean().await?;
        self.tell_forgotten().await
    }

    /// Forgets what was in blocks that are gone.
    async fn let_go(&self, dropped: Dropped) -> Result<(), ScanError> {
        {
            let mut index = self.index.lock();
            for range in &dropped.ranges {
                index.cut(range);
            }
            index.note_forgotten(dropped.traces);
        }
        self.tell_forgotten().await
    }
}

/// Which blocks are older than they may be.
///
/// Receipts follow a wall clock, which may have been wrong: one that lies in the future, past `now`, is taken to be as old as
/// the block after it.
fn due(blocks: &[BlockRecord], oldest: i64, now: i64) -> Vec<bool> {
    let mut is_next_due = false;
    let mut due: Vec<bool> = blocks
        .iter()
        .rev()
        .map(|block| {
            let is_ahead = block.last_received > now;
            is_next_due = block.last_received < oldest || (is_ahead && is_next_due);
            is_next_due
        })
        .collect();
    due.reverse();
    due
}

/// Which blocks are the oldest that have to go so that the rest and the log take at most so much.
fn beyond(blocks: &[BlockRecord], logged: u64, most: u64) -> Vec<bool> {
    let all: u64 = blocks.iter().map(|block| block.bytes).sum();
    let mut left = all + logged;
    blocks
        .iter()
        .map(|block| {
            let is_too_much = left > most;
            if is_too_much {
                left -= block.bytes;
            }
            is_too_much
        })
        .collect()
}
