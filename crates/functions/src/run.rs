//! One run of a function: an environment for it, the event, the answer, the log, and the function's segment.
//!
//! The caller gets the answer as soon as the runtime has posted it. What remains – waiting until the runtime is ready
//! again, writing the segment, draining the daemon – goes on in a task of its own, which keeps the trace open.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fluoro_iam::{AssumeError, Conditions, SessionCredentials};
use fluoro_ingest::OpenWork;
use fluoro_model::{SegmentId, TimestampMicros};
use fluoro_sampling::Kept as Reason;
use fluoro_statistics::Outcome;
use fluoro_wire::Caller;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::arn::FunctionArn;
use crate::cause;
use crate::environment::{Environment, FailedStart, Failure, Purpose, Serving, StartError};
use crate::functions::{Inner, source};
use crate::invoke::FunctionError;
use crate::live::{Kept, Lease, Live, Returning};
use crate::runtime_api::{Event, Posted, RESPONSE_LIMIT};
use crate::segments::{self, Document, FunctionSegment, Span};
use crate::tracing_plan::{Plan, RunIds, new_segment};

/// The role of the service that assumes execution roles.
pub(crate) const PRINCIPAL: &str = "lambda.amazonaws.com";
/// A session is replaced when it would end before a run that begins now, with this to spare.
const SESSION_SPARE: Duration = Duration::from_mins(30);

/// One event for one function.
pub(crate) struct Job {
    pub(crate) live: Arc<Live>,
    pub(crate) serving: Arc<Serving>,
    /// As invoked, with the qualifier that was given.
    pub(crate) invoked: FunctionArn,
    pub(crate) request_id: Arc<str>,
    pub(crate) payload: Bytes,
    pub(crate) client_context: Option<Bytes>,
    pub(crate) plan: Plan,
    /// The parent of the function's segment, when it is recorded, or may be.
    pub(crate) parent: Option<SegmentId>,
    pub(crate) want_tail: bool,
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) payload: Bytes,
    pub(crate) error: Option<FunctionError>,
    pub(crate) tail: Option<Bytes>,
    /// Why it is worth recording even if it was not sampled.
    pub(crate) kept: Option<Reason>,
}

/// Why there was no run.
#[derive(Debug)]
pub(crate) enum NoRun {
    /// No environment may be added. AWS's word for which limit.
    Throttled(&'static str),
    /// We failed.
    Service(Box<dyn std::error::Error + Send + Sync>),
}

/// The function's segment as far as it is known.
struct Segment {
    ids: RunIds,
    init: Option<(SegmentId, Span)>,
    init_failed: bool,
    start: i64,
}

/// What the caller, the log and the trace are told of an end.
struct Told {
    payload: Bytes,
    error: Option<FunctionError>,
    cause: Option<Value>,
    /// Lines before END.
    remark: String,
    /// What REPORT says besides the numbers.
    status: &'static str,
}

impl Inner {
    /// Runs the event, and counts how it went. Must be polled to the end: whoever may go away spawns it.
    pub(crate) async fn run(self: &Arc<Self>, job: Job) -> Result<Ran, NoRun> {
        let (live, begun) = (Arc::clone(&job.live), self.now());
        let ran = self.run_uncounted(job).await;
        let outcome = match &ran {
            Ok(Ran { error: None, .. }) => Outcome::Ok,
            Ok(Ran { error: Some(_), .. }) | Err(NoRun::Service(_)) => Outcome::Fault,
            Err(NoRun::Throttled(_)) => Outcome::Throttle,
        };
        let now = TimestampMicros(self.now());
        let series = live.series(&self.parts.statistics, now);
        series.count(now, outcome, now.0 - begun);
        ran
    }

    async fn run_uncounted(self: &Arc<Self>, job: Job) -> Result<Ran, NoRun> {
        let now = TimestampMicros(self.now());
        let leased = job.live.lease(&job.serving, now);
        let (lease, idle) = leased
            .map_err(|_| NoRun::Throttled("ReservedFunctionConcurrentInvocationLimitExceeded"))?;
        let warm = match idle {
            Some(kept) => Some(kept),
            None => job.live.soon(&job.serving, now).await,
        };
        let open = job.plan.sampled.then(|| {
            let what = format!("invocation of {} ({})", job.invoked.name, job.request_id);
            self.parts.sink.open(job.plan.trace, what)
        });
        let mut segment = Segment {
            ids: RunIds::new(&self.parts.ambient),
            init: None,
            init_failed: false,
            start: now.0,
        };
        let kept = match warm {
            Some(kept) => kept,
            None => {
                let place = self
                    .place()
                    .ok_or(NoRun::Throttled("ConcurrentInvocationLimitExceeded"))?;
                match self.start(&job, &mut segment).await {
                    Ok(environment) => {
                        segment.init = Some((new_segment(&self.parts.ambient), environment.init));
                        Kept { environment, place }
                    }
                    Err(StartError::Function(failed)) => {
                        return Ok(self.did_not_start(&job, segment, *failed, open).await);
                    }
                    Err(StartError::Service(error)) => return Err(NoRun::Service(error)),
                }
            }
        };
        Ok(self.serve(job, lease, kept, segment, open).await)
    }

    /// Starts an environment. One that fails is started once more, within the time of the invocation, as AWS does.
    async fn start(&self, job: &Job, segment: &mut Segment) -> Result<Environment, StartError> {
        let credentials = self
            .credentials(job)
            .await
            .map_err(|error| StartError::Service(error.into()))?;
        let purpose = Purpose {
            function: &job.invoked,
            serving: &job.serving,
            log: &job.live.log,
            credentials: &credentials,
            alive: &job.live.alive,
        };
        let failed = match self
            .host
            .start(&purpose, self.settings().init_timeout)
            .await
        {
            Err(StartError::Function(failed))
                if !matches!(failed.failure, Failure::NoBootstrap) =>
            {
                failed
            }
            other => return other,
        };
        if let Some(capture) = &failed.capture {
            let took = milliseconds(failed.span.1 - failed.span.0);
            let status = if matches!(failed.failure, Failure::TimedOut) {
                "timeout"
            } else {
                "error"
            };
            capture
                .aside(format!(
                    "INIT_REPORT Init Duration: {took:.2} ms\tPhase: init\tStatus: {status}\n"
                ))
                .await;
        }
        segment.start = self.now();
        self.host.start(&purpose, timeout(&job.serving)).await
    }

    async fn credentials(&self, job: &Job) -> Result<SessionCredentials, AssumeError> {
        let role = &job.serving.release.configuration.role;
        let needed = timeout(&job.serving) + SESSION_SPARE;
        let needed = i64::try_from(needed.as_micros()).unwrap_or(i64::MAX);
        let iam = &self.parts.iam;
        let mut session = job.live.session.lock().await;
        if let Some(known) = &*session
            && known.role_arn == *role
            && known.expiration.0 - self.now() > needed
            // Not so once the role was deleted, even if there is another one by its name.
            && iam.is_good(known)
        {
            return Ok(known.clone());
        }
        let conditions = Conditions::none().with("aws:SourceArn", job.live.arn.to_string());
        let new = iam
            .assume_for_service(role, PRINCIPAL, &job.live.arn.name, &conditions)
            .await?;
        *session = Some(new.clone());
        Ok(new)
    }

    /// Hands the event over and waits for the answer; the rest goes on behind.
    async fn serve(
        self: &Arc<Self>,
        job: Job,
        lease: Lease,
        kept: Kept,
        mut segment: Segment,
        open: Option<OpenWork>,
    ) -> Ran {
        let environment = &kept.environment;
        let limit = timeout(&job.serving);
        let start = format!(
            "START RequestId: {} Version: {}\n",
            job.request_id, job.serving.version
        );
        environment
            .capture
            .begin(Arc::clone(&job.request_id), Some(job.plan.trace), start)
            .await;
        segment.start = self.now();
        self.record_function(&job, &segment, None, None, None, None, None);
        let event = self.event(&job, &segment);
        let end = self.host.invoke(environment, event, limit).await;
        let told = match &end.how {
            Ok(answer) => self.told_of_answer(&answer.posted),
            Err(failure) => self.told_of_failure(&job, failure),
        };
        let numbers = Numbers {
            duration: end.at - segment.start,
            init: segment.init.map(|(_, (from, to))| to - from),
            peak_mb: end.peak_mb,
        };
        let text = format!(
            "{}{}",
            told.remark,
            report(&job, &segment, &numbers, told.status)
        );
        let tail = environment.capture.end(text).await;
        let answered = end.how.is_ok().then_some(end.at);
        let (cause, want_tail) = (told.cause, job.want_tail);
        let keep = self.settings().keep_unsampled;
        let worth = keep.judge(told.error.is_some(), numbers.duration);
        let finishing = {
            let inner = Arc::clone(self);
            let returning = answered.map(|_| job.live.returning());
            async move {
                inner
                    .finish(
                        job, lease, kept, returning, segment, answered, end.at, cause, worth,
                    )
                    .await;
                drop(open);
            }
        };
        self.background(finishing);
        Ran {
            payload: told.payload,
            error: told.error,
            tail: if want_tail {
                Some(tail.get().await)
            } else {
                None
            },
            kept: worth,
        }
    }

    /// From the answer to the environment's next life.
    #[expect(
        clippy::too_many_arguments,
        reason = "all that one run knows, used once"
    )]
    async fn finish(
        &self,
        job: Job,
        lease: Lease,
        kept: Kept,
        returning: Option<Returning>,
        segment: Segment,
        answered: Option<i64>,
        end: i64,
        cause: Option<Value>,
        worth: Option<Reason>,
    ) {
        let spent = micros(self.now() - segment.start);
        let left = timeout(&job.serving).saturating_sub(spent);
        let ready = match answered {
            Some(_) => {
                self.host
                    .ready_again(&kept.environment, left.max(Duration::from_secs(1)))
                    .await
            }
            None => None,
        };
        let daemon = kept.environment.daemon();
        let over = ready.unwrap_or(end);
        self.record_function(&job, &segment, answered, ready, Some(over), cause, worth);
        if ready.is_some() {
            lease.give_back(kept, self.now());
            drop(returning);
        } else {
            drop(returning);
            // Its process goes first; what it had sent before is in the socket still.
            drop(lease);
            daemon.drained().await;
            drop(kept);
            return;
        }
        daemon.drained().await;
    }

    /// The environment did not start twice: what the caller, the log and the trace get.
    async fn did_not_start(
        &self,
        job: &Job,
        mut segment: Segment,
        failed: FailedStart,
        open: Option<OpenWork>,
    ) -> Ran {
        let told = self.told_of_failure(job, &failed.failure);
        segment.init = Some((new_segment(&self.parts.ambient), failed.span));
        segment.init_failed = true;
        let numbers = Numbers {
            duration: failed.span.1 - failed.span.0,
            init: None,
            peak_mb: failed.peak_mb,
        };
        let start = format!(
            "START RequestId: {} Version: {}\n",
            job.request_id, job.serving.version
        );
        let end = format!(
            "{}{}",
            told.remark,
            report(job, &segment, &numbers, told.status)
        );
        let tail = match &failed.capture {
            Some(capture) => {
                capture
                    .begin(Arc::clone(&job.request_id), Some(job.plan.trace), start)
                    .await;
                capture.end(end).await.get().await
            }
            None => Bytes::from(start + &end),
        };
        let worth = self.settings().keep_unsampled.judge(true, numbers.duration);
        let end = Some(failed.span.1);
        self.record_function(job, &segment, None, None, end, told.cause, worth);
        drop(open);
        Ran {
            payload: told.payload,
            error: told.error,
            tail: Some(tail),
            kept: worth,
        }
    }

    fn told_of_answer(&self, posted: &Posted) -> Told {
        match posted {
            Posted::Response(payload) => Told {
                payload: payload.clone(),
                error: None,
                cause: None,
                remark: String::new(),
                status: "",
            },
            Posted::Error(error) => Told {
                payload: error.payload.clone(),
                error: Some(FunctionError::Unhandled),
                cause: Some(cause::of_posted(&self.parts.ambient, error)),
                remark: String::new(),
                status: "",
            },
            Posted::TooLarge => {
                let kind = "Function.ResponseSizeTooLarge";
                let message = format!(
                    "Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
                );
                self.told_of(kind, &message, String::new(), "")
            }
        }
    }

    fn told_of_failure(&self, job: &Job, failure: &Failure) -> Told {
        let id = &job.request_id;
        let about = |what: &str| format!("RequestId: {id} Error: {what}");
        let exited = |what: &str, status| {
            let message = about(what);
            let remark = format!("{message}\nRuntime.ExitError\n");
            self.told_of("Runtime.ExitError", &message, remark, status)
        };
        match failure {
            Failure::Posted(error) => Told {
                payload: error.payload.clone(),
                error: Some(FunctionError::Unhandled),
                cause: Some(cause::of_posted(&self.parts.ambient, error)),
                remark: String::new(),
                status: "Status: error\t",
            },
            Failure::Exited(ended) => exited(
                &ended.reason(),
                "Status: error\tError Type: Runtime.ExitError\t",
            ),
            Failure::OutOfMemory => exited(
                "Runtime exited with error: signal: killed",
                "Status: error\tError Type: Runtime.OutOfMemory\t",
            ),
            Failure::TimedOut => {
                let seconds = f64::from(job.serving.release.configuration.timeout_seconds);
                let what = format!("Task timed out after {seconds:.2} seconds");
                let now = Timestamp::from_microsecond(self.now()).unwrap_or(Timestamp::UNIX_EPOCH);
                let remark = format!("{} {id} {what}\n", now.strftime("%Y-%m-%dT%H:%M:%S.%3fZ"));
                self.told_of(
                    "Sandbox.Timedout",
                    &about(&what),
                    remark,
                    "Status: timeout\t",
                )
            }
            Failure::NoBootstrap => {
                let message =
                    about("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]");
                let remark = format!("{message}\nRuntime.InvalidEntrypoint\n");
                self.told_of(
                    "Runtime.InvalidEntrypoint",
                    &message,
                    remark,
                    "Status: error\t",
                )
            }
        }
    }

    fn told_of(&self, kind: &str, message: &str, remark: String, status: &'static str) -> Told {
        let payload = json!({ "errorType": kind, "errorMessage": message }).to_string();
        Told {
            payload: payload.into(),
            error: Some(FunctionError::Unhandled),
            cause: Some(cause::of_text(&self.parts.ambient, kind, message)),
            remark,
            status,
        }
    }

    /// The event with the headers of `/next`. Empty ones are left out.
    fn event(&self, job: &Job, segment: &Segment) -> Arc<Event> {
        let deadline = segment.start / 1000
            + i64::try_from(timeout(&job.serving).as_millis()).unwrap_or(i64::MAX);
        let trace = job
            .plan
            .for_runtime(&segment.ids, self.settings().segment_style);
        let mut headers = HeaderMap::new();
        let mut set = |name: &'static str, value: &[u8]| {
            // Only a client context can hold what no header may; the function then does without.
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        set("content-type", b"application/json");
        set("lambda-runtime-aws-request-id", job.request_id.as_bytes());
        set(
            "lambda-runtime-deadline-ms",
            deadline.to_string().as_bytes(),
        );
        set(
            "lambda-runtime-invoked-function-arn",
            job.invoked.to_string().as_bytes(),
        );
        set("lambda-runtime-trace-id", trace.to_string().as_bytes());
        if let Some(context) = &job.client_context {
            set("lambda-runtime-client-context", context);
        }
        Arc::new(Event {
            request_id: Arc::clone(&job.request_id),
            headers,
            payload: job.payload.clone(),
        })
    }

    /// Records the function's segment if this invocation is recorded, or worth it; `end` is absent while it runs.
    #[expect(
        clippy::too_many_arguments,
        reason = "all that one run knows, written in three places"
    )]
    fn record_function(
        &self,
        job: &Job,
        segment: &Segment,
        answered: Option<i64>,
        ready: Option<i64>,
        end: Option<i64>,
        cause: Option<Value>,
        worth: Option<Reason>,
    ) {
        let (Some(_), Some(parent)) = (job.plan.worth(worth), job.parent) else {
            return;
        };
        let ambient = &self.parts.ambient;
        let told = FunctionSegment {
            ids: segment.ids,
            trace: job.plan.trace,
            parent,
            function: &job.invoked,
            log_group: &job
                .serving
                .release
                .configuration
                .log_group(&job.invoked.name),
            init: segment.init,
            init_failed: segment.init_failed,
            start: segment.start,
            answered,
            ready: ready.map(|ready| (new_segment(ambient), ready)),
            end,
            cause,
        };
        let document = segments::function(&told, self.settings().segment_style);
        self.record(&job.live.arn, &job.serving, &document);
    }

    /// Hands a document to ingest, if the function's role may write traces.
    pub(crate) fn record(&self, function: &FunctionArn, serving: &Serving, document: &Document) {
        let source = source(function);
        let role = &serving.release.configuration.role;
        match (self.host.write_gate(session(role, &function.name)))() {
            Ok(()) => self.parts.sink.record(&source, document.json()),
            Err(reason) => self.parts.sink.refused(&source, &reason),
        }
    }
}

/// A role's session of this name.
pub(crate) fn session(role_arn: &str, name: &str) -> Caller {
    let account = role_arn.split(':').nth(4).unwrap_or_default();
    let role = role_arn.rsplit('/').next().unwrap_or_default();
    Caller::RoleSession {
        role_arn: role_arn.to_owned(),
        session_arn: format!("arn:aws:sts::{account}:assumed-role/{role}/{name}"),
    }
}

pub(crate) fn timeout(serving: &Serving) -> Duration {
    Duration::from_secs(u64::from(serving.release.configuration.timeout_seconds))
}

struct Numbers {
    /// Microseconds.
    duration: i64,
    init: Option<i64>,
    peak_mb: u64,
}

/// END and REPORT. Source: recorded invocation tails.
fn report(job: &Job, segment: &Segment, numbers: &Numbers, status: &str) -> String {
    let id = &job.request_id;
    let duration = milliseconds(numbers.duration);
    let init = numbers.init.map(milliseconds);
    let billed = (duration + init.unwrap_or(0.0)).ceil();
    let memory = job.serving.release.configuration.memory_mb;
    let used = numbers.peak_mb.max(1);
    let init = init.map_or(String::new(), |init| {
        format!("Init Duration: {init:.2} ms\t")
    });
    let trace = if job.plan.recorded.is_some() {
        let (trace, function) = (job.plan.trace, segment.ids.function);
        format!("\nXRAY TraceId: {trace}\tSegmentId: {function}\tSampled: true\t")
    } else {
        String::new()
    };
    format!(
        "END RequestId: {id}\nREPORT RequestId: {id}\tDuration: {duration:.2} ms\tBilled Duration: {billed:.0} ms\t\
         Memory Size: {memory} MB\tMax Memory Used: {used} MB\t{init}{status}{trace}\n"
    )
}

fn milliseconds(micros: i64) -> f64 {
    TimestampMicros(micros.max(0)).seconds() * 1e3
}

fn micros(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}
