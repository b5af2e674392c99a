//! The groups of a region, and how many traces became members of each: what CloudWatch would have as
//! ApproximateTraceCount of namespace AWS/X-Ray.

use fluoro_query::groups::{Group, Groups, Scope};
use serde::Serialize;

use super::OwnApi;
use super::reply::Reply;

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct GroupStates {
    region: String,
    groups: Vec<GroupState>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct GroupState {
    name: String,
    arn: String,
    expression: Option<String>,
    insights: bool,
    approximate_trace_count: u64,
    minutes: Vec<MinuteState>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "GroupMinute"))]
struct MinuteState {
    /// When the minute began, in seconds since the epoch.
    at: i64,
    approximate_trace_count: u64,
}

/// All groups of a region, the default one first.
pub(super) fn groups(own: &OwnApi, region: Option<&str>) -> Reply {
    let region = region.unwrap_or(&own.region);
    let scope = Scope::new(own.account.as_str(), region);
    let groups = own.groups.list(&scope).into_iter();
    Reply::json(&GroupStates {
        region: region.to_owned(),
        groups: groups
            .map(|group| GroupState::of(&own.groups, &group))
            .collect(),
    })
}

impl GroupState {
    fn of(groups: &Groups, group: &Group) -> Self {
        let counts = groups.trace_counts(group);
        let minutes = counts.minutes.into_iter();
        Self {
            name: group.name.clone(),
            arn: group.arn.clone(),
            expression: group.expression.clone(),
            insights: group.insights.insights_enabled,
            approximate_trace_count: counts.total,
            minutes: minutes
                .map(|(minute, count)| MinuteState {
                    at: minute * 60,
                    approximate_trace_count: count,
                })
                .collect(),
        }
    }
}
