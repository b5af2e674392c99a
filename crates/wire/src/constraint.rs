//! The framework's validation errors: "1 validation error detected: Value null at 'traceIds' failed to satisfy
//! constraint: Member must not be null".
//!
//! A service checks all members first and then asks [`Constraints::finish`], because one answer lists every violation.
//! Paths are the model's member names in lower camel case; places in a list count from 1: `tags.2.member.key`.
//! Source: recorded answers of X-Ray, Lambda and API Gateway.

use std::fmt;
use std::ops::RangeBounds;

use regex::Regex;

/// Collects violations, member by member.
#[derive(Debug, Default)]
pub struct Constraints {
    found: Vec<String>,
}

/// At least one constraint does not hold. Displays as the message that AWS sends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", summary(.0))]
pub struct Violations(Vec<String>);

fn summary(found: &[String]) -> String {
    let errors = if found.len() == 1 { "error" } else { "errors" };
    format!(
        "{} validation {errors} detected: {}",
        found.len(),
        found.join("; ")
    )
}

impl Constraints {
    /// Nothing violated yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that `value` (`None` reads `null`) breaks `constraint`, a sentence without its full stop.
    pub fn violated(&mut self, path: &str, value: Option<&dyn fmt::Display>, constraint: &str) {
        let value = match value {
            Some(value) => format!("'{value}'"),
            None => "null".to_owned(),
        };
        self.found.push(format!(
            "Value {value} at '{path}' failed to satisfy constraint: {constraint}"
        ));
    }

    /// Notes a violation whose value AWS leaves out, as it does where the value may be secret or long.
    pub fn violated_unseen(&mut self, path: &str, constraint: &str) {
        self.found.push(format!(
            "Value at '{path}' failed to satisfy constraint: {constraint}"
        ));
    }

    /// The member must be there; hands it on when it is.
    pub fn required<T>(&mut self, path: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.violated(path, None, "Member must not be null");
        }
        value
    }

    /// A text's length in characters, or a list's in members; `shown` is how AWS prints the value.
    pub fn length(
        &mut self,
        path: &str,
        shown: &dyn fmt::Display,
        length: usize,
        allowed: impl RangeBounds<usize>,
    ) {
        self.bounds(path, shown, length, allowed, "length");
    }

    /// A text's length in characters.
    pub fn text(&mut self, path: &str, value: &str, allowed: impl RangeBounds<usize>) {
        self.length(path, &value, value.chars().count(), allowed);
    }

    /// A number's size.
    pub fn number<N>(&mut self, path: &str, value: N, allowed: impl RangeBounds<N>)
    where
        N: PartialOrd + fmt::Display + Copy,
    {
        self.bounds(path, &value, value, allowed, "value");
    }

    /// One of an enumeration, spelled exactly. `allowed` is printed in the order given.
    pub fn one_of(&mut self, path: &str, value: &str, allowed: &[&str]) {
        if !allowed.contains(&value) {
            let set = allowed.join(", ");
            let constraint = format!("Member must satisfy enum value set: [{set}]");
            self.violated(path, Some(&value), &constraint);
        }
    }

    /// A whole match of `pattern`, which AWS prints as its model writes it: `printed`.
    pub fn pattern(&mut self, path: &str, value: &str, pattern: &Regex, printed: &str) {
        let whole = pattern
            .find(value)
            .is_some_and(|found| found.len() == value.len());
        if !whole {
            let constraint = format!("Member must satisfy regular expression pattern: {printed}");
            self.violated(path, Some(&value), &constraint);
        }
    }

    /// Whether nothing is violated so far.
    #[must_use]
    pub fn hold(&self) -> bool {
        self.found.is_empty()
    }

    /// All is well, or every violation in the order found.
    ///
    /// # Errors
    ///
    /// When at least one constraint does not hold.
    pub fn finish(self) -> Result<(), Violations> {
        if self.found.is_empty() {
            Ok(())
        } else {
            Err(Violations(self.found))
        }
    }

    fn bounds<N: PartialOrd + fmt::Display>(
        &mut self,
        path: &str,
        shown: &dyn fmt::Display,
        measured: N,
        allowed: impl RangeBounds<N>,
        what: &str,
    ) {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let low = match allowed.start_bound() {
            Included(low) if measured < *low => Some(("greater than or equal to", low)),
            Excluded(low) if measured <= *low => Some(("greater than", low)),
            Included(_) | Excluded(_) | Unbounded => None,
        };
        let high = match allowed.end_bound() {
            Included(high) if measured > *high => Some(("less than or equal to", high)),
            Excluded(high) if measured >= *high => Some(("less than", high)),
            Included(_) | Excluded(_) | Unbounded => None,
        };
        if let Some((relation, limit)) = low.or(high) {
            let constraint = format!("Member must have {what} {relation} {limit}");
            self.violated(path, Some(shown), &constraint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(check: impl FnOnce(&mut Constraints)) -> String {
        let mut constraints = Constraints::new();
        check(&mut constraints);
        constraints.finish().unwrap_err().to_string()
    }

    #[test]
    fn a_missing_member_is_null() {
        assert_eq!(
            message(|c| assert!(c.required::<()>("traceIds", None).is_none())),
            "1 validation error detected: Value null at 'traceIds' failed to satisfy constraint: \
             Member must not be null"
        );
    }

    #[test]
    fn several_violations_are_joined() {
        assert_eq!(
            message(|c| {
                c.number("samplingRule.priority", 0, 1..=9999);
                c.number("samplingRule.fixedRate", 1.1, 0.0..=1.0);
            }),
            "2 validation errors detected: Value '0' at 'samplingRule.priority' failed to satisfy \
             constraint: Member must have value greater than or equal to 1; Value '1.1' at \
             'samplingRule.fixedRate' failed to satisfy constraint: Member must have value less \
             than or equal to 1"
        );
    }

    #[test]
    fn lengths_count_characters() {
        let mut constraints = Constraints::new();
        constraints.text("name", "äöü", 1..=3);
        assert!(constraints.hold());
        assert_eq!(
            message(|c| c.text("clientID", "", 24..=24)),
            "1 validation error detected: Value '' at 'clientID' failed to satisfy constraint: \
             Member must have length greater than or equal to 24"
        );
    }

    #[test]
    fn an_enumeration_is_printed_in_its_order() {
        assert_eq!(
            message(|c| c.one_of("timeRangeType", "Invalid", &["TraceId", "Service", "Event"])),
            "1 validation error detected: Value 'Invalid' at 'timeRangeType' failed to satisfy \
             constraint: Member must satisfy enum value set: [TraceId, Service, Event]"
        );
    }

    #[test]
    fn a_pattern_must_match_the_whole_value() {
        let digits = Regex::new("[0-9]+").unwrap();
        let mut constraints = Constraints::new();
        constraints.pattern("id", "123", &digits, "[0-9]+");
        assert!(constraints.hold());
        assert_eq!(
            message(|c| c.pattern("id", "123a", &digits, "[0-9]+")),
            "1 validation error detected: Value '123a' at 'id' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: [0-9]+"
        );
    }
}
