//! Files that carry their own checksums: to be handed on as one file.
//!
//! A block has the [`Sums`] of its files beside them. A sealed file has them in its footer, behind the metadata. That is
//! where Parquet puts the signature of a file that is signed and not encrypted, so that every reader passes over it
//! (source: Parquet's specification, "Plaintext footer mode").
//!
//! ```text
//! a file        … metadata                          length of metadata                 PAR1
//! the same,     … metadata  sums  length of sums    length of metadata and all that    PAR1
//! sealed
//! ```
//!
//! The checksums are those of the file before it was sealed, so that they vouch for its metadata, too.

use std::fmt;
use std::io::{self, Write};

use bytes::Bytes;
use parquet::errors::ParquetError;

use crate::BlockError;
use crate::checked::{Checked, Running, Source, Sums};

/// What a Parquet file ends with: the length of its metadata, and a magic.
const TAIL: usize = 8;
const MAGIC: &[u8; 4] = b"PAR1";
/// The length of the sums.
const LENGTH: usize = 4;

/// Takes a Parquet file, and passes it on sealed.
pub struct Sealing<W> {
    out: W,
    sums: Running,
    /// The last bytes that came.
    held: Vec<u8>,
}

/// A sealed file as it was before that.
#[derive(Debug)]
pub struct Unsealed<R> {
    file: R,
    length: u64,
    tail: [u8; TAIL],
}

/// A sealed file, to be read.
///
/// # Errors
///
/// When it is no sealed file, or the disk fails.
pub fn open<R: Source>(file: R) -> Result<Checked<Unsealed<R>>, BlockError> {
    const UNSEALED: BlockError = BlockError::Foreign("it has no checksums, or its end is missing");
    let length = file.length().map_err(ParquetError::from)?;
    let read = |end: u64, size: usize| {
        let start = end.checked_sub(size as u64).ok_or(UNSEALED)?;
        let bytes = file.read_at(start, size).map_err(ParquetError::from)?;
        Ok::<_, BlockError>((start, bytes))
    };
    let (end, tail) = read(length, TAIL)?;
    let (footer, magic) = tail.split_at(4);
    if magic != MAGIC {
        return Err(BlockError::Foreign("it does not end as a Parquet file"));
    }
    let (end, size) = read(end, LENGTH)?;
    let (footer, size) = (number(footer), number(&size));
    let seal = u64::from(size) + LENGTH as u64;
    let metadata = u64::from(footer).checked_sub(seal);
    let metadata = metadata.and_then(|metadata| u32::try_from(metadata).ok());
    let (metadata, length) = metadata.zip(length.checked_sub(seal)).ok_or(UNSEALED)?;
    if Sums::size(length) != u64::from(size) {
        return Err(UNSEALED);
    }
    let (_, sums) = read(end, size as usize)?;
    let mut tail = [0; TAIL];
    tail[..4].copy_from_slice(&metadata.to_le_bytes());
    tail[4..].copy_from_slice(MAGIC);
    let file = Unsealed { file, length, tail };
    Checked::new(file, Sums::from_bytes(&sums)?)
}

fn number(bytes: &[u8]) -> u32 {
    let bytes = bytes.first_chunk().copied().unwrap_or_default();
    u32::from_le_bytes(bytes)
}

// === impl Sealing ===

impl<W: Write> Sealing<W> {
    /// Passes on to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            sums: Running::default(),
            held: Vec::with_capacity(2 * TAIL),
        }
    }

    /// Where it passes on to.
    pub fn out(&mut self) -> &mut W {
        &mut self.out
    }

    /// Seals the file, of which all has come.
    ///
    /// # Errors
    ///
    /// When it is no Parquet file, or `out` fails.
    pub fn end(mut self) -> Result<W, BlockError> {
        const STRANGE: BlockError = BlockError::Foreign("it does not end as a Parquet file");
        let tail: [u8; TAIL] = self.held.as_slice().try_into().map_err(|_| STRANGE)?;
        let (metadata, magic) = tail.split_at(4);
        if magic != MAGIC {
            return Err(STRANGE);
        }
        let mut seal = self.sums.finish().to_bytes();
        let size = u32::try_from(seal.len()).map_err(|_| STRANGE)?;
        seal.extend(size.to_le_bytes());
        let footer = seal.len() as u64 + u64::from(number(metadata));
        let footer = u32::try_from(footer).map_err(|_| STRANGE)?;
        seal.extend(footer.to_le_bytes());
        seal.extend(MAGIC);
        self.out.write_all(&seal).map_err(ParquetError::from)?;
        Ok(self.out)
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sums.add(bytes);
        let (pass, hold) = bytes.split_at(bytes.len().saturating_sub(TAIL));
        let gone = (self.held.len() + hold.len()).saturating_sub(TAIL);
        let gone = if pass.is_empty() {
            gone
        } else {
            self.held.len()
        };
        self.out.write_all(&self.held[..gone])?;
        self.held.drain(..gone);
        self.out.write_all(pass)?;
        self.held.extend_from_slice(hold);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W> fmt::Debug for Sealing<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealing").finish_non_exhaustive()
    }
}

// === impl Unsealed ===

impl<R: Source> Source for Unsealed<R> {
    fn length(&self) -> io::Result<u64> {
        Ok(self.length)
    }

    fn read_at(&self, start: u64, length: usize) -> io::Result<Bytes> {
        let tail_at = self.length - TAIL as u64;
        let end = start.checked_add(length as u64);
        let end = end.filter(|end| *end <= self.length);
        let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
        if end <= tail_at {
            return self.file.read_at(start, length);
        }
        let of_tail = |at: u64| usize::try_from(at.saturating_sub(tail_at)).unwrap_or(TAIL);
        let tail = &self.tail[of_tail(start)..of_tail(end)];
        let mut bytes = match length - tail.len() {
            0 => Vec::new(),
            before => self.file.read_at(start, before)?.into(),
        };
        bytes.extend_from_slice(tail);
        Ok(bytes.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bytes that end as a Parquet file does.
    fn file(length: usize, metadata: u32) -> Vec<u8> {
        let mut file: Vec<u8> = (0..length)
            .map(|at| u8::try_from(at * 7 % 251).unwrap())
            .collect();
        file.extend(metadata.to_le_bytes());
        file.extend(MAGIC);
        file
    }

    fn sealed(file: &[u8], piece: usize) -> Vec<u8> {
        let mut sealing = Sealing::new(Vec::new());
        for piece in file.chunks(piece) {
            sealing.write_all(piece).unwrap();
        }
        sealing.end().unwrap()
    }

    fn whole(file: &Checked<impl Source>) -> Result<Bytes, ParquetError> {
        use parquet::file::reader::{ChunkReader, Length};
        file.get_bytes(0, usize::try_from(file.len()).unwrap())
    }

    #[test]
    fn what_was_sealed_comes_back_in_whatever_pieces_it_came() {
        for length in [0, 1, 9, 70_000, 1 << 17] {
            let file = file(length, 5);
            for piece in [1, 3, 8, 9, 4096, usize::MAX] {
                let sealed = sealed(&file, piece);
                assert_eq!(&sealed[..length], &file[..length]);
                let opened = open(Bytes::from(sealed)).unwrap();
                assert_eq!(
                    whole(&opened).unwrap(),
                    file,
                    "{length} in pieces of {piece}"
                );
            }
        }
    }

    #[test]
    fn a_reader_finds_the_metadata_where_it_was() {
        let file = file(100, 40);
        let sealed = sealed(&file, 64);
        let footer = number(&sealed[sealed.len() - TAIL..]) as usize;
        assert_eq!(sealed.len() - TAIL - footer, 100 - 40);
    }

    #[test]
    fn what_is_not_sealed_is_told() {
        for other in [
            file(1000, 100),
            b"{}".to_vec(),
            b"PAR1".to_vec(),
            [[0xff; 300].as_slice(), MAGIC].concat(),
            [[0xf0; 300].as_slice(), &[0xff; 4], MAGIC].concat(),
            Vec::new(),
        ] {
            assert!(matches!(
                open(Bytes::from(other)),
                Err(BlockError::Foreign(_))
            ));
        }
        let mut sealing = Sealing::new(Vec::new());
        sealing.write_all(b"anything else").unwrap();
        assert!(sealing.end().is_err());
    }

    proptest! {
        #[test]
        fn damage_anywhere_and_a_missing_end_are_found(at in any::<prop::sample::Index>(), by in 1..=u8::MAX) {
            let mut sealed = sealed(&file(70_000, 40), 4096);
            let at = at.index(sealed.len());
            let cut = Bytes::copy_from_slice(&sealed[..at]);
            prop_assert!(open(cut).is_err());
            sealed[at] ^= by;
            let read = open(Bytes::from(sealed)).and_then(|file| Ok(whole(&file)?));
            prop_assert!(read.is_err());
        }
    }
}
