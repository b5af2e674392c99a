use std::io::Write;

use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::ChunkReader;

use super::{TraceRow, TracesFile, TracesWriter};
use crate::BlockError;
use crate::merge::{in_order, share};

/// Makes one file of several, of the rows that are to be kept: told the number of a row's file among these, and free to
/// change what is no part of its place.
///
/// # Errors
///
/// When a file cannot be read, or `out` fails.
pub fn merge<R: ChunkReader + 'static>(
    files: &[&TracesFile<R>],
    mut keep: impl FnMut(usize, &mut TraceRow) -> bool,
    out: impl Write + Send,
) -> Result<ParquetMetaData, BlockError> {
    let mut writer = TracesWriter::new(out)?;
    let bytes = share(files.len());
    let all = files.iter().map(|file| file.all_by(bytes));
    in_order(all, TraceRow::place, |file, mut row| {
        if keep(file, &mut row) {
            writer.push(row)?;
        }
        Ok(())
    })?;
    writer.finish()
}
