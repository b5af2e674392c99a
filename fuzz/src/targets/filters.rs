//! Filter expressions: parsed, printed, held against traces. And selectors, which are part of the language.

use std::sync::{Arc, LazyLock};

use fluoro_filter::{Digest, Filter, KnownAnnotations, NoGroups, Selector, parse};
use fluoro_model::{Document, TimestampMicros};
use fluoro_trace::{Projection, Received, Trace};

pub(super) const DICTIONARY: &[&str] = &[
    " AND ",
    " OR ",
    "!",
    "(",
    ")",
    "{ ",
    " }",
    "\"",
    " = ",
    " != ",
    " >= 1e3",
    " CONTAINS ",
    "service(\"",
    "edge(\"a\", id(type: \"client\"))",
    "id(name: \"",
    "annotation[",
    "annotation.",
    "rootcause.fault.entity { ",
    "rootcause.json = #[{\"Services\":[{}]}]",
    "group.name = \"",
    "fault",
    "duration",
    "user",
    "\\u0000",
    "\n",
];

/// Each document of the corpus as a trace of its own.
static TRACES: LazyLock<Vec<Projection>> = LazyLock::new(|| {
    let documents = include_str!("../../corpus/documents.jsonl").lines();
    let documents = documents.filter_map(|line| Document::parse(line.as_bytes()).ok());
    let trace = |document: Document| {
        let id = document.trace_id;
        let received = [Received {
            document: Arc::new(document),
            at: TimestampMicros(1),
        }];
        Trace::assemble(id, &received).projection()
    };
    documents.map(trace).collect()
});

/// What is refused is refused with its place. What is not prints to a text that means the same, and columns lose no
/// trace that it finds.
pub(super) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Err(error) = Selector::parse(&text) {
        assert!(error.line > 0 && error.position > 0);
    }
    let expression = match parse(&text) {
        Ok(expression) => expression,
        Err(error) => {
            assert!(error.line > 0 && error.position > 0);
            assert!(text.contains(&error.symbol) && !error.hint.is_empty());
            return;
        }
    };
    let printed = expression.to_string();
    // Spaces and parentheses that people leave out may make the printed text too long.
    if printed.len() <= 4_096 {
        assert_eq!(parse(&printed).as_ref(), Ok(&expression), "{printed}");
    }
    let filter = Filter::new(&expression, &NoGroups).expect("there are no groups");
    let columns = filter.columns();
    let mut known = KnownAnnotations::default();
    for trace in &*TRACES {
        let digest = Digest::of(trace, &mut known);
        let admitted = columns.admit(&known.row(&digest));
        assert!(admitted || !filter.matches(trace), "{printed}");
    }
}
