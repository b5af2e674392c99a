//! Calls of services that are not ours: sent on to the address that is configured for the service, else refused.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use fluoro_wire::{JsonError, Region};
use http::request::Parts;
use http::{StatusCode, Uri};

use crate::body::{self, Body};

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
}

impl Downstream {
    /// Sends the calls of each service to its address.
    pub(crate) fn new(addresses: BTreeMap<String, DownstreamAddress>) -> Self {
        Self { addresses }
    }

    /// Sends the call on and gives back what came, or an error in the service's own shape.
    pub(crate) async fn forward(&self, call: Forwarded) -> http::Response<Body> {
        let service = &call.service;
        let message = format!(
            "service \"{service}\" is not configured: set [downstream] {service} = \"http://…\", \
             or pass --downstream {service}=http://…"
        );
        JsonError::new(StatusCode::NOT_IMPLEMENTED, "ServiceNotConfigured", message)
            .rest_json(&call.request_id)
            .map(body::whole)
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
        match (uri.scheme_str(), uri.authority()) {
            (Some("http"), Some(_)) => Ok(Self::Url(uri)),
            _ => Err(format!("{text:?} is neither \"aws\" nor http://HOST:PORT")),
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
