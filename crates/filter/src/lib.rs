//! X-Ray's filter expressions: from text to a tree, and from a tree to an answer over a trace's projection.
//!
//! The language is the one of `GetTraceSummaries` and of groups (X-Ray developer guide, filter expressions). What cannot
//! be understood is an error with its place; nothing is ever taken for "everything matches".

mod ast;
mod lex;
mod parse;

pub use ast::{
    Annotation, AnnotationOf, Body, CausePattern, Expression, Flag, GroupBy, Level, NodeRef,
    Number, NumberTest, Predicate, RootCauseKind, RootCauseLevel, Text, TextTest, ValueTest,
};
pub use parse::{ParseError, parse};
