use std::io;

use parquet::errors::ParquetError;

/// Why a file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// Not a Parquet file, damaged, or the disk failed.
    #[error("failed to use a Parquet file")]
    Parquet(#[from] ParquetError),
    /// A Parquet file, but not one of ours, or not of the kind that was expected.
    #[error("not a file of a block: {0}")]
    Foreign(&'static str),
    /// Written by a newer version of Fluoro.
    #[error("the file has format version {found}, this version of Fluoro reads up to {known}")]
    Newer {
        /// Its version.
        found: u32,
        /// The newest that we know.
        known: u32,
    },
    /// The file, or its checksums, are not what was written.
    #[error("a file of a block is damaged")]
    DamagedFile,
    /// Documents that are coded with models of different origins cannot be copied into one file.
    #[error("the files' models did not grow out of one another")]
    OtherLineage,
    /// A document is not what was written.
    #[error("a document of a block is damaged")]
    Damaged,
}

impl BlockError {
    /// Whether the file is not what was written, so that it never will be read; otherwise it may be out of reach for now.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            // What the disk said: that it ends too early is about the file.
            Self::Parquet(ParquetError::External(source)) => source
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof),
            Self::Parquet(_) | Self::Foreign(_) | Self::DamagedFile | Self::Damaged => true,
            Self::Newer { .. } | Self::OtherLineage => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_fails_is_no_damage() {
        let disk =
            |kind: io::ErrorKind| BlockError::from(ParquetError::from(io::Error::from(kind)));
        assert!(!disk(io::ErrorKind::Other).is_damage());
        assert!(!disk(io::ErrorKind::PermissionDenied).is_damage());
        assert!(disk(io::ErrorKind::UnexpectedEof).is_damage());
        assert!(BlockError::DamagedFile.is_damage());
    }
}
