//! The `fluoro` binary: one verb each for the server and for what people do with it.
//!
//! `serve` runs the server in this process; every other verb talks HTTP to a server, wherever it is. Answers go to
//! standard output (JSON with `--json`), everything said along the way to standard error. A failure ends with status
//! 1 and one line that says what to do next, in `--json` as `{"error": …}`.

mod args;
mod cache;
mod client;
mod export;
mod filter;
mod import;
mod insights;
mod map;
mod paint;
mod progress;
mod sampling;
mod serve;
mod sql;
mod stacks;
mod stats;
mod table;
mod verbs;
mod waterfall;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, Parser};
use serde_json::json;
use tracing_subscriber::EnvFilter;

use crate::args::{Cli, Verb};

/// Documents are allocated by the thread that takes them in and freed by another: docs/adr/0203-jemalloc.md.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(code) => code,
        Err(error) => {
            if cli.json {
                eprintln!("{}", json!({"error": format!("{error:#}")}));
            } else {
                eprintln!("fluoro: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

/// How long what runs on threads of its own may hold up the end of the server: waiting for a file's lock has no bound.
const LAST_THREADS: Duration = Duration::from_secs(1);

fn run(cli: &Cli) -> anyhow::Result<ExitCode> {
    match &cli.verb {
        Verb::Sandbox { arguments } => fluoro_functions::sandbox::run(arguments.iter().cloned()),
        Verb::Version => {
            let version = env!("CARGO_PKG_VERSION");
            let text = if cli.json {
                json!({"version": version}).to_string()
            } else {
                format!("fluoro {version}")
            };
            verbs::print(format!("{text}\n").as_bytes())?;
        }
        Verb::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "fluoro", &mut script);
            verbs::print(&script)?;
        }
        Verb::Serve(serve) => {
            let loaded = serve::load(cli, serve)?;
            if serve.print_config {
                serve::print_config(cli, &loaded)?;
                return Ok(ExitCode::SUCCESS);
            }
            log_to_stderr();
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()?;
            let served = runtime.block_on(serve::serve(cli, loaded));
            runtime.shutdown_timeout(LAST_THREADS);
            return served;
        }
        _ => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(verbs::run(cli))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `FLUORO_LOG` chooses what is logged, as `info` or `warn,fluoro_functions=debug`.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("FLUORO_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
}
