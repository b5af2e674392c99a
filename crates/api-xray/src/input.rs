//! How this service reads what the framework leaves to it.

use fluoro_wire::JsonError;
use fluoro_wire::json_input::{JsonInput, as_structure};
use serde_json::Value;

/// Reads one element of a list of structures. A null is a fault of the real service's own (recorded): 500
/// `InternalFailure`.
///
/// # Errors
///
/// When it is no structure.
pub(crate) fn as_element(value: &Value) -> Result<JsonInput<'_>, JsonError> {
    match value {
        Value::Null => Err(JsonError::internal_failure()),
        _ => as_structure(value),
    }
}
