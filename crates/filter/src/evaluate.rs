//! From a tree and a trace's projection to an answer.
//!
//! At trace level most keywords look at the root; users, annotations, zones, instances and resources look at every
//! segment. In braces they look at one segment, one call or one element of a root cause. What is not known (the
//! duration of work in progress, an annotation of another type) fulfils no comparison. Source: X-Ray developer guide,
//! filter expressions; recorded answers of the service.

mod causes;

use std::ops::{Range, RangeInclusive};

use fluoro_model::document::AnnotationValue;
use fluoro_model::{EpochSeconds, TimestampMicros};
use fluoro_trace::Projection;
use fluoro_trace::projection::{Call, HttpFacts, Node, Observation, Outcome};

use crate::ast::{
    Annotation, AnnotationOf, Body, Expression, Flag, NodeRef, Number, NumberTest, Predicate, Text,
    TextTest, ValueTest,
};
use causes::Element;

/// Which segments and calls `service(…)` and `edge(…)` mean, by when they ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Any, those in progress included.
    Whenever,
    /// Those that ended from the start, which belongs to it, to the end, which does not.
    Within(Range<TimestampMicros>),
}

/// The segment and the call for which a trace was found.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Matched<'p> {
    /// What the first `service(…)` means, if one was asked for and held.
    pub service: Option<&'p Observation>,
    /// What the first `edge(…)` means, if one was asked for and held.
    pub edge: Option<&'p Call>,
}

/// What an expression is held against.
#[derive(Clone, Copy)]
enum Subject<'a> {
    Trace(&'a Projection, &'a Ended),
    Service(&'a Node, &'a Observation),
    Edge(&'a Projection, &'a Call),
    Cause(Element<'a>),
}

pub(crate) fn matches(expression: &Expression, projection: &Projection, ended: &Ended) -> bool {
    Subject::Trace(projection, ended).holds(expression)
}

/// For which segment and call an expression holds that does. Negated parts are fulfilled by none.
pub(crate) fn matched<'p>(
    expression: &Expression,
    projection: &'p Projection,
    ended: &Ended,
) -> Matched<'p> {
    match expression {
        Expression::And(parts) | Expression::Or(parts) => {
            let found = parts.iter().map(|part| matched(part, projection, ended));
            found.fold(Matched::default(), |first, next| Matched {
                service: first.service.or(next.service),
                edge: first.edge.or(next.edge),
            })
        }
        Expression::Is(Predicate::Service(reference, body)) => Matched {
            service: observations(projection, reference.as_ref(), body, ended).next(),
            edge: None,
        },
        Expression::Is(Predicate::Edge(ends, body)) => Matched {
            service: None,
            edge: calls(projection, ends.as_ref(), body, ended).next(),
        },
        Expression::Everything | Expression::Not(_) | Expression::Is(_) => Matched::default(),
    }
}

pub(crate) fn names_nodes(expression: &Expression) -> bool {
    match expression {
        Expression::And(parts) | Expression::Or(parts) => parts.iter().any(names_nodes),
        Expression::Not(inner) => names_nodes(inner),
        Expression::Is(predicate) => {
            matches!(predicate, Predicate::Service(..) | Predicate::Edge(..))
        }
        Expression::Everything => false,
    }
}

// === services and calls ===

/// What the reference means. A client has no segments: what is asked of it is asked of the roots that it called.
fn observations<'p>(
    projection: &'p Projection,
    reference: Option<&NodeRef>,
    body: &Body,
    ended: &Ended,
) -> impl Iterator<Item = &'p Observation> {
    let fitting = seen_of_nodes(projection).filter(move |(node, seen)| {
        means(reference, node)
            && ended.contains(seen.end)
            && holds_in(body, Subject::Service(node, seen))
    });
    fitting.map(|(_, seen)| seen)
}

fn seen_of_nodes(projection: &Projection) -> impl Iterator<Item = (&Node, &Observation)> {
    let own = projection.observations.iter();
    let own = own.map(|seen| (projection.node(seen.node), seen));
    let from_clients = projection.calls.iter();
    let from_clients = from_clients
        .filter(|call| call.caller.is_none())
        .map(|call| {
            let root = &projection.observations[call.callee as usize];
            (projection.node(call.from), root)
        });
    own.chain(from_clients)
}

/// Whether a service of this name lasted so.
pub(crate) fn has_lasting(projection: &Projection, name: &str, test: NumberTest) -> bool {
    seen_of_nodes(projection).any(|(node, seen)| {
        seen.duration().is_some_and(|lasted| test.holds(lasted)) && &*node.name == name
    })
}

fn calls<'p>(
    projection: &'p Projection,
    ends: Option<&(NodeRef, NodeRef)>,
    body: &Body,
    ended: &Ended,
) -> impl Iterator<Item = &'p Call> {
    projection.calls.iter().filter(move |call| {
        ends.is_none_or(|(from, to)| {
            from.means(projection.node(call.from)) && to.means(projection.node(call.to))
        }) && ended.contains(call.end)
            && holds_in(body, Subject::Edge(projection, call))
    })
}

fn some_service(
    projection: &Projection,
    reference: Option<&NodeRef>,
    body: &Body,
    ended: &Ended,
) -> bool {
    if body.is_none() && *ended == Ended::Whenever {
        return projection.nodes.iter().any(|node| means(reference, node));
    }
    observations(projection, reference, body, ended)
        .next()
        .is_some()
}

fn means(reference: Option<&NodeRef>, node: &Node) -> bool {
    reference.is_none_or(|reference| reference.means(node))
}

fn holds_in(body: &Body, subject: Subject<'_>) -> bool {
    body.as_deref().is_none_or(|body| subject.holds(body))
}

impl NodeRef {
    /// Whether it names this node.
    #[must_use]
    pub fn means(&self, node: &Node) -> bool {
        self.fits(&node.name, node.kind.as_deref(), node.account_id.as_deref())
    }

    /// Whether it names a node of this name, type and account.
    #[must_use]
    pub fn fits(&self, name: &str, kind: Option<&str>, account_id: Option<&str>) -> bool {
        let fits = |wanted: &Option<String>, given: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| given == Some(wanted))
        };
        fits(&self.name, Some(name)) && fits(&self.kind, kind) && fits(&self.account_id, account_id)
    }
}

impl Ended {
    fn contains(&self, end: Option<EpochSeconds>) -> bool {
        match self {
            Self::Whenever => true,
            Self::Within(window) => end.is_some_and(|end| window.contains(&end.micros())),
        }
    }
}

// === subjects ===

impl Subject<'_> {
    fn holds(self, expression: &Expression) -> bool {
        match expression {
            Expression::Everything => true,
            Expression::And(parts) => parts.iter().all(|part| self.holds(part)),
            Expression::Or(parts) => parts.iter().any(|part| self.holds(part)),
            Expression::Not(inner) => !self.holds(inner),
            Expression::Is(predicate) => self.fulfils(predicate),
        }
    }

    fn fulfils(self, predicate: &Predicate) -> bool {
        match predicate {
            Predicate::Flag(flag, wanted) => self.flag(*flag) == *wanted,
            Predicate::Number(number, test) => self
                .number(*number)
                .is_some_and(|value| test.is_none_or(|test| test.holds(value))),
            Predicate::Text(text, test) => self.some_text(*text, |value| {
                test.as_ref().is_none_or(|test| test.holds(value))
            }),
            Predicate::Annotation(annotation, test) => {
                self.some_annotation(annotation, test.as_ref())
            }
            Predicate::Never | Predicate::Group(..) => false,
            Predicate::Service(..)
            | Predicate::Edge(..)
            | Predicate::RootCause(..)
            | Predicate::RootCauseJson(_) => match self {
                Self::Trace(projection, ended) => some_part(predicate, projection, ended),
                Self::Service(..) | Self::Edge(..) | Self::Cause(_) => false,
            },
        }
    }

    fn outcome(self) -> Outcome {
        match self {
            Self::Trace(projection, _) => {
                let root = projection.root();
                root.map(|root| root.outcome).unwrap_or_default()
            }
            Self::Service(_, seen) => seen.outcome,
            Self::Edge(_, call) => call.outcome,
            Self::Cause(_) => Outcome::default(),
        }
    }

    fn flag(self, flag: Flag) -> bool {
        match (flag, self) {
            (Flag::Ok, _) => self.outcome().is_ok(),
            (Flag::Error, _) => self.outcome().error,
            (Flag::Fault, _) => self.outcome().fault,
            (Flag::Throttle, _) => self.outcome().throttle,
            (Flag::Partial, Self::Trace(projection, _)) => projection.partial,
            (Flag::Partial, Self::Service(_, seen)) => seen.orphan,
            (Flag::Inferred, Self::Trace(projection, _)) => {
                projection.observations.iter().any(|seen| seen.inferred)
            }
            (Flag::Inferred, Self::Service(_, seen)) => seen.inferred,
            (Flag::Inferred, Self::Cause(element)) => element.inferred,
            (Flag::Root, Self::Service(_, seen)) => seen.root,
            (Flag::First, Self::Cause(element)) => element.index == 0,
            (Flag::Last, Self::Cause(element)) => element.index + 1 == element.of,
            (Flag::Remote, Self::Cause(element)) => element.remote,
            _ => false,
        }
    }

    fn number(self, number: Number) -> Option<f64> {
        match (number, self) {
            (Number::ResponseTime, Self::Trace(projection, _)) => projection.response_time(),
            (Number::ResponseTime, Self::Edge(_, call)) => call.response_time,
            (Number::Duration, Self::Trace(projection, _)) => projection.summary_duration(),
            (Number::ResponseTime | Number::Duration, Self::Service(_, seen)) => seen.duration(),
            (Number::HttpStatus, _) => self.http()?.status.map(|status| status as f64),
            (Number::Index, Self::Cause(element)) => Some(element.index as f64),
            (Number::Coverage, Self::Cause(element)) => element.coverage,
            _ => None,
        }
    }

    fn http(&self) -> Option<&HttpFacts> {
        match self {
            Self::Trace(projection, _) => projection.root()?.http.as_ref(),
            Self::Service(_, seen) => seen.http.as_ref(),
            Self::Edge(_, call) => call.http.as_ref(),
            Self::Cause(_) => None,
        }
    }

    /// Whether there is a text of that kind, of perhaps several, that fits.
    fn some_text(self, text: Text, fits: impl Fn(&str) -> bool) -> bool {
        let of_segments = |of: fn(&Observation) -> Option<&str>| match self {
            Self::Trace(projection, _) => {
                let mut texts = projection.observations.iter().filter_map(of);
                texts.any(&fits)
            }
            Self::Service(_, seen) => of(seen).is_some_and(&fits),
            Self::Edge(..) | Self::Cause(_) => false,
        };
        let node = match self {
            Self::Service(node, _) => Some(node),
            _ => None,
        };
        let element = match self {
            Self::Cause(element) => Some(element),
            _ => None,
        };
        let http = self.http();
        let one = match text {
            Text::User => return of_segments(|seen| seen.user.as_deref()),
            Text::AvailabilityZone => return of_segments(|seen| seen.availability_zone.as_deref()),
            Text::InstanceId => return of_segments(|seen| seen.instance_id.as_deref()),
            Text::ResourceArn => return of_segments(|seen| seen.resource_arn.as_deref()),
            Text::HttpUrl => http.and_then(|http| http.url.as_deref()),
            Text::HttpMethod => http.and_then(|http| http.method.as_deref()),
            Text::HttpUserAgent => http.and_then(|http| http.user_agent.as_deref()),
            Text::HttpClientIp => http.and_then(|http| http.client_ip.as_deref()),
            Text::Name => node
                .map(|node| &*node.name)
                .or(element.and_then(|it| it.name)),
            Text::Type => node
                .or(element.and_then(|it| it.node))
                .and_then(|node| node.kind.as_deref()),
            Text::AccountId => node
                .or(element.and_then(|it| it.node))
                .and_then(|node| node.account_id.as_deref()),
            Text::Message => element.and_then(|it| it.message),
        };
        one.is_some_and(fits)
    }

    fn some_annotation(self, wanted: &Annotation, test: Option<&ValueTest>) -> bool {
        let among = |seen: &Observation| {
            let mut annotations = seen.annotations.iter();
            annotations.any(|(key, value)| **key == *wanted.key && annotation_fulfils(value, test))
        };
        match (self, wanted.of) {
            (Self::Trace(projection, _), AnnotationOf::Here) => {
                projection.observations.iter().any(among)
            }
            (Self::Service(_, seen), AnnotationOf::Here) => among(seen),
            (Self::Edge(projection, call), AnnotationOf::Source) => call
                .caller
                .is_some_and(|caller| among(&projection.observations[caller as usize])),
            (Self::Edge(projection, call), AnnotationOf::Destination) => {
                among(&projection.observations[call.callee as usize])
            }
            _ => false,
        }
    }
}

/// Some service, call or root cause of the trace fits.
fn some_part(predicate: &Predicate, projection: &Projection, ended: &Ended) -> bool {
    match predicate {
        Predicate::Service(reference, body) => {
            some_service(projection, reference.as_ref(), body, ended)
        }
        Predicate::Edge(ends, body) => calls(projection, ends.as_ref(), body, ended)
            .next()
            .is_some(),
        Predicate::RootCause(kind, level, body) => {
            causes::some_element(projection, *kind, *level, |element| {
                holds_in(body, Subject::Cause(element))
            })
        }
        Predicate::RootCauseJson(patterns) => {
            patterns.iter().any(|pattern| pattern.fits(projection))
        }
        _ => false,
    }
}

// === tests ===

/// Whether an annotation's value fulfils a test. Bare, an annotation that is `false` does not hold; any other does.
#[must_use]
pub fn annotation_fulfils(value: &AnnotationValue, test: Option<&ValueTest>) -> bool {
    match (value, test) {
        (AnnotationValue::Boolean(value), None) => *value,
        (_, None) => true,
        (AnnotationValue::Number(value), Some(ValueTest::Number(test))) => test.holds(*value),
        (AnnotationValue::Text(value), Some(ValueTest::Text(test))) => test.holds(value),
        (AnnotationValue::Boolean(value), Some(ValueTest::Boolean(wanted, equal))) => {
            (value == wanted) == *equal
        }
        (AnnotationValue::Boolean(value), Some(ValueTest::Text(test))) => test
            .boolean()
            .is_some_and(|(wanted, equal)| (*value == wanted) == equal),
        _ => false,
    }
}

impl NumberTest {
    /// Whether the number fulfils it.
    #[must_use]
    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::Equal(wanted) => value == wanted,
            Self::NotEqual(wanted) => value != wanted,
            Self::Less(wanted) => value < wanted,
            Self::LessOrEqual(wanted) => value <= wanted,
            Self::Greater(wanted) => value > wanted,
            Self::GreaterOrEqual(wanted) => value >= wanted,
        }
    }

    /// Whether some number of the range may fulfil it.
    #[must_use]
    pub fn may_hold(self, range: &RangeInclusive<f64>) -> bool {
        let (least, most) = (*range.start(), *range.end());
        match self {
            Self::Equal(wanted) => least <= wanted && wanted <= most,
            Self::NotEqual(wanted) => least != wanted || most != wanted,
            Self::Less(_) | Self::LessOrEqual(_) => self.holds(least),
            Self::Greater(_) | Self::GreaterOrEqual(_) => self.holds(most),
        }
    }

    /// Whether some number of the range may fail it.
    #[must_use]
    pub fn may_fail(self, range: &RangeInclusive<f64>) -> bool {
        let (least, most) = (*range.start(), *range.end());
        match self {
            Self::Equal(wanted) => least != wanted || most != wanted,
            Self::NotEqual(wanted) => least <= wanted && wanted <= most,
            Self::Less(_) | Self::LessOrEqual(_) => !self.holds(most),
            Self::Greater(_) | Self::GreaterOrEqual(_) => !self.holds(least),
        }
    }
}

impl TextTest {
    /// Whether the text fulfils it.
    #[must_use]
    pub fn holds(&self, value: &str) -> bool {
        match self {
            Self::Equal(wanted) => value == wanted,
            Self::NotEqual(wanted) => value != wanted,
            Self::Contains(wanted) => value.contains(&**wanted),
            Self::BeginsWith(wanted) => value.starts_with(&**wanted),
            Self::EndsWith(wanted) => value.ends_with(&**wanted),
        }
    }

    /// What it asks of a boolean, which may be written in quotes, and whether to equal it.
    fn boolean(&self) -> Option<(bool, bool)> {
        let (wanted, equal) = match self {
            Self::Equal(wanted) => (wanted, true),
            Self::NotEqual(wanted) => (wanted, false),
            Self::Contains(_) | Self::BeginsWith(_) | Self::EndsWith(_) => return None,
        };
        wanted.parse().ok().map(|wanted| (wanted, equal))
    }
}

#[cfg(test)]
mod tests;
