//! One lifecycle: open the ports, open the data, answer, stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use fluoro_ambient::Ambient;
use fluoro_functions::{Functions, SandboxCommand};
use fluoro_ingest::daemon::UdpDaemon;
use fluoro_ingest::{Ingest, TraceSink as _};
use fluoro_store::log::Log;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::compose::{self, Composed, Doors, StartError};
use crate::daemon::{LaterCalls, Proxy};
use crate::data_dir::DataDir;
use crate::front::Front;
use crate::guard::Guard;
use crate::http1::{self, Stop, Stopper};
use crate::listener;
use crate::otlp::{LaterIngest, OtlpHttp};
use crate::own::Starting;
use crate::settings::Settings;

/// How long after the deadline the store gets to write what it has taken.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// How often it is asked whether the log is closed.
const CLOSING_POLL: Duration = Duration::from_millis(1);

/// The server, before it listens.
#[derive(Debug)]
pub struct Server {
    settings: Settings,
    ambient: Ambient,
    sandbox: SandboxCommand,
}

/// The server with its ports open, answering 503.
#[derive(Debug)]
pub struct Bound {
    settings: Settings,
    ambient: Ambient,
    sandbox: SandboxCommand,
    addresses: Addresses,
    data: DataDir,
    udp: std::net::UdpSocket,
    front: Arc<Front>,
    guard: Arc<Guard>,
    calls: LaterCalls,
    takes_otlp: LaterIngest,
    listeners: JoinSet<()>,
    stopper: Stopper,
    stop: Stop,
}

/// The server, up.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub addresses: Addresses,
    grace: Duration,
    listeners: JoinSet<()>,
    stopper: Stopper,
    functions: Functions,
    ingest: Arc<Ingest>,
    udp: UdpDaemon,
    log: Arc<dyn Log>,
    /// The last to go: its lock keeps others out of the data.
    data: DataDir,
}

/// Where the server listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Addresses {
    /// AWS APIs, stages, our own API.
    pub listen: SocketAddr,
    /// The X-Ray daemon, UDP and TCP.
    pub daemon: SocketAddr,
    /// OTLP over HTTP, if it is taken.
    pub otlp_http: Option<SocketAddr>,
    /// `http://…` of `listen`.
    pub endpoint: String,
}

// === impl Server ===

impl Server {
    /// A server with these settings. Functions are started through this process's own program and the hidden verb
    /// `__sandbox`, unless [`Server::sandbox`] says otherwise.
    #[must_use]
    pub fn new(ambient: Ambient, settings: Settings) -> Self {
        let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("fluoro"));
        Self {
            settings,
            ambient,
            sandbox: SandboxCommand {
                program,
                arguments: vec!["__sandbox".into()],
            },
        }
    }

    /// Starts functions through this program instead.
    #[must_use]
    pub fn sandbox(mut self, sandbox: SandboxCommand) -> Self {
        self.sandbox = sandbox;
        self
    }

    /// Takes the data directory and opens the ports. Requests are answered 503 from here on.
    ///
    /// # Errors
    ///
    /// When the data directory is in use or of a newer version, or a port is taken.
    pub async fn bind(self) -> Result<Bound, StartError> {
        let settings = self.settings;
        let data = DataDir::open(&settings.data)?;
        let main = listener::tcp("listen", settings.listen).await?;
        let (daemon, udp) = listener::tcp_and_udp("daemon", settings.daemon).await?;
        let otlp = match settings.otlp_http {
            Some(address) => Some(listener::tcp("otlp_http", address).await?),
            None => None,
        };
        let addresses = Addresses::of(&main, &daemon, otlp.as_ref())?;
        let guard = Arc::new(Guard::new(settings.hosts.clone()));
        let front = Arc::new(Front {
            ambient: self.ambient.clone(),
            guard: Arc::clone(&guard),
            limits: settings.limits.clone(),
            live: OnceLock::new(),
            starting: Starting::default(),
        });
        let calls = Arc::new(OnceLock::new());
        let proxy = Arc::new(Proxy::shared(Arc::clone(&guard), Arc::clone(&calls)));
        let (stopper, stop) = Stop::channel();
        let limits = &settings.limits;
        let mut listeners = JoinSet::new();
        listeners.spawn(http1::serve(
            main,
            limits.clone(),
            Arc::clone(&front),
            stop.clone(),
        ));
        listeners.spawn(http1::serve(daemon, limits.clone(), proxy, stop.clone()));
        let takes_otlp = Arc::new(OnceLock::new());
        if let Some(otlp) = otlp {
            let answer = Arc::new(OtlpHttp::new(
                Arc::clone(&guard),
                Arc::clone(&takes_otlp),
                &settings,
            ));
            listeners.spawn(http1::serve(otlp, limits.clone(), answer, stop.clone()));
        }
        Ok(Bound {
            settings,
            ambient: self.ambient,
            sandbox: self.sandbox,
            addresses,
            data,
            udp,
            front,
            guard,
            calls,
            takes_otlp,
            listeners,
            stopper,
            stop,
        })
    }

    /// Binds and brings everything up.
    ///
    /// # Errors
    ///
    /// See [`Server::bind`] and [`Bound::serve`].
    pub async fn start(self) -> Result<Running, StartError> {
        self.bind().await?.serve().await
    }
}

// === impl Bound ===

impl Bound {
    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Brings everything up, and returns when every request is answered.
    ///
    /// # Errors
    ///
    /// When something that is kept cannot be read.
    pub async fn serve(self) -> Result<Running, StartError> {
        let doors = Doors {
            addresses: self.addresses.clone(),
            udp: self.udp,
            guard: self.guard,
            calls: self.calls,
            takes_otlp: self.takes_otlp,
            front: self.front,
            stop: self.stop,
        };
        let Composed {
            functions,
            ingest,
            udp,
            log,
        } = compose::compose(
            self.ambient,
            &self.settings,
            self.sandbox,
            &self.data,
            doors,
        )
        .await?;
        Ok(Running {
            addresses: self.addresses,
            grace: self.settings.shutdown,
            listeners: self.listeners,
            stopper: self.stopper,
            functions,
            ingest,
            udp,
            log,
            data: self.data,
        })
    }
}

// === impl Running ===

impl Running {
    /// Stops: no new requests, those under way and the functions end or are cut off at the deadline, and everything
    /// that was taken is written.
    pub async fn shutdown(mut self) {
        let deadline = Instant::now() + self.grace;
        self.stopper.stop(deadline);
        let listeners = async { while self.listeners.join_next().await.is_some() {} };
        tokio::join!(listeners, self.functions.shutdown(self.grace));
        let last = async {
            self.udp.drained().await;
            self.ingest.flushed().await;
        };
        if tokio::time::timeout(LAST_WRITES, last).await.is_err() {
            tracing::error!("the store did not write everything in time");
        }
        drop((self.udp, self.ingest, self.functions));
        if tokio::time::timeout(LAST_WRITES, closed(self.log))
            .await
            .is_err()
        {
            tracing::error!("the log is still in use");
        }
        drop(self.data);
    }
}

/// Waits until the last task that holds the log has ended, and the log has closed its files. We are the last to hold it:
/// whoever is, waits for its writer, and nobody could see from elsewhere when that is over.
async fn closed(log: Arc<dyn Log>) {
    while Arc::strong_count(&log) > 1 {
        tokio::time::sleep(CLOSING_POLL).await;
    }
    if let Err(error) = tokio::task::spawn_blocking(move || drop(log)).await {
        tracing::error!(%error, "the log was not closed");
    }
}

// === impl Addresses ===

impl Addresses {
    fn of(
        main: &TcpListener,
        daemon: &TcpListener,
        otlp: Option<&TcpListener>,
    ) -> Result<Self, StartError> {
        let local = |listener: &TcpListener| listener.local_addr().map_err(StartError::Socket);
        let listen = local(main)?;
        Ok(Self {
            listen,
            daemon: local(daemon)?,
            otlp_http: otlp.map(local).transpose()?,
            endpoint: format!("http://{}", reachable(listen)),
        })
    }
}

/// An address that somebody on this machine can call: a listener on every address is on loopback too.
fn reachable(address: SocketAddr) -> SocketAddr {
    let mut reachable = address;
    if address.ip().is_unspecified() {
        reachable.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    reachable
}
