//! Queues, through the server, which forwards to the SQS-compatible one behind it.

use serde_json::{Map, Value, json};

use super::{Change, Context, Made, mark};
use crate::StackError;
use crate::client::{About, Client, unless_absent};
use crate::items::Item;
use crate::properties::Properties;

async fn sqs(
    client: &Client,
    operation: &'static str,
    name: &str,
    body: Value,
) -> Result<Option<Value>, StackError> {
    let answer = client
        .target("sqs", &format!("AmazonSQS.{operation}"), &body)
        .await?;
    let is_absent =
        |code: &str| code.contains("NonExistentQueue") || code.contains("QueueDoesNotExist");
    let subject = name;
    unless_absent(answer, is_absent, About { operation, subject })
}

/// The attributes that a template may give to a queue, which it calls as SQS does.
const ATTRIBUTES: [&str; 7] = [
    "VisibilityTimeout",
    "DelaySeconds",
    "MessageRetentionPeriod",
    "MaximumMessageSize",
    "ReceiveMessageWaitTimeSeconds",
    "FifoQueue",
    "ContentBasedDeduplication",
];

/// A queue as the template wants it.
pub(super) struct Wanted {
    name: Option<String>,
    attributes: Map<String, Value>,
}

impl Wanted {
    pub(super) fn read(place: &str, properties: Value) -> Result<Self, StackError> {
        let mut properties = Properties::new(place, properties)?;
        let name = properties.text("QueueName")?;
        let mut attributes = Map::new();
        for attribute in ATTRIBUTES {
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

pub(super) async fn apply(
    context: &Context<'_>,
    item: &Item,
    wanted: Wanted,
) -> Result<Made, StackError> {
    let Wanted { name, attributes } = wanted;
    let is_given = name.is_some();
    let name = context.name(name, &item.logical_id, 80);
    let mark = mark(&json!([name, attributes]));
    let client = context.client;
    let named = json!({"QueueName": name});
    let (answer, change) = match sqs(client, "GetQueueUrl", &name, named).await? {
        Some(found) => {
            let url = found["QueueUrl"].as_str().unwrap_or_default();
            context.may_take(item, &name, is_given)?;
            if context.is_as_before(item, &mark) {
                (found, Change::Unchanged)
            } else {
                let body = json!({"QueueUrl": url, "Attributes": settable(&attributes)});
                sqs(client, "SetQueueAttributes", &name, body).await?;
                (found, Change::Updated)
            }
        }
        None => {
            let body = json!({"QueueName": name, "Attributes": attributes});
            let made = sqs(client, "CreateQueue", &name, body).await?;
            (made.unwrap_or_default(), Change::Created)
        }
    };
    let url = answer["QueueUrl"].as_str().unwrap_or_default().to_owned();
    let arn = format!("arn:aws:sqs:{}:{}:{name}", context.region, context.account);
    // Known by its name: the URL has the address at which the server was asked.
    let mut made = Made::new(change, &name)
        .with("Arn", arn)
        .with("QueueName", name)
        .with("QueueUrl", url.clone())
        .marked(mark);
    made.reference = url;
    Ok(made)
}

/// The attributes as an existing queue takes them: all but the one that it was born with, absent ones as SQS's defaults.
/// Source: SQS API reference, SetQueueAttributes.
fn settable(attributes: &Map<String, Value>) -> Map<String, Value> {
    let defaults = [
        ("VisibilityTimeout", "30"),
        ("DelaySeconds", "0"),
        ("MessageRetentionPeriod", "345600"),
        ("ReceiveMessageWaitTimeSeconds", "0"),
    ];
    let defaults = defaults.map(|(name, value)| (name.to_owned(), Value::from(value)));
    let given = attributes.iter().filter(|(name, _)| *name != "FifoQueue");
    let given = given.map(|(name, value)| (name.clone(), value.clone()));
    defaults.into_iter().chain(given).collect()
}

pub(super) async fn remove(client: &Client, name: &str) -> Result<(), StackError> {
    let named = json!({"QueueName": name});
    let Some(found) = sqs(client, "GetQueueUrl", name, named).await? else {
        return Ok(());
    };
    let body = json!({"QueueUrl": found["QueueUrl"]});
    sqs(client, "DeleteQueue", name, body).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_that_left_the_template_has_its_default_again() {
        let given = json!({"DelaySeconds": "5", "FifoQueue": "true"});
        let settable = settable(given.as_object().unwrap());
        assert_eq!(settable["DelaySeconds"], "5");
        assert_eq!(settable["VisibilityTimeout"], "30");
        assert!(!settable.contains_key("FifoQueue"));
    }
}
