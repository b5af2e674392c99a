//! `docs/sql.md` tells of the columns that there are.
//!
//! `FLUORO_REWRITE=1 cargo test -p fluoro-sql documented` writes them anew.

use std::path::Path;

use datafusion::arrow::datatypes::DataType;

use crate::views::View;

const MARK: &str = "## Columns\n";

fn told(kind: &DataType) -> &'static str {
    match kind {
        DataType::Utf8 => "text",
        DataType::Timestamp(..) => "timestamp",
        DataType::Float64 => "double",
        DataType::Int64 => "integer",
        DataType::Boolean => "boolean",
        DataType::List(_) => "list of text",
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(members) if members[1].data_type().is_nested() => {
                "map from text to lists of text"
            }
            _ => "map from text to text",
        },
        other => panic!("nobody has described {other}"),
    }
}

fn columns() -> String {
    let mut text = MARK.to_owned();
    for (view, about) in [
        (View::Traces, "a row a trace"),
        (View::Segments, "a row a segment"),
        (
            View::Spans,
            "a row a segment or subsegment; one whose parent has not come is not shown, as in X-Ray",
        ),
        (View::Edges, "a row a call, as service graphs have them"),
    ] {
        text += &format!("\n### `{}`: {about}\n\n", view.name());
        text += "| column | type | what it is |\n|---|---|---|\n";
        for (name, kind, about) in view.columns() {
            text += &format!("| `{name}` | {} | {about} |\n", told(&kind));
        }
    }
    text
}

#[test]
fn the_page_has_every_column() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sql.md");
    let page = std::fs::read_to_string(&file).unwrap();
    let (before, written) = page.split_at(page.find(MARK).unwrap());
    let wanted = columns();
    if std::env::var_os("FLUORO_REWRITE").is_some() {
        std::fs::write(&file, format!("{before}{wanted}")).unwrap();
        return;
    }
    assert!(
        written == wanted,
        "docs/sql.md is not what the views have: FLUORO_REWRITE=1 cargo test -p fluoro-sql documented"
    );
}
