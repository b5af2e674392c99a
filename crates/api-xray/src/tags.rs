//! TagResource, UntagResource, ListTagsForResource: tags of groups and of sampling rules.

use std::collections::BTreeMap;

use fluoro_query::groups::Selector;
use fluoro_wire::json_input::{JsonInput, as_text};
use fluoro_wire::{Call, Constraints, JsonError};
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, Nothing, to_answer};
use crate::error::XRayError;
use crate::groups::scope_of;
use crate::input::as_element;
use crate::service::XRay;

/// What one resource is tagged with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Tags(BTreeMap<String, String>);

/// Tags as they came.
#[derive(Debug, Default)]
pub(crate) struct TagsInput<'a>(Vec<(Option<&'a str>, Option<&'a str>)>);

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListTagsForResourceOutput<'a> {
    next_token: Option<String>,
    tags: Vec<TagOutput<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct TagOutput<'a> {
    key: &'a str,
    value: &'a str,
}

/// A resource has so many tags at most (X-Ray endpoints and quotas; recorded).
const TAG_LIMIT: usize = 50;

impl XRay {
    pub(crate) async fn tag_resource(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let arn = input.text("ResourceARN")?;
        let list = input.value("Tags").is_some();
        let given = TagsInput::read(input)?;
        let mut constraints = Constraints::new();
        let arn = required_arn(arn, &mut constraints);
        constraints.required("tags", list.then_some(()));
        given.check(&mut constraints);
        constraints.finish()?;
        self.check_exists(call, arn)?;
        let tags = &self.parts.records.tags;
        tags.change(arn, |before| {
            before.unwrap_or_default().merged(given).map(Some)
        })
        .await?;
        Ok(to_answer(&Nothing {}))
    }

    pub(crate) async fn untag_resource(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let arn = input.text("ResourceARN")?;
        let keys = input.list("TagKeys", as_text)?;
        let mut constraints = Constraints::new();
        let arn = required_arn(arn, &mut constraints);
        let keys = constraints.required("tagKeys", keys).unwrap_or_default();
        constraints.length("tagKeys", &shown(&keys), keys.len(), ..=200);
        for (key, place) in keys.iter().zip(1..) {
            constraints.text(&format!("tagKeys.{place}.member"), key, 1..=128);
        }
        constraints.finish()?;
        self.check_exists(call, arn)?;
        if keys.iter().any(|key| is_reserved(key)) {
            return Err(reserved());
        }
        let tags = &self.parts.records.tags;
        tags.change(arn, |before| Ok(before.map(|tags| tags.without(&keys))))
            .await?;
        Ok(to_answer(&Nothing {}))
    }

    /// All tags at once; a token is ignored, as the service does (recorded).
    pub(crate) fn list_tags_for_resource(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let arn = input.text("ResourceARN")?;
        input.text("NextToken")?;
        let mut constraints = Constraints::new();
        let arn = required_arn(arn, &mut constraints);
        constraints.finish()?;
        self.check_exists(call, arn)?;
        let tags = self.parts.records.tags.get(arn).unwrap_or_default();
        Ok(to_answer(&ListTagsForResourceOutput {
            next_token: None,
            tags: tags
                .0
                .iter()
                .map(|(key, value)| TagOutput { key, value })
                .collect(),
        }))
    }

    /// What a resource that was just made has, or none any more that was deleted.
    pub(crate) async fn set_tags(&self, arn: &str, tags: Tags) -> Result<(), XRayError> {
        let tags = (!tags.0.is_empty()).then_some(tags);
        self.parts.records.tags.change(arn, |_| Ok(tags)).await?;
        Ok(())
    }

    fn check_exists(&self, call: &Call, arn: &str) -> Result<(), XRayError> {
        let rules = &self.parts.rules;
        let is_there = match arn.strip_prefix(&rules.arn_prefix(&call.region)) {
            Some(rule) => rules
                .sampling()
                .with_book(&call.region.0, |book| book.knows(rule)),
            None => {
                let selector = Selector::Arn(arn.to_owned());
                let group = self.parts.groups.find(&scope_of(call), &selector);
                group.is_some()
            }
        };
        if is_there {
            return Ok(());
        }
        Err(XRayError::NotFound {
            message: format!("Resource {arn} not found"),
            resource: arn.to_owned(),
        })
    }
}

// === impl Tags ===

impl Tags {
    /// With more tags, each in place of the one with its key.
    pub(crate) fn merged(mut self, given: TagsInput<'_>) -> Result<Self, XRayError> {
        let mut keys: Vec<&str> = Vec::with_capacity(given.0.len());
        for (key, value) in given.0 {
            let (key, value) = (key.unwrap_or_default(), value.unwrap_or_default());
            if is_reserved(key) {
                return Err(reserved());
            }
            if let Some(bad) = [key, value].into_iter().find(|text| !is_plain(text)) {
                return Err(XRayError::invalid(format!(
                    "Tag keys and values may have letters, digits, spaces and _ . : / = + - @ only: {bad}"
                )));
            }
            // A fault of the real service's own (recorded).
            if keys.contains(&key) {
                return Err(JsonError::internal_failure().into());
            }
            keys.push(key);
            self.0.insert(key.to_owned(), value.to_owned());
        }
        if self.0.len() > TAG_LIMIT {
            return Err(XRayError::invalid(format!(
                "The resultant tag set must not have more than {TAG_LIMIT} user tags."
            )));
        }
        Ok(self)
    }

    /// Each tag.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let tags = self.0.iter();
        tags.map(|(key, value)| (key.as_str(), value.as_str()))
    }

    fn without(mut self, keys: &[&str]) -> Self {
        self.0.retain(|key, _| !keys.contains(&key.as_str()));
        self
    }
}

// === impl TagsInput ===

impl<'a> TagsInput<'a> {
    pub(crate) fn read(input: JsonInput<'a>) -> Result<Self, JsonError> {
        let tags = input.list("Tags", |tag| {
            let tag = as_element(tag)?;
            Ok((tag.text("Key")?, tag.text("Value")?))
        });
        Ok(Self(tags?.unwrap_or_default()))
    }

    pub(crate) fn check(&self, constraints: &mut Constraints) {
        let keys: Vec<&str> = self.0.iter().filter_map(|(key, _)| *key).collect();
        constraints.length("tags", &shown(&keys), self.0.len(), ..=200);
        for ((key, value), place) in self.0.iter().zip(1..) {
            let path = |member: &str| format!("tags.{place}.member.{member}");
            if let Some(key) = constraints.required(&path("key"), *key) {
                constraints.text(&path("key"), key, 1..=128);
            }
            if let Some(value) = constraints.required(&path("value"), *value) {
                constraints.text(&path("value"), value, ..=256);
            }
        }
    }

    /// Each tag that has both parts: for judging the caller, before the input is checked.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(|(key, value)| key.zip(*value))
    }
}

fn required_arn<'a>(arn: Option<&'a str>, constraints: &mut Constraints) -> &'a str {
    let arn = constraints.required("resourceARN", arn);
    if let Some(arn) = arn {
        constraints.text("resourceARN", arn, 1..=1011);
    }
    arn.unwrap_or_default()
}

fn shown(keys: &[&str]) -> String {
    format!("[{}]", keys.join(", "))
}

fn is_plain(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c))
}

fn is_reserved(key: &str) -> bool {
    let prefix = key.as_bytes().get(..4);
    prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(b"aws:"))
}

/// Recorded.
fn reserved() -> XRayError {
    XRayError::invalid("Caller is an end user and not allowed to mutate system tags")
}
