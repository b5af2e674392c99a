//! The web console as the binary carries it: the files that Vite built in `console/dist`, each compressed when this
//! crate was built. How they are served is the server's business; [`find`] and [`INDEX`] are all there is.

use std::borrow::Cow;
use std::io::Read as _;

use flate2::read::GzDecoder;

/// One file of the console.
#[derive(Debug)]
pub struct File {
    /// Its path below the console's, without a leading slash: `assets/index-Ab12Cd34.js`.
    pub path: &'static str,
    /// Its media type, with a charset where it is text.
    pub content_type: &'static str,
    /// Says that two files have the same bytes: part of their digest.
    pub tag: &'static str,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Plain(&'static [u8]),
    Gzip(&'static [u8]),
}

/// The page itself, which is every route's below the console that is no file.
pub const INDEX: &str = "index.html";

/// Every file, sorted by path.
static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The file at this path below the console's.
#[must_use]
pub fn find(path: &str) -> Option<&'static File> {
    let found = FILES.binary_search_by(|file| file.path.cmp(path));
    found.ok().map(|place| &FILES[place])
}

// === impl File ===

impl File {
    /// Whether its name changes with its bytes, so that it may be kept for good.
    #[must_use]
    pub fn is_immutable(&self) -> bool {
        self.path.starts_with("assets/")
    }

    /// Its bytes as gzip has them, if it is kept so.
    #[must_use]
    pub fn gzip(&self) -> Option<&'static [u8]> {
        match self.content {
            Content::Gzip(packed) => Some(packed),
            Content::Plain(_) => None,
        }
    }

    /// Its bytes. Unpacked anew each time: every browser takes them packed.
    #[must_use]
    pub fn plain(&self) -> Cow<'static, [u8]> {
        match self.content {
            Content::Plain(bytes) => Cow::Borrowed(bytes),
            Content::Gzip(packed) => {
                let mut plain = Vec::new();
                let unpacked = GzDecoder::new(packed).read_to_end(&mut plain);
                unpacked.expect("it was packed when this was built");
                Cow::Owned(plain)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_there_and_names_files_that_are_there() {
        let index = find(INDEX).expect("the console has a page").plain();
        let index = std::str::from_utf8(&index).unwrap();
        let mut named = 0;
        for reference in index
            .split('"')
            .filter_map(|part| part.strip_prefix("/_fluoro/console/"))
        {
            assert!(find(reference).is_some(), "{reference}");
            named += 1;
        }
        assert!(named >= 2, "a script and a style at least: {index}");
    }

    #[test]
    fn files_are_found_by_their_whole_path() {
        for file in FILES {
            assert_eq!(find(file.path).map(|found| found.tag), Some(file.tag));
            assert!(!file.plain().is_empty(), "{}", file.path);
        }
        for nothing in ["", "assets", "assets/", "index.htm", "../Cargo.toml"] {
            assert!(find(nothing).is_none(), "{nothing}");
        }
    }

    #[test]
    fn scripts_are_kept_packed() {
        let scripts = FILES.iter().filter(|file| file.path.ends_with(".js"));
        for script in scripts.filter(|script| script.plain().len() > 1024) {
            let packed = script.gzip().expect("a script shrinks").len();
            assert!(packed < script.plain().len(), "{}", script.path);
        }
    }
}
