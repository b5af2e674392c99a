//! From values to columns.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListBuilder, MapBuilder, MapFieldNames,
    StringArray, StringBuilder, TimestampMicrosecondArray,
};
use fluoro_model::TimestampMicros;
use fluoro_model::document::AnnotationValue;

/// Times are of UTC; `now()` has the same zone.
const ZONE: &str = "+00:00";

pub(super) fn texts<T: AsRef<str>>(values: impl Iterator<Item = Option<T>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

pub(super) fn times(values: impl Iterator<Item = Option<TimestampMicros>>) -> ArrayRef {
    let values = values.map(|time| time.map(|time| time.0));
    let times: TimestampMicrosecondArray = values.collect();
    Arc::new(times.with_timezone(ZONE))
}

/// Of seconds.
pub(super) fn doubles(values: impl Iterator<Item = Option<f64>>) -> ArrayRef {
    Arc::new(values.collect::<Float64Array>())
}

/// Seconds, from microseconds.
pub(super) fn seconds(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    doubles(values.map(|micros| micros.map(|micros| TimestampMicros(micros).seconds())))
}

pub(super) fn wholes(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<Int64Array>())
}

pub(super) fn flags(values: impl Iterator<Item = bool>) -> ArrayRef {
    Arc::new(values.map(Some).collect::<BooleanArray>())
}

pub(super) fn lists<T: AsRef<str>>(
    rows: impl Iterator<Item = impl Iterator<Item = T>>,
) -> ArrayRef {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for row in rows {
        for value in row {
            lists.values().append_value(value);
        }
        lists.append(true);
    }
    Arc::new(lists.finish())
}

fn names() -> Option<MapFieldNames> {
    Some(MapFieldNames {
        entry: "entries".to_owned(),
        key: "key".to_owned(),
        value: "value".to_owned(),
    })
}

/// Of each row the keys, each once, and their values.
pub(super) fn maps<'v>(
    rows: impl Iterator<Item = impl Iterator<Item = (&'v str, &'v AnnotationValue)>>,
) -> ArrayRef {
    let mut maps = MapBuilder::new(names(), StringBuilder::new(), StringBuilder::new());
    for row in rows {
        for (key, value) in row {
            maps.keys().append_value(key);
            maps.values().append_value(text(value));
        }
        maps.append(true).expect("each key has a value");
    }
    Arc::new(maps.finish())
}

/// Of each row the keys, those that are equal side by side, and their values.
pub(super) fn maps_of_lists<'v>(
    rows: impl Iterator<Item = impl Iterator<Item = (&'v str, &'v AnnotationValue)>>,
) -> ArrayRef {
    let lists = ListBuilder::new(StringBuilder::new());
    let mut maps = MapBuilder::new(names(), StringBuilder::new(), lists);
    for row in rows {
        let mut last = None;
        for (key, value) in row {
            if last.is_some_and(|last| last != key) {
                maps.values().append(true);
            }
            if last != Some(key) {
                maps.keys().append_value(key);
            }
            maps.values().values().append_value(text(value));
            last = Some(key);
        }
        if last.is_some() {
            maps.values().append(true);
        }
        maps.append(true).expect("each key has a list");
    }
    Arc::new(maps.finish())
}

/// A value as text: numbers as short as they can be, booleans `true` and `false`.
fn text(value: &AnnotationValue) -> String {
    match value {
        AnnotationValue::Text(text) => text.to_string(),
        AnnotationValue::Number(number) => number.to_string(),
        AnnotationValue::Boolean(boolean) => boolean.to_string(),
    }
}
