//! What is kept, and where: `GET store`; and all of it brought to rest: `POST settle`.

use fluoro_store::archive::BlockRecord;
use fluoro_store::scan::ScanError;
use serde::Serialize;

use super::OwnApi;
use super::reply::{Problem, Reply};

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct StoreState {
    /// Roughly: those that came again after they had come to rest may be counted twice for a while.
    traces: u64,
    documents: u64,
    hot: Hot,
    log_bytes: u64,
    block_bytes: u64,
    /// Memory of what blocks say of themselves, of those that were asked lately.
    metadata_bytes: u64,
    /// The oldest first.
    blocks: Vec<BlockState>,
}

/// What is in memory.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "HotTraces"))]
struct Hot {
    traces: usize,
    documents: usize,
    memory_bytes: usize,
    cache_bytes: usize,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Block"))]
struct BlockState {
    number: u64,
    documents: u64,
    /// Rows of traces.
    traces: u64,
    bytes: u64,
    /// When its first document was received, in seconds since the epoch.
    first_received: f64,
    /// When its last one was.
    last_received: f64,
}

pub(super) fn state(own: &OwnApi) -> Reply {
    let (kept, held) = (own.hot.kept(), own.hot.held());
    let blocks: Vec<BlockState> = kept.blocks.iter().map(BlockState::of).collect();
    Reply::json(&StoreState {
        traces: kept.traces,
        documents: kept.documents,
        hot: Hot {
            traces: held.traces,
            documents: held.documents,
            memory_bytes: held.memory_bytes,
            cache_bytes: held.cache_bytes,
        },
        log_bytes: kept.log_bytes,
        block_bytes: blocks.iter().map(|block| block.bytes).sum(),
        metadata_bytes: kept.metadata_bytes,
        blocks,
    })
}

/// Answers once all that was received before is in blocks, these are merged as far as they can be, and nothing is left over.
pub(super) async fn settle(own: &OwnApi) -> Result<Reply, Problem> {
    let hot = std::sync::Arc::clone(&own.hot);
    // A task of its own: it is not left half done when who asked goes away.
    let settled = tokio::spawn(async move { hot.come_to_rest().await });
    settled
        .await
        .unwrap_or(Err(ScanError::Closed))
        .map_err(|error| Problem::failed("failed to bring traces to rest", &error))?;
    Ok(state(own))
}

impl BlockState {
    fn of(record: &BlockRecord) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a time in seconds")]
        let seconds = |micros: i64| micros as f64 / 1e6;
        Self {
            number: record.number,
            documents: record.documents,
            traces: record.traces,
            bytes: record.bytes,
            first_received: seconds(record.first_received),
            last_received: seconds(record.last_received),
        }
    }
}
