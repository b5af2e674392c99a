//! The tree of a filter expression.

use crate::pattern::CausePattern;

/// An expression. `And` and `Or` hold at least two parts.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// The empty expression: every trace.
    Everything,
    /// All of them hold. Written `AND`, or by standing side by side.
    And(Vec<Expression>),
    /// At least one holds.
    Or(Vec<Expression>),
    /// It does not hold.
    Not(Box<Expression>),
    /// One test.
    Is(Predicate),
}

/// Where a predicate stands: some words are legal only in some places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// At the top: about the trace, mostly its root.
    Trace,
    /// In the braces of `service(…)`: about one observation of a node.
    Service,
    /// In the braces of `edge(…)`: about one call.
    Edge,
    /// In the braces of `rootcause.….service`.
    CauseService,
    /// In the braces of `rootcause.….entity`.
    CauseEntity,
    /// In the braces of `rootcause.responsetime.entity`, where entities have a coverage.
    SlowEntity,
    /// In the braces of `rootcause.….exception`.
    CauseException,
}

/// One test.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// A yes-or-no keyword; `true` when it is to hold.
    Flag(Flag, bool),
    /// A number; no test asks whether there is one.
    Number(Number, Option<NumberTest>),
    /// A text, of which a trace may have several.
    Text(Text, Option<TextTest>),
    /// An annotation.
    Annotation(Annotation, Option<ValueTest>),
    /// Some node of the trace fits.
    Service(Option<NodeRef>, Body),
    /// Some call between two nodes fits.
    Edge(Option<(NodeRef, NodeRef)>, Body),
    /// Some element of a root-cause path fits.
    RootCause(RootCauseKind, RootCauseLevel, Body),
    /// Some root-cause path fits one of these.
    RootCauseJson(Vec<CausePattern>),
    /// The trace is found by a group's expression; `false` when it must not be.
    Group(GroupBy, String, bool),
    /// A number asked of a text or the other way round: holds for nothing.
    Never,
}

/// The expression in braces, if there was one.
pub type Body = Option<Box<Expression>>;

/// Yes-or-no keywords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flag {
    /// Neither error nor fault nor throttle.
    Ok,
    /// The client's mistake, throttles aside.
    Error,
    /// The server's failure.
    Fault,
    /// Too many requests.
    Throttle,
    /// A parent never arrived.
    Partial,
    /// There is, or it is, an inferred node.
    Inferred,
    /// The node is the trace's entry point.
    Root,
    /// The first of the list.
    First,
    /// The last of the list.
    Last,
    /// The entity is a call to another service.
    Remote,
}

/// Keywords that are numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Number {
    /// Seconds until the answer.
    ResponseTime,
    /// Seconds until all work had ended.
    Duration,
    /// The status of the response.
    HttpStatus,
    /// The place in the list, from 0.
    Index,
    /// The share of the root's time, 0 to 1.
    Coverage,
}

/// Keywords that are texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Text {
    /// `http.url`
    HttpUrl,
    /// `http.method`
    HttpMethod,
    /// `http.useragent`
    HttpUserAgent,
    /// `http.clientip`
    HttpClientIp,
    /// `user`
    User,
    /// `availabilityzone`
    AvailabilityZone,
    /// `instance.id`
    InstanceId,
    /// `resource.arn`
    ResourceArn,
    /// `name`
    Name,
    /// `type`
    Type,
    /// `message`
    Message,
    /// `account.id`
    AccountId,
}

/// Which annotation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Annotation {
    /// Whose.
    pub of: AnnotationOf,
    /// Its key, as written.
    pub key: String,
}

/// Whose annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AnnotationOf {
    /// The trace's, or in braces the node's.
    Here,
    /// The caller's.
    Source,
    /// The callee's.
    Destination,
}

/// How numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NumberTest {
    /// `=`
    Equal(f64),
    /// `!=`
    NotEqual(f64),
    /// `<`
    Less(f64),
    /// `<=`
    LessOrEqual(f64),
    /// `>`
    Greater(f64),
    /// `>=`
    GreaterOrEqual(f64),
}

/// How texts are compared: to the letter, by case, without wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTest {
    /// `=`
    Equal(String),
    /// `!=`
    NotEqual(String),
    /// `CONTAINS`
    Contains(String),
    /// `BEGINSWITH`
    BeginsWith(String),
    /// `ENDSWITH`
    EndsWith(String),
}

/// How an annotation, whose type only the trace knows, is compared.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueTest {
    /// With a number.
    Number(NumberTest),
    /// With a text.
    Text(TextTest),
    /// With a boolean: `=` or, when the second is false, `!=`.
    Boolean(bool, bool),
}

/// Names a node. At least one part is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeRef {
    /// Its name or one of its aliases.
    pub name: Option<String>,
    /// Its type: `AWS::DynamoDB::Table`, `client`.
    pub kind: Option<String>,
    /// The account that owns it.
    pub account_id: Option<String>,
}

/// Of what a path is the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootCauseKind {
    /// A 5xx.
    Fault,
    /// A 4xx.
    Error,
    /// A slow answer.
    ResponseTime,
}

/// Which elements of a path are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootCauseLevel {
    /// Its services.
    Service,
    /// The entities within its services.
    Entity,
    /// The exceptions of its entities.
    Exception,
}

/// How a group is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// `group.name`
    Name,
    /// `group.arn`
    Arn,
}
