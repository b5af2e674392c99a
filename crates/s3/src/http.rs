//! How requests reach the bucket: over the client that the rest of Fluoro uses, each with a time-out, and counted.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use http::header::USER_AGENT;
use http::{HeaderValue, StatusCode, uri};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as TcpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
    HttpResponse, HttpResponseBody, HttpService,
};
use rustls::ClientConfig;
use tokio::sync::OnceCell;

const CONNECT: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(20);

/// What is sent goes at least so fast, in bytes a second, or is given up.
const SLOWEST: u64 = 256 << 10;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("fluoro/", env!("CARGO_PKG_VERSION")));

/// Makes nothing but handles of the one client there is.
#[derive(Debug, Clone)]
pub(crate) struct Requests(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    plain: Client<TcpConnector, HttpRequestBody>,
    /// Made when it is first needed: reading the machine's certificates takes a while.
    secure: OnceCell<Client<HttpsConnector<TcpConnector>, HttpRequestBody>>,
    answer: Duration,
    sent: AtomicU64,
    /// The status of the last answer; 0 when none came.
    last_status: AtomicU16,
}

// === impl Requests ===

impl Requests {
    /// The head of an answer may take so long.
    pub(crate) fn new(answer: Duration) -> Self {
        Self(Arc::new(Shared {
            plain: pool().build(tcp()),
            secure: OnceCell::new(),
            answer,
            sent: AtomicU64::new(0),
            last_status: AtomicU16::new(0),
        }))
    }

    /// How many were sent, those tried again included.
    pub(crate) fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    /// Whether the last one was not answered, or only that there is no answer now.
    pub(crate) fn last_failed(&self) -> bool {
        let status = self.0.last_status.load(Ordering::Relaxed);
        status == 0 || status >= 500 || status == StatusCode::TOO_MANY_REQUESTS.as_u16()
    }

    /// Whether the last one was answered that there is no such thing as it asked for.
    pub(crate) fn last_is_unknown(&self) -> bool {
        let status = self.0.last_status.load(Ordering::Relaxed);
        status == StatusCode::NOT_IMPLEMENTED.as_u16()
    }

    async fn send(&self, request: HttpRequest) -> Result<http::Response<Incoming>, HttpError> {
        let sent = if request.uri().scheme() == Some(&uri::Scheme::HTTPS) {
            let secure = self.0.secure.get_or_try_init(secure_client);
            secure.await?.request(request).await
        } else {
            self.0.plain.request(request).await
        };
        sent.map_err(|error| {
            let kind = match error.is_connect() {
                true => HttpErrorKind::Connect,
                false => kind_of(&error),
            };
            HttpError::new(kind, error)
        })
    }
}

impl HttpConnector for Requests {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Requests {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.0.sent.fetch_add(1, Ordering::Relaxed);
        request.headers_mut().insert(USER_AGENT, AGENT);
        let sending = request.body().content_length() as u64 / SLOWEST;
        let most = self.0.answer + Duration::from_secs(sending);
        let answer = match tokio::time::timeout(most, self.send(request)).await {
            Ok(answer) => answer,
            Err(elapsed) => Err(HttpError::new(HttpErrorKind::Timeout, elapsed)),
        };
        let status = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
        self.0.last_status.store(status, Ordering::Relaxed);
        let broken = |error: hyper::Error| HttpError::new(kind_of(&error), error);
        Ok(answer?.map(|body| HttpResponseBody::new(body.map_err(broken))))
    }
}

/// What of an error decides whether it is tried again.
fn kind_of(error: &(dyn Error + 'static)) -> HttpErrorKind {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            if error.is_closed() || error.is_incomplete_message() || error.is_body_write_aborted() {
                return HttpErrorKind::Interrupted;
            }
            if error.is_timeout() {
                return HttpErrorKind::Timeout;
            }
        }
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return match error.kind() {
                io::ErrorKind::TimedOut => HttpErrorKind::Timeout,
                _ => HttpErrorKind::Interrupted,
            };
        }
        next = error.source();
    }
    HttpErrorKind::Unknown
}

async fn secure_client() -> Result<Client<HttpsConnector<TcpConnector>, HttpRequestBody>, HttpError>
{
    let unreadable = |source| {
        let what = "cannot read the machine's root certificates (install ca-certificates, or set SSL_CERT_FILE)";
        HttpError::new(
            HttpErrorKind::Unknown,
            io::Error::other(format!("{what}: {source}")),
        )
    };
    let config = tokio::task::spawn_blocking(tls_config).await;
    let config = config
        .map_err(io::Error::other)
        .flatten()
        .map_err(unreadable)?;
    let mut tcp = tcp();
    tcp.enforce_http(false);
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_only()
        .enable_http1()
        .wrap_connector(tcp);
    Ok(pool().build(connector))
}

fn tls_config() -> io::Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    Ok(config.with_native_roots()?.with_no_client_auth())
}

fn tcp() -> TcpConnector {
    let mut connector = TcpConnector::new();
    connector.set_connect_timeout(Some(CONNECT));
    connector.set_nodelay(true);
    connector
}

fn pool() -> hyper_util::client::legacy::Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE);
    builder
}
