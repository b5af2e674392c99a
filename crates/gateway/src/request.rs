//! A request as the server hands it over, once dispatch knows which stage it is for.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method};
use http_body_util::combinators::UnsyncBoxBody;

/// What may go wrong while a body is read or written.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The body stood still for so long that nobody waits any more.
#[derive(Debug, thiserror::Error)]
#[error("the body stood still for {} seconds", .0.as_secs())]
pub struct StoodStill(pub Duration);

/// A request's body, not yet read.
pub type RequestBody = UnsyncBoxBody<Bytes, BodyError>;

/// One request to a stage. Dispatch has read the stage from the `Host` or from the path; nothing else is decided.
#[derive(Debug)]
pub struct StageRequest {
    /// The API's id.
    pub api_id: String,
    /// The stage's name.
    pub stage: String,
    /// How the stage was addressed.
    pub addressed: Addressed,
    /// What follows the stage's name in the path, exactly as sent: `/orders/17`, `//x`, or empty.
    pub path: String,
    /// The request's method.
    pub method: Method,
    /// The whole target exactly as sent: for the URL in the segment, and for the query.
    pub target: PathAndQuery,
    /// The headers, names in lower case.
    pub headers: HeaderMap,
    /// The head's bytes as they came on the wire, request line included, when the server kept them.
    ///
    /// An event shows a header's name as the client spelt it, which [`HeaderMap`] has lost. Without this, names
    /// come in lower case.
    pub head_as_sent: Option<Bytes>,
    /// The body; read only as far as the integration needs it. It ends with [`StoodStill`] rather than not at all.
    pub body: RequestBody,
    /// The other end of the connection.
    pub peer: SocketAddr,
    /// `http` or `https`: what the client spoke to the listener.
    pub scheme: Scheme,
}

/// How a request named its stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressed {
    /// `{api}.execute-api.…` in the `Host` header, the stage first in the path.
    Host,
    /// `/_aws/execute-api/{api}/{stage}/…` or `/restapis/{api}/{stage}/_user_request_/…`.
    Path,
}

/// What a listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

// === impl Scheme ===

impl Scheme {
    /// As it stands in a URL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that a URL need not name.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}
