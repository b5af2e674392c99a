//! What stands between us and a function's process: limits, and an end that comes with ours.
//!
//! Our own binary is started again as `fluoro __sandbox {parent} {limits…} -- {program} {argument…}`, in a process
//! group of its own, with the directory and the environment that the function shall see. [`run`] sets what only a
//! process can set for itself, and then becomes the runtime. Memory is not limited here: an address space limit stops
//! Node.js and Go long before they use what they reserve, so the resident size is watched from outside.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

use rustix::process::{
    Pid, Resource, Rlimit, Signal, getppid, set_parent_process_death_signal, setrlimit,
};

use crate::leftovers;

/// The exit status when the runtime could not be started at all, as shells have it.
pub(crate) const CANNOT_EXECUTE: i32 = 126;

/// What a process may use. AWS: 1024 descriptors, 512 MB to 10 GB in `/tmp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Open files.
    pub(crate) descriptors: u64,
    /// The largest file that may be written, in bytes.
    pub(crate) file_bytes: u64,
}

#[derive(Debug, thiserror::Error)]
enum SandboxError {
    #[error("expected {{parent}} {{descriptors}} {{file bytes}} -- {{program}} [argument…]")]
    Usage,
    #[error("failed to set {0}")]
    Limit(&'static str, #[source] rustix::io::Errno),
    #[error("failed to execute {0:?}")]
    Execute(OsString, #[source] std::io::Error),
}

/// The arguments that [`run`] understands, for the process `parent` and a runtime's command.
pub(crate) fn arguments(parent: u32, limits: Limits, command: &[OsString]) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = [u64::from(parent), limits.descriptors, limits.file_bytes]
        .iter()
        .map(|number| number.to_string().into())
        .collect();
    arguments.push("--".into());
    arguments.extend_from_slice(command);
    arguments
}

/// Becomes the function's runtime, or the process that outlives us to end what is left; `arguments` are those after the
/// hidden verb. Returns only by ending the process.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ! {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if leftovers::watch(&arguments) {
        exit(0);
    }
    let Err(error) = become_runtime(&arguments);
    // Read by our own log, which shows it as the function's.
    eprintln!("{}", crate::error_chain(&error));
    exit(CANNOT_EXECUTE)
}

fn become_runtime(arguments: &[OsString]) -> Result<Infallible, SandboxError> {
    let [parent, descriptors, file_bytes, dashes, program, rest @ ..] = arguments else {
        return Err(SandboxError::Usage);
    };
    if dashes != "--" {
        return Err(SandboxError::Usage);
    }
    die_with(number(parent)?)?;
    limit(Resource::Core, 0, "the size of core files")?;
    limit(
        Resource::Nofile,
        number(descriptors)?,
        "the number of open files",
    )?;
    limit(Resource::Fsize, number(file_bytes)?, "the size of files")?;
    let error = Command::new(program).args(rest).exec();
    Err(SandboxError::Execute(program.clone(), error))
}

/// Ends this process when the one that started it ends, however that happens.
fn die_with(parent: u64) -> Result<(), SandboxError> {
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| SandboxError::Limit("the parent-death signal", error))?;
    // The parent may have gone before the signal was asked for; then nobody would send it.
    let now = getppid().map(Pid::as_raw_nonzero);
    if now.is_none_or(|now| i64::from(now.get()) != i64::try_from(parent).unwrap_or(-1)) {
        exit(CANNOT_EXECUTE);
    }
    Ok(())
}

/// Lowers a limit; where the system's own is lower still, that one holds.
fn limit(resource: Resource, wanted: u64, what: &'static str) -> Result<(), SandboxError> {
    let allowed = rustix::process::getrlimit(resource).maximum;
    let value = allowed.map_or(wanted, |allowed| allowed.min(wanted));
    let limits = Rlimit {
        current: Some(value),
        maximum: Some(value),
    };
    setrlimit(resource, limits).map_err(|error| SandboxError::Limit(what, error))
}

fn number(text: &OsStr) -> Result<u64, SandboxError> {
    let text = text.to_str().ok_or(SandboxError::Usage)?;
    text.parse().map_err(|_| SandboxError::Usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_without_its_dashes_is_refused() {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        let refused = |text: &str| become_runtime(&words(text)).unwrap_err().to_string();
        assert!(refused("1 2 3 true").starts_with("expected"));
        assert!(refused("1 2 3 + true").starts_with("expected"));
        assert!(refused("one 2 3 -- true").starts_with("expected"));
    }
}
