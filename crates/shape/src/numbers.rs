//! Numbers as bytes.
//!
//! Where numbers of many sizes stand together, they are little endian groups of seven bits ([`put`]). Where a place has
//! numbers of much the same size, their *width* goes to one stream, which compresses, and their bytes to another, which
//! needs not ([`put_wide`]).

use crate::Corrupt;

pub(crate) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// How many widths there are.
pub(crate) const WIDTHS: u64 = 17;

/// Writes the bytes of a number that are not zero; what it returns, below [`WIDTHS`], tells how many, and the sign.
pub(crate) fn put_wide(out: &mut Vec<u8>, value: i64) -> u64 {
    let size = value.unsigned_abs();
    let bytes = (64 - size.leading_zeros()).div_ceil(8);
    out.extend_from_slice(&size.to_le_bytes()[..bytes as usize]);
    if value < 0 {
        u64::from(bytes) + 8
    } else {
        u64::from(bytes)
    }
}

/// Reads from the front of a run of bytes.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a>(pub(crate) &'a [u8]);

// === impl Cursor ===

impl<'a> Cursor<'a> {
    pub(crate) fn number(&mut self) -> Result<u64, Corrupt> {
        let mut value = 0;
        for (index, &byte) in self.0.iter().enumerate().take(10) {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                self.0 = &self.0[index + 1..];
                return Ok(value);
            }
        }
        Err(Corrupt)
    }

    /// A number of the width that [`put_wide`] told.
    pub(crate) fn wide(&mut self, width: u64) -> Result<i64, Corrupt> {
        let (is_negative, bytes) = if width > 8 {
            (true, width - 8)
        } else {
            (false, width)
        };
        if width >= WIDTHS {
            return Err(Corrupt);
        }
        let mut size = [0; 8];
        let bytes = usize::try_from(bytes).expect("at most eight");
        size[..bytes].copy_from_slice(self.bytes(bytes)?);
        let size = u64::from_le_bytes(size);
        if is_negative {
            0_i64.checked_sub_unsigned(size).ok_or(Corrupt)
        } else {
            i64::try_from(size).map_err(|_| Corrupt)
        }
    }

    /// A number that counts or names something in memory.
    pub(crate) fn index(&mut self) -> Result<usize, Corrupt> {
        usize::try_from(self.number()?).map_err(|_| Corrupt)
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Result<&'a [u8], Corrupt> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Corrupt)?;
        self.0 = rest;
        Ok(taken)
    }
}
