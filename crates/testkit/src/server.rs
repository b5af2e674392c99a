//! The server in this process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use fluoro_ambient::Ambient;
use fluoro_server::settings::Settings;
use fluoro_server::{Addresses, Running, Server, StartError};
use http::Method;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use crate::ask::Ask;

/// How long anything that a test waits for may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running server on free ports. Its data directory is removed when it is dropped.
#[derive(Debug)]
pub struct TestServer {
    running: Running,
    data: TempDir,
    ambient: Ambient,
    settings: Settings,
}

/// Free ports, and the data in `data`.
fn settings(data: PathBuf) -> Settings {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Settings {
        data,
        listen: free,
        daemon: free,
        otlp_http: Some(free),
        shutdown: Duration::from_secs(5),
        ..Settings::default()
    }
}

/// Asks again until `found` has something, and returns it.
///
/// # Panics
///
/// When it takes longer than half a minute.
pub async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut found: impl FnMut() -> F,
) -> T {
    let looking = async {
        loop {
            if let Some(found) = found().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, looking).await;
    found.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

impl TestServer {
    /// With default settings, on an empty data directory.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// With settings that `change` has changed.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_in(Ambient::system(), change).await
    }

    /// With another time and chance than the real ones.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start_in(ambient: Ambient, change: impl FnOnce(&mut Settings)) -> Self {
        let data = TempDir::new().expect("a temporary directory can be made");
        let mut settings = settings(data.path().to_owned());
        change(&mut settings);
        let running = Self::started(&ambient, &settings).await;
        Self {
            running,
            data,
            ambient,
            settings,
        }
    }

    async fn started(ambient: &Ambient, settings: &Settings) -> Running {
        let server = Server::new(ambient.clone(), settings.clone());
        let started = server.start().await;
        started.unwrap_or_else(|error| panic!("the server did not start: {error}"))
    }

    /// Starts on this data directory, and hands over what became of it.
    ///
    /// # Errors
    ///
    /// As [`Server::start`].
    pub async fn try_start(
        data: &Path,
        change: impl FnOnce(&mut Settings),
    ) -> Result<Running, StartError> {
        let mut settings = settings(data.to_owned());
        change(&mut settings);
        Server::new(Ambient::system(), settings).start().await
    }

    /// Stops in order, and starts again on the same data, with the same settings.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn restart(self) -> Self {
        self.running.shutdown().await;
        let running = Self::started(&self.ambient, &self.settings).await;
        Self { running, ..self }
    }

    /// Stops in order.
    pub async fn stop(self) {
        self.running.shutdown().await;
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.running.addresses
    }

    /// Its data directory.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// A request to the main port.
    #[must_use]
    pub fn ask(&self, method: Method, path: &str) -> Ask {
        Ask::new(method, format!("{}{path}", self.running.addresses.endpoint))
    }

    /// A `GET` of the main port.
    #[must_use]
    pub fn get(&self, path: &str) -> Ask {
        self.ask(Method::GET, path)
    }

    /// A `POST` of this document to the main port.
    #[must_use]
    pub fn post(&self, path: &str, document: &Value) -> Ask {
        self.ask(Method::POST, path).json(document)
    }

    /// A call of an X-Ray operation by its path, signed.
    #[must_use]
    pub fn xray(&self, path: &str, input: &Value) -> Ask {
        self.post(path, input).signed("xray")
    }

    /// A request to the daemon's TCP port, unsigned as SDKs send it.
    #[must_use]
    pub fn ask_daemon(&self, path: &str, body: &str) -> Ask {
        let url = format!("http://{}{path}", self.running.addresses.daemon);
        Ask::new(Method::POST, url).body(body.to_owned())
    }

    /// An OTLP request, as exporters send it.
    ///
    /// # Panics
    ///
    /// When the server takes none.
    #[must_use]
    pub fn ask_otlp(&self, body: impl Into<Bytes>) -> Ask {
        let address = self.running.addresses.otlp_http;
        let address = address.expect("the server takes OTLP");
        Ask::new(Method::POST, format!("http://{address}/v1/traces"))
            .header("content-type", "application/x-protobuf")
            .body(body)
    }

    /// Sends one document to the daemon's UDP port.
    ///
    /// # Panics
    ///
    /// When it cannot be sent.
    pub async fn datagram(&self, document: &Value) {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let socket = socket.expect("a free port can be had");
        let packet = format!("{{\"format\":\"json\",\"version\":1}}\n{document}");
        let sent = socket.send_to(packet.as_bytes(), self.running.addresses.daemon);
        sent.await.expect("a datagram can be sent");
    }

    /// Sends any bytes to the main port, and reads until the server ends the connection.
    ///
    /// # Panics
    ///
    /// When it does not end.
    pub async fn say(&self, bytes: &[u8]) -> String {
        self.say_to(self.running.addresses.listen, bytes).await
    }

    /// As [`TestServer::say`], to another of its addresses.
    ///
    /// # Panics
    ///
    /// When it does not end.
    pub async fn say_to(&self, address: SocketAddr, bytes: &[u8]) -> String {
        let stream = TcpStream::connect(address).await;
        let mut stream = stream.expect("the server listens");
        // It may answer and end before it has read all of it.
        drop(stream.write_all(bytes).await);
        let mut answer = Vec::new();
        let reading = stream.read_to_end(&mut answer);
        let read = tokio::time::timeout(PATIENCE, reading).await;
        drop(read.expect("the connection ends"));
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The documents of a trace as `BatchGetTraces` gives them, each parsed.
    ///
    /// # Panics
    ///
    /// When there is no answer of the right shape.
    pub async fn documents(&self, trace: &str) -> Vec<Value> {
        let input = serde_json::json!({ "TraceIds": [trace] });
        let answer = self.xray("/Traces", &input).send().await;
        let answer = answer.expect(http::StatusCode::OK);
        let segments = answer["Traces"][0]["Segments"].as_array().cloned();
        let parse = |segment: Value| {
            let document = segment["Document"]
                .as_str()
                .expect("a segment has a document");
            serde_json::from_str(document).expect("a document is JSON")
        };
        segments
            .unwrap_or_default()
            .into_iter()
            .map(parse)
            .collect()
    }
}
