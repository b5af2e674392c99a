//! The way to a server: one signed HTTP request and its answer, for `up`, `down` and every other verb.

use std::time::Duration;

use bytes::Bytes;
use fluoro_ambient::Ambient;
use fluoro_model::TimestampMicros;
use fluoro_wire::sigv4::{Credentials, Payload, sign};
use http::uri::Authority;
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::StackError;

/// What RFC 3986 leaves as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Speaks to one server, in one region.
#[derive(Debug, Clone)]
pub struct Connection {
    endpoint: String,
    region: String,
    ambient: Ambient,
    http: HttpClient<HttpConnector, Full<Bytes>>,
}

/// Percent-encodes one path segment or query value.
#[must_use]
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// Whom the calls are signed for. Callers from outside are root on loopback, whoever they say they are.
fn credentials() -> Credentials {
    Credentials {
        access_key_id: "fluoro".to_owned(),
        secret_access_key: "fluoro".to_owned(),
        session_token: None,
    }
}

// === impl Connection ===

impl Connection {
    /// To the server at `endpoint`, a URL. Nothing is opened before the first request.
    #[must_use]
    pub fn new(endpoint: &str, region: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(Duration::from_secs(5)));
        Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            region: region.to_owned(),
            ambient: Ambient::system(),
            http: HttpClient::builder(TokioExecutor::new()).build(connector),
        }
    }

    /// The server's URL, without a slash at its end.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The region that is talked about.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Sends one request, signed for `service`; whatever the answer is. Waits for as long as that takes.
    ///
    /// # Errors
    ///
    /// When nobody answers, or the endpoint is no `http` URL of a host alone.
    pub async fn send(
        &self,
        service: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Response<Incoming>, StackError> {
        let host = self
            .endpoint
            .strip_prefix("http://")
            .filter(|host| host.parse::<Authority>().is_ok())
            .ok_or_else(|| StackError::Endpoint(self.endpoint.clone()))?;
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.endpoint))
            .header("host", host)
            .header("accept", "application/json")
            .header(
                "user-agent",
                concat!("fluoro-cli/", env!("CARGO_PKG_VERSION")),
            );
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(())
            .map_err(|error| self.unreachable(error.into()))?;
        let (mut head, ()) = request.into_parts();
        let now = TimestampMicros(self.ambient.now_micros());
        let payload = Payload::Bytes(&body);
        let (credentials, region) = (credentials(), &self.region);
        sign(&mut head, payload, &credentials, region, service, now)
            .map_err(|error| self.unreachable(error.into()))?;
        let request = Request::from_parts(head, Full::new(body));
        let answer = self.http.request(request).await;
        answer.map_err(|error| self.unreachable(error.into()))
    }

    pub(crate) fn unreachable(
        &self,
        source: Box<dyn std::error::Error + Send + Sync>,
    ) -> StackError {
        StackError::Unreachable {
            endpoint: self.endpoint.clone(),
            source,
        }
    }
}
