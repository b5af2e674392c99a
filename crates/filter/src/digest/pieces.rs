//! Pieces of texts, for tests of a part of a text.

use crate::ast::{Text, TextTest};

/// The pieces of three bytes that the root's URL, the users and the messages of root causes consist of, in a bloom filter.
/// A URL of sixty bytes sets one bit in nine of it, and what is looked for has a bit for each of its own pieces.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Pieces([u64; 8]);

/// Stand before and after a text. No UTF-8 has them.
const BEGIN: [u8; 1] = [0xfe];
const END: [u8; 1] = [0xff];

impl Pieces {
    /// Adds a text, if it is of a kind that is kept.
    pub(super) fn add(&mut self, text: Text, value: &str) {
        if is_kept(text) {
            for bit in bits(text, &BEGIN, value, &END) {
                self.0[bit / 64] |= 1 << (bit % 64);
            }
        }
    }

    /// Whether a text of that kind may fulfil a test.
    pub(super) fn may_fulfil(&self, text: Text, test: &TextTest) -> bool {
        if !is_kept(text) {
            return true;
        }
        let has = |before, value, after| {
            bits(text, before, value, after).all(|bit| self.0[bit / 64] & 1 << (bit % 64) != 0)
        };
        match test {
            TextTest::Equal(value) => has(&BEGIN, value, &END),
            TextTest::NotEqual(_) => true,
            TextTest::Contains(value) => has(&[], value, &[]),
            TextTest::BeginsWith(value) => has(&BEGIN, value, &[]),
            TextTest::EndsWith(value) => has(&[], value, &END),
        }
    }
}

fn is_kept(text: Text) -> bool {
    matches!(text, Text::HttpUrl | Text::User | Text::Message)
}

/// A bit of 512 for each three bytes in a row.
fn bits<'b>(
    text: Text,
    before: &'b [u8],
    value: &'b str,
    after: &'b [u8],
) -> impl Iterator<Item = usize> + 'b {
    let bytes = before.iter().chain(value.as_bytes()).chain(after).copied();
    let kind = u32::from(text as u8) << 24;
    let mut last = 0_u32;
    let pieces = bytes.map(move |byte| {
        last = (last << 8 | u32::from(byte)) & 0x00ff_ffff;
        kind | last
    });
    // By Fibonacci: the upper bits of the product depend on all of the piece.
    pieces.skip(2).map(|piece| {
        let hash = u64::from(piece).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        usize::try_from(hash >> 55).unwrap_or_default()
    })
}
