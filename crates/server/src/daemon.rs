//! The X-Ray daemon's addresses: port 2000 for everybody, and one of its own for each function's environment.
//!
//! UDP takes segments and belongs to ingest. TCP, on the same port, takes any call of the X-Ray API unsigned: the real
//! daemon signs and forwards it, we answer it. Who calls is known by the address: an environment's is its role's.
//! Source: aws-xray-daemon, pkg/proxy.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock, Weak};

use async_trait::async_trait;
use fluoro_functions::{Daemon, DaemonHost, DaemonOwner};
use fluoro_ingest::daemon::UdpDaemon;
use fluoro_ingest::{Door, Ingest, Source};
use fluoro_wire::Region;
use http::{Request, Response, StatusCode};
use tokio::time::Instant;

use crate::body::Body;
use crate::calls::{Calls, Unsigned};
use crate::guard::Guard;
use crate::http1::{self, Answer, Connection, Stop, Stopper};
use crate::listener;
use crate::refusal::Protocol;
use crate::settings::Limits;

/// Connections at once to one environment's address: one function's SDKs need few.
const ENVIRONMENT_CONNECTIONS: usize = 32;

/// Who answers, once everything is up and as long as it is. The main port owns it; addresses that outlive it say so.
pub(crate) type LaterCalls = Arc<OnceLock<Weak<Calls>>>;

/// The TCP side of a daemon address: the X-Ray API, unsigned.
#[derive(Debug)]
pub(crate) struct Proxy {
    guard: Arc<Guard>,
    calls: LaterCalls,
    /// Whose address this is; nobody's is everybody's.
    owner: Option<Unsigned>,
}

/// Opens environments' addresses.
#[derive(Debug)]
pub(crate) struct EnvironmentDaemons {
    pub(crate) guard: Arc<Guard>,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) limits: Limits,
    /// The services need the functions, which need this.
    pub(crate) calls: LaterCalls,
}

/// An environment's open address. Dropping it closes both sockets.
#[derive(Debug)]
struct EnvironmentDaemon {
    udp: UdpDaemon,
    stopper: Stopper,
}

// === impl Proxy ===

impl Proxy {
    /// The side of port 2000, which is everybody's.
    pub(crate) fn shared(guard: Arc<Guard>, calls: LaterCalls) -> Self {
        Self {
            guard,
            calls,
            owner: None,
        }
    }
}

impl Answer for Proxy {
    async fn answer(&self, connection: &Connection, request: Request<Body>) -> Response<Body> {
        let (mut head, body) = request.into_parts();
        head.extensions.insert(connection.tap.clone());
        if let Err(stranger) = self.guard.admit(&head) {
            return Protocol::RestJson.refuse(
                StatusCode::FORBIDDEN,
                "AccessDeniedException",
                &stranger.to_string(),
                "",
            );
        }
        let Some(calls) = self.calls.get().and_then(Weak::upgrade) else {
            return Protocol::RestJson.refuse(
                StatusCode::SERVICE_UNAVAILABLE,
                "ServiceUnavailable",
                "the server is starting or stopping",
                "",
            );
        };
        let from = self.owner.clone().unwrap_or_else(|| calls.anybody());
        calls
            .answer_as("xray", connection.peer, head, body, from)
            .await
    }
}

// === impl EnvironmentDaemons ===

#[async_trait]
impl DaemonHost for EnvironmentDaemons {
    async fn open(&self, owner: DaemonOwner) -> io::Result<Box<dyn Daemon>> {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (tcp, udp) = listener::pair(loopback).await?;
        let source = Source {
            door: Door::Environment,
            client: owner.function_name,
        };
        let udp = UdpDaemon::on(Arc::clone(&self.ingest), udp, source, owner.gate)?;
        let proxy = Proxy {
            guard: Arc::clone(&self.guard),
            calls: Arc::clone(&self.calls),
            owner: Some(Unsigned {
                caller: owner.caller,
                region: Region(owner.region.into()),
            }),
        };
        let limits = Limits {
            connections: ENVIRONMENT_CONNECTIONS,
            ..self.limits.clone()
        };
        let (stopper, stop) = Stop::channel();
        tokio::spawn(http1::serve(tcp, limits, Arc::new(proxy), stop));
        Ok(Box::new(EnvironmentDaemon { udp, stopper }))
    }
}

// === impl EnvironmentDaemon ===

#[async_trait]
impl Daemon for EnvironmentDaemon {
    fn address(&self) -> SocketAddr {
        self.udp.address()
    }

    async fn drained(&self) {
        self.udp.drained().await;
    }
}

impl Drop for EnvironmentDaemon {
    fn drop(&mut self) {
        self.stopper.stop(Instant::now());
    }
}
