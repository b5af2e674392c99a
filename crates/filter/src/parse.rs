//! From symbols to the tree, by recursive descent.
//!
//! `!` binds tighter than AND (written or implied by standing side by side), AND tighter than OR. Nesting is bounded.

use std::borrow::Cow;

use crate::ast::{
    Annotation, AnnotationOf, Body, Expression, Flag, GroupBy, Level, NodeRef, Number, NumberTest,
    Predicate, RootCauseKind, RootCauseLevel, Text, TextTest, ValueTest,
};
use crate::keyword::{self, CAUSES, Keyword};
use crate::lex::{Kind, Place, Symbol, symbols};

mod cursor;

/// Deeper nesting of parentheses, braces and negations is refused.
const DEEPEST: usize = 64;

/// An expression may have this many characters. X-Ray's limit is not documented; an older guide says 2,000.
const LONGEST: usize = 4_096;

/// The expression cannot be understood.
///
/// Its `Display` is the message of X-Ray's InvalidRequestException, to the letter (recorded).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Error Location: line {line}, position {position} : Invalid input symbol: '{symbol}'")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// Characters from the beginning of the line, from 1; one past the end when something is missing there.
    pub position: usize,
    /// The symbol that does not fit; the whole expression when something is missing at its end.
    pub symbol: String,
    /// What would fit, for people: not part of X-Ray's message.
    pub hint: Cow<'static, str>,
}

/// Parses a filter expression; the empty one is [`Expression::Everything`].
///
/// # Errors
///
/// [`ParseError`] for whatever is not of the language, unknown keywords and keywords in the wrong place included.
pub fn parse(text: &str) -> Result<Expression, ParseError> {
    if text.trim().is_empty() {
        return Ok(Expression::Everything);
    }
    if let Some((at, symbol)) = text.char_indices().nth(LONGEST) {
        let Place { line, position } = Place::START.after(&text[..at]);
        return Err(ParseError {
            line,
            position,
            symbol: symbol.to_string(),
            hint: Cow::Borrowed("at most 4096 characters"),
        });
    }
    let mut parser = Parser::new(text);
    let expression = parser.disjunction(Level::Trace)?;
    match parser.is_done() {
        true => Ok(expression),
        false => Err(parser.unexpected("AND, OR or the end of the expression")),
    }
}

pub(crate) struct Parser<'a> {
    text: &'a str,
    symbols: Vec<Symbol<'a>>,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            symbols: symbols(text),
            at: 0,
            depth: 0,
        }
    }

    fn nested<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        if self.depth == DEEPEST {
            return Err(self.unexpected("less nesting"));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    // --- expressions

    fn disjunction(&mut self, level: Level) -> Result<Expression, ParseError> {
        let mut parts = vec![self.conjunction(level)?];
        while self.word("OR") {
            parts.push(self.conjunction(level)?);
        }
        Ok(one_or(parts, Expression::Or))
    }

    fn conjunction(&mut self, level: Level) -> Result<Expression, ParseError> {
        let mut parts = vec![self.negation(level)?];
        loop {
            let written = self.word("AND");
            if !written && !self.begins_expression() {
                return Ok(one_or(parts, Expression::And));
            }
            parts.push(self.negation(level)?);
        }
    }

    fn begins_expression(&self) -> bool {
        self.peek().is_some_and(|symbol| match symbol.kind {
            Kind::Word => !symbol.text.eq_ignore_ascii_case("OR"),
            Kind::Mark => matches!(symbol.text, "(" | "!"),
            _ => false,
        })
    }

    fn negation(&mut self, level: Level) -> Result<Expression, ParseError> {
        if self.mark("!") {
            let inner = self.nested(|parser| parser.negation(level))?;
            return Ok(Expression::Not(Box::new(inner)));
        }
        if self.mark("(") {
            let inner = self.nested(|parser| parser.disjunction(level))?;
            self.expect(")", "a closing parenthesis")?;
            return Ok(inner);
        }
        self.predicate(level).map(Expression::Is)
    }

    fn body(&mut self, level: Level) -> Result<Body, ParseError> {
        if !self.mark("{") {
            return Ok(None);
        }
        let inner = self.nested(|parser| parser.disjunction(level))?;
        self.expect("}", "a closing brace")?;
        Ok(Some(Box::new(inner)))
    }

    // --- predicates

    fn predicate(&mut self, level: Level) -> Result<Predicate, ParseError> {
        let Some(written) = self.peek_word() else {
            return Err(self.unexpected("a keyword"));
        };
        if let Some((of, key)) = annotation_prefix(written, level) {
            return self.annotation(of, key);
        }
        let word = written.to_ascii_lowercase();
        if level == Level::Trace
            && let Some(found) = self.complex(&word)?
        {
            return Ok(found);
        }
        let Some(keyword) = Keyword::of(&word).filter(|keyword| keyword.legal_at(level)) else {
            return Err(self.refusal(keyword::hint(&word, level)));
        };
        self.at += 1;
        match keyword {
            Keyword::Flag(flag) => self.flag(flag),
            Keyword::Number(number) => self.number_test(number),
            Keyword::Text(text) => self.text_test(text),
        }
    }

    /// Keywords with parts of their own, legal at trace level only. Consumes nothing when it is none of them.
    fn complex(&mut self, word: &str) -> Result<Option<Predicate>, ParseError> {
        match word {
            "service" => return self.service().map(Some),
            "edge" => return self.edge().map(Some),
            "group.name" => return self.group(GroupBy::Name).map(Some),
            "group.arn" => return self.group(GroupBy::Arn).map(Some),
            "rootcause.json" => return self.cause_json().map(Some),
            _ => {}
        }
        let Some((_, kind, level)) = CAUSES.into_iter().find(|(name, ..)| *name == word) else {
            return Ok(None);
        };
        self.at += 1;
        let body = self.body(match (level, kind) {
            (RootCauseLevel::Service, _) => Level::CauseService,
            (RootCauseLevel::Entity, RootCauseKind::ResponseTime) => Level::SlowEntity,
            (RootCauseLevel::Entity, _) => Level::CauseEntity,
            (RootCauseLevel::Exception, _) => Level::CauseException,
        })?;
        Ok(Some(Predicate::RootCause(kind, level, body)))
    }

    fn service(&mut self) -> Result<Predicate, ParseError> {
        self.at += 1;
        let mut reference = None;
        if self.mark("(") && !self.mark(")") {
            reference = Some(self.node()?);
            self.expect(")", "a closing parenthesis")?;
        }
        let body = self.body(Level::Service)?;
        Ok(Predicate::Service(reference, body))
    }

    fn edge(&mut self) -> Result<Predicate, ParseError> {
        self.at += 1;
        let mut ends = None;
        if self.mark("(") && !self.mark(")") {
            let source = self.node()?;
            self.expect(",", "a comma and the called service")?;
            ends = Some((source, self.node()?));
            self.expect(")", "a closing parenthesis")?;
        }
        let body = self.body(Level::Edge)?;
        Ok(Predicate::Edge(ends, body))
    }

    pub(crate) fn node(&mut self) -> Result<NodeRef, ParseError> {
        if let Some(name) = self.text() {
            return Ok(NodeRef {
                name: Some(name),
                ..NodeRef::default()
            });
        }
        if !self.word("id") {
            return Err(self.unexpected("a name in double quotes, or id(…)"));
        }
        self.expect("(", "an opening parenthesis")?;
        let mut node = NodeRef::default();
        loop {
            let hint = "name, type or account.id";
            let Some(part) = self.peek_word() else {
                return Err(self.unexpected(hint));
            };
            let slot = match part.to_ascii_lowercase().as_str() {
                "name" => &mut node.name,
                "type" => &mut node.kind,
                "account.id" => &mut node.account_id,
                _ => return Err(self.unexpected(hint)),
            };
            if slot.is_some() {
                return Err(self.unexpected("each part once"));
            }
            self.at += 1;
            self.expect(":", "a colon")?;
            let Some(text) = self.text() else {
                return Err(self.unexpected("a text in double quotes"));
            };
            *slot = Some(text);
            if self.mark(")") {
                return Ok(node);
            }
            self.expect(",", "a comma or a closing parenthesis")?;
        }
    }

    fn group(&mut self, by: GroupBy) -> Result<Predicate, ParseError> {
        self.at += 1;
        let equal = match self.peek().map(|symbol| symbol.text) {
            Some("=") => true,
            Some("!=") => false,
            _ => return Err(self.unexpected("= or !=")),
        };
        self.at += 1;
        let Some(text) = self.text() else {
            return Err(self.unexpected("a text in double quotes"));
        };
        Ok(Predicate::Group(by, text, equal))
    }

    fn cause_json(&mut self) -> Result<Predicate, ParseError> {
        self.at += 1;
        if self.compare() != Some("=") {
            self.at -= usize::from(self.at > 0 && self.symbols[self.at - 1].kind == Kind::Compare);
            return Err(self.unexpected("= #[…]"));
        }
        let Some(&Symbol {
            kind: Kind::Json(json),
            ..
        }) = self.peek()
        else {
            return Err(self.unexpected("#[…], an array of root-cause paths"));
        };
        let Ok(patterns) = serde_json::from_str(json) else {
            return Err(self.unexpected("#[…], root causes as summaries write them"));
        };
        self.at += 1;
        Ok(Predicate::RootCauseJson(patterns))
    }

    fn annotation(
        &mut self,
        of: AnnotationOf,
        dotted: Option<&'a str>,
    ) -> Result<Predicate, ParseError> {
        self.at += 1;
        let key = match (dotted, self.peek().map(|symbol| &symbol.kind)) {
            (Some(key), _) => key.to_owned(),
            (None, Some(Kind::Key(key))) => {
                let key = key.clone();
                self.at += 1;
                key
            }
            (None, _) => {
                return Err(self.unexpected("a key, as in annotation.key or annotation[key]"));
            }
        };
        self.annotation_test(Annotation { of, key })
    }

    // --- tests

    fn flag(&mut self, flag: Flag) -> Result<Predicate, ParseError> {
        let equal = match self
            .peek()
            .filter(|symbol| symbol.kind == Kind::Compare)
            .map(|symbol| symbol.text)
        {
            None => return Ok(Predicate::Flag(flag, true)),
            Some("=") => true,
            Some("!=") => false,
            Some(_) => return Err(self.unexpected("= or !=")),
        };
        self.at += 1;
        let Some(value) = self.boolean() else {
            return Err(self.unexpected("true or false"));
        };
        Ok(Predicate::Flag(flag, value == equal))
    }

    fn number_test(&mut self, number: Number) -> Result<Predicate, ParseError> {
        let Some(operator) = self.compare() else {
            return Ok(Predicate::Number(number, None));
        };
        if let Some(value) = self.number() {
            return Ok(Predicate::Number(
                number,
                Some(number_test(operator, value)),
            ));
        }
        match self.text() {
            Some(_) => Ok(Predicate::Never),
            None => Err(self.unexpected("a number")),
        }
    }

    fn text_test(&mut self, text: Text) -> Result<Predicate, ParseError> {
        if let Some(make) = self.text_operator() {
            let Some(value) = self.text() else {
                return Err(self.unexpected("a text in double quotes"));
            };
            return Ok(Predicate::Text(text, Some(make(value))));
        }
        let equal = match self
            .peek()
            .filter(|symbol| symbol.kind == Kind::Compare)
            .map(|symbol| symbol.text)
        {
            None => return Ok(Predicate::Text(text, None)),
            Some("=") => true,
            Some("!=") => false,
            Some(_) => return Err(self.unexpected("=, !=, CONTAINS, BEGINSWITH or ENDSWITH")),
        };
        self.at += 1;
        if let Some(value) = self.text() {
            let test = if equal {
                TextTest::Equal(value)
            } else {
                TextTest::NotEqual(value)
            };
            return Ok(Predicate::Text(text, Some(test)));
        }
        match self.number() {
            Some(_) => Ok(Predicate::Never),
            None => Err(self.unexpected("a text in double quotes")),
        }
    }

    /// Any operator with any value: what does not go together holds for nothing, as the annotation's type is known
    /// only to the trace.
    fn annotation_test(&mut self, annotation: Annotation) -> Result<Predicate, ParseError> {
        let make_text = self.text_operator();
        let operator = match make_text {
            Some(_) => None,
            None => self.compare(),
        };
        if make_text.is_none() && operator.is_none() {
            return Ok(Predicate::Annotation(annotation, None));
        }
        let equality = operator.filter(|operator| matches!(*operator, "=" | "!="));
        let test = if let Some(text) = self.text() {
            match (make_text, equality) {
                (Some(make), _) => Some(ValueTest::Text(make(text))),
                (None, Some("=")) => Some(ValueTest::Text(TextTest::Equal(text))),
                (None, Some(_)) => Some(ValueTest::Text(TextTest::NotEqual(text))),
                (None, None) => None,
            }
        } else if let Some(number) = self.number() {
            operator.map(|operator| ValueTest::Number(number_test(operator, number)))
        } else if let Some(boolean) = self.boolean() {
            equality.map(|operator| ValueTest::Boolean(boolean, operator == "="))
        } else {
            return Err(self.unexpected("a text in double quotes, a number, true or false"));
        };
        Ok(match test {
            Some(test) => Predicate::Annotation(annotation, Some(test)),
            None => Predicate::Never,
        })
    }

    fn text_operator(&mut self) -> Option<MakeTest> {
        let word = self.peek_word()?;
        let operators: [(&str, MakeTest); 3] = [
            ("CONTAINS", TextTest::Contains),
            ("BEGINSWITH", TextTest::BeginsWith),
            ("ENDSWITH", TextTest::EndsWith),
        ];
        let (_, make) = operators
            .into_iter()
            .find(|(name, _)| word.eq_ignore_ascii_case(name))?;
        self.at += 1;
        Some(make)
    }
}

type MakeTest = fn(String) -> TextTest;

fn one_or(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        join(parts)
    }
}

fn number_test(operator: &str, value: f64) -> NumberTest {
    match operator {
        "!=" => NumberTest::NotEqual(value),
        "<" => NumberTest::Less(value),
        "<=" => NumberTest::LessOrEqual(value),
        ">" => NumberTest::Greater(value),
        ">=" => NumberTest::GreaterOrEqual(value),
        _ => NumberTest::Equal(value),
    }
}

/// Whether a word is `annotation`, `annotation.key` or one of them of an edge's end; with the key if it is there.
fn annotation_prefix(word: &str, level: Level) -> Option<(AnnotationOf, Option<&str>)> {
    let after = |prefix: &str| {
        let head = word.get(..prefix.len())?;
        head.eq_ignore_ascii_case(prefix)
            .then(|| &word[prefix.len()..])
    };
    let (of, rest) = match level {
        Level::Trace | Level::Service => (AnnotationOf::Here, after("annotation")?),
        Level::Edge => after("source.annotation")
            .map(|rest| (AnnotationOf::Source, rest))
            .or_else(|| {
                after("destination.annotation").map(|rest| (AnnotationOf::Destination, rest))
            })?,
        Level::CauseService | Level::CauseEntity | Level::SlowEntity | Level::CauseException => {
            return None;
        }
    };
    match rest.strip_prefix('.') {
        Some(key) if !key.is_empty() && !key.contains('.') => Some((of, Some(key))),
        None if rest.is_empty() => Some((of, None)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
