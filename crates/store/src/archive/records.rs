//! What the catalog has of traces at rest: the list of live blocks, and what models have learnt.

use fluoro_shape::Model;
use serde::{Deserialize, Serialize};

use crate::documents::Lineage;

/// The list of live blocks, as the catalog has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ListRecord {
    /// All documents of the log before this position are in the blocks.
    pub(super) watermark: u64,
    /// The oldest first.
    pub(super) blocks: Vec<BlockRecord>,
    /// When the last document was received of the blocks that were let go, in microseconds since the epoch.
    #[serde(default)]
    pub(super) forgotten: Option<i64>,
}

/// A live block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockRecord {
    /// Its number: no two blocks ever have the same.
    pub number: u64,
    /// The lineage of the model that its documents are coded with.
    pub lineage: Lineage,
    /// Where its documents lay in the log: from here on,
    pub from: u64,
    /// and before here.
    pub up_to: u64,
    /// How many documents it has.
    pub documents: u64,
    /// How many rows of traces.
    pub traces: u64,
    /// What its files take, in bytes.
    pub bytes: u64,
    /// When its first document was received, in microseconds since the epoch.
    pub first_received: i64,
    /// When its last one was.
    pub last_received: i64,
    /// Whether it has rollups: one of an older version has none.
    #[serde(default)]
    pub rollups: bool,
}

/// What a model has learnt, as the catalog has it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ModelRecord {
    /// The journal, compressed with zstd, in hexadecimal.
    journal: String,
    /// How long it is.
    bytes: usize,
}

/// The longest journal that is read.
const LARGEST_JOURNAL: usize = 16 << 20;
const JOURNAL_LEVEL: i32 = 3;

/// Where the list of blocks is in the catalog.
pub(super) const LIST: &str = "store/blocks/";

/// The key of the one record there is.
pub(super) const LIVE: &str = "live";

// === impl ModelRecord ===

impl ModelRecord {
    pub(super) fn of(journal: &[u8]) -> Self {
        let compressed = zstd::bulk::compress(journal, JOURNAL_LEVEL);
        Self {
            journal: hex::encode(compressed.expect("memory is all that it takes")),
            bytes: journal.len(),
        }
    }

    pub(super) fn model(&self) -> Option<Model> {
        let compressed = hex::decode(&self.journal).ok()?;
        let most = self.bytes.min(LARGEST_JOURNAL);
        let journal = zstd::bulk::decompress(&compressed, most).ok()?;
        Model::from_journal(&journal).ok()
    }
}
