//! A function's code as the zip that Lambda takes. The same files always make the same bytes.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::StackError;
use crate::install::Installed;

/// Never part of a function.
const LEFT_OUT: [&str; 6] = [
    ".git",
    "__pycache__",
    ".venv",
    ".pytest_cache",
    ".DS_Store",
    ".aws-sam",
];

/// A zip and its hash.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) bytes: Vec<u8>,
    /// Base64 of SHA-256, as Lambda's `CodeSha256`.
    pub(crate) sha256: String,
}

impl Package {
    fn new(bytes: Vec<u8>) -> Self {
        let sha256 = crate::client::base64(&Sha256::digest(&bytes));
        Self { bytes, sha256 }
    }

    /// A zip as it is.
    pub(crate) fn of_file(path: &Path) -> Result<Self, StackError> {
        std::fs::read(path)
            .map(Self::new)
            .map_err(|source| StackError::Unreadable {
                path: path.to_owned(),
                source,
            })
    }

    /// One file, called as the handler and runtime expect it.
    pub(crate) fn of_text(handler: &str, runtime: &str, text: &str) -> Result<Self, StackError> {
        let module = handler
            .rsplit_once('.')
            .map_or("index", |(module, _)| module);
        let extension = if runtime.starts_with("python") {
            "py"
        } else {
            "js"
        };
        let name = format!("{module}.{extension}");
        pack(&BTreeMap::from([(
            name,
            Source {
                content: Content::Text(text.as_bytes().to_vec()),
                executable: false,
            },
        )]))
    }

    /// A folder with what was installed for it; the folder's own files win.
    pub(crate) fn of_folder(folder: &Path, installed: &[Installed]) -> Result<Self, StackError> {
        let mut files = BTreeMap::new();
        for one in installed {
            collect(&one.folder, one.below, &mut files)?;
        }
        collect(folder, "", &mut files)?;
        pack(&files)
    }
}

enum Content {
    File(PathBuf),
    Link(PathBuf),
    Text(Vec<u8>),
}

struct Source {
    content: Content,
    executable: bool,
}

fn collect(
    folder: &Path,
    below: &str,
    files: &mut BTreeMap<String, Source>,
) -> Result<(), StackError> {
    let unreadable = |path: &Path, source| StackError::Unreadable {
        path: path.to_owned(),
        source,
    };
    for entry in std::fs::read_dir(folder).map_err(|source| unreadable(folder, source))? {
        let entry = entry.map_err(|source| unreadable(folder, source))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        let path = entry.path();
        let inside = if below.is_empty() {
            name
        } else {
            format!("{below}/{name}")
        };
        let metadata =
            std::fs::symlink_metadata(&path).map_err(|source| unreadable(&path, source))?;
        let content = if metadata.is_dir() {
            collect(&path, &inside, files)?;
            continue;
        } else if metadata.is_symlink() {
            Content::Link(std::fs::read_link(&path).map_err(|source| unreadable(&path, source))?)
        } else {
            Content::File(path)
        };
        files.insert(
            inside,
            Source {
                content,
                executable: is_executable(&metadata),
            },
        );
    }
    Ok(())
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &std::fs::Metadata) -> bool {
    false
}

fn pack(files: &BTreeMap<String, Source>) -> Result<Package, StackError> {
    let failed = |name: &str, reason: String| {
        StackError::invalid(name, format!("cannot be packed: {reason}"))
    };
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, source) in files {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(if source.executable { 0o755 } else { 0o644 });
        let written = match &source.content {
            Content::Link(target) => writer
                .add_symlink(name, target.to_string_lossy(), options)
                .map_err(|error| error.to_string()),
            Content::Text(text) => start(&mut writer, name, options, text),
            Content::File(path) => std::fs::read(path)
                .map_err(|error| error.to_string())
                .and_then(|content| start(&mut writer, name, options, &content)),
        };
        written.map_err(|reason| failed(name, reason))?;
    }
    let cursor = writer
        .finish()
        .map_err(|error| failed("the code", error.to_string()))?;
    Ok(Package::new(cursor.into_inner()))
}

fn start(
    writer: &mut ZipWriter<Cursor<Vec<u8>>>,
    name: &str,
    options: SimpleFileOptions,
    content: &[u8],
) -> Result<(), String> {
    writer
        .start_file(name, options)
        .map_err(|error| error.to_string())?;
    writer.write_all(content).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(package: &Package) -> Vec<(String, Option<u32>)> {
        let mut archive = zip::ZipArchive::new(Cursor::new(package.bytes.clone())).unwrap();
        (0..archive.len())
            .map(|index| {
                let file = archive.by_index(index).unwrap();
                (
                    file.name().unwrap().into_owned(),
                    file.unix_mode().map(|mode| mode & 0o777),
                )
            })
            .collect()
    }

    #[test]
    fn a_folder_keeps_its_modes_and_always_makes_the_same_bytes() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("lib/__pycache__")).unwrap();
        std::fs::write(folder.path().join("lib/__pycache__/x.pyc"), "x").unwrap();
        std::fs::write(folder.path().join("lib/b.py"), "b").unwrap();
        std::fs::write(folder.path().join("bootstrap"), "#!/bin/sh").unwrap();
        std::fs::set_permissions(
            folder.path().join("bootstrap"),
            std::fs::Permissions::from_mode(0o755),
        )
        .unwrap();
        let package = Package::of_folder(folder.path(), &[]).unwrap();
        assert_eq!(
            names(&package),
            [
                ("bootstrap".to_owned(), Some(0o755)),
                ("lib/b.py".to_owned(), Some(0o644))
            ]
        );
        assert_eq!(
            package.sha256,
            Package::of_folder(folder.path(), &[]).unwrap().sha256
        );
    }

    #[test]
    fn what_was_installed_lies_below_its_name_and_own_files_win() {
        let (own, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(own.path().join("a.js"), "own").unwrap();
        std::fs::write(other.path().join("m.js"), "m").unwrap();
        let installed = Installed {
            folder: other.path().to_owned(),
            below: "node_modules",
        };
        let package = Package::of_folder(own.path(), &[installed]).unwrap();
        let found: Vec<_> = names(&package).into_iter().map(|(name, _)| name).collect();
        assert_eq!(found, ["a.js", "node_modules/m.js"]);
    }

    #[test]
    fn inline_code_is_called_as_its_handler() {
        let package = Package::of_text("app.handler", "python3.12", "x = 1").unwrap();
        assert_eq!(names(&package)[0].0, "app.py");
        let package = Package::of_text("index.handler", "nodejs20.x", "").unwrap();
        assert_eq!(names(&package)[0].0, "index.js");
    }
}
