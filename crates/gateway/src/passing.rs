//! A request on its way through the data plane, for those who hear of it when it is over: what counts requests, and what
//! remembers why they were or were not sampled.

use std::sync::Arc;

use fluoro_model::TimestampMicros;
use fluoro_sampling::{FinishedRequest, Kept, SampledRequest};
use fluoro_statistics::{Outcome, Series, Subject};

use crate::Parts;
use crate::context::RequestIds;
use crate::head::Head;
use crate::served::{ServedMethod, ServedStage};
use crate::trace::Tracing;

/// A request as sampling rules see it.
#[derive(Debug)]
pub(crate) struct Seen<'a> {
    stage: &'a ServedStage,
    head: &'a Head,
    path: String,
    headers: Vec<(&'a str, &'a str)>,
}

/// A request that is not over yet. Dropping it says that it is: answered, or given up by the client.
#[derive(Debug)]
pub(crate) struct Passing<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) stage: &'a ServedStage,
    pub(crate) seen: &'a Seen<'a>,
    pub(crate) tracing: &'a Tracing,
    pub(crate) ids: &'a RequestIds,
    pub(crate) received: TimestampMicros,
    pub(crate) method: Option<&'a ServedMethod>,
    pub(crate) answered: Option<Answered>,
}

/// How a request was answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answered {
    at: TimestampMicros,
    status: u16,
    kept: Option<Kept>,
}

// === impl Seen ===

impl<'a> Seen<'a> {
    pub(crate) fn new(stage: &'a ServedStage, head: &'a Head) -> Self {
        let headers = head.headers.iter();
        Self {
            stage,
            head,
            path: head.path_with_stage(&stage.name),
            headers: headers
                .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
                .collect(),
        }
    }

    pub(crate) fn request(&self) -> SampledRequest<'_> {
        SampledRequest {
            service_name: Some(&self.stage.service_name),
            service_type: Some("AWS::ApiGateway::Stage"),
            host: self.head.host(),
            http_method: Some(self.head.method.as_str()),
            url_path: Some(&self.path),
            resource_arn: Some(&self.stage.resource_arn),
            attributes: &self.headers,
        }
    }
}

// === impl Passing ===

impl Passing<'_> {
    /// The client is answered now. Whether the request is recorded all the same, if it was not sampled.
    pub(crate) fn answers(&mut self, status: u16) -> Option<Kept> {
        let at = self.now();
        let took = at.0 - self.received.0;
        let kept = self
            .tracing
            .afterwards
            .then(|| self.parts.keep_unsampled.judge(status >= 500, took))
            .flatten();
        self.answered = Some(Answered { at, status, kept });
        kept
    }

    fn now(&self) -> TimestampMicros {
        TimestampMicros(self.parts.ambient.now_micros())
    }

    fn series(&self) -> &Arc<Series> {
        let place = self
            .method
            .map_or(&self.stage.unrouted, |method| &method.series);
        place.get_or_init(|| {
            let stage = self.stage;
            let subject = Subject::Method {
                region: stage.region.to_string(),
                api_id: stage.api_id.clone(),
                api_name: stage.api_name.clone(),
                stage: stage.name.clone(),
                resource: self.method.map(|method| method.resource_path.clone()),
                method: self.method.map(|method| method.verb.clone()),
            };
            self.parts.statistics.series(self.received, subject)
        })
    }
}

impl Drop for Passing<'_> {
    fn drop(&mut self) {
        let ended = self
            .answered
            .map_or_else(|| self.now(), |answered| answered.at);
        let status = self.answered.map(|answered| answered.status);
        // A client that goes away before its answer has only itself to blame.
        let outcome = status.map_or(Outcome::Error, Outcome::of_status);
        let took = ended.0 - self.received.0;
        self.series().count(ended, outcome, took);
        self.parts.sampler.finished(&FinishedRequest {
            request: &self.seen.request(),
            decision: &self.tracing.decision,
            trace_id: self.tracing.root,
            request_id: &self.ids.request,
            received: self.received,
            ended,
            status,
            kept: self.answered.and_then(|answered| answered.kept),
        });
    }
}
