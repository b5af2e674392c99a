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
