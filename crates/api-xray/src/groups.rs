//! CreateGroup, UpdateGroup, DeleteGroup, GetGroup, GetGroups.

use std::sync::Arc;

use fluoro_query::groups::{
    DEFAULT_GROUP, Group, GroupChange, Groups, GroupsError, InsightsChange, InsightsConfiguration,
    NewGroup, Scope, Selector,
};
use fluoro_wire::json_input::JsonInput;
use fluoro_wire::{Call, Constraints, JsonError};
use serde::Serialize;

use crate::answer::{Answer, Nothing, to_answer};
use crate::error::XRayError;
use crate::input::short_token;
use crate::service::XRay;
use crate::tags::{self, Tags};

/// `Group` and `GroupSummary`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GroupOutput<'a> {
    filter_expression: Option<&'a str>,
    #[serde(rename = "GroupARN")]
    group_arn: &'a str,
    group_name: &'a str,
    insights_configuration: InsightsOutput,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct InsightsOutput {
    insights_enabled: bool,
    notifications_enabled: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct OneGroupOutput<'a> {
    group: GroupOutput<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetGroupsOutput<'a> {
    groups: Vec<GroupOutput<'a>>,
    next_token: Option<String>,
}

/// Names a group: by name or by ARN, not both.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct GroupReference<'a> {
    name: Option<&'a str>,
    arn: Option<&'a str>,
}

impl XRay {
    pub(crate) async fn create_group(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let name = input.text("GroupName")?;
        let expression = input.text("FilterExpression")?;
        let insights = read_insights(input)?;
        let given = tags::TagsInput::read(input)?;
        let mut constraints = Constraints::new();
        if let Some(name) = constraints.required("groupName", name) {
            constraints.text("groupName", name, 1..=32);
        }
        given.check(&mut constraints);
        constraints.finish()?;
        let tags = Tags::default().merged(given)?;
        let new = NewGroup {
            name: name.unwrap_or_default().to_owned(),
            expression: expression.map(str::to_owned),
            insights,
        };
        let group = self.parts.groups.create(&scope_of(call), new).await?;
        self.set_tags(&group.arn, tags).await?;
        Ok(one_group(&group))
    }

    pub(crate) async fn update_group(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let expression = input.text("FilterExpression")?;
        let insights = read_insights(input)?;
        let selector = read_selector(input)?;
        let change = GroupChange {
            expression: expression.map(str::to_owned),
            insights,
        };
        let groups = &self.parts.groups;
        let group = groups.update(&scope_of(call), &selector, change).await?;
        Ok(one_group(&group))
    }

    pub(crate) async fn delete_group(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let selector = read_selector(input)?;
        let group = self.parts.groups.delete(&scope_of(call), &selector).await?;
        self.set_tags(&group.arn, Tags::default()).await?;
        Ok(to_answer(&Nothing {}))
    }

    pub(crate) fn get_group(&self, call: &Call, input: JsonInput<'_>) -> Result<Answer, XRayError> {
        let selector = read_selector(input)?;
        let group = self.parts.groups.find(&scope_of(call), &selector);
        Ok(one_group(&group.ok_or(GroupsError::NotFound)?))
    }

    /// All groups at once: the service takes no token (recorded).
    pub(crate) fn get_groups(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let token = short_token(input)?;
        if token.is_some() {
            return Err(XRayError::invalid("Next Token not supported"));
        }
        let groups = self.parts.groups.list(&scope_of(call));
        Ok(to_answer(&GetGroupsOutput {
            groups: groups.iter().map(GroupOutput::of).collect(),
            next_token: None,
        }))
    }
}

/// Whose groups a call is about.
pub(crate) fn scope_of(call: &Call) -> Scope {
    Scope::new(&*call.account.0, &*call.region.0)
}

// === impl GroupReference ===

impl<'a> GroupReference<'a> {
    pub(crate) fn read(input: JsonInput<'a>) -> Result<Self, JsonError> {
        Ok(Self {
            name: input.text("GroupName")?,
            arn: input.text("GroupARN")?,
        })
    }

    pub(crate) fn check(self, constraints: &mut Constraints) {
        for (path, text, longest) in [("groupName", self.name, 32), ("groupARN", self.arn, 400)] {
            if let Some(text) = text {
                constraints.text(path, text, 1..=longest);
            }
        }
    }

    pub(crate) fn is_given(self) -> bool {
        self.name.is_some() || self.arn.is_some()
    }

    /// The group that graphs and time series are asked of; without one, the one that holds every trace. Whether AWS takes
    /// both name and ARN is not recorded: here both must mean the group.
    pub(crate) fn find(self, call: &Call, groups: &Groups) -> Result<Arc<Group>, XRayError> {
        let selector = match (self.arn, self.name) {
            (Some(arn), _) => Selector::Arn(arn.to_owned()),
            (None, name) => Selector::Name(name.unwrap_or(DEFAULT_GROUP).to_owned()),
        };
        let found = groups.find(&scope_of(call), &selector);
        let named = |group: &Arc<Group>| self.name.is_none_or(|name| name == group.name);
        found
            .filter(named)
            .ok_or_else(|| XRayError::invalid("Group not found."))
    }

    /// Which group is meant; both together are refused even where both mean the same (recorded).
    pub(crate) fn selector(self) -> Result<Selector, XRayError> {
        match (self.name, self.arn) {
            (Some(name), None) => Ok(Selector::Name(name.to_owned())),
            (None, Some(arn)) => Ok(Selector::Arn(arn.to_owned())),
            (Some(_), Some(_)) | (None, None) => {
                Err(XRayError::invalid("Provide either GroupName or GroupARN"))
            }
        }
    }
}

fn read_selector(input: JsonInput<'_>) -> Result<Selector, XRayError> {
    let reference = GroupReference::read(input)?;
    let mut constraints = Constraints::new();
    reference.check(&mut constraints);
    constraints.finish()?;
    reference.selector()
}

fn read_insights(input: JsonInput<'_>) -> Result<InsightsChange, JsonError> {
    let Some(insights) = input.structure("InsightsConfiguration")? else {
        return Ok(InsightsChange::default());
    };
    Ok(InsightsChange {
        insights_enabled: insights.flag("InsightsEnabled")?,
        notifications_enabled: insights.flag("NotificationsEnabled")?,
    })
}

// === outputs ===

impl<'a> GroupOutput<'a> {
    fn of(group: &'a Arc<Group>) -> Self {
        let InsightsConfiguration {
            insights_enabled,
            notifications_enabled,
        } = group.insights;
        Self {
            filter_expression: group.expression.as_deref(),
            group_arn: &group.arn,
            group_name: &group.name,
            insights_configuration: InsightsOutput {
                insights_enabled,
                notifications_enabled,
            },
        }
    }
}

fn one_group(group: &Arc<Group>) -> Answer {
    to_answer(&OneGroupOutput {
        group: GroupOutput::of(group),
    })
}
