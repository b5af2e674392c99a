//! Tables, through the server, which forwards to the DynamoDB-compatible one behind it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Change, Context, Made};
use crate::StackError;
use crate::client::{About, Client, unless_absent};
use crate::items::Item;
use crate::properties::Properties;

const POLL: Duration = Duration::from_millis(100);
const POLLS: usize = 300;

async fn dynamodb(
    client: &Client,
    operation: &'static str,
    name: &str,
    body: Value,
) -> Result<Option<Value>, StackError> {
    let answer = client
        .target("dynamodb", &format!("DynamoDB_20120810.{operation}"), &body)
        .await?;
    let is_absent = |code: &str| code == "ResourceNotFoundException";
    let subject = name;
    unless_absent(answer, is_absent, About { operation, subject })
}

/// A table as the template wants it.
pub(super) struct Wanted {
    name: Option<String>,
    key: String,
    /// `S`, `N` or `B`.
    key_type: &'static str,
    /// On demand when there is none.
    throughput: Option<Value>,
}

impl Wanted {
    pub(super) fn read(place: &str, properties: Value) -> Result<Self, StackError> {
        let mut properties = Properties::new(place, properties)?;
        let name = properties.text("TableName")?;
        let (mut key, mut key_type) = ("id".to_owned(), "S");
        if let Some(mut primary) = properties.inner("PrimaryKey")? {
            key = primary.required("Name")?;
            key_type = match primary.required("Type")?.as_str() {
                "String" => "S",
                "Number" => "N",
                "Binary" => "B",
                other => {
                    return Err(StackError::invalid(
                        primary.place("Type"),
                        format!("String, Number or Binary, not {other}"),
                    ));
                }
            };
            primary.finish()?;
        }
        let mut throughput = None;
        if let Some(mut provisioned) = properties.inner("ProvisionedThroughput")? {
            let read = provisioned.number("ReadCapacityUnits")?.unwrap_or(1);
            let write = provisioned.number("WriteCapacityUnits")?.unwrap_or(1);
            provisioned.finish()?;
            throughput = Some(json!({"ReadCapacityUnits": read, "WriteCapacityUnits": write}));
        }
        properties.finish()?;
        Ok(Self {
            name,
            key,
            key_type,
            throughput,
        })
    }
}

pub(super) async fn apply(
    context: &Context<'_>,
    item: &Item,
    wanted: Wanted,
) -> Result<Made, StackError> {
    let Wanted {
        name,
        key,
        key_type,
        throughput,
    } = wanted;
    let is_given = name.is_some();
    let name = context.name(name, &item.logical_id, 255);
    let client = context.client;
    let named = json!({"TableName": name});
    let found = dynamodb(client, "DescribeTable", &name, named.clone()).await?;
    let change = match found {
        Some(found) => {
            context.may_take(item, &name, is_given)?;
            same_key(&item.place, &name, &found["Table"], &key, key_type)?;
            match billing_change(&found["Table"], throughput.as_ref()) {
                Some(mut body) => {
                    body["TableName"] = json!(name);
                    dynamodb(client, "UpdateTable", &name, body).await?;
                    Change::Updated
                }
                None => Change::Unchanged,
            }
        }
        None => {
            let mut body = json!({
                "TableName": name,
                "AttributeDefinitions": [{"AttributeName": key, "AttributeType": key_type}],
                "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
            });
            match throughput {
                Some(throughput) => body["ProvisionedThroughput"] = throughput,
                None => body["BillingMode"] = json!("PAY_PER_REQUEST"),
            }
            dynamodb(client, "CreateTable", &name, body).await?;
            Change::Created
        }
    };
    for _ in 0..POLLS {
        let found = dynamodb(client, "DescribeTable", &name, named.clone())
            .await?
            .unwrap_or_default();
        if found["Table"]["TableStatus"] == "ACTIVE" {
            let arn = format!(
                "arn:aws:dynamodb:{}:{}:table/{name}",
                context.region, context.account
            );
            return Ok(Made::new(change, &name).with("Arn", arn));
        }
        tokio::time::sleep(POLL).await;
    }
    Err(StackError::invalid(
        &item.place,
        format!("table {name} does not become active"),
    ))
}

/// A table's key cannot change, and a table with another key is another table.
fn same_key(
    place: &str,
    name: &str,
    found: &Value,
    key: &str,
    key_type: &str,
) -> Result<(), StackError> {
    let has_key = &found["KeySchema"][0]["AttributeName"];
    let definitions = found["AttributeDefinitions"].as_array();
    let has_type = definitions
        .into_iter()
        .flatten()
        .find(|one| one["AttributeName"] == *has_key);
    let has_type = has_type.map_or(&Value::Null, |one| &one["AttributeType"]);
    if *has_key == key && *has_type == key_type {
        return Ok(());
    }
    let problem = format!(
        "the key of table {name} is {has_key} of type {has_type} and cannot become {key} of type {key_type}; \
         rename the table"
    );
    Err(StackError::invalid(place, problem))
}

/// What UpdateTable must say for the table to have this throughput, or none.
fn billing_change(found: &Value, throughput: Option<&Value>) -> Option<Value> {
    let on_demand = found["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST";
    let Some(throughput) = throughput else {
        return (!on_demand).then(|| json!({"BillingMode": "PAY_PER_REQUEST"}));
    };
    let has = &found["ProvisionedThroughput"];
    let same = ["ReadCapacityUnits", "WriteCapacityUnits"]
        .iter()
        .all(|unit| has[unit] == throughput[unit]);
    (on_demand || !same)
        .then(|| json!({"BillingMode": "PROVISIONED", "ProvisionedThroughput": throughput}))
}

/// Deletes a table and waits until it is gone: one that is being deleted can neither be used nor made again.
pub(super) async fn remove(client: &Client, name: &str) -> Result<(), StackError> {
    let named = json!({"TableName": name});
    dynamodb(client, "DeleteTable", name, named.clone()).await?;
    for _ in 0..POLLS {
        let found = dynamodb(client, "DescribeTable", name, named.clone()).await?;
        if found.is_none() {
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
    }
    Err(StackError::invalid(
        format!("table {name}"),
        "was deleted and does not go away",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_updated_only_where_it_differs() {
        let on_demand = json!({"BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}});
        let units = json!({"ReadCapacityUnits": 2, "WriteCapacityUnits": 1});
        let provisioned = json!({"ProvisionedThroughput": units});
        assert_eq!(billing_change(&on_demand, None), None);
        assert_eq!(billing_change(&provisioned, Some(&units)), None);
        assert_eq!(
            billing_change(&provisioned, None),
            Some(json!({"BillingMode": "PAY_PER_REQUEST"}))
        );
        assert_eq!(
            billing_change(&on_demand, Some(&units)),
            Some(json!({"BillingMode": "PROVISIONED", "ProvisionedThroughput": units}))
        );
    }

    #[test]
    fn a_key_cannot_change() {
        let found = json!({
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        });
        same_key("T", "orders", &found, "id", "S").unwrap();
        let error = same_key("T", "orders", &found, "id", "N").unwrap_err();
        assert!(error.to_string().ends_with("rename the table"), "{error}");
    }
}
