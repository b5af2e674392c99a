//! From a tree back to text that parses to the same tree.

use std::fmt::{self, Display, Formatter, Write};

use crate::ast::{
    Annotation, AnnotationOf, Body, Expression, Flag, GroupBy, NodeRef, Number, NumberTest,
    Predicate, TextTest, ValueTest,
};
use crate::keyword::{CAUSES, Keyword};

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Printer { f, in_cause: false }.expression(self)
    }
}

struct Printer<'f, 'b> {
    f: &'f mut Formatter<'b>,
    /// In the braces of a root cause.
    in_cause: bool,
}

impl Printer<'_, '_> {
    fn expression(&mut self, expression: &Expression) -> fmt::Result {
        match expression {
            Expression::Everything => Ok(()),
            Expression::And(parts) => self.joined(parts, " AND ", |part| {
                matches!(part, Expression::And(_) | Expression::Or(_))
            }),
            Expression::Or(parts) => {
                self.joined(parts, " OR ", |part| matches!(part, Expression::Or(_)))
            }
            Expression::Not(inner) => {
                self.f.write_char('!')?;
                let compound = matches!(**inner, Expression::And(_) | Expression::Or(_));
                self.enclosed(inner, compound)
            }
            Expression::Is(predicate) => self.predicate(predicate),
        }
    }

    fn joined(
        &mut self,
        parts: &[Expression],
        between: &str,
        enclose: fn(&Expression) -> bool,
    ) -> fmt::Result {
        for (number, part) in parts.iter().enumerate() {
            if number > 0 {
                self.f.write_str(between)?;
            }
            self.enclosed(part, enclose(part))?;
        }
        Ok(())
    }

    fn enclosed(&mut self, expression: &Expression, enclose: bool) -> fmt::Result {
        if !enclose {
            return self.expression(expression);
        }
        self.f.write_char('(')?;
        self.expression(expression)?;
        self.f.write_char(')')
    }

    fn predicate(&mut self, predicate: &Predicate) -> fmt::Result {
        match predicate {
            Predicate::Flag(flag, wanted) => self.flag(*flag, *wanted),
            Predicate::Number(number, test) => self.number(*number, *test),
            Predicate::Text(text, test) => {
                self.f.write_str(Keyword::Text(*text).word())?;
                test.as_ref().map_or(Ok(()), |test| self.text_test(test))
            }
            Predicate::Annotation(annotation, test) => self.annotation(annotation, test.as_ref()),
            Predicate::Service(reference, body) => {
                self.f.write_str("service(")?;
                reference.as_ref().map_or(Ok(()), |node| self.node(node))?;
                self.f.write_char(')')?;
                self.body(body)
            }
            Predicate::Edge(ends, body) => {
                self.f.write_str("edge(")?;
                if let Some((from, to)) = ends {
                    self.node(from)?;
                    self.f.write_str(", ")?;
                    self.node(to)?;
                }
                self.f.write_char(')')?;
                self.body(body)
            }
            Predicate::RootCause(kind, level, body) => {
                let known = CAUSES
                    .into_iter()
                    .find(|(_, of, at)| of == kind && at == level);
                // A slow answer has no exceptions, so nothing asks for them.
                self.f
                    .write_str(known.map_or("rootcause", |(word, ..)| word))?;
                let outside = std::mem::replace(&mut self.in_cause, true);
                self.body(body)?;
                self.in_cause = outside;
                Ok(())
            }
            Predicate::RootCauseJson(patterns) => {
                let json = serde_json::to_string(patterns).map_err(|_| fmt::Error)?;
                write!(self.f, "rootcause.json = #{json}")
            }
            Predicate::Group(by, value, equal) => {
                self.f.write_str(match by {
                    GroupBy::Name => "group.name",
                    GroupBy::Arn => "group.arn",
                })?;
                self.f.write_str(if *equal { " = " } else { " != " })?;
                self.quoted(value)
            }
            // A number compared with a text, which holds for nothing.
            Predicate::Never if self.in_cause => self.f.write_str("index = \"\""),
            Predicate::Never => self.f.write_str("http.status = \"\""),
        }
    }

    fn flag(&mut self, flag: Flag, wanted: bool) -> fmt::Result {
        self.f.write_str(Keyword::Flag(flag).word())?;
        self.f.write_str(if wanted { "" } else { " = false" })
    }

    fn number(&mut self, number: Number, test: Option<NumberTest>) -> fmt::Result {
        self.f.write_str(Keyword::Number(number).word())?;
        test.map_or(Ok(()), |test| self.number_test(test))
    }

    fn annotation(&mut self, annotation: &Annotation, test: Option<&ValueTest>) -> fmt::Result {
        self.f.write_str(match annotation.of {
            AnnotationOf::Here => "annotation",
            AnnotationOf::Source => "source.annotation",
            AnnotationOf::Destination => "destination.annotation",
        })?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if annotation.key.chars().all(is_plain) {
            write!(self.f, ".{}", annotation.key)?;
        } else {
            self.f.write_char('[')?;
            self.quoted(&annotation.key)?;
            self.f.write_char(']')?;
        }
        match test {
            None => Ok(()),
            Some(ValueTest::Number(test)) => self.number_test(*test),
            Some(ValueTest::Text(test)) => self.text_test(test),
            Some(ValueTest::Boolean(wanted, true)) => write!(self.f, " = {wanted}"),
            Some(ValueTest::Boolean(wanted, false)) => write!(self.f, " != {wanted}"),
        }
    }

    fn number_test(&mut self, test: NumberTest) -> fmt::Result {
        let (operator, value) = match test {
            NumberTest::Equal(value) => ("=", value),
            NumberTest::NotEqual(value) => ("!=", value),
            NumberTest::Less(value) => ("<", value),
            NumberTest::LessOrEqual(value) => ("<=", value),
            NumberTest::Greater(value) => (">", value),
            NumberTest::GreaterOrEqual(value) => (">=", value),
        };
        if value == 0.0 || (1e-6..1e16).contains(&value.abs()) {
            write!(self.f, " {operator} {value}")
        } else {
            write!(self.f, " {operator} {value:e}")
        }
    }

    fn text_test(&mut self, test: &TextTest) -> fmt::Result {
        let (operator, value) = match test {
            TextTest::Equal(value) => ("=", value),
            TextTest::NotEqual(value) => ("!=", value),
            TextTest::Contains(value) => ("CONTAINS", value),
            TextTest::BeginsWith(value) => ("BEGINSWITH", value),
            TextTest::EndsWith(value) => ("ENDSWITH", value),
        };
        write!(self.f, " {operator} ")?;
        self.quoted(value)
    }

    fn node(&mut self, node: &NodeRef) -> fmt::Result {
        let parts = [
            ("name", &node.name),
            ("type", &node.kind),
            ("account.id", &node.account_id),
        ];
        let given = parts
            .into_iter()
            .filter_map(|(word, part)| Some((word, part.as_ref()?)));
        let given: Vec<(&str, &String)> = given.collect();
        if let [("name", name)] = given[..] {
            return self.quoted(name);
        }
        self.f.write_str("id(")?;
        for (number, (word, part)) in given.into_iter().enumerate() {
            self.f.write_str(if number > 0 { ", " } else { "" })?;
            write!(self.f, "{word}: ")?;
            self.quoted(part)?;
        }
        self.f.write_char(')')
    }

    fn body(&mut self, body: &Body) -> fmt::Result {
        let Some(body) = body else { return Ok(()) };
        self.f.write_str(" { ")?;
        self.expression(body)?;
        self.f.write_str(" }")
    }

    fn quoted(&mut self, text: &str) -> fmt::Result {
        let json = serde_json::to_string(text).map_err(|_| fmt::Error)?;
        self.f.write_str(&json)
    }
}
