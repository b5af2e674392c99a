//! OTLP over HTTP: spans in, as protocol buffers.
//!
//! `POST /v1/traces` on an address of its own. What a request holds is taken span by span, and an answer says how many were not
//! taken; it comes when the others are durable. What cannot be taken now is answered 503 with `Retry-After`, which exporters
//! obey. Source: OpenTelemetry protocol specification, OTLP/HTTP. JSON is not spoken yet, and says so.

use std::collections::HashSet;
use std::io::Read;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use fluoro_gateway::{Room, Taken};
use fluoro_ingest::{Cause, Door, Ingest, IngestError, ReadDocument, Source};
use fluoro_otlp::response::{self, StatusCode as Code};
use fluoro_otlp::{Malformed, Mapping, Translated, translate, weight};
use fluoro_store::log::LogError;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use tokio::sync::Semaphore;

use crate::body::{self, Body, ReadError};
use crate::guard::Guard;
use crate::http1::{Answer, Connection};
use crate::settings::Settings;

/// Where documents go, once everything is up and as long as it is.
pub(crate) type LaterIngest = Arc<OnceLock<Weak<Ingest>>>;

const PATH: &str = "/v1/traces";
const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// The memory of what is made of all requests on their way, in bytes. A request that alone takes more says too much of its
/// resources too often.
const ROOM: usize = 256 << 20;

/// How many requests are unpacked and translated at once; others wait.
const THREADS: usize = 2;

/// How long a request waits for that.
const PATIENCE: Duration = Duration::from_secs(2);

/// When to try again what there was no room for, and what the disk had no room for.
const SOON: &str = "1";
const LATER: &str = "10";

/// Unpacked in pieces of so many bytes, between which there must be room for more.
const PIECE: usize = 256 << 10;

/// Answers on the address of OTLP.
#[derive(Debug)]
pub(crate) struct OtlpHttp {
    guard: Arc<Guard>,
    ingest: LaterIngest,
    mapping: Arc<Mapping>,
    /// Bytes of a request, packed or not.
    limit: usize,
    room: Room,
    threads: Arc<Semaphore>,
}

/// Why a request is not taken.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("{0}")]
    Stranger(String),
    #[error("there is nothing at {0}: traces are taken at {PATH}, metrics and logs are not")]
    Path(String),
    #[error("send traces by POST")]
    Method,
    #[error(
        "{0:?} is not read yet: send protobuf, Content-Type: {PROTOBUF} (OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf)"
    )]
    Type(String),
    #[error("Content-Encoding {0:?} is not known: send gzip, or none")]
    Encoding(String),
    #[error(
        "the request is longer than {0} bytes: send smaller batches, or raise limits.otlp_request"
    )]
    TooLong(usize),
    #[error(
        "the request has too many spans for what it says of their resources: send smaller batches"
    )]
    TooMany,
    #[error("{0}")]
    Body(ReadError),
    #[error("the body is not gzip: {0}")]
    Gzip(std::io::Error),
    #[error("the body is no ExportTraceServiceRequest: {0}")]
    Malformed(#[from] Malformed),
    #[error("too many requests at once")]
    Busy,
    /// The same, of spans that ingest has counted.
    #[error("too many spans at once")]
    Full,
    #[error("the server is starting or stopping")]
    Closed,
    #[error("there is no room on the server's disk")]
    DiskFull,
    #[error("the server failed to store the spans")]
    Failed,
    #[error("the server failed to read the request")]
    Broke,
}

// === impl OtlpHttp ===

impl OtlpHttp {
    pub(crate) fn new(guard: Arc<Guard>, ingest: LaterIngest, settings: &Settings) -> Self {
        let limit = settings.limits.otlp_request.as_usize();
        Self {
            guard,
            ingest,
            mapping: Arc::new(Mapping {
                indexed: settings.otlp.indexed_attributes.clone(),
                document_bytes: settings.limits.document_size.as_usize(),
            }),
            limit,
            room: Room::new(ROOM.saturating_add(limit)),
            threads: Arc::new(Semaphore::new(THREADS)),
        }
    }

    async fn take(
        &self,
        ingest: &Ingest,
        source: &Source,
        head: &Parts,
        body: Body,
    ) -> Result<Vec<u8>, Refused> {
        check_type(head)?;
        let is_packed = is_gzip(head)?;
        let mut room = body::room_for(&self.room, &body, self.limit).ok_or(Refused::Busy)?;
        let body = body::read(&head.headers, body, self.limit).await;
        let body = body.map_err(|error| match error {
            ReadError::TooLong { limit } => Refused::TooLong(limit),
            error => Refused::Body(error),
        })?;
        let thread = Arc::clone(&self.threads).acquire_owned();
        let thread = tokio::time::timeout(PATIENCE, thread).await;
        let thread = thread.map_err(|_| Refused::Busy)?;
        let thread = thread.map_err(|_| Refused::Closed)?;
        let (mapping, limit) = (Arc::clone(&self.mapping), self.limit);
        let translated = tokio::task::spawn_blocking(move || {
            let body = if is_packed {
                unpack(&body, limit, &mut room)?
            } else {
                body
            };
            let weight = weight(&body)?;
            if weight > ROOM {
                return Err(Refused::TooMany);
            }
            if !room.grow_to(body.len() + weight) {
                return Err(Refused::Busy);
            }
            let translated = translate(&mapping, &body)?;
            drop(thread);
            Ok((translated, room))
        });
        // It panicked, or the runtime ends.
        let (translated, room) = translated.await.map_err(|_| Refused::Broke)??;
        let answer = store(ingest, source, translated).await;
        drop(room);
        answer
    }
}

impl Answer for OtlpHttp {
    async fn answer(&self, connection: &Connection, request: Request<Body>) -> Response<Body> {
        let (head, body) = request.into_parts();
        if let Err(stranger) = self.guard.admit(&head) {
            return Refused::Stranger(stranger.to_string()).answer(&head);
        }
        if head.uri.path() != PATH {
            return Refused::Path(head.uri.path().to_owned()).answer(&head);
        }
        if head.method != Method::POST {
            return Refused::Method.answer(&head);
        }
        let Some(ingest) = self.ingest.get().and_then(Weak::upgrade) else {
            return Refused::Closed.answer(&head);
        };
        let agent = head.headers.get(header::USER_AGENT);
        let agent = agent.and_then(|agent| agent.to_str().ok());
        let source = Source::by_user_agent(Door::OtlpHttp, agent, connection.peer.ip());
        match self.take(&ingest, &source, &head, body).await {
            Ok(answer) => respond(StatusCode::OK, PROTOBUF, answer),
            Err(refused) => {
                if let Some(cause) = refused.cause() {
                    let counts = [(Cause::Received, 1), (cause, 1)];
                    ingest.ledger().count_all(&source, &counts);
                }
                refused.answer(&head)
            }
        }
    }
}

fn check_type(head: &Parts) -> Result<(), Refused> {
    let kind = content_type(head);
    if kind.eq_ignore_ascii_case(PROTOBUF) {
        return Ok(());
    }
    Err(Refused::Type(kind.to_owned()))
}

/// Without its parameters.
fn content_type(head: &Parts) -> &str {
    let kind = head.headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim()
}

fn is_gzip(head: &Parts) -> Result<bool, Refused> {
    let Some(encoding) = head.headers.get(header::CONTENT_ENCODING) else {
        return Ok(false);
    };
    let encoding = String::from_utf8_lossy(encoding.as_bytes());
    match encoding.trim().to_ascii_lowercase().as_str() {
        "gzip" => Ok(true),
        "" | "identity" => Ok(false),
        _ => Err(Refused::Encoding(encoding.into_owned())),
    }
}

/// Unpacks as much as there is room for, and no more than `limit` bytes.
fn unpack(packed: &[u8], limit: usize, room: &mut Taken) -> Result<Bytes, Refused> {
    let mut decoder = MultiGzDecoder::new(packed);
    let mut unpacked = Vec::new();
    loop {
        if !room.grow_to(packed.len() + unpacked.len() + PIECE) {
            return Err(Refused::Busy);
        }
        let left = limit.saturating_add(1) - unpacked.len();
        let mut piece = (&mut decoder).take(left.min(PIECE) as u64);
        let read = piece.read_to_end(&mut unpacked).map_err(Refused::Gzip)?;
        if read == 0 {
            return Ok(unpacked.into());
        }
        if unpacked.len() > limit {
            return Err(Refused::TooLong(limit));
        }
    }
}

/// Stores what was made of the spans, and says what was not taken.
async fn store(
    ingest: &Ingest,
    source: &Source,
    translated: Translated,
) -> Result<Vec<u8>, Refused> {
    let mut refusals = translated.refused;
    let mut refused_spans = 0;
    for (code, count) in refusals.counts() {
        let counts = [(Cause::Received, count), (Cause::Refused(code), count)];
        ingest.ledger().count_all(source, &counts);
        refused_spans += count;
    }
    let spans: Vec<usize> = translated.documents.iter().map(|made| made.span).collect();
    let documents = translated.documents.into_iter().map(|made| ReadDocument {
        json: made.json,
        facts: made.facts,
    });
    let outcomes = ingest.put_read(source, documents.collect()).await?;
    let mut refused = HashSet::new();
    for (span, outcome) in spans.into_iter().zip(outcomes) {
        if let Err(refusal) = outcome {
            refused.insert(span);
            refusals.add(&refusal);
        }
    }
    refused_spans += refused.len() as u64;
    Ok(response::taken(refused_spans, &refusals.message()))
}

// === impl Refused ===

impl From<IngestError> for Refused {
    fn from(error: IngestError) -> Self {
        match &error {
            IngestError::Busy => Self::Full,
            IngestError::Closed => Self::Closed,
            IngestError::Log(LogError::Full) => Self::DiskFull,
            IngestError::Log(_) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "spans are not stored");
                Self::Failed
            }
        }
    }
}

impl Refused {
    /// As what a request is counted whose spans nobody has counted yet. The others were, or were not for us.
    fn cause(&self) -> Option<Cause> {
        match self {
            Self::Type(_)
            | Self::Encoding(_)
            | Self::TooLong(_)
            | Self::TooMany
            | Self::Body(_)
            | Self::Gzip(_)
            | Self::Malformed(_) => Some(Cause::BadRequest),
            Self::Busy => Some(Cause::QueueFull),
            Self::Broke => Some(Cause::StoreFailed),
            Self::Full
            | Self::Stranger(_)
            | Self::Path(_)
            | Self::Method
            | Self::Closed
            | Self::DiskFull
            | Self::Failed => None,
        }
    }

    fn read_the_body(&self) -> bool {
        matches!(
            self,
            Self::TooMany
                | Self::Gzip(_)
                | Self::Malformed(_)
                | Self::Full
                | Self::DiskFull
                | Self::Failed
                | Self::Broke
        )
    }

    fn codes(&self) -> (StatusCode, Code) {
        match self {
            Self::Stranger(_) => (StatusCode::FORBIDDEN, Code::PermissionDenied),
            Self::Path(_) => (StatusCode::NOT_FOUND, Code::Unimplemented),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, Code::Unimplemented),
            Self::Type(_) | Self::Encoding(_) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::InvalidArgument)
            }
            Self::TooLong(_) | Self::TooMany => {
                (StatusCode::PAYLOAD_TOO_LARGE, Code::ResourceExhausted)
            }
            Self::Body(error) => (error.status(), Code::InvalidArgument),
            Self::Gzip(_) | Self::Malformed(_) => (StatusCode::BAD_REQUEST, Code::InvalidArgument),
            // A disk that failed once may not fail twice.
            Self::Busy | Self::Full | Self::Closed | Self::DiskFull | Self::Failed => {
                (StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable)
            }
            Self::Broke => (StatusCode::INTERNAL_SERVER_ERROR, Code::Internal),
        }
    }

    /// The answer, in the language of the request as far as that is known.
    fn answer(&self, head: &Parts) -> Response<Body> {
        let (status, code) = self.codes();
        let message = self.to_string();
        let mut response = if content_type(head).eq_ignore_ascii_case(JSON) {
            let told = serde_json::json!({ "code": code as u8, "message": message });
            respond(status, JSON, told.to_string().into_bytes())
        } else {
            respond(status, PROTOBUF, response::status(code, &message))
        };
        let headers = response.headers_mut();
        match self {
            Self::Busy | Self::Full | Self::Closed => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static(SOON));
            }
            Self::DiskFull | Self::Failed => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static(LATER));
            }
            Self::Method => {
                headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
            }
            _ => {}
        }
        if !self.read_the_body() {
            // What is left of it would be taken for the next request.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

fn respond(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(body::whole(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use fluoro_ambient::Ambient;
    use fluoro_ingest::IngestSettings;
    use fluoro_otlp::encode;
    use fluoro_store::documents::DocumentLog;
    use fluoro_store::hot::{HotSettings, HotTraces};
    use fluoro_store::log::{Chunk, Extent, Log, MemoryLog, Position, Record};
    use http_body_util::BodyExt;

    use super::*;

    /// A log that takes nothing.
    #[derive(Debug, Default)]
    struct FullLog(MemoryLog);

    #[async_trait]
    impl Log for FullLog {
        async fn append(&self, _records: Vec<Record>) -> Result<Vec<Position>, LogError> {
            Err(LogError::Full)
        }

        async fn append_first(&self, _records: Vec<Record>) -> Result<Vec<Position>, LogError> {
            Err(LogError::Full)
        }

        async fn read(&self, positions: &[Position]) -> Result<Vec<Option<Record>>, LogError> {
            self.0.read(positions).await
        }

        async fn scan(&self, from: Position, bytes: usize) -> Result<Chunk, LogError> {
            self.0.scan(from, bytes).await
        }

        async fn release(&self, up_to: Position) -> Result<(), LogError> {
            self.0.release(up_to).await
        }

        fn extent(&self) -> Extent {
            self.0.extent()
        }
    }

    struct Bench {
        otlp: OtlpHttp,
        ingest: Arc<Ingest>,
        source: Source,
    }

    impl Bench {
        fn over(log: impl Log + 'static) -> Self {
            let ambient = Ambient::system();
            let log = DocumentLog::open(ambient.clone(), Arc::new(log), Vec::new());
            let hot = HotTraces::open(ambient.clone(), log, HotSettings::default());
            Self {
                otlp: OtlpHttp::new(
                    Arc::new(Guard::new(Vec::new())),
                    LaterIngest::default(),
                    &Settings::default(),
                ),
                ingest: Ingest::open(ambient, hot, IngestSettings::default()),
                source: Source {
                    door: Door::OtlpHttp,
                    client: "sdk".to_owned(),
                },
            }
        }

        /// What is answered to a request of one span.
        async fn send(&self) -> Response<Body> {
            let span = encode::span(&[1; 16], &[2; 8], 2, "s", [1, 2]);
            let request = Request::post(PATH).header(header::CONTENT_TYPE, PROTOBUF);
            let head = request.body(()).unwrap().into_parts().0;
            let body = body::whole(encode::request(&[], &[span]));
            match self
                .otlp
                .take(&self.ingest, &self.source, &head, body)
                .await
            {
                Ok(answer) => respond(StatusCode::OK, PROTOBUF, answer),
                Err(refused) => refused.answer(&head),
            }
        }

        fn counts(&self) -> Vec<(String, u64)> {
            let lines = self.ingest.ledger().lines().into_iter();
            lines.map(|line| (line.cause, line.count)).collect()
        }
    }

    async fn unavailable(answer: Response<Body>, again: &str, words: &str) {
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()[header::RETRY_AFTER], again);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body[..2], [8, Code::Unavailable as u8]);
        let body = String::from_utf8_lossy(&body);
        assert!(body.contains(words), "{body}");
    }

    #[tokio::test]
    async fn a_full_disk_is_worth_another_try_and_its_spans_are_counted() {
        let bench = Bench::over(FullLog::default());
        unavailable(bench.send().await, LATER, "no room on the server's disk").await;
        let counted = [("received".to_owned(), 1), ("disk full".to_owned(), 1)];
        assert_eq!(bench.counts(), counted);
    }

    #[tokio::test]
    async fn too_much_at_once_is_told_to_come_again() {
        let bench = Bench::over(MemoryLog::default());
        let rest = bench.otlp.limit + ROOM;
        let taken = bench.otlp.room.take(rest);
        assert!(taken.is_some());
        unavailable(bench.send().await, SOON, "too many requests").await;
        drop(taken);
        assert_eq!(bench.send().await.status(), StatusCode::OK);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_waits_for_its_turn_and_not_for_ever() {
        let bench = Bench::over(MemoryLog::default());
        let turns = Arc::clone(&bench.otlp.threads);
        let all = turns.acquire_many_owned(2).await.unwrap();
        unavailable(bench.send().await, SOON, "too many requests").await;
        drop(all);
        assert_eq!(bench.send().await.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn a_server_that_is_not_up_is_worth_another_try() {
        let request = Request::post(PATH).body(()).unwrap().into_parts().0;
        unavailable(
            Refused::Closed.answer(&request),
            SOON,
            "starting or stopping",
        )
        .await;
    }
}
