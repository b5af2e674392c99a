//! The verbs below `sampling`: rules, why requests were or were not sampled, and what a rule would do.

use anyhow::Context as _;
use fluoro_stack::encoded;
use http::Method;
use serde_json::{Value, json};

use crate::args::{Cli, Put, Sampling, Why};
use crate::client::Client;
use crate::paint::Paint;
use crate::table;
use crate::verbs::show;

mod text;

use text::{listed, previewed, told};

pub(crate) async fn run(cli: &Cli, client: &Client, sampling: &Sampling) -> anyhow::Result<()> {
    match sampling {
        Sampling::List => {
            let mut records = records(client).await?;
            for record in &mut records {
                record["Tags"] = tags(client, &record["SamplingRule"]).await?;
            }
            let region = encoded(&cli.region());
            let matched = client.own(&format!("sampling?region={region}")).await?;
            let all = json!({"SamplingRuleRecords": records, "Matched": matched["rules"]});
            show(cli, &all, || {
                table::rules(Paint::of_stdout(), &records, &matched)
            })
        }
        Sampling::Put(put) => {
            let record = self::put(client, put).await?;
            show(cli, &record, || format!("rule {} is in force\n", put.name))
        }
        Sampling::Delete { name } => {
            let record = client
                .xray("/DeleteSamplingRule", json!({"RuleName": name}))
                .await?;
            show(cli, &record, || format!("rule {name} is gone\n"))
        }
        Sampling::Why(why) => {
            let answer = client.own(&path_of(why)).await?;
            let requests = answer["requests"].as_array();
            let requests = requests.map(Vec::as_slice).unwrap_or_default();
            show(cli, &answer, || match why.id {
                Some(_) => requests
                    .iter()
                    .map(|one| told(Paint::of_stdout(), one))
                    .collect(),
                None => listed(Paint::of_stdout(), requests),
            })
        }
        Sampling::Preview(put) => {
            let (body, _) = body_of(client, put).await?;
            let path = format!(
                "/_fluoro/sampling/preview?region={}",
                encoded(&cli.region())
            );
            let headers = [("content-type", "application/json")];
            let body = body.to_string().into();
            let answer = client
                .call("fluoro", Method::POST, &path, &headers, body)
                .await?;
            let preview = answer.json()?;
            show(cli, &preview, || previewed(Paint::of_stdout(), &preview))
        }
    }
}

fn path_of(why: &Why) -> String {
    let mut query = vec![format!("limit={}", why.limit)];
    if let Some(id) = &why.id {
        query.push(format!("id={}", encoded(id)));
    }
    if let Some(rule) = &why.rule {
        query.push(format!("rule={}", encoded(rule)));
    }
    match (why.sampled, why.unsampled) {
        (true, false) => query.push("sampled=true".to_owned()),
        (false, true) => query.push("sampled=false".to_owned()),
        _ => {}
    }
    format!("sampling/why?{}", query.join("&"))
}

async fn records(client: &Client) -> anyhow::Result<Vec<Value>> {
    let member = "SamplingRuleRecords";
    client
        .pages("/GetSamplingRules", json!({}), member, usize::MAX)
        .await
}

/// The tags of a rule; `Default` has none.
async fn tags(client: &Client, rule: &Value) -> anyhow::Result<Value> {
    if rule["RuleName"] == "Default" {
        return Ok(json!([]));
    }
    let resource = json!({"ResourceARN": rule["RuleARN"]});
    let member = "Tags";
    let tags = client.pages("/ListTagsForResource", resource, member, usize::MAX);
    Ok(tags.await?.into())
}

/// Creates the rule, or changes what was given of the one that is there.
async fn put(client: &Client, put: &Put) -> anyhow::Result<Value> {
    let (mut body, existing) = body_of(client, put).await?;
    let tags: Vec<Value> = put
        .tags
        .iter()
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect();
    let Some(existing) = existing else {
        if !tags.is_empty() {
            body["Tags"] = tags.into();
        }
        return client.xray("/CreateSamplingRule", body).await;
    };
    let record = client.xray("/UpdateSamplingRule", body).await?;
    if !tags.is_empty() {
        let tags = json!({"ResourceARN": existing["RuleARN"], "Tags": tags});
        client
            .xray("/TagResource", tags)
            .await
            .context("the rule was changed, but not tagged")?;
    }
    Ok(record)
}

/// The body of the call that makes or changes the rule, and the rule as it is, if there is one.
async fn body_of(client: &Client, put: &Put) -> anyhow::Result<(Value, Option<Value>)> {
    let mut records = records(client).await?;
    let mut rules = records
        .iter_mut()
        .map(|record| record["SamplingRule"].take());
    let existing = rules.find(|rule| rule["RuleName"] == put.name);
    let member = match existing {
        Some(_) => "SamplingRuleUpdate",
        None => "SamplingRule",
    };
    let rule = rule_of(put, existing.as_ref());
    Ok((json!({member: rule}), existing))
}

fn rule_of(put: &Put, existing: Option<&Value>) -> Value {
    let mut rule = match existing {
        // An update without a boost takes it away.
        Some(existing) => match &existing["SamplingRateBoost"] {
            Value::Null => json!({}),
            boost => json!({"SamplingRateBoost": boost}),
        },
        None => json!({
            "FixedRate": 0.05, "ReservoirSize": 1, "Priority": 1000, "ServiceName": "*", "ServiceType": "*", "Host": "*",
            "HTTPMethod": "*", "URLPath": "*", "ResourceARN": "*", "Version": 1,
        }),
    };
    rule["RuleName"] = json!(put.name);
    let given = [
        ("FixedRate", put.rate.map(Value::from)),
        ("ReservoirSize", put.reservoir.map(Value::from)),
        ("Priority", put.priority.map(Value::from)),
        ("ServiceName", put.service.clone().map(Value::from)),
        ("ServiceType", put.service_type.clone().map(Value::from)),
        ("Host", put.host.clone().map(Value::from)),
        ("HTTPMethod", put.method.clone().map(Value::from)),
        ("URLPath", put.path.clone().map(Value::from)),
        ("ResourceARN", put.resource_arn.clone().map(Value::from)),
    ];
    for (member, value) in given {
        if let Some(value) = value {
            rule[member] = value;
        }
    }
    if !put.attributes.is_empty() {
        rule["Attributes"] = put.attributes.iter().cloned().collect();
    }
    if let Some(rate) = put.boost {
        let cooldown = put.boost_cooldown;
        rule["SamplingRateBoost"] = json!({"MaxRate": rate, "CooldownWindowMinutes": cooldown});
    } else if put.no_boost {
        rule["SamplingRateBoost"] = Value::Null;
    }
    rule
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_keeps_the_boost_unless_told_otherwise() {
        let put = |change: fn(&mut Put)| {
            let mut put = Put {
                name: "shop".to_owned(),
                rate: Some(0.5),
                ..Put::default()
            };
            change(&mut put);
            put
        };
        let boost = json!({"MaxRate": 0.5, "CooldownWindowMinutes": 1});
        let existing = json!({"RuleName": "shop", "SamplingRateBoost": boost});
        let same = rule_of(&put(|_| {}), Some(&existing));
        assert_eq!(
            same,
            json!({"RuleName": "shop", "FixedRate": 0.5, "SamplingRateBoost": boost})
        );
        let none = rule_of(&put(|put| put.no_boost = true), Some(&existing));
        assert_eq!(none["SamplingRateBoost"], Value::Null);
        let other = put(|put| {
            put.boost = Some(0.9);
            put.boost_cooldown = 3;
            put.attributes = vec![("x-a".to_owned(), "b*".to_owned())];
        });
        let other = rule_of(&other, None);
        assert_eq!(
            other["SamplingRateBoost"],
            json!({"MaxRate": 0.9, "CooldownWindowMinutes": 3})
        );
        assert_eq!(
            (&other["Attributes"], &other["Version"]),
            (&json!({"x-a": "b*"}), &json!(1))
        );
    }
}
