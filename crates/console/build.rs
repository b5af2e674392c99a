//! Writes the table of the console's files: each compressed once, here, with its type and its tag.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// What Vite has built, committed.
const DIST: &str = "../../console/dist";

/// Bytes of a digest that make a tag.
const TAG_BYTES: usize = 12;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={DIST}");
    let home = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    let dist = home.join(DIST);
    let mut paths = Vec::new();
    walk(&dist, &mut paths)?;
    paths.sort();
    let mut table = String::from("&[\n");
    for (number, file) in paths.iter().enumerate() {
        let path = file
            .strip_prefix(&dist)
            .expect("files of a folder lie below it")
            .to_str()
            .unwrap_or_else(|| panic!("{} is not named in UTF-8", file.display()))
            .replace('\\', "/");
        let plain = fs::read(file)?;
        let (kind, compressible) = kind(&path);
        let packed = compressible.then(|| gzip(&plain));
        // What hardly shrinks is better served as it is.
        let packed = packed.filter(|packed| packed.len() * 10 < plain.len() * 9);
        let variant = if packed.is_some() { "Gzip" } else { "Plain" };
        let blob = out.join(format!("{number}.blob"));
        fs::write(&blob, packed.as_ref().unwrap_or(&plain))?;
        let tag = hex(&Sha256::digest(&plain)[..TAG_BYTES]);
        writeln!(
            table,
            "    File {{ path: {path:?}, content_type: {kind:?}, tag: {tag:?}, content: Content::{variant}(include_bytes!({blob:?})) }},",
        )
        .expect("writing to a string does not fail");
    }
    table.push(']');
    fs::write(out.join("files.rs"), table)
}

/// Every file below `folder`.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = fs::read_dir(folder).map_err(|error| {
        let message = format!(
            "{}: {error}; scripts/console build makes it",
            folder.display()
        );
        io::Error::new(error.kind(), message)
    })?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// A file's type, and whether it is worth compressing.
fn kind(path: &str) -> (&'static str, bool) {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        "html" => ("text/html; charset=utf-8", true),
        "js" => ("text/javascript; charset=utf-8", true),
        "css" => ("text/css; charset=utf-8", true),
        "svg" => ("image/svg+xml", true),
        "json" => ("application/json", true),
        "txt" => ("text/plain; charset=utf-8", true),
        "png" => ("image/png", false),
        "woff2" => ("font/woff2", false),
        _ => panic!("{path}: of what type are these? build.rs of fluoro-console wants to be told"),
    }
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(plain).and_then(|()| encoder.finish());
    written.expect("memory takes what is written to it")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
