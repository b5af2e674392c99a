//! Runtimes: names, families, and the interpreters of this machine that run them.
//!
//! A runtime identifier is a name. `python3.12` runs on the nearest Python 3 that is installed and keeps its name
//! wherever a function or a caller can read it; the difference is logged once.

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::process::Command;
use tokio::sync::Mutex;

use crate::settings::Interpreters;

/// What runs a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// `python3.*`.
    Python,
    /// `nodejs*`.
    Node,
    /// `provided*` and `go1.x`: the code brings its own `bootstrap`.
    Provided,
}

/// Every runtime identifier of the API model, in its order.
pub const IDENTIFIERS: &[&str] = &[
    "nodejs",
    "nodejs4.3",
    "nodejs6.10",
    "nodejs8.10",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "nodejs16.x",
    "nodejs18.x",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "nodejs26.x",
    "java8",
    "java8.al2",
    "java8.al2023",
    "java11",
    "java11.al2023",
    "java17",
    "java17.al2023",
    "java21",
    "java25",
    "python2.7",
    "python3.6",
    "python3.7",
    "python3.8",
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "python3.15",
    "dotnetcore1.0",
    "dotnetcore2.0",
    "dotnetcore2.1",
    "dotnetcore3.1",
    "dotnet6",
    "dotnet8",
    "dotnet10",
    "nodejs4.3-edge",
    "go1.x",
    "ruby2.5",
    "ruby2.7",
    "ruby3.2",
    "ruby3.3",
    "ruby3.4",
    "ruby4.0",
    "provided",
    "provided.al2",
    "provided.al2023",
];

impl Family {
    /// The family of a runtime that can be run here; `None` for the others.
    #[must_use]
    pub fn of(runtime: &str) -> Option<Self> {
        match runtime {
            "go1.x" => Some(Self::Provided),
            name if name.starts_with("provided") => Some(Self::Provided),
            name if name.starts_with("python3.") => Some(Self::Python),
            name if name.starts_with("nodejs") => Some(Self::Node),
            _ => None,
        }
    }
}

/// `Runtime Version` of INIT_START and its ARN: made up, but the same for the same name.
#[must_use]
pub fn version_arn(runtime: &str, region: &str) -> String {
    let digest = hex::encode(Sha256::digest(runtime.as_bytes()));
    format!("arn:aws:lambda:{region}::runtime:{digest}")
}

/// `python:3.12.v1`, as INIT_START names `python3.12`.
pub(crate) fn version_name(runtime: &str) -> String {
    let at = runtime.find(|letter: char| letter.is_ascii_digit() || letter == '.');
    let (family, version) = runtime.split_at(at.unwrap_or(runtime.len()));
    match version.trim_start_matches('.').trim_end_matches(".x") {
        "" => format!("{family}.v1"),
        version => format!("{family}:{version}.v1"),
    }
}

/// An interpreter of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interpreter {
    /// The real program, no wrapper.
    pub(crate) program: PathBuf,
    /// Its version, `3.11.7`.
    pub(crate) version: String,
}

/// No interpreter of the family runs here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{runtime} needs {what}, and none is installed: {advice}")]
pub struct MissingInterpreter {
    runtime: String,
    what: &'static str,
    advice: &'static str,
}

/// Finds interpreters, and remembers them.
#[derive(Debug)]
pub(crate) struct Finder {
    settings: Interpreters,
    found: Mutex<HashMap<String, Arc<Interpreter>>>,
}

impl Finder {
    pub(crate) fn new(settings: Interpreters) -> Self {
        Self {
            settings,
            found: Mutex::default(),
        }
    }

    /// The nearest interpreter for a managed runtime.
    pub(crate) async fn find(
        &self,
        runtime: &str,
        family: Family,
    ) -> Result<Arc<Interpreter>, MissingInterpreter> {
        let mut found = self.found.lock().await;
        if let Some(known) = found.get(runtime) {
            return Ok(Arc::clone(known));
        }
        for candidate in self.candidates(runtime, family) {
            if let Some(interpreter) = probe(&candidate, family).await {
                warn_of_difference(runtime, &interpreter);
                let interpreter = Arc::new(interpreter);
                found.insert(runtime.to_owned(), Arc::clone(&interpreter));
                return Ok(interpreter);
            }
        }
        let (what, advice) = match family {
            Family::Node => ("Node.js", "install node, or name it in the settings"),
            Family::Python | Family::Provided => {
                ("Python 3", "install python3, or name it in the settings")
            }
        };
        Err(MissingInterpreter {
            runtime: runtime.to_owned(),
            what,
            advice,
        })
    }

    /// Programs to try, the best first.
    fn candidates(&self, runtime: &str, family: Family) -> Vec<PathBuf> {
        let set = match family {
            Family::Python => &self.settings.python,
            Family::Node => &self.settings.node,
            Family::Provided => return Vec::new(),
        };
        if let Some(program) = set {
            return vec![program.clone()];
        }
        let path = env::var_os("PATH").unwrap_or_default();
        let on_path = |name: &str| {
            env::split_paths(&path)
                .map(|directory| directory.join(name))
                .find(|file| file.is_file())
        };
        match family {
            Family::Node => ["node", "nodejs"]
                .iter()
                .filter_map(|name| on_path(name))
                .collect(),
            Family::Python | Family::Provided => {
                let wanted = minor(runtime).unwrap_or(0);
                let mut numbered: Vec<(u32, PathBuf)> =
                    installed_pythons(&path).into_iter().collect();
                // The nearest first; of two equally near ones the newer.
                numbered.sort_by_key(|(minor, _)| (minor.abs_diff(wanted), u32::MAX - minor));
                let numbered = numbered.into_iter().map(|(_, program)| program);
                numbered.chain(on_path("python3")).collect()
            }
        }
    }
}

/// `python3.N` on the path, by N.
fn installed_pythons(path: &OsString) -> BTreeMap<u32, PathBuf> {
    let mut installed = BTreeMap::new();
    for directory in env::split_paths(path) {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let number = name
                .to_str()
                .filter(|name| name.starts_with("python3."))
                .and_then(minor);
            if let Some(number) = number {
                installed.entry(number).or_insert_with(|| entry.path());
            }
        }
    }
    installed
}

/// The 12 of `python3.12`.
fn minor(runtime: &str) -> Option<u32> {
    runtime.split_once('.')?.1.parse().ok()
}

/// Runs the candidate once: a wrapper may name a version that is not there, and says nothing of the real program.
async fn probe(candidate: &Path, family: Family) -> Option<Interpreter> {
    let arguments: [&str; 2] = match family {
        Family::Node => ["-p", "process.execPath + '\\n' + process.versions.node"],
        Family::Python | Family::Provided => [
            "-c",
            "import sys; print(sys.executable); print('%d.%d.%d' % sys.version_info[:3])",
        ],
    };
    let output = Command::new(candidate)
        .args(arguments)
        .kill_on_drop(true)
        .output()
        .await
        .ok()?;
    if !output.status.success() {
        return None;
    }
    let text = String::from_utf8(output.stdout).ok()?;
    let mut lines = text.lines();
    let (program, version) = (lines.next()?, lines.next()?);
    Some(Interpreter {
        program: program.into(),
        version: version.to_owned(),
    })
}

fn warn_of_difference(runtime: &str, interpreter: &Interpreter) {
    let wanted = runtime.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let wanted = wanted.trim_end_matches(".x");
    let same =
        interpreter.version == wanted || interpreter.version.starts_with(&format!("{wanted}."));
    if !same && !wanted.is_empty() {
        tracing::warn!(
            runtime,
            version = interpreter.version,
            program = %interpreter.program.display(),
            "runtime runs on another version, the nearest installed"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families() {
        assert_eq!(Family::of("python3.12"), Some(Family::Python));
        assert_eq!(Family::of("nodejs20.x"), Some(Family::Node));
        assert_eq!(Family::of("provided.al2023"), Some(Family::Provided));
        assert_eq!(Family::of("java21"), None);
        assert_eq!(Family::of("python2.7"), None);
    }

    #[test]
    fn versions_as_init_start_names_them() {
        assert_eq!(version_name("python3.12"), "python:3.12.v1");
        assert_eq!(version_name("nodejs20.x"), "nodejs:20.v1");
        assert_eq!(version_name("provided.al2023"), "provided:al2023.v1");
    }

    #[tokio::test]
    async fn the_nearest_python_is_found_once() {
        let finder = Finder::new(Interpreters::default());
        let found = finder.find("python3.99", Family::Python).await.unwrap();
        assert!(found.version.starts_with("3."));
        let again = finder.find("python3.99", Family::Python).await.unwrap();
        assert!(Arc::ptr_eq(&found, &again));
    }

    #[tokio::test]
    async fn a_missing_family_is_an_error_with_advice() {
        let finder = Finder::new(Interpreters {
            node: Some("/nowhere/node".into()),
            ..Interpreters::default()
        });
        let error = finder.find("nodejs20.x", Family::Node).await.unwrap_err();
        assert!(error.to_string().starts_with("nodejs20.x needs Node.js"));
    }
}
