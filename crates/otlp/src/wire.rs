//! Protocol buffers as they lie in memory: a message is read field by field, and nothing is copied.
//!
//! Fields that nobody asks for are passed over, as the format wants it. A message that breaks the format is an error, wherever
//! in it that shows. Source: protobuf.dev, encoding; groups, which no OTLP message has, are refused.

use crate::Malformed;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Wire<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

/// The fields of a message, one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// The next field's number and what it holds; `None` at the end.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<(u32, Wire<'a>)>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| Malformed::Tag)?;
        if number == 0 {
            return Err(Malformed::Tag);
        }
        let wire = match tag & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Malformed::Cut)?;
                Wire::Bytes(self.take(length)?)
            }
            5 => Wire::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return Err(Malformed::Tag),
        };
        Ok(Some((number, wire)))
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, Malformed> {
        // Nearly all of them: tags, lengths, kinds.
        if let [byte @ 0..0x80, rest @ ..] = self.rest {
            self.rest = rest;
            return Ok(u64::from(*byte));
        }
        self.long_varint()
    }

    fn long_varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for (index, &byte) in self.rest.iter().enumerate().take(10) {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        Err(Malformed::Cut)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Malformed::Cut)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed::Cut)?;
        self.rest = rest;
        Ok(taken)
    }
}

// === impl Wire ===

impl<'a> Wire<'a> {
    pub(crate) fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Malformed::Kind),
        }
    }

    pub(crate) fn text(self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed::Text)
    }

    pub(crate) fn varint(self) -> Result<u64, Malformed> {
        match self {
            Self::Varint(value) => Ok(value),
            _ => Err(Malformed::Kind),
        }
    }

    pub(crate) fn fixed64(self) -> Result<u64, Malformed> {
        match self {
            Self::Fixed64(value) => Ok(value),
            _ => Err(Malformed::Kind),
        }
    }

    pub(crate) fn fixed32(self) -> Result<u32, Malformed> {
        match self {
            Self::Fixed32(value) => Ok(value),
            _ => Err(Malformed::Kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(message: &[u8]) -> Result<Vec<(u32, Wire<'_>)>, Malformed> {
        let mut fields = Fields::of(message);
        let mut all = Vec::new();
        while let Some(field) = fields.next()? {
            all.push(field);
        }
        Ok(all)
    }

    #[test]
    fn the_guides_examples_are_read() {
        // protobuf.dev, encoding: a varint of 150, the text "testing".
        assert_eq!(all(&[0x08, 0x96, 0x01]), Ok(vec![(1, Wire::Varint(150))]));
        let text = [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67];
        assert_eq!(all(&text), Ok(vec![(2, Wire::Bytes(b"testing"))]));
    }

    #[test]
    fn all_kinds_stand_side_by_side() {
        let message = [0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0x85, 0x01, 2, 0, 0, 0];
        assert_eq!(
            all(&message),
            Ok(vec![(1, Wire::Fixed64(1)), (16, Wire::Fixed32(2))])
        );
    }

    #[test]
    fn what_breaks_the_format_is_refused() {
        for (message, fault) in [
            (&[0x08][..], Malformed::Cut),
            (&[0x08, 0x80], Malformed::Cut),
            (&[0x12, 0x07, 0x74], Malformed::Cut),
            (&[0x09, 1, 2], Malformed::Cut),
            (&[0x0d, 1, 2], Malformed::Cut),
            (&[0x0b, 0x0c], Malformed::Tag),
            (&[0x00, 0x01], Malformed::Tag),
            (&[0x0f], Malformed::Tag),
            (
                &[0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
                Malformed::Cut,
            ),
        ] {
            assert_eq!(all(message), Err(fault), "{message:?}");
        }
    }
}
