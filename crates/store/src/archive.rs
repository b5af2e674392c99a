//! Traces at rest: which blocks there are, and what is in them together.
//!
//! A block is two Parquet files with their checksums: `segments`, a row a document, and `traces`, a row a trace; and
//! [`rollups`], what its traces contribute to the graphs of minutes (`docs/format.md`). Which blocks are live, and up to which position the log is in them, is one record of the catalog: to write
//! it is to commit a flush or a compaction, and whoever reads takes one [`Live`] and keeps to it. A trace that was flushed more
//! than once has documents in several blocks and a row in each: the newest counts.
//!
//! A damaged block keeps its place in the list until it is due to go, and its files stay: whatever can be read of it is.
//!
//! What is deliberately absent: when to flush, and traces that are still hot; see [`crate::hot`].

use std::fmt;
use std::sync::Arc;

use fluoro_shape::Model;
use parking_lot::RwLock;

use crate::blocks::{BlockInfo, Blocks};
use crate::catalog::{Catalog, Expect, Table};
use crate::documents::Lineage;
use crate::log::Position;

mod block;
mod change;
mod compact;
mod drop;
mod encode;
mod error;
mod files;
mod home;
mod live;
mod names;
mod open;
mod read;
mod records;
mod rollups;
mod rows;

pub(crate) use block::Block;
use block::Losses;
use change::Changing;
pub(crate) use drop::Dropped;
pub(crate) use encode::NewBlock;
pub use error::ArchiveError;
use files::OpenFiles;
pub use home::Home;
pub(crate) use live::Live;
use names::number_of;
use open::Kin;
pub(crate) use read::{AtRest, Documents, Elsewhere};
pub use records::BlockRecord;
use records::{LIST, LIVE, ListRecord, ModelRecord};
pub(crate) use rollups::range_of;
pub(crate) use rows::Slice;

/// Traces at rest.
pub struct Archive {
    blocks: Arc<dyn Blocks>,
    list: Table<ListRecord>,
    models: Table<ModelRecord>,
    live: RwLock<Arc<Live>>,
    /// Held while the list is changed.
    changing: tokio::sync::Mutex<Changing>,
    kin: Arc<Kin>,
    open_files: Arc<OpenFiles>,
    losses: Arc<Losses>,
}

// === impl Archive ===

impl Archive {
    /// An archive without blocks, whose catalog has none.
    #[must_use]
    pub fn empty(blocks: Arc<dyn Blocks>, catalog: &Arc<dyn Catalog>) -> Self {
        Self {
            blocks,
            list: Table::new(Arc::clone(catalog), LIST),
            models: Table::new(Arc::clone(catalog), "store/models/"),
            live: RwLock::default(),
            changing: tokio::sync::Mutex::default(),
            kin: Arc::default(),
            open_files: Arc::new(OpenFiles::new()),
            losses: Arc::default(),
        }
    }

    /// Opens all live blocks, and deletes files of others: of those that were being made or deleted when the process ended.
    /// Returns the models that the log may need, too. Damaged blocks are told of, and left where they are.
    ///
    /// # Errors
    ///
    /// When the catalog or the blocks cannot be read, or a block is of a newer version.
    pub async fn open(
        blocks: Arc<dyn Blocks>,
        catalog: &Arc<dyn Catalog>,
    ) -> Result<(Self, Vec<(Lineage, Model)>), ArchiveError> {
        let archive = Self::empty(blocks, catalog);
        let found = archive.list.get(LIVE).await?;
        let files = archive.blocks.list().await?;
        let is_ours = |file: &BlockInfo| number_of(&file.name).is_some();
        let (list, revision) = match found {
            Some(found) => (found.value, found.revision),
            // What has no list at all was not left over: the list is what is missing.
            None if files.iter().any(is_ours) => return Err(ArchiveError::Unlisted),
            None => {
                let list = ListRecord::default();
                let revision = archive.list.put(LIVE, &list, Expect::Absent).await?;
                (list, revision)
            }
        };
        let mut next = list.blocks.iter().map(|block| block.number + 1).max();
        let mut orphans = Vec::new();
        for file in files {
            let Some(number) = number_of(&file.name) else {
                continue;
            };
            next = next.max(Some(number + 1));
            if !list.blocks.iter().any(|block| block.number == number) {
                orphans.push(file.name);
            }
        }
        let mut opened = Vec::with_capacity(list.blocks.len());
        let mut aside = Vec::new();
        for (record, block) in archive.open_blocks(list.blocks).await? {
            match block {
                Ok(block) => opened.push(Arc::new(block)),
                Err(error) if error.is_damage() => {
                    archive.losses.of_block(&record, &error);
                    aside.push(record);
                }
                Err(error) => return Err(error),
            }
        }
        // Only now: had the list not been read whole, nothing would be an orphan for certain.
        for name in orphans {
            archive.blocks.delete(&name).await?;
        }
        let mut models = Vec::new();
        for (key, found) in archive.models.scan("").await? {
            let lineage = u32::from_str_radix(&key, 16).ok().map(Lineage);
            let model = found.value.model();
            if let Some((lineage, model)) = lineage.zip(model) {
                models.push((lineage, model));
            } else {
                tracing::error!(key, "a model of the catalog cannot be read");
            }
        }
        let kept = models
            .iter()
            .map(|(lineage, model)| (*lineage, model.journal().len()))
            .collect();
        // A block has the model that it was coded with, should the catalog's be lost.
        for block in &opened {
            let known = models
                .iter()
                .any(|(lineage, _)| *lineage == block.record.lineage);
            if !known {
                models.push((block.record.lineage, Model::clone(&block.model())));
            }
        }
        let mut live = Live::new(opened, aside, Position::from_bits(list.watermark));
        live.forgotten = list.forgotten;
        *archive.live.write() = Arc::new(live);
        *archive.changing.lock().await = Changing::new(revision, next.unwrap_or(0), kept);
        Ok((archive, models))
    }

    /// The blocks as they are now.
    pub(crate) fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.read())
    }

    /// Up to where the log is in the blocks.
    #[must_use]
    pub fn watermark(&self) -> Position {
        self.live.read().watermark
    }

    /// How many documents damage was found to have taken since the start: of a trace in a block at least one.
    #[must_use]
    pub fn unreadable(&self) -> u64 {
        self.losses.documents()
    }

    /// From here on, what blocks say of themselves takes so many bytes of memory at most, roughly: footers, page indexes, and
    /// bloom filters but those of trace ids.
    pub(crate) fn hold_metadata(&self, bytes: usize) {
        self.open_files.hold(bytes);
    }

    /// How many bytes of that are held now.
    pub(crate) fn metadata_bytes(&self) -> u64 {
        self.open_files.bytes()
    }

    /// The live blocks that can be read, the oldest first.
    #[must_use]
    pub fn blocks(&self) -> Vec<BlockRecord> {
        let live = self.live();
        let records = live.blocks.iter().map(|block| block.record.clone());
        records.collect()
    }

    /// The watermark, once it is known whether an earlier attempt has moved it: who flushes from an older one writes what is in
    /// a block again.
    pub(crate) async fn known_watermark(&self) -> Result<Position, ArchiveError> {
        let _resolved = self.change().await?;
        Ok(self.watermark())
    }

    /// Makes a block live; the log up to the watermark is in it and those before. Nobody sees some of it without the rest, and it
    /// survives a crash, or nothing of it does.
    ///
    /// The catalog has the models before: of what follows in the log, too.
    pub(crate) async fn flush(
        &self,
        new: Option<NewBlock>,
        models: &[(Lineage, Arc<Model>)],
        watermark: Position,
    ) -> Result<(), ArchiveError> {
        let mut changing = self.change().await?;
        let live = self.live();
        let mut blocks = live.blocks.clone();
        for (lineage, model) in models {
            self.keep_model(&mut changing, *lineage, model).await?;
        }
        if let Some(new) = new {
            blocks.push(self.write(&mut changing, new).await?);
        }
        let live = Live::new(blocks, live.aside.clone(), watermark).after(&live);
        self.commit(&mut changing, live).await
    }

    /// Takes note that the log ends before the watermark: it was lost, in part at least, and positions begin anew there.
    pub(crate) async fn rewind(&self, end: Position) -> Result<(), ArchiveError> {
        let mut changing = self.change().await?;
        let live = self.live();
        let moved = |record: &BlockRecord| BlockRecord {
            from: record.from.min(end.bits()),
            up_to: record.up_to.min(end.bits()),
            ..record.clone()
        };
        let mut blocks = Vec::with_capacity(live.blocks.len());
        for block in &live.blocks {
            let opened = self.open_block(moved(&block.record)).await?;
            blocks.push(Arc::new(opened));
        }
        let aside = live.aside.iter().map(moved).collect();
        let live = Live::new(blocks, aside, end).after(&live);
        self.commit(&mut changing, live).await
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("blocks", &self.live().blocks.len())
            .finish_non_exhaustive()
    }
}
