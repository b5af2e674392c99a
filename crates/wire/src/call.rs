//! One call of an AWS API, after dispatch and before the service.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

/// A whole answer: management answers are small, so they are never streamed.
pub type Response = http::Response<Bytes>;

/// A 12-digit account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub Arc<str>);

/// A region's name, `us-east-1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region(pub Arc<str>);

/// Who makes a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Somebody outside, in mode `open`: root of the account.
    Root,
    /// A session of a role: judged by the role's policies, always.
    RoleSession {
        /// The role's ARN.
        role_arn: String,
        /// `arn:aws:sts::{account}:assumed-role/{role}/{session}`.
        session_arn: String,
    },
}

/// One call, its body read whole and bounded by dispatch.
#[derive(Debug, Clone)]
pub struct Call {
    /// Method, URI, headers as they came.
    pub head: Arc<http::request::Parts>,
    /// The body.
    pub body: Bytes,
    /// Who calls.
    pub caller: Caller,
    /// From the credential scope, else the configured one.
    pub region: Region,
    /// The account that owns what is named.
    pub account: AccountId,
    /// A fresh UUID: `x-amzn-RequestId` of the answer.
    pub request_id: String,
    /// The other end of the connection.
    pub peer: SocketAddr,
}

/// One AWS service, answering whatever dispatch decided is meant for it.
#[async_trait]
pub trait Service: Send + Sync + fmt::Debug {
    /// The name in the SigV4 credential scope: `xray`.
    fn signing_name(&self) -> &'static str;

    /// Whether the call only asks: nothing is changed by it, so it may be given up at any moment when nobody waits for its answer.
    fn only_asks(&self, _head: &http::request::Parts) -> bool {
        false
    }

    /// Answers the call; a failure is an answer too, in the service's own error shape, request id included.
    async fn call(&self, call: Call) -> Response;
}

// === impl AccountId, Region ===

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
