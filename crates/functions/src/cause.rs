//! What went wrong, as X-Ray records it: a segment's `cause`.

use fluoro_ambient::Ambient;
use fluoro_model::SegmentId;
use serde_json::{Map, Value, json};

use crate::runtime_api::PostedError;
use crate::tracing_plan::new_segment;

/// Larger causes are shortened. Source: AWS's runtime interface emulator.
const LIMIT: usize = 64 * 1024;
const KEPT_FRAMES: usize = 20;
const KEPT_CHARACTERS: usize = 1000;

/// The cause of a failed run: what the runtime client described, else what the caller was told.
pub(crate) fn of_posted(ambient: &Ambient, error: &PostedError) -> Value {
    let described = error
        .cause
        .as_ref()
        .and_then(|cause| described(ambient, cause));
    described.unwrap_or_else(|| {
        let told: Value = serde_json::from_slice(&error.payload).unwrap_or(Value::Null);
        let text = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default();
        let kind = match text("errorType") {
            "" => error.kind.as_deref().unwrap_or("Runtime.Unknown"),
            kind => kind,
        };
        of_text(ambient, kind, text("errorMessage"))
    })
}

/// The cause when there is nothing but a type and a text.
pub(crate) fn of_text(ambient: &Ambient, kind: &str, message: &str) -> Value {
    json!({ "exceptions": [{ "id": id(ambient), "type": kind, "message": message }] })
}

/// Takes the runtime client's JSON if it has at least one member that X-Ray knows; gives every exception an id.
fn described(ambient: &Ambient, json: &[u8]) -> Option<Value> {
    let Ok(Value::Object(mut cause)) = serde_json::from_slice(json) else {
        return None;
    };
    let known = ["working_directory", "paths", "exceptions", "message"];
    if !known.iter().any(|member| cause.contains_key(*member)) {
        return None;
    }
    for exception in exceptions(&mut cause) {
        let has_id = exception.get("id").and_then(Value::as_str).is_some();
        if !has_id {
            exception.insert("id".to_owned(), id(ambient).into());
        }
    }
    shorten(&mut cause);
    Some(Value::Object(cause))
}

fn exceptions(cause: &mut Map<String, Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    let list = cause.get_mut("exceptions").and_then(Value::as_array_mut);
    list.into_iter().flatten().filter_map(Value::as_object_mut)
}

/// Cuts the least telling first: paths, then deep frames, then long texts, then all but the first exception.
fn shorten(cause: &mut Map<String, Value>) {
    let fits = |cause: &Map<String, Value>| {
        serde_json::to_vec(cause).is_ok_and(|bytes| bytes.len() <= LIMIT)
    };
    if fits(cause) {
        return;
    }
    cause.remove("paths");
    for exception in exceptions(cause) {
        if let Some(Value::Array(stack)) = exception.get_mut("stack") {
            stack.truncate(KEPT_FRAMES);
        }
        if let Some(Value::String(message)) = exception.get_mut("message") {
            *message = message.chars().take(KEPT_CHARACTERS).collect();
        }
    }
    if !fits(cause)
        && let Some(Value::Array(list)) = cause.get_mut("exceptions")
    {
        list.truncate(1);
    }
    if !fits(cause) {
        cause.retain(|member, _| member == "exceptions");
        for exception in exceptions(cause) {
            exception.remove("stack");
        }
    }
}

fn id(ambient: &Ambient) -> String {
    let id: SegmentId = new_segment(ambient);
    id.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted(cause: Option<&str>) -> PostedError {
        PostedError {
            payload: r#"{"errorType":"Shop.Empty","errorMessage":"no basket"}"#.into(),
            kind: Some("Shop.Header".to_owned()),
            cause: cause.map(|cause| cause.to_owned().into()),
        }
    }

    #[test]
    fn every_exception_gets_an_id() {
        let ambient = Ambient::system();
        let cause = of_posted(
            &ambient,
            &posted(Some(
                r#"{"exceptions":[{"type":"E"},{"id":"00000000000000aa"}]}"#,
            )),
        );
        assert_eq!(cause["exceptions"][0]["id"].as_str().unwrap().len(), 16);
        assert_eq!(cause["exceptions"][1]["id"], "00000000000000aa");
    }

    #[test]
    fn a_cause_that_says_nothing_gives_way_to_the_payload() {
        let ambient = Ambient::system();
        for cause in [None, Some("{}"), Some("[1]"), Some("no json")] {
            let cause = of_posted(&ambient, &posted(cause));
            assert_eq!(cause["exceptions"][0]["type"], "Shop.Empty");
            assert_eq!(cause["exceptions"][0]["message"], "no basket");
        }
    }

    #[test]
    fn a_large_cause_is_shortened() {
        let ambient = Ambient::system();
        let frame = json!({ "path": "x".repeat(1000), "line": 1, "label": "f" });
        let large =
            json!({ "exceptions": [{ "type": "E", "message": "m", "stack": vec![frame; 1000] }] });
        let cause = of_posted(&ambient, &posted(Some(&large.to_string())));
        assert!(cause.to_string().len() <= LIMIT);
        assert_eq!(
            cause["exceptions"][0]["stack"].as_array().unwrap().len(),
            KEPT_FRAMES
        );
    }
}
