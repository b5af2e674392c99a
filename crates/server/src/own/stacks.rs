//! `stacks`: what `fluoro up` deployed, one JSON document a stack, kept for the next `up` and for `down`.

use std::collections::BTreeMap;
use std::sync::Arc;

use fluoro_store::catalog::{Catalog, CatalogError, Expect, Table};
use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::Value;

use super::read_body;
use super::reply::{Problem, Reply};
use crate::body::Body;

/// The longest record, in bytes.
const RECORD_LIMIT: usize = 256 * 1024;

/// The records of deployed stacks.
pub(crate) type StackRecords = Table<Value>;

/// Answers below `/_fluoro/stacks`.
pub(super) struct Stacks<'o>(pub(super) &'o StackRecords);

/// The table in `catalog`.
pub(crate) fn records(catalog: &Arc<dyn Catalog>) -> StackRecords {
    Table::new(Arc::clone(catalog), "stacks/")
}

impl Stacks<'_> {
    pub(super) async fn answer(
        &self,
        method: &Method,
        path: &[&str],
        head: &Parts,
        body: Body,
    ) -> Result<Reply, Problem> {
        match path {
            [] if method == Method::GET => self.list().await,
            [] => Err(Problem::method(method, "GET")),
            [name] => {
                let name = valid_name(name)?;
                match *method {
                    Method::GET => self.get(name).await,
                    Method::PUT => self.put(name, head, body).await,
                    Method::DELETE => self.delete(name).await,
                    _ => Err(Problem::method(method, "GET, PUT or DELETE")),
                }
            }
            _ => Err(Problem::nowhere(head.uri.path())),
        }
    }

    async fn list(&self) -> Result<Reply, Problem> {
        let records = self.0.scan("").await.map_err(failed)?;
        let by_name: BTreeMap<String, Value> = records
            .into_iter()
            .map(|(name, record)| (name, record.value))
            .collect();
        Ok(Reply::json(&serde_json::json!({ "stacks": by_name })))
    }

    async fn get(&self, name: &str) -> Result<Reply, Problem> {
        let record = self.0.get(name).await.map_err(failed)?;
        record.map_or_else(
            || Err(unknown(name)),
            |record| Ok(Reply::json(&record.value)),
        )
    }

    async fn put(&self, name: &str, head: &Parts, body: Body) -> Result<Reply, Problem> {
        let bytes = read_body(head, body, RECORD_LIMIT).await?;
        let record: Value = serde_json::from_slice(&bytes)
            .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "BadBody", error))?;
        let written = self.0.put(name, &record, Expect::Anything).await;
        written.map_err(failed)?;
        Ok(Reply::nothing())
    }

    async fn delete(&self, name: &str) -> Result<Reply, Problem> {
        let found = self
            .0
            .delete(name, Expect::Anything)
            .await
            .map_err(failed)?;
        if found {
            Ok(Reply::nothing())
        } else {
            Err(unknown(name))
        }
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
