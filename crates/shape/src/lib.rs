//! Segment documents as *shapes* and values: what comes in comes back, byte for byte, and takes a few dozen bytes a span.
//!
//! A document is cut into the literal text between its values, which the documents of a client share, and the values.
//! Literals are learnt once, into a [`Model`] that only ever grows: what was coded with a model is read with it and with
//! whatever it grows into, so that blocks of one lineage can be merged by copying. Which literals follow one another,
//! and how each value is spelled (hexadecimal, decimal, text), is a *shape*, learnt too when it is seen again. What is
//! left goes to four [`Streams`], each with its own kind of bytes, so that a general compressor does well on them:
//!
//! | stream | holds |
//! |---|---|
//! | `shapes` | shapes, places in dictionaries, references to earlier values |
//! | `numbers` | numbers, differences of times, lengths |
//! | `ids` | binary ids, which nothing compresses |
//! | `text` | text that is in no dictionary |
//!
//! [`Seeds`] are values that the caller keeps anyhow beside the document (ids, times, columns): they cost nothing again.
//!
//! A document is coded by itself, seeds aside: it may be copied anywhere and read alone. The model, its parts and the
//! nesting are bounded; what does not fit ([`Unfit`]) the caller keeps as it is. No JSON is checked here: whatever bytes
//! are taken come back, and garbage is unfit.

mod decode;
mod encode;
mod index;
mod lexer;
mod model;
mod numbers;
mod spelling;
#[cfg(test)]
mod tests;
mod texts;

pub use encode::Encoder;
pub use model::Model;

/// What the caller keeps beside a document. The same seeds must be given to code and to read it.
#[derive(Debug, Clone, Copy)]
pub struct Seeds<'a> {
    /// The trace id, in its binary form.
    pub trace: [u8; 16],
    /// The segment's id.
    pub id: [u8; 8],
    /// Its parent's.
    pub parent: Option<[u8; 8]>,
    /// When it began, in microseconds since the epoch.
    pub start_micros: i64,
    /// When it ended.
    pub end_micros: Option<i64>,
    /// Texts that the document is likely to have, as they stand between its quotes; of more than
    /// [`Seeds::TEXTS`] the rest is not looked at.
    pub texts: &'a [&'a [u8]],
}

// === impl Seeds ===

impl Seeds<'_> {
    /// How many texts are looked at.
    pub const TEXTS: usize = 32;
}

/// What documents were coded to, one after another: whoever keeps them notes where each begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Streams {
    /// Shapes, places in dictionaries, references.
    pub shapes: Vec<u8>,
    /// Numbers, differences of times, lengths.
    pub numbers: Vec<u8>,
    /// Binary ids.
    pub ids: Vec<u8>,
    /// Text that is in no dictionary.
    pub text: Vec<u8>,
}

// === impl Streams ===

impl Streams {
    /// Empties all four.
    pub fn clear(&mut self) {
        self.shapes.clear();
        self.numbers.clear();
        self.ids.clear();
        self.text.clear();
    }

    /// All four as they are read.
    #[must_use]
    pub fn coded(&self) -> Coded<'_> {
        Coded {
            shapes: &self.shapes,
            numbers: &self.numbers,
            ids: &self.ids,
            text: &self.text,
        }
    }
}

/// One document's part of the streams.
#[derive(Debug, Clone, Copy)]
pub struct Coded<'a> {
    /// Of [`Streams::shapes`].
    pub shapes: &'a [u8],
    /// Of [`Streams::numbers`].
    pub numbers: &'a [u8],
    /// Of [`Streams::ids`].
    pub ids: &'a [u8],
    /// Of [`Streams::text`].
    pub text: &'a [u8],
}

/// The document is not JSON, is nested too deeply, or would need more of the model than there is: keep it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the document does not fit the model")]
pub struct Unfit;

/// What was read is not what was written, or with another model or other seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a coded document is damaged")]
pub struct Corrupt;

/// The longest document that is coded, and that reading makes, in bytes.
pub const LONGEST: usize = 8 << 20;

/// How deep arrays may lie in one another.
const DEEPEST: usize = 32;

/// What a value is spelled as is a number below this.
const CLASS_BITS: u32 = 5;
