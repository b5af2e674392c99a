//! The one table of who answers what.

use http::request::Parts;

use super::stage::{BY_PATH, user_request};
use crate::console;

/// The steps of dispatch. The first in which something matches decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The `Host` of a stage.
    Host,
    /// Paths that no AWS API has.
    Reserved,
    /// The service in the SigV4 credential scope.
    Scope,
    /// `X-Amz-Target` of the JSON protocols.
    Target,
    /// `Action=` of the query protocol, in the query; in a body, see [`by_form`](super::by_form).
    Action,
    /// The paths of services that are called unsigned.
    Path,
}

/// One way in.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) matcher: Matcher,
    /// A signing name, or [`STAGE`], [`OWN`] or [`CONSOLE`].
    pub(super) to: &'static str,
}

/// What a request must have.
#[derive(Debug, Clone, Copy)]
pub(super) enum Matcher {
    /// A path that is reserved, with everything below it; ends in a slash.
    Reserved(&'static str),
    /// `/restapis/{api}/{stage}/_user_request_`, with everything below it.
    UserRequest,
    /// A browser's `GET /`.
    Browser,
    /// How `X-Amz-Target` begins, its dot included.
    Target(&'static str),
    /// `Action` in the query, with this `Version`.
    Version(&'static str),
    /// `POST` to just this path.
    Post(&'static str),
    /// A path, with everything below it.
    Below(&'static str),
}

pub(super) const STAGE: &str = "(stage)";
pub(super) const OWN: &str = "(own)";
pub(super) const CONSOLE: &str = "(console)";

const fn entry(matcher: Matcher, to: &'static str) -> Entry {
    Entry { matcher, to }
}

/// Every entry. `Host` and `Scope` have none: they name what they are for.
pub(super) const ENTRIES: &[Entry] = &[
    entry(Matcher::Reserved(BY_PATH), STAGE),
    entry(Matcher::UserRequest, STAGE),
    entry(Matcher::Reserved("/_fluoro/"), OWN),
    entry(Matcher::Browser, CONSOLE),
    // How the JSON protocols name their services. Source: `targetPrefix` of each API model.
    entry(Matcher::Target("DynamoDB_20120810."), "dynamodb"),
    entry(Matcher::Target("DynamoDBStreams_20120810."), "dynamodb"),
    entry(Matcher::Target("AmazonSQS."), "sqs"),
    entry(Matcher::Target("Logs_20140328."), "logs"),
    entry(Matcher::Target("AWSEvents."), "events"),
    entry(Matcher::Target("Kinesis_20131202."), "kinesis"),
    entry(Matcher::Target("AWSStepFunctions."), "states"),
    entry(Matcher::Target("AmazonSSM."), "ssm"),
    entry(Matcher::Target("secretsmanager."), "secretsmanager"),
    entry(Matcher::Target("TrentService."), "kms"),
    // Source: `apiVersion` of each API model that speaks the query protocol.
    entry(Matcher::Version("2010-05-08"), "iam"),
    entry(Matcher::Version("2011-06-15"), "sts"),
    entry(Matcher::Version("2012-11-05"), "sqs"),
    entry(Matcher::Version("2010-03-31"), "sns"),
    entry(Matcher::Version("2010-05-15"), "cloudformation"),
    entry(Matcher::Version("2010-08-01"), "monitoring"),
    // Source: `requestUri` of the X-Ray API model; daemons and their clients send these unsigned.
    entry(Matcher::Post("/CancelTraceRetrieval"), "xray"),
    entry(Matcher::Post("/CreateGroup"), "xray"),
    entry(Matcher::Post("/CreateSamplingRule"), "xray"),
    entry(Matcher::Post("/DeleteGroup"), "xray"),
    entry(Matcher::Post("/DeleteResourcePolicy"), "xray"),
    entry(Matcher::Post("/DeleteSamplingRule"), "xray"),
    entry(Matcher::Post("/EncryptionConfig"), "xray"),
    entry(Matcher::Post("/GetGroup"), "xray"),
    entry(Matcher::Post("/GetIndexingRules"), "xray"),
    entry(Matcher::Post("/GetRetrievedTracesGraph"), "xray"),
    entry(Matcher::Post("/GetSamplingRules"), "xray"),
    entry(Matcher::Post("/GetTraceSegmentDestination"), "xray"),
    entry(Matcher::Post("/Groups"), "xray"),
    entry(Matcher::Post("/Insight"), "xray"),
    entry(Matcher::Post("/InsightEvents"), "xray"),
    entry(Matcher::Post("/InsightImpactGraph"), "xray"),
    entry(Matcher::Post("/InsightSummaries"), "xray"),
    entry(Matcher::Post("/ListResourcePolicies"), "xray"),
    entry(Matcher::Post("/ListRetrievedTraces"), "xray"),
    entry(Matcher::Post("/ListTagsForResource"), "xray"),
    entry(Matcher::Post("/PutEncryptionConfig"), "xray"),
    entry(Matcher::Post("/PutResourcePolicy"), "xray"),
    entry(Matcher::Post("/SamplingStatisticSummaries"), "xray"),
    entry(Matcher::Post("/SamplingTargets"), "xray"),
    entry(Matcher::Post("/ServiceGraph"), "xray"),
    entry(Matcher::Post("/StartTraceRetrieval"), "xray"),
    entry(Matcher::Post("/TagResource"), "xray"),
    entry(Matcher::Post("/TelemetryRecords"), "xray"),
    entry(Matcher::Post("/TimeSeriesServiceStatistics"), "xray"),
    entry(Matcher::Post("/TraceGraph"), "xray"),
    entry(Matcher::Post("/TraceSegments"), "xray"),
    entry(Matcher::Post("/TraceSummaries"), "xray"),
    entry(Matcher::Post("/Traces"), "xray"),
    entry(Matcher::Post("/UntagResource"), "xray"),
    entry(Matcher::Post("/UpdateGroup"), "xray"),
    entry(Matcher::Post("/UpdateIndexingRule"), "xray"),
    entry(Matcher::Post("/UpdateSamplingRule"), "xray"),
    entry(Matcher::Post("/UpdateTraceSegmentDestination"), "xray"),
    // Source: the dates in `requestUri` of the Lambda API model.
    entry(Matcher::Below("/2014-11-13/functions"), "lambda"),
    entry(Matcher::Below("/2015-03-31/functions"), "lambda"),
    entry(
        Matcher::Below("/2015-03-31/event-source-mappings"),
        "lambda",
    ),
    entry(Matcher::Below("/2016-08-19/account-settings"), "lambda"),
    entry(Matcher::Below("/2017-03-31/tags"), "lambda"),
    entry(Matcher::Below("/2017-10-31/functions"), "lambda"),
    entry(Matcher::Below("/2018-10-31/layers"), "lambda"),
    entry(Matcher::Below("/2019-09-25/functions"), "lambda"),
    entry(Matcher::Below("/2019-09-30/functions"), "lambda"),
    entry(Matcher::Below("/2020-04-22/code-signing-configs"), "lambda"),
    entry(Matcher::Below("/2020-06-30/functions"), "lambda"),
    entry(Matcher::Below("/2021-07-20/functions"), "lambda"),
    entry(Matcher::Below("/2021-10-31/functions"), "lambda"),
    entry(Matcher::Below("/2021-11-15/functions"), "lambda"),
    entry(Matcher::Below("/2024-08-31/functions"), "lambda"),
    // Source: `requestUri` of the API Gateway API model.
    entry(Matcher::Below("/restapis"), "apigateway"),
    entry(Matcher::Below("/apikeys"), "apigateway"),
    entry(Matcher::Below("/usageplans"), "apigateway"),
    entry(Matcher::Below("/account"), "apigateway"),
    entry(Matcher::Below("/domainnames"), "apigateway"),
    entry(
        Matcher::Below("/domainnameaccessassociations"),
        "apigateway",
    ),
    entry(Matcher::Below("/vpclinks"), "apigateway"),
    entry(Matcher::Below("/clientcertificates"), "apigateway"),
    entry(Matcher::Below("/sdktypes"), "apigateway"),
    entry(Matcher::Below("/tags"), "apigateway"),
];

// === impl Step ===

impl Step {
    pub(super) const IN_ORDER: [Self; 6] = [
        Self::Host,
        Self::Reserved,
        Self::Scope,
        Self::Target,
        Self::Action,
        Self::Path,
    ];
}

// === impl Matcher ===

impl Matcher {
    pub(super) fn step(&self) -> Step {
        match self {
            Self::Reserved(_) | Self::UserRequest | Self::Browser => Step::Reserved,
            Self::Target(_) => Step::Target,
            Self::Version(_) => Step::Action,
            Self::Post(_) | Self::Below(_) => Step::Path,
        }
    }

    pub(super) fn matches(&self, head: &Parts) -> bool {
        let path = head.uri.path();
        match self {
            Self::Reserved(prefix) => path.starts_with(prefix),
            Self::UserRequest => user_request(path).is_some(),
            Self::Browser => console::is_browser_at_root(head),
            Self::Target(prefix) => {
                let target = head.headers.get("x-amz-target");
                target.is_some_and(|target| target.as_bytes().starts_with(prefix.as_bytes()))
            }
            Self::Version(version) => {
                let query = head.uri.query().unwrap_or_default();
                query_has(query, "Action", None) && query_has(query, "Version", Some(version))
            }
            Self::Post(exact) => head.method == http::Method::POST && path == *exact,
            Self::Below(prefix) => is_below(path, prefix),
        }
    }

    /// Whether some request could match both.
    #[cfg(test)]
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Reserved(a), Self::Reserved(b)) | (Self::Target(a), Self::Target(b)) => {
                a.starts_with(b) || b.starts_with(a)
            }
            (Self::Reserved(prefix), Self::UserRequest)
            | (Self::UserRequest, Self::Reserved(prefix)) => {
                "/restapis/".starts_with(prefix) || prefix.starts_with("/restapis/")
            }
            (Self::Reserved(prefix), Self::Browser) | (Self::Browser, Self::Reserved(prefix)) => {
                *prefix == "/"
            }
            (Self::UserRequest, Self::UserRequest) | (Self::Browser, Self::Browser) => true,
            (Self::Version(a), Self::Version(b)) | (Self::Post(a), Self::Post(b)) => a == b,
            (Self::Below(a), Self::Below(b)) => is_below(a, b) || is_below(b, a),
            (Self::Post(exact), Self::Below(prefix)) | (Self::Below(prefix), Self::Post(exact)) => {
                is_below(exact, prefix)
            }
            _ => false, // another step decides first, or another path
        }
    }
}

fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn query_has(query: &str, name: &str, value: Option<&str>) -> bool {
    query.split('&').any(|pair| {
        let (found, of) = pair.split_once('=').unwrap_or((pair, ""));
        found == name && value.is_none_or(|value| of == value)
    })
}
