//! The code store: archives by their SHA-256, each beside the directory into which it was unpacked.
//!
//! `{data}/functions/code/{sha256}.zip` is the archive as it came; `{sha256}/` holds its files with their modes and
//! symbolic links. A directory appears whole or not at all, and stays so after power loss: it is filled under another
//! name, made durable and then renamed, and code is stored once the new names are durable, whoever gave them. On its way
//! out it has another name, durably, before anything of it goes.
//!
//! One `syncfs` makes all files durable, as packages have thousands: it takes about as long as a single sync, where one
//! for each file takes about a millisecond for each (4 s for 5,000 files on a disk where `syncfs` took 0.1 s). The price
//! is that it waits for whatever else is to be written to the same file system; taking code is rare and may wait. The
//! directory could be compared with its archive at the first use after a start instead: but then each start reads all
//! code, and what functions change in their own directory would have to be told from what a disk lost. What `syncfs` does
//! not promise: before Linux 5.8 it is silent about failed writes, and FUSE hands it on to few of its file systems.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io::{self, Cursor, Read, Seek};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use bytes::Bytes;
use fluoro_store::log::disk::make_directory;
use rustix::io::Errno;
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
/// How many symbolic links the system follows on one path before it gives up. Source: path_resolution(7).
const LINKS_FOLLOWED: usize = 40;

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
        make_directory(&directory)?;
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

    /// Stores and unpacks an archive: both are durable then. Blocks.
    pub(crate) fn store(&self, archive: &[u8]) -> Result<Code, CodeError> {
        let size = archive.len() as u64;
        if size > ZIPPED_LIMIT {
            return Err(CodeError::ZippedTooLarge(size));
        }
        let code = Code {
            sha256: hex::encode(Sha256::digest(archive)),
            size,
        };
        // Opened before anything is written: it is told of what fails from now on.
        let directory = File::open(&self.directory)?;
        if !(self.files(&code).is_dir() && self.archive_path(&code.sha256).is_file()) {
            self.put(&code, archive, &directory)?;
        }
        // Also of what was there: it was made durable before it was given its name, but the name was perhaps not.
        directory.sync_all()?;
        Ok(code)
    }

    /// Gives archive and files, durable, their names, which are not durable yet.
    fn put(&self, code: &Code, archive: &[u8], directory: &File) -> Result<(), CodeError> {
        let files = self.files(code);
        let unpacked = tempfile::Builder::new()
            .prefix(".unpacking-")
            .tempdir_in(&self.directory)?;
        // `mkdtemp` makes it ours alone; the function may run as somebody else one day.
        fs::set_permissions(unpacked.path(), Permissions::from_mode(0o755))?;
        unpack(archive, unpacked.path())?;
        let mut stored = tempfile::NamedTempFile::new_in(&self.directory)?;
        io::Write::write_all(&mut stored, archive)?;
        stored.as_file().sync_all()?;
        match rustix::fs::syncfs(directory) {
            Err(Errno::NOSYS | Errno::PERM) => sync_each(unpacked.path())?,
            synced => synced.map_err(io::Error::from)?,
        }
        stored
            .persist(self.archive_path(&code.sha256))
            .map_err(|failure| failure.error)?;
        match fs::rename(unpacked.path(), &files) {
            // Somebody else stored the same code at the same time.
            Err(_) if files.is_dir() => {}
            renamed => renamed?,
        }
        Ok(())
    }

    /// Forgets everything that is not in `used`. Blocks.
    pub(crate) fn keep_only(&self, used: impl Fn(&str) -> bool) -> io::Result<()> {
        let entries: io::Result<Vec<_>> = fs::read_dir(&self.directory)?.collect();
        let mut aside = Vec::new();
        for entry in entries? {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if used(name.strip_suffix(".zip").unwrap_or(name)) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                let other = tempfile::Builder::new()
                    .prefix(".removing-")
                    .tempdir_in(&self.directory)?
                    .keep();
                fs::rename(entry.path(), &other)?;
                aside.push(other);
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        if !aside.is_empty() {
            // Half of it must never pass for all of it: before anything goes, its other name is on the disk.
            File::open(&self.directory)?.sync_all()?;
        }
        for removed in aside {
            fs::remove_dir_all(removed)?;
        }
        Ok(())
    }

    fn archive_path(&self, sha256: &str) -> PathBuf {
        self.directory.join(format!("{sha256}.zip"))
    }
}

/// Makes a directory durable with all that is in it, where the system cannot do so at once.
fn sync_each(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            sync_each(&entry.path())?;
        } else if kind.is_file() {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(path)?.sync_all()
}

fn unpack(archive: &[u8], into: &Path) -> Result<(), CodeError> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).map_err(CodeError::NotAnArchive)?;
    if archive.len() > ENTRIES_LIMIT {
        return Err(CodeError::UnzippedTooLarge);
    }
    let mut left = UNZIPPED_LIMIT;
    let mut links = BTreeMap::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(CodeError::NotAnArchive)?;
        let name = entry.name().map_err(CodeError::NotAnArchive)?.into_owned();
        let relative = inside(&name).ok_or_else(|| CodeError::Outside(name.clone()))?;
        let path = into.join(&relative);
        let mode = entry.unix_mode();
        if entry.is_dir() {
            fs::create_dir_all(&path).map_err(as_damage)?;
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(as_damage)?;
        }
        if is_link(&entry) {
            let target = link_target(&mut entry)?;
            // Made at the end, so that no file is written through a link.
            links.insert(relative, target);
            continue;
        }
        write_file(&mut entry, &path, mode, &mut left)?;
    }
    for (path, target) in &links {
        if !stays_inside(path, &links) {
            return Err(CodeError::Outside(path.display().to_string()));
        }
        std::os::unix::fs::symlink(target, into.join(path)).map_err(as_damage)?;
    }
    Ok(())
}

/// Whether the link at `path` leads nowhere out of the directory, every link on its way followed as the system does.
fn stays_inside(path: &Path, links: &BTreeMap<PathBuf, PathBuf>) -> bool {
    let mut at = path.to_owned();
    let mut ahead = Vec::new();
    for _ in 0..LINKS_FOLLOWED {
        // `at` is a link now: what it says takes its place.
        let target = &links[&at];
        if target
            .to_str()
            .is_none_or(|text| text.contains(['\0', '\\']))
        {
            return false;
        }
        at.pop();
        ahead.extend(target.components().rev());
        loop {
            match ahead.pop() {
                None => return true,
                Some(Component::Normal(part)) => at.push(part),
                Some(Component::CurDir) => {}
                Some(Component::ParentDir) => {
                    if !at.pop() {
                        return false;
                    }
                }
                Some(Component::RootDir | Component::Prefix(_)) => return false,
            }
            if links.contains_key(&at) {
                break;
            }
        }
    }
    // The system follows no further.
    true
}

fn write_file<R: Read + Seek>(
    entry: &mut ZipFile<'_, R>,
    path: &Path,
    mode: Option<u32>,
    left: &mut u64,
) -> Result<(), CodeError> {
    let mut file = File::create(path).map_err(as_damage)?;
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

/// A damaged entry shows while it is read or written, as an I/O error of the archive, not of the disk: it ends early,
/// its name is none or stands for two things at once. The directory that it goes to was empty.
pub(crate) fn as_damage(error: io::Error) -> CodeError {
    use io::ErrorKind::{
        AlreadyExists, InvalidData, InvalidFilename, InvalidInput, IsADirectory, NotADirectory,
        NotFound, UnexpectedEof,
    };
    match error.kind() {
        InvalidData | InvalidInput | UnexpectedEof | AlreadyExists | IsADirectory
        | NotADirectory | InvalidFilename | NotFound => {
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

    fn linked(links: &[(&str, &str)]) -> Vec<u8> {
        archive(|writer| {
            for (name, target) in links {
                writer
                    .add_symlink(*name, *target, SimpleFileOptions::default())
                    .unwrap();
            }
        })
    }

    #[test]
    fn nothing_leaves_the_directory_by_a_link_through_a_link() {
        let (_directory, store) = store();
        for links in [
            // Each is inside when read alone: `p/q/r` is the top, and the top's `..` is outside.
            [("p/q/r", "../.."), ("e", "p/q/r/..")],
            [("a/b", ".."), ("c", "a/b/../x")],
        ] {
            let refused = store.store(&linked(&links));
            assert!(matches!(refused, Err(CodeError::Outside(_))), "{links:?}");
        }
        // As a package manager links the programs of a package that is itself a link.
        let workspace = [
            ("node_modules/tool", "../packages/tool"),
            ("node_modules/.bin/tool", "../tool/bin/tool.js"),
        ];
        store.store(&linked(&workspace)).unwrap();
        // Leads nowhere, as the system sees it.
        store.store(&linked(&[("a", "b"), ("b", "a")])).unwrap();
    }

    #[test]
    fn an_archive_whose_names_cannot_be_files_is_refused() {
        let (_directory, store) = store();
        let files = |names: &[&str]| {
            archive(|writer| {
                for name in names {
                    writer
                        .start_file(*name, SimpleFileOptions::default())
                        .unwrap();
                }
            })
        };
        let over_directory = archive(|writer| {
            let options = SimpleFileOptions::default();
            writer.start_file("a/b", options).unwrap();
            writer.add_symlink("a", "b", options).unwrap();
        });
        for (what, bytes) in [
            ("below a file", files(&["a", "a/b"])),
            ("in place of a directory", files(&["a/b", "a"])),
            ("the directory itself", files(&["."])),
            ("too long", files(&[&"x".repeat(256)])),
            ("link over a directory", over_directory),
            ("link to nothing", linked(&[("a", "")])),
        ] {
            let refused = store.store(&bytes);
            assert!(
                matches!(refused, Err(CodeError::NotAnArchive(_))),
                "{what}: {refused:?}"
            );
        }
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
