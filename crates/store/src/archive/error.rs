//! Why traces at rest could not be read or written.

use fluoro_block::BlockError as FileError;

use crate::blocks::BlockError;
use crate::catalog::CatalogError;

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

pub(super) fn file_error(block: u64) -> impl Fn(FileError) -> ArchiveError {
    move |source| ArchiveError::File { block, source }
}
