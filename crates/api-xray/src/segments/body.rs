//! The body of PutTraceSegments as clients send it, read without a JSON tree.
//!
//! Every daemon and SDK sends one member, a list of texts. Such a body is read here in one pass: the documents come out
//! of their escapes into one buffer that they share. Any other body (more members, other types, broken JSON, halves of
//! characters) is none of ours: the caller reads it in the general way, which knows all the refusals.

use bytes::Bytes;

/// The documents of a body in its usual form; `None` for any other body.
pub(super) fn documents(body: &[u8]) -> Option<Vec<Bytes>> {
    std::str::from_utf8(body).ok()?;
    let mut reader = Reader {
        body,
        at: 0,
        text: vec![0; body.len() + WORD],
        end: 0,
    };
    let ends = reader.read()?;
    let end = reader.end;
    let mut text = reader.text;
    text.truncate(end);
    let text = Bytes::from(text);
    let mut start = 0;
    let documents = ends.into_iter().map(|end| {
        let document = text.slice(start..end);
        start = end;
        document
    });
    Some(documents.collect())
}

/// Bytes that are looked at and copied together.
const WORD: usize = size_of::<u64>();

struct Reader<'a> {
    body: &'a [u8],
    at: usize,
    /// The texts read so far, up to `end`; a whole word may always be written there.
    text: Vec<u8>,
    end: usize,
}

impl Reader<'_> {
    /// Reads the whole body; where each document ends in `text`.
    fn read(&mut self) -> Option<Vec<usize>> {
        let mut ends = Vec::new();
        self.token(b"{")?;
        self.token(b"\"TraceSegmentDocuments\"")?;
        self.token(b":")?;
        self.token(b"[")?;
        loop {
            self.token(b"\"")?;
            self.rest_of_text()?;
            ends.push(self.end);
            if self.token(b",").is_none() {
                break;
            }
        }
        self.token(b"]")?;
        self.token(b"}")?;
        self.skip_white_space();
        (self.at == self.body.len()).then_some(ends)
    }

    fn skip_white_space(&mut self) {
        while matches!(self.body.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn token(&mut self, token: &[u8]) -> Option<()> {
        self.skip_white_space();
        self.body[self.at..]
            .starts_with(token)
            .then(|| self.at += token.len())
    }

    /// Reads a text to its closing quote.
    fn rest_of_text(&mut self) -> Option<()> {
        loop {
            match self.plain()? {
                b'"' => return Some(()),
                b'\\' => self.escape()?,
                // Control characters must be escaped.
                _ => return None,
            }
        }
    }

    /// Copies up to the next byte that is not itself, and returns that byte.
    fn plain(&mut self) -> Option<u8> {
        loop {
            let Some(word) = self.body[self.at..].first_chunk::<WORD>() else {
                return self.plain_at_the_end();
            };
            self.text[self.end..self.end + WORD].copy_from_slice(word);
            let plain = plain_bytes(u64::from_le_bytes(*word));
            self.at += plain;
            self.end += plain;
            if plain < WORD {
                self.at += 1;
                return Some(word[plain]);
            }
        }
    }

    fn plain_at_the_end(&mut self) -> Option<u8> {
        loop {
            let byte = *self.body.get(self.at)?;
            self.at += 1;
            if matches!(byte, b'"' | b'\\' | ..0x20) {
                return Some(byte);
            }
            self.push(byte);
        }
    }

    fn escape(&mut self) -> Option<()> {
        let byte = *self.body.get(self.at)?;
        self.at += 1;
        let meant = match byte {
            b'"' | b'\\' | b'/' => byte,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => return self.unicode(),
            _ => return None,
        };
        self.push(meant);
        Some(())
    }

    /// A character by its number. Pairs of halves are left to the general reader.
    fn unicode(&mut self) -> Option<()> {
        let digits = self.body.get(self.at..self.at + 4)?;
        self.at += 4;
        let mut number = 0;
        for &digit in digits {
            number = number << 4 | char::from(digit).to_digit(16)?;
        }
        let mut utf8 = [0; 4];
        for &byte in char::from_u32(number)?.encode_utf8(&mut utf8).as_bytes() {
            self.push(byte);
        }
        Some(())
    }

    fn push(&mut self, byte: u8) {
        self.text[self.end] = byte;
        self.end += 1;
    }
}

/// How many bytes of a little-endian word stand for themselves before the first that does not: a quote, a backslash
/// or a control character.
fn plain_bytes(word: u64) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; WORD]);
    const HIGH: u64 = ONES << 7;
    // A borrow may mark bytes that follow a marked one, never one before the first.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGH;
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    let marked = below(word, 0x20) | is(b'"') | is(b'\\');
    (marked.trailing_zeros() / 8) as usize
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(body: &str) -> Option<Vec<String>> {
        let documents = documents(body.as_bytes())?;
        let text = |document: Bytes| String::from_utf8(document.into()).unwrap();
        Some(documents.into_iter().map(text).collect())
    }

    #[test]
    fn what_the_general_reader_reads_comes_out_the_same() {
        let pieces = [
            "",
            "a",
            "\"",
            "\\",
            "/",
            "\n\r\t\u{8}\u{c}\u{1}\u{1f}",
            "é",
            "\u{7f}\u{80}",
            "漢字",
            "x23456789",
        ];
        let mut seen = Vec::new();
        for first in pieces {
            for second in pieces {
                for third in pieces {
                    seen.push(format!("{first}{second}{third}"));
                }
            }
        }
        for (pretty, count) in [(false, seen.len()), (true, 3), (false, 1)] {
            let seen = &seen[..count];
            let body = json!({ "TraceSegmentDocuments": seen });
            let body = if pretty {
                format!(" {body:#}\n")
            } else {
                body.to_string()
            };
            assert_eq!(texts(&body).unwrap(), seen);
        }
    }

    #[test]
    fn escapes_that_nobody_needs_are_read_too() {
        let body = r#"{"TraceSegmentDocuments":["\u003c\u00E9\u6f22\/","\u0000"]}"#;
        assert_eq!(texts(body).unwrap(), ["<é漢/", "\0"]);
    }

    #[test]
    fn any_other_body_is_left_to_the_general_reader() {
        for body in [
            "",
            "{}",
            "[]",
            r#"{"TraceSegmentDocuments":null}"#,
            r#"{"TraceSegmentDocuments":[]}"#,
            r#"{"TraceSegmentDocuments":["a",]}"#,
            r#"{"TraceSegmentDocuments":["a" "b"]}"#,
            r#"{"TraceSegmentDocuments":["a",1]}"#,
            r#"{"TraceSegmentDocuments":["a"],"More":1}"#,
            r#"{"TraceSegmentDocuments":["a"]}}"#,
            r#"{"TraceSegmentDocuments":["a"]"#,
            r#"{"TraceSegmentDocuments":["a"#,
            r#"{"TraceSegmentDocuments":["a\"#,
            r#"{"TraceSegmentDocuments":["a\u00"#,
            r#"{"TraceSegmentDocuments":["a\u00zz"]}"#,
            r#"{"TraceSegmentDocuments":["\ud83d\ude00"]}"#,
            r#"{"TraceSegmentDocuments":["a\x"]}"#,
            "{\"TraceSegmentDocuments\":[\"a line\nand another\"]}",
            r#"{"tracesegmentdocuments":["a"]}"#,
        ] {
            assert_eq!(texts(body), None, "{body}");
        }
        assert_eq!(documents(b"{\"TraceSegmentDocuments\":[\"\xff\"]}"), None);
    }
}
