//! How the list of live blocks is changed: files are written first, the list names them then, and what it does not name any more
//! is deleted once nobody reads it. An attempt whose outcome is not known is looked up before anything else is done.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use fluoro_block::checked::Sums;
use fluoro_shape::Model;

use super::encode::Encoded;
use super::error::file_error;
use super::names::{Part, files_of, name_of, sums_of};
use super::records::{LIVE, ListRecord, ModelRecord};
use super::{Archive, ArchiveError, Block, BlockRecord, Live, NewBlock};
use crate::blocks::BlockError;
use crate::catalog::{Expect, Revision};
use crate::documents::Lineage;

#[derive(Debug, Default)]
pub(super) struct Changing {
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

// === impl Changing ===

impl Changing {
    /// What the list is, and the number of the next block, where the catalog has so much of each model.
    pub(super) fn new(revision: Revision, next: u64, models: BTreeMap<Lineage, usize>) -> Self {
        Self {
            revision: Some(revision),
            next,
            models,
            ..Self::default()
        }
    }

    /// A number for a new block. Unless a list with it is written, its files are deleted.
    pub(super) fn new_number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        self.retired.push(Retired {
            number,
            block: Weak::new(),
        });
        number
    }
}

// === impl Archive ===

impl Archive {
    /// The right to change the list, when it is known what it is.
    pub(super) async fn change(
        &self,
    ) -> Result<tokio::sync::MutexGuard<'_, Changing>, ArchiveError> {
        let mut changing = self.changing.lock().await;
        self.resolve(&mut changing).await?;
        Ok(changing)
    }

    pub(super) async fn commit(
        &self,
        changing: &mut Changing,
        live: Live,
    ) -> Result<(), ArchiveError> {
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

    /// Puts what was learnt into the catalog: what follows in the log is read with it.
    pub(super) async fn keep_model(
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
        self.models
            .put(&key_of(lineage), &record, Expect::Anything)
            .await?;
        *kept = journal.len();
        Ok(())
    }

    /// Lets go of what the catalog has of models with which nothing in the log is coded, as far as no block needs them; returns
    /// whose those were.
    pub(crate) async fn forget_models(
        &self,
        over: Vec<Lineage>,
    ) -> Result<Vec<Lineage>, ArchiveError> {
        let mut changing = self.change().await?;
        let records = self.live().records();
        let needed = |lineage: &Lineage| records.iter().any(|record| record.lineage == *lineage);
        let gone: Vec<Lineage> = over.into_iter().filter(|of| !needed(of)).collect();
        for lineage in &gone {
            self.models
                .delete(&key_of(*lineage), Expect::Anything)
                .await?;
            changing.models.remove(lineage);
        }
        Ok(gone)
    }

    pub(super) async fn write(
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
    pub(super) async fn put(
        &self,
        number: u64,
        encoded: Encoded,
    ) -> Result<Arc<Block>, ArchiveError> {
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
}

/// Where the catalog has a lineage's model.
fn key_of(lineage: Lineage) -> String {
    format!("{:08x}", lineage.0)
}
