use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::Write;

use fluoro_model::{TimestampMicros, TraceId};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::ChunkReader;

use super::{SegmentsFile, SegmentsWriter};
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
    let newest = files
        .iter()
        .map(|file| file.model())
        .max_by_key(|model| model.journal().len());
    let newest = newest.cloned().unwrap_or_default();
    if !files.iter().all(|file| newest.has_grown_from(file.model())) {
        return Err(BlockError::OtherLineage);
    }
    let mut writer = SegmentsWriter::new(out)?;
    let mut all: Vec<_> = files.iter().map(|file| Rows::new(file.all())).collect();
    let mut heads = BinaryHeap::new();
    for (index, rows) in all.iter_mut().enumerate() {
        heads.extend(
            rows.next()
                .transpose()?
                .map(|row| Reverse(Head { row, index })),
        );
    }
    while let Some(Reverse(Head { row, index })) = heads.pop() {
        if keep(&row) {
            writer.push(row)?;
        }
        let next = all[index].next().transpose()?;
        heads.extend(next.map(|row| Reverse(Head { row, index })));
    }
    writer.finish(&newest)
}

/// The next row of a file.
struct Head {
    row: SegmentRow,
    index: usize,
}

impl Head {
    fn place(&self) -> ((TraceId, TimestampMicros, TimestampMicros, u32), usize) {
        (self.row.place(), self.index)
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for Head {}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place().cmp(&other.place())
    }
}

/// The rows of a file, of which a row group is held.
struct Rows<I> {
    groups: I,
    group: std::vec::IntoIter<SegmentRow>,
}

impl<I: Iterator<Item = Result<Vec<SegmentRow>, BlockError>>> Rows<I> {
    fn new(groups: I) -> Self {
        let group = Vec::new().into_iter();
        Self { groups, group }
    }

    fn next(&mut self) -> Option<Result<SegmentRow, BlockError>> {
        loop {
            if let Some(row) = self.group.next() {
                return Some(Ok(row));
            }
            match self.groups.next()? {
                Ok(group) => self.group = group.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
