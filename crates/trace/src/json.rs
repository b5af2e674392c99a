//! A writer of JSON whose member order and number forms are chosen by its caller.

use std::fmt;

use fluoro_model::SegmentId;
use fluoro_model::document::AnnotationValue;
use serde_json::Value;
use serde_json::value::RawValue;

/// JSON text in the making. Separators are its own business; opening and closing are the caller's.
#[derive(Debug, Default)]
pub(crate) struct Json {
    text: Vec<u8>,
}

impl Json {
    pub(crate) fn finish(self) -> String {
        String::from_utf8(self.text).expect("only whole texts were written")
    }

    pub(crate) fn open(&mut self) {
        self.separate();
        self.text.push(b'{');
    }

    pub(crate) fn close(&mut self) {
        self.text.push(b'}');
    }

    pub(crate) fn open_list(&mut self) {
        self.separate();
        self.text.push(b'[');
    }

    pub(crate) fn close_list(&mut self) {
        self.text.push(b']');
    }

    pub(crate) fn key(&mut self, key: &str) {
        self.value(key);
        self.text.push(b':');
    }

    pub(crate) fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        self.value(text);
    }

    pub(crate) fn optional_text(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(key, text);
        }
    }

    pub(crate) fn texts(&mut self, texts: &[Box<str>]) {
        self.open_list();
        for text in texts {
            self.value(&**text);
        }
        self.close_list();
    }

    pub(crate) fn id(&mut self, key: &str, id: SegmentId) {
        self.display(key, id);
    }

    pub(crate) fn display(&mut self, key: &str, value: impl fmt::Display) {
        self.text(key, &value.to_string());
    }

    pub(crate) fn boolean(&mut self, key: &str, boolean: bool) {
        self.key(key);
        self.value(&boolean);
    }

    pub(crate) fn optional_boolean(&mut self, key: &str, boolean: Option<bool>) {
        if let Some(boolean) = boolean {
            self.boolean(key, boolean);
        }
    }

    pub(crate) fn optional_integer(&mut self, key: &str, integer: Option<i64>) {
        if let Some(integer) = integer {
            self.key(key);
            self.value(&integer);
        }
    }

    /// A double as Java prints it, which is how the service prints times and annotations (recorded).
    pub(crate) fn double(&mut self, key: &str, double: f64) {
        self.key(key);
        self.text.extend_from_slice(java_double(double).as_bytes());
    }

    pub(crate) fn annotation(&mut self, key: &str, value: &AnnotationValue) {
        match value {
            AnnotationValue::Text(text) => self.text(key, text),
            AnnotationValue::Number(number) => self.double(key, *number),
            AnnotationValue::Boolean(boolean) => self.boolean(key, *boolean),
        }
    }

    /// Members of free form, and behind them `resource_names` with one name.
    pub(crate) fn object<'v>(
        &mut self,
        members: impl Iterator<Item = (&'v str, &'v Value)>,
        resource: Option<&str>,
    ) {
        self.open();
        for (key, value) in members {
            self.key(key);
            self.value(value);
        }
        if let Some(resource) = resource {
            self.key("resource_names");
            self.open_list();
            self.value(resource);
            self.close_list();
        }
        self.close();
    }

    pub(crate) fn raw(&mut self, raw: &RawValue) {
        self.separate();
        self.text.extend_from_slice(raw.get().as_bytes());
    }

    fn value<T: serde::Serialize + ?Sized>(&mut self, value: &T) {
        self.separate();
        serde_json::to_writer(&mut self.text, value).expect("memory takes every value we have");
    }

    fn separate(&mut self) {
        if self.text.last().is_some_and(|last| !b"{[:".contains(last)) {
            self.text.push(b',');
        }
    }
}

/// `Double.toString`: decimal from a thousandth up to ten million, else computerised scientific notation.
fn java_double(double: f64) -> String {
    let magnitude = double.abs();
    if magnitude == 0.0 || (1e-3..1e7).contains(&magnitude) {
        return format!("{double:?}");
    }
    let scientific = format!("{double:E}");
    match scientific.split_once('E') {
        Some((mantissa, exponent)) if !mantissa.contains('.') => format!("{mantissa}.0E{exponent}"),
        _ => scientific,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_printed_as_java_prints_them() {
        for (double, text) in [
            (3.0, "3.0"),
            (1_790_149_878.783_249, "1.790149878783249E9"),
            (1e10, "1.0E10"),
            (1e7, "1.0E7"),
            (9_999_999.5, "9999999.5"),
            (0.001, "0.001"),
            (0.000_5, "5.0E-4"),
            (-1.0, "-1.0"),
            (0.0, "0.0"),
            (36_893_488_147_419_103_232.0, "3.6893488147419103E19"),
        ] {
            assert_eq!(java_double(double), text);
        }
    }

    #[test]
    fn separators_stand_between_members_and_elements() {
        let mut json = Json::default();
        json.open();
        json.key("list");
        json.open_list();
        json.open();
        json.close();
        json.open();
        json.text("a", "{");
        json.boolean("b", true);
        json.close();
        json.close_list();
        json.optional_integer("n", Some(-1));
        json.close();
        assert_eq!(json.finish(), r#"{"list":[{},{"a":"{","b":true}],"n":-1}"#);
    }
}
