//! A Parquet file of ours, open: its footer without our texts and its page index are held, its rows are not.

use std::iter;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use fluoro_model::TraceId;
use parquet::basic::Compression;
use parquet::bloom_filter::Sbbf;
use parquet::column::reader::get_column_reader;
use parquet::data_type::{DataType, FixedLenByteArray};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, KeyValue, PageIndexPolicy, ParquetMetaData,
    ParquetMetaDataBuilder, ParquetMetaDataReader,
};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::reader::ChunkReader;
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::file::statistics::Statistics;
use parquet::schema::types::{ColumnDescPtr, TypePtr};

use crate::BlockError;
use crate::column::Leaf;
use crate::pages::Pages;

/// See the module.
#[derive(Debug)]
pub(crate) struct OpenFile<R> {
    file: Arc<R>,
    metadata: ParquetMetaData,
}

/// The texts of a footer.
#[derive(Debug)]
pub(crate) struct Texts(pub(crate) Vec<KeyValue>);

/// What a file of a kind has.
pub(crate) struct Kind {
    pub(crate) schema: &'static LazyLock<TypePtr>,
    /// The footer's key for the version.
    pub(crate) version_key: &'static str,
    /// The newest that we read.
    pub(crate) version: u32,
}

/// How many rows a page has at most.
pub(crate) const PAGE_ROWS: usize = 512;

/// How many rows are read at a time by who reads all: pages are not cut by it,
const SLICE: usize = 8 * PAGE_ROWS;
/// unless their values take more bytes.
pub(crate) const SLICE_BYTES: usize = 8 << 20;

// === impl OpenFile ===

impl<R: ChunkReader + 'static> OpenFile<R> {
    /// Reads the footer, and returns its texts, too.
    ///
    /// # Errors
    ///
    /// When the file is not one of that kind, or is of a newer version.
    pub(crate) fn open(file: R, kind: &Kind) -> std::result::Result<(Self, Texts), BlockError> {
        let mut reader =
            ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Required);
        reader.try_parse(&file)?;
        let metadata = reader.finish()?;
        let texts = metadata.file_metadata().key_value_metadata();
        let texts = Texts(texts.cloned().unwrap_or_default());
        let found = texts.value(kind.version_key)?;
        let found = found
            .parse()
            .map_err(|_| BlockError::Foreign("its version is no number"))?;
        if found > kind.version {
            return Err(BlockError::Newer {
                found,
                known: kind.version,
            });
        }
        let columns = metadata.file_metadata().schema_descr().root_schema();
        if columns != &***kind.schema {
            return Err(BlockError::Foreign("it has other columns"));
        }
        let open = Self {
            file: Arc::new(file),
            metadata: without_texts(metadata),
        };
        Ok((open, texts))
    }

    /// How many bytes of memory what is held takes, roughly.
    pub(crate) fn held_bytes(&self) -> usize {
        self.metadata.memory_size()
    }

    pub(crate) fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        (0..self.groups()).map(|group| self.rows(group)).sum()
    }

    /// How many row groups there are.
    pub(crate) fn groups(&self) -> usize {
        self.metadata.num_row_groups()
    }

    /// How many rows a row group has.
    pub(crate) fn rows(&self, group: usize) -> usize {
        usize::try_from(self.metadata.row_group(group).num_rows()).unwrap_or_default()
    }

    /// Whether a row group may have this id in a column of ids, by the least and the greatest.
    pub(crate) fn may_span(&self, group: usize, column: usize, id: &[u8]) -> bool {
        let (least, most) = self.span(group, column);
        least.is_none_or(|least| least <= id) && most.is_none_or(|most| most >= id)
    }

    /// The least and the greatest of a column of ids, as far as they are known.
    pub(crate) fn span(&self, group: usize, column: usize) -> (Option<&[u8]>, Option<&[u8]>) {
        let statistics = self.metadata.row_group(group).column(column).statistics();
        let Some(Statistics::FixedLenByteArray(ids)) = statistics else {
            return (None, None);
        };
        let (least, most) = (ids.min_opt(), ids.max_opt());
        (least.map(|id| id.data()), most.map(|id| id.data()))
    }

    /// The rows of all row groups, some thousand at a time, or fewer, so that the values of no batch take more than so many
    /// bytes unless it is one row. Files do not tell how long values are, as a page may have one once for all rows: `read` reads
    /// some rows of a row group, gives up once they take more than it is told, and says how many bytes they took.
    pub(crate) fn batches<Row>(
        &self,
        bytes: usize,
        read: impl Fn(usize, &Range<usize>, usize) -> (Result<Vec<Row>>, usize),
    ) -> impl Iterator<Item = std::result::Result<Vec<Row>, BlockError>> {
        let (mut group, mut begin, mut step) = (0, 0, self.step(0, bytes));
        iter::from_fn(move || {
            while group < self.groups() {
                let rows = begin..self.rows(group).min(begin + step);
                if rows.is_empty() {
                    (group, begin) = (group + 1, 0);
                    step = step.min(self.step(group, bytes));
                    continue;
                }
                let most = if rows.len() > 1 { bytes } else { usize::MAX };
                let (batch, taken) = read(group, &rows, most);
                if taken > most {
                    step = (rows.len() / 2).max(1);
                    continue;
                }
                begin = rows.end;
                if taken < bytes / 4 {
                    step = SLICE.min(step * 2);
                }
                return Some(batch.map_err(BlockError::from));
            }
            None
        })
    }

    /// How many rows of a row group may take so many bytes when all are about as long.
    fn step(&self, group: usize, bytes: usize) -> usize {
        match group < self.groups() {
            true => step(self.rows(group), self.bytes(group), bytes),
            false => SLICE,
        }
    }

    /// How many bytes the values of a row group take, unpacked.
    pub(crate) fn bytes(&self, group: usize) -> usize {
        let bytes = self.metadata.row_group(group).total_byte_size();
        usize::try_from(bytes).unwrap_or_default()
    }

    /// The bloom filter of a column.
    pub(crate) fn filter(&self, group: usize, column: usize) -> Result<Option<Sbbf>> {
        let chunk = self.metadata.row_group(group).column(column);
        Sbbf::read_from_column_chunk(chunk, &*self.file)
    }

    /// The pages of a column of ids that may have this one, each as the rows that it has.
    pub(crate) fn pages_with(&self, group: usize, column: usize, id: &[u8]) -> Vec<Range<usize>> {
        let pages = self.metadata.page_index_for_row_group(group);
        let locations = pages.page_locations(column).into_iter().flatten();
        let mut begins: Vec<usize> = locations
            .map(|page| usize::try_from(page.first_row_index).unwrap_or_default())
            .collect();
        if begins.is_empty() {
            begins.push(0);
        }
        begins.push(self.rows(group));
        let may_have = |page: usize| match pages.column_index(column) {
            Some(ColumnIndexMetaData::FIXED_LEN_BYTE_ARRAY(index)) => {
                let (least, most) = (index.min_value(page), index.max_value(page));
                least.is_none_or(|least| least <= id) && most.is_none_or(|most| most >= id)
            }
            _ => true,
        };
        let pages = begins.windows(2).map(|page| page[0]..page[1]).enumerate();
        pages
            .filter(|(page, _)| may_have(*page))
            .map(|(_, rows)| rows)
            .collect()
    }

    /// Some rows of a column.
    pub(crate) fn leaf<T: DataType>(
        &self,
        group: usize,
        column: usize,
        ranges: &[Range<usize>],
    ) -> Result<Leaf<T::T>> {
        let about = self.about(column);
        let pages = Box::new(self.pages(group, column)?);
        let column = get_column_reader(Arc::clone(&about), pages);
        Leaf::read::<T>(column, &about, ranges)
    }

    /// Which texts of a column fit, of the pages that have some of the rows; and the rows that those pages have.
    pub(crate) fn texts(
        &self,
        group: usize,
        column: usize,
        ranges: &[Range<usize>],
        fits: impl Fn(&[u8]) -> bool,
    ) -> Result<(Vec<usize>, Leaf<bool>)> {
        let pages = self.pages(group, column)?;
        pages.texts(&self.about(column), ranges, fits)
    }

    /// The rows with a text that fits, of the pages that have some of the rows.
    pub(crate) fn rows_with_text(
        &self,
        group: usize,
        column: usize,
        ranges: &[Range<usize>],
        fits: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<usize>> {
        let pages = self.pages(group, column)?;
        pages.rows_with_text(&self.about(column), ranges, fits)
    }

    /// Some values of a column of ids that every row has.
    pub(crate) fn ids(
        &self,
        group: usize,
        column: usize,
        rows: &Range<usize>,
    ) -> Result<Vec<[u8; 16]>> {
        self.pages(group, column)?.ids(rows)
    }

    fn about(&self, column: usize) -> ColumnDescPtr {
        let file = self.metadata.file_metadata();
        file.schema_descr().column(column)
    }

    fn pages(&self, group: usize, column: usize) -> Result<Pages<R>> {
        let chunk = self.metadata.row_group(group).column(column);
        let are_compressed = match chunk.compression() {
            Compression::UNCOMPRESSED => false,
            Compression::ZSTD(_) => true,
            _ => return Err(general("a column that is compressed otherwise")),
        };
        let locations = self.metadata.page_index_for_row_group(group);
        let pages = SerializedPageReader::new(
            Arc::clone(&self.file),
            &uncompressed(chunk)?,
            self.rows(group),
            locations.page_locations(column).cloned(),
        )?;
        Ok(Pages::new(pages, are_compressed))
    }
}

// === impl Texts ===

impl Texts {
    /// What the footer says of a key.
    pub(crate) fn value(&self, key: &str) -> std::result::Result<&str, BlockError> {
        let value = self.find(key);
        value.ok_or(BlockError::Foreign("its footer does not say so"))
    }

    /// The same, if it says anything.
    pub(crate) fn find(&self, key: &str) -> Option<&str> {
        let mut pairs = self.0.iter().filter(|pair| pair.key == key);
        pairs.find_map(|pair| pair.value.as_deref())
    }
}

/// All of so many rows that take so many bytes, some thousand at a time, or fewer where they are long.
pub(crate) fn slices(rows: usize, bytes: usize) -> impl Iterator<Item = Range<usize>> {
    let step = step(rows, bytes, SLICE_BYTES);
    let slices = (0..rows).step_by(step);
    slices.map(move |start| start..rows.min(start + step))
}

/// How many of so many rows that take so many bytes may take `most` bytes when all are about as long.
fn step(rows: usize, bytes: usize, most: usize) -> usize {
    let each = bytes / rows.max(1);
    match most / each.max(1) {
        few @ ..PAGE_ROWS => few.max(1),
        many => SLICE.min(many - many % PAGE_ROWS),
    }
}

/// A footer without its texts: they are many, and are looked at once.
fn without_texts(metadata: ParquetMetaData) -> ParquetMetaData {
    let file = metadata.file_metadata();
    let file = FileMetaData::new(
        file.version(),
        file.num_rows(),
        file.created_by().map(str::to_owned),
        None,
        file.schema_descr_ptr(),
        file.column_orders().cloned(),
    );
    let mut rest = metadata.into_builder();
    ParquetMetaDataBuilder::new(file)
        .set_row_groups(rest.take_row_groups())
        .set_page_index(rest.take_page_index())
        .build()
}

/// Where a column chunk lies, as if its pages were not compressed. [`Pages`] says why.
fn uncompressed(chunk: &ColumnChunkMetaData) -> Result<ColumnChunkMetaData> {
    ColumnChunkMetaData::builder(chunk.column_descr_ptr())
        .set_compression(Compression::UNCOMPRESSED)
        .set_encodings_mask(*chunk.encodings_mask())
        .set_total_compressed_size(chunk.compressed_size())
        .set_total_uncompressed_size(chunk.uncompressed_size())
        .set_num_values(chunk.num_values())
        .set_data_page_offset(chunk.data_page_offset())
        .set_dictionary_page_offset(chunk.dictionary_page_offset())
        .build()
}

pub(crate) fn general(what: impl Into<String>) -> ParquetError {
    ParquetError::General(what.into())
}

pub(crate) fn trace_id(bytes: &FixedLenByteArray) -> Result<TraceId> {
    let bytes = bytes
        .data()
        .try_into()
        .map_err(|_| general("a trace id of another length"))?;
    Ok(TraceId::from_bits(u128::from_be_bytes(bytes)))
}
