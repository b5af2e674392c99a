//! Sampling rules, over the X-Ray API.

use http::Method;
use serde_json::{Map, Value, json};

use super::{Change, Context, Made, mark};
use crate::StackError;
use crate::client::{About, Client};
use crate::intrinsics::text;
use crate::items::Item;
use crate::properties::Properties;

/// A sampling rule as the template wants it: the members of `SamplingRule`.
pub(super) struct Wanted(Map<String, Value>);

impl Wanted {
    pub(super) fn read(place: &str, properties: Value) -> Result<Self, StackError> {
        let mut properties = Properties::new(place, properties)?;
        let Some(mut given) = properties.inner("SamplingRule")? else {
            return Err(StackError::invalid(place, "SamplingRule is missing"));
        };
        properties.finish()?;
        let mut rule = Map::new();
        for name in [
            "RuleName",
            "ServiceName",
            "ServiceType",
            "Host",
            "HTTPMethod",
            "URLPath",
            "ResourceARN",
        ] {
            if let Some(value) = given.text(name)? {
                rule.insert(name.to_owned(), value.into());
            }
        }
        for name in ["Priority", "ReservoirSize", "Version"] {
            if let Some(value) = given.number(name)? {
                rule.insert(name.to_owned(), value.into());
            }
        }
        if let Some(rate) = given.text("FixedRate")? {
            let number: Option<serde_json::Number> = rate.parse().ok();
            let number = number.ok_or_else(|| {
                StackError::invalid(
                    given.place("FixedRate"),
                    format!("a number was expected, not {rate}"),
                )
            })?;
            rule.insert("FixedRate".to_owned(), number.into());
        }
        if let Some(attributes) = given.inner("Attributes")? {
            rule.insert("Attributes".to_owned(), attributes.rest().into());
        }
        given.finish()?;
        Ok(Self(rule))
    }
}

pub(super) async fn apply(
    context: &Context<'_>,
    item: &Item,
    wanted: Wanted,
) -> Result<Made, StackError> {
    let Wanted(mut rule) = wanted;
    let given = rule.get("RuleName").and_then(text);
    let is_given = given.is_some();
    let name = context.name(given, &item.logical_id, 32);
    rule.insert("RuleName".to_owned(), json!(name));
    let mark = mark(&json!(rule));
    let client = context.client;
    let about = |operation| About {
        operation,
        subject: &name,
    };
    let body = json!({"SamplingRule": rule});
    let change = match client
        .rest("xray", Method::POST, "/CreateSamplingRule", Some(&body))
        .await?
    {
        Ok(_) => Change::Created,
        Err(refusal)
            if refusal.message.contains("already exists") && context.is_as_before(item, &mark) =>
        {
            Change::Unchanged
        }
        Err(refusal) if refusal.message.contains("already exists") => {
            context.may_take(item, &name, is_given)?;
            rule.remove("Version");
            let body = json!({"SamplingRuleUpdate": rule});
            let answer = client
                .rest("xray", Method::POST, "/UpdateSamplingRule", Some(&body))
                .await?;
            answer.map_err(|refusal| refusal.into_error(about("UpdateSamplingRule")))?;
            Change::Updated
        }
        Err(refusal) => return Err(refusal.into_error(about("CreateSamplingRule"))),
    };
    let arn = format!(
        "arn:aws:xray:{}:{}:sampling-rule/{name}",
        context.region, context.account
    );
    let mut made = Made::new(change, &name)
        .with("RuleARN", arn.clone())
        .marked(mark);
    made.reference = arn;
    Ok(made)
}

pub(super) async fn remove(client: &Client, name: &str) -> Result<(), StackError> {
    match client
        .rest(
            "xray",
            Method::POST,
            "/DeleteSamplingRule",
            Some(&json!({"RuleName": name})),
        )
        .await?
    {
        Err(refusal) if !refusal.message.contains("does not exist") => {
            Err(refusal.into_error(About {
                operation: "DeleteSamplingRule",
                subject: name,
            }))
        }
        _ => Ok(()),
    }
}
