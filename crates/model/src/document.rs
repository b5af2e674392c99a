//! Segment and subsegment documents: what clients send, checked as the service checks it.
//!
//! [`Document::parse`] reads a document in one pass. What must be right for the service to take it (ids, names,
//! times) is checked in the service's order and refused in its words ([`Refusal`]); any other field of the wrong
//! type is dropped and counted ([`Trims`]), as the service does. The bytes themselves are kept by whoever stores the
//! document: this is what they mean, not what they were.

mod cause;
mod check;
mod draft;
mod entity;
mod lenient;
mod members;
mod object;
mod refusal;
mod surrogates;

pub use cause::{Cause, Exception, Frame, Recorded};
pub use check::name_from;
pub use draft::is_annotation_key;
pub use entity::{
    AnnotationValue, Aws, Entity, Flags, Http, HttpRequest, HttpResponse, Link, NAME_LIMIT,
    SegmentFields, Sql,
};
pub use object::Object;
pub use refusal::{Refusal, RefusalCode};

use self::lenient::Context;
use crate::{SegmentId, TraceId};

/// A document that the service takes.
#[derive(Debug, Clone)]
pub struct Document {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// What was sent: a segment, or a subsegment on its own.
    pub kind: Kind,
    /// Its content.
    pub entity: Entity,
    /// What was dropped while reading.
    pub trims: Trims,
    /// How many bytes of JSON it was made of; without metadata that [`Document::parse_facts`] left there.
    pub json_bytes: usize,
}

/// The two kinds of document.
#[derive(Debug, Clone)]
pub enum Kind {
    /// The work of one service for one request.
    Segment(Box<SegmentFields>),
    /// A part of such work that was sent on its own.
    Subsegment {
        /// The segment or subsegment that it is a part of.
        parent_id: SegmentId,
    },
}

/// How much of a document was dropped, by cause, nested subsegments included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trims {
    /// Names cut to [`NAME_LIMIT`] characters.
    pub names_cut: u32,
    /// Annotations whose key or value cannot be one.
    pub annotations: u32,
    /// Known fields of the wrong type.
    pub wrong_type: u32,
    /// Fields that segment documents do not have.
    pub unknown: u32,
}

/// How large a document may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of JSON. The default is 500 KB, the largest trace: AWS documents 64 KB a document and takes more (recorded:
    /// 66,000 characters).
    pub bytes: usize,
    /// Levels of subsegments within subsegments.
    pub nesting: usize,
}

impl Document {
    /// Reads one document within the default [`Limits`].
    ///
    /// # Errors
    ///
    /// The [`Refusal`] to report for it.
    pub fn parse(json: &[u8]) -> Result<Self, Refusal> {
        Self::parse_within(Limits::default(), json)
    }

    /// Reads one document.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] to report for it.
    pub fn parse_within(limits: Limits, json: &[u8]) -> Result<Self, Refusal> {
        Self::read(&Context::new(limits.nesting), limits, json)
    }

    /// Reads one document for what can be asked of it: as [`Document::parse_within`], but every
    /// [`metadata`](Entity::metadata), often half of a document, is judged and not kept.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] to report for it.
    pub fn parse_facts(limits: Limits, json: &[u8]) -> Result<Self, Refusal> {
        Self::read(&Context::without_metadata(limits.nesting), limits, json)
    }

    fn read(context: &Context, limits: Limits, json: &[u8]) -> Result<Self, Refusal> {
        if json.len() > limits.bytes {
            return Err(Refusal::too_large(None));
        }
        let draft = draft::read(context, json)?;
        let json_bytes = json.len() - context.metadata_left();
        check::document(draft, context.trims(), json_bytes)
    }

    /// About how much memory it takes, in bytes: its entities, however little they say, and its texts.
    #[must_use]
    pub fn weight(&self) -> usize {
        fn entities(entity: &Entity) -> usize {
            1 + entity.subsegments.iter().map(entities).sum::<usize>()
        }
        let besides = entities(&self.entity) - 1;
        size_of::<Self>() + besides * size_of::<Entity>() + self.json_bytes
    }
}

impl Trims {
    /// Whether nothing was dropped.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Limits {
    /// What [`Document::parse`] takes.
    pub const DEFAULT: Self = Self {
        bytes: 500 << 10,
        nesting: 128,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests;
