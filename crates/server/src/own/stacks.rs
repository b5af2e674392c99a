//! `stacks`: what `fluoro up` deployed, one JSON document a stack, kept for the next `up` and for `down`.

use std::collections::BTreeMap;
use std::sync::Arc;

use fluoro_store::catalog::{Catalog, CatalogError, Expect, Table};
use http::StatusCode;
use http::request::Parts;
use serde::Serialize;
use serde_json::Value;

use super::read_body;
use super::reply::{Problem, Reply};
use crate::body::Body;

/// The longest record, in bytes.
const RECORD_LIMIT: usize = 256 * 1024;

/// The records of deployed stacks.
pub(crate) type StackRecords = Table<Value>;

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Stacks"))]
pub(super) struct ListStacks {
    stacks: BTreeMap<String, Value>,
}

/// The table in `catalog`.
pub(crate) fn records(catalog: &Arc<dyn Catalog>) -> StackRecords {
    Table::new(Arc::clone(catalog), "stacks/")
}

pub(super) async fn list(stacks: &StackRecords) -> Result<Reply, Problem> {
    let records = stacks.scan("").await.map_err(failed)?;
    let stacks = records
        .into_iter()
        .map(|(name, record)| (name, record.value));
    Ok(Reply::json(&ListStacks {
        stacks: stacks.collect(),
    }))
}

pub(super) async fn get(stacks: &StackRecords, name: &str) -> Result<Reply, Problem> {
    let name = valid_name(name)?;
    let record = stacks.get(name).await.map_err(failed)?;
    record.map_or_else(
        || Err(unknown(name)),
        |record| Ok(Reply::json(&record.value)),
    )
}

pub(super) async fn put(
    stacks: &StackRecords,
    name: &str,
    head: &Parts,
    body: Body,
) -> Result<Reply, Problem> {
    let name = valid_name(name)?;
    let bytes = read_body(head, body, RECORD_LIMIT).await?;
    let record: Value = serde_json::from_slice(&bytes)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "BadBody", error))?;
    let written = stacks.put(name, &record, Expect::Anything).await;
    written.map_err(failed)?;
    Ok(Reply::nothing())
}

pub(super) async fn delete(stacks: &StackRecords, name: &str) -> Result<Reply, Problem> {
    let name = valid_name(name)?;
    let found = stacks
        .delete(name, Expect::Anything)
        .await
        .map_err(failed)?;
    if found {
        Ok(Reply::nothing())
    } else {
        Err(unknown(name))
    }
}

/// Source: CloudFormation API reference, CreateStack: `[a-zA-Z][-a-zA-Z0-9]*`, at most 128 characters.
fn valid_name(name: &str) -> Result<&str, Problem> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let begins = name.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    if begins && name.len() <= 128 && name.bytes().all(plain) {
        return Ok(name);
    }
    let message = format!("{name:?} is no stack name: a letter, then letters, digits and hyphens");
    Err(Problem::new(StatusCode::BAD_REQUEST, "BadName", message))
}

fn unknown(name: &str) -> Problem {
    let message = format!("there is no stack {name:?}: fluoro up TEMPLATE makes one");
    Problem::new(StatusCode::NOT_FOUND, "NotFound", message)
}

fn failed(error: CatalogError) -> Problem {
    Problem::failed("failed to reach the record of a stack", &error)
}
