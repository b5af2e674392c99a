//! Operations on tags.

use std::collections::BTreeMap;

use fluoro_gateway::Gateway;
use fluoro_gateway::management::Taggable;
use fluoro_wire::json_input::JsonInput;
use serde::Serialize;

use super::{Answer, no_content, ok};
use crate::error::answer;
use crate::input::{self, Input};

#[derive(Debug, Serialize)]
struct TagsOutput {
    tags: BTreeMap<String, String>,
}

pub(super) async fn get(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let of = Taggable::parse(input.label("arn")).map_err(answer)?;
    let tags = gateway.tags(input.region, &of).await.map_err(answer)?;
    ok(&TagsOutput { tags }, input)
}

pub(super) async fn add(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let of = Taggable::parse(input.label("arn")).map_err(answer)?;
    let members = input.members()?;
    let added = input::texts(&JsonInput::new(&members), "tags")?;
    gateway
        .change_tags(input.region, &of, &added, &[])
        .await
        .map_err(answer)?;
    no_content(input)
}

pub(super) async fn remove(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let of = Taggable::parse(input.label("arn")).map_err(answer)?;
    let removed: Vec<String> = input.all("tagKeys").map(str::to_owned).collect();
    gateway
        .change_tags(input.region, &of, &BTreeMap::new(), &removed)
        .await
        .map_err(answer)?;
    no_content(input)
}
