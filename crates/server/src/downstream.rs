//! Calls of services that are not ours: sent on to the address that is configured for the service, else refused.
//!
//! A call goes on untouched and streamed, `Host` and signature included, so that a server that verifies signatures can;
//! only what belongs to the connection is taken out. A service whose address is `aws` goes to AWS itself, signed anew
//! with the operator's own credentials. What we have to say ourselves (no address, nobody there, too slow) is said in
//! the service's own protocol.
//!
//! Bounds: at most [`MAX_CALLS`] at a time, the next ones wait [`TURN`] and are then refused; five seconds to connect,
//! two minutes to the head of the answer, one minute between two pieces of a body. Bodies that are read whole, to be
//! signed, share their room with everybody's.

mod aws;
pub(crate) mod credentials;
mod headers;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use fluoro_ambient::Ambient;
use fluoro_gateway::{HttpClient, Room};
use fluoro_wire::Region;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Request, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use tokio::sync::Semaphore;

use crate::body::Body;
use crate::refusal::Protocol;
use crate::steady::{STANDSTILL, Steady};
use aws::Resigner;
use credentials::CredentialSource;

/// How many calls may be under way at once.
const MAX_CALLS: usize = 512;

/// How long a call waits for its turn when so many are.
const TURN: Duration = Duration::from_secs(5);

/// How long the head of an answer may take: longer than any service's long poll.
const HEAD: Duration = Duration::from_secs(120);

/// Where the calls of one service go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DownstreamAddress {
    /// To a compatible server, untouched.
    Url(Uri),
    /// To AWS itself, signed anew with the operator's own credentials.
    Aws,
}

/// One call that is not for a service of ours.
#[derive(Debug)]
pub(crate) struct Forwarded {
    /// Method, target and headers as they came.
    pub(crate) head: Parts,
    /// The body, streamed.
    pub(crate) body: Body,
    /// The service's signing name: `dynamodb`.
    pub(crate) service: String,
    /// The scope's region, else the configured one.
    pub(crate) region: Region,
    /// A fresh UUID for an answer that we make.
    pub(crate) request_id: String,
}

/// Sends on what others answer.
#[derive(Debug)]
pub(crate) struct Downstream {
    addresses: BTreeMap<String, DownstreamAddress>,
    client: HttpClient,
    resigner: Resigner,
    turns: Arc<Semaphore>,
    patience: Patience,
}

/// How long to wait for what.
#[derive(Debug, Clone, Copy)]
struct Patience {
    turn: Duration,
    head: Duration,
    standstill: Duration,
}

/// Why a call was not sent on, or not answered.
#[derive(Debug, thiserror::Error)]
enum ForwardError {
    #[error(
        "service \"{service}\" is not one of Fluoro's, and nothing is configured for it: set \
         [downstream] {service} = \"http://HOST:PORT\" in fluoro.toml, or pass --downstream \
         {service}=http://HOST:PORT"
    )]
    NotConfigured { service: String },
    #[error("too many calls are being sent on at once; try again")]
    TooMany,
    #[error("failed to reach {service} at {address}: {cause}")]
    Unreachable {
        service: String,
        address: String,
        cause: String,
    },
    #[error("{service} at {address} did not answer within {} seconds", after.as_secs())]
    TooSlow {
        service: String,
        address: String,
        after: Duration,
    },
    #[error(transparent)]
    Unsigned(#[from] aws::ResignError),
}

impl Downstream {
    /// Sends the calls of each service, by its signing name, to its address.
    pub(crate) fn new(
        ambient: Ambient,
        addresses: BTreeMap<String, DownstreamAddress>,
        room: Room,
    ) -> Self {
        Self {
            addresses,
            client: HttpClient::default(),
            resigner: Resigner::new(ambient, CredentialSource::of_the_operator(), room),
            turns: Arc::new(Semaphore::new(MAX_CALLS)),
            patience: Patience {
                turn: TURN,
                head: HEAD,
                standstill: STANDSTILL,
            },
        }
    }

    /// Sends the call on and gives back what came, or an error in the service's own shape.
    pub(crate) async fn forward(&self, call: Forwarded) -> Response<Body> {
        let protocol = Protocol::of(&call.head, &call.service);
        let request_id = call.request_id.clone();
        match self.send(call).await {
            Ok(response) => response,
            Err(error) => {
                tracing::debug!(%error, "a call was not sent on");
                protocol.refuse(
                    error.status(),
                    error.code(),
                    &error.to_string(),
                    &request_id,
                )
            }
        }
    }

    async fn send(&self, call: Forwarded) -> Result<Response<Body>, ForwardError> {
        let Some(address) = self.addresses.get(&call.service) else {
            return Err(ForwardError::NotConfigured {
                service: call.service,
            });
        };
        let turns = Arc::clone(&self.turns).acquire_owned();
        let Ok(Ok(turn)) = tokio::time::timeout(self.patience.turn, turns).await else {
            return Err(ForwardError::TooMany);
        };
        let service = call.service.clone();
        let (request, _taken) = match address {
            DownstreamAddress::Url(base) => (addressed(call, base), None),
            DownstreamAddress::Aws => self.resigner.resign(call).await?,
        };
        let target = request
            .uri()
            .authority()
            .map(ToString::to_string)
            .unwrap_or_default();
        let unreachable = |cause: String| ForwardError::Unreachable {
            service: service.clone(),
            address: target.clone(),
            cause,
        };
        let sent = self.client.call(request);
        let answer = match tokio::time::timeout(self.patience.head, sent).await {
            Ok(answer) => answer.map_err(|error| unreachable(chain(&error)))?,
            Err(_) => {
                return Err(ForwardError::TooSlow {
                    service: service.clone(),
                    address: target.clone(),
                    after: self.patience.head,
                });
            }
        };
        let (mut head, body) = answer.into_parts();
        headers::remove_hop_by_hop(&mut head.headers);
        let body = Steady::new(body, turn, self.patience.standstill);
        Ok(Response::from_parts(head, body.boxed_unsync()))
    }
}

/// An error with its causes: it is read by somebody who must mend it.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}

/// The call with its target at `base`: what `base` has as a path comes first.
fn addressed(call: Forwarded, base: &Uri) -> Request<Body> {
    let mut head = call.head;
    headers::remove_hop_by_hop(&mut head.headers);
    let prefix = base.path().trim_end_matches('/');
    let asked = head.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    head.uri = at(base, &format!("{prefix}{asked}"));
    head.version = http::Version::HTTP_11;
    Request::from_parts(head, call.body)
}

/// `base` with another path and query.
fn at(base: &Uri, path_and_query: &str) -> Uri {
    let mut parts = base.clone().into_parts();
    parts.path_and_query = path_and_query.parse().ok();
    Uri::from_parts(parts).unwrap_or_else(|_| base.clone())
}

// === impl ForwardError ===

impl ForwardError {
    fn status(&self) -> StatusCode {
        match self {
            // A retry cannot help, and SDKs do not retry 501.
            Self::NotConfigured { .. } => StatusCode::NOT_IMPLEMENTED,
            Self::TooMany | Self::Unreachable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooSlow { .. } => StatusCode::GATEWAY_TIMEOUT,
            Self::Unsigned(error) => error.status(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotConfigured { .. } => "ServiceNotConfigured",
            Self::TooMany | Self::Unreachable { .. } => "ServiceUnavailable",
            Self::TooSlow { .. } => "RequestTimeout",
            Self::Unsigned(error) => error.code(),
        }
    }
}

// === impl DownstreamAddress ===

impl FromStr for DownstreamAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "aws" {
            return Ok(Self::Aws);
        }
        let uri: Uri = text
            .parse()
            .map_err(|error| format!("{text:?} is no URL: {error}"))?;
        match (uri.scheme_str(), uri.authority(), uri.query()) {
            (Some("http" | "https"), Some(_), None) => Ok(Self::Url(uri)),
            _ => Err(format!(
                "{text:?} is neither \"aws\" nor a URL like http://HOST:PORT"
            )),
        }
    }
}

impl fmt::Display for DownstreamAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(uri) => uri.fmt(f),
            Self::Aws => f.write_str("aws"),
        }
    }
}

#[cfg(test)]
mod tests;
