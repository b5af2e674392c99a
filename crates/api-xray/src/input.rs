//! How this service reads what the framework leaves to it.

use std::ops::Range;

use fluoro_model::TimestampMicros;
use fluoro_wire::json_input::{JsonInput, as_structure};
use fluoro_wire::token::Paging;
use fluoro_wire::{Constraints, JsonError};
use serde::de::DeserializeOwned;
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

/// The model has tokens where the service has none (recorded).
pub(crate) fn refuse_token(token: Option<&str>) -> Result<(), XRayError> {
    match token {
        Some(_) => Err(XRayError::invalid("NextToken is currently not supported")),
        None => Ok(()),
    }
}

/// Where a page begins; `None` is the first page.
///
/// # Errors
///
/// When the token is none that `paging` made.
pub(crate) fn position<T: DeserializeOwned>(
    paging: &Paging<'_>,
    token: Option<&str>,
) -> Result<Option<T>, XRayError> {
    let read = |token: &str| {
        let invalid = |_| XRayError::invalid(format!("Invalid token {token}"));
        paging.position(token).map_err(invalid)
    };
    token.map(read).transpose()
}

/// A start and an end, in this order (recorded).
pub(crate) fn check_order(
    start: Option<TimestampMicros>,
    end: Option<TimestampMicros>,
) -> Result<(TimestampMicros, TimestampMicros), XRayError> {
    let (Some(start), Some(end)) = (start, end) else {
        return Err(XRayError::invalid("Start time and end time must be given"));
    };
    if end < start {
        return Err(XRayError::invalid(
            "End time cannot be earlier than start time",
        ));
    }
    Ok((start, end))
}

/// A window of time that an operation answers for.
pub(crate) fn check_window(
    start: Option<TimestampMicros>,
    end: Option<TimestampMicros>,
    longest_seconds: i64,
) -> Result<Range<TimestampMicros>, XRayError> {
    let (start, end) = check_order(start, end)?;
    if end.0.saturating_sub(start.0) > longest_seconds.saturating_mul(1_000_000) {
        let longest = match (longest_seconds / 3600, longest_seconds % 3600) {
            (hours, 0) => format!("{hours} hours"),
            _ => format!("{longest_seconds} seconds"),
        };
        return Err(XRayError::invalid(format!(
            "Time range cannot be longer than {longest}"
        )));
    }
    Ok(start..end)
}
