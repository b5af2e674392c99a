//! Our own runtime clients, embedded in the binary and written into the data directory when functions are opened.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const PYTHON: &str = include_str!("clients/client.py");
const NODE: &str = include_str!("clients/client.mjs");
const NODE_RESOLVE: &str = include_str!("clients/resolve.mjs");

/// Where the clients are.
#[derive(Debug, Clone)]
pub(crate) struct Clients {
    /// `LAMBDA_RUNTIME_DIR`.
    pub(crate) directory: PathBuf,
    pub(crate) python: PathBuf,
    pub(crate) node: PathBuf,
}

impl Clients {
    /// Writes them below `data_dir`; a file that is there already and the same stays as it is.
    pub(crate) fn install(data_dir: &Path) -> io::Result<Self> {
        let directory = data_dir.join("runtime");
        fs::create_dir_all(&directory)?;
        let write = |name: &str, text: &str| {
            let path = directory.join(name);
            let same = fs::read(&path).is_ok_and(|found| found == text.as_bytes());
            if !same {
                let new = tempfile::NamedTempFile::new_in(&directory)?;
                fs::write(new.path(), text)?;
                new.persist(&path).map_err(|failure| failure.error)?;
            }
            Ok::<_, io::Error>(path)
        };
        let python = write("client.py", PYTHON)?;
        let node = write("client.mjs", NODE)?;
        write("resolve.mjs", NODE_RESOLVE)?;
        Ok(Self {
            directory,
            python,
            node,
        })
    }
}
