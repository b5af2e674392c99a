//! Connections to other servers, the backends of HTTP integrations among them: pooled, over TLS where the URI asks for it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, uri};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use tokio::sync::OnceCell;

use crate::request::BodyError;

type Body = UnsyncBoxBody<Bytes, BodyError>;

const CONNECT: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(50);
const IDLE_PER_HOST: usize = 256;

/// A pool of connections. Cheap to clone.
#[derive(Debug, Clone)]
pub struct HttpClient {
    plain: Client<HttpConnector, Body>,
    /// Made when it is first needed: reading the machine's certificates takes longer than a request may.
    secure: Arc<OnceCell<Client<HttpsConnector<HttpConnector>, Body>>>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// It was not reached, or broke off.
    #[error("failed to call the backend")]
    Call(#[from] Error),
    /// Nothing can be checked over TLS.
    #[error(
        "failed to read the machine's root certificates (install ca-certificates, or set SSL_CERT_FILE)"
    )]
    Certificates(#[source] std::io::Error),
    /// The server is stopping.
    #[error("failed to wait for the certificates to be read")]
    Task(#[from] tokio::task::JoinError),
}

// === impl HttpClient ===

impl HttpClient {
    /// Sends one request, and returns when the head of its answer is there.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn call(&self, request: Request<Body>) -> Result<Response<Incoming>, CallError> {
        if request.uri().scheme() != Some(&uri::Scheme::HTTPS) {
            return Ok(self.plain.request(request).await?);
        }
        let secure = self.secure.get_or_try_init(secure_client).await?;
        Ok(secure.request(request).await?)
    }
}

impl Default for HttpClient {
    fn default() -> Self {
        Self {
            plain: pool().build(connector()),
            secure: Arc::default(),
        }
    }
}

async fn secure_client() -> Result<Client<HttpsConnector<HttpConnector>, Body>, CallError> {
    let config = tokio::task::spawn_blocking(tls_config).await?;
    let mut connector = connector();
    connector.enforce_http(false);
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(config.map_err(CallError::Certificates)?)
        .https_only()
        .enable_http1()
        .wrap_connector(connector);
    Ok(pool().build(connector))
}

fn tls_config() -> Result<ClientConfig, std::io::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(std::io::Error::other)?;
    Ok(config.with_native_roots()?.with_no_client_auth())
}

fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT));
    connector.set_nodelay(true);
    connector
}

fn pool() -> hyper_util::client::legacy::Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_PER_HOST);
    builder
}
