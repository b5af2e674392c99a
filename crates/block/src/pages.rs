//! Pages of a column.
//!
//! Parquet's own reader of pages makes a compressor and a decompressor for every column that is read, which costs more than to
//! read a page. [`Pages`] hands it chunks that say they are not compressed and decompresses itself, with one decompressor a
//! thread. And texts that are only compared are compared where they lie in a page, or once in a dictionary.

use std::cell::RefCell;
use std::ops::Range;

use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::ChunkReader;
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::schema::types::ColumnDescriptor;
use zstd::bulk::Decompressor;

use crate::column::Leaf;
use crate::file::general;

/// No page is as large: it has at most some hundred rows.
const LARGEST_PAGE: usize = 256 << 20;

thread_local! {
    /// Making one costs as much as to decompress some pages.
    static INFLATER: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// The pages of a column chunk.
pub(crate) struct Pages<R: ChunkReader> {
    pages: SerializedPageReader<R>,
    are_compressed: bool,
}

fn inflate(compressed: &[u8]) -> Result<Bytes> {
    let length = zstd::zstd_safe::get_frame_content_size(compressed);
    let length = length
        .ok()
        .flatten()
        .and_then(|length| usize::try_from(length).ok())
        .filter(|length| *length <= LARGEST_PAGE)
        .ok_or_else(|| general("a page that does not say how long it is"))?;
    INFLATER.with_borrow_mut(|inflater| {
        let inflater = match inflater {
            Some(inflater) => inflater,
            None => inflater.insert(Decompressor::new()?),
        };
        Ok(inflater.decompress(compressed, length)?.into())
    })
}

// === impl Pages ===

impl<R: ChunkReader> Pages<R> {
    pub(crate) fn new(pages: SerializedPageReader<R>, are_compressed: bool) -> Self {
        Self {
            pages,
            are_compressed,
        }
    }

    fn inflated(&self, page: Option<Page>) -> Result<Option<Page>> {
        if !self.are_compressed {
            return Ok(page);
        }
        let Some(mut page) = page else {
            return Ok(None);
        };
        match &mut page {
            Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } if !buf.is_empty() => {
                *buf = inflate(buf)?;
            }
            Page::DataPage { .. } | Page::DictionaryPage { .. } => {}
            Page::DataPageV2 { .. } => return Err(general("a page of another version")),
        }
        Ok(Some(page))
    }

    /// The data pages that have some of the rows, and which rows those are; dictionaries go to whoever wants them.
    fn each(
        mut self,
        ranges: &[Range<usize>],
        mut dictionary: impl FnMut(&[u8], usize) -> Result<()>,
        mut data: impl FnMut(Range<usize>, &DataPage) -> Result<()>,
    ) -> Result<()> {
        let mut begin = 0;
        while let Some(about) = self.peek_next_page()? {
            let rows = begin..begin + about.num_rows.unwrap_or_default();
            begin = rows.end;
            let has_some = |range: &Range<usize>| range.start < rows.end && rows.start < range.end;
            if !about.is_dict && !ranges.iter().any(has_some) {
                self.skip_next_page()?;
                continue;
            }
            match self.get_next_page()? {
                Some(Page::DictionaryPage {
                    buf, num_values, ..
                }) => dictionary(&buf, usize::try_from(num_values)?)?,
                Some(Page::DataPage {
                    buf,
                    num_values,
                    encoding,
                    ..
                }) => {
                    let page = DataPage {
                        bytes: buf,
                        values: usize::try_from(num_values)?,
                        encoding,
                    };
                    data(rows, &page)?;
                }
                _ => return Err(general("a page of another version")),
            }
        }
        Ok(())
    }

    /// Which texts fit, of the pages that have some of the rows; and the rows that those pages have.
    pub(crate) fn texts(
        self,
        about: &ColumnDescriptor,
        ranges: &[Range<usize>],
        fits: impl Fn(&[u8]) -> bool,
    ) -> Result<(Vec<usize>, Leaf<bool>)> {
        let mut leaf = Leaf::empty(about);
        let mut rows = Vec::new();
        self.each_of_texts(ranges, &fits, |of, page, words| {
            rows.extend(of);
            page.add_texts(about, words, &fits, &mut leaf)
        })?;
        leaf.checked().map(|leaf| (rows, leaf))
    }

    /// The rows with a text that fits, of the pages that have some of the rows.
    pub(crate) fn rows_with_text(
        self,
        about: &ColumnDescriptor,
        ranges: &[Range<usize>],
        fits: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<usize>> {
        let mut found = Vec::new();
        self.each_of_texts(ranges, &fits, |of, page, words| {
            if !page.may_have_text(about, words, &fits)? {
                return Ok(());
            }
            let mut leaf = Leaf::empty(about);
            page.add_texts(about, words, &fits, &mut leaf)?;
            let leaf = leaf.checked()?;
            let fitting = leaf.entries().filter(|(_, fits)| *fits == Some(&true));
            found.extend(fitting.map(|(row, _)| of.start + row));
            Ok(())
        })?;
        Ok(found)
    }

    /// The data pages that have some of the rows, and of each word of their dictionary whether it fits.
    fn each_of_texts(
        self,
        ranges: &[Range<usize>],
        fits: impl Fn(&[u8]) -> bool,
        mut data: impl FnMut(Range<usize>, &DataPage, &[bool]) -> Result<()>,
    ) -> Result<()> {
        let words = RefCell::new(Vec::new());
        let dictionary = |bytes: &[u8], count: usize| {
            let mut words = words.borrow_mut();
            for text in each_text(bytes).take(count) {
                words.push(fits(text?));
            }
            Ok(())
        };
        self.each(ranges, dictionary, |rows, page| {
            data(rows, page, &words.borrow())
        })
    }

    /// Some values of a column of ids that every row has.
    pub(crate) fn ids(self, rows: &Range<usize>) -> Result<Vec<[u8; 16]>> {
        let mut ids = Vec::with_capacity(rows.len());
        let dictionary = |_: &[u8], _| Err(general("ids of another encoding"));
        self.each(std::slice::from_ref(rows), dictionary, |of, page| {
            let (found, rest) = page.bytes.as_chunks::<16>();
            if page.encoding != Encoding::PLAIN || !rest.is_empty() {
                return Err(general("ids of another encoding"));
            }
            let wanted = rows.start.max(of.start) - of.start..rows.end.min(of.end) - of.start;
            ids.extend_from_slice(found.get(wanted).ok_or_else(too_short)?);
            Ok(())
        })?;
        if ids.len() != rows.len() {
            return Err(too_short());
        }
        Ok(ids)
    }
}

impl<R: ChunkReader> Iterator for Pages<R> {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Result<Page>> {
        self.get_next_page().transpose()
    }
}

impl<R: ChunkReader> PageReader for Pages<R> {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        self.inflated(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }

    fn supports_deferred_dictionary(&self) -> bool {
        self.pages.supports_deferred_dictionary()
    }

    fn take_deferred_dictionary(&mut self) -> Result<Option<Page>> {
        let page = self.pages.take_deferred_dictionary()?;
        self.inflated(page)
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pages.at_record_boundary()
    }
}

/// A page of the format's first version: levels, then values.
struct DataPage {
    bytes: Bytes,
    /// How many there are, those that are absent included.
    values: usize,
    encoding: Encoding,
}

impl DataPage {
    /// The levels of repetition and of definition, and the values.
    fn parts(&self, about: &ColumnDescriptor) -> Result<[&[u8]; 3]> {
        let mut rest = &self.bytes[..];
        let mut levels = |most: i16| {
            if most == 0 {
                return Ok(&[][..]);
            }
            let (length, bytes) = rest.split_first_chunk::<4>().ok_or_else(too_short)?;
            let length = usize::try_from(u32::from_le_bytes(*length))?;
            let (levels, after) = bytes.split_at_checked(length).ok_or_else(too_short)?;
            rest = after;
            Ok::<_, ParquetError>(levels)
        };
        let repetitions = levels(about.max_rep_level())?;
        let definitions = levels(about.max_def_level())?;
        Ok([repetitions, definitions, rest])
    }

    /// Whether a text fits, by the texts themselves or by which words of the dictionary fit; levels are not looked at.
    fn may_have_text(
        &self,
        about: &ColumnDescriptor,
        words: &[bool],
        fits: impl Fn(&[u8]) -> bool,
    ) -> Result<bool> {
        if self.encoding != Encoding::PLAIN {
            return Ok(words.contains(&true));
        }
        let [_, _, values] = self.parts(about)?;
        for text in each_text(values) {
            if fits(text?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Adds which texts fit.
    fn add_texts(
        &self,
        about: &ColumnDescriptor,
        words: &[bool],
        fits: impl Fn(&[u8]) -> bool,
        leaf: &mut Leaf<bool>,
    ) -> Result<()> {
        let [repetitions, definitions, values] = self.parts(about)?;
        let before = leaf.definitions.len();
        let full = about.max_def_level();
        self.add_levels(repetitions, about.max_rep_level(), &mut leaf.repetitions)?;
        self.add_levels(definitions, full, &mut leaf.definitions)?;
        let present = match full {
            0 => self.values,
            full => {
                let levels = leaf.definitions[before..].iter();
                levels.filter(|level| **level == full).count()
            }
        };
        match self.encoding {
            Encoding::PLAIN => {
                let begin = leaf.values.len();
                for text in each_text(values).take(present) {
                    leaf.values.push(fits(text?));
                }
                let found = leaf.values.len() - begin;
                (found == present).then_some(()).ok_or_else(too_short)
            }
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => {
                let (width, indexes) = values.split_first().ok_or_else(too_short)?;
                hybrid(indexes, *width, present, |word, times| {
                    let word = words.get(usize::try_from(word)?).ok_or_else(too_short)?;
                    add(&mut leaf.values, *word, times);
                    Ok(())
                })
            }
            _ => Err(general("texts of another encoding")),
        }
    }

    fn add_levels(&self, packed: &[u8], most: i16, levels: &mut Vec<i16>) -> Result<()> {
        if most == 0 {
            return Ok(());
        }
        let width = u8::try_from(i16::BITS - most.leading_zeros())?;
        hybrid(packed, width, self.values, |level, times| {
            add(levels, i16::try_from(level)?, times);
            Ok(())
        })
    }
}

fn add<T: Copy>(values: &mut Vec<T>, value: T, times: usize) {
    match times {
        1 => values.push(value),
        times => values.extend(std::iter::repeat_n(value, times)),
    }
}

/// Texts, each behind its length.
fn each_text(mut bytes: &[u8]) -> impl Iterator<Item = Result<&[u8]>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let text = bytes.split_first_chunk::<4>().and_then(|(length, rest)| {
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            rest.split_at_checked(length)
        });
        let Some((text, rest)) = text else {
            bytes = &[];
            return Some(Err(too_short()));
        };
        bytes = rest;
        Some(Ok(text))
    })
}

/// So many numbers of so many bits, as Parquet has them: runs of one number, and numbers side by side; handed over with how often.
fn hybrid(
    mut bytes: &[u8],
    width: u8,
    count: usize,
    mut take: impl FnMut(u64, usize) -> Result<()>,
) -> Result<()> {
    let width = usize::from(width);
    if width > 32 {
        return Err(general("numbers of more than 32 bits"));
    }
    let mut left = count;
    while left > 0 {
        let header = varint(&mut bytes)?;
        let (is_packed, runs) = (header & 1 == 1, usize::try_from(header >> 1)?);
        if runs == 0 {
            return Err(too_short());
        }
        if !is_packed {
            let (number, rest) = bytes
                .split_at_checked(width.div_ceil(8))
                .ok_or_else(too_short)?;
            bytes = rest;
            let number = number.iter().rev();
            let number = number.fold(0, |number, byte| number << 8 | u64::from(*byte));
            let times = runs.min(left);
            take(number, times)?;
            left -= times;
            continue;
        }
        // Eight at a time; the last ones may be no numbers of ours, and their bytes may be missing.
        let length = runs.saturating_mul(width).min(bytes.len());
        let (packed, rest) = bytes.split_at(length);
        bytes = rest;
        let numbers = runs.saturating_mul(8).min(left);
        let (mut held, mut bits, mut packed) = (0_u64, 0, packed.iter());
        for _ in 0..numbers {
            while bits < width {
                let byte = packed.next().ok_or_else(too_short)?;
                held |= u64::from(*byte) << bits;
                bits += 8;
            }
            take(held & ((1 << width) - 1), 1)?;
            held >>= width;
            bits -= width;
        }
        left -= numbers;
    }
    Ok(())
}

fn varint(bytes: &mut &[u8]) -> Result<u64> {
    let mut number = 0;
    for shift in (0..35).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or_else(too_short)?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(too_short())
}

fn too_short() -> ParquetError {
    general("a page has too few values")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(bytes: &[u8], width: u8, count: usize) -> Result<Vec<u64>> {
        let mut numbers = Vec::new();
        hybrid(bytes, width, count, |number, times| {
            numbers.extend(std::iter::repeat_n(number, times));
            Ok(())
        })?;
        Ok(numbers)
    }

    /// The format's own example: 0 to 7 in three bits each, side by side (Parquet, Encodings, RLE).
    #[test]
    fn packed_numbers_are_read() {
        let bytes = [0b11, 0b1000_1000, 0b1100_0110, 0b1111_1010];
        assert_eq!(unpacked(&bytes, 3, 8).unwrap(), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(unpacked(&bytes, 3, 5).unwrap(), [0, 1, 2, 3, 4]);
        assert!(unpacked(&bytes, 3, 9).is_err());
        assert!(unpacked(&bytes[..3], 3, 8).is_err());
    }

    #[test]
    fn runs_are_read() {
        let bytes = [0b1100, 0x34, 0x12, 0b10, 7, 0];
        assert_eq!(
            unpacked(&bytes, 13, 7).unwrap(),
            [0x1234, 0x1234, 0x1234, 0x1234, 0x1234, 0x1234, 7]
        );
        assert_eq!(unpacked(&[0x80, 0x01], 0, 3).unwrap(), [0, 0, 0]);
        assert!(unpacked(&[0, 0, 0], 8, 1).is_err());
        assert!(unpacked(&[0xff; 9], 8, 1).is_err());
    }
}
