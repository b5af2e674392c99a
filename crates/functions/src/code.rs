//! The code store: archives by their SHA-256, each beside the directory into which it was unpacked.
//!
//! `{data}/functions/code/{sha256}.zip` is the archive as it came; `{sha256}/` holds its files with their modes and
//! symbolic links. A directory appears whole or not at all: it is filled under another name and then renamed.

use std::fs::{self, File, Permissions};
use std::io::{self, Cursor, Read, Seek};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use zip::ZipArchive;
use zip::read::ZipFile;

use crate::listing::{self, CodeListing};
use crate::record::Code;

/// The largest archive that may be uploaded directly. Source: Lambda quotas.
pub const ZIPPED_LIMIT: u64 = 52_428_800;
/// The most that all files may have together. Source: Lambda quotas.
pub const UNZIPPED_LIMIT: u64 = 262_144_000;
/// More entries than any real package has.
const ENTRIES_LIMIT: usize = 200_000;
/// The most that a symbolic link's text may have.
const LINK_LIMIT: u64 = 4096;

const FILE_TYPE: u32 = 0o170_000;
const SYMBOLIC_LINK: u32 = 0o120_000;

/// Why an archive was not stored.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// It is no zip archive, or a damaged one.
    #[error("the archive cannot be read")]
    NotAnArchive(#[source] zip::result::ZipError),
    /// The archive is too large.
    #[error("the archive has {0} bytes")]
    ZippedTooLarge(u64),
    /// Its files are too large, or too many.
    #[error("the files of the archive are too large or too many")]
    UnzippedTooLarge,
    /// An entry would land outside the function's directory.
    #[error("entry {0:?} points out of the function's directory")]
    Outside(String),
    /// The disk refused.
    #[error("failed to store code")]
    Io(#[from] io::Error),
}

/// Where archives and their files are.
#[derive(Debug, Clone)]
pub(crate) struct CodeStore {
    directory: PathBuf,
}

impl CodeStore {
    pub(crate) fn open(directory: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&directory)?;
        Ok(Self { directory })
    }

    /// Where the files of this code are.
    pub(crate) fn files(&self, code: &Code) -> PathBuf {
        self.directory.join(&code.sha256)
    }

    /// The archive as it came.
    pub(crate) fn archive(&self, code: &Code) -> io::Result<Bytes> {
        fs::read(self.archive_path(&code.sha256)).map(Bytes::from)
    }

    /// The files of the archive as it came: what runs has more, such as what an interpreter compiled. Blocks.
    pub(crate) fn listing(&self, code: &Code) -> Result<CodeListing, CodeError> {
        listing::list(File::open(self.archive_path(&code.sha256))?)
    }

    /// Stores and unpacks an archive. Blocks.
    pub(crate) fn store(&self, archive: &[u8]) -> Result<Code, CodeError> {
        let size = archive.len() as u64;
        if size > ZIPPED_LIMIT {
            return Err(CodeError::ZippedTooLarge(size));
        }
        let code = Code {
            sha256: hex::encode(Sha256::digest(archive)),
            size,
        };
        let files = self.files(&code);
        if files.is_dir() && self.archive_path(&code.sha256).is_file() {
            return Ok(code);
        }
        let unpacked = tempfile::Builder::new()
            .prefix(".unpacking-")
            .tempdir_in(&self.directory)?;
        // `mkdtemp` makes it ours alone; the function may run as somebody else one day.
        fs::set_permissions(unpacked.path(), Permissions::from_mode(0o755))?;
        unpack(archive, unpacked.path())?;
        let mut stored = tempfile::NamedTempFile::new_in(&self.directory)?;
        io::Write::write_all(&mut stored, archive)?;
        stored.as_file().sync_all()?;
        stored
            .persist(self.archive_path(&code.sha256))
            .map_err(|failure| failure.error)?;
        match fs::rename(unpacked.path(), &files) {
            // Somebody else stored the same code at the same time.
            Err(_) if files.is_dir() => {}
            renamed => renamed?,
        }
        Ok(code)
    }

    /// Forgets everything that is not in `used`. Blocks.
    pub(crate) fn keep_only(&self, used: impl Fn(&str) -> bool) -> io::Result<()> {
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if used(name.strip_suffix(".zip").unwrap_or(name)) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn archive_path(&self, sha256: &str) -> PathBuf {
        self.directory.join(format!("{sha256}.zip"))
    }
}

fn unpack(archive: &[u8], into: &Path) -> Result<(), CodeError> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).map_err(CodeError::NotAnArchive)?;
    if archive.len() > ENTRIES_LIMIT {
        return Err(CodeError::UnzippedTooLarge);
    }
    let mut left = UNZIPPED_LIMIT;
    let mut links = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(CodeError::NotAnArchive)?;
        let name = entry.name().map_err(CodeError::NotAnArchive)?.into_owned();
        let relative = inside(&name).ok_or_else(|| CodeError::Outside(name.clone()))?;
        let path = into.join(&relative);
        let mode = entry.unix_mode();
        if entry.is_dir() {
            fs::create_dir_all(&path)?;
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        if is_link(&entry) {
            let target = link_target(&mut entry)?;
            let stays = relative
                .parent()
                .and_then(|parent| inside(parent.join(&target).to_str()?));
            if stays.is_none() {
                return Err(CodeError::Outside(name));
            }
            // Made at the end, so that no file is written through a link.
            links.push((path, target));
            continue;
        }
        write_file(&mut entry, &path, mode, &mut left)?;
    }
    for (path, target) in links {
        std::os::unix::fs::symlink(target, path)?;
    }
    Ok(())
}

fn write_file<R: Read + Seek>(
    entry: &mut ZipFile<'_, R>,
    path: &Path,
    mode: Option<u32>,
    left: &mut u64,
) -> Result<(), CodeError> {
    let mut file = File::create(path)?;
    // One byte more than allowed tells a file that ends there from one that goes on.
    let mut limited = entry.take(*left + 1);
    let written = io::copy(&mut limited, &mut file).map_err(as_damage)?;
    *left = left
        .checked_sub(written)
        .ok_or(CodeError::UnzippedTooLarge)?;
    // Archives made elsewhere have no modes; everybody may read what everybody may run.
    let mode = mode.map_or(0o644, |mode| mode & 0o777) | 0o444;
    file.set_permissions(Permissions::from_mode(mode))?;
    Ok(())
}

/// Whether an entry is a symbolic link; its bytes are then where it leads.
pub(crate) fn is_link<R: Read>(entry: &ZipFile<'_, R>) -> bool {
    let mode = entry.unix_mode();
    mode.is_some_and(|mode| mode & FILE_TYPE == SYMBOLIC_LINK)
}

pub(crate) fn link_target<R: Read + Seek>(
    entry: &mut ZipFile<'_, R>,
) -> Result<PathBuf, CodeError> {
    let mut target = String::new();
    entry
        .take(LINK_LIMIT)
        .read_to_string(&mut target)
        .map_err(as_damage)?;
    Ok(target.into())
}

/// A damaged entry shows while it is read, as an I/O error of the archive, not of the disk.
pub(crate) fn as_damage(error: io::Error) -> CodeError {
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
            CodeError::NotAnArchive(zip::result::ZipError::Io(error))
        }
        _ => CodeError::Io(error),
    }
}

/// The path without `.` and `..`, if it stays inside the directory that it begins in.
fn inside(name: &str) -> Option<PathBuf> {
    if name.contains('\0') || name.contains('\\') {
        return None;
    }
    let mut path = PathBuf::new();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(write: impl FnOnce(&mut ZipWriter<Cursor<Vec<u8>>>)) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        write(&mut writer);
        writer.finish().unwrap().into_inner()
    }

    fn store() -> (tempfile::TempDir, CodeStore) {
        let directory = tempfile::tempdir().unwrap();
        let store = CodeStore::open(directory.path().join("code")).unwrap();
        (directory, store)
    }

    #[test]
    fn modes_and_links_are_kept() {
        let (_directory, store) = store();
        let bytes = archive(|writer| {
            let options = SimpleFileOptions::default().unix_permissions(0o755);
            writer.start_file("bin/bootstrap", options).unwrap();
            writer.write_all(b"#!/bin/sh\n").unwrap();
            writer
                .add_symlink("run", "bin/bootstrap", SimpleFileOptions::default())
                .unwrap();
        });
        let code = store.store(&bytes).unwrap();
        let files = store.files(&code);
        let mode = fs::metadata(files.join("run"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o755);
        assert_eq!(
            fs::read_link(files.join("run")).unwrap(),
            Path::new("bin/bootstrap")
        );
        assert_eq!(store.archive(&code).unwrap(), bytes);
        assert_eq!(store.store(&bytes).unwrap(), code);
        store.keep_only(|_| false).unwrap();
        assert!(!files.exists());
    }

    #[test]
    fn nothing_leaves_the_directory() {
        let (_directory, store) = store();
        let up = archive(|writer| {
            writer
                .start_file("../evil", SimpleFileOptions::default())
                .unwrap();
        });
        assert!(matches!(store.store(&up), Err(CodeError::Outside(_))));
        let link = archive(|writer| {
            writer
                .add_symlink("a/b", "../../etc/passwd", SimpleFileOptions::default())
                .unwrap();
        });
        assert!(matches!(store.store(&link), Err(CodeError::Outside(_))));
        let absolute = archive(|writer| {
            writer
                .add_symlink("a", "/etc/passwd", SimpleFileOptions::default())
                .unwrap();
        });
        assert!(matches!(store.store(&absolute), Err(CodeError::Outside(_))));
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        let (_directory, store) = store();
        assert!(matches!(
            store.store(b"this is not a zip"),
            Err(CodeError::NotAnArchive(_))
        ));
    }
}
