//! From text to symbols, each with its place.

/// A symbol and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Symbol<'a> {
    pub(crate) kind: Kind<'a>,
    /// As written.
    pub(crate) text: &'a str,
    pub(crate) place: Place,
}

/// Where something stands in an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The line, from 1.
    pub(crate) line: usize,
    /// Characters from the beginning of the line, from 1.
    pub(crate) position: usize,
}

impl Place {
    pub(crate) const START: Self = Self {
        line: 1,
        position: 1,
    };

    /// The place behind this text, which begins here.
    pub(crate) fn after(self, text: &str) -> Self {
        text.chars().fold(self, |place, c| match c {
            '\n' => Self {
                line: place.line + 1,
                position: 1,
            },
            _ => Self {
                position: place.position + 1,
                ..place
            },
        })
    }
}

/// What a symbol is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind<'a> {
    /// Letters, digits, underscores and dots, not beginning with a digit.
    Word,
    /// A text in double quotes, decoded.
    Text(String),
    /// A number.
    Number(f64),
    /// `= != < <= > >=`
    Compare,
    /// `( ) { } , : !`
    Mark,
    /// What stands in the brackets of `annotation[…]`, trimmed, quotes taken off.
    Key(String),
    /// What stands in `#[…]`, brackets included.
    Json(&'a str),
    /// Nothing that the language knows.
    Unknown,
}

/// All symbols of `text`. What is unknown is a symbol too, so that the parser can say where it stands.
pub(crate) fn symbols(text: &str) -> Vec<Symbol<'_>> {
    let mut lexer = Lexer {
        text,
        at: 0,
        place: Place::START,
    };
    std::iter::from_fn(|| lexer.next()).collect()
}

struct Lexer<'a> {
    text: &'a str,
    /// Bytes read.
    at: usize,
    place: Place,
}

impl<'a> Lexer<'a> {
    fn next(&mut self) -> Option<Symbol<'a>> {
        let space = self.rest().len() - self.rest().trim_start().len();
        self.take(space);
        let rest = self.rest();
        let first = rest.chars().next()?;
        let (kind, length) = match first {
            '"' => text_literal(rest),
            '[' => bracketed(rest),
            '#' => json_literal(rest),
            '0'..='9' | '-' => number(rest),
            'a'..='z' | 'A'..='Z' | '_' => (Kind::Word, word_length(rest)),
            '<' | '>' | '!' if rest[1..].starts_with('=') => (Kind::Compare, 2),
            '<' | '>' | '=' => (Kind::Compare, 1),
            '(' | ')' | '{' | '}' | ',' | ':' | '!' => (Kind::Mark, 1),
            other => (Kind::Unknown, other.len_utf8()),
        };
        let place = self.place;
        let text = self.take(length);
        Some(Symbol { kind, text, place })
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let taken = &self.text[self.at..self.at + bytes];
        self.at += bytes;
        self.place = self.place.after(taken);
        taken
    }
}

fn word_length(rest: &str) -> usize {
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
    end.unwrap_or(rest.len())
}

fn number(rest: &str) -> (Kind<'_>, usize) {
    let mut length = usize::from(rest.starts_with('-'));
    let digits = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
    length += digits(length);
    if rest[length..].starts_with('.') && digits(length + 1) > 0 {
        length += 1 + digits(length + 1);
    }
    if rest[length..].starts_with(['e', 'E']) {
        let sign = usize::from(rest[length + 1..].starts_with(['+', '-']));
        let exponent = digits(length + 1 + sign);
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    match rest[..length].parse::<f64>() {
        Ok(number) if number.is_finite() => (Kind::Number(number), length),
        _ => (Kind::Unknown, length.max(1)),
    }
}

/// The length of a JSON string at the beginning of `rest`, quotes included.
fn quoted_length(rest: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(index + 1),
            _ => {}
        }
    }
    None
}

fn text_literal(rest: &str) -> (Kind<'_>, usize) {
    let Some(length) = quoted_length(rest) else {
        return (Kind::Unknown, rest.len());
    };
    match unescape(&rest[1..length - 1]) {
        Some(text) => (Kind::Text(text), length),
        None => (Kind::Unknown, length),
    }
}

/// Undoes JSON's escapes; `None` for one that JSON does not know.
fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut units: Vec<u16> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(hex) = rest.strip_prefix("\\u") {
            units.push(u16::from_str_radix(hex.get(..4)?, 16).ok()?);
            rest = &hex[4..];
            continue;
        }
        flush(&mut units, &mut plain);
        if first != '\\' {
            plain.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        plain.push(match rest.as_bytes().get(1)? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            _ => return None,
        });
        rest = &rest[2..];
    }
    flush(&mut units, &mut plain);
    Some(plain)
}

fn flush(units: &mut Vec<u16>, into: &mut String) {
    into.extend(
        char::decode_utf16(units.drain(..)).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)),
    );
}

fn bracketed(rest: &str) -> (Kind<'_>, usize) {
    let inside = rest[1..].trim_start();
    if inside.starts_with('"') {
        let skipped = rest.len() - inside.len();
        let Some(length) = quoted_length(inside) else {
            return (Kind::Unknown, 1);
        };
        let after = inside[length..].trim_start();
        let key = unescape(&inside[1..length - 1]).filter(|key| !key.is_empty());
        return match (key, after.strip_prefix(']')) {
            (Some(key), Some(beyond)) => (Kind::Key(key), rest.len() - beyond.len()),
            _ => (Kind::Unknown, skipped + length),
        };
    }
    match rest.find(']') {
        Some(end) if !rest[1..end].trim().is_empty() => {
            (Kind::Key(rest[1..end].trim().to_owned()), end + 1)
        }
        _ => (Kind::Unknown, 1),
    }
}

/// `#[` … `]` with brackets balanced outside of texts.
fn json_literal(rest: &str) -> (Kind<'_>, usize) {
    if !rest.starts_with("#[") {
        return (Kind::Unknown, 1);
    }
    let (mut depth, mut at) = (0usize, 1);
    while at < rest.len() {
        match rest.as_bytes()[at] {
            b'[' => depth += 1,
            b']' => depth -= 1,
            b'"' => match quoted_length(&rest[at..]) {
                Some(length) => at += length - 1,
                None => return (Kind::Unknown, rest.len()),
            },
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return (Kind::Json(&rest[1..at]), at);
        }
    }
    (Kind::Unknown, rest.len())
}
