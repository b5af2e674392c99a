//! The views, and their columns.
//!
//! A column is a name, what is said of it, and how it is filled from rows; what is not asked for is not filled. `docs/sql.md`
//! has the same columns, which a test holds together.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use fluoro_block::traces::{Parts, TraceRow};

mod build;
pub(crate) mod edges;
pub(crate) mod spans;
pub(crate) mod traces;

use edges::Edge;
use spans::Span;

/// A view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum View {
    /// A row a trace.
    Traces,
    /// A row a segment.
    Segments,
    /// A row a segment or subsegment.
    Spans,
    /// A row a call from one service to another.
    Edges,
}

/// A column of a view.
#[derive(Debug, Clone, Copy)]
pub struct Column<F: 'static> {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// How it is filled.
    pub(crate) fill: F,
}

pub(crate) type TraceColumn = Column<fn(&[TraceRow]) -> ArrayRef>;
pub(crate) type SpanColumn = Column<fn(&[Span<'_>]) -> ArrayRef>;
pub(crate) type EdgeColumn = Column<fn(&[Edge<'_>]) -> ArrayRef>;

// === impl View ===

impl View {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Traces, Self::Segments, Self::Spans, Self::Edges];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Segments => "segments",
            Self::Spans => "spans",
            Self::Edges => "edges",
        }
    }

    /// The columns: of each its name, its type and what it is.
    #[must_use]
    pub fn columns(self) -> Vec<(&'static str, DataType, &'static str)> {
        fn told<F>(
            columns: &[Column<F>],
            fill: impl Fn(&F) -> ArrayRef,
        ) -> Vec<(&'static str, DataType, &'static str)> {
            let columns = columns.iter().map(|column| {
                let kind = fill(&column.fill).data_type().clone();
                (column.name, kind, column.about)
            });
            columns.collect()
        }
        match self {
            Self::Traces => told(traces::COLUMNS, |fill| fill(&[])),
            Self::Segments => told(&spans::SEGMENT_COLUMNS, |fill| fill(&[])),
            Self::Spans => told(&spans::SPAN_COLUMNS, |fill| fill(&[])),
            Self::Edges => told(edges::COLUMNS, |fill| fill(&[])),
        }
    }

    pub(crate) fn schema(self) -> SchemaRef {
        static SCHEMAS: LazyLock<[SchemaRef; 4]> = LazyLock::new(|| {
            View::ALL.map(|view| {
                let columns = view.columns().into_iter();
                let fields = columns.map(|(name, kind, _)| Field::new(name, kind, true));
                Arc::new(Schema::new(fields.collect::<Vec<_>>()))
            })
        });
        Arc::clone(&SCHEMAS[self as usize])
    }

    /// The position of a column.
    pub(crate) fn position(self, name: &str) -> Option<usize> {
        self.schema().index_of(name).ok()
    }

    /// What must be read of traces for these columns.
    pub(crate) fn parts(self, columns: &[usize]) -> Parts {
        let schema = self.schema();
        let mut parts = Parts::default();
        for column in columns {
            match schema.field(*column).name().as_str() {
                "name" | "http_method" | "http_url" | "http_user_agent" | "http_client_ip" => {
                    parts.texts = true;
                }
                "services" => parts.services = true,
                "users" => parts.users = true,
                "annotations" => parts.annotations = true,
                _ => {}
            }
        }
        parts
    }
}
