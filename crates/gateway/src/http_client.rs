//! Connections to the backends of HTTP integrations: pooled, over TLS where the URI asks for it.

use std::sync::Arc;

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

/// A pool of connections. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct HttpClient {
    plain: Client<HttpConnector, Body>,
    /// Made when it is first needed: reading the machine's certificates takes longer than a request may.
    secure: Arc<OnceCell<Client<HttpsConnector<HttpConnector>, Body>>>,
}

/// Why a backend did not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("failed to call the backend")]
    Call(#[from] Error),
    #[error("failed to read the machine's root certificates")]
    Certificates(#[source] std::io::Error),
    #[error("failed to wait for the certificates to be read")]
    Task(#[from] tokio::task::JoinError),
}

// === impl HttpClient ===

impl HttpClient {
    pub(crate) fn new() -> Self {
        Self {
            plain: pool().build(connector()),
            secure: Arc::default(),
        }
    }

    pub(crate) async fn call(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, CallError> {
        if request.uri().scheme() != Some(&uri::Scheme::HTTPS) {
            return Ok(self.plain.request(request).await?);
        }
        let secure = self.secure.get_or_try_init(secure_client).await?;
        Ok(secure.request(request).await?)
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
    connector.set_nodelay(true);
    connector
}

fn pool() -> hyper_util::client::legacy::Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder.pool_timer(TokioTimer::new());
    builder
}
