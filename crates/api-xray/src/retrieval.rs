//! StartTraceRetrieval, ListRetrievedTraces, GetRetrievedTracesGraph, CancelTraceRetrieval.
//!
//! A retrieval finds which of the traces asked for began in its range; their content is read when it is asked for. It
//! is remembered for an hour, and not over a restart. Source: X-Ray API reference.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use fluoro_model::{TimestampMicros, TraceId};
use fluoro_query::groups::Scope;
use fluoro_query::service_graph;
use fluoro_store::scan::{self, Scan, ScanError};
use fluoro_trace::{Projection, Trace};
use fluoro_wire::json_input::{JsonInput, as_text};
use fluoro_wire::token::Paging;
use fluoro_wire::{Call, Constraints};
use parking_lot::Mutex;

use crate::answer::{Answer, Nothing, to_answer, to_long_answer};
use crate::error::XRayError;
use crate::groups::scope_of;
use crate::input::{check_order, position};
use crate::service::XRay;
use crate::traces::{malformed, weight};

mod output;

use output::{
    ListRetrievedTracesOutput, RetrievedGraphOutput, RetrievedTraceOutput,
    StartTraceRetrievalOutput, TraceFormat,
};

/// How long a token is good, in microseconds (X-Ray API reference).
const LIFE_MICROS: i64 = 3_600 * 1_000_000;

/// Tokens are letters and digits that nobody can guess.
const TOKEN_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

const TOKEN_LENGTH: usize = 64;

/// Retrievals at once; each is at most a hundred ids.
const RETRIEVALS: usize = 256;

/// Traces in one page (API model).
const TRACES: usize = 5;

/// Spans of a trace in one page (API model).
const SPANS: usize = 100;

/// Services in one page (API model).
const SERVICES: usize = 1_000;

/// The retrievals of the last hour.
#[derive(Debug, Default)]
pub(crate) struct Retrievals(Mutex<HashMap<String, Retrieval>>);

#[derive(Debug)]
struct Retrieval {
    scope: Scope,
    started: TimestampMicros,
    status: RetrievalStatus,
    /// What was found, in the order asked for.
    found: Vec<Asked>,
}

/// A trace, and how its id was written.
#[derive(Debug, Clone)]
struct Asked {
    id: TraceId,
    text: String,
}

/// `RetrievalStatus`. A retrieval that is over its hour is not known any more, so none has timed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RetrievalStatus {
    Scheduled,
    Running,
    Complete,
    Failed,
    Cancelled,
}

impl XRay {
    pub(crate) fn start_trace_retrieval(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let ids = input.list("TraceIds", as_text)?;
        let (start, end) = (input.time("StartTime")?, input.time("EndTime")?);
        let mut constraints = Constraints::new();
        let ids = constraints.required("traceIds", ids).unwrap_or_default();
        constraints.length(
            "traceIds",
            &format!("[{}]", ids.join(", ")),
            ids.len(),
            ..=100,
        );
        for (id, place) in ids.iter().zip(1..) {
            constraints.text(&format!("traceIds.{place}.member"), id, 1..=35);
        }
        let start = constraints.required("startTime", start);
        let end = constraints.required("endTime", end);
        constraints.finish()?;
        let (start, end) = check_order(start, end)?;
        let ids: Vec<Asked> = ids.into_iter().map(Asked::read).collect::<Result<_, _>>()?;

        let token = self.parts.ambient.text(TOKEN_ALPHABET, TOKEN_LENGTH);
        let retrieval = Retrieval {
            scope: scope_of(call),
            started: self.now(),
            status: RetrievalStatus::Scheduled,
            found: Vec::new(),
        };
        if !self.retrievals.add(&token, retrieval) {
            return Err(XRayError::Throttled);
        }
        let retrievals = Arc::clone(&self.retrievals);
        let (scan, scheduled) = (Arc::clone(&self.parts.scan), token.clone());
        tokio::spawn(async move {
            retrievals.run(&*scan, &scheduled, &ids, start..=end).await;
        });
        Ok(to_answer(&StartTraceRetrievalOutput {
            retrieval_token: token,
        }))
    }

    pub(crate) async fn list_retrieved_traces(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let token = input.text("RetrievalToken")?;
        let format = input.text("TraceFormat")?;
        let next = input.text("NextToken")?;
        let mut constraints = Constraints::new();
        let token = required_token(token, &mut constraints);
        if let Some(format) = format {
            constraints.one_of("traceFormat", format, &["XRAY", "OTEL"]);
        }
        constraints.finish()?;
        let format = match format {
            Some("OTEL") => TraceFormat::Otel,
            Some(_) | None => TraceFormat::XRay,
        };
        let (status, found) = self.retrieval(call, token)?;
        let bound_to = format!("{token} {}", format.as_str());
        let paging = Paging::new("ListRetrievedTraces", bound_to.as_bytes());
        // Which trace, and which of its spans.
        let mut at: (usize, usize) = position(&paging, next)?.unwrap_or_default();
        let mut traces: Vec<RetrievedTraceOutput> = Vec::new();
        let mut held = self.parts.questions.share();
        while let Some(asked) = found.get(at.0).cloned()
            && traces.len() < TRACES
        {
            let documents = self.parts.scan.documents(asked.id).await?;
            let kept: usize = traces.iter().map(RetrievedTraceOutput::bytes).sum();
            held.set(kept + weight(&documents))?;
            let from = at.1;
            let read = tokio::task::spawn_blocking(move || {
                let trace = Trace::assemble(asked.id, &documents);
                let spans = format.spans(&trace).into_iter().skip(from);
                RetrievedTraceOutput {
                    duration: trace.duration(),
                    id: asked.text,
                    spans: spans.take(SPANS + 1).collect(),
                }
            });
            let mut trace = read.await?;
            let is_split = trace.spans.len() > SPANS;
            trace.spans.truncate(SPANS);
            // Its documents may have been let go since.
            if !trace.spans.is_empty() {
                traces.push(trace);
            }
            if is_split {
                at.1 += SPANS;
                break;
            }
            at = (at.0 + 1, 0);
        }
        let output = ListRetrievedTracesOutput {
            next_token: (at.0 < found.len()).then(|| paging.token(&at)),
            retrieval_status: status.as_str(),
            trace_format: format.as_str(),
            traces,
        };
        Ok(to_long_answer(&self.parts.questions, &output)?)
    }

    pub(crate) async fn get_retrieved_traces_graph(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let token = input.text("RetrievalToken")?;
        let next = input.text("NextToken")?;
        let mut constraints = Constraints::new();
        let token = required_token(token, &mut constraints).to_owned();
        constraints.finish()?;
        let (status, found) = self.retrieval(call, &token)?;
        let paging = Paging::new("GetRetrievedTracesGraph", token.as_bytes());
        let from: usize = position(&paging, next)?.unwrap_or_default();
        let mut projections: Vec<Arc<Projection>> = Vec::with_capacity(found.len());
        let mut held = self.parts.questions.share();
        for asked in found {
            let projection = self.parts.scan.by_id(asked.id).await?;
            let more = projection.as_deref().map_or(0, scan::weight);
            held.set(held.bytes() + more)?;
            projections.extend(projection);
        }
        let (own_account, questions) = (call.account.clone(), Arc::clone(&self.parts.questions));
        let written = tokio::task::spawn_blocking(move || {
            let always = TimestampMicros(i64::MIN)..TimestampMicros(i64::MAX);
            let all = || projections.iter().map(|projection| &**projection);
            let graph = service_graph(&always, all()).without_account(&own_account.0);
            // And what is told of it.
            held.set(held.bytes() + 2 * graph.weight())?;
            let services = output::services(&own_account.0, &graph, all());
            let until = from.saturating_add(SERVICES);
            let paging = Paging::new("GetRetrievedTracesGraph", token.as_bytes());
            let output = RetrievedGraphOutput {
                next_token: (until < services.len()).then(|| paging.token(&until)),
                retrieval_status: status.as_str(),
                services: services.into_iter().skip(from).take(SERVICES).collect(),
            };
            to_long_answer(&questions, &output)
        });
        Ok(written.await??)
    }

    pub(crate) fn cancel_trace_retrieval(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let token = input.text("RetrievalToken")?;
        let mut constraints = Constraints::new();
        let token = required_token(token, &mut constraints);
        constraints.finish()?;
        self.retrieval(call, token)?;
        self.retrievals.advance(token, RetrievalStatus::Cancelled);
        Ok(to_answer(&Nothing {}))
    }

    /// How far a retrieval is, and what it found once it is complete.
    fn retrieval(
        &self,
        call: &Call,
        token: &str,
    ) -> Result<(RetrievalStatus, Vec<Asked>), XRayError> {
        let not_found = || XRayError::NotFound {
            message: "Retrieval token not found".to_owned(),
            resource: token.to_owned(),
        };
        let held = self.retrievals.0.lock();
        let retrieval = held.get(token).filter(|retrieval| {
            retrieval.scope == scope_of(call) && !retrieval.is_over(self.now())
        });
        let retrieval = retrieval.ok_or_else(not_found)?;
        Ok((retrieval.status, retrieval.found.clone()))
    }
}

fn required_token<'a>(token: Option<&'a str>, constraints: &mut Constraints) -> &'a str {
    let token = constraints.required("retrievalToken", token);
    if let Some(token) = token {
        constraints.text("retrievalToken", token, ..=1020);
    }
    token.unwrap_or_default()
}

// === impl Retrievals ===

impl Retrievals {
    /// Whether there was room for it.
    fn add(&self, token: &str, retrieval: Retrieval) -> bool {
        let mut held = self.0.lock();
        held.retain(|_, held| !held.is_over(retrieval.started));
        if held.len() >= RETRIEVALS {
            return false;
        }
        held.insert(token.to_owned(), retrieval);
        true
    }

    /// Looks for the traces until it is done or cancelled.
    async fn run(
        &self,
        scan: &dyn Scan,
        token: &str,
        ids: &[Asked],
        range: RangeInclusive<TimestampMicros>,
    ) {
        self.advance(token, RetrievalStatus::Running);
        let found = self.find(scan, token, ids, range).await;
        let end = match found {
            Ok(()) => RetrievalStatus::Complete,
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a trace retrieval failed"
                );
                RetrievalStatus::Failed
            }
        };
        self.advance(token, end);
    }

    async fn find(
        &self,
        scan: &dyn Scan,
        token: &str,
        ids: &[Asked],
        range: RangeInclusive<TimestampMicros>,
    ) -> Result<(), ScanError> {
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        for asked in ids {
            let projection = scan.by_id(asked.id).await?;
            let start = projection.and_then(|projection| projection.start);
            let is_within = start.is_some_and(|start| range.contains(&start.micros()));
            if is_within && seen.insert(asked.id) {
                found.push(asked.clone());
            }
        }
        if let Some(retrieval) = self.0.lock().get_mut(token)
            && retrieval.status == RetrievalStatus::Running
        {
            retrieval.found = found;
        }
        Ok(())
    }

    /// Goes on to a status, unless it is at its end already.
    fn advance(&self, token: &str, to: RetrievalStatus) {
        if let Some(retrieval) = self.0.lock().get_mut(token)
            && matches!(
                retrieval.status,
                RetrievalStatus::Scheduled | RetrievalStatus::Running
            )
        {
            retrieval.status = to;
        }
    }
}

impl Retrieval {
    fn is_over(&self, now: TimestampMicros) -> bool {
        now.0 - self.started.0 > LIFE_MICROS
    }
}

impl Asked {
    /// Either spelling of the id.
    fn read(text: &str) -> Result<Self, XRayError> {
        let id = text.parse().map_err(|_| malformed(text))?;
        let text = text.to_owned();
        Ok(Self { id, text })
    }
}

impl RetrievalStatus {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "SCHEDULED",
            Self::Running => "RUNNING",
            Self::Complete => "COMPLETE",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }
}
