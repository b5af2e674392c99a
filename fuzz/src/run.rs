//! One target's run: the child that feeds inputs, and the parent that survives them.

use std::io::{BufRead, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use anyhow::{Context, Result};
use fluoro_ambient::Ambient;

use crate::mutate::Mutator;
use crate::targets::Target;

/// Inputs between two signs of life.
const BATCH: u64 = 512;

/// A batch takes milliseconds; one that takes this long hangs, or is far too slow for untrusted input.
const HANGS: Duration = Duration::from_secs(60);

/// One run of one target.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run<'r> {
    pub(crate) ambient: &'r Ambient,
    pub(crate) target: &'r Target,
    pub(crate) seed: u64,
    pub(crate) seconds: u64,
    pub(crate) crashes: &'r Path,
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// Its time was up.
    Well,
    /// It found a failing input and kept it.
    Failed,
    /// It died or hung in the batch that begins with this input.
    Lost(u64),
}

impl Run<'_> {
    /// Runs the child and tells what came of it; whether nothing failed.
    pub(crate) fn supervise(&self) -> Result<bool> {
        let name = self.target.name;
        let started = self.ambient.ticks_nanos();
        let (ended, fed) = self.child(None)?;
        let milliseconds = (self.ambient.ticks_nanos() - started) / 1_000_000;
        println!(
            "{name}: {fed} inputs in {milliseconds} ms, seed {}",
            self.seed
        );
        if let Ended::Lost(first) = ended {
            // The same inputs once more, each kept before it is fed: the last one kept is it.
            let (again, _) = self.child(Some(first))?;
            println!(
                "{name}: the child was lost between inputs {first} and {}",
                first + BATCH
            );
            if again == Ended::Well {
                println!("{name}: and not again: was it slow for another reason?");
            } else {
                println!("{name}: failing input kept as {}", self.current().display());
            }
        }
        Ok(ended == Ended::Well)
    }

    /// Feeds inputs until the time is up, or `careful` of them; whether none failed.
    pub(crate) fn work(&self, from: u64, careful: Option<u64>) -> Result<bool> {
        let mutator = Mutator::new(self.target, self.seed);
        let until = self.ambient.ticks_nanos() + self.seconds * 1_000_000_000;
        let mut number = from;
        let mut out = std::io::stdout().lock();
        loop {
            if (number - from).is_multiple_of(BATCH) {
                writeln!(out, "{number}")
                    .and_then(|()| out.flush())
                    .context("the parent is gone")?;
                if careful.is_none() && self.ambient.ticks_nanos() >= until {
                    return Ok(true);
                }
            }
            if careful.is_some_and(|count| number - from == count) {
                std::fs::remove_file(self.current()).context("cannot remove the last input")?;
                return Ok(true);
            }
            let input = mutator.input(number);
            if careful.is_some() {
                self.keep(&self.current(), &input)?;
            }
            if catch_unwind(AssertUnwindSafe(|| (self.target.run)(&input))).is_err() {
                let path = self
                    .crashes
                    .join(format!("{}-{}-{number}", self.target.name, self.seed));
                self.keep(&path, &input)?;
                eprintln!(
                    "{}: failing input kept as {}",
                    self.target.name,
                    path.display()
                );
                return Ok(false);
            }
            number += 1;
        }
    }

    /// Runs a child to its end; how it ended, and how many inputs it was fed.
    fn child(&self, careful: Option<u64>) -> Result<(Ended, u64)> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let mut command = Command::new(program);
        command
            .arg(self.target.name)
            .arg("--crashes")
            .arg(self.crashes);
        command.args([
            "--seconds",
            &self.seconds.to_string(),
            "--seed",
            &self.seed.to_string(),
        ]);
        command.args(["--worker", &careful.unwrap_or(0).to_string()]);
        if careful.is_some() {
            command.args(["--careful", &BATCH.to_string()]);
        }
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the child")?;
        let mut last = careful.unwrap_or(0);
        let signs = signs_of_life(&mut child);
        let hung = loop {
            match signs.recv_timeout(HANGS) {
                Ok(number) => last = number,
                Err(RecvTimeoutError::Disconnected) => break false,
                Err(RecvTimeoutError::Timeout) => break true,
            }
        };
        if hung {
            child.kill().context("cannot end a child that hangs")?;
        }
        let status = child.wait().context("cannot wait for the child")?;
        let ended = match status.code() {
            Some(0) => Ended::Well,
            Some(1) => Ended::Failed,
            _ => Ended::Lost(last),
        };
        Ok((ended, last))
    }

    fn current(&self) -> PathBuf {
        self.crashes
            .join(format!("{}-{}-last", self.target.name, self.seed))
    }

    fn keep(&self, path: &Path, input: &[u8]) -> Result<()> {
        std::fs::create_dir_all(self.crashes)
            .and_then(|()| std::fs::write(path, input))
            .with_context(|| format!("cannot keep a failing input as {}", path.display()))
    }
}

/// The numbers that a child prints, until it ends.
fn signs_of_life(child: &mut Child) -> Receiver<u64> {
    let (sender, receiver) = sync_channel(16);
    let output = child.stdout.take();
    std::thread::spawn(move || {
        let lines = output
            .into_iter()
            .flat_map(|output| BufReader::new(output).lines());
        let numbers = lines
            .map_while(Result::ok)
            .filter_map(|line| line.parse().ok());
        for number in numbers {
            if sender.send(number).is_err() {
                break;
            }
        }
    });
    receiver
}
