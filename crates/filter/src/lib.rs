//! X-Ray's filter expressions: from text to a tree, and from a tree to an answer over a trace's projection.
//!
//! [`parse`] reads an expression, [`Filter::new`] spells out the groups in it, [`Filter::matches`] judges a trace. The
//! language is the one of `GetTraceSummaries` and of groups (X-Ray developer guide, filter expressions). What cannot
//! be understood is an error with its place; nothing is ever taken for "everything matches".

#[cfg(any(test, feature = "testing"))]
pub mod arbitrary;
mod ast;
mod columns;
mod digest;
mod evaluate;
mod filter;
#[cfg(any(test, feature = "testing"))]
pub mod fixture;
mod keyword;
mod lex;
mod parse;
mod pattern;
mod print;
mod selector;

pub use ast::{
    Annotation, AnnotationOf, Body, Expression, Flag, GroupBy, Level, NodeRef, Number, NumberTest,
    Predicate, RootCauseKind, RootCauseLevel, Text, TextTest, ValueTest,
};
pub use columns::{ColumnTest, Columns, Row, RowOf};
pub use digest::{Digest, KnownAnnotations};
pub use evaluate::{Ended, Matched, annotation_fulfils};
pub use filter::{Filter, GroupError, GroupExpressions, NoGroups};
pub use parse::{ParseError, parse};
pub use pattern::CausePattern;
pub use selector::{Selected, Selector};
