//! The parts of a rule that creating and updating read alike.

use std::collections::BTreeMap;
use std::fmt;

use fluoro_sampling::SamplingRateBoost;
use fluoro_wire::json_input::JsonInput;
use fluoro_wire::{Constraints, JsonError};

use crate::error::XRayError;

/// Names a rule: by name or by ARN, not both.
#[derive(Debug, Clone, Default)]
pub(super) struct RuleReference {
    name: Option<String>,
    arn: Option<String>,
}

/// The patterns, none of which an update needs.
#[derive(Debug, Clone, Default)]
pub(super) struct PatternsInput {
    pub(super) service_name: Option<String>,
    pub(super) service_type: Option<String>,
    pub(super) host: Option<String>,
    pub(super) http_method: Option<String>,
    pub(super) url_path: Option<String>,
    pub(super) resource_arn: Option<String>,
}

/// A boost as it came.
#[derive(Debug, Clone, Copy)]
pub(super) struct BoostInput {
    max_rate: Option<f64>,
    cooldown_window_minutes: Option<i64>,
}

impl RuleReference {
    pub(super) fn read(input: JsonInput<'_>) -> Result<Self, JsonError> {
        Ok(Self {
            name: input.text("RuleName")?.map(str::to_owned),
            arn: input.text("RuleARN")?.map(str::to_owned),
        })
    }

    pub(super) fn check(&self, at: &str, constraints: &mut Constraints) {
        if let Some(name) = &self.name {
            constraints.text(&format!("{at}.ruleName"), name, 1..=32);
        }
    }

    /// The rule's name. An ARN of another account, region or kind names no rule of ours.
    pub(super) fn name(self, arn_prefix: &str) -> Result<String, XRayError> {
        match (self.name, self.arn) {
            (Some(_), Some(_)) => Err(XRayError::invalid(
                "Request cannot contain both sampling rule name and sampling rule ARN",
            )),
            (None, None) => Err(XRayError::invalid(
                "Request must contain either sampling rule name or sampling rule ARN",
            )),
            (Some(name), None) => Ok(name),
            (None, Some(arn)) => match arn.strip_prefix(arn_prefix) {
                Some(name) if (1..=32).contains(&name.chars().count()) => Ok(name.to_owned()),
                _ => Err(XRayError::invalid(format!(
                    "Invalid sampling rule ARN {arn}"
                ))),
            },
        }
    }
}

impl PatternsInput {
    pub(super) fn read(input: JsonInput<'_>) -> Result<Self, JsonError> {
        let text = |name| {
            let text = input.text(name);
            text.map(|text| text.map(str::to_owned))
        };
        Ok(Self {
            service_name: text("ServiceName")?,
            service_type: text("ServiceType")?,
            host: text("Host")?,
            http_method: text("HTTPMethod")?,
            url_path: text("URLPath")?,
            resource_arn: text("ResourceARN")?,
        })
    }

    /// Each with the model's name in lower camel case and its longest.
    fn members(&self) -> [(&'static str, Option<&String>, usize); 6] {
        [
            ("resourceARN", self.resource_arn.as_ref(), 500),
            ("serviceName", self.service_name.as_ref(), 64),
            ("serviceType", self.service_type.as_ref(), 64),
            ("host", self.host.as_ref(), 64),
            ("hTTPMethod", self.http_method.as_ref(), 10),
            ("uRLPath", self.url_path.as_ref(), 128),
        ]
    }

    pub(super) fn require(&self, at: &str, constraints: &mut Constraints) {
        for (name, value, _) in self.members() {
            constraints.required(&format!("{at}.{name}"), value);
        }
    }

    pub(super) fn check(&self, at: &str, constraints: &mut Constraints) {
        for (name, value, longest) in self.members() {
            if let Some(value) = value {
                constraints.text(&format!("{at}.{name}"), value, ..=longest);
            }
        }
    }
}

impl BoostInput {
    pub(super) fn read(input: JsonInput<'_>) -> Result<Option<Self>, JsonError> {
        let Some(boost) = input.structure("SamplingRateBoost")? else {
            return Ok(None);
        };
        Ok(Some(Self {
            max_rate: boost.number("MaxRate")?,
            cooldown_window_minutes: boost.integer("CooldownWindowMinutes")?,
        }))
    }

    /// One of nothing is no violation: the service fails on it as on one that never cools down (recorded).
    pub(super) fn check(
        self,
        at: &str,
        constraints: &mut Constraints,
    ) -> Option<SamplingRateBoost> {
        if self.max_rate.is_none() && self.cooldown_window_minutes.is_none() {
            return Some(SamplingRateBoost {
                max_rate: 0.0,
                cooldown_window_minutes: 0,
            });
        }
        let path = format!("{at}.samplingRateBoost.maxRate");
        let max_rate = constraints.required(&path, self.max_rate)?;
        constraints.number(&path, max_rate, 0.0..=1.0);
        let path = format!("{at}.samplingRateBoost.cooldownWindowMinutes");
        let minutes = constraints.required(&path, self.cooldown_window_minutes)?;
        constraints.number(&path, minutes, 0..=i64::from(i32::MAX));
        Some(SamplingRateBoost {
            max_rate,
            cooldown_window_minutes: u32::try_from(minutes).ok()?,
        })
    }
}

pub(super) fn attributes(
    input: JsonInput<'_>,
) -> Result<Option<BTreeMap<String, String>>, JsonError> {
    let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    let attributes = input.map("Attributes")?;
    Ok(attributes.map(|attributes| attributes.into_iter().map(owned).collect()))
}

/// At most five, keys and values of 1 to 32 characters. Source: API model; the wording of the first is recorded.
pub(super) fn check_attributes(
    at: &str,
    attributes: Option<&BTreeMap<String, String>>,
    constraints: &mut Constraints,
) {
    let Some(attributes) = attributes else {
        return;
    };
    let path = format!("{at}.attributes");
    let shown = JavaMap(attributes);
    constraints.length(&path, &shown, attributes.len(), ..=5);
    let bounded = |text: &String| (1..=32).contains(&text.chars().count());
    for (what, all) in [
        ("keys", attributes.keys().all(bounded)),
        ("values", attributes.values().all(bounded)),
    ] {
        if !all {
            let constraint = format!(
                "Map {what} must satisfy constraint: [Member must have length less than or equal to 32, Member must \
                 have length greater than or equal to 1]"
            );
            constraints.violated(&path, Some(&shown), &constraint);
        }
    }
}

/// A map as the framework prints it: `{a=1, b=2}`.
struct JavaMap<'a>(&'a BTreeMap<String, String>);

impl fmt::Display for JavaMap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs: Vec<String> = self
            .0
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        write!(f, "{{{}}}", pairs.join(", "))
    }
}
