//! `fluoro serve`: settings from all sides, then the server until it is told to stop.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use fluoro_ambient::Ambient;
use fluoro_server::settings::{Layer, Loaded, load};
use fluoro_server::{Addresses, Server};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::args::{Common, Serve};

/// The settings file that is read when it is there.
const SETTINGS_FILE: &str = "fluoro.toml";

/// Runs the server until SIGINT or SIGTERM.
pub(crate) fn serve(arguments: &Serve, common: &Common) -> anyhow::Result<()> {
    let json = common.json;
    let loaded = settings(arguments, common)?;
    if arguments.print_config {
        return print_config(&loaded, json);
    }
    start_logging()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run(loaded, json))
}

async fn run(loaded: Loaded, json: bool) -> anyhow::Result<()> {
    let ambient = Ambient::system();
    let began = ambient.ticks_nanos();
    // Asked for first, so that no signal is missed.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let data = loaded.settings.data.clone();
    let bound = Server::new(ambient.clone(), loaded.settings).bind().await?;
    announce(bound.addresses(), &data, json)?;
    let running = tokio::select! {
        running = bound.serve() => running?,
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    let took = (ambient.ticks_nanos() - began) / 1_000_000;
    tracing::info!(took_ms = took, "ready");
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping; a second signal stops at once");
    tokio::select! {
        () = running.shutdown() => Ok(()),
        _ = interrupt.recv() => bail!("stopped before everything had ended"),
        _ = terminate.recv() => bail!("stopped before everything had ended"),
    }
}

/// File, variables, flags: later ones win.
fn settings(arguments: &Serve, common: &Common) -> anyhow::Result<Loaded> {
    let file = match &arguments.config {
        Some(path) => Layer::file(path, true)?,
        None => Layer::file(Path::new(SETTINGS_FILE), false)?,
    };
    // Names and values that are no text are not ours.
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let variables = Layer::environment(variables);
    Ok(load([file, variables, flags(arguments, common)?])?)
}

fn flags(arguments: &Serve, common: &Common) -> anyhow::Result<Layer> {
    let mut layer = Layer::default();
    let values = [
        ("data", arguments.data.as_deref().map(path_text).transpose()?),
        (
            "listen",
            arguments.listen.map(|address| address.to_string()),
        ),
        (
            "daemon",
            arguments.daemon.map(|address| address.to_string()),
        ),
        ("sample", arguments.sample.clone()),
        ("account", arguments.account.clone()),
        ("region", common.region.clone()),
    ];
    for (key, value) in values {
        if let Some(value) = value {
            layer.flag(&format!("--{key}"), key, value);
        }
    }
    if !arguments.hosts.is_empty() {
        layer.flag("--host", "hosts", arguments.hosts.join(","));
    }
    if arguments.insecure_listen {
        layer.flag("--insecure-listen", "insecure_listen", "true");
    }
    for pair in &arguments.downstream {
        let (service, address) = pair
            .split_once('=')
            .with_context(|| format!("--downstream {pair}: expected SERVICE=URL or SERVICE=aws"))?;
        layer.flag("--downstream", format!("downstream.{service}"), address);
    }
    for pair in &arguments.set {
        let (key, value) = pair
            .split_once('=')
            .with_context(|| format!("--set {pair}: expected KEY=VALUE"))?;
        layer.flag("--set", key, value);
    }
    Ok(layer)
}

fn path_text(path: &Path) -> anyhow::Result<String> {
    let text = path.to_str().map(str::to_owned);
    text.with_context(|| format!("{} is not text", path.display()))
}

/// As a settings file would have it, with where each value came from.
fn print_config(loaded: &Loaded, json: bool) -> anyhow::Result<()> {
    let listing = loaded.listing();
    let mut out = std::io::stdout().lock();
    if json {
        let keys: Vec<serde_json::Value> = listing
            .iter()
            .map(|(key, value, origin)| {
                serde_json::json!({ "key": key, "value": value, "origin": origin.to_string() })
            })
            .collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&keys)?)?;
        return Ok(());
    }
    let width = listing.iter().map(|(_, value, _)| value.len()).max();
    let mut section = "";
    for (name, value, origin) in &listing {
        let (of, key) = name.rsplit_once('.').unwrap_or(("", name));
        if of != section {
            section = of;
            writeln!(out, "\n[{section}]")?;
        }
        let line = format!("{key} = {value}");
        writeln!(
            out,
            "{line:<width$}  # {origin}",
            width = width.unwrap_or(0) + 16
        )?;
    }
    Ok(())
}

/// Says where the server listens: for programs one line of JSON, the first of all output.
fn announce(addresses: &Addresses, data: &Path, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(addresses)?)?;
    } else {
        writeln!(
            out,
            "{:<28} AWS APIs, stages, /_fluoro/",
            addresses.endpoint
        )?;
        writeln!(
            out,
            "{:<28} X-Ray daemon, UDP and TCP",
            addresses.daemon.to_string()
        )?;
        writeln!(out, "{:<28} data", data.display().to_string())?;
    }
    out.flush()?;
    Ok(())
}

/// To standard error; `FLUORO_LOG` filters as `RUST_LOG` does elsewhere.
fn start_logging() -> anyhow::Result<()> {
    let filter = match std::env::var("FLUORO_LOG") {
        Ok(text) => EnvFilter::try_new(&text).with_context(|| format!("FLUORO_LOG={text}"))?,
        Err(_) => EnvFilter::new("info"),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .try_init()
        .map_err(|error| anyhow::anyhow!(error))
}
