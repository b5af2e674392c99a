//! What the plain columns of a trace's row must say so that a filter can find the trace.
//!
//! The judge is [`Filter::matches`](crate::Filter::matches), over the whole projection. A store reads rows first, and columns
//! tell which rows need no look: the predicate made here keeps every trace that the filter finds, and perhaps others, never
//! the other way round. It names columns, not how a store holds them: [`Row`] answers for one row, be it with statistics, with
//! bloom filters or with a [`Digest`](crate::Digest).

use crate::ast::{
    Annotation, Body, Expression, Flag, NodeRef, Number, NumberTest, Predicate, RootCauseKind,
    Text, TextTest, ValueTest,
};

/// A predicate over the columns of one row.
#[derive(Debug, Clone, PartialEq)]
pub enum Columns {
    /// Nothing is asked of them.
    Anything,
    /// No row fulfils it.
    Nothing,
    /// All of these.
    All(Vec<Columns>),
    /// At least one of these.
    Some(Vec<Columns>),
    /// The column says so.
    Is(ColumnTest),
    /// The column does not say so.
    IsNot(ColumnTest),
}

/// What is asked of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnTest {
    /// The root's outcome (`ok`, `error`, `fault`, `throttle`), whether a parent is missing, whether a node is inferred.
    Flag(Flag),
    /// The root's response time or status, or the trace's duration: that there is one, or a comparison of it.
    Number(Number, Option<NumberTest>),
    /// The root's request, or the users, zones, instances and resources of all segments: that there is one, or one that
    /// compares so.
    Text(Text, Option<TextTest>),
    /// The annotations of all segments: one of that key, or one that compares so.
    Annotation(String, Option<ValueTest>),
    /// The nodes: one that is meant.
    Node(NodeRef),
    /// Some segment or call of the trace ended so: `error`, `fault` or `throttle`.
    Some(Flag),
    /// There is a root cause.
    Cause(RootCauseKind),
}

/// A row as a store holds it, which may know less than the trace.
pub trait Row {
    /// Whether the test may hold; `false` only when it surely does not.
    fn may(&self, test: &ColumnTest) -> bool;

    /// Whether the test may fail; `false` only when it surely holds.
    fn may_not(&self, test: &ColumnTest) -> bool;
}

impl Columns {
    /// Whether the row may be of a trace that the filter finds.
    pub fn admit(&self, row: &impl Row) -> bool {
        match self {
            Self::Anything => true,
            Self::Nothing => false,
            Self::All(parts) => parts.iter().all(|part| part.admit(row)),
            Self::Some(parts) => parts.iter().any(|part| part.admit(row)),
            Self::Is(test) => row.may(test),
            Self::IsNot(test) => row.may_not(test),
        }
    }

    /// What an expression about a trace needs.
    pub(crate) fn of(expression: &Expression) -> Self {
        Self::when(expression, true)
    }

    /// What is needed for an expression about a trace to hold, or to fail.
    fn when(expression: &Expression, holds: bool) -> Self {
        match expression {
            Expression::Everything => Self::constant(holds),
            Expression::Not(inner) => Self::when(inner, !holds),
            Expression::And(parts) | Expression::Or(parts) => {
                let parts = parts.iter().map(|part| Self::when(part, holds));
                if matches!(expression, Expression::And(_)) == holds {
                    Self::all(parts)
                } else {
                    Self::some(parts)
                }
            }
            Expression::Is(predicate) => Self::when_is(predicate, holds),
        }
    }

    fn when_is(predicate: &Predicate, holds: bool) -> Self {
        let column = |test, wanted: bool| {
            if wanted == holds {
                Self::Is(test)
            } else {
                Self::IsNot(test)
            }
        };
        match predicate {
            Predicate::Flag(flag, wanted) => column(ColumnTest::Flag(*flag), *wanted),
            Predicate::Number(number, test) => column(ColumnTest::Number(*number, *test), true),
            Predicate::Text(text, test) => column(ColumnTest::Text(*text, test.clone()), true),
            Predicate::Annotation(Annotation { key, .. }, test) => {
                column(ColumnTest::Annotation(key.clone(), test.clone()), true)
            }
            Predicate::Never => Self::constant(!holds),
            // Columns tell what a trace has, not what is together in one place: that something is missing they cannot say.
            _ if !holds => Self::Anything,
            Predicate::Service(reference, body) => {
                let node = reference.iter().cloned();
                let node = node.map(|reference| Self::Is(ColumnTest::Node(reference)));
                Self::all(node.chain([Self::of_body(body)]))
            }
            Predicate::Edge(ends, body) => {
                let ends = ends.iter().cloned().flat_map(|(from, to)| [from, to]);
                let nodes = ends.map(|reference| Self::Is(ColumnTest::Node(reference)));
                Self::all(nodes.chain([Self::of_body(body)]))
            }
            Predicate::RootCause(kind, ..) => Self::Is(ColumnTest::Cause(*kind)),
            Predicate::RootCauseJson(_) => {
                let kinds = [
                    RootCauseKind::Fault,
                    RootCauseKind::Error,
                    RootCauseKind::ResponseTime,
                ];
                Self::some(kinds.map(|kind| Self::Is(ColumnTest::Cause(kind))))
            }
            Predicate::Group(..) => Self::Anything,
        }
    }

    /// What a trace must have so that a body may hold on one of its segments or calls.
    fn of_body(body: &Body) -> Self {
        body.as_deref().map_or(Self::Anything, Self::within)
    }

    fn within(expression: &Expression) -> Self {
        match expression {
            Expression::Everything | Expression::Not(_) => Self::Anything,
            Expression::And(parts) => Self::all(parts.iter().map(Self::within)),
            Expression::Or(parts) => Self::some(parts.iter().map(Self::within)),
            Expression::Is(predicate) => Self::within_is(predicate),
        }
    }

    fn within_is(predicate: &Predicate) -> Self {
        let node = |reference| Self::Is(ColumnTest::Node(reference));
        match predicate {
            Predicate::Flag(flag @ (Flag::Error | Flag::Fault | Flag::Throttle), true) => {
                Self::Is(ColumnTest::Some(*flag))
            }
            Predicate::Flag(Flag::Inferred, true) => Self::Is(ColumnTest::Flag(Flag::Inferred)),
            Predicate::Text(
                text @ (Text::User | Text::AvailabilityZone | Text::InstanceId | Text::ResourceArn),
                test,
            ) => Self::Is(ColumnTest::Text(*text, test.clone())),
            Predicate::Text(Text::Name, Some(TextTest::Equal(name))) => node(NodeRef {
                name: Some(name.clone()),
                ..NodeRef::default()
            }),
            Predicate::Text(Text::Type, Some(TextTest::Equal(kind))) => node(NodeRef {
                kind: Some(kind.clone()),
                ..NodeRef::default()
            }),
            Predicate::Annotation(Annotation { key, .. }, test) => {
                Self::Is(ColumnTest::Annotation(key.clone(), test.clone()))
            }
            Predicate::Never => Self::Nothing,
            _ => Self::Anything,
        }
    }

    const fn constant(holds: bool) -> Self {
        if holds { Self::Anything } else { Self::Nothing }
    }

    fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut asked = Vec::new();
        for part in parts {
            match part {
                Self::Anything => {}
                Self::Nothing => return Self::Nothing,
                part => asked.push(part),
            }
        }
        match asked.len() {
            0 => Self::Anything,
            1 => asked.remove(0),
            _ => Self::All(asked),
        }
    }

    fn some(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut asked = Vec::new();
        for part in parts {
            match part {
                Self::Anything => return Self::Anything,
                Self::Nothing => {}
                part => asked.push(part),
            }
        }
        match asked.len() {
            0 => Self::Nothing,
            1 => asked.remove(0),
            _ => Self::Some(asked),
        }
    }
}

#[cfg(test)]
mod tests;
