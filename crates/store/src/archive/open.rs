//! Opens the files of blocks.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use fluoro_block::BlockError as FileError;
use fluoro_block::checked::{Checked, Source, Sums};
use fluoro_block::rollups::RollupsFile;
use fluoro_block::segments::SharedModel;
use parking_lot::Mutex;
use tokio::task::JoinSet;

use super::block::Losses;
use super::error::file_error;
use super::files::{File, OpenFiles};
use super::names::{Part, name_of, sums_of};
use super::{Archive, ArchiveError, Block, BlockRecord};
use crate::blocks::{BlockError, Blocks};
use crate::documents::Lineage;

/// So many blocks are opened at the same time: where they are far away, most of that is waiting.
const OPENERS: usize = 16;

/// The models of blocks, by lineage.
#[derive(Debug, Default)]
pub(super) struct Kin(Mutex<HashMap<Lineage, Weak<SharedModel>>>);

/// What it takes to open a block.
struct Opener {
    blocks: Arc<dyn Blocks>,
    kin: Arc<Kin>,
    open_files: Arc<OpenFiles>,
    losses: Arc<Losses>,
}

// === impl Archive ===

impl Archive {
    pub(super) async fn open_block(&self, record: BlockRecord) -> Result<Block, ArchiveError> {
        self.opener().open(record).await
    }

    /// Opens blocks, several at the same time, and returns them in their order.
    pub(super) async fn open_blocks(
        &self,
        records: Vec<BlockRecord>,
    ) -> Result<Vec<(BlockRecord, Result<Block, ArchiveError>)>, ArchiveError> {
        let mut opened = Vec::with_capacity(records.len());
        // The newest first: their models are the longest.
        let mut waiting = records.into_iter().enumerate().rev();
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
            kin: Arc::clone(&self.kin),
            open_files: Arc::clone(&self.open_files),
            losses: Arc::clone(&self.losses),
        }
    }
}

// === impl Kin ===

impl Kin {
    /// That of a lineage.
    fn of(&self, lineage: Lineage) -> Arc<SharedModel> {
        let mut models = self.0.lock();
        if let Some(model) = models.get(&lineage).and_then(Weak::upgrade) {
            return model;
        }
        models.retain(|_, model| model.strong_count() > 0);
        let model = Arc::default();
        models.insert(lineage, Arc::downgrade(&model));
        model
    }
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
        let opened = tokio::task::spawn_blocking(move || {
            let kin = self.kin.of(record.lineage);
            let kept = (self.open_files, self.losses);
            Block::new(record, (segments, traces), &kin, rollups, kept)
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
