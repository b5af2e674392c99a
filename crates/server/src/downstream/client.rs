//! The HTTP client: connections are kept and shared; TLS is made ready when it is first needed.

use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::ring;
use tokio::sync::OnceCell;

use crate::body::Body;

const CONNECT: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(50);
const IDLE_PER_HOST: usize = 64;

#[derive(Debug)]
pub(crate) struct Client {
    plain: legacy::Client<HttpConnector, Body>,
    tls: OnceCell<legacy::Client<HttpsConnector<HttpConnector>, Body>>,
}

/// Why there is no answer. Displays the whole chain: it is read by somebody who must mend it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    #[error("{}", chain(.0))]
    Http(legacy::Error),
    #[error(
        "this machine has no certificates to check the other side with (install ca-certificates, \
         or set SSL_CERT_FILE): {0}"
    )]
    NoCertificates(std::io::Error),
}

impl Client {
    pub(crate) fn new() -> Self {
        Self {
            plain: pooled().build(connector()),
            tls: OnceCell::new(),
        }
    }

    pub(crate) async fn send(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, SendError> {
        if request.uri().scheme_str() == Some("http") {
            return self.plain.request(request).await.map_err(SendError::Http);
        }
        let tls = self.tls.get_or_try_init(tls_client).await?;
        tls.request(request).await.map_err(SendError::Http)
    }
}

/// Reads the machine's certificates, which takes tens of milliseconds, on a thread that may block.
async fn tls_client() -> Result<legacy::Client<HttpsConnector<HttpConnector>, Body>, SendError> {
    let built = tokio::task::spawn_blocking(|| {
        let mut http = connector();
        http.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(ring::default_provider())?
            .https_only()
            .enable_http1()
            .wrap_connector(http);
        Ok(pooled().build(connector))
    });
    let built = built
        .await
        .unwrap_or_else(|stopped| Err(std::io::Error::other(stopped)));
    built.map_err(SendError::NoCertificates)
}

fn connector() -> HttpConnector {
    let mut http = HttpConnector::new();
    http.set_connect_timeout(Some(CONNECT));
    http.set_nodelay(true);
    http
}

fn pooled() -> legacy::Builder {
    let mut builder = legacy::Client::builder(TokioExecutor::new());
    builder
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_PER_HOST);
    builder
}

fn chain(error: &legacy::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
