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
        let mut done = Ok(());
        if self.is_flush_due() {
            done = self.flush_due().await;
            // One at a time: in between documents may be due again.
            done = done.and(self.compact(false).await.map(drop));
        } else {
            self.room()(&mut self.index.lock());
        }
        // Whatever failed before: this makes room on the disk.
        if sweep || done.is_err() {
            done = done.and(self.sweep().await);
        }
        done
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
        let flushed = match unflushed.is_some_and(|at| at.0 < oldest) {
            true => self.flush().await,
            false => Ok(()),
        };
        flushed.and(self.let_go_of_what_is_due(oldest, now).await)
    }

    async fn let_go_of_what_is_due(&self, oldest: i64, now: i64) -> Result<(), ScanError> {
        self.archive.clean().await?;
        let too_old = self.archive.drop_blocks(|blocks| due(blocks, oldest, now));
        let too_old = too_old.await?;
        self.losses.lock().age += too_old.documents;
        self.let_go(too_old).await?;

        let most = self.settings.disk_bytes;
        // What is released takes room a while longer, with its file; that is not the blocks' fault.
        let logged = self.log.extent().end.bytes_from(self.archive.watermark());
        let too_much = self
            .archive
            .drop_blocks(|blocks| beyond(blocks, logged, most));
        let too_much = too_much.await?;
        self.losses.lock().disk += too_much.documents;
        self.let_go(too_much).await?;

        self.log.release(self.archive.watermark()).await?;
        self.archive.clean().await?;
        self.let_go_of_models().await?;
        self.tell_forgotten().await
    }

    /// Forgets models with which nothing is coded any more, neither in the log nor in blocks.
    async fn let_go_of_models(&self) -> Result<(), ScanError> {
        let over = self.log.lineages_over(self.archive.watermark());
        let gone = self.archive.forget_models(over).await?;
        self.log.forget(&gone);
        Ok(())
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
