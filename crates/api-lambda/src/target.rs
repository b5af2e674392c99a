//! From what a caller writes to the function that is meant, and whether the caller may.

use std::sync::Arc;

use fluoro_functions::{Function, FunctionArn, NameError};
use fluoro_iam::Conditions;
use fluoro_wire::{Call, Constraints, JsonError};

use crate::{Lambda, error};

/// As the model writes it. Source: API model, `NamespacedFunctionName`.
const NAME_PATTERN: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?";

/// A query parameter, decoded.
pub(crate) fn query(call: &Call, name: &str) -> Option<String> {
    queries(call, name).next()
}

/// All values of a query parameter.
pub(crate) fn queries<'a>(call: &'a Call, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let pairs = call.head.uri.query().unwrap_or_default().split('&');
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text)
            .decode_utf8_lossy()
            .into_owned()
    };
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(move |(key, _)| decoded(key) == name)
        .map(move |(_, value)| decoded(value))
}

/// The ARN that a `FunctionName` means, with the request's `Qualifier`.
pub(crate) fn resolve(call: &Call, given: &str) -> Result<FunctionArn, JsonError> {
    let qualifier = query(call, "Qualifier");
    let (region, account) = (&call.region.0, &call.account.0);
    let arn = FunctionArn::resolve(given, qualifier.as_deref(), region, account).map_err(|refused| match refused {
        NameError::Malformed(_) => malformed(given),
        NameError::TooLong(name) => {
            error::invalid(format!("Function name {name} is longer than 64 characters."))
        }
        NameError::TwoQualifiers => error::invalid(
            "The derived qualifier from the function name does not match the specified qualifier.",
        ),
    })?;
    if arn.region != **region {
        let message = format!(
            "Functions from '{}' are not reachable in this region ('{region}')",
            arn.region
        );
        return Err(error::not_found(message));
    }
    Ok(arn)
}

fn malformed(given: &str) -> JsonError {
    let mut constraints = Constraints::new();
    let constraint = format!("Member must satisfy regular expression pattern: {NAME_PATTERN}");
    constraints.violated("functionName", Some(&given), &constraint);
    match constraints.finish() {
        Err(violations) => violations.into(),
        Ok(()) => error::invalid(given),
    }
}

impl Lambda {
    /// Whether the caller may do `action` on `resource`; root may.
    pub(crate) fn authorize(
        &self,
        call: &Call,
        action: &str,
        resource: &str,
    ) -> Result<(), JsonError> {
        let action = format!("lambda:{action}");
        self.iam
            .authorize(&call.caller, &action, resource, &Conditions::none())
            .map_err(|denied| JsonError::access_denied(denied.to_string()))
    }

    /// The ARN that is named, if the caller may do `action` on it.
    pub(crate) fn allowed(
        &self,
        call: &Call,
        given: &str,
        action: &str,
    ) -> Result<FunctionArn, JsonError> {
        let arn = resolve(call, given)?;
        self.authorize(call, action, &arn.to_string())?;
        Ok(arn)
    }

    /// The function that is named, if it is there and the caller may do `action` on it.
    pub(crate) fn found(
        &self,
        call: &Call,
        given: &str,
        action: &str,
    ) -> Result<(FunctionArn, Arc<Function>), JsonError> {
        let arn = self.allowed(call, given, action)?;
        let function = self.functions.get(&arn).filter(|_| arn.is_latest());
        let function = function.ok_or_else(|| error::function_not_found(&arn.to_string()))?;
        Ok((arn, function))
    }
}
