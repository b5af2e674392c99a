//! The disk as the log sees it: a directory of files, written by position, made durable on demand.
//!
//! [`Directory`] is the real one. The simulated one ([`super::simulated`]) loses what was not synced.

use std::fmt;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A directory of files.
pub trait Disk: Send + Sync + fmt::Debug {
    /// The names of all files.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read.
    fn list(&self) -> io::Result<Vec<String>>;

    /// A new, empty file. Its name is durable after [`Disk::sync`].
    ///
    /// # Errors
    ///
    /// When there is one of that name, or no room for one.
    fn create(&self, name: &str) -> io::Result<Arc<dyn File>>;

    /// A file that exists.
    ///
    /// # Errors
    ///
    /// When it does not exist or cannot be opened.
    fn open(&self, name: &str) -> io::Result<Arc<dyn File>>;

    /// Removes a file. Who has it open can still read it.
    ///
    /// # Errors
    ///
    /// When it does not exist or cannot be removed.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes creations and removals durable.
    ///
    /// # Errors
    ///
    /// When the disk fails.
    fn sync(&self) -> io::Result<()>;
}

/// An open file.
pub trait File: Send + Sync + fmt::Debug {
    /// How long it is, in bytes.
    ///
    /// # Errors
    ///
    /// When the disk fails.
    fn length(&self) -> io::Result<u64>;

    /// Reads at most `into.len()` bytes; 0 at the end of the file.
    ///
    /// # Errors
    ///
    /// When the disk fails.
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes some of `bytes`, at least one, and returns how many.
    ///
    /// # Errors
    ///
    /// When the disk fails or is full.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Makes contents and length durable.
    ///
    /// # Errors
    ///
    /// When the disk fails. What was written since the last success may or may not be there then.
    fn sync(&self) -> io::Result<()>;

    /// Cuts the file off at `length`.
    ///
    /// # Errors
    ///
    /// When the disk fails.
    fn truncate(&self, length: u64) -> io::Result<()>;
}

impl dyn File + '_ {
    /// Writes all of `bytes`.
    pub(crate) fn write_all_at(&self, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write_at(bytes, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    bytes = &bytes[written..];
                    offset += written as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Fills as much of `into` as the file has and as can be read in one go, and returns how much that was. An error
    /// says that not even the first byte can be read.
    pub(crate) fn read_full_at(&self, into: &mut [u8], mut offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < into.len() {
            match self.read_at(&mut into[filled..], offset) {
                Ok(0) => break,
                Ok(read) => {
                    filled += read;
                    offset += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if filled == 0 => return Err(error),
                // Whoever goes on reading there will be told.
                Err(_) => break,
            }
        }
        Ok(filled)
    }
}

/// A directory of the operating system, held by one process at a time.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    // Locked for as long as it is open.
    _lock: std::fs::File,
}

/// The file whose lock says that a process uses the directory.
const LOCK: &str = "LOCK";

impl Directory {
    /// Opens a directory, and makes it when it is not there.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when another process holds it; otherwise when it cannot be made or opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        make_directory(path)?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock(&path.join(LOCK))?,
        })
    }
}

/// Makes a directory and those above it, where they are not there yet. Each is durable in the one above it, as far as
/// that may be opened.
///
/// # Errors
///
/// When one cannot be made, or the disk fails.
pub fn make_directory(path: &Path) -> io::Result<()> {
    let above = match path.parent() {
        None => return Ok(()),
        Some(above) if above.as_os_str().is_empty() => Path::new("."),
        Some(above) => above,
    };
    if !above.is_dir() {
        make_directory(above)?;
    }
    match std::fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        made => made?,
    }
    match std::fs::File::open(above) {
        Ok(above) => above.sync_all(),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(error),
    }
}

/// Locks a file, which is made where it is not there yet, for as long as it is open; [`io::ErrorKind::WouldBlock`] when
/// another process holds it.
pub(crate) fn lock(path: &Path) -> io::Result<std::fs::File> {
    let lock = std::fs::File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}

// === impl Directory ===

impl Disk for Directory {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            if let Ok(name) = entry?.file_name().into_string()
                && name != LOCK
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let file = std::fs::File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(self.path.join(name))?;
        Ok(Arc::new(RealFile(file)))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let file = std::fs::File::options()
            .read(true)
            .write(true)
            .open(self.path.join(name))?;
        Ok(Arc::new(RealFile(file)))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path.join(name))
    }

    fn sync(&self) -> io::Result<()> {
        std::fs::File::open(&self.path)?.sync_all()
    }
}

#[derive(Debug)]
struct RealFile(std::fs::File);

impl File for RealFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(into, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.0.write_at(bytes, offset)
    }

    // fdatasync writes the length, too: without it the new data could not be found.
    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_made_with_those_above_it() {
        let temporary = tempfile::tempdir().unwrap();
        let deep = temporary.path().join("a/b/c");
        for _ in 0..2 {
            make_directory(&deep).unwrap();
            assert!(deep.is_dir());
        }
        let file = deep.join("file");
        std::fs::write(&file, "").unwrap();
        assert!(make_directory(&file).is_err());
        assert!(make_directory(&file.join("below")).is_err());
        for there in ["/", ".", ".."] {
            make_directory(Path::new(there)).unwrap();
        }
    }
}
