//! `fluoro serve`: settings to a running server, until somebody says stop.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use fluoro_ambient::Ambient;
use fluoro_server::settings::{self, Layer, Loaded};
use fluoro_server::{Addresses, Server};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::args::{Cli, Sample, Serve};
use crate::{cache, verbs};

/// Read when it lies in the working directory.
const SETTINGS_FILE: &str = "fluoro.toml";

/// Settings of file, environment and flags, later ones winning.
pub(crate) fn load(cli: &Cli, serve: &Serve) -> anyhow::Result<Loaded> {
    if let Some(endpoint) = &cli.endpoint {
        bail!("a server has no use for --endpoint {endpoint}; --listen says where it answers");
    }
    let file = match &serve.config {
        Some(path) => Layer::file(path, true)?,
        None => Layer::file(Path::new(SETTINGS_FILE), false)?,
    };
    let environment = Layer::environment(std::env::vars());
    let mut flags = Layer::default();
    let texts = [
        (
            "--data",
            "data",
            serve
                .data
                .as_ref()
                .map(|path| path.to_string_lossy().into_owned()),
        ),
        ("--listen", "listen", serve.listen.clone()),
        ("--daemon", "daemon", serve.daemon.clone()),
        ("--otlp-http", "otlp_http", serve.otlp_http.clone()),
        (
            "--sample",
            "sample",
            serve.sample.map(|sample| sample_word(sample).to_owned()),
        ),
        ("--region", "region", cli.region.clone()),
        (
            "--insecure-listen",
            "insecure_listen",
            serve.insecure_listen.then(|| "true".to_owned()),
        ),
    ];
    for (flag, key, value) in texts {
        if let Some(value) = value {
            flags.flag(flag, key, value);
        }
    }
    for (service, address) in &serve.downstream {
        flags.flag("--downstream", format!("downstream.{service}"), address);
    }
    for (key, value) in &serve.set {
        flags.flag("--set", key, value);
    }
    Ok(settings::load([file, environment, flags])?)
}

fn sample_word(sample: Sample) -> &'static str {
    match sample {
        Sample::All => "all",
        Sample::Rules => "rules",
    }
}

/// Prints each setting with its value and where it came from.
pub(crate) fn print_config(cli: &Cli, loaded: &Loaded) -> anyhow::Result<()> {
    let listing = loaded.listing();
    if cli.json {
        let all: Vec<_> = listing
            .iter()
            .map(|(key, value, origin)| {
                // Texts, numbers, flags and lists of texts are written in TOML as in JSON.
                let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
                json!({"key": key, "value": value, "from": origin.to_string()})
            })
            .collect();
        return verbs::print(format!("{:#}\n", json!(all)).as_bytes());
    }
    let width = listing
        .iter()
        .map(|(key, value, _)| key.len() + value.len())
        .max()
        .unwrap_or(0)
        + 3;
    let mut text = String::new();
    for (key, value, origin) in listing {
        let setting = format!("{key} = {value}");
        text.push_str(&format!("{setting:width$}  # {origin}\n"));
    }
    verbs::print(text.as_bytes())
}

/// Runs until SIGINT or SIGTERM, then stops in order; at a second one, at once.
pub(crate) async fn serve(cli: &Cli, mut loaded: Loaded) -> anyhow::Result<ExitCode> {
    let packages = &mut loaded.settings.functions.package_cache;
    packages.get_or_insert_with(|| cache::folder().join("aws-sdks"));
    let sample_all = loaded.settings.sample == settings::Sample::All;
    let data = loaded.settings.data.clone();
    raise_open_files();
    // Before a port opens, so that a signal that comes early is not lost.
    let mut signals = Signals::listen()?;
    let bound = Server::new(Ambient::system(), loaded.settings)
        .bind()
        .await?;
    let addresses = bound.addresses().clone();
    if cli.json {
        verbs::print(format!("{}\n", json!(addresses)).as_bytes())?;
    }
    let running = tokio::select! {
        running = bound.serve() => running?,
        _ = signals.next() => return Ok(ExitCode::SUCCESS),
    };
    if !cli.json {
        verbs::print(announcement(&addresses, &data, sample_all).as_bytes())?;
    }
    signals.next().await;
    tokio::select! {
        () = running.shutdown() => Ok(ExitCode::SUCCESS),
        signal = signals.next() => Ok(ExitCode::from(KILLED + signal)),
    }
}

/// Lets this process have as many files open as the system allows: each block at rest takes three, each connection one, and
/// programs are started with a limit of 1,024.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the number of open files stays limited"
        );
    }
}

/// What ends the server.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

/// Added to the number of the signal that ended a process, as shells do.
const KILLED: u8 = 128;

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let listen =
            |kind, name| signal(kind).with_context(|| format!("failed to listen for {name}"));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt(), "SIGINT")?,
            terminate: listen(SignalKind::terminate(), "SIGTERM")?,
        })
    }

    /// The number of the next one. Cancel safe.
    async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => 2,
            _ = self.terminate.recv() => 15,
        }
    }
}

fn announcement(addresses: &Addresses, data: &Path, sample_all: bool) -> String {
    let endpoint = &addresses.endpoint;
    let sampling = if sample_all {
        "every request (--sample all); custom rules and a caller's Sampled=0 still win"
    } else {
        "by rules, as AWS: 1 request a second and 5 % (--sample all keeps every one)"
    };
    let otlp = addresses.otlp_http.map_or_else(
        || "not taken   (--otlp-http)".to_owned(),
        |otlp| format!("http://{otlp}   (OTEL_EXPORTER_OTLP_ENDPOINT)"),
    );
    format!(
        "fluoro is up\n  \
           console               {endpoint}/_fluoro/console/\n  \
           AWS APIs and stages   {endpoint}   (--endpoint-url, AWS_ENDPOINT_URL)\n  \
           X-Ray daemon          {}   (AWS_XRAY_DAEMON_ADDRESS)\n  \
           OTLP/HTTP             {otlp}\n  \
           health                {endpoint}/_fluoro/health\n  \
           data                  {}\n  \
           sampling              {sampling}\n",
        addresses.daemon,
        data.display(),
    )
}
