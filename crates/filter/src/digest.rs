//! A trace's row in a few machine words, to pass over traces without a look at their projections.

use fluoro_model::document::AnnotationValue;
use fluoro_trace::Projection;
use fluoro_trace::causes::{FailedEntity, RootCause};
use fluoro_trace::projection::{Call, Node, Observation, Outcome};

use crate::ast::{Flag, NodeRef, Number, NumberTest, RootCauseKind, Text, TextTest, ValueTest};
use crate::columns::ColumnTest;
use pieces::Pieces;

pub use known::KnownAnnotations;

mod known;
mod pieces;

/// A row whose numbers and flags are exact and whose texts are in bloom filters; [`KnownAnnotations::row`] answers with it.
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
    /// Of all segments and calls; less than any number when nothing has ended.
    longest: f64,
    texts: Texts,
    /// Those of the known annotations that hold, by their numbers.
    annotations: u64,
    words: Words,
    pieces: Pieces,
}

/// A bloom filter. A trace of five services has some thirty words, and a few more for each failure; at that size one word in
/// two hundred is taken for one of them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Words([u64; 8]);

/// Of which kinds there are texts, a bit for each.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Texts(u16);

/// Of what a word is: equal texts of two kinds are two words.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Text(Text),
    AnnotationKey,
    AnnotationText,
    AnnotationNumber,
    AnnotationBoolean,
    /// A service, or a caller and whom it called, of which some segment or call ended so.
    Failed(Flag),
    /// Of a node on the path of such a root cause.
    Cause(RootCauseKind, Text),
    Exception,
}

impl Digest {
    /// The row of a trace. Its annotations become known, as far as there is room.
    #[must_use]
    pub fn of(projection: &Projection, known: &mut KnownAnnotations) -> Self {
        let root = projection.root();
        let http = root.and_then(|root| root.http.as_ref());
        let observed = projection.observations.iter().map(|seen| seen.outcome);
        let called = projection.calls.iter().map(|call| call.outcome);
        let lasted = projection.observations.iter();
        let lasted = lasted.filter_map(Observation::duration);
        let waited = projection.calls.iter();
        let waited = waited.filter_map(|call| call.response_time);
        let mut digest = Self {
            root: root.map(|root| root.outcome).unwrap_or_default(),
            some: observed.chain(called).fold(Outcome::default(), joined),
            partial: projection.partial,
            inferred: projection.observations.iter().any(|seen| seen.inferred),
            fault_cause: !projection.causes.fault.is_empty(),
            error_cause: !projection.causes.error.is_empty(),
            time_cause: !projection.causes.response_time.is_empty(),
            status: http.and_then(|http| http.status.map(|status| status as f64)),
            response_time: projection.response_time(),
            duration: projection.summary_duration(),
            longest: lasted.chain(waited).fold(f64::NEG_INFINITY, f64::max),
            texts: Texts::default(),
            annotations: known.of(projection),
            words: Words::default(),
            pieces: Pieces::default(),
        };
        if let Some(http) = http {
            digest.add_text(Text::HttpUrl, http.url.as_deref());
            digest.add_text(Text::HttpMethod, http.method.as_deref());
            digest.add_text(Text::HttpUserAgent, http.user_agent.as_deref());
            digest.add_text(Text::HttpClientIp, http.client_ip.as_deref());
        }
        for node in &projection.nodes {
            for (text, part) in parts(node) {
                digest.add_text(text, part);
            }
        }
        for seen in &projection.observations {
            digest.add_observation(projection, seen);
        }
        for call in &projection.calls {
            digest.add_call(projection, call);
        }
        for cause in &projection.causes.fault {
            digest.add_cause(projection, RootCauseKind::Fault, cause);
        }
        for cause in &projection.causes.error {
            digest.add_cause(projection, RootCauseKind::Error, cause);
        }
        digest
    }

    fn add_text(&mut self, text: Text, value: Option<&str>) {
        if let Some(value) = value {
            self.texts.0 |= 1 << text as u8;
            self.words.add(Kind::Text(text), value, b"");
            self.pieces.add(text, value);
        }
    }

    fn add_observation(&mut self, projection: &Projection, seen: &Observation) {
        self.add_text(Text::User, seen.user.as_deref());
        self.add_text(Text::AvailabilityZone, seen.availability_zone.as_deref());
        self.add_text(Text::InstanceId, seen.instance_id.as_deref());
        self.add_text(Text::ResourceArn, seen.resource_arn.as_deref());
        for (key, value) in &seen.annotations {
            self.words.add_annotation(key, value);
        }
        self.add_failed(seen.outcome, &projection.node(seen.node).name, "");
    }

    fn add_call(&mut self, projection: &Projection, call: &Call) {
        let (from, to) = (projection.node(call.from), projection.node(call.to));
        self.add_failed(call.outcome, &from.name, &to.name);
        if call.caller.is_none() {
            let root = &projection.observations[call.callee as usize];
            self.add_failed(root.outcome, &from.name, "");
        }
    }

    fn add_failed(&mut self, outcome: Outcome, service: &str, called: &str) {
        for (flag, ended_so) in [
            (Flag::Fault, outcome.fault),
            (Flag::Error, outcome.error),
            (Flag::Throttle, outcome.throttle),
        ] {
            if ended_so {
                let kind = Kind::Failed(flag);
                self.words.add(kind, service, called.as_bytes());
            }
        }
    }

    fn add_cause(
        &mut self,
        projection: &Projection,
        kind: RootCauseKind,
        cause: &RootCause<FailedEntity>,
    ) {
        for service in &cause.services {
            for (text, part) in parts(projection.node(service.node)) {
                if let Some(part) = part {
                    self.words.add(Kind::Cause(kind, text), part, b"");
                }
            }
            for exception in service
                .entities
                .iter()
                .flat_map(|entity| &entity.exceptions)
            {
                if let Some(name) = &exception.name {
                    self.words.add(Kind::Exception, name, b"");
                }
                self.add_text(Text::Message, exception.message.as_deref());
            }
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

    fn has_cause(&self, kind: RootCauseKind) -> bool {
        match kind {
            RootCauseKind::Fault => self.fault_cause,
            RootCauseKind::Error => self.error_cause,
            RootCauseKind::ResponseTime => self.time_cause,
        }
    }
}

impl Digest {
    fn may(&self, test: &ColumnTest) -> bool {
        match test {
            ColumnTest::Flag(flag) => self.flag(*flag).unwrap_or(true),
            ColumnTest::Number(number, test) => fulfils(self.number(*number), *test),
            ColumnTest::Text(text, Some(TextTest::Equal(value))) => {
                self.words.may_have(Kind::Text(*text), value)
            }
            ColumnTest::Text(text, test) => {
                self.texts.have(*text)
                    && test
                        .as_ref()
                        .is_none_or(|test| self.pieces.may_fulfil(*text, test))
            }
            ColumnTest::Annotation(key, test) => self.words.may_have_annotation(key, test.as_ref()),
            ColumnTest::Node(reference) => self.words.may_have_node(Kind::Text, reference),
            ColumnTest::Some(Flag::Error) => self.some.error,
            ColumnTest::Some(Flag::Fault) => self.some.fault,
            ColumnTest::Some(Flag::Throttle) => self.some.throttle,
            ColumnTest::Some(_) => true,
            ColumnTest::FailedService(flag, name) => self.words.has(Kind::Failed(*flag), name, b""),
            ColumnTest::FailedCall(flag, from, to) => {
                self.words.has(Kind::Failed(*flag), from, to.as_bytes())
            }
            ColumnTest::Longest(test) => test.holds(self.longest),
            // Which service lasted how long is not kept.
            ColumnTest::LongestOf(name, test) => {
                test.holds(self.longest) && self.words.may_have(Kind::Text(Text::Name), name)
            }
            ColumnTest::Cause(kind) => self.has_cause(*kind),
            // Nearly every trace has a cause of its response time: that it leads through a node is not kept.
            ColumnTest::CauseNode(RootCauseKind::ResponseTime, node) => {
                self.words.may_have_node(Kind::Text, node)
            }
            ColumnTest::CauseNode(kind, node) => self
                .words
                .may_have_node(|text| Kind::Cause(*kind, text), node),
            ColumnTest::Exception(name) => self.words.may_have(Kind::Exception, name),
        }
    }

    fn may_not(&self, test: &ColumnTest) -> bool {
        match test {
            ColumnTest::Flag(flag) => !self.flag(*flag).unwrap_or(false),
            ColumnTest::Number(number, test) => !fulfils(self.number(*number), *test),
            ColumnTest::Text(text, None) => !self.texts.have(*text),
            ColumnTest::Cause(kind) => !self.has_cause(*kind),
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

// === impl Texts ===

impl Texts {
    fn have(self, text: Text) -> bool {
        self.0 & 1 << text as u8 != 0
    }
}

// === impl Words ===

impl Words {
    fn add_annotation(&mut self, key: &str, value: &AnnotationValue) {
        self.add(Kind::AnnotationKey, key, b"");
        match value {
            AnnotationValue::Text(text) => self.add(Kind::AnnotationText, key, text.as_bytes()),
            AnnotationValue::Number(number) => {
                self.add(Kind::AnnotationNumber, key, &number_bytes(*number));
            }
            AnnotationValue::Boolean(boolean) => {
                self.add(Kind::AnnotationBoolean, key, &[u8::from(*boolean)]);
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

    fn may_have_node(&self, of: impl Fn(Text) -> Kind, reference: &NodeRef) -> bool {
        let parts = [
            (Text::Name, &reference.name),
            (Text::Type, &reference.kind),
            (Text::AccountId, &reference.account_id),
        ];
        parts.into_iter().all(|(text, part)| {
            part.as_deref()
                .is_none_or(|part| self.may_have(of(text), part))
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

/// What makes a node.
fn parts(node: &Node) -> [(Text, Option<&str>); 3] {
    [
        (Text::Name, Some(&*node.name)),
        (Text::Type, node.kind.as_deref()),
        (Text::AccountId, node.account_id.as_deref()),
    ]
}

/// Equal numbers have equal bytes: adding zero makes one zero of two.
fn number_bytes(number: f64) -> [u8; 8] {
    (number + 0.0).to_bits().to_le_bytes()
}

/// The three bits of a word, of 512.
fn bits(kind: Kind, text: &str, value: &[u8]) -> impl Iterator<Item = usize> {
    let (kind, of) = match kind {
        Kind::Text(text) => (0, text as u8),
        Kind::AnnotationKey => (1, 0),
        Kind::AnnotationText => (2, 0),
        Kind::AnnotationNumber => (3, 0),
        Kind::AnnotationBoolean => (4, 0),
        Kind::Failed(flag) => (5, flag as u8),
        Kind::Exception => (6, 0),
        Kind::Cause(kind, text) => (7 + kind as u8, text as u8),
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
