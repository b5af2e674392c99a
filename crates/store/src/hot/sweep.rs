//! Retention: what is too old, or too much for the disk, goes.

use std::sync::Weak;
use std::time::Duration;

use fluoro_model::TimestampMicros;

use super::{HotTraces, ScanError};
use crate::log::Position;

/// How often is looked for what is due.
const PERIOD: Duration = Duration::from_secs(30);

/// Sweeps until the hot traces are dropped.
pub(super) async fn run(hot: Weak<HotTraces>) {
    loop {
        tokio::time::sleep(PERIOD).await;
        let Some(hot) = hot.upgrade() else { return };
        if !hot.progress().caught_up {
            continue;
        }
        if let Err(error) = hot.sweep().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "cannot apply retention"
            );
        }
    }
}

impl HotTraces {
    /// Lets go of what is older than the retention or makes the log too large, and gives the log's files back that
    /// nobody needs. Runs by itself from time to time.
    ///
    /// # Errors
    ///
    /// When the log's files cannot be removed.
    pub async fn sweep(&self) -> Result<(), ScanError> {
        let now = self.ambient.now_micros();
        let oldest = now.saturating_sub(self.settings.retention_micros);
        let too_old = self
            .index
            .lock()
            .cut_older(TimestampMicros(oldest), TimestampMicros(now));
        self.losses.lock().age += too_old;

        while let Some(up_to) = self.beyond_size() {
            let too_much = self.index.lock().cut(|place| place.position < up_to);
            self.losses.lock().log_size += too_much;
            self.log.release(up_to).await?;
        }

        let extent = self.log.extent();
        // What was appended a moment ago may not be in the index yet: only what lay in the log at the last sweep
        // can be taken for let go.
        let settled = std::mem::replace(&mut *self.settled.lock(), extent.end);
        let needed = self.index.lock().first_needed();
        let up_to = needed.map_or(settled, |needed| needed.min(settled));
        self.log.release(up_to).await?;
        self.tell_forgotten().await
    }

    /// Where the log's oldest file ends, if the log is too large.
    fn beyond_size(&self) -> Option<Position> {
        let extent = self.log.extent();
        extent
            .oldest_ends
            .filter(|_| extent.bytes > self.settings.log_bytes)
    }
}
