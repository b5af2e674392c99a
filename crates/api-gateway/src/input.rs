//! What a call brings: labels, query, body.

use std::collections::BTreeMap;

use fluoro_gateway::management::{PatchOp, PatchOperation};
use fluoro_wire::json_input::{self, JsonInput};
use fluoro_wire::route::Labels;
use fluoro_wire::{Call, JsonError, Region};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::error;

/// One call, ready to be read.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    pub(crate) region: &'a Region,
    pub(crate) request_id: &'a str,
    pub(crate) body: &'a [u8],
    labels: Labels,
    query: Vec<(String, String)>,
}

/// How many items a page has unless the caller says otherwise, and at most.
const PAGE: usize = 25;
const PAGE_LIMIT: usize = 500;

// === impl Input ===

impl<'a> Input<'a> {
    pub(crate) fn new(call: &'a Call, labels: Labels) -> Self {
        let query = call.head.uri.query().unwrap_or_default();
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let decode = |text: &str| {
            let spaced = text.replace('+', " ");
            percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
        };
        Self {
            region: &call.region,
            request_id: &call.request_id,
            body: &call.body,
            labels,
            query: pairs
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(name), decode(value))
                })
                .collect(),
        }
    }

    /// A part of the path.
    pub(crate) fn label(&self, name: &str) -> &str {
        self.labels.get(name)
    }

    /// A parameter of the query.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let mut values = self.all(name);
        values.next()
    }

    /// Every value of a parameter of the query.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let matching = self.query.iter().filter(move |(known, _)| known == name);
        matching.map(|(_, value)| value.as_str())
    }

    /// The names of all parameters of the query.
    pub(crate) fn query_names(&self) -> impl Iterator<Item = &str> {
        self.query.iter().map(|(name, _)| name.as_str())
    }

    pub(crate) fn members(&self) -> Result<Map<String, Value>, JsonError> {
        json_input::parse(self.body)
    }

    /// The patch operations of an Update call.
    pub(crate) fn patches(&self) -> Result<Vec<PatchOperation>, JsonError> {
        let members = self.members()?;
        let input = JsonInput::new(&members);
        let operations = input.list("patchOperations", json_input::as_structure)?;
        operations
            .unwrap_or_default()
            .into_iter()
            .map(patch)
            .collect()
    }

    /// The page of `items` that the caller asks for, and where the next one begins.
    pub(crate) fn page<T>(
        &self,
        items: Vec<T>,
        id: impl Fn(&T) -> &str,
    ) -> Result<(Vec<T>, Option<String>), JsonError> {
        let limit = match self.query("limit") {
            None => PAGE,
            Some(limit) => limit
                .parse()
                .map_err(|_| error::bad_request("Invalid limit specified"))?,
        };
        if limit == 0 || limit > PAGE_LIMIT {
            return Err(error::bad_request("Invalid limit specified"));
        }
        let start = match self.query("position") {
            None => 0,
            Some(position) => items
                .iter()
                .position(|item| id(item) == position)
                .map(|last| last + 1)
                .ok_or_else(|| error::bad_request("Invalid position parameter specified"))?,
        };
        let more = items.len() > start + limit;
        let page: Vec<T> = items.into_iter().skip(start).take(limit).collect();
        let position = page.last().filter(|_| more).map(|last| id(last).to_owned());
        Ok((page, position))
    }
}

fn patch(input: JsonInput<'_>) -> Result<PatchOperation, JsonError> {
    let op = input.text("op")?.unwrap_or_default();
    let op = PatchOp::parse(op).ok_or_else(|| {
        error::bad_request(
            "Invalid patch operation specified. Must be one of: [add, remove, replace, move, copy, test]",
        )
    })?;
    Ok(PatchOperation {
        op,
        path: input.text("path")?.unwrap_or_default().to_owned(),
        value: input.text("value")?.map(str::to_owned),
    })
}

/// A text that may be absent.
pub(crate) fn text(input: &JsonInput<'_>, name: &str) -> Result<Option<String>, JsonError> {
    Ok(input.text(name)?.map(str::to_owned))
}

/// A map of texts; absent is empty.
pub(crate) fn texts(
    input: &JsonInput<'_>,
    name: &str,
) -> Result<BTreeMap<String, String>, JsonError> {
    let pairs = input.map(name)?.unwrap_or_default().into_iter();
    Ok(pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect())
}

/// A map of booleans; absent is empty.
pub(crate) fn flags(
    input: &JsonInput<'_>,
    name: &str,
) -> Result<BTreeMap<String, bool>, JsonError> {
    let Some(value) = input.value(name) else {
        return Ok(BTreeMap::new());
    };
    let members = value
        .as_object()
        .ok_or_else(|| json_input::refusal("Expected null"))?;
    let entry = |key: &String| {
        let flag = JsonInput::new(members).flag(key)?;
        Ok((key.clone(), flag.unwrap_or_default()))
    };
    members.keys().map(entry).collect()
}

/// A list of texts; absent is empty.
pub(crate) fn list(input: &JsonInput<'_>, name: &str) -> Result<Vec<String>, JsonError> {
    let items = input.list(name, json_input::as_text)?.unwrap_or_default();
    Ok(items.into_iter().map(str::to_owned).collect())
}

/// Refuses the members of `of` that we cannot do, when they ask for something.
pub(crate) fn refuse(input: &JsonInput<'_>, of: &str, names: &[&str]) -> Result<(), JsonError> {
    let asks = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    };
    for name in names {
        if input.value(name).is_some_and(asks) {
            return Err(error::unsupported(format!("{name} of {of}")));
        }
    }
    Ok(())
}
