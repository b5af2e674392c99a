//! Starting, watching and ending the processes of environments.
//!
//! A process asks to be killed when the *thread* that started it ends (that is what Linux watches), so one thread of
//! ours, which lives as long as the functions do, starts them all, and with the first of them the process that ends what
//! they leave behind.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ChildStdin, ExitStatus, Stdio};
use std::thread;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

use crate::leftovers::Mark;
use crate::settings::SandboxCommand;

/// Starts that may wait for the thread; more wait at the channel.
const WAITING: usize = 64;

/// A process to start: nothing of our own environment reaches it.
#[derive(Debug)]
pub(crate) struct Launch {
    /// The program and its arguments, the sandbox included.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<OsString>,
    /// The working directory.
    pub(crate) directory: PathBuf,
    /// The whole environment.
    pub(crate) variables: Vec<(String, OsString)>,
    /// Gets standard output and standard error.
    pub(crate) output: OwnedFd,
}

/// The thread that starts processes. When the last clone is dropped it ends, and every process with it.
#[derive(Debug, Clone)]
pub(crate) struct Spawner {
    jobs: mpsc::Sender<Job>,
}

#[derive(Debug)]
struct Job {
    launch: Launch,
    started: oneshot::Sender<io::Result<Process>>,
}

/// A running process and everything in its process group. Dropping it kills the group.
#[derive(Debug)]
pub(crate) struct Process {
    pid: Pid,
    ended: watch::Receiver<Option<Ended>>,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    status: ExitStatus,
}

impl Spawner {
    /// Starts the thread. Must be called within a Tokio runtime, which watches the processes.
    pub(crate) fn new(mark: Mark, sandbox: SandboxCommand) -> io::Result<Self> {
        let (jobs, mut waiting) = mpsc::channel::<Job>(WAITING);
        let runtime = Handle::current();
        let serve = move || {
            let _entered = runtime.enter();
            let mut watch = None;
            while let Some(Job { launch, started }) = waiting.blocking_recv() {
                // When nobody waits any more, the process is dropped, which kills it.
                let _unwanted = started.send(start(launch));
                // Behind the first one, which shall not wait for it.
                watch = watch.or_else(|| start_watch(&mark, &sandbox));
            }
        };
        thread::Builder::new()
            .name("functions-spawn".to_owned())
            .spawn(serve)?;
        Ok(Self { jobs })
    }

    /// Starts a process.
    pub(crate) async fn spawn(&self, launch: Launch) -> io::Result<Process> {
        let (started, answer) = oneshot::channel();
        let gone = || io::Error::other("the thread that starts processes has ended");
        self.jobs
            .send(Job { launch, started })
            .await
            .map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// Functions run without it, too; then what they leave behind is killed at the next start.
fn start_watch(mark: &Mark, sandbox: &SandboxCommand) -> Option<ChildStdin> {
    let started = mark.start_watch(sandbox);
    started
        .inspect_err(|error| {
            tracing::warn!(%error, "cannot watch over what functions leave behind");
        })
        .ok()
}

fn start(launch: Launch) -> io::Result<Process> {
    let errors = launch.output.try_clone()?;
    let child = Command::new(launch.program)
        .args(launch.arguments)
        .current_dir(launch.directory)
        .env_clear()
        .envs(launch.variables)
        .stdin(Stdio::null())
        .stdout(launch.output)
        .stderr(errors)
        .process_group(0)
        .spawn()?;
    let pid = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other("the process has no id"))?;
    let (sender, ended) = watch::channel(None);
    tokio::spawn(reap(child, pid, sender));
    Ok(Process { pid, ended })
}

async fn reap(mut child: Child, pid: Pid, ended: watch::Sender<Option<Ended>>) {
    let status = match child.wait().await {
        Ok(status) => status,
        Err(error) => {
            tracing::error!(%error, "failed to wait for a function's process");
            ExitStatus::from_raw(Signal::KILL.as_raw())
        }
    };
    // What it started and left behind goes with it.
    kill_group(pid);
    ended.send_replace(Some(Ended { status }));
}

fn kill_group(pid: Pid) {
    // ESRCH: nobody is left, which is what is wanted.
    let _nobody_left = kill_process_group(pid, Signal::KILL);
}

impl Process {
    /// The process's id, which is also its group's.
    pub(crate) fn id(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Waits for its end. Cancellation safe.
    pub(crate) async fn ended(&self) -> Ended {
        let mut ended = self.ended.clone();
        let seen = ended.wait_for(Option::is_some).await;
        match seen.as_deref() {
            Ok(Some(ended)) => *ended,
            // The reaping task went with the runtime: we are shutting down.
            Ok(None) | Err(_) => Ended {
                status: ExitStatus::from_raw(Signal::KILL.as_raw()),
            },
        }
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&self) -> bool {
        self.ended.borrow().is_none()
    }

    /// Kills it and its group at once.
    pub(crate) fn kill(&self) {
        if self.is_running() {
            kill_group(self.pid);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Ended {
    /// `Runtime exited …`, in Lambda's words.
    pub(crate) fn reason(self) -> String {
        match (self.status.code(), self.status.signal()) {
            (Some(0), _) => "Runtime exited without providing a reason".to_owned(),
            (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
            (None, Some(signal)) => {
                format!("Runtime exited with error: signal: {}", signal_name(signal))
            }
            (None, None) => "Runtime exited with error".to_owned(),
        }
    }

    /// The status that the sandbox gives when the runtime's program cannot be executed.
    pub(crate) fn could_not_execute(self) -> bool {
        self.status.code() == Some(crate::sandbox::CANNOT_EXECUTE)
    }
}

/// As Go's runtime names them, in which Lambda's own supervisor is written.
fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        11 => "segmentation fault",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(script: &str) -> Launch {
        Launch {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            directory: "/".into(),
            variables: vec![("PATH".to_owned(), "/usr/bin:/bin".into())],
            output: std::fs::File::create("/dev/null").unwrap().into(),
        }
    }

    fn spawner() -> Spawner {
        let sandbox = SandboxCommand {
            program: "/bin/true".into(),
            arguments: Vec::new(),
        };
        let mark = Mark::new("/nowhere".as_ref(), &fluoro_ambient::Ambient::system());
        Spawner::new(mark, sandbox).unwrap()
    }

    async fn reason(script: &str) -> String {
        let process = spawner().spawn(launch(script)).await.unwrap();
        process.ended().await.reason()
    }

    #[tokio::test]
    async fn an_end_is_told_in_lambdas_words() {
        assert_eq!(
            reason("exit 0").await,
            "Runtime exited without providing a reason"
        );
        assert_eq!(
            reason("exit 7").await,
            "Runtime exited with error: exit status 7"
        );
        assert_eq!(
            reason("kill -9 $$").await,
            "Runtime exited with error: signal: killed"
        );
    }

    #[tokio::test]
    async fn nothing_of_our_environment_is_inherited() {
        assert_eq!(
            reason("test -z \"$CARGO_MANIFEST_DIR$HOME\"").await,
            "Runtime exited without providing a reason"
        );
    }

    #[tokio::test]
    async fn killing_reaches_the_children_too() {
        let (mut reader, writer) = io::pipe().unwrap();
        let mut script = launch("sleep 600 & echo started; wait");
        script.output = writer.into();
        let process = spawner().spawn(script).await.unwrap();
        let read = tokio::task::spawn_blocking(move || {
            let mut all = String::new();
            // Ends when the last holder of the pipe is gone, the `sleep` included.
            io::Read::read_to_string(&mut reader, &mut all).map(|_| all)
        });
        process.kill();
        process.ended().await;
        read.await.unwrap().unwrap();
    }
}
