//! Where a mapped parameter's value comes from: `method.request.header.X`, `context.stage`, `'always'`.
//!
//! Source: API Gateway developer guide, request and response data mappings.

use std::borrow::Cow;

use crate::context::{Context, ContextVariable};

/// The source of one mapped value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Static(String),
    Path(String),
    Query(String),
    MultiQuery(String),
    Header(String),
    MultiHeader(String),
    StageVariable(String),
    Context(ContextVariable),
}

/// Why an expression is no source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MappingError {
    #[error("invalid mapping expression {0}")]
    Invalid(String),
    /// AWS has it, we do not yet.
    #[error("mapping expression {0} reads a body")]
    Body(String),
}

/// Where a mapped value goes in the backend's request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    Path(String),
    Query(String),
    Header(String),
}

// === impl Source ===

impl Source {
    /// Reads the source of a value that goes to the backend.
    pub(crate) fn request(expression: &str) -> Result<Self, MappingError> {
        let Some(of_request) = expression.strip_prefix("method.request.") else {
            return Self::response(expression);
        };
        let invalid = || MappingError::Invalid(expression.to_owned());
        if of_request == "body" || of_request.starts_with("body.") {
            return Err(MappingError::Body(expression.to_owned()));
        }
        let (place, name) = of_request.split_once('.').ok_or_else(invalid)?;
        if name.is_empty() {
            return Err(invalid());
        }
        let name = name.to_owned();
        match place {
            "path" => Ok(Self::Path(name)),
            "querystring" => Ok(Self::Query(name)),
            "multivaluequerystring" => Ok(Self::MultiQuery(name)),
            "header" => Ok(Self::Header(name)),
            "multivalueheader" => Ok(Self::MultiHeader(name)),
            _ => Err(invalid()),
        }
    }

    /// Reads the source of a value in an answer that no backend made.
    pub(crate) fn response(expression: &str) -> Result<Self, MappingError> {
        let invalid = || MappingError::Invalid(expression.to_owned());
        let quoted = expression
            .strip_prefix('\'')
            .and_then(|rest| rest.strip_suffix('\''));
        if let Some(text) = quoted {
            return Ok(Self::Static(text.to_owned()));
        }
        if expression.starts_with("integration.response.body") {
            return Err(MappingError::Body(expression.to_owned()));
        }
        match expression.split_once('.') {
            Some(("stageVariables", name)) if !name.is_empty() => {
                Ok(Self::StageVariable(name.to_owned()))
            }
            Some(("context", name)) => ContextVariable::parse(name)
                .map(Self::Context)
                .ok_or_else(invalid),
            _ => Err(invalid()),
        }
    }

    /// The value for a request; `None` leaves the parameter away.
    pub(crate) fn value<'a>(&'a self, context: &'a Context<'_>) -> Option<Cow<'a, str>> {
        match self {
            Self::Static(text) => Some(text.into()),
            Self::Path(name) => context.path_parameter(name).map(Cow::from),
            Self::Query(name) => query_values(context, name).pop(),
            Self::MultiQuery(name) => joined(query_values(context, name)),
            Self::Header(name) => context.head.header(name.as_str()).map(Cow::from),
            Self::MultiHeader(name) => {
                let values = context.head.headers.get_all(name.as_str()).iter();
                joined(
                    values
                        .filter_map(|value| value.to_str().ok())
                        .map(Cow::from)
                        .collect(),
                )
            }
            Self::StageVariable(name) => {
                context.stage.variables.get(name).map(|value| value.into())
            }
            Self::Context(variable) => context.variable(*variable),
        }
    }
}

fn query_values<'a>(context: &'a Context<'_>, name: &str) -> Vec<Cow<'a, str>> {
    let pairs = context.head.query_pairs().into_iter();
    pairs
        .filter(|(known, _)| known == name)
        .map(|(_, value)| value)
        .collect()
}

fn joined<'a>(values: Vec<Cow<'a, str>>) -> Option<Cow<'a, str>> {
    (!values.is_empty()).then(|| values.join(",").into())
}

// === impl Destination ===

impl Destination {
    /// Reads `integration.request.{path,querystring,header}.name`.
    pub(crate) fn parse(expression: &str) -> Result<Self, MappingError> {
        let named = expression
            .strip_prefix("integration.request.")
            .and_then(|rest| rest.split_once('.'))
            .filter(|(_, name)| !name.is_empty());
        match named {
            Some(("path", name)) => Ok(Self::Path(name.to_owned())),
            Some(("querystring", name)) => Ok(Self::Query(name.to_owned())),
            Some(("header", name)) => Ok(Self::Header(name.to_owned())),
            _ => Err(MappingError::Invalid(expression.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_source_is_understood() {
        for (expression, source) in [
            ("'it''s'", Source::Static("it''s".into())),
            ("method.request.path.id", Source::Path("id".into())),
            ("method.request.querystring.q", Source::Query("q".into())),
            (
                "method.request.multivaluequerystring.q",
                Source::MultiQuery("q".into()),
            ),
            (
                "method.request.header.X-Token",
                Source::Header("X-Token".into()),
            ),
            (
                "method.request.multivalueheader.X",
                Source::MultiHeader("X".into()),
            ),
            ("stageVariables.tier", Source::StageVariable("tier".into())),
            (
                "context.identity.sourceIp",
                Source::Context(ContextVariable::SourceIp),
            ),
        ] {
            assert_eq!(Source::request(expression), Ok(source), "{expression}");
        }
    }

    #[test]
    fn what_aws_does_not_know_is_no_source() {
        for expression in [
            "",
            "always",
            "method.request.cookie.a",
            "context.nope",
            "method.request.path.",
        ] {
            assert!(
                matches!(Source::request(expression), Err(MappingError::Invalid(_))),
                "{expression}"
            );
        }
        assert!(matches!(
            Source::request("method.request.body.name"),
            Err(MappingError::Body(_))
        ));
    }

    #[test]
    fn a_destination_names_its_place() {
        assert_eq!(
            Destination::parse("integration.request.header.X-Auth"),
            Ok(Destination::Header("X-Auth".into()))
        );
        assert!(Destination::parse("integration.request.cookie.a").is_err());
    }
}
