//! A request's segment while the request runs.

use std::sync::Arc;

use bytes::Bytes;
use fluoro_ambient::Ambient;
use fluoro_ingest::{OpenWork, TraceSink};
use fluoro_model::{SegmentId, TimestampMicros, TraceId};
use fluoro_sampling::{Decision, Kept};

use super::decide::Tracing;
use super::document::{
    Annotations, ApiGateway, Aws, Call, Flags, Fluoro, Http, Ids, Invoke, Metadata, Millis,
    Request, Response, Segment, Subsegment, XRay,
};
use crate::context::RequestIds;
use crate::head::Head;
use crate::served::ServedStage;

/// The segment of a request that is recorded, or may be. Dropping it writes the segment and closes the trace.
///
/// It lives as long as the answer's body: a trace is not finished before its request is.
#[derive(Debug)]
pub(crate) struct Recording {
    ambient: Ambient,
    sink: Arc<dyn TraceSink>,
    stage: Arc<ServedStage>,
    /// Says until dropped that this trace has more to come; not of a segment that may never come.
    _open: Option<OpenWork>,
    fate: Fate,
    id: SegmentId,
    root: TraceId,
    parent: Option<SegmentId>,
    call_id: SegmentId,
    decision: Decision,
    started: TimestampMicros,
    method: http::Method,
    url: String,
    user_agent: Option<String>,
    client_ip: String,
    request_id: String,
    extended_request_id: String,
    status: Option<u16>,
    reason: Option<String>,
    call: Option<BackendCall>,
}

/// Whether the segment is written.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// The request was sampled.
    Sampled,
    /// It was not, and so far there is no reason to keep it all the same.
    Dropped,
    /// There is.
    Kept(Kept),
}

/// A call of the integration's backend.
#[derive(Debug)]
struct BackendCall {
    backend: Backend,
    started: TimestampMicros,
    ended: Option<TimestampMicros>,
    response: Option<Response>,
    flags: Flags,
}

/// What an integration called.
#[derive(Debug)]
pub(crate) enum Backend {
    /// A function.
    Function {
        url: Arc<str>,
        name: Arc<str>,
        region: Arc<str>,
    },
    /// A web server.
    Http {
        node: String,
        url: String,
        method: http::Method,
    },
}

// === impl Recording ===

impl Recording {
    pub(crate) fn begin(
        ambient: &Ambient,
        sink: &Arc<dyn TraceSink>,
        stage: &Arc<ServedStage>,
        tracing: &Tracing,
        head: &Head,
        ids: &RequestIds,
        started: TimestampMicros,
    ) -> Box<Self> {
        let open = tracing.recorded.then(|| {
            let what = format!("{} {} at {}", head.method, head.path(), stage.service_name);
            sink.open(tracing.root, what)
        });
        Box::new(Self {
            ambient: ambient.clone(),
            sink: Arc::clone(sink),
            stage: Arc::clone(stage),
            fate: if tracing.recorded {
                Fate::Sampled
            } else {
                Fate::Dropped
            },
            _open: open,
            id: SegmentId::from_bits(u64::from_be_bytes(ambient.bytes())),
            root: tracing.root,
            parent: tracing.parent(),
            call_id: tracing.call,
            decision: tracing.decision.clone(),
            started,
            method: head.method.clone(),
            url: head.url(&stage.domain_name),
            user_agent: head.user_agent().map(str::to_owned),
            client_ip: head.client_ip().into_owned(),
            request_id: ids.request.clone(),
            extended_request_id: ids.extended.clone(),
            status: None,
            reason: None,
            call: None,
        })
    }

    /// The backend is called now.
    pub(crate) fn calls(&mut self, backend: Backend) {
        self.call = Some(BackendCall {
            backend,
            started: self.now(),
            ended: None,
            response: None,
            flags: Flags::default(),
        });
    }

    /// The backend answered, or at least its status did.
    pub(crate) fn called(&mut self, status: u16, content_length: u64, flags: Flags) {
        let now = self.now();
        if let Some(call) = &mut self.call {
            call.ended = Some(now);
            call.response = Some(Response {
                status,
                content_length,
            });
            call.flags = flags;
        }
    }

    /// The backend gave no answer.
    pub(crate) fn call_failed(&mut self) {
        let now = self.now();
        if let Some(call) = &mut self.call {
            call.ended = Some(now);
            call.response = None;
            call.flags = Flags::FAULT;
        }
    }

    /// The body of a streamed answer has ended, after so many bytes.
    pub(crate) fn streamed(&mut self, bytes: u64) {
        let now = self.now();
        if let Some(call) = &mut self.call {
            call.ended = Some(now);
            if let Some(response) = &mut call.response {
                response.content_length = bytes;
            }
        }
    }

    /// The client gets this status; `kept` says why a request that was not sampled is recorded all the same.
    pub(crate) fn answers(&mut self, status: u16, kept: Option<Kept>) {
        self.status = Some(status);
        if let (Fate::Dropped, Some(kept)) = (self.fate, kept) {
            self.fate = Fate::Kept(kept);
        }
    }

    /// Why the request failed.
    pub(crate) fn because(&mut self, reason: String) {
        self.reason = Some(reason);
    }

    fn now(&self) -> TimestampMicros {
        TimestampMicros(self.ambient.now_micros())
    }

    fn write(&self) -> Bytes {
        let ended = self.now().max(self.started);
        let stage = &*self.stage;
        let rule = self.decision.how.rule();
        let rule = rule.filter(|_| self.decision.sampled);
        // Without a status the client went away before there was an answer: its error, not ours.
        let flags = self.status.map_or(Flags::of(400), Flags::of);
        let segment = Segment {
            id: self.id,
            name: &stage.segment_name,
            trace_id: self.root,
            parent_id: self.parent,
            start_time: Millis::floor(self.started),
            end_time: Millis::ceil(ended),
            flags,
            http: Http {
                request: Request {
                    url: &self.url,
                    method: self.method.as_str(),
                    user_agent: self.user_agent.as_deref(),
                    client_ip: &self.client_ip,
                    x_forwarded_for: true,
                },
                response: self.status.map(|status| Response {
                    status,
                    content_length: 0,
                }),
            },
            aws: Aws {
                api_gateway: ApiGateway {
                    account_id: &stage.account.0,
                    rest_api_id: &stage.api_id,
                    stage: &stage.name,
                    request_id: &self.request_id,
                },
                xray: rule.map(|rule| XRay {
                    sampling_rule_name: rule.as_str(),
                }),
            },
            annotations: Annotations {
                api_id: &stage.api_id,
                api_stage: &stage.name,
            },
            metadata: Metadata {
                default: Ids {
                    extended_request_id: &self.extended_request_id,
                    request_id: &self.request_id,
                },
                fluoro: Fluoro {
                    sampling: &self.decision,
                    kept: match self.fate {
                        Fate::Kept(kept) => Some(kept),
                        Fate::Sampled | Fate::Dropped => None,
                    },
                    reason: self.reason.as_deref(),
                },
            },
            origin: "AWS::ApiGateway::Stage",
            resource_arn: &stage.resource_arn,
            subsegments: self
                .call
                .as_ref()
                .map(|call| [call.subsegment(self.call_id, ended)]),
        };
        let mut bytes = Vec::with_capacity(1536);
        serde_json::to_writer(&mut bytes, &segment)
            .expect("the document has text keys and no failing serializer");
        bytes.into()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if !matches!(self.fate, Fate::Dropped) {
            let document = self.write();
            self.sink.record(&self.stage.source, document);
        }
    }
}

// === impl BackendCall ===

impl BackendCall {
    fn subsegment(&self, id: SegmentId, segment_ended: TimestampMicros) -> Subsegment<'_> {
        let ended = self.ended.unwrap_or(segment_ended).max(self.started);
        let (name, namespace, url, method, aws) = match &self.backend {
            Backend::Function { url, name, region } => {
                let invoke = Invoke {
                    function_name: name,
                    region,
                    operation: "Invoke",
                    resource_names: [name],
                };
                ("Lambda", "aws", &**url, "POST", Some(invoke))
            }
            Backend::Http { node, url, method } => {
                (node.as_str(), "remote", url.as_str(), method.as_str(), None)
            }
        };
        Subsegment {
            id,
            name,
            namespace,
            start_time: Millis::floor(self.started),
            end_time: Millis::ceil(ended),
            flags: self.flags,
            http: Http {
                request: Call { url, method },
                response: self.response,
            },
            aws,
        }
    }
}

// === impl Millis ===

impl Millis {
    fn floor(time: TimestampMicros) -> Self {
        Self(time.0.div_euclid(1_000))
    }

    /// Rounded up, so that what ran inside ends inside.
    fn ceil(time: TimestampMicros) -> Self {
        Self(time.0.div_euclid(1_000) + i64::from(time.0.rem_euclid(1_000) > 0))
    }
}
