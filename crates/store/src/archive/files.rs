//! The files of blocks, open: what they say of themselves (footers, page indexes, bloom filters) is a megabyte for a large block.
//! It is held of the blocks that were asked lately, within a bound, and read again for whoever asks another one.

use std::fmt;
use std::sync::Arc;

use fluoro_block::BlockError as FileError;
use fluoro_block::checked::{Checked, Source};
use fluoro_block::segments::SegmentsFile;
use fluoro_block::traces::TracesFile;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// A file of a block.
pub(super) type File = Checked<Arc<dyn Source>>;

/// The files of a block, open.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) segments: SegmentsFile<File>,
    pub(crate) traces: TracesFile<File>,
}

/// The open files of some blocks, by their numbers.
pub(super) struct OpenFiles(Cache<u64, Arc<Files>, Weight>);

/// In bytes, roughly.
#[derive(Debug, Clone)]
struct Weight;

/// How many bytes are held when nobody says.
const BYTES: u64 = 64 << 20;

/// For how many blocks room is made at first.
const FEW: usize = 64;

// === impl OpenFiles ===

impl OpenFiles {
    pub(super) fn new() -> Self {
        Self(Cache::with_weighter(FEW, BYTES, Weight))
    }

    /// From here on so many bytes are held at most.
    pub(super) fn hold(&self, bytes: usize) {
        self.0.set_capacity(bytes as u64);
    }

    /// How many are held.
    pub(super) fn bytes(&self) -> u64 {
        self.0.weight()
    }

    /// Those of a block. Who asks while they are being opened waits.
    pub(super) fn get(
        &self,
        number: u64,
        open: impl FnOnce() -> Result<Files, FileError>,
    ) -> Result<Arc<Files>, FileError> {
        self.0.get_or_insert_with(&number, || Ok(Arc::new(open()?)))
    }

    pub(super) fn insert(&self, number: u64, files: Files) {
        self.0.insert(number, Arc::new(files));
    }

    pub(super) fn let_go(&self, number: u64) {
        self.0.remove(&number);
    }
}

impl fmt::Debug for OpenFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenFiles")
            .field("blocks", &self.0.len())
            .field("bytes", &self.bytes())
            .finish()
    }
}

impl Weighter<u64, Arc<Files>> for Weight {
    fn weight(&self, _: &u64, files: &Arc<Files>) -> u64 {
        let bytes = files.segments.held_bytes() + files.traces.held_bytes();
        bytes as u64
    }
}
