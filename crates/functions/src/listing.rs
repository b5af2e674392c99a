//! What a function's code consists of, for people to look at: the files of its archive, and the text of small ones.
//! Bounded in both.

use std::io::{Read, Seek};

use zip::ZipArchive;
use zip::read::ZipFile;

use crate::code::{self, CodeError};

/// Files that are listed at most. Packages have thousands of them, which nobody reads; what lies near the top is listed first.
const FILES: usize = 2_000;

/// The longest text that is shown of a file, in bytes.
const TEXT: u64 = 64 * 1024;

/// The most that all texts may have together, in bytes.
const TEXTS: u64 = 1024 * 1024;

/// The files of a function's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeListing {
    /// By path.
    pub files: Vec<CodeFile>,
    /// Whether these are all.
    pub complete: bool,
}

/// One file of a function's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeFile {
    /// Its path in the archive.
    pub path: String,
    /// Its bytes, unpacked; of a symbolic link, those of its target's name.
    pub size: u64,
    /// Where it leads, if it is a symbolic link.
    pub link: Option<String>,
    /// What it says, if that is short and text.
    pub text: Option<String>,
}

/// Lists the files of an archive that was taken. Blocks.
pub(crate) fn list(archive: impl Read + Seek) -> Result<CodeListing, CodeError> {
    let mut archive = ZipArchive::new(archive).map_err(CodeError::NotAnArchive)?;
    let mut places = Vec::with_capacity(archive.len());
    for place in 0..archive.len() {
        let entry = archive
            .by_index_raw(place)
            .map_err(CodeError::NotAnArchive)?;
        if !entry.is_dir() {
            let path = entry.name().map_err(CodeError::NotAnArchive)?.into_owned();
            places.push((path.matches('/').count(), path, place));
        }
    }
    places.sort();
    let complete = places.len() <= FILES;
    places.truncate(FILES);
    let (mut files, mut texts) = (Vec::with_capacity(places.len()), TEXTS);
    for (_, path, place) in places {
        let entry = archive.by_index(place).map_err(CodeError::NotAnArchive)?;
        files.push(file(entry, path, &mut texts)?);
    }
    files.sort_by(|one: &CodeFile, other| one.path.cmp(&other.path));
    Ok(CodeListing { files, complete })
}

fn file<R: Read + Seek>(
    mut entry: ZipFile<'_, R>,
    path: String,
    texts: &mut u64,
) -> Result<CodeFile, CodeError> {
    let size = entry.size();
    let (mut link, mut text) = (None, None);
    if code::is_link(&entry) {
        link = Some(
            code::link_target(&mut entry)?
                .to_string_lossy()
                .into_owned(),
        );
    } else if size <= TEXT.min(*texts) {
        text = text_of(entry)?;
        *texts -= text
            .as_ref()
            .map_or(0, |text| text.len() as u64)
            .min(*texts);
    }
    Ok(CodeFile {
        path,
        size,
        link,
        text,
    })
}

/// What an entry says; `None` when that is no text.
fn text_of(entry: impl Read) -> Result<Option<String>, CodeError> {
    let mut bytes = Vec::new();
    let read = entry.take(TEXT).read_to_end(&mut bytes);
    read.map_err(code::as_damage)?;
    let text = String::from_utf8(bytes).ok();
    Ok(text.filter(|text| !text.contains('\0')))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn listed(files: &[(&str, &[u8])]) -> CodeListing {
        let options = SimpleFileOptions::default();
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (path, bytes) in files {
            archive.start_file(*path, options).unwrap();
            archive.write_all(bytes).unwrap();
        }
        archive.add_directory("lib/", options).unwrap();
        archive.add_symlink("main.py", "app.py", options).unwrap();
        list(archive.finish().unwrap()).unwrap()
    }

    fn shown(listing: &CodeListing) -> usize {
        let files = listing.files.iter();
        files.filter(|file| file.text.is_some()).count()
    }

    #[test]
    fn small_texts_are_shown_and_others_only_named() {
        let long = "x".repeat(64 * 1024 + 1);
        let listing = listed(&[
            ("app.py", b"def handler(event, context):\n    return 1\n"),
            ("lib/data.bin", &[0, 159, 146, 150]),
            ("lib/zero.txt", b"a\0b"),
            ("long.txt", long.as_bytes()),
        ]);
        assert!(listing.complete);
        let told: Vec<_> = listing
            .files
            .iter()
            .map(|file| (file.path.as_str(), file.size, file.text.is_some()))
            .collect();
        assert_eq!(
            told,
            [
                ("app.py", 42, true),
                ("lib/data.bin", 4, false),
                ("lib/zero.txt", 3, false),
                ("long.txt", 64 * 1024 + 1, false),
                ("main.py", 6, false),
            ]
        );
        assert_eq!(listing.files[4].link.as_deref(), Some("app.py"));
    }

    #[test]
    fn texts_are_bounded_together_and_those_near_the_top_come_first() {
        let page = "y".repeat(64 * 1024);
        let names: Vec<String> = (0..17).map(|number| format!("a/{number:02}.txt")).collect();
        let names = names.iter().map(String::as_str).chain(["z.txt"]);
        let files: Vec<(&str, &[u8])> = names.map(|name| (name, page.as_bytes())).collect();
        let listing = listed(&files);
        assert_eq!(shown(&listing), 16);
        let top = listing.files.iter().find(|file| file.path == "z.txt");
        assert!(top.is_some_and(|file| file.text.is_some()));
    }

    #[test]
    fn a_package_with_very_many_files_is_not_listed_whole() {
        let names: Vec<String> = (0..2_000)
            .map(|number| format!("node_modules/{number}"))
            .collect();
        let names = names.iter().map(String::as_str).chain(["zz.js"]);
        let files: Vec<(&str, &[u8])> = names.map(|name| (name, &b""[..])).collect();
        let listing = listed(&files);
        assert!(!listing.complete);
        assert_eq!(listing.files.len(), 2_000);
        assert!(listing.files.iter().any(|file| file.path == "zz.js"));
    }
}
