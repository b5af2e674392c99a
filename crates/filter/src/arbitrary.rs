//! Random expressions and random traces for property tests, of few words so that they often meet.

use fluoro_trace::Projection;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::ast::{
    Annotation, AnnotationOf, Expression, Flag, GroupBy, Level, NodeRef, Number, NumberTest,
    Predicate, Text, TextTest, ValueTest,
};
use crate::fixture::{entity, projection};
use crate::keyword::{CAUSES, Keyword};
use crate::pattern::CausePattern;

const NAMES: [&str; 4] = ["shop", "cart", "DynamoDB", "näme/x"];
const KINDS: [&str; 4] = ["client", "remote", "AWS::Lambda", "AWS::DynamoDB"];
const WORDS: [&str; 7] = [
    "",
    "true",
    "false",
    "acme",
    "ac",
    "http://shop.test/",
    "a \"q\\ü\"\n\u{1}",
];
const KEYS: [&str; 3] = ["tenant", "a.b", "sp ace"];
const NUMBERS: [f64; 7] = [-0.0, 0.0, 1.0, 2.5, 200.0, 429.0, 1e300];

// --- expressions

/// Any expression that the parser can make, groups included.
pub fn expression() -> impl Strategy<Value = Expression> {
    prop_oneof![
        1 => Just(Expression::Everything),
        20 => compound(Level::Trace, trace_predicate().boxed()),
    ]
}

fn compound(level: Level, leaf: BoxedStrategy<Predicate>) -> BoxedStrategy<Expression> {
    let leaf = prop_oneof![leaf, simple(level)].prop_map(Expression::Is);
    let nested = leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Expression::And),
            vec(inner.clone(), 2..4).prop_map(Expression::Or),
            inner.prop_map(|inner| Expression::Not(Box::new(inner))),
        ]
    });
    nested.boxed()
}

fn body(level: Level) -> impl Strategy<Value = Option<Box<Expression>>> {
    option::of(compound(level, simple(level)).prop_map(Box::new))
}

fn trace_predicate() -> impl Strategy<Value = Predicate> {
    let ends = option::of((node(), node()));
    let cause = select(CAUSES.to_vec()).prop_flat_map(|(_, kind, level)| {
        use crate::ast::RootCauseKind::ResponseTime;
        use crate::ast::RootCauseLevel::{Entity, Exception, Service};
        let within = match (level, kind) {
            (Service, _) => Level::CauseService,
            (Entity, ResponseTime) => Level::SlowEntity,
            (Entity, _) => Level::CauseEntity,
            (Exception, _) => Level::CauseException,
        };
        body(within).prop_map(move |body| Predicate::RootCause(kind, level, body))
    });
    let by = select(vec![GroupBy::Name, GroupBy::Arn]);
    prop_oneof![
        (option::of(node()), body(Level::Service))
            .prop_map(|(node, body)| Predicate::Service(node, body)),
        (ends, body(Level::Edge)).prop_map(|(ends, body)| Predicate::Edge(ends, body)),
        cause,
        vec(pattern(), 0..3).prop_map(Predicate::RootCauseJson),
        (by, word(), any::<bool>())
            .prop_map(|(by, value, equal)| Predicate::Group(by, value, equal)),
    ]
}

fn pattern() -> impl Strategy<Value = CausePattern> {
    let patterns = [
        json!({}),
        json!({"Services": [{"Name": "shop"}]}),
        json!({"ClientImpacting": true, "Services": [{}, {"Name": "cart", "Inferred": true}]}),
        json!({"Services": [{"EntityPath": [{"Coverage": 1.0}, {"Remote": true}]}]}),
        json!({"Services": [{"EntityPath": [{"Exceptions": [{"Name": "Boom"}]}]}]}),
    ];
    select(patterns.to_vec())
        .prop_map(|pattern| serde_json::from_value(pattern).expect("a pattern"))
}

fn simple(level: Level) -> BoxedStrategy<Predicate> {
    let flags = [
        Flag::Ok,
        Flag::Error,
        Flag::Fault,
        Flag::Throttle,
        Flag::Partial,
        Flag::Inferred,
        Flag::Root,
        Flag::First,
        Flag::Last,
        Flag::Remote,
    ];
    let numbers = [
        Number::ResponseTime,
        Number::Duration,
        Number::HttpStatus,
        Number::Index,
        Number::Coverage,
    ];
    let texts = [
        Text::HttpUrl,
        Text::HttpMethod,
        Text::HttpUserAgent,
        Text::HttpClientIp,
        Text::User,
        Text::AvailabilityZone,
        Text::InstanceId,
        Text::ResourceArn,
        Text::Name,
        Text::Type,
        Text::Message,
        Text::AccountId,
    ];
    let keywords = flags.map(Keyword::Flag).into_iter();
    let keywords = keywords
        .chain(numbers.map(Keyword::Number))
        .chain(texts.map(Keyword::Text));
    let legal: Vec<Keyword> = keywords.filter(|keyword| keyword.legal_at(level)).collect();
    let simple = select(legal).prop_flat_map(|keyword| match keyword {
        Keyword::Flag(flag) => any::<bool>()
            .prop_map(move |wanted| Predicate::Flag(flag, wanted))
            .boxed(),
        Keyword::Number(number) => option::of(number_test())
            .prop_map(move |test| Predicate::Number(number, test))
            .boxed(),
        Keyword::Text(text) => option::of(text_test())
            .prop_map(move |test| Predicate::Text(text, test))
            .boxed(),
    });
    let of = match level {
        Level::Trace | Level::Service => vec![AnnotationOf::Here],
        Level::Edge => vec![AnnotationOf::Source, AnnotationOf::Destination],
        _ => return prop_oneof![9 => simple, 1 => Just(Predicate::Never)].boxed(),
    };
    let key = select(KEYS.to_vec()).prop_map(str::to_owned);
    let annotation = (select(of), key, option::of(value_test()))
        .prop_map(|(of, key, test)| Predicate::Annotation(Annotation { of, key }, test));
    prop_oneof![6 => simple, 3 => annotation, 1 => Just(Predicate::Never)].boxed()
}

fn word() -> impl Strategy<Value = String> {
    let all = [&NAMES[..], &KINDS[..], &WORDS[..]].concat();
    select(all).prop_map(str::to_owned)
}

fn node() -> impl Strategy<Value = NodeRef> {
    let part =
        |words: [&'static str; 4]| option::of(select(words.to_vec()).prop_map(str::to_owned));
    let parts = (part(NAMES), part(KINDS), option::weighted(0.1, word()));
    parts.prop_map(|(name, kind, account_id)| NodeRef {
        name: match (&kind, &account_id) {
            (None, None) => Some(name.unwrap_or_default()),
            _ => name,
        },
        kind,
        account_id,
    })
}

fn number_test() -> impl Strategy<Value = NumberTest> {
    let tests = [
        NumberTest::Equal,
        NumberTest::NotEqual,
        NumberTest::Less,
        NumberTest::LessOrEqual,
        NumberTest::Greater,
        NumberTest::GreaterOrEqual,
    ];
    (select(tests.to_vec()), select(NUMBERS.to_vec())).prop_map(|(test, number)| test(number))
}

fn text_test() -> impl Strategy<Value = TextTest> {
    let tests = [
        TextTest::Equal,
        TextTest::NotEqual,
        TextTest::Contains,
        TextTest::BeginsWith,
        TextTest::EndsWith,
    ];
    let exception = prop_oneof![Just("Boom".to_owned()), Just("acme".to_owned())];
    let part = (word(), any::<prop::sample::Index>()).prop_map(|(word, from)| {
        let from = word
            .char_indices()
            .map(|(place, _)| place)
            .nth(from.index(word.chars().count().max(1)));
        word[from.unwrap_or_default()..].to_owned()
    });
    let words = prop_oneof![4 => word(), 2 => part, 1 => exception];
    (select(tests.to_vec()), words).prop_map(|(test, word)| test(word))
}

fn value_test() -> impl Strategy<Value = ValueTest> {
    prop_oneof![
        number_test().prop_map(ValueTest::Number),
        text_test().prop_map(ValueTest::Text),
        any::<(bool, bool)>().prop_map(|(wanted, equal)| ValueTest::Boolean(wanted, equal)),
    ]
}

// --- traces

/// A trace of up to six segments and subsegments that call each other, fail, go on and lose their parents.
pub fn trace() -> impl Strategy<Value = Projection> {
    vec((facts(), any::<prop::sample::Index>(), 0..8_u8), 1..6).prop_map(|members| {
        let mut documents: Vec<Value> = Vec::new();
        for (number, (facts, parent, kind)) in members.into_iter().enumerate() {
            let mut document = facts.document(number as u64 + 1);
            if number > 0 && kind > 0 {
                document["parent_id"] = documents[parent.index(documents.len())]["id"].clone();
            }
            match kind {
                1 => document["parent_id"] = json!("00000000000000ff"),
                2..5 if number > 0 => {
                    document["type"] = json!("subsegment");
                    document["namespace"] =
                        json!(["remote", "aws", "local"][usize::from(kind - 2)]);
                }
                _ => {}
            }
            documents.push(document);
        }
        projection(&documents)
    })
}

/// What a segment or subsegment says of itself.
#[derive(Debug, Clone)]
struct Facts {
    name: &'static str,
    origin: Option<&'static str>,
    seconds: Option<f64>,
    flags: (bool, bool, bool),
    status: Option<f64>,
    words: [Option<&'static str>; 4],
    annotations: Vec<(&'static str, Value)>,
    broke: bool,
}

fn facts() -> impl Strategy<Value = Facts> {
    let text = || option::of(select(WORDS.to_vec()));
    let value = prop_oneof![
        select(WORDS.to_vec()).prop_map(|word| json!(word)),
        select(NUMBERS.to_vec()).prop_map(|number| json!(number)),
        any::<bool>().prop_map(|boolean| json!(boolean)),
    ];
    let outcome = (
        any::<(bool, bool, bool)>(),
        option::of(select(vec![200.0, 404.0, 429.0, 500.0])),
    );
    let strategies = (
        select(NAMES.to_vec()),
        option::of(select(KINDS.to_vec())),
        option::weighted(0.8, select(vec![0.0, 1.0, 2.5])),
        outcome,
        [text(), text(), text(), text()],
        vec((select(KEYS.to_vec()), value), 0..3),
        any::<bool>(),
    );
    strategies.prop_map(
        |(name, origin, seconds, (flags, status), words, annotations, broke)| Facts {
            name,
            origin,
            seconds,
            flags,
            status,
            words,
            annotations,
            broke,
        },
    )
}

impl Facts {
    fn document(&self, number: u64) -> Value {
        let [url, user, zone, arn] = self.words;
        let annotations = self.annotations.iter();
        let annotations = annotations.map(|(key, value)| ((*key).to_owned(), value.clone()));
        let annotations: serde_json::Map<String, Value> = annotations.collect();
        let mut more = json!({
            "fault": self.flags.0, "error": self.flags.1, "throttle": self.flags.2,
            "aws": {"account_id": "acme", "operation": "GetItem"}, "http": {"request": {"method": "GET"}, "response": {}},
            "annotations": annotations,
        });
        let members = more.as_object_mut().expect("an object");
        let mut set = |name: &str, value: Option<Value>| {
            value.map(|value| members.insert(name.to_owned(), value));
        };
        set("origin", self.origin.map(|origin| json!(origin)));
        set("user", user.map(|user| json!(user)));
        set("resource_arn", arn.map(|arn| json!(arn)));
        if self.broke {
            let exception =
                json!({"id": format!("{:016x}", number + 100), "type": "Boom", "message": "acme"});
            set("cause", Some(json!({"exceptions": [exception]})));
        }
        if let Some(zone) = zone {
            more["aws"]["ec2"] = json!({"availability_zone": zone, "instance_id": zone});
        }
        if let Some(url) = url {
            more["http"]["request"]["url"] = json!(url);
        }
        if let Some(status) = self.status {
            more["http"]["response"]["status"] = json!(status);
        }
        entity(number, self.name, 0.0, self.seconds, more)
    }
}
