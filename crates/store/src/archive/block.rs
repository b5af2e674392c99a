//! A live block, open, and what is done where it is damaged: what can be read still is; the rest is missing from answers, told
//! once, and counted.
//!
//! Damage is of the bytes. A disk that fails says nothing about what is on it: that is an error for whoever asked.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use fluoro_block::rollups::RollupsFile;
use fluoro_block::segments::{SegmentsFile, SharedModel, StoredDocument, TraceIds};
use fluoro_block::traces::{GroupTimes, TracesFile};
use fluoro_block::{BlockError as FileError, checked};
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_shape::Model;
use parking_lot::Mutex;

use super::files::{File, Files, OpenFiles};
use super::{ArchiveError, BlockRecord};

/// A live block, open.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) record: BlockRecord,
    /// The row groups of its traces: later ones have later starts.
    pub(crate) groups: Vec<GroupTimes>,
    /// The traces of which it may have documents.
    ids: Arc<TraceIds>,
    model: Arc<SharedModel>,
    segments: File,
    traces: File,
    open_files: Arc<OpenFiles>,
    /// The traces of which an older block has a row, too.
    pub(super) again: Vec<TraceId>,
    pub(super) rollups: Option<RollupsFile<Arc<dyn checked::Source>>>,
    /// Whether damage was met in the rollups: they are as none then.
    pub(super) are_rollups_damaged: AtomicBool,
    damage: Damage,
    losses: Arc<Losses>,
}

/// A document: when it was received, which of its delivery it is, and what it says.
pub(super) type Arrived = (TimestampMicros, u32, Bytes);

/// What of a block was found to be damaged.
#[derive(Debug, Default)]
struct Damage {
    is_told: AtomicBool,
    /// The traces of which documents cannot be read.
    lost: Mutex<HashSet<TraceId>>,
}

/// How many documents at rest were found to be unreadable since the start: of a trace in a block at least one.
#[derive(Debug, Default)]
pub(super) struct Losses(AtomicU64);

// === impl Losses ===

impl Losses {
    pub(super) fn documents(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Tells that nothing of a block can be used.
    pub(super) fn of_block(&self, record: &BlockRecord, error: &ArchiveError) {
        self.0.fetch_add(record.documents, Ordering::Relaxed);
        tracing::error!(
            block = record.number,
            documents = record.documents,
            error = error as &dyn std::error::Error,
            "a block is damaged: its traces are missing"
        );
    }
}

// === impl Block ===

impl Block {
    pub(super) fn new(
        record: BlockRecord,
        (segments, traces): (File, File),
        kin: &Arc<SharedModel>,
        rollups: Option<RollupsFile<Arc<dyn checked::Source>>>,
        (open_files, losses): (Arc<OpenFiles>, Arc<Losses>),
    ) -> Result<Self, FileError> {
        let files = Files {
            segments: SegmentsFile::open_among(segments.clone(), kin)?,
            traces: TracesFile::open(traces.clone())?,
        };
        let groups = files.traces.groups();
        let block = Self {
            groups: groups.map(|group| files.traces.times(group)).collect(),
            ids: Arc::clone(files.segments.ids()),
            model: Arc::clone(files.segments.shared_model()),
            again: files.traces.again()?,
            record,
            segments,
            traces,
            rollups,
            are_rollups_damaged: AtomicBool::new(false),
            damage: Damage::default(),
            open_files,
            losses,
        };
        block.open_files.insert(block.record.number, files);
        Ok(block)
    }

    /// Its files, open.
    pub(crate) fn files(&self) -> Result<Arc<Files>, FileError> {
        self.open_files.get(self.record.number, || {
            let (ids, model) = (Arc::clone(&self.ids), Arc::clone(&self.model));
            Ok(Files {
                segments: SegmentsFile::open_again(self.segments.clone(), ids, model)?,
                traces: TracesFile::open(self.traces.clone())?,
            })
        })
    }

    /// Whether there may be documents of the trace, and its row; `false` only when there are none.
    pub(crate) fn may_have(&self, trace: TraceId) -> bool {
        self.ids.may_have(trace)
    }

    /// The same of several traces: what is known of each that is not `true` yet.
    pub(super) fn may_have_each(&self, traces: &[TraceId], known: &mut [bool]) {
        self.ids.may_have_each(traces, known);
    }

    /// What its documents are coded with.
    pub(crate) fn model(&self) -> Arc<Model> {
        self.model.get()
    }

    /// An error of one of the files.
    pub(super) fn failed(&self, source: FileError) -> ArchiveError {
        ArchiveError::File {
            block: self.record.number,
            source,
        }
    }

    /// The documents of these traces, which are in ascending order, each once; of those where a part of the file is damaged that
    /// they need, none.
    pub(super) fn documents(
        &self,
        traces: &[TraceId],
    ) -> Result<Vec<(TraceId, Arrived)>, ArchiveError> {
        let mut found = Vec::new();
        let wanted = traces.iter().copied();
        let traces: Vec<TraceId> = wanted.filter(|trace| self.may_have(*trace)).collect();
        if traces.is_empty() {
            return Ok(found);
        }
        let read = |traces: &[TraceId]| self.files()?.segments.documents(traces);
        if let Some(documents) = self.unless_damaged(read(&traces))? {
            self.take(documents, &mut found)?;
            return Ok(found);
        }
        for trace in traces {
            match self.unless_damaged(read(&[trace]))? {
                Some(documents) => self.take(documents, &mut found)?,
                None => self.lose(trace),
            }
        }
        Ok(found)
    }

    /// Takes documents that are what was written.
    fn take(
        &self,
        documents: Vec<StoredDocument>,
        found: &mut Vec<(TraceId, Arrived)>,
    ) -> Result<(), ArchiveError> {
        for stored in documents {
            let document = stored.document.ok_or(FileError::Damaged);
            match self.unless_damaged(document)? {
                Some(document) => {
                    let arrived = (stored.received, stored.number, document);
                    found.push((stored.trace, arrived));
                }
                None => self.lose(stored.trace),
            }
        }
        Ok(())
    }

    fn lose(&self, trace: TraceId) {
        if self.damage.lost.lock().insert(trace) {
            self.losses.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What was read; `None` where that is damaged.
    pub(super) fn unless_damaged<T>(
        &self,
        read: Result<T, FileError>,
    ) -> Result<Option<T>, ArchiveError> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(error) if error.is_damage() => {
                if !self.damage.is_told.swap(true, Ordering::Relaxed) {
                    tracing::error!(
                        block = self.record.number,
                        error = &error as &dyn std::error::Error,
                        "a block is damaged: some of its traces are missing"
                    );
                }
                Ok(None)
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Whether damage was met here.
    pub(super) fn is_damaged(&self) -> bool {
        self.damage.is_told.load(Ordering::Relaxed)
    }

    /// Reads all of it to see whether it is damaged.
    pub(super) fn examine(&self) -> Result<bool, ArchiveError> {
        if let Some(files) = self.unless_damaged(self.files())? {
            for rows in files.segments.all() {
                self.unless_damaged(rows)?;
            }
            for rows in files.traces.all() {
                self.unless_damaged(rows)?;
            }
        }
        Ok(self.is_damaged())
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // A file that is held open takes room although it was deleted.
        self.open_files.let_go(self.record.number);
    }
}
