//! What the plain columns of a trace's row must say so that a filter can find the trace.
//!
//! The judge is [`Filter::matches`](crate::Filter::matches), over the whole projection. A store reads rows first, and columns
//! tell which rows need no look: the predicate made here keeps every trace that the filter finds, and perhaps others, never
//! the other way round. It names columns, not how a store holds them: [`Row`] answers for one row, be it with statistics, with
//! bloom filters or with a [`Digest`](crate::Digest).

use fluoro_trace::Projection;

use crate::ast::{
    Annotation, Body, Expression, Flag, NodeRef, Number, NumberTest, Predicate, RootCauseKind,
    RootCauseLevel, Text, TextTest, ValueTest,
};
use crate::evaluate::has_lasting;

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
    /// The root's request, the users, zones, instances and resources of all segments, or the messages of all exceptions in
    /// root causes: that there is one, or one that compares so.
    Text(Text, Option<TextTest>),
    /// The annotations of all segments: one of that key, or one that compares so.
    Annotation(String, Option<ValueTest>),
    /// The nodes: one that is meant.
    Node(NodeRef),
    /// Some segment or call of the trace ended so: `error`, `fault` or `throttle`.
    Some(Flag),
    /// Some segment of this service, or the root that this client called, ended so.
    FailedService(Flag, String),
    /// Some call from the one service to the other ended so.
    FailedCall(Flag, String, String),
    /// The longest of all segments and calls.
    Longest(NumberTest),
    /// The longest of all segments of this service, or of the roots that this client called.
    LongestOf(String, NumberTest),
    /// There is a root cause.
    Cause(RootCauseKind),
    /// There is one that leads through this node.
    CauseNode(RootCauseKind, NodeRef),
    /// An exception of a root cause has this name.
    Exception(String),
}

/// A row as a store holds it, which may know less than the trace.
pub trait Row {
    /// Whether the test may hold; `false` only when it surely does not.
    fn may(&self, test: &ColumnTest) -> bool;

    /// Whether the test may fail; `false` only when it surely holds.
    fn may_not(&self, test: &ColumnTest) -> bool;
}

/// A row whose trace is at hand: its projection tells of what the row tells least.
#[derive(Debug)]
pub struct RowOf<'p, R> {
    /// What is asked first.
    pub row: R,
    /// Of the same revision.
    pub projection: &'p Projection,
}

impl<R: Row> Row for RowOf<'_, R> {
    fn may(&self, test: &ColumnTest) -> bool {
        let may_hold = || match test {
            ColumnTest::LongestOf(name, test) => has_lasting(self.projection, name, *test),
            _ => true,
        };
        self.row.may(test) && may_hold()
    }

    fn may_not(&self, test: &ColumnTest) -> bool {
        self.row.may_not(test)
    }
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
            // The paths of root causes have services and entities.
            Predicate::RootCause(kind, RootCauseLevel::Service | RootCauseLevel::Entity, None) => {
                column(ColumnTest::Cause(*kind), true)
            }
            // Columns tell what a trace has, not what is together in one place: that something is missing they cannot say.
            _ if !holds => Self::Anything,
            Predicate::Service(reference, body) => {
                let name = reference.as_ref().and_then(|node| node.name.as_ref());
                let failed = |flag| match name {
                    Some(name) => ColumnTest::FailedService(flag, name.clone()),
                    None => ColumnTest::Some(flag),
                };
                let longest = |test| match name {
                    Some(name) => ColumnTest::LongestOf(name.clone(), test),
                    None => ColumnTest::Longest(test),
                };
                let body = Self::of_body(body, &|predicate| {
                    Self::of_one(predicate, &failed, &longest)
                });
                let node = reference.iter().filter(|node| !body.tells_of(node));
                let node = node.cloned();
                let node = node.map(|reference| Self::Is(ColumnTest::Node(reference)));
                let node: Vec<Self> = node.collect();
                Self::all(node.into_iter().chain([body]))
            }
            Predicate::Edge(ends, body) => {
                let names = ends.as_ref();
                let names =
                    names.and_then(|(from, to)| Some((from.name.as_ref()?, to.name.as_ref()?)));
                let failed = |flag| match names {
                    Some((from, to)) => ColumnTest::FailedCall(flag, from.clone(), to.clone()),
                    None => ColumnTest::Some(flag),
                };
                let body = Self::of_body(body, &|predicate| {
                    Self::of_one(predicate, &failed, &ColumnTest::Longest)
                });
                let ends = ends.iter().cloned().flat_map(|(from, to)| [from, to]);
                let nodes = ends.map(|reference| Self::Is(ColumnTest::Node(reference)));
                Self::all(nodes.chain([body]))
            }
            Predicate::RootCause(kind, level, body) => {
                let body = Self::of_body(body, &|predicate| {
                    Self::of_element(*kind, *level, predicate)
                });
                Self::all([Self::Is(ColumnTest::Cause(*kind)), body])
            }
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

    /// What a trace must have so that a body may hold on one of its parts, by what it must have for a predicate.
    fn of_body(body: &Body, leaf: &dyn Fn(&Predicate) -> Self) -> Self {
        body.as_deref()
            .map_or(Self::Anything, |body| Self::within(body, leaf))
    }

    fn within(expression: &Expression, leaf: &dyn Fn(&Predicate) -> Self) -> Self {
        let parts = |parts: &[Expression]| -> Vec<Self> {
            parts.iter().map(|part| Self::within(part, leaf)).collect()
        };
        match expression {
            Expression::Everything | Expression::Not(_) => Self::Anything,
            Expression::And(all) => Self::all(parts(all)),
            Expression::Or(some) => Self::some(parts(some)),
            Expression::Is(Predicate::Never) => Self::Nothing,
            Expression::Is(predicate) => leaf(predicate),
        }
    }

    /// What a trace must have so that a predicate may hold on a segment or call. `failed` says what it is to end so, `longest`
    /// what it is to last.
    fn of_one(
        predicate: &Predicate,
        failed: &dyn Fn(Flag) -> ColumnTest,
        longest: &dyn Fn(NumberTest) -> ColumnTest,
    ) -> Self {
        match predicate {
            Predicate::Flag(flag @ (Flag::Error | Flag::Fault | Flag::Throttle), true) => {
                Self::Is(failed(*flag))
            }
            Predicate::Flag(Flag::Inferred, true) => Self::Is(ColumnTest::Flag(Flag::Inferred)),
            Predicate::Number(
                Number::ResponseTime | Number::Duration,
                Some(test @ (NumberTest::Greater(_) | NumberTest::GreaterOrEqual(_))),
            ) => Self::Is(longest(*test)),
            Predicate::Text(
                text @ (Text::User | Text::AvailabilityZone | Text::InstanceId | Text::ResourceArn),
                test,
            ) => Self::Is(ColumnTest::Text(*text, test.clone())),
            Predicate::Annotation(Annotation { key, .. }, test) => {
                Self::Is(ColumnTest::Annotation(key.clone(), test.clone()))
            }
            predicate => {
                named(predicate).map_or(Self::Anything, |node| Self::Is(ColumnTest::Node(node)))
            }
        }
    }

    /// What a trace must have so that a predicate may hold on an element of a root cause.
    fn of_element(kind: RootCauseKind, level: RootCauseLevel, predicate: &Predicate) -> Self {
        match (level, predicate) {
            (RootCauseLevel::Service, predicate) => named(predicate)
                .map_or(Self::Anything, |node| {
                    Self::Is(ColumnTest::CauseNode(kind, node))
                }),
            (RootCauseLevel::Exception, Predicate::Text(Text::Message, test)) => {
                Self::Is(ColumnTest::Text(Text::Message, test.clone()))
            }
            (
                RootCauseLevel::Exception,
                Predicate::Text(Text::Name, Some(TextTest::Equal(name))),
            ) => Self::Is(ColumnTest::Exception(name.clone())),
            _ => Self::Anything,
        }
    }

    /// Whether a row that fulfils this surely has the node.
    fn tells_of(&self, node: &NodeRef) -> bool {
        let of = NodeRef {
            name: node.name.clone(),
            ..NodeRef::default()
        };
        match self {
            Self::All(parts) => parts.iter().any(|part| part.tells_of(node)),
            Self::Is(ColumnTest::FailedService(_, name) | ColumnTest::LongestOf(name, _)) => {
                *node == of && Some(name) == node.name.as_ref()
            }
            _ => false,
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

/// The node that a predicate within its braces names.
fn named(predicate: &Predicate) -> Option<NodeRef> {
    let Predicate::Text(text, Some(TextTest::Equal(value))) = predicate else {
        return None;
    };
    let mut node = NodeRef::default();
    match text {
        Text::Name => node.name = Some(value.clone()),
        Text::Type => node.kind = Some(value.clone()),
        Text::AccountId => node.account_id = Some(value.clone()),
        _ => return None,
    }
    Some(node)
}

#[cfg(test)]
pub(crate) mod tests;
