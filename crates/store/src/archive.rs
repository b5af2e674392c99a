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

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use fluoro_block::BlockError as FileError;
use fluoro_block::checked::{Checked, Source, Sums};
use fluoro_block::rollups::RollupsFile;
use fluoro_block::segments::SegmentsFile;
use fluoro_block::traces::TracesFile;
use fluoro_model::TraceId;
use fluoro_shape::Model;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::blocks::{BlockError, BlockInfo, BlockName, Blocks};
use crate::catalog::{Catalog, CatalogError, Expect, Revision, Table};
use crate::documents::Lineage;
use crate::log::Position;

mod block;
mod compact;
mod encode;
mod home;
mod read;
mod rollups;
mod rows;

pub(crate) use block::Block;
use block::{File, Losses};
use encode::Encoded;
pub(crate) use encode::NewBlock;
pub use home::Home;
pub(crate) use read::{AtRest, Documents, Elsewhere};
pub(crate) use rollups::range_of;
pub(crate) use rows::Slice;

/// Why traces at rest could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A file of a block could not be made or understood.
    #[error("failed to use block {block}")]
    File {
        /// The block's number.
        block: u64,
        /// What is wrong with it.
        #[source]
        source: FileError,
    },
    /// The engine that keeps the files failed.
    #[error("failed to reach the blocks")]
    Blocks(#[from] BlockError),
    /// The list of blocks could not be read or written.
    #[error("failed to reach the list of blocks")]
    Catalog(#[from] CatalogError),
    /// There are blocks, but no list that says which of them are live: they are of another catalog, or the catalog is lost.
    #[error(
        "there are blocks that no catalog knows of: restore the catalog, or move the blocks away"
    )]
    Unlisted,
    /// The blocks were kept elsewhere, and have not come along.
    #[error(
        "blocks were kept in {before}, and {missing} of their {files} files are not in {now}: copy them there first, or go on in {before}"
    )]
    Moved {
        /// Where they were.
        before: String,
        /// Where they should be.
        now: String,
        /// How many files there must be.
        files: usize,
        /// How many of these are not there.
        missing: usize,
    },
    /// The server is going down.
    #[error("the blocks are closed")]
    Closed,
}

impl ArchiveError {
    /// Whether a block is not what was written.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::File { source, .. } => source.is_damage(),
            Self::Blocks(BlockError::Missing(_)) => true,
            Self::Blocks(_)
            | Self::Catalog(_)
            | Self::Unlisted
            | Self::Moved { .. }
            | Self::Closed => false,
        }
    }
}

/// The list of live blocks, as the catalog has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct ListRecord {
    /// All documents of the log before this position are in the blocks.
    watermark: u64,
    /// The oldest first.
    blocks: Vec<BlockRecord>,
    /// When the last document was received of the blocks that were let go, in microseconds since the epoch.
    #[serde(default)]
    forgotten: Option<i64>,
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
struct ModelRecord {
    /// The journal, compressed with zstd, in hexadecimal.
    journal: String,
    /// How long it is.
    bytes: usize,
}

/// The longest journal that is read.
const LARGEST_JOURNAL: usize = 16 << 20;
const JOURNAL_LEVEL: i32 = 3;

/// Where the list of blocks is in the catalog.
const LIST: &str = "store/blocks/";

/// The key of the one record there is.
const LIVE: &str = "live";

/// So many blocks are opened at the same time: where they are far away, most of that is waiting.
const OPENERS: usize = 16;

/// The blocks at some moment.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// The oldest first.
    pub(crate) blocks: Vec<Arc<Block>>,
    /// Those that are too damaged to be opened, the oldest first.
    aside: Vec<BlockRecord>,
    pub(crate) watermark: Position,
    /// When the last document was received of the blocks that were let go.
    forgotten: Option<i64>,
    /// Of traces that have rows in several blocks, the number of the block whose row counts.
    latest: HashMap<TraceId, u64>,
    /// How many traces there are, roughly.
    pub(crate) traces: u64,
}

/// Traces at rest.
pub struct Archive {
    blocks: Arc<dyn Blocks>,
    list: Table<ListRecord>,
    models: Table<ModelRecord>,
    live: RwLock<Arc<Live>>,
    /// Held while the list is changed.
    changing: tokio::sync::Mutex<Changing>,
    losses: Arc<Losses>,
}

#[derive(Debug, Default)]
struct Changing {
    revision: Option<Revision>,
    /// The number of the next block.
    next: u64,
    /// How much of each model the catalog has.
    models: BTreeMap<Lineage, usize>,
    /// A list that was to be written, until it is known whether it was.
    attempt: Option<Attempt>,
    /// Blocks that are not live any more, or never were, to be deleted once nobody reads them.
    retired: Vec<Retired>,
}

/// A block that is to be deleted.
#[derive(Debug)]
struct Retired {
    number: u64,
    /// It, as long as somebody reads it.
    block: Weak<Block>,
}

/// A list, and the blocks that it makes live.
#[derive(Debug)]
struct Attempt {
    list: ListRecord,
    live: Arc<Live>,
}

impl Changing {
    /// A number for a new block. Unless a list with it is written, its files are deleted.
    fn new_number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        self.retired.push(Retired {
            number,
            block: Weak::new(),
        });
        number
    }
}

/// Blocks that are not live any more.
#[derive(Debug, Default)]
pub(crate) struct Dropped {
    /// How many documents they had.
    pub(crate) documents: u64,
    /// Where these lay in the log.
    pub(crate) ranges: Vec<Range<Position>>,
    /// The traces of which nothing is at rest any more.
    pub(crate) traces: Vec<TraceId>,
}

/// A file of a block.
#[derive(Debug, Clone, Copy)]
enum Part {
    Segments,
    Traces,
    Rollups,
}

/// Whose name that is, or nobody's that we know.
fn number_of(name: &BlockName) -> Option<u64> {
    let (number, _) = name.as_str().split_once('-')?;
    (number.len() == 16)
        .then(|| u64::from_str_radix(number, 16).ok())
        .flatten()
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
        // A block has the model that it was coded with, should the catalog's be lost.
        for block in &opened {
            let known = models
                .iter()
                .any(|(lineage, _)| *lineage == block.record.lineage);
            if !known {
                models.push((block.record.lineage, Model::clone(block.segments.model())));
            }
        }
        let mut live = Live::new(opened, aside, Position::from_bits(list.watermark));
        live.forgotten = list.forgotten;
        *archive.live.write() = Arc::new(live);
        *archive.changing.lock().await = Changing {
            revision: Some(revision),
            next: next.unwrap_or(0),
            models: models
                .iter()
                .map(|(lineage, model)| (*lineage, model.journal().len()))
                .collect(),
            attempt: None,
            retired: Vec::new(),
        };
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

    /// The live blocks that can be read, the oldest first.
    #[must_use]
    pub fn blocks(&self) -> Vec<BlockRecord> {
        let live = self.live();
        let records = live.blocks.iter().map(|block| block.record.clone());
        records.collect()
    }

    /// Makes a block live; the log up to the watermark is in it and those before. Nobody sees some of it without the rest, and it
    /// survives a crash, or nothing of it does.
    pub(crate) async fn flush(
        &self,
        new: Option<NewBlock>,
        watermark: Position,
    ) -> Result<(), ArchiveError> {
        let mut changing = self.change().await?;
        let live = self.live();
        let mut blocks = live.blocks.clone();
        if let Some(new) = new {
            self.keep_model(&mut changing, new.lineage, &new.model)
                .await?;
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

    /// Lets go of the blocks that are due: a flag for each that is live, the oldest first.
    pub(crate) async fn drop_blocks(
        &self,
        due: impl FnOnce(&[BlockRecord]) -> Vec<bool>,
    ) -> Result<Dropped, ArchiveError> {
        let mut changing = self.change().await?;
        let live = self.live();
        let records = live.records();
        let mut dropped = Dropped::default();
        let mut numbers = HashSet::new();
        for (record, _) in records
            .iter()
            .zip(due(&records))
            .filter(|(_, is_due)| *is_due)
        {
            numbers.insert(record.number);
            let range = Position::from_bits(record.from)..Position::from_bits(record.up_to);
            dropped.ranges.push(range);
        }
        if numbers.is_empty() {
            return Ok(dropped);
        }
        let blocks = live.blocks.iter().cloned();
        let (gone, kept): (Vec<_>, Vec<_>) =
            blocks.partition(|block| numbers.contains(&block.record.number));
        // Those of damaged ones were counted.
        dropped.documents = gone.iter().map(|block| block.record.documents).sum();
        let mut aside = live.aside.clone();
        aside.retain(|record| !numbers.contains(&record.number));
        let last = records
            .iter()
            .filter(|record| numbers.contains(&record.number));
        let last = last.map(|record| record.last_received).max();
        let mut left = Live::new(kept, aside, live.watermark).after(&live);
        left.forgotten = left.forgotten.max(last);
        self.commit(&mut changing, left).await?;
        drop(changing);
        let left = self.live();
        let traces = tokio::task::spawn_blocking(move || traces_only_in(&gone, &left));
        dropped.traces = traces.await.map_err(|_| ArchiveError::Closed)??;
        Ok(dropped)
    }

    /// Deletes the files of blocks that are not live any more, and that nobody reads.
    pub(crate) async fn clean(&self) -> Result<(), ArchiveError> {
        let mut changing = self.change().await?;
        let mut read = 0;
        while let Some(retired) = changing.retired.get(read) {
            // A file that is deleted while it is read is not there for its reader in every engine.
            if retired.block.strong_count() > 0 {
                read += 1;
                continue;
            }
            for name in files_of(retired.number) {
                match self.blocks.delete(&name).await {
                    Err(BlockError::Missing(_)) | Ok(()) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            changing.retired.swap_remove(read);
        }
        Ok(())
    }

    async fn commit(&self, changing: &mut Changing, live: Live) -> Result<(), ArchiveError> {
        let live = Arc::new(live);
        let list = ListRecord {
            watermark: live.watermark.bits(),
            blocks: live.records(),
            forgotten: live.forgotten,
        };
        changing.attempt = Some(Attempt {
            list: list.clone(),
            live,
        });
        let expected = changing.revision.map_or(Expect::Absent, Expect::Revision);
        match self.list.put(LIVE, &list, expected).await {
            Ok(revision) => self.adopt(changing, revision),
            Err(error) => {
                let before = changing.revision;
                self.resolve(changing).await?;
                if changing.revision == before {
                    return Err(error.into());
                }
            }
        }
        Ok(())
    }

    /// Finds out what became of an attempt whose outcome is not known. Nothing may be changed or deleted before.
    async fn resolve(&self, changing: &mut Changing) -> Result<(), ArchiveError> {
        let Some(attempt) = &changing.attempt else {
            return Ok(());
        };
        match self.list.get(LIVE).await? {
            Some(found) if found.value == attempt.list => self.adopt(changing, found.revision),
            _ => changing.attempt = None,
        }
        Ok(())
    }

    /// Makes live what was written.
    fn adopt(&self, changing: &mut Changing, revision: Revision) {
        let Some(Attempt { live, .. }) = changing.attempt.take() else {
            return;
        };
        changing.revision = Some(revision);
        changing.retired.retain(|retired| !live.has(retired.number));
        let before = std::mem::replace(&mut *self.live.write(), Arc::clone(&live));
        let blocks = before.blocks.iter();
        let sound = blocks.map(|block| (block.record.number, Arc::downgrade(block)));
        let damaged = before.aside.iter();
        let damaged = damaged.map(|record| (record.number, Weak::new()));
        let gone = sound
            .chain(damaged)
            .filter(|(number, _)| !live.has(*number));
        let retired = gone.map(|(number, block)| Retired { number, block });
        changing.retired.extend(retired);
    }

    /// The right to change the list, when it is known what it is.
    async fn change(&self) -> Result<tokio::sync::MutexGuard<'_, Changing>, ArchiveError> {
        let mut changing = self.changing.lock().await;
        self.resolve(&mut changing).await?;
        Ok(changing)
    }

    /// Puts what was learnt into the catalog: what follows in the log is read with it.
    async fn keep_model(
        &self,
        changing: &mut Changing,
        lineage: Lineage,
        model: &Model,
    ) -> Result<(), ArchiveError> {
        let journal = model.journal();
        let kept = changing.models.entry(lineage).or_default();
        if *kept >= journal.len() {
            return Ok(());
        }
        let record = ModelRecord::of(journal);
        let key = format!("{:08x}", lineage.0);
        self.models.put(&key, &record, Expect::Anything).await?;
        *kept = journal.len();
        Ok(())
    }

    async fn write(
        &self,
        changing: &mut Changing,
        new: NewBlock,
    ) -> Result<Arc<Block>, ArchiveError> {
        let number = changing.new_number();
        let encoded = tokio::task::spawn_blocking(move || new.encode());
        let encoded = encoded.await.map_err(|_| ArchiveError::Closed)?;
        let encoded = encoded.map_err(file_error(number))?;
        self.put(number, encoded).await
    }

    /// Writes the files of a block, which is not live yet.
    async fn put(&self, number: u64, encoded: Encoded) -> Result<Arc<Block>, ArchiveError> {
        let mut bytes = 0;
        let files = [
            (Part::Segments, encoded.segments),
            (Part::Traces, encoded.traces),
        ];
        for (part, content) in files {
            let sums = Bytes::from(Sums::of(&content).to_bytes());
            for (name, content) in [
                (name_of(number, part), Bytes::from(content)),
                (sums_of(number, part), sums),
            ] {
                bytes += content.len() as u64;
                self.blocks.put(&name, content).await?;
            }
        }
        if let Some(rollups) = &encoded.rollups {
            bytes += rollups.len() as u64;
            let name = name_of(number, Part::Rollups);
            self.blocks.put(&name, rollups.clone()).await?;
        }
        let record = BlockRecord {
            number,
            bytes,
            rollups: encoded.rollups.is_some(),
            ..encoded.record
        };
        Ok(Arc::new(self.open_block(record).await?))
    }

    async fn open_block(&self, record: BlockRecord) -> Result<Block, ArchiveError> {
        self.opener().open(record).await
    }

    /// Opens blocks, several at the same time, and returns them in their order.
    async fn open_blocks(
        &self,
        records: Vec<BlockRecord>,
    ) -> Result<Vec<(BlockRecord, Result<Block, ArchiveError>)>, ArchiveError> {
        let mut opened = Vec::with_capacity(records.len());
        let mut waiting = records.into_iter().enumerate();
        let mut opening = JoinSet::new();
        loop {
            while opening.len() < OPENERS
                && let Some((place, record)) = waiting.next()
            {
                let opener = self.opener();
                opening.spawn(async move {
                    let block = opener.open(record.clone()).await;
                    (place, record, block)
                });
            }
            let Some(one) = opening.join_next().await else {
                break;
            };
            opened.push(one.map_err(|_| ArchiveError::Closed)?);
        }
        opened.sort_by_key(|(place, ..)| *place);
        let opened = opened.into_iter();
        Ok(opened.map(|(_, record, block)| (record, block)).collect())
    }

    fn opener(&self) -> Opener {
        Opener {
            blocks: Arc::clone(&self.blocks),
            live: self.live(),
            losses: Arc::clone(&self.losses),
        }
    }
}

/// What it takes to open a block.
struct Opener {
    blocks: Arc<dyn Blocks>,
    live: Arc<Live>,
    losses: Arc<Losses>,
}

// === impl Opener ===

impl Opener {
    async fn open(self, record: BlockRecord) -> Result<Block, ArchiveError> {
        let number = record.number;
        let segments = self.open_file(number, Part::Segments).await?;
        let traces = self.open_file(number, Part::Traces).await?;
        let rollups = match record.rollups {
            true => self.open_rollups(number).await?,
            false => None,
        };
        let Self { live, losses, .. } = self;
        let opened = tokio::task::spawn_blocking(move || {
            let mut segments = SegmentsFile::open(segments)?;
            let kin = live.blocks.iter().rev();
            if let Some(kin) = kin.clone().find(|kin| kin.record.lineage == record.lineage) {
                segments.share_model(kin.segments.model());
            }
            let traces = TracesFile::open(traces)?;
            Block::new(record, segments, traces, rollups, losses)
        });
        let opened = opened.await.map_err(|_| ArchiveError::Closed)?;
        opened.map_err(file_error(number))
    }

    /// The rollups of a block; `None` when they are damaged or of a newer version: then they are made again of its documents.
    async fn open_rollups(
        &self,
        number: u64,
    ) -> Result<Option<RollupsFile<Arc<dyn Source>>>, ArchiveError> {
        let file = match self.blocks.open(&name_of(number, Part::Rollups)).await {
            Err(BlockError::Missing(_)) => Err(FileError::DamagedFile),
            file => Ok(file?),
        };
        let opened = tokio::task::spawn_blocking(move || RollupsFile::open(file?));
        let opened = opened.await.map_err(|_| ArchiveError::Closed)?;
        match opened {
            Ok(rollups) => Ok(Some(rollups)),
            Err(error) if error.is_damage() || matches!(error, FileError::Newer { .. }) => {
                tracing::warn!(
                    block = number,
                    error = &error as &dyn std::error::Error,
                    "the rollups of a block cannot be used"
                );
                Ok(None)
            }
            Err(error) => Err(file_error(number)(error)),
        }
    }

    async fn open_file(&self, number: u64, part: Part) -> Result<File, ArchiveError> {
        let sums = self.blocks.open(&sums_of(number, part)).await?;
        let file = self.blocks.open(&name_of(number, part)).await?;
        let opened = tokio::task::spawn_blocking(move || Checked::new(file, Sums::read(&sums)?));
        let opened = opened.await.map_err(|_| ArchiveError::Closed)?;
        opened.map_err(file_error(number))
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("blocks", &self.live().blocks.len())
            .finish_non_exhaustive()
    }
}

// === impl Live ===

impl Live {
    fn has(&self, number: u64) -> bool {
        let sound = self.blocks.iter().map(|block| &block.record);
        let mut records = sound.chain(&self.aside);
        records.any(|record| record.number == number)
    }

    fn new(blocks: Vec<Arc<Block>>, aside: Vec<BlockRecord>, watermark: Position) -> Self {
        let mut latest = HashMap::new();
        let mut traces = 0_u64;
        for block in &blocks {
            let number = block.record.number;
            traces += block.record.traces;
            for trace in &block.again {
                traces = traces.saturating_sub(1);
                latest.insert(*trace, number);
            }
        }
        Self {
            blocks,
            aside,
            watermark,
            forgotten: None,
            latest,
            traces,
        }
    }

    /// The same, with what was let go before.
    fn after(self, before: &Self) -> Self {
        Self {
            forgotten: before.forgotten,
            ..self
        }
    }

    /// All blocks, damaged ones among them, the oldest first.
    fn records(&self) -> Vec<BlockRecord> {
        let sound = self.blocks.iter().map(|block| &block.record);
        let mut records: Vec<BlockRecord> = sound.chain(&self.aside).cloned().collect();
        records.sort_by_key(|record| record.from);
        records
    }
}

// === impl ModelRecord ===

impl ModelRecord {
    fn of(journal: &[u8]) -> Self {
        let compressed = zstd::bulk::compress(journal, JOURNAL_LEVEL);
        Self {
            journal: hex::encode(compressed.expect("memory is all that it takes")),
            bytes: journal.len(),
        }
    }

    fn model(&self) -> Option<Model> {
        let compressed = hex::decode(&self.journal).ok()?;
        let most = self.bytes.min(LARGEST_JOURNAL);
        let journal = zstd::bulk::decompress(&compressed, most).ok()?;
        Model::from_journal(&journal).ok()
    }
}

/// The traces of which there are rows in the one and none in the others.
fn traces_only_in(gone: &[Arc<Block>], left: &Live) -> Result<Vec<TraceId>, ArchiveError> {
    let mut traces = HashSet::new();
    for block in gone {
        for members in block.traces.members() {
            let members = block.unless_damaged(members)?.into_iter().flatten();
            traces.extend(members.map(|(trace, ..)| trace));
        }
    }
    let only = traces
        .into_iter()
        .filter_map(|trace| match left.row(trace) {
            Ok(None) => Some(Ok(trace)),
            Ok(Some(_)) => None,
            Err(error) if error.is_damage() => None,
            Err(error) => Some(Err(error)),
        });
    only.collect()
}

fn file_error(block: u64) -> impl Fn(FileError) -> ArchiveError {
    move |source| ArchiveError::File { block, source }
}

fn name_of(number: u64, part: Part) -> BlockName {
    let part = match part {
        Part::Segments => "segments.parquet",
        Part::Traces => "traces.parquet",
        Part::Rollups => "rollups",
    };
    BlockName::new(format!("{number:016x}-{part}")).expect("it has no other letters")
}

/// All files of a block, those among them that not every block has.
fn files_of(number: u64) -> [BlockName; 5] {
    [
        name_of(number, Part::Segments),
        sums_of(number, Part::Segments),
        name_of(number, Part::Traces),
        sums_of(number, Part::Traces),
        name_of(number, Part::Rollups),
    ]
}

fn sums_of(number: u64, part: Part) -> BlockName {
    let name = name_of(number, part);
    BlockName::new(format!("{name}.sums")).expect("it has no other letters")
}
