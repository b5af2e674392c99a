//! Files whose bytes are checked before anybody believes them.
//!
//! Parquet checks little, and its reader panics over some kinds of damage. So each file has [`Sums`] beside it, a checksum for
//! every [`CHUNK`] bytes ([`crate::sealed`] has them within), and [`Checked`] reads a chunk as a whole the first time any of it is asked for.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

use crate::BlockError;

/// A checksum is of so many bytes, the last one of what is left.
pub const CHUNK: usize = 64 << 10;

const MAGIC: &[u8; 8] = b"FLUOSUM1";
const HEAD: usize = MAGIC.len() + 8;

/// The checksums of a file: CRC-32 of each chunk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    length: u64,
    chunks: Vec<u32>,
}

/// The checksums of a file that is still being written.
#[derive(Debug, Default)]
pub(crate) struct Running {
    sums: Sums,
    /// Of the last chunk, unless it is complete.
    chunk: crc32fast::Hasher,
    /// How many bytes of it there are.
    filled: usize,
}

/// Bytes that are read from any place, by several at once.
pub trait Source: Send + Sync + fmt::Debug {
    /// How many there are.
    ///
    /// # Errors
    ///
    /// When the disk fails.
    fn length(&self) -> io::Result<u64>;

    /// Those from `start` on.
    ///
    /// # Errors
    ///
    /// When there are fewer, or the disk fails.
    fn read_at(&self, start: u64, length: usize) -> io::Result<Bytes>;
}

/// A file that gives out what its checksums vouch for, and an error instead of anything else. Clones know together what was
/// found sound.
#[derive(Debug, Clone)]
pub struct Checked<R> {
    file: R,
    sums: Arc<Sums>,
    /// A bit for each chunk that was found sound.
    sound: Arc<[AtomicU64]>,
}

// === impl Sums ===

impl Sums {
    /// Of a whole file.
    #[must_use]
    pub fn of(file: &[u8]) -> Self {
        Self {
            length: file.len() as u64,
            chunks: file.chunks(CHUNK).map(crc32fast::hash).collect(),
        }
    }

    /// How many bytes those of a file of this length are.
    pub(crate) const fn size(length: u64) -> u64 {
        HEAD as u64 + 4 * (length.div_ceil(CHUNK as u64) + 1)
    }

    /// As they are kept: a magic, the file's length, a checksum a chunk, and the checksum of all that; little endian.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + 4 * (self.chunks.len() + 1));
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.length.to_le_bytes());
        bytes.extend(self.chunks.iter().flat_map(|sum| sum.to_le_bytes()));
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// Reads a file of them.
    ///
    /// # Errors
    ///
    /// When it is damaged, or the disk fails.
    pub fn read(file: &impl Source) -> std::result::Result<Self, BlockError> {
        let length = file.length().map_err(ParquetError::from)?;
        let length = usize::try_from(length).map_err(|_| BlockError::DamagedFile)?;
        let bytes = file.read_at(0, length).map_err(ParquetError::from)?;
        Self::from_bytes(&bytes)
    }

    /// From what [`Sums::to_bytes`] made.
    ///
    /// # Errors
    ///
    /// When it is damaged.
    pub fn from_bytes(bytes: &[u8]) -> std::result::Result<Self, BlockError> {
        let (told, own) = bytes
            .split_last_chunk::<4>()
            .ok_or(BlockError::DamagedFile)?;
        let is_sound = crc32fast::hash(told) == u32::from_le_bytes(*own);
        let rest = told.strip_prefix(MAGIC.as_slice()).filter(|_| is_sound);
        let (length, chunks) = rest
            .and_then(<[u8]>::split_first_chunk::<8>)
            .ok_or(BlockError::DamagedFile)?;
        let length = u64::from_le_bytes(*length);
        let (chunks, left) = chunks.as_chunks::<4>();
        if !left.is_empty() || length.div_ceil(CHUNK as u64) != chunks.len() as u64 {
            return Err(BlockError::DamagedFile);
        }
        let chunks = chunks.iter().map(|sum| u32::from_le_bytes(*sum)).collect();
        Ok(Self { length, chunks })
    }
}

// === impl Running ===

impl Running {
    /// Takes what follows.
    pub(crate) fn add(&mut self, mut bytes: &[u8]) {
        self.sums.length += bytes.len() as u64;
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.filled));
            self.chunk.update(now);
            self.filled += now.len();
            if self.filled == CHUNK {
                self.end_chunk();
            }
            bytes = later;
        }
    }

    /// The checksums, now that all has come.
    pub(crate) fn finish(&mut self) -> Sums {
        if self.filled > 0 {
            self.end_chunk();
        }
        std::mem::take(&mut self.sums)
    }

    fn end_chunk(&mut self) {
        let chunk = std::mem::take(&mut self.chunk);
        self.sums.chunks.push(chunk.finalize());
        self.filled = 0;
    }
}

// === impl Checked ===

impl<R: Source> Checked<R> {
    /// A file and its checksums.
    ///
    /// # Errors
    ///
    /// When the file has another length, or the disk fails.
    pub fn new(file: R, sums: Sums) -> std::result::Result<Self, BlockError> {
        let length = file.length().map_err(ParquetError::from)?;
        if length != sums.length {
            return Err(BlockError::DamagedFile);
        }
        let words = sums.chunks.len().div_ceil(64);
        let sound = std::iter::repeat_with(AtomicU64::default)
            .take(words)
            .collect();
        let sums = Arc::new(sums);
        Ok(Self { file, sums, sound })
    }

    /// Reads what of the range was not read before, chunk by chunk.
    fn check(&self, start: u64, length: usize) -> Result<()> {
        let end = start
            .checked_add(length as u64)
            .filter(|end| *end <= self.sums.length);
        let end =
            end.ok_or_else(|| ParquetError::EOF("a range beyond the end of the file".to_owned()))?;
        let first = start / CHUNK as u64;
        for chunk in first..end.div_ceil(CHUNK as u64) {
            let index = usize::try_from(chunk)?;
            let (word, bit) = (&self.sound[index / 64], 1 << (index % 64));
            if word.load(Ordering::Relaxed) & bit != 0 {
                continue;
            }
            let from = chunk * CHUNK as u64;
            let size = usize::try_from((self.sums.length - from).min(CHUNK as u64))?;
            let bytes = self.file.read_at(from, size)?;
            if crc32fast::hash(&bytes) != self.sums.chunks[index] {
                let what = format!(
                    "bytes {from} to {} of the file are damaged",
                    from + size as u64
                );
                return Err(ParquetError::General(what));
            }
            word.fetch_or(bit, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl<R: Source> Length for Checked<R> {
    fn len(&self) -> u64 {
        self.sums.length
    }
}

impl<R: Source> ChunkReader for Checked<R> {
    type T = Rest;

    fn get_read(&self, start: u64) -> Result<Rest> {
        // Asked for the heads of pages only, where no index tells where pages are: one read of what is left of its chunk
        // and the next is more than any head.
        let most = 2 * CHUNK as u64 - start % CHUNK as u64;
        let length = self.sums.length.saturating_sub(start).min(most);
        Ok(Rest(self.get_bytes(start, usize::try_from(length)?)?))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        self.check(start, length)?;
        Ok(self.file.read_at(start, length)?)
    }
}

/// What follows a place in a [`Checked`] file, up to the end of the next chunk.
#[derive(Debug)]
pub struct Rest(Bytes);

impl Read for Rest {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let taken = self.0.len().min(buffer.len());
        buffer[..taken].copy_from_slice(&self.0.split_to(taken));
        Ok(taken)
    }
}

impl Source for Arc<dyn Source> {
    fn length(&self) -> io::Result<u64> {
        self.as_ref().length()
    }

    fn read_at(&self, start: u64, length: usize) -> io::Result<Bytes> {
        self.as_ref().read_at(start, length)
    }
}

impl Source for Bytes {
    fn length(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_at(&self, start: u64, length: usize) -> io::Result<Bytes> {
        let start = usize::try_from(start).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let end = start.checked_add(length).filter(|end| *end <= self.len());
        let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(self.slice(start..end))
    }
}

impl Source for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, start: u64, length: usize) -> io::Result<Bytes> {
        let mut bytes = vec![0; length];
        self.read_exact_at(&mut bytes, start)?;
        Ok(bytes.into())
    }
}
