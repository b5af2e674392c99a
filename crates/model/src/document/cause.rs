//! Why something failed: exceptions, or a reference to one.

/// The `cause` of an entity.
#[derive(Debug, Clone, PartialEq)]
pub enum Cause {
    /// The id of an exception that another entity of the trace recorded.
    Reference(Box<str>),
    /// Exceptions recorded here.
    Recorded(Recorded),
}

/// The object form of `cause`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recorded {
    /// The id of an entity of the trace: what the X-Ray SDK for Node sends on a segment whose subsegment failed.
    pub id: Option<Box<str>>,
    /// Where the program ran.
    pub working_directory: Option<Box<str>>,
    /// Libraries in use.
    pub paths: Vec<Box<str>>,
    /// Newest first.
    pub exceptions: Vec<Exception>,
}

/// One exception. Text in the place of an exception becomes an empty one (recorded).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exception {
    /// Unique in the trace: what [`Cause::Reference`] points to.
    pub id: Option<Box<str>>,
    /// What was said.
    pub message: Option<Box<str>>,
    /// The exception's class.
    pub kind: Option<Box<str>>,
    /// Thrown by the callee.
    pub remote: Option<bool>,
    /// Frames left out of the stack.
    pub truncated: Option<i64>,
    /// Exceptions left out between this one and its cause.
    pub skipped: Option<i64>,
    /// The id of the exception that led to this one.
    pub cause: Option<Box<str>>,
    /// Innermost frame first.
    pub stack: Vec<Frame>,
}

/// One stack frame.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frame {
    /// The source file.
    pub path: Option<Box<str>>,
    /// The line in it.
    pub line: Option<i64>,
    /// The function.
    pub label: Option<Box<str>>,
}
