//! The files of a fjall database, where power loss may leave them in a state that fjall alone does not get out of.
//!
//! What is known here of their format: a journal is a file `NUMBER.jnl`, batches one after the other and zeros up to its end; a batch ends
//! with bytes that are not all zero, and is discarded by fjall when these are not whole.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// Whether nothing is there, or an empty directory.
pub(super) fn is_free(path: &Path) -> io::Result<bool> {
    match fs::read_dir(path) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// Where a database is until it is what it should be.
pub(super) fn draft_of(path: &Path) -> PathBuf {
    path.with_added_extension("new")
}

/// Removes a directory, if there is one.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Makes durable which files a directory has, and those below it.
pub(super) fn sync_directories(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_directories(&entry.path())?;
        }
    }
    fs::File::open(path)?.sync_all()
}

/// Copies a directory with all that is in it.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let copied = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &copied)?;
        } else {
            fs::copy(entry.path(), copied)?;
        }
    }
    Ok(())
}

/// Takes the last byte from the last batch of the latest journal, so that fjall discards the batch. Returns whether there was one.
pub(super) fn spoil_last_batch(path: &Path) -> io::Result<bool> {
    let mut latest = None;
    for entry in fs::read_dir(path)? {
        let journal = entry?.path();
        if journal
            .extension()
            .is_none_or(|extension| extension != "jnl")
        {
            continue;
        }
        let number = journal.file_stem().and_then(|stem| stem.to_str());
        let number = number.and_then(|number| number.parse::<u64>().ok());
        latest = latest.max(number.map(|number| (number, journal)));
    }
    let Some((_, journal)) = latest else {
        return Ok(false);
    };
    let content = fs::read(&journal)?;
    let Some(last) = content.iter().rposition(|byte| *byte != 0) else {
        return Ok(false);
    };
    let journal = fs::File::options().write(true).open(journal)?;
    journal.set_len(last as u64)?;
    journal.sync_all()?;
    Ok(true)
}
