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

pub(super) async fn table(
    context: &Context<'_>,
    item: &Item,
    properties: Value,
) -> Result<Made, StackError> {
    let mut properties = Properties::new(&item.place, properties)?;
    let name = context.name(properties.text("TableName")?, &item.logical_id, 255);
    let (mut key, mut kind) = ("id".to_owned(), "S");
    if let Some(mut primary) = properties.inner("PrimaryKey")? {
        key = primary.required("Name")?;
        kind = match primary.required("Type")?.as_str() {
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
        let (read, write) = (
            provisioned.number("ReadCapacityUnits")?,
            provisioned.number("WriteCapacityUnits")?,
        );
        provisioned.finish()?;
        throughput = Some(
            json!({"ReadCapacityUnits": read.unwrap_or(1), "WriteCapacityUnits": write.unwrap_or(1)}),
        );
    }
    properties.finish()?;

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
                "AttributeDefinitions": [{"AttributeName": key, "AttributeType": kind}],
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

pub(super) async fn queue(
    context: &Context<'_>,
    item: &Item,
    properties: Value,
) -> Result<Made, StackError> {
    let mut properties = Properties::new(&item.place, properties)?;
    let name = context.name(properties.text("QueueName")?, &item.logical_id, 80);
    let mut attributes = Map::new();
    for (member, attribute) in [
        ("VisibilityTimeout", "VisibilityTimeout"),
        ("DelaySeconds", "DelaySeconds"),
        ("MessageRetentionPeriod", "MessageRetentionPeriod"),
        ("MaximumMessageSize", "MaximumMessageSize"),
        (
            "ReceiveMessageWaitTimeSeconds",
            "ReceiveMessageWaitTimeSeconds",
        ),
        ("FifoQueue", "FifoQueue"),
        ("ContentBasedDeduplication", "ContentBasedDeduplication"),
    ] {
        attributes.extend(
            properties
                .text(member)?
                .map(|value| (attribute.to_owned(), Value::String(value))),
        );
    }
    attributes.extend(properties.take("RedrivePolicy").map(|policy| {
        (
            "RedrivePolicy".to_owned(),
            Value::String(policy.to_string()),
        )
    }));
    properties.finish()?;

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

pub(super) async fn sampling_rule(
    context: &Context<'_>,
    item: &Item,
    properties: Value,
) -> Result<Made, StackError> {
    let mut properties = Properties::new(&item.place, properties)?;
    let Some(Value::Object(mut rule)) = properties.take("SamplingRule") else {
        return Err(StackError::invalid(&item.place, "SamplingRule is missing"));
    };
    properties.finish()?;
    let name = rule.get("RuleName").and_then(text);
    let name = context.name(name, &item.logical_id, 32);
    rule.insert("RuleName".to_owned(), json!(name));
    for number in ["Priority", "FixedRate", "ReservoirSize", "Version"] {
        if let Some(Value::String(written)) = rule.get(number)
            && let Ok(parsed) = written.parse::<serde_json::Number>()
        {
            rule.insert(number.to_owned(), Value::Number(parsed));
        }
    }
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
