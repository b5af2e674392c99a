//! Feeds mutated input to each parser that meets untrusted bytes, on stable Rust and without a fuzzing engine.
//!
//!     cargo run --release -p fluoro-fuzz -- all --seconds 15
//!     cargo run --release -p fluoro-fuzz -- documents --seed 7 --seconds 600
//!     cargo run --release -p fluoro-fuzz -- documents --input fuzz/crashes/documents-7-4711
//!
//! Inputs follow from the seed, so that a run can be repeated. A child process does the work: an input that
//! overflows the stack or hangs ends the child, and the parent finds it and keeps it like one that panics.

mod mutate;
mod run;
mod targets;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use fluoro_ambient::Ambient;

use run::Run;
use targets::{TARGETS, Target};

/// Fuzzes one parser, or all of them one after the other.
#[derive(Debug, Parser)]
struct Arguments {
    /// The parser: `all`, or one of datagrams, documents, filters, header, otlp, shapes.
    target: String,
    /// How long each parser is fed.
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Where the inputs come from; another one each time when not given.
    #[arg(long)]
    seed: Option<u64>,
    /// Feeds this file once, instead of made-up inputs.
    #[arg(long)]
    input: Option<PathBuf>,
    /// Where failing inputs are kept.
    #[arg(long, default_value = "fuzz/crashes")]
    crashes: PathBuf,
    /// Set for the child process: the number of the first input.
    #[arg(long, hide = true)]
    worker: Option<u64>,
    /// Set for the child process: keeps each input before it is fed, for this many.
    #[arg(long, hide = true)]
    careful: Option<u64>,
}

fn main() -> ExitCode {
    match begin(&Arguments::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("fluoro-fuzz: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// How many parsers failed.
fn begin(arguments: &Arguments) -> Result<usize> {
    let targets = chosen(&arguments.target)?;
    if let Some(path) = &arguments.input {
        let input =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        targets.iter().for_each(|target| (target.run)(&input));
        println!("{} broke no promise", path.display());
        return Ok(0);
    }
    let ambient = Ambient::system();
    let seed = arguments
        .seed
        .unwrap_or_else(|| u64::from(u32::from_le_bytes(ambient.bytes())));
    let mut failed = 0;
    for target in &targets {
        let run = Run {
            ambient: &ambient,
            target,
            seed,
            seconds: arguments.seconds,
            crashes: &arguments.crashes,
        };
        match arguments.worker {
            Some(from) => failed += usize::from(!run.work(from, arguments.careful)?),
            None => failed += usize::from(!run.supervise()?),
        }
    }
    if arguments.worker.is_none() {
        println!("{} passed, {failed} failed", targets.len() - failed);
    }
    Ok(failed)
}

fn chosen(name: &str) -> Result<Vec<Target>> {
    let chosen: Vec<_> = TARGETS
        .into_iter()
        .filter(|target| name == "all" || target.name == name)
        .collect();
    let known = TARGETS.map(|target| target.name).join(", ");
    anyhow::ensure!(
        !chosen.is_empty(),
        "no parser is called {name}: try all, {known}"
    );
    Ok(chosen)
}
