//! Tables and queues (through the server, which forwards to the ones behind it), and sampling rules.

use std::time::Duration;

use http::Method;
use serde_json::{Map, Value, json};

use super::{Change, Context, Made};
use crate::StackError;
use crate::client::{About, Client};
use crate::intrinsics::text;
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
    match client
        .target("dynamodb", &format!("DynamoDB_20120810.{operation}"), &body)
        .await?
    {
        Ok(answer) => Ok(Some(answer)),
        Err(refusal) if refusal.code == "ResourceNotFoundException" => Ok(None),
        Err(refusal) => Err(refusal.into_error(About {
            operation,
            subject: name,
        })),
    }
}

/// A table as the template wants it.
pub(super) struct Table {
    name: Option<String>,
    key: String,
    /// `S`, `N` or `B`.
    key_type: &'static str,
    /// On demand when there is none.
    throughput: Option<Value>,
}

impl Table {
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

pub(super) async fn table(
    context: &Context<'_>,
    item: &Item,
    wanted: Table,
) -> Result<Made, StackError> {
    let Table {
        name,
        key,
        key_type,
        throughput,
    } = wanted;
    let name = context.name(name, &item.logical_id, 255);
    let client = context.client;
    let named = json!({"TableName": name});
    let found = dynamodb(client, "DescribeTable", &name, named.clone()).await?;
    let change = match found {
        Some(found) => {
            let has = &found["Table"]["KeySchema"][0]["AttributeName"];
            if *has != key {
                let problem = format!(
                    "the key of table {name} is {has} and cannot become {key}; rename the table"
                );
                return Err(StackError::invalid(&item.place, problem));
            }
            Change::Unchanged
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

pub(super) async fn remove_table(client: &Client, name: &str) -> Result<(), StackError> {
    dynamodb(client, "DeleteTable", name, json!({"TableName": name}))
        .await
        .map(drop)
}

async fn sqs(
    client: &Client,
    operation: &'static str,
    name: &str,
    body: Value,
) -> Result<Option<Value>, StackError> {
    match client
        .target("sqs", &format!("AmazonSQS.{operation}"), &body)
        .await?
    {
        Ok(answer) => Ok(Some(answer)),
        Err(refusal)
            if refusal.code.contains("NonExistentQueue")
                || refusal.code.contains("QueueDoesNotExist") =>
        {
            Ok(None)
        }
        Err(refusal) => Err(refusal.into_error(About {
            operation,
            subject: name,
        })),
    }
}

/// The attributes that a template may give to a queue, which it calls as SQS does.
const QUEUE_ATTRIBUTES: [&str; 7] = [
    "VisibilityTimeout",
    "DelaySeconds",
    "MessageRetentionPeriod",
    "MaximumMessageSize",
    "ReceiveMessageWaitTimeSeconds",
    "FifoQueue",
    "ContentBasedDeduplication",
];

/// A queue as the template wants it.
pub(super) struct Queue {
    name: Option<String>,
    attributes: Map<String, Value>,
}

impl Queue {
    pub(super) fn read(place: &str, properties: Value) -> Result<Self, StackError> {
        let mut properties = Properties::new(place, properties)?;
        let name = properties.text("QueueName")?;
        let mut attributes = Map::new();
        for attribute in QUEUE_ATTRIBUTES {
            if let Some(value) = properties.text(attribute)? {
                attributes.insert(attribute.to_owned(), value.into());
            }
        }
        if let Some(policy) = properties.take("RedrivePolicy") {
            attributes.insert("RedrivePolicy".to_owned(), policy.to_string().into());
        }
        properties.finish()?;
        Ok(Self { name, attributes })
    }
}

pub(super) async fn queue(
    context: &Context<'_>,
    item: &Item,
    wanted: Queue,
) -> Result<Made, StackError> {
    let Queue { name, attributes } = wanted;
    let name = context.name(name, &item.logical_id, 80);
    let client = context.client;
    let named = json!({"QueueName": name});
    let (answer, change) = match sqs(client, "GetQueueUrl", &name, named).await? {
        Some(found) => {
            let unchanging = ["FifoQueue"];
            let settable: Map<_, _> = attributes
                .into_iter()
                .filter(|(name, _)| !unchanging.contains(&name.as_str()))
                .collect();
            if !settable.is_empty() {
                let body = json!({"QueueUrl": found["QueueUrl"], "Attributes": settable});
                sqs(client, "SetQueueAttributes", &name, body).await?;
            }
            (found, Change::Unchanged)
        }
        None => {
            let body = json!({"QueueName": name, "Attributes": attributes});
            (
                sqs(client, "CreateQueue", &name, body)
                    .await?
                    .unwrap_or_default(),
                Change::Created,
            )
        }
    };
    let url = answer["QueueUrl"].as_str().unwrap_or_default().to_owned();
    let arn = format!("arn:aws:sqs:{}:{}:{name}", context.region, context.account);
    Ok(Made::new(change, &url)
        .with("Arn", arn)
        .with("QueueName", name)
        .with("QueueUrl", url.clone()))
}

pub(super) async fn remove_queue(client: &Client, url: &str) -> Result<(), StackError> {
    sqs(client, "DeleteQueue", url, json!({"QueueUrl": url}))
        .await
        .map(drop)
}

/// A sampling rule as the template wants it: the members of `SamplingRule`.
pub(super) struct Rule(Map<String, Value>);

impl Rule {
    pub(super) fn read(place: &str, properties: Value) -> Result<Self, StackError> {
        let mut properties = Properties::new(place, properties)?;
        let Some(given) = properties.inner("SamplingRule")? else {
            return Err(StackError::invalid(place, "SamplingRule is missing"));
        };
        properties.finish()?;
        let mut given = given;
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

pub(super) async fn sampling_rule(
    context: &Context<'_>,
    item: &Item,
    wanted: Rule,
) -> Result<Made, StackError> {
    let Rule(mut rule) = wanted;
    let name = context.name(rule.get("RuleName").and_then(text), &item.logical_id, 32);
    rule.insert("RuleName".to_owned(), json!(name));
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
        Err(refusal) if refusal.message.contains("already exists") => {
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
    let mut made = Made::new(change, &name).with("RuleARN", arn.clone());
    made.reference = arn;
    Ok(made)
}

pub(super) async fn remove_sampling_rule(client: &Client, name: &str) -> Result<(), StackError> {
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
