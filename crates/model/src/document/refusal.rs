//! Why a document was not taken, in X-Ray's words.

use std::fmt;

/// One document was refused; the others of its batch are not touched.
///
/// The three fields are those of an `UnprocessedTraceSegments` entry (recorded).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The top-level document's id as it came, also when it is the faulty field; `None` when it could not be read.
    pub id: Option<String>,
    /// What is wrong.
    pub code: RefusalCode,
    /// The sentence that the service says.
    pub message: String,
}

/// What is wrong with a document: the `ErrorCode` of an `UnprocessedTraceSegments` entry (recorded).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RefusalCode {
    /// Not JSON, no object, or nested deeper than we read.
    ParseError,
    /// No id, or an empty one.
    MissingId,
    /// The id is not 16 hex digits.
    InvalidId,
    /// No name, an empty one, or one that is not text.
    MissingName,
    /// A character that no name may have.
    InvalidName,
    /// A top-level document without trace id.
    MissingTraceId,
    /// The trace id has not X-Ray's form.
    InvalidTraceId,
    /// No start time, or one that is not a number.
    MissingStartTime,
    /// Neither an end nor in progress.
    MissingEndTime,
    /// A segment both ended and in progress.
    InProgressSegmentHasEndTime,
    /// A subsegment both ended and in progress.
    InProgressSubsegmentHasEndTime,
    /// A subsegment sent on its own that does not say whose it is.
    MissingParentId,
    /// The parent's id is not 16 hex digits.
    InvalidParentId,
    /// A `type` that is neither `segment` nor `subsegment`.
    UnknownType,
    /// The document, or its trace, is too large.
    InvalidSegment,
}

/// What the refused thing was, which decides the wording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Segment,
    Subsegment,
    Entity,
}

impl Refusal {
    pub(super) fn new(id: Option<String>, refused: Refused, code: RefusalCode) -> Self {
        let message = match refused {
            Refused::Segment => format!("Invalid segment. ErrorCode: {code}"),
            Refused::Subsegment => format!("Invalid subsegment. ErrorCode: {code}, Cause: null"),
            Refused::Entity => format!("Invalid entity. ErrorCode: {code}"),
        };
        Self { id, code, message }
    }

    /// The refusal of a document that is too large, or would make its trace too large.
    #[must_use]
    pub fn too_large(id: Option<String>) -> Self {
        let message = "Trace Size Exceeded. Reduce the number of segments per trace and the size of your segment \
                       documents.";
        Self {
            id,
            code: RefusalCode::InvalidSegment,
            message: message.to_owned(),
        }
    }
}

impl RefusalCode {
    /// The code as the API spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ParseError => "ParseError",
            Self::MissingId => "MissingId",
            Self::InvalidId => "InvalidId",
            Self::MissingName => "MissingName",
            Self::InvalidName => "InvalidName",
            Self::MissingTraceId => "MissingTraceId",
            Self::InvalidTraceId => "InvalidTraceId",
            Self::MissingStartTime => "MissingStartTime",
            Self::MissingEndTime => "MissingEndTime",
            Self::InProgressSegmentHasEndTime => "InProgressSegmentHasEndTime",
            Self::InProgressSubsegmentHasEndTime => "InProgressSubsegmentHasEndTime",
            Self::MissingParentId => "MissingParentId",
            Self::InvalidParentId => "InvalidParentId",
            Self::UnknownType => "UnknownType",
            Self::InvalidSegment => "InvalidSegment",
        }
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
