//! The data directory: whose it is, and which version wrote it.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use fluoro_store::log::disk::make_directory;

/// The layout that this version reads and writes.
const VERSION: u32 = 1;

/// An open data directory. Nobody else opens it as long as this lives, in this process or another.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// Why the data directory could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Somebody else has it open.
    #[error(
        "data directory {path} is in use by another process: stop it, or pass --data with another directory",
        path = .0.display()
    )]
    InUse(PathBuf),
    /// A later version wrote it.
    #[error(
        "data directory {path} was written by a newer version (layout {found}, this version reads up to {VERSION}): \
         use that version, or pass --data with another directory",
        path = .path.display()
    )]
    Newer {
        /// The directory.
        path: PathBuf,
        /// Its layout.
        found: u32,
    },
    /// It holds something that we did not write.
    #[error("{path} does not say which layout the data directory has: found {found:?}", path = .path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What is in it.
        found: String,
    },
    /// The system does not let us.
    #[error("failed to {what} {path}", path = .path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

// === impl DataDir ===

impl DataDir {
    /// Opens the directory at `path`, and makes it if it is not there.
    ///
    /// # Errors
    ///
    /// See [`DataDirError`]. Nothing but the lock is touched in a directory that is in use or of another version.
    pub(crate) fn open(path: &Path) -> Result<Self, DataDirError> {
        make_directory(path).map_err(io_error("create", path))?;
        let path = fs::canonicalize(path).map_err(io_error("find", path))?;
        let lock = lock(&path)?;
        check_version(&path)?;
        Ok(Self { path, _lock: lock })
    }

    /// What is kept below it under this name: `log`, `catalog`, `functions`.
    pub(crate) fn below(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

fn lock(path: &Path) -> Result<File, DataDirError> {
    let name = path.join("LOCK");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(io_error("open", &name))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(io_error("lock", &name)(source)),
    }
}

fn check_version(path: &Path) -> Result<(), DataDirError> {
    let name = path.join("VERSION");
    let text = match fs::read_to_string(&name) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return write_version(&name),
        Err(error) => return Err(io_error("read", &name)(error)),
    };
    match text.trim().parse::<u32>() {
        Ok(VERSION) => Ok(()),
        Ok(found) if found > VERSION => Err(DataDirError::Newer {
            path: path.to_owned(),
            found,
        }),
        _ => Err(DataDirError::NotOurs {
            path: name,
            found: text.trim().to_owned(),
        }),
    }
}

/// Whole or not at all: a directory whose version was half written could never be opened again.
fn write_version(name: &Path) -> Result<(), DataDirError> {
    let draft = name.with_extension("new");
    let write = || -> io::Result<()> {
        let mut file = File::create(&draft)?;
        writeln!(file, "{VERSION}")?;
        file.sync_all()?;
        fs::rename(&draft, name)
    };
    write().map_err(io_error("write", name))
}

fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DataDirError {
    let path = path.to_owned();
    move |source| DataDirError::Io { what, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_made_marked_and_opened_again() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("deep/data");
        drop(DataDir::open(&path).unwrap());
        assert_eq!(fs::read_to_string(path.join("VERSION")).unwrap(), "1\n");
        DataDir::open(&path).unwrap();
    }

    #[test]
    fn one_process_at_a_time() {
        let temporary = tempfile::tempdir().unwrap();
        let first = DataDir::open(temporary.path()).unwrap();
        let error = DataDir::open(temporary.path()).unwrap_err();
        assert!(matches!(error, DataDirError::InUse(_)), "{error}");
        drop(first);
        DataDir::open(temporary.path()).unwrap();
    }

    #[test]
    fn a_newer_version_is_left_alone() {
        let temporary = tempfile::tempdir().unwrap();
        fs::write(temporary.path().join("VERSION"), "2\n").unwrap();
        let error = DataDir::open(temporary.path()).unwrap_err();
        assert!(
            matches!(error, DataDirError::Newer { found: 2, .. }),
            "{error}"
        );
        assert!(error.to_string().contains("newer version"), "{error}");
    }

    #[test]
    fn somebody_elses_directory_is_left_alone() {
        let temporary = tempfile::tempdir().unwrap();
        fs::write(temporary.path().join("VERSION"), "PostgreSQL 17\n").unwrap();
        let error = DataDir::open(temporary.path()).unwrap_err();
        assert!(matches!(error, DataDirError::NotOurs { .. }), "{error}");
    }
}
