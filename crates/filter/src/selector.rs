//! Selectors of one service or one call: EntitySelectorExpression of GetTimeSeriesServiceStatistics.
//!
//! A language of its own, smaller than that of filters: `service(a)` or `edge(a, b)`, where `a` and `b` are names in double
//! quotes or `id(…)` (recorded; `id(…)` alone, which the API model describes, is refused).

use crate::ast::NodeRef;
use crate::parse::{ParseError, Parser};

/// A selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// What it selects.
    pub selected: Selected,
    /// Whether all services are told by `id(…)`, as forecasts want.
    pub by_id: bool,
}

/// What a selector selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selected {
    /// The services that fit.
    Service(NodeRef),
    /// The calls from services that fit the first to services that fit the second.
    Edge(NodeRef, NodeRef),
}

impl Selector {
    /// Parses a selector.
    ///
    /// # Errors
    ///
    /// [`ParseError`] for whatever is not of the language, with the first symbol that does not fit.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut parser = Parser::new(text);
        let is_service = parser.word("service");
        if !is_service && !parser.word("edge") {
            return Err(parser.unexpected("service(…) or edge(…, …)"));
        }
        parser.expect("(", "an opening parenthesis")?;
        let mut by_id = parser.is_at_id();
        let first = parser.node()?;
        let selected = if is_service {
            Selected::Service(first)
        } else {
            parser.expect(",", "a comma and the called service")?;
            by_id &= parser.is_at_id();
            Selected::Edge(first, parser.node()?)
        };
        parser.expect(")", "a closing parenthesis")?;
        match parser.is_done() {
            true => Ok(Self { selected, by_id }),
            false => Err(parser.unexpected("the end of the selector")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> NodeRef {
        NodeRef {
            name: Some(name.to_owned()),
            ..NodeRef::default()
        }
    }

    fn error(text: &str) -> String {
        Selector::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_service_or_an_edge_is_told_by_name_or_id() {
        let parsed = |text| {
            let selector = Selector::parse(text).unwrap();
            (selector.selected, selector.by_id)
        };
        let service = || Selected::Service(named("shop"));
        assert_eq!(parsed(r#"service("shop")"#), (service(), false));
        assert_eq!(
            parsed(r#" SERVICE ( id(name: "shop") ) "#),
            (service(), true)
        );
        let typed = NodeRef {
            kind: Some("client".to_owned()),
            ..named("shop")
        };
        let edge = Selected::Edge(typed, named("shop"));
        assert_eq!(
            parsed(r#"edge(id(name: "shop", type: "client"), "shop")"#),
            (edge, false)
        );
    }

    #[test]
    fn a_refusal_names_the_first_symbol_that_does_not_fit() {
        let cases = [
            (r#"id(name: "shop")"#, 1, "id"),
            ("id(0)", 1, "id"),
            ("service()", 9, ")"),
            ("edge()", 6, ")"),
            (r#"edge("a")"#, 9, ")"),
            (r#"service("a") {fault}"#, 14, "{"),
            (r#"service("a"){fault}"#, 13, "{"),
            ("fault", 1, "fault"),
            (r#"service("a") AND fault"#, 14, "AND"),
            ("service", 8, "service"),
            (r#"service("a""#, 12, r#"service("a""#),
        ];
        for (text, position, symbol) in cases {
            let expected = format!(
                "Error Location: line 1, position {position} : Invalid input symbol: '{symbol}'"
            );
            assert_eq!(error(text), expected, "{text}");
        }
    }
}
