//! The parser's place among the symbols: what is next, and taking it.

use std::borrow::Cow;

use super::{ParseError, Parser};
use crate::lex::{Kind, Place, Symbol};

impl<'a> Parser<'a> {
    /// Whether `id` comes next.
    pub(crate) fn is_at_id(&self) -> bool {
        self.peek_word()
            .is_some_and(|word| word.eq_ignore_ascii_case("id"))
    }

    /// Whether all symbols were taken.
    pub(crate) fn is_done(&self) -> bool {
        self.peek().is_none()
    }

    pub(super) fn peek(&self) -> Option<&Symbol<'a>> {
        self.symbols.get(self.at)
    }

    pub(crate) fn mark(&mut self, mark: &str) -> bool {
        let found = self
            .peek()
            .is_some_and(|symbol| symbol.kind == Kind::Mark && symbol.text == mark);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn expect(&mut self, mark: &str, hint: &'static str) -> Result<(), ParseError> {
        if self.mark(mark) {
            Ok(())
        } else {
            Err(self.unexpected(hint))
        }
    }

    pub(crate) fn word(&mut self, word: &str) -> bool {
        let found = self
            .peek_word()
            .is_some_and(|found| found.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    pub(crate) fn peek_word(&self) -> Option<&'a str> {
        self.peek()
            .filter(|symbol| symbol.kind == Kind::Word)
            .map(|symbol| symbol.text)
    }

    pub(super) fn compare(&mut self) -> Option<&'a str> {
        let found = self
            .peek()
            .filter(|symbol| symbol.kind == Kind::Compare)?
            .text;
        self.at += 1;
        Some(found)
    }

    pub(super) fn text(&mut self) -> Option<String> {
        let Some(Symbol {
            kind: Kind::Text(text),
            ..
        }) = self.peek()
        else {
            return None;
        };
        let text = text.clone();
        self.at += 1;
        Some(text)
    }

    pub(super) fn number(&mut self) -> Option<f64> {
        let Some(&Symbol {
            kind: Kind::Number(number),
            ..
        }) = self.peek()
        else {
            return None;
        };
        self.at += 1;
        Some(number)
    }

    pub(super) fn boolean(&mut self) -> Option<bool> {
        let symbol = self.peek()?;
        let text = match &symbol.kind {
            Kind::Word => symbol.text,
            Kind::Text(text) => text,
            _ => return None,
        };
        let boolean = if text.eq_ignore_ascii_case("true") {
            true
        } else if text.eq_ignore_ascii_case("false") {
            false
        } else {
            return None;
        };
        self.at += 1;
        Some(boolean)
    }

    /// The error that the symbol here does not fit.
    pub(crate) fn unexpected(&self, hint: &'static str) -> ParseError {
        self.refusal(Cow::Borrowed(hint))
    }

    pub(super) fn refusal(&self, hint: Cow<'static, str>) -> ParseError {
        let (place, symbol) = match self.peek() {
            Some(symbol) => (symbol.place, symbol.text),
            None => (Place::START.after(self.text), self.text),
        };
        ParseError {
            line: place.line,
            position: place.position,
            symbol: symbol.to_owned(),
            hint,
        }
    }
}
