//! Mapping templates, as far as they are text with simple references.
//!
//! Understood are `$input.params('x')`, `$context.x`, `$stageVariables.x`, each also as `${…}`. Directives, method calls,
//! variables of a template's own and everything else of the template language are refused by name when a template
//! is put, never printed as they stand. Source: API Gateway developer guide, mapping template reference; recorded
//! printing (a value that is missing prints as nothing).

use std::borrow::Cow;

use crate::context::{Context, ContextVariable};

/// A template, ready to be rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Parameter(String),
    StageVariable(String),
    Context(ContextVariable),
}

/// A part of the template language that is not supported yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("mapping template uses {0}, which is not supported yet")]
pub(crate) struct Unsupported(String);

const DIRECTIVES: [&str; 13] = [
    "set", "if", "elseif", "else", "end", "foreach", "macro", "stop", "break", "parse", "include",
    "define", "evaluate",
];

// === impl Template ===

impl Template {
    pub(crate) fn parse(text: &str) -> Result<Self, Unsupported> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['$', '#']) {
            plain.push_str(&rest[..at]);
            rest = &rest[at..];
            let taken = match reference(rest)? {
                Some((part, length)) => {
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(part);
                    length
                }
                None => {
                    plain.push_str(&rest[..1]);
                    1
                }
            };
            rest = &rest[taken..];
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts })
    }

    /// The text, when it is the same for every request.
    pub(crate) fn as_static(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    pub(crate) fn render<'a>(&'a self, context: &'a Context<'_>) -> Cow<'a, str> {
        if let Some(text) = self.as_static() {
            return text.into();
        }
        let values = self.parts.iter().filter_map(|part| part.value(context));
        values.collect::<String>().into()
    }
}

/// The reference at the start of `text`, with its length; `None` when the character stands for itself.
fn reference(text: &str) -> Result<Option<(Part, usize)>, Unsupported> {
    let after = &text[1..];
    let next = after.chars().next();
    if text.starts_with('#') {
        let word: String = after
            .trim_start_matches('{')
            .chars()
            .take_while(char::is_ascii_alphabetic)
            .collect();
        let special = matches!(next, Some('#' | '*' | '[' | '@'));
        return if special || DIRECTIVES.contains(&word.as_str()) {
            Err(unsupported(text))
        } else {
            Ok(None)
        };
    }
    match next {
        Some('{') => {
            let end = after.find('}').ok_or_else(|| unsupported(text))?;
            let inside = &after[1..end];
            match part(inside) {
                Some((part, length)) if length == inside.len() => Ok(Some((part, end + 2))),
                _ => Err(unsupported(text)),
            }
        }
        Some(letter) if letter.is_ascii_alphabetic() || letter == '!' || letter == '_' => {
            let (part, length) = part(after).ok_or_else(|| unsupported(text))?;
            Ok(Some((part, length + 1)))
        }
        _ => Ok(None),
    }
}

/// A reference without its dollar sign, and how long it is.
fn part(text: &str) -> Option<(Part, usize)> {
    if let Some(argument) = text.strip_prefix("input.params(") {
        let quote = argument
            .chars()
            .next()
            .filter(|c| matches!(c, '\'' | '"'))?;
        let (name, after) = argument[1..].split_once(quote)?;
        let after = after.strip_prefix(')')?;
        let length = text.len() - after.len();
        let ends = !continues(after);
        return ends.then(|| (Part::Parameter(name.to_owned()), length));
    }
    let path = path_length(text);
    let (root, name) = text[..path].split_once('.')?;
    let part = match root {
        "stageVariables" if !name.contains('.') => Part::StageVariable(name.to_owned()),
        "context" => Part::Context(ContextVariable::parse(name)?),
        _ => return None,
    };
    (!continues(&text[path..])).then_some((part, path))
}

/// How much of `text` is names joined by single dots.
fn path_length(text: &str) -> usize {
    let mut length = 0;
    for (index, name) in text.split('.').enumerate() {
        let word = name
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
            .count();
        if word == 0 {
            break;
        }
        length += word + usize::from(index > 0);
        if word < name.len() {
            break;
        }
    }
    length
}

/// Whether what follows a reference would still belong to it.
fn continues(after: &str) -> bool {
    let mut next = after.chars();
    match next.next() {
        Some('(' | '[') => true,
        Some('.') => next.next().is_some_and(|c| c.is_ascii_alphabetic()),
        _ => false,
    }
}

fn unsupported(text: &str) -> Unsupported {
    let end = text
        .char_indices()
        .skip(1)
        .find(|(_, c)| c.is_whitespace() || matches!(c, '"' | ',' | ';'))
        .map_or(text.len(), |(at, _)| at);
    let shown: String = text[..end].chars().take(60).collect();
    Unsupported(shown)
}

// === impl Part ===

impl Part {
    fn value<'a>(&'a self, context: &'a Context<'_>) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text.into()),
            Self::Parameter(name) => parameter(context, name),
            Self::StageVariable(name) => context.stage.variables.get(name).map(Cow::from),
            Self::Context(variable) => context.variable(*variable),
        }
    }
}

/// `$input.params('x')`: from the path, then the query, then the headers.
fn parameter<'a>(context: &'a Context<'_>, name: &str) -> Option<Cow<'a, str>> {
    if let Some(value) = context.path_parameter(name) {
        return Some(value.into());
    }
    let mut query = context.head.query_pairs().into_iter().rev();
    if let Some((_, value)) = query.find(|(known, _)| known == name) {
        return Some(value);
    }
    context.head.header(name).map(Cow::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_references_is_static() {
        for text in ["", "{\"statusCode\": 200}", "5 $ and #1 or #fff, $1.50"] {
            assert_eq!(Template::parse(text).unwrap().as_static(), Some(text));
        }
    }

    #[test]
    fn simple_references_are_understood() {
        let template = Template::parse(
            "{\"a\": \"$input.params('id')\", \"b\": $stageVariables.tier, \"c\": \"${context.stage}.\"}",
        )
        .unwrap();
        assert_eq!(
            template.parts,
            [
                Part::Text("{\"a\": \"".into()),
                Part::Parameter("id".into()),
                Part::Text("\", \"b\": ".into()),
                Part::StageVariable("tier".into()),
                Part::Text(", \"c\": \"".into()),
                Part::Context(ContextVariable::Stage),
                Part::Text(".\"}".into()),
            ]
        );
    }

    #[test]
    fn the_rest_of_the_language_is_refused_by_name() {
        for (text, named) in [
            ("#set($x = 1)", "#set($x"),
            ("## comment", "##"),
            ("a $input.json('$.a') b", "$input.json('$.a')"),
            ("$input.params()", "$input.params()"),
            ("$input.params('a').size()", "$input.params('a').size()"),
            ("$util.urlEncode($x)", "$util.urlEncode($x)"),
            ("$!x", "$!x"),
            ("$context.nope", "$context.nope"),
            ("${stageVariables['a']}", "${stageVariables['a']}"),
            ("${open", "${open"),
        ] {
            assert_eq!(
                Template::parse(text),
                Err(Unsupported(named.into())),
                "{text}"
            );
        }
    }
}
