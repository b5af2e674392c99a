//! The Runtime API over HTTP/1.1.
//!
//! No web page reaches it: a browser says where a page comes from, and by which name it was sent here.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, ORIGIN, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

use crate::runtime_api::refusal;
use crate::runtime_api::state::{Machine, Posted, PostedError, Refused};

/// The largest result that a caller can get: 6 MB and a little. Source: the message itself, recorded.
pub(crate) const RESPONSE_LIMIT: usize = 6 * 1024 * 1024 + 100;
/// The X-Ray cause travels in a header of up to 1 MB; hyper refuses heads beyond 400 KB by default.
const HEAD_LIMIT: usize = 2 * 1024 * 1024;
/// Beyond this we stop reading a result that nobody will get.
const DRAIN_LIMIT: usize = 64 * 1024 * 1024;
/// The wait after a connection could not be accepted: descriptors are used up, and come back as others end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
const BASE: &str = "/2018-06-01/runtime/";
/// How far away the page is that sent a request. Source: W3C, Fetch Metadata.
const SITE: &str = "sec-fetch-site";
const ERROR_TYPE: &str = "lambda-runtime-function-error-type";
const ERROR_CAUSE: &str = "lambda-runtime-function-xray-error-cause";
const RESPONSE_MODE: &str = "lambda-runtime-function-response-mode";
const CAUSE_JSON: &str = "application/vnd.aws.lambda.error.cause+json";

type Answer = Response<Full<Bytes>>;

/// Binds a free port and serves until the handle is aborted; connections end with it.
pub(crate) async fn listen(machine: Arc<Machine>) -> io::Result<(SocketAddr, AbortHandle)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let accepting = tokio::spawn(accept(listener, address, machine));
    Ok((address, accepting.abort_handle()))
}

async fn accept(listener: TcpListener, address: SocketAddr, machine: Arc<Machine>) {
    let host: Arc<str> = address.to_string().into();
    // Dropped with this task, which ends every connection.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else {
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                };
                // Answers are small and waited for.
                let _best_effort = stream.set_nodelay(true);
                let (machine, host) = (Arc::clone(&machine), Arc::clone(&host));
                connections.spawn(async move {
                    let service = service_fn(move |request| {
                        let (machine, host) = (Arc::clone(&machine), Arc::clone(&host));
                        async move { Ok::<_, Infallible>(answer(&machine, &host, request).await) }
                    });
                    let connection = http1::Builder::new()
                        .max_buf_size(HEAD_LIMIT)
                        .serve_connection(TokioIo::new(stream), service);
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "runtime API connection ended");
                    }
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Every runtime sends the address that it was given as `Host`, and nothing that speaks of a page. Pages that had their
/// own name point here (DNS rebinding) send that name.
fn is_from_a_page(headers: &HeaderMap, host: &str) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let ours = hosts.next().is_some_and(|given| given == host) && hosts.next().is_none();
    !ours || headers.contains_key(ORIGIN) || headers.contains_key(SITE)
}

async fn answer(machine: &Machine, host: &str, request: Request<Incoming>) -> Answer {
    if is_from_a_page(request.headers(), host) {
        let message = "this address is for the function's own runtime";
        return error(StatusCode::FORBIDDEN, "AccessDenied", message);
    }
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    if path.ends_with("/ping") && method == Method::GET {
        return plain(StatusCode::OK, "pong");
    }
    let Some(rest) = path.strip_prefix(BASE) else {
        return unknown(&path);
    };
    let parts: Vec<&str> = rest.split('/').collect();
    match (method.as_str(), parts.as_slice()) {
        ("GET", ["invocation", "next"]) => next(machine, &request).await,
        ("POST", ["invocation", id, "response"]) => respond(machine, id, request).await,
        ("POST", ["invocation", id, "error"]) => fail(machine, id, request).await,
        ("POST", ["init", "error"]) => init_error(machine, request).await,
        (_, ["invocation", "next" | _, ..] | ["init", "error"]) => method_not_allowed(&path),
        _ => unknown(&path),
    }
}

async fn next(machine: &Machine, request: &Request<Incoming>) -> Answer {
    let user_agent = request.headers().get(USER_AGENT).and_then(text);
    match machine.next(user_agent).await {
        Ok(event) => {
            let mut answer = Response::new(Full::new(event.payload.clone()));
            *answer.headers_mut() = event.headers.clone();
            answer
        }
        Err(refused) => refuse(refused),
    }
}

async fn respond(machine: &Machine, id: &str, request: Request<Incoming>) -> Answer {
    if let Some(mode) = request.headers().get(RESPONSE_MODE) {
        let (kind, message) = if mode == "streaming" {
            (
                "Runtime.StreamingNotSupported",
                "Streaming responses are not supported here yet",
            )
        } else {
            (
                "InvalidFunctionResponseMode",
                "Invalid function response mode",
            )
        };
        return error(StatusCode::BAD_REQUEST, kind, message);
    }
    if let Err(refused) = machine.posting(id, false) {
        return refuse(refused);
    }
    let posting = Posting::new(machine);
    match read(request.into_body(), RESPONSE_LIMIT).await {
        Ok(body) => {
            posting.done(Posted::Response(body));
            accepted()
        }
        Err(ReadError::TooLarge) => {
            posting.done(Posted::TooLarge);
            let message =
                format!("Exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes).");
            error(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLarge",
                &message,
            )
        }
        Err(ReadError::Truncated) => truncated(),
    }
}

async fn fail(machine: &Machine, id: &str, request: Request<Incoming>) -> Answer {
    if let Err(refused) = machine.posting(id, true) {
        return refuse(refused);
    }
    let posting = Posting::new(machine);
    let (head, body) = request.into_parts();
    match read(body, RESPONSE_LIMIT).await {
        Ok(body) => {
            posting.done(Posted::Error(posted_error(&head.headers, body)));
            accepted()
        }
        Err(ReadError::TooLarge) => {
            posting.done(Posted::TooLarge);
            let message =
                format!("Exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes).");
            error(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLarge",
                &message,
            )
        }
        Err(ReadError::Truncated) => truncated(),
    }
}

async fn init_error(machine: &Machine, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let Ok(body) = read(body, RESPONSE_LIMIT).await else {
        return truncated();
    };
    match machine.init_failed(posted_error(&head.headers, body)) {
        Ok(()) => accepted(),
        Err(refused) => refuse(refused),
    }
}

/// A response or an error whose body is being read: if that breaks off, another may be posted.
struct Posting<'a> {
    machine: &'a Machine,
    posted: Option<Posted>,
}

impl<'a> Posting<'a> {
    fn new(machine: &'a Machine) -> Self {
        Self {
            machine,
            posted: None,
        }
    }

    fn done(mut self, posted: Posted) {
        self.posted = Some(posted);
    }
}

impl Drop for Posting<'_> {
    fn drop(&mut self) {
        self.machine.posted(self.posted.take());
    }
}

/// The two forms of an error: the cause in a header, or inside a body of its own type.
fn posted_error(headers: &HeaderMap, body: Bytes) -> PostedError {
    let kind = headers.get(ERROR_TYPE).and_then(text).map(str::to_owned);
    let header = headers
        .get(ERROR_CAUSE)
        .map(|cause| Bytes::copy_from_slice(cause.as_bytes()));
    let has_cause = headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(CAUSE_JSON.as_bytes()));
    if has_cause && let Ok(serde_json::Value::Object(mut document)) = serde_json::from_slice(&body)
    {
        let inner = document
            .remove("cause")
            .map(|cause| Bytes::from(cause.to_string()));
        let payload = serde_json::Value::Object(document).to_string().into();
        return PostedError {
            payload,
            kind,
            cause: inner.or(header),
        };
    }
    PostedError {
        payload: body,
        kind,
        cause: header,
    }
}

enum ReadError {
    TooLarge,
    Truncated,
}

/// Reads a whole body. What is too large is read on for a while, so that the client hears the answer.
async fn read(mut body: Incoming, limit: usize) -> Result<Bytes, ReadError> {
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut whole = Vec::with_capacity(expected.min(limit));
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ReadError::Truncated)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length += data.len();
        if length <= limit {
            whole.extend_from_slice(&data);
        } else if length > DRAIN_LIMIT {
            break;
        }
    }
    if length > limit {
        return Err(ReadError::TooLarge);
    }
    Ok(whole.into())
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()
}

// The answers. Source: AWS's runtime interface emulator, rendering.

fn accepted() -> Answer {
    json(
        StatusCode::ACCEPTED,
        Bytes::from_static(b"{\"status\":\"OK\"}\n"),
    )
}

fn refuse(refused: Refused) -> Answer {
    match refused {
        Refused::RequestId => error(
            StatusCode::BAD_REQUEST,
            "InvalidRequestID",
            "Invalid request ID",
        ),
        Refused::Transition(message) => {
            error(StatusCode::FORBIDDEN, "InvalidStateTransition", &message)
        }
    }
}

fn truncated() -> Answer {
    error(
        StatusCode::BAD_REQUEST,
        "TruncatedHTTPRequest",
        "HTTP request detected as truncated",
    )
}

fn unknown(path: &str) -> Answer {
    let message = if path.starts_with("/2020-01-01/extension")
        || path.contains("/telemetry")
        || path.contains("/logs")
    {
        format!("{path}: extensions are not supported here yet")
    } else {
        format!("{path} is not part of the Runtime API")
    };
    error(StatusCode::NOT_FOUND, "NotFound", &message)
}

fn method_not_allowed(path: &str) -> Answer {
    error(
        StatusCode::METHOD_NOT_ALLOWED,
        "MethodNotAllowed",
        &format!("{path} has no such method"),
    )
}

fn error(status: StatusCode, kind: &str, message: &str) -> Answer {
    json(status, refusal(kind, message))
}

fn json(status: StatusCode, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}

fn plain(status: StatusCode, body: &'static str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *answer.status_mut() = status;
    answer
}
