//! What a literal is, when none that is known fits: the text from one place in a document to the next.

use crate::model::Kind;

/// The keys of the objects around a place, from the array on in whose element it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Path {
    /// Each key with its length plus one before it; a zero for any key.
    bytes: Vec<u8>,
    /// Where each begins.
    begins: Vec<usize>,
}

/// Where the next place is.
#[derive(Debug)]
pub(crate) struct Found {
    /// How long the text before it is.
    pub(crate) length: usize,
    /// Of which kind the place is, and its path; nothing at the end of the document or element.
    pub(crate) place: Option<(Kind, Path)>,
}

/// How long a key may be to be one.
const LONGEST_KEY: usize = 254;
const DEEPEST_PATH: usize = 64;

/// Finds the next place after one of this kind and path, in what follows it. `is_wide` tells of which objects every new
/// key is a value. Nothing when this is not JSON, or nested too deeply.
pub(crate) fn next_place(
    text: &[u8],
    kind: Kind,
    path: Path,
    is_document: bool,
    is_wide: impl Fn(&Path, &[u8]) -> bool,
) -> Option<Found> {
    let lexer = Lexer {
        text,
        at: 0,
        path,
        is_wide,
    };
    lexer.run(kind, is_document)
}

struct Lexer<'a, F> {
    text: &'a [u8],
    at: usize,
    path: Path,
    is_wide: F,
}

/// What comes next.
enum Expect {
    Value,
    /// A comma, or an end.
    More,
}

// === impl Lexer ===

impl<F: Fn(&Path, &[u8]) -> bool> Lexer<'_, F> {
    fn run(mut self, kind: Kind, is_document: bool) -> Option<Found> {
        let mut expect = match kind {
            Kind::Start => {
                self.skip_space();
                if !is_document && self.peek() == Some(b',') {
                    self.at += 1;
                }
                Expect::Value
            }
            Kind::Text => {
                self.take(b'"')?;
                Expect::More
            }
            Kind::Bare => Expect::More,
            Kind::Array => {
                self.skip_space();
                self.take(b']')?;
                Expect::More
            }
            Kind::Key => {
                self.take(b'"')?;
                self.colon()?;
                Expect::Value
            }
        };
        loop {
            expect = match expect {
                Expect::More if self.path.is_empty() => {
                    if is_document {
                        self.skip_space();
                        if self.at < self.text.len() {
                            return None;
                        }
                    }
                    return self.found(None);
                }
                Expect::More => {
                    self.skip_space();
                    match self.next()? {
                        b',' => {
                            self.path.pop();
                            if self.key()? {
                                return self.found(Some(Kind::Key));
                            }
                            Expect::Value
                        }
                        b'}' => {
                            self.path.pop();
                            Expect::More
                        }
                        _ => return None,
                    }
                }
                Expect::Value => {
                    self.skip_space();
                    match self.peek()? {
                        b'{' => {
                            self.at += 1;
                            self.skip_space();
                            if self.peek()? == b'}' {
                                self.at += 1;
                                Expect::More
                            } else if self.key()? {
                                return self.found(Some(Kind::Key));
                            } else {
                                Expect::Value
                            }
                        }
                        b'[' => {
                            self.at += 1;
                            return self.found(Some(Kind::Array));
                        }
                        b'"' => {
                            self.at += 1;
                            return self.found(Some(Kind::Text));
                        }
                        first if is_bare(first) => return self.found(Some(Kind::Bare)),
                        _ => return None,
                    }
                }
            };
        }
    }

    fn found(self, kind: Option<Kind>) -> Option<Found> {
        Some(Found {
            length: self.at,
            place: kind.map(|kind| (kind, self.path)),
        })
    }

    /// Goes past a key and its colon; or before it, with true, when it is a value.
    fn key(&mut self) -> Option<bool> {
        self.skip_space();
        self.take(b'"')?;
        let length = end_of_text(&self.text[self.at..])?;
        let key = &self.text[self.at..self.at + length];
        if key.len() > LONGEST_KEY || self.path.begins.len() >= DEEPEST_PATH {
            return None;
        }
        if (self.is_wide)(&self.path, key) {
            self.path.push_any();
            return Some(true);
        }
        self.path.push(key);
        self.at += length + 1;
        self.colon()?;
        Some(false)
    }

    fn colon(&mut self) -> Option<()> {
        self.skip_space();
        self.take(b':')
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.next()? == wanted).then_some(())
    }

    fn next(&mut self) -> Option<u8> {
        let next = self.peek()?;
        self.at += 1;
        Some(next)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        self.at += space(&self.text[self.at..]);
    }
}

/// How much white space is in front.
pub(crate) fn space(text: &[u8]) -> usize {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    text.iter().take_while(|byte| is_space(byte)).count()
}

/// Whether a number, `true`, `false` or `null` begins so.
pub(crate) fn is_bare(first: u8) -> bool {
    first == b'-' || first.is_ascii_alphanumeric()
}

/// How long a number, `true`, `false` or `null` is.
pub(crate) fn end_of_bare(text: &[u8]) -> usize {
    let goes_on = |byte: &u8| matches!(byte, b'-' | b'+' | b'.') || byte.is_ascii_alphanumeric();
    text.iter().take_while(|byte| goes_on(byte)).count()
}

/// How long a string is, up to its closing quote.
pub(crate) fn end_of_text(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let found = at + memchr::memchr2(b'"', b'\\', &text[at..])?;
        if text[found] == b'"' {
            return Some(found);
        }
        // Whatever is escaped is at least one byte.
        at = found + 2;
        if at > text.len() {
            return None;
        }
    }
}

// === impl Path ===

impl Path {
    /// As [`Path::bytes`] were; `None` when no path was.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut begins = Vec::new();
        let mut at = 0;
        while let Some(&length) = bytes.get(at) {
            begins.push(at);
            at += usize::from(length).max(1);
        }
        (at == bytes.len()).then(|| Self {
            bytes: bytes.to_vec(),
            begins,
        })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.begins.is_empty()
    }

    /// The path to each object around the place, and the key in it, from outside in.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let ends = self.begins.iter().skip(1).copied();
        let ends = ends.chain([self.bytes.len()]);
        let pairs = self.begins.iter().zip(ends);
        pairs.map(|(&begin, end)| (&self.bytes[..begin], &self.bytes[..end]))
    }

    /// What the bytes would be with a key more.
    pub(crate) fn with(&self, key: &[u8]) -> Vec<u8> {
        let mut longer = self.clone();
        longer.push(key);
        longer.bytes
    }

    fn push(&mut self, key: &[u8]) {
        self.begins.push(self.bytes.len());
        let length = u8::try_from(key.len() + 1).expect("keys are no longer than LONGEST_KEY");
        self.bytes.push(length);
        self.bytes.extend_from_slice(key);
    }

    fn push_any(&mut self) {
        self.begins.push(self.bytes.len());
        self.bytes.push(0);
    }

    fn pop(&mut self) {
        if let Some(begin) = self.begins.pop() {
            self.bytes.truncate(begin);
        }
    }
}
