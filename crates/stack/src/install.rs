//! Installs what a function's folder asks for (`requirements.txt`, `package.json`), once for each content of it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use sha2::{Digest, Sha256};
use tokio::process::Command;

use crate::StackError;
use crate::up::{Event, Progress};

/// What was installed: a folder whose content belongs beside the code, and below which name.
#[derive(Debug)]
pub(crate) struct Installed {
    pub(crate) folder: PathBuf,
    /// Empty for Python's packages, `node_modules` for Node's.
    pub(crate) below: &'static str,
}

/// Installs the dependencies of `folder` into the cache, if it has any and brings none along.
pub(crate) async fn dependencies(
    cache: &Path,
    folder: &Path,
    logical_id: &str,
    progress: &mut dyn Progress,
) -> Result<Vec<Installed>, StackError> {
    let mut installed = Vec::new();
    let requirements = folder.join("requirements.txt");
    if requirements.is_file() {
        let key = key("python", &[&requirements])?;
        let target = cache.join(format!("python-{key}"));
        once(&target, logical_id, "requirements.txt", progress, || {
            python(cache, &requirements, &target)
        })
        .await?;
        installed.push(Installed {
            folder: target.join("packages"),
            below: "",
        });
    }
    let manifest = folder.join("package.json");
    if manifest.is_file() && !folder.join("node_modules").is_dir() && has_dependencies(&manifest)? {
        let lock = folder.join("package-lock.json");
        let files = if lock.is_file() {
            vec![manifest.as_path(), lock.as_path()]
        } else {
            vec![manifest.as_path()]
        };
        let key = key("node", &files)?;
        let target = cache.join(format!("node-{key}"));
        once(&target, logical_id, "package.json", progress, || {
            node(&files, &target)
        })
        .await?;
        installed.push(Installed {
            folder: target.join("node_modules"),
            below: "node_modules",
        });
    }
    Ok(installed)
}

fn key(kind: &str, files: &[&Path]) -> Result<String, StackError> {
    let mut hash = Sha256::new();
    hash.update(kind);
    for file in files {
        let content = std::fs::read(file).map_err(|source| StackError::Unreadable {
            path: file.to_path_buf(),
            source,
        })?;
        hash.update(content.len().to_be_bytes());
        hash.update(content);
    }
    Ok(hash
        .finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

fn has_dependencies(manifest: &Path) -> Result<bool, StackError> {
    let unreadable = |source| StackError::Unreadable {
        path: manifest.to_path_buf(),
        source,
    };
    let text = std::fs::read(manifest).map_err(unreadable)?;
    let json: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| unreadable(error.into()))?;
    Ok(json["dependencies"]
        .as_object()
        .is_some_and(|map| !map.is_empty()))
}

/// Runs `install` unless an earlier run has finished; a half-done folder is thrown away.
async fn once<F: Future<Output = Result<(), String>>>(
    target: &Path,
    logical_id: &str,
    what: &'static str,
    progress: &mut dyn Progress,
    install: impl FnOnce() -> F,
) -> Result<(), StackError> {
    let done = target.join(".done");
    if done.is_file() {
        return Ok(());
    }
    progress.tell(Event::Installing { logical_id, what });
    let failed = |reason| StackError::Install {
        folder: target.to_path_buf(),
        reason,
    };
    if target.exists() {
        std::fs::remove_dir_all(target).map_err(|error| failed(error.to_string()))?;
    }
    std::fs::create_dir_all(target).map_err(|error| failed(error.to_string()))?;
    install().await.map_err(failed)?;
    std::fs::write(done, "").map_err(|error| failed(error.to_string()))
}

/// Installs with a pip of its own, since a machine's Python may come without one.
async fn python(cache: &Path, requirements: &Path, target: &Path) -> Result<(), String> {
    let tools = cache.join("pip");
    let pip = tools.join("bin").join("pip");
    if !pip.is_file() {
        run(
            "python3",
            &["-m", "venv", &tools.to_string_lossy()],
            target,
            "install Python 3 with its venv module",
        )
        .await?;
    }
    let packages = target.join("packages");
    let requirements = requirements
        .canonicalize()
        .map_err(|error| error.to_string())?;
    let arguments = [
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--target",
        &packages.to_string_lossy(),
        "--requirement",
        &requirements.to_string_lossy(),
    ];
    run(
        &pip.to_string_lossy(),
        &arguments,
        target,
        "see what pip says",
    )
    .await
}

async fn node(files: &[&Path], target: &Path) -> Result<(), String> {
    for file in files {
        let name = file.file_name().ok_or("a file without a name")?;
        std::fs::copy(file, target.join(name)).map_err(|error| error.to_string())?;
    }
    let verb = if files.len() > 1 { "ci" } else { "install" };
    let arguments = [
        verb,
        "--omit=dev",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ];
    run("npm", &arguments, target, "install Node.js with npm").await
}

async fn run(program: &str, arguments: &[&str], folder: &Path, hint: &str) -> Result<(), String> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = command
        .output()
        .await
        .map_err(|error| format!("{program} cannot be started ({error}); {hint}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let tail: Vec<&str> = said.lines().rev().take(12).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    Err(format!(
        "{program} {} ended with {}\n{}",
        arguments.join(" "),
        output.status,
        tail.join("\n")
    ))
}
