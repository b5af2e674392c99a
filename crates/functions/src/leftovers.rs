//! No process outlives the server, however the server ends.
//!
//! A function's own process dies with us by its parent-death signal, and its process group is killed when it ends. What
//! it started in a session of its own escapes both, above all when we are killed with `kill -9`. So every environment
//! carries a mark in its variables, which its processes inherit: [`watch`] runs in a process of its own, waits until we
//! are gone and kills whatever has our mark; and a start kills what an earlier run left behind, should that process
//! have been killed, too.
//!
//! A process that clears its own environment before it starts another one is out of reach.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::{fs, thread};

use fluoro_ambient::Ambient;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use sha2::{Digest, Sha256};

use crate::settings::SandboxCommand;

/// The variable that carries the mark.
pub(crate) const VARIABLE: &str = "_FLUORO_MARK";

/// The first argument that makes a sandbox watch instead; no process has this id.
const WATCH: &str = "watch";

/// How often `/proc` is looked through at most: processes that start others all the time might never be caught up with.
const ROUNDS: usize = 100;

/// How long a killed process may take to be gone. One that waits for a disk takes as long as the disk.
const END: Timespec = Timespec {
    tv_sec: 2,
    tv_nsec: 0,
};

/// Whose the environments are: this data directory's, and of those this run's.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    /// Digests, so that no directory's name can be the beginning of another's.
    data_dir: String,
    run: String,
}

// === impl Mark ===

impl Mark {
    /// A new run's in this data directory, which nobody else has open.
    pub(crate) fn new(data_dir: &Path, ambient: &Ambient) -> Self {
        let digest = Sha256::digest(data_dir.as_os_str().as_bytes());
        Self {
            data_dir: hex::encode(&digest[..16]),
            run: hex::encode(ambient.bytes::<8>()),
        }
    }

    /// What processes carry in [`VARIABLE`].
    pub(crate) fn value(&self) -> String {
        format!("{}-{}", self.data_dir, self.run)
    }

    /// Kills what earlier runs left behind; how many there were.
    pub(crate) fn kill_earlier(&self) -> usize {
        let own = self.value();
        kill_all(|value| value.starts_with(self.data_dir.as_bytes()) && value != own.as_bytes())
    }

    /// Starts the process that kills this run's when the returned pipe is closed.
    pub(crate) fn start_watch(&self, sandbox: &SandboxCommand) -> io::Result<ChildStdin> {
        let mut watch = Command::new(&sandbox.program);
        watch
            .args(&sandbox.arguments)
            .args([WATCH, &self.value()])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // What is typed at our terminal is not for it.
            .process_group(0);
        let mut watch = watch.spawn()?;
        let pipe = watch.stdin.take().expect("asked for above");
        // Taken up when it ends before us; else the system does that.
        thread::Builder::new()
            .name("functions-watch".to_owned())
            .stack_size(64 << 10)
            .spawn(move || watch.wait())?;
        Ok(pipe)
    }
}

/// What a sandbox does with these arguments, when they are [`Mark::start_watch`]'s: waits for the end of its standard
/// input, kills, and is done.
pub(crate) fn watch(arguments: &[OsString]) -> bool {
    let [verb, mark] = arguments else {
        return false;
    };
    if verb != WATCH {
        return false;
    }
    // Nothing is ever written: it ends with the server, and so does an error.
    let _ended = io::stdin().read(&mut [0]);
    kill_all(|value| value == mark.as_bytes());
    true
}

/// Kills every process whose mark is `wanted`, until there is none, and waits until they are gone; how many there were.
fn kill_all(wanted: impl Fn(&[u8]) -> bool) -> usize {
    let mut killed = HashSet::new();
    for _ in 0..ROUNDS {
        let found: Vec<Pid> = all_processes()
            .filter(|pid| kill_if(*pid, &wanted) && !killed.contains(pid))
            .collect();
        if found.is_empty() {
            break;
        }
        // Once they are gone they start no other, and what they had just started shows its variables.
        await_end(&found);
        killed.extend(found);
    }
    killed.len()
}

/// Waits for their end: until then they may still write where somebody is about to clean up.
fn await_end(killed: &[Pid]) {
    for &pid in killed {
        // One that is gone has none. Opened one by one: there may be more of them than descriptors.
        let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else {
            continue;
        };
        // Readable when it has ended, whether or not its parent has noticed. Source: pidfd_open(2).
        let ended = poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&END));
        if ended != Ok(1) {
            // All were killed at about the same time: the others had this long, too.
            return;
        }
    }
}

fn all_processes() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let own = rustix::process::getpid();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(Pid::from_raw)
        .filter(move |pid| *pid != own)
}

/// Whether the process has such a mark; then it was killed. One that we may not look into is not ours.
fn kill_if(pid: Pid, wanted: impl Fn(&[u8]) -> bool) -> bool {
    // Held from before the look, so that another process that gets the same id is safe.
    let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else {
        return false;
    };
    let Ok(variables) = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())) else {
        return false;
    };
    let marked = variables
        .split(|byte| *byte == 0)
        .filter_map(|variable| {
            variable
                .strip_prefix(VARIABLE.as_bytes())?
                .strip_prefix(b"=")
        })
        .any(wanted);
    marked && pidfd_send_signal(handle, Signal::KILL).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(mark: &str) -> std::process::Child {
        let mut sleep = Command::new("sleep");
        sleep.arg("600").env_clear().env(VARIABLE, mark);
        sleep.env("PATH", "/usr/bin:/bin").spawn().unwrap()
    }

    #[test]
    fn what_earlier_runs_left_is_killed_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let ambient = Ambient::system();
        let earlier = Mark::new(directory.path(), &ambient);
        let now = Mark::new(directory.path(), &ambient);
        let elsewhere = Mark::new(&directory.path().join("other"), &ambient);
        let mut left = [sleeper(&earlier.value()), sleeper(&earlier.value())];
        let mut others = [sleeper(&now.value()), sleeper(&elsewhere.value())];

        assert_eq!(now.kill_earlier(), 2);
        for process in &mut left {
            assert!(process.try_wait().unwrap().is_some());
        }
        assert_eq!(now.kill_earlier(), 0);
        for process in &mut others {
            assert!(process.try_wait().unwrap().is_none());
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    #[test]
    fn other_arguments_are_no_watch() {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert!(!watch(&words("1 2 3 -- true")));
        assert!(!watch(&words("watch")));
    }
}
