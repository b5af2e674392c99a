//! The file `rollups`: what the traces of a block contribute to each minute, ready to be merged.
//!
//! Parts are opaque here: who makes them says which *form* they have. A file says, too, which of its block's traces are in no
//! part, and which minutes its parts and those of older files do not tell rightly any more. It has its own checksums.
//!
//! ```text
//! magic   sections, each zstd   directory, zstd   how long it is inflated   length of the directory, CRC-32 of both   magic
//! ```
//!
//! A section is the parts of some minutes of one kind: of all traces, or of those of a group.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use fluoro_model::{TimestampMicros, TraceId};
use parquet::errors::ParquetError;
use serde::{Deserialize, Serialize};

use crate::BlockError;
use crate::checked::Source;

#[cfg(test)]
mod tests;

/// The version that we write, and the newest that we read.
pub const VERSION: u32 = 1;

/// Parts by what they are of (nothing is all traces), then by minute since the epoch.
pub type Parts = BTreeMap<Box<str>, BTreeMap<i64, Bytes>>;

/// What there is to say of a block's minutes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rollups {
    /// Which form the parts have.
    pub form: u32,
    /// What the traces contribute that are counted here.
    pub parts: Parts,
    /// The block's traces that are not. In order of their ids.
    pub uncounted: Vec<Uncounted>,
    /// The minutes that no part, here and in older files, tells rightly: the first and the last of each stretch.
    pub void: Vec<(i64, i64)>,
    /// Where counted traces have documents in older files.
    pub older: Vec<Older>,
}

/// A trace of the block that is in no part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uncounted {
    /// The trace.
    pub trace: TraceId,
    /// When its first document came in.
    pub first_received: TimestampMicros,
    /// When its last one did.
    pub last_received: TimestampMicros,
}

/// That a counted trace has documents in an older file: without that, its minutes are void.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Older {
    /// When its first document came in, in microseconds since the epoch.
    pub since: i64,
    /// The first minute in which a document came in,
    pub first: i64,
    /// and the last one.
    pub last: i64,
}

/// A file of rollups, open: what it says of traces is held, its parts are not.
#[derive(Debug)]
pub struct RollupsFile<R> {
    file: R,
    directory: Directory,
}

#[derive(Debug, Serialize, Deserialize)]
struct Directory {
    version: u32,
    form: u32,
    uncounted: Vec<(u128, i64, i64)>,
    void: Vec<(i64, i64)>,
    older: Vec<Older>,
    /// By what they are of, then by minute.
    sections: Vec<(Box<str>, Vec<Section>)>,
}

/// Where the parts of some minutes lie.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Section {
    first: i64,
    last: i64,
    at: u64,
    /// How long it is in the file,
    length: u32,
    /// and inflated.
    inflated: u32,
    checksum: u32,
}

const MAGIC: &[u8; 8] = b"FLUOROL1";
/// The directory's length, its checksum, and the magic.
const TAIL: usize = 4 + 4 + MAGIC.len();
/// A section is closed when it has so many bytes.
const SECTION: usize = 256 << 10;
/// More than any directory or section has.
const MOST: u32 = 1 << 30;
const LEVEL: i32 = 3;

const DAMAGED: BlockError = BlockError::DamagedFile;

// === impl Rollups ===

impl Rollups {
    /// The file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        let mut sections = Vec::with_capacity(self.parts.len());
        for (of, minutes) in &self.parts {
            let mut of_it = Vec::new();
            let mut waiting: Vec<(i64, &[u8])> = Vec::new();
            let mut bytes = 0;
            for (minute, part) in minutes {
                waiting.push((*minute, part));
                bytes += part.len();
                if bytes >= SECTION {
                    of_it.push(put_section(&mut file, &waiting));
                    waiting.clear();
                    bytes = 0;
                }
            }
            if !waiting.is_empty() {
                of_it.push(put_section(&mut file, &waiting));
            }
            sections.push((of.clone(), of_it));
        }
        let uncounted = self.uncounted.iter();
        let directory = Directory {
            version: VERSION,
            form: self.form,
            uncounted: uncounted
                .map(|one| {
                    let times = (one.first_received.0, one.last_received.0);
                    (one.trace.bits(), times.0, times.1)
                })
                .collect(),
            void: self.void.clone(),
            older: self.older.clone(),
            sections,
        };
        let directory = to_bytes(&directory);
        let compressed = compressed(&directory);
        let at = file.len();
        file.extend_from_slice(&compressed);
        file.extend(length(&directory).to_le_bytes());
        let checksum = crc32fast::hash(&file[at..]);
        file.extend(length(&compressed).to_le_bytes());
        file.extend(checksum.to_le_bytes());
        file.extend_from_slice(MAGIC);
        file
    }

    /// Notes that these minutes are void, both ends included.
    pub fn add_void(&mut self, first: i64, last: i64) {
        self.void.push((first, last));
    }

    /// Brings what was noted in order: to be done before it is written.
    pub fn settle(&mut self) {
        self.uncounted.sort_unstable_by_key(|one| one.trace);
        self.uncounted.dedup_by_key(|one| one.trace);
        self.older.sort_unstable();
        self.older.dedup();
        self.void.sort_unstable();
        let mut joined: Vec<(i64, i64)> = Vec::with_capacity(self.void.len());
        for (first, last) in self.void.drain(..) {
            match joined.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => {
                    before.1 = before.1.max(last);
                }
                _ => joined.push((first, last)),
            }
        }
        self.void = joined;
        let void = &self.void;
        for minutes in self.parts.values_mut() {
            minutes.retain(|minute, _| !is_in(void, *minute));
        }
        self.parts.retain(|_, minutes| !minutes.is_empty());
    }
}

/// Whether the minute lies in one of these stretches.
fn is_in(stretches: &[(i64, i64)], minute: i64) -> bool {
    let after = stretches.partition_point(|(first, _)| *first <= minute);
    after > 0 && stretches[after - 1].1 >= minute
}

fn put_section(file: &mut Vec<u8>, parts: &[(i64, &[u8])]) -> Section {
    let bytes = to_bytes(&parts);
    let compressed = compressed(&bytes);
    let at = file.len() as u64;
    file.extend_from_slice(&compressed);
    Section {
        first: parts.first().map_or(0, |(minute, _)| *minute),
        last: parts.last().map_or(0, |(minute, _)| *minute),
        at,
        length: length(&compressed),
        inflated: length(&bytes),
        checksum: crc32fast::hash(&compressed),
    }
}

fn to_bytes<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_allocvec(value).expect("memory is all that it takes")
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, LEVEL).expect("memory is all that it takes")
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

// === impl RollupsFile ===

impl<R: Source> RollupsFile<R> {
    /// Reads what it says of traces.
    ///
    /// # Errors
    ///
    /// When it is damaged, of a newer version, or the disk fails.
    pub fn open(file: R) -> Result<Self, BlockError> {
        let end = file.length().map_err(ParquetError::from)?;
        let tail_at = end.checked_sub(TAIL as u64).ok_or(DAMAGED)?;
        let tail = read(&file, tail_at, TAIL)?;
        let (numbers, magic) = tail.split_at(TAIL - MAGIC.len());
        let (&[size, checksum], []) = numbers.as_chunks::<4>() else {
            return Err(DAMAGED);
        };
        let [size, checksum] = [size, checksum].map(u32::from_le_bytes);
        if magic != MAGIC || size > MOST {
            return Err(DAMAGED);
        }
        let length = u64::from(size) + 4;
        let at = tail_at.checked_sub(length).ok_or(DAMAGED)?;
        let directory = read(&file, at, size as usize + 4)?;
        if crc32fast::hash(&directory) != checksum {
            return Err(DAMAGED);
        }
        let (directory, inflated) = directory.split_last_chunk().ok_or(DAMAGED)?;
        let directory = inflate(directory, u32::from_le_bytes(*inflated))?;
        let (version, _) = postcard::take_from_bytes::<u32>(&directory).map_err(|_| DAMAGED)?;
        if version > VERSION {
            return Err(BlockError::Newer {
                found: version,
                known: VERSION,
            });
        }
        let directory = postcard::from_bytes(&directory).map_err(|_| DAMAGED)?;
        Ok(Self { file, directory })
    }

    /// Which form the parts have.
    #[must_use]
    pub fn form(&self) -> u32 {
        self.directory.form
    }

    /// The traces that are in no part.
    pub fn uncounted(&self) -> impl Iterator<Item = Uncounted> {
        let uncounted = self.directory.uncounted.iter();
        uncounted.map(|(trace, first, last)| Uncounted {
            trace: TraceId::from_bits(*trace),
            first_received: TimestampMicros(*first),
            last_received: TimestampMicros(*last),
        })
    }

    /// Whether a trace of this block is in no part.
    #[must_use]
    pub fn is_uncounted(&self, trace: TraceId) -> bool {
        let uncounted = &self.directory.uncounted;
        let found = uncounted.binary_search_by_key(&trace.bits(), |(trace, ..)| *trace);
        found.is_ok()
    }

    /// The minutes that no part tells rightly, here and in older files.
    #[must_use]
    pub fn void(&self) -> &[(i64, i64)] {
        &self.directory.void
    }

    /// Where counted traces have documents in older files.
    #[must_use]
    pub fn older(&self) -> &[Older] {
        &self.directory.older
    }

    /// The parts of these minutes, in their order.
    ///
    /// # Errors
    ///
    /// When they are damaged, or the disk fails.
    pub fn parts(&self, of: &str, minutes: &Range<i64>) -> Result<Vec<(i64, Bytes)>, BlockError> {
        let mut parts = Vec::new();
        let sections = &self.directory.sections;
        let Some((_, sections)) = sections.iter().find(|(name, _)| **name == *of) else {
            return Ok(parts);
        };
        let meant = sections
            .iter()
            .filter(|section| section.first < minutes.end && section.last >= minutes.start);
        for section in meant {
            let found = self.section(section)?;
            parts.extend(
                found
                    .into_iter()
                    .filter(|(minute, _)| minutes.contains(minute)),
            );
        }
        Ok(parts)
    }

    /// How long all parts are together, roughly, in bytes.
    #[must_use]
    pub fn unpacked(&self) -> u64 {
        let sections = self.directory.sections.iter();
        let sections = sections.flat_map(|(_, sections)| sections);
        sections.map(|section| u64::from(section.inflated)).sum()
    }

    /// All that the file has.
    ///
    /// # Errors
    ///
    /// When it is damaged, or the disk fails.
    pub fn all(&self) -> Result<Rollups, BlockError> {
        let mut parts = Parts::new();
        for (of, sections) in &self.directory.sections {
            let minutes = parts.entry(of.clone()).or_default();
            for section in sections {
                minutes.extend(self.section(section)?);
            }
        }
        Ok(Rollups {
            form: self.directory.form,
            parts,
            uncounted: self.uncounted().collect(),
            void: self.directory.void.clone(),
            older: self.directory.older.clone(),
        })
    }

    fn section(&self, section: &Section) -> Result<Vec<(i64, Bytes)>, BlockError> {
        if section.length > MOST {
            return Err(DAMAGED);
        }
        let bytes = read(&self.file, section.at, section.length as usize)?;
        if crc32fast::hash(&bytes) != section.checksum {
            return Err(DAMAGED);
        }
        let bytes = Bytes::from(inflate(&bytes, section.inflated)?);
        let parts: Vec<(i64, &[u8])> = postcard::from_bytes(&bytes).map_err(|_| DAMAGED)?;
        let parts = parts.into_iter();
        Ok(parts
            .map(|(minute, part)| (minute, bytes.slice_ref(part)))
            .collect())
    }
}

fn read(file: &impl Source, at: u64, length: usize) -> Result<Bytes, BlockError> {
    Ok(file.read_at(at, length).map_err(ParquetError::from)?)
}

/// Inflates what its checksum vouches for.
fn inflate(bytes: &[u8], inflated: u32) -> Result<Vec<u8>, BlockError> {
    let most = inflated.min(MOST) as usize;
    zstd::bulk::decompress(bytes, most).map_err(|_| DAMAGED)
}
