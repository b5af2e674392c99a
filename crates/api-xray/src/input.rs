//! How this service reads what the framework leaves to it.

use fluoro_wire::json_input::{JsonInput, as_structure};
use fluoro_wire::{Constraints, JsonError};
use serde_json::Value;

use crate::error::XRayError;

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

/// A paging token of at most a hundred characters.
///
/// # Errors
///
/// When it is of another type, empty or longer.
pub(crate) fn short_token(input: JsonInput<'_>) -> Result<Option<&str>, XRayError> {
    let token = input.text("NextToken")?;
    let mut constraints = Constraints::new();
    if let Some(token) = token {
        constraints.text("nextToken", token, 1..=100);
    }
    constraints.finish()?;
    Ok(token)
}
