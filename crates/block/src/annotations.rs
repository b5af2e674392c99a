//! Annotations as a map of a file: a key, and a text, a number or a boolean.

use std::cmp::Ordering;
use std::io::Write;

use fluoro_model::document::AnnotationValue;
use parquet::data_type::{BoolType, ByteArray, DoubleType};
use parquet::errors::Result;
use parquet::file::writer::SerializedRowGroupWriter;

use crate::column::{Entries, Leaf, as_text};
use crate::file::general;

/// Key and value.
pub type Annotation = (Box<str>, AnnotationValue);

/// The four columns of some rows.
pub(crate) struct Columns {
    pub(crate) keys: Leaf<ByteArray>,
    pub(crate) texts: Leaf<ByteArray>,
    pub(crate) numbers: Leaf<f64>,
    pub(crate) booleans: Leaf<bool>,
}

/// Writes the next four columns.
pub(crate) fn write<'r>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    rows: impl Iterator<Item = &'r [Annotation]>,
) -> Result<()> {
    let entries = Entries::of(rows);
    entries.write_texts(group, |(key, _)| key)?;
    entries.write_optional_texts(group, |(_, value)| match value {
        AnnotationValue::Text(value) => Some(&**value),
        _ => None,
    })?;
    entries.write_optional::<DoubleType>(group, |(_, value)| match value {
        AnnotationValue::Number(value) => Some(*value),
        _ => None,
    })?;
    entries.write_optional::<BoolType>(group, |(_, value)| match value {
        AnnotationValue::Boolean(value) => Some(*value),
        _ => None,
    })
}

impl Columns {
    /// What was written.
    pub(crate) fn rows(&self) -> Result<Vec<Vec<Annotation>>> {
        let mut rows = vec![Vec::new(); self.keys.rows()];
        let values = self.texts.entries().zip(self.numbers.entries());
        let values = values.zip(self.booleans.entries());
        for ((row, key), (((_, text), (_, number)), (_, boolean))) in
            self.keys.entries().zip(values)
        {
            let value = match (text, number, boolean) {
                (Some(text), ..) => Some(AnnotationValue::Text(as_text(text)?)),
                (_, Some(number), _) => Some(AnnotationValue::Number(*number)),
                (.., boolean) => boolean.copied().map(AnnotationValue::Boolean),
            };
            let key = key.map(as_text).transpose()?;
            let entry = key
                .zip(value)
                .ok_or_else(|| general("an annotation without a value"))?;
            rows[row].push(entry);
        }
        Ok(rows)
    }
}

/// How much memory they take, roughly.
pub(crate) fn weight(annotations: &[Annotation]) -> usize {
    let texts = annotations.iter().map(|(key, value)| match value {
        AnnotationValue::Text(text) => key.len() + text.len(),
        AnnotationValue::Number(_) | AnnotationValue::Boolean(_) => key.len(),
    });
    size_of_val(annotations) + texts.sum::<usize>()
}

/// By key, then value.
pub(crate) fn in_order(a: &Annotation, b: &Annotation) -> Ordering {
    use AnnotationValue::{Boolean, Number, Text};
    let kind = |value: &AnnotationValue| match value {
        Text(_) => 0,
        Number(_) => 1,
        Boolean(_) => 2,
    };
    a.0.cmp(&b.0).then_with(|| match (&a.1, &b.1) {
        (Text(a), Text(b)) => a.cmp(b),
        (Number(a), Number(b)) => a.total_cmp(b),
        (Boolean(a), Boolean(b)) => a.cmp(b),
        (a, b) => kind(a).cmp(&kind(b)),
    })
}
