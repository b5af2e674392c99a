//! From text to tree, within bounds.

use saphyr_parser::{Event, Marker, Parser, ScanError, Span, Tag};

use crate::{Entry, Node, Position, Value, scalar};

/// Deeper documents are refused: nobody writes them by hand.
const MAX_DEPTH: usize = 100;
/// Nodes after aliases were copied, so that a small text cannot grow without bound.
const MAX_NODES: usize = 200_000;

/// Why the text is no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} ({at})")]
pub struct YamlError {
    /// What is wrong.
    pub what: String,
    /// Where.
    pub at: Position,
}

/// Reads the one document in `text`, YAML or JSON.
///
/// # Errors
///
/// The first thing that is wrong, with its position: syntax, a key given twice, a second document, no document at all,
/// and what goes beyond 100 levels or 200,000 nodes.
pub fn tree(text: &str) -> Result<Node, YamlError> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| YamlError::from(&error))?;
        builder.take(event, span)?;
    }
    let end = Position { line: 1, column: 1 };
    builder.root.ok_or_else(|| YamlError {
        what: "there is nothing in it".to_owned(),
        at: end,
    })
}

/// What was begun and not yet ended.
enum Open {
    Sequence(Vec<Node>),
    Mapping {
        entries: Vec<Entry>,
        key: Option<(String, Position)>,
    },
}

struct Level {
    open: Open,
    tag: Option<String>,
    at: Position,
    anchor: usize,
}

#[derive(Default)]
struct Builder {
    levels: Vec<Level>,
    anchors: std::collections::HashMap<usize, Node>,
    nodes: usize,
    root: Option<Node>,
}

// === impl Builder ===

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), YamlError> {
        let at = Position::from(span.start);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let (core, own) = split(tag.as_deref());
                // A tag of our own on a plain scalar (`!Ref Name`) does not make it text: `!Sub 5` is still a number.
                let value = scalar::value(&text, style, core.as_deref());
                if self.wants_key() {
                    return self.key(text.into_owned(), at);
                }
                self.complete(
                    Node {
                        value,
                        tag: own,
                        at,
                    },
                    anchor,
                )
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(Open::Sequence(Vec::new()), anchor, tag.as_deref(), at)
            }
            Event::MappingStart(anchor, tag) => {
                let open = Open::Mapping {
                    entries: Vec::new(),
                    key: None,
                };
                self.begin(open, anchor, tag.as_deref(), at)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => {
                let copy = self.anchors.get(&anchor).cloned();
                let copy = copy.ok_or_else(|| refuse("an alias inside its own anchor", at))?;
                self.nodes += count(&copy);
                self.complete(copy, 0)
            }
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(refuse("a second document begins here", at))
            }
            _ => Ok(()),
        }
    }

    fn wants_key(&self) -> bool {
        matches!(
            self.levels.last(),
            Some(Level {
                open: Open::Mapping { key: None, .. },
                ..
            })
        )
    }

    fn key(&mut self, text: String, at: Position) -> Result<(), YamlError> {
        let Some(Level {
            open: Open::Mapping { entries, key },
            ..
        }) = self.levels.last_mut()
        else {
            unreachable!("only asked for in a mapping");
        };
        if let Some(first) = entries.iter().find(|entry| entry.key == text) {
            let what = format!("the key {text} is there already, at {}", first.at);
            return Err(refuse(what, at));
        }
        *key = Some((text, at));
        Ok(())
    }

    fn begin(
        &mut self,
        open: Open,
        anchor: usize,
        tag: Option<&Tag>,
        at: Position,
    ) -> Result<(), YamlError> {
        if self.wants_key() {
            return Err(refuse("a key must be text", at));
        }
        if self.levels.len() == MAX_DEPTH {
            return Err(refuse(format!("nested deeper than {MAX_DEPTH} levels"), at));
        }
        let tag = split(tag).1;
        self.levels.push(Level {
            open,
            tag,
            at,
            anchor,
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), YamlError> {
        let level = self
            .levels
            .pop()
            .expect("the parser ends only what it began");
        let value = match level.open {
            Open::Sequence(items) => Value::Sequence(items),
            Open::Mapping { entries, .. } => Value::Mapping(entries),
        };
        let node = Node {
            value,
            tag: level.tag,
            at: level.at,
        };
        self.complete(node, level.anchor)
    }

    fn complete(&mut self, node: Node, anchor: usize) -> Result<(), YamlError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(refuse(format!("more than {MAX_NODES} values"), node.at));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.levels.last_mut().map(|level| &mut level.open) {
            None => self.root = Some(node),
            Some(Open::Sequence(items)) => items.push(node),
            Some(Open::Mapping { entries, key }) => {
                let Some((key, at)) = key.take() else {
                    return Err(refuse("a key must be text", node.at));
                };
                entries.push(Entry {
                    key,
                    at,
                    value: node,
                });
            }
        }
        Ok(())
    }
}

/// The core schema's tag, and the one that is the document's own.
fn split(tag: Option<&Tag>) -> (Option<String>, Option<String>) {
    match tag {
        None => (None, None),
        Some(tag) if tag.is_yaml_core_schema() => (Some(tag.suffix.clone()), None),
        Some(tag) if tag.handle == "!" && !tag.suffix.is_empty() => {
            (None, Some(tag.suffix.clone()))
        }
        // `! text` means: text, whatever it looks like.
        Some(tag) if tag.suffix.is_empty() => (Some("str".to_owned()), None),
        Some(tag) => (None, Some(format!("{}{}", tag.handle, tag.suffix))),
    }
}

fn count(node: &Node) -> usize {
    1 + match &node.value {
        Value::Sequence(items) => items.iter().map(count).sum(),
        Value::Mapping(entries) => entries.iter().map(|entry| count(&entry.value)).sum(),
        _ => 0,
    }
}

fn refuse(what: impl Into<String>, at: Position) -> YamlError {
    YamlError {
        what: what.into(),
        at,
    }
}

// === impl Position, YamlError ===

impl From<Marker> for Position {
    fn from(marker: Marker) -> Self {
        Self {
            line: marker.line(),
            column: marker.col() + 1,
        }
    }
}

impl From<&ScanError> for YamlError {
    fn from(error: &ScanError) -> Self {
        refuse(error.info(), Position::from(*error.marker()))
    }
}
