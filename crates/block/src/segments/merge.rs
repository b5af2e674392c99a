use std::io::Write;

use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::ChunkReader;

use super::{SegmentsFile, SegmentsWriter};
use crate::merge::{in_order, share};
use crate::{BlockError, SegmentRow};

/// Makes one file of several, of the rows that are to be kept. Documents are copied as they are coded.
///
/// # Errors
///
/// [`BlockError::OtherLineage`] when the models of the files did not grow out of one another; otherwise when a file cannot
/// be read, or `out` fails.
pub fn merge<R: ChunkReader + 'static>(
    files: &[&SegmentsFile<R>],
    keep: impl Fn(&SegmentRow) -> bool,
    out: impl Write + Send,
) -> Result<ParquetMetaData, BlockError> {
    let models = files.iter().map(|file| file.model());
    let newest = models.max_by_key(|model| model.journal().len());
    let newest = newest.unwrap_or_default();
    let have_grown = |file: &&SegmentsFile<R>| newest.has_grown_from(&file.model());
    if !files.iter().all(have_grown) {
        return Err(BlockError::OtherLineage);
    }
    let mut writer = SegmentsWriter::new(out)?;
    let bytes = share(files.len());
    let all = files.iter().map(|file| file.all_by(bytes));
    in_order(all, SegmentRow::place, |_, row| {
        if keep(&row) {
            writer.push(row)?;
        }
        Ok(())
    })?;
    writer.finish(&newest)
}
