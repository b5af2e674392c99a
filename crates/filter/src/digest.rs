//! A trace's row in a few machine words, to pass over traces without a look at their projections.

use fluoro_model::document::AnnotationValue;
use fluoro_trace::Projection;
use fluoro_trace::projection::{Node, Observation, Outcome};

use crate::ast::{Flag, NodeRef, Number, NumberTest, RootCauseKind, Text, TextTest, ValueTest};
use crate::columns::{ColumnTest, Row};

/// A row whose numbers and flags are exact and whose texts are in a bloom filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Digest {
    root: Outcome,
    /// Joined over all segments and calls.
    some: Outcome,
    partial: bool,
    inferred: bool,
    fault_cause: bool,
    error_cause: bool,
    time_cause: bool,
    status: Option<f64>,
    response_time: Option<f64>,
    duration: Option<f64>,
    words: Words,
}

/// A bloom filter. A trace of five services has some thirty words; at that size one word in two hundred is taken for one of
/// them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Words([u64; 8]);

/// Of what a word is: equal texts of two kinds are two words.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Text(Text),
    /// There is a text of that kind.
    Some(Text),
    AnnotationKey,
    AnnotationText,
    AnnotationNumber,
    AnnotationBoolean,
}

impl Digest {
    /// The row of a trace.
    #[must_use]
    pub fn of(projection: &Projection) -> Self {
        let mut words = Words::default();
        let root = projection.root();
        if let Some(http) = root.and_then(|root| root.http.as_ref()) {
            words.add_text(Text::HttpUrl, http.url.as_deref());
            words.add_text(Text::HttpMethod, http.method.as_deref());
            words.add_text(Text::HttpUserAgent, http.user_agent.as_deref());
            words.add_text(Text::HttpClientIp, http.client_ip.as_deref());
        }
        for node in &projection.nodes {
            words.add_node(node);
        }
        for seen in &projection.observations {
            words.add_observation(seen);
        }
        let observed = projection.observations.iter().map(|seen| seen.outcome);
        let called = projection.calls.iter().map(|call| call.outcome);
        let status = root.and_then(|root| root.http.as_ref()?.status);
        Self {
            root: root.map(|root| root.outcome).unwrap_or_default(),
            some: observed.chain(called).fold(Outcome::default(), joined),
            partial: projection.partial,
            inferred: projection.observations.iter().any(|seen| seen.inferred),
            fault_cause: !projection.causes.fault.is_empty(),
            error_cause: !projection.causes.error.is_empty(),
            time_cause: !projection.causes.response_time.is_empty(),
            status: status.map(|status| status as f64),
            response_time: projection.response_time(),
            duration: projection.summary_duration(),
            words,
        }
    }

    fn flag(&self, flag: Flag) -> Option<bool> {
        Some(match flag {
            Flag::Ok => self.root.is_ok(),
            Flag::Error => self.root.error,
            Flag::Fault => self.root.fault,
            Flag::Throttle => self.root.throttle,
            Flag::Partial => self.partial,
            Flag::Inferred => self.inferred,
            Flag::Root | Flag::First | Flag::Last | Flag::Remote => return None,
        })
    }

    fn number(&self, number: Number) -> Option<f64> {
        match number {
            Number::ResponseTime => self.response_time,
            Number::Duration => self.duration,
            Number::HttpStatus => self.status,
            Number::Index | Number::Coverage => None,
        }
    }
}

impl Row for Digest {
    fn may(&self, test: &ColumnTest) -> bool {
        match test {
            ColumnTest::Flag(flag) => self.flag(*flag).unwrap_or(true),
            ColumnTest::Number(number, test) => fulfils(self.number(*number), *test),
            ColumnTest::Text(text, Some(TextTest::Equal(value))) => {
                self.words.may_have(Kind::Text(*text), value)
            }
            ColumnTest::Text(text, _) => self.words.may_have(Kind::Some(*text), ""),
            ColumnTest::Annotation(key, test) => self.words.may_have_annotation(key, test.as_ref()),
            ColumnTest::Node(reference) => self.words.may_have_node(reference),
            ColumnTest::Some(Flag::Error) => self.some.error,
            ColumnTest::Some(Flag::Fault) => self.some.fault,
            ColumnTest::Some(Flag::Throttle) => self.some.throttle,
            ColumnTest::Some(_) => true,
            ColumnTest::Cause(RootCauseKind::Fault) => self.fault_cause,
            ColumnTest::Cause(RootCauseKind::Error) => self.error_cause,
            ColumnTest::Cause(RootCauseKind::ResponseTime) => self.time_cause,
        }
    }

    fn may_not(&self, test: &ColumnTest) -> bool {
        match test {
            ColumnTest::Flag(flag) => !self.flag(*flag).unwrap_or(false),
            ColumnTest::Number(number, test) => !fulfils(self.number(*number), *test),
            _ => true,
        }
    }
}

fn fulfils(value: Option<f64>, test: Option<NumberTest>) -> bool {
    value.is_some_and(|value| test.is_none_or(|test| test.holds(value)))
}

fn joined(one: Outcome, other: Outcome) -> Outcome {
    Outcome {
        fault: one.fault || other.fault,
        error: one.error || other.error,
        throttle: one.throttle || other.throttle,
    }
}

// === impl Words ===

impl Words {
    fn add_text(&mut self, text: Text, value: Option<&str>) {
        if let Some(value) = value {
            self.add(Kind::Some(text), "", b"");
            self.add(Kind::Text(text), value, b"");
        }
    }

    fn add_node(&mut self, node: &Node) {
        self.add_text(Text::Name, Some(&node.name));
        self.add_text(Text::Type, node.kind.as_deref());
        self.add_text(Text::AccountId, node.account_id.as_deref());
    }

    fn add_observation(&mut self, seen: &Observation) {
        self.add_text(Text::User, seen.user.as_deref());
        self.add_text(Text::AvailabilityZone, seen.availability_zone.as_deref());
        self.add_text(Text::InstanceId, seen.instance_id.as_deref());
        self.add_text(Text::ResourceArn, seen.resource_arn.as_deref());
        for (key, value) in &seen.annotations {
            self.add(Kind::AnnotationKey, key, b"");
            match value {
                AnnotationValue::Text(text) => {
                    self.add(Kind::AnnotationText, key, text.as_bytes());
                }
                AnnotationValue::Number(number) => {
                    self.add(Kind::AnnotationNumber, key, &number_bytes(*number));
                }
                AnnotationValue::Boolean(boolean) => {
                    self.add(Kind::AnnotationBoolean, key, &[u8::from(*boolean)]);
                }
            }
        }
    }

    fn may_have(&self, kind: Kind, text: &str) -> bool {
        self.has(kind, text, b"")
    }

    fn may_have_annotation(&self, key: &str, test: Option<&ValueTest>) -> bool {
        match test {
            Some(ValueTest::Number(NumberTest::Equal(number))) => {
                self.has(Kind::AnnotationNumber, key, &number_bytes(*number))
            }
            // In quotes, a boolean may be meant.
            Some(ValueTest::Text(TextTest::Equal(text))) if text.parse::<bool>().is_err() => {
                self.has(Kind::AnnotationText, key, text.as_bytes())
            }
            Some(ValueTest::Boolean(wanted, equal)) => {
                let value = wanted == equal;
                self.has(Kind::AnnotationBoolean, key, &[u8::from(value)])
            }
            _ => self.may_have(Kind::AnnotationKey, key),
        }
    }

    fn may_have_node(&self, reference: &NodeRef) -> bool {
        let parts = [
            (Text::Name, &reference.name),
            (Text::Type, &reference.kind),
            (Text::AccountId, &reference.account_id),
        ];
        parts.into_iter().all(|(text, part)| {
            part.as_deref()
                .is_none_or(|part| self.may_have(Kind::Text(text), part))
        })
    }

    fn add(&mut self, kind: Kind, text: &str, value: &[u8]) {
        for bit in bits(kind, text, value) {
            self.0[bit / 64] |= 1 << (bit % 64);
        }
    }

    fn has(&self, kind: Kind, text: &str, value: &[u8]) -> bool {
        bits(kind, text, value).all(|bit| self.0[bit / 64] & 1 << (bit % 64) != 0)
    }
}

/// Equal numbers have equal bytes: adding zero makes one zero of two.
fn number_bytes(number: f64) -> [u8; 8] {
    (number + 0.0).to_bits().to_le_bytes()
}

/// The three bits of a word, of 512.
fn bits(kind: Kind, text: &str, value: &[u8]) -> impl Iterator<Item = usize> {
    let (kind, of) = match kind {
        Kind::Text(text) => (0, text as u8),
        Kind::Some(text) => (1, text as u8),
        Kind::AnnotationKey => (2, 0),
        Kind::AnnotationText => (3, 0),
        Kind::AnnotationNumber => (4, 0),
        Kind::AnnotationBoolean => (5, 0),
    };
    let bytes = [kind, of].into_iter().chain(text.bytes()).chain([0xff]);
    let bytes = bytes.chain(value.iter().copied());
    // FNV-1a, then the finalizer of SplitMix64: all bits depend on all bytes.
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let [a, b, c, d, e, f, ..] = hash.to_le_bytes();
    let parts = [[a, b], [c, d], [e, f]].into_iter();
    parts.map(|part| usize::from(u16::from_le_bytes(part) & 0x1ff))
}
