//! The AWS SDKs that AWS's runtimes bring along: `boto3` for Python, `@aws-sdk/*` for Node.js.
//!
//! A function may import them without a requirements file. They come from the machine, or from the directories that
//! the settings name; where neither has what a function's code mentions, they are installed once into a cache, pinned,
//! and found there from then on, by every server that uses the same cache. Nothing is installed for code that does not mention them. Without a network the
//! function is created all the same, and the log says what it will miss.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;
use tokio::sync::Mutex;

use crate::runtime::{Family, Finder, MissingInterpreter};
use crate::settings::Settings;

/// What is installed for Python, whole: `boto3` brings `botocore` and the rest.
const PYTHON_PACKAGES: &str = "boto3==1.44.5";
/// The clients of the Node.js SDK share a major version, but no release has them all: they are pinned by day, and npm
/// picks the newest of then that this Node.js can run.
const NODE_VERSION: &str = "3";
const NODE_BEFORE: &str = "2026-11-01";
/// Whoever holds its lock may install.
const LOCK: &str = "LOCK";
/// Files of code that are looked through, at most.
const FILES_LIMIT: usize = 500;
const FILE_LIMIT: u64 = 2 * 1024 * 1024;

/// Why something could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum DependencyError {
    /// There is nothing to run it with.
    #[error("failed to look for packages")]
    Interpreter(#[from] MissingInterpreter),
    /// The cache could not be written.
    #[error("failed to prepare the package cache")]
    Cache(#[source] io::Error),
    /// The installer is not there.
    #[error("failed to run {program}: {advice}")]
    Installer {
        /// `pip`, `npm` or what makes a pip.
        program: &'static str,
        /// What helps.
        advice: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The installer failed: usually there is no network.
    #[error(
        "{program} could not install {what} ({said}); install it by hand, or name a directory that has it in the settings"
    )]
    Failed {
        /// `pip`, `npm` or what makes a pip.
        program: &'static str,
        /// The packages.
        what: String,
        /// The last line it wrote.
        said: String,
    },
}

/// The cache, and who may install into it.
#[derive(Debug)]
pub(crate) struct Dependencies {
    cache: PathBuf,
    python: PathBuf,
    node: PathBuf,
    installing: Mutex<()>,
}

impl Dependencies {
    pub(crate) fn new(cache: &Path) -> Self {
        // Named by what they hold, so that other pins do not meet.
        Self {
            cache: cache.to_owned(),
            python: cache.join(PYTHON_PACKAGES.replace("==", "-")),
            node: cache.join(format!("aws-sdk-{NODE_VERSION}-{NODE_BEFORE}")),
            installing: Mutex::default(),
        }
    }

    /// Where Python's cached packages are, whether they are there already or not.
    pub(crate) fn python_packages(&self) -> PathBuf {
        self.python.clone()
    }

    /// Where Node.js's are.
    pub(crate) fn node_modules(&self) -> PathBuf {
        self.node.join("node_modules")
    }

    /// Makes sure that what the code in `files` mentions can be imported.
    pub(crate) async fn ensure(
        &self,
        family: Family,
        runtime: &str,
        files: &Path,
        finder: &Finder,
        settings: &Settings,
    ) -> Result<(), DependencyError> {
        let looked = files.to_owned();
        let wanted = tokio::task::spawn_blocking(move || mentioned(family, &looked)).await;
        let wanted = wanted.map_err(|error| DependencyError::Cache(io::Error::other(error)))?;
        if wanted.is_empty() {
            return Ok(());
        }
        let interpreter = finder.find(runtime, family).await?;
        let _one_at_a_time = self.installing.lock().await;
        match family {
            Family::Python => {
                self.ensure_python(&interpreter.program, files, settings)
                    .await
            }
            Family::Node => self.ensure_node(files, wanted, settings).await,
            Family::Provided => Ok(()),
        }
    }

    /// Waits until no other process installs into the cache. None does while the file is open.
    async fn alone(&self) -> Result<File, DependencyError> {
        let path = self.cache.join(LOCK);
        let locked = tokio::task::spawn_blocking(move || {
            let file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(path)?;
            file.lock()?;
            Ok(file)
        });
        let locked = locked
            .await
            .map_err(io::Error::other)
            .and_then(|locked| locked);
        locked.map_err(DependencyError::Cache)
    }

    async fn ensure_python(
        &self,
        python: &Path,
        files: &Path,
        settings: &Settings,
    ) -> Result<(), DependencyError> {
        if self.has_boto3(python, files, settings).await {
            return Ok(());
        }
        let _alone = self.alone().await?;
        // Somebody else may have installed it meanwhile.
        if self.has_boto3(python, files, settings).await {
            return Ok(());
        }
        tracing::info!(packages = PYTHON_PACKAGES, into = %self.python.display(), "installing packages that AWS's runtime has");
        // Beside its place and then renamed: it is there whole or not at all.
        let draft = tempfile::Builder::new()
            .prefix(".installing-")
            .tempdir_in(&self.cache)
            .map_err(DependencyError::Cache)?;
        let mut pip = pip(python, &draft.path().join("pip")).await?;
        pip.args([
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
        ])
        .args(["--retries", "1", "--target"])
        .arg(draft.path().join("packages"))
        .arg(PYTHON_PACKAGES);
        run(
            pip,
            "pip",
            "install Python's pip module",
            PYTHON_PACKAGES.to_owned(),
        )
        .await?;
        fs::rename(draft.path().join("packages"), &self.python).map_err(DependencyError::Cache)
    }

    async fn has_boto3(&self, python: &Path, files: &Path, settings: &Settings) -> bool {
        let search = settings.python_packages.iter().map(PathBuf::as_path);
        let search = [files].into_iter().chain(search).chain([&*self.python]);
        // Nothing of theirs is run for it.
        let look = "import importlib.util, sys; sys.path[:0] = sys.argv[1:]; \
                    sys.exit(importlib.util.find_spec('boto3') is None)";
        let there = Command::new(python)
            .args(["-c", look])
            .args(search)
            .env("PYTHONNOUSERSITE", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        there.await.is_ok_and(|status| status.success())
    }

    async fn ensure_node(
        &self,
        files: &Path,
        wanted: BTreeSet<String>,
        settings: &Settings,
    ) -> Result<(), DependencyError> {
        if self.missing_clients(files, &wanted, settings).is_empty() {
            return Ok(());
        }
        let _alone = self.alone().await?;
        // Somebody else may have installed some meanwhile.
        let missing = self.missing_clients(files, &wanted, settings);
        if missing.is_empty() {
            return Ok(());
        }
        let what = missing.join(" ");
        tracing::info!(packages = what, into = %self.node.display(), "installing packages that AWS's runtime has");
        fs::create_dir_all(&self.node).map_err(DependencyError::Cache)?;
        let mut npm = Command::new("npm");
        npm.args([
            "install",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
            "--fetch-retries=1",
            "--before",
            NODE_BEFORE,
            "--prefix",
        ])
        .arg(&self.node)
        .args(missing);
        run(npm, "npm", "install Node.js with npm", what).await
    }

    /// The packages that nobody has, as npm names them.
    fn missing_clients(
        &self,
        files: &Path,
        wanted: &BTreeSet<String>,
        settings: &Settings,
    ) -> Vec<String> {
        let (own, cached) = (files.join("node_modules"), self.node_modules());
        let known: Vec<&PathBuf> = settings
            .node_modules
            .iter()
            .chain([&own, &cached])
            .collect();
        wanted
            .iter()
            .filter(|name| !known.iter().any(|directory| directory.join(name).is_dir()))
            .map(|name| format!("{name}@{NODE_VERSION}"))
            .collect()
    }
}

/// The interpreter's pip; one of its own in `tools` where a machine's Python comes without, as Debian's does.
async fn pip(python: &Path, tools: &Path) -> Result<Command, DependencyError> {
    let mut has_pip = Command::new(python);
    has_pip
        .args(["-m", "pip", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut program = python.to_owned();
    if !has_pip.status().await.is_ok_and(|status| status.success()) {
        let mut venv = Command::new(python);
        venv.args(["-m", "venv"]).arg(tools);
        let advice = "install Python with its pip or venv module";
        run(venv, "python -m venv", advice, "pip".to_owned()).await?;
        program = tools.join("bin/python");
    }
    let mut pip = Command::new(program);
    pip.args(["-m", "pip"]);
    Ok(pip)
}

async fn run(
    mut command: Command,
    program: &'static str,
    advice: &'static str,
    what: String,
) -> Result<(), DependencyError> {
    let output = command
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await;
    let output = output.map_err(|source| DependencyError::Installer {
        program,
        advice,
        source,
    })?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let said = text
        .lines()
        .rfind(|line| !line.trim().is_empty())
        .unwrap_or("it said nothing")
        .trim();
    Err(DependencyError::Failed {
        program,
        what,
        said: said.to_owned(),
    })
}

/// The SDK packages that the function's own code mentions; what it brings itself is not looked through.
fn mentioned(family: Family, files: &Path) -> BTreeSet<String> {
    let endings: &[&str] = match family {
        Family::Python => &["py"],
        Family::Node => &["js", "mjs", "cjs"],
        Family::Provided => &[],
    };
    let mut found = BTreeSet::new();
    let mut directories = vec![files.to_owned()];
    let mut left = FILES_LIMIT;
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(kind) = entry.metadata() else { continue };
            let brought = ["node_modules", "boto3", "botocore"]
                .iter()
                .any(|name| path.ends_with(name));
            if kind.is_dir() && !brought {
                directories.push(path);
                continue;
            }
            let ending = path
                .extension()
                .and_then(|ending| ending.to_str())
                .unwrap_or_default();
            if !kind.is_file() || kind.len() > FILE_LIMIT || !endings.contains(&ending) {
                continue;
            }
            if left == 0 {
                return found;
            }
            left -= 1;
            let text = fs::read(&path).unwrap_or_default();
            look_through(family, &String::from_utf8_lossy(&text), &mut found);
        }
    }
    found
}

fn look_through(family: Family, text: &str, found: &mut BTreeSet<String>) {
    if family == Family::Python {
        if text.contains("boto3") || text.contains("botocore") {
            found.insert("boto3".to_owned());
        }
        return;
    }
    for (at, scope) in text.match_indices("@aws-sdk/") {
        let rest = &text[at + scope.len()..];
        let end = rest.find(|letter: char| {
            !letter.is_ascii_lowercase() && !letter.is_ascii_digit() && letter != '-'
        });
        let name = &rest[..end.unwrap_or(rest.len())];
        if !name.is_empty() {
            found.insert(format!("@aws-sdk/{name}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_cache_that_has_it_already_is_enough() {
        let (cache, code) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(code.path().join("app.py"), "import boto3").unwrap();
        fs::write(
            code.path().join("index.mjs"),
            "import '@aws-sdk/client-sqs'",
        )
        .unwrap();
        let dependencies = Dependencies::new(cache.path());
        // As another server installed them.
        let (python, node) = (
            dependencies.python_packages(),
            dependencies.node_modules().join("@aws-sdk/client-sqs"),
        );
        fs::create_dir_all(python.join("boto3")).unwrap();
        fs::write(python.join("boto3/__init__.py"), "").unwrap();
        fs::create_dir_all(node).unwrap();
        let settings = Settings::new(
            code.path(),
            "",
            crate::SandboxCommand {
                program: "/bin/false".into(),
                arguments: Vec::new(),
            },
        );
        let finder = Finder::new(crate::Interpreters::default());
        for (family, runtime) in [(Family::Python, "python3.12"), (Family::Node, "nodejs20.x")] {
            let ensured = dependencies
                .ensure(family, runtime, code.path(), &finder, &settings)
                .await;
            ensured.unwrap();
        }
        // Nothing had to be installed.
        assert!(!cache.path().join(LOCK).exists());
    }

    #[tokio::test]
    async fn what_a_function_brings_is_enough() {
        let (cache, code) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(code.path().join("app.py"), "import boto3").unwrap();
        fs::create_dir(code.path().join("boto3")).unwrap();
        fs::write(code.path().join("boto3/__init__.py"), "").unwrap();
        let dependencies = Dependencies::new(cache.path());
        let sandbox = crate::SandboxCommand {
            program: "/bin/false".into(),
            arguments: Vec::new(),
        };
        let settings = Settings::new(code.path(), "", sandbox);
        let finder = Finder::new(crate::Interpreters::default());
        let ensured = dependencies.ensure(
            Family::Python,
            "python3.12",
            code.path(),
            &finder,
            &settings,
        );
        ensured.await.unwrap();
        assert!(!cache.path().join(LOCK).exists());
    }

    #[tokio::test]
    async fn a_python_without_pip_gets_one() {
        let directory = tempfile::tempdir().unwrap();
        let python = directory.path().join("python");
        // A Python whose only module is venv. A process of its own writes it: a child that another test
        // starts meanwhile would hold a file of ours open for a moment, and what is open cannot be run.
        let script = "#!/bin/sh\n[ \"$2\" = venv ] && exec python3 \"$@\"\necho No module named pip >&2; exit 1\n";
        let written = std::process::Command::new("sh")
            .args([
                "-c",
                "printf %s \"$1\" >\"$2\" && chmod +x \"$2\"",
                "sh",
                script,
            ])
            .arg(&python)
            .status();
        assert!(written.unwrap().success());
        let mut pip = pip(&python, &directory.path().join("tools")).await.unwrap();
        let told = pip.arg("--version").output().await.unwrap();
        assert!(told.status.success(), "{told:?}");
    }

    #[test]
    fn what_code_mentions_is_found_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "lib/table.mjs",
            "import { DynamoDBClient } from '@aws-sdk/client-dynamodb';",
        );
        write("index.cjs", "require(\"@aws-sdk/client-sqs\")");
        write("node_modules/x/index.js", "require('@aws-sdk/client-s3')");
        write("notes.txt", "@aws-sdk/client-sns");
        let found = mentioned(Family::Node, directory.path());
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            ["@aws-sdk/client-dynamodb", "@aws-sdk/client-sqs"]
        );
        assert!(mentioned(Family::Python, directory.path()).is_empty());
        write("app.py", "import boto3");
        assert_eq!(mentioned(Family::Python, directory.path()).len(), 1);
    }
}
