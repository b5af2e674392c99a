//! The `aws` block: what a call to AWS names, and on segments what the service runs on.

use fluoro_model::document::{Aws, Object};
use serde_json::Value as Json;

use crate::Malformed;
use crate::facts;
use crate::json::{Open, list, object, text};
use crate::message::{Value, elements};
use crate::names::{Attributes, Slot};
use crate::service::Service;

/// Texts of a call, and the field of each. Source: the fields that the X-Ray SDKs record, which name the nodes of the map.
const TEXTS: [(Slot, &str); 10] = [
    (Slot::Region, "region"),
    (Slot::RequestId, "request_id"),
    (Slot::ExtendedRequestId, "id_2"),
    (Slot::QueueUrl, "queue_url"),
    (Slot::TableName, "table_name"),
    (Slot::Bucket, "bucket_name"),
    (Slot::BucketKey, "key"),
    (Slot::Topic, "topic_arn"),
    (Slot::FunctionName, "function_name"),
    (Slot::Stream, "stream_name"),
];

/// Whether the span is a call that an AWS SDK made.
pub(crate) fn is_call(attributes: &Attributes<'_, '_>) -> bool {
    attributes.text(Slot::RpcSystem) == Some("aws-api")
        || attributes.text(Slot::AwsService).is_some()
}

/// The two halves of a method that names its service, too: `DynamoDB/PutItem`.
pub(crate) fn halves(method: &str) -> Option<(&str, &str)> {
    method.split_once('/').or_else(|| method.split_once('.'))
}

/// Writes the block, and gives it back. `service` is told on segments.
pub(crate) fn write(
    service: Option<&Service<'_>>,
    attributes: &mut Attributes<'_, '_>,
    open: &mut Open,
    out: &mut Vec<u8>,
) -> Result<Option<Aws>, Malformed> {
    let (mut block, mut facts) = (Vec::new(), Object::default());
    let into = &mut block;
    let mut members = object(into);
    let account = attributes.take_text(Slot::Account);
    let account = account.or_else(|| service?.account());
    facts::free_text(&mut members, into, &mut facts, "account_id", account);
    let operation = operation(attributes);
    facts::free_text(&mut members, into, &mut facts, "operation", operation);
    for (slot, key) in TEXTS {
        let value = attributes.take_text(slot);
        facts::free_text(&mut members, into, &mut facts, key, value);
    }
    if let Some(retries) = attributes.take_integer(Slot::Retries) {
        members.integer(into, "retries", retries);
        facts.insert("retries", Json::from(retries));
    }
    tables(attributes, &mut members, into, &mut facts)?;
    if let Some(service) = service {
        service.write_aws(&mut members, into, &mut facts)?;
    }
    members.close(into);
    if facts.is_empty() {
        return Ok(None);
    }
    open.plain_key(out, "aws");
    out.extend_from_slice(&block);
    Ok(Some(Aws(facts)))
}

fn operation<'a>(attributes: &mut Attributes<'_, 'a>) -> Option<&'a str> {
    if let Some(operation) = attributes.take_text(Slot::Operation) {
        return Some(operation);
    }
    if !is_call(attributes) {
        return None;
    }
    let method = attributes.text(Slot::RpcMethod)?;
    if let Some((_, operation)) = halves(method) {
        return Some(operation);
    }
    attributes.hold(Slot::RpcMethod);
    Some(method)
}

/// The tables of a call: one table's name is a field that names a node.
fn tables(
    attributes: &mut Attributes<'_, '_>,
    members: &mut Open,
    out: &mut Vec<u8>,
    facts: &mut Object,
) -> Result<(), Malformed> {
    if facts.get("table_name").is_some() {
        return Ok(());
    }
    let mut names = Vec::new();
    let mut only_texts = true;
    match attributes.value(Slot::TableNames) {
        Some(Value::Text(name)) => names.push(name),
        Some(Value::List(message)) => elements(message, |element| {
            match element.text() {
                Some(name) => names.push(name),
                None => only_texts = false,
            }
            Ok(())
        })?,
        _ => return Ok(()),
    }
    if !only_texts {
        return Ok(());
    }
    match names[..] {
        [] => {}
        [name] => {
            attributes.hold(Slot::TableNames);
            facts::free_text(members, out, facts, "table_name", Some(name));
        }
        _ => {
            attributes.hold(Slot::TableNames);
            members.plain_key(out, "table_names");
            let mut open = list(out);
            for name in &names {
                open.next(out);
                text(out, name);
            }
            open.close(out);
            facts.insert("table_names", Json::from(names));
        }
    }
    Ok(())
}
