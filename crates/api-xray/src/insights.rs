//! GetInsight, GetInsightSummaries, GetInsightEvents, GetInsightImpactGraph; and the event that tells of an insight.
//!
//! What is not recorded follows the API model and its documentation: insights that overlap the window, the newest first.

use std::cmp::Reverse;
use std::ops::Range;

use fluoro_model::TimestampMicros;
use fluoro_query::Traces;
use fluoro_query::groups::Selector;
use fluoro_query::insights::Insight;
use fluoro_wire::json_input::{JsonInput, as_text};
use fluoro_wire::token::Paging;
use fluoro_wire::{Call, Constraints};
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, to_answer, to_long_answer};
use crate::error::XRayError;
use crate::groups::{GroupReference, scope_of};
use crate::input::{self, check_window, refuse_token};
use crate::service::XRay;

mod impact;
mod notification;
mod output;

use impact::ImpactGraphOutput;
pub use notification::insight_update;
use output::{EventOutput, InsightOutput, SummaryOutput};

/// How old a start may be at most, in seconds (API model).
const OLDEST: i64 = 30 * 24 * 3600;

/// The most in one page (API model), which is also what one has that is not told how many it may have.
const MOST_SUMMARIES: i64 = 100;
const MOST_EVENTS: i64 = 50;

/// The pattern of an `InsightId` (API model).
const INSIGHT_ID: &str = "[0-9a-fA-F]{8}\\-[0-9a-fA-F]{4}\\-[1-5][0-9a-fA-F]{3}\\-[89abAB][0-9a-fA-F]{3}\\-[0-9a-fA-F]{12}";

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetInsightOutput<'a> {
    insight: InsightOutput<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetInsightSummariesOutput<'a> {
    insight_summaries: Vec<SummaryOutput<'a>>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetInsightEventsOutput<'a> {
    insight_events: Vec<EventOutput<'a>>,
    next_token: Option<String>,
}

/// The place of an insight in a list that goes back in time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Position(i64, String);

impl XRay {
    pub(crate) fn get_insight(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let id = input.text("InsightId")?;
        let mut constraints = Constraints::new();
        let id = check_id(id, &mut constraints);
        constraints.finish()?;
        let insight = self.insight(call, id)?;
        Ok(to_answer(&GetInsightOutput {
            insight: InsightOutput::of(&insight),
        }))
    }

    pub(crate) fn get_insight_summaries(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let (start, end) = (input.time("StartTime")?, input.time("EndTime")?);
        let group = GroupReference::read(input)?;
        let states = input.list("States", as_text)?.unwrap_or_default();
        let most = input.integer("MaxResults")?;
        let token = input.text("NextToken")?;
        let mut constraints = Constraints::new();
        check_states(&states, &mut constraints);
        group.check(&mut constraints);
        let start = constraints.required("startTime", start);
        let end = constraints.required("endTime", end);
        let most = check_page(most, MOST_SUMMARIES, token, &mut constraints);
        constraints.finish()?;
        let selector = group.selector()?;
        let window = self.check_recent(start, end, i64::MAX)?;
        let group = self.parts.groups.find(&scope_of(call), &selector);
        let group = group.ok_or_else(|| XRayError::invalid("Group not found"))?;
        let bound_to = format!("{} {}", group.arn, states.join(" "));
        let paging = Paging::new("GetInsightSummaries", bound_to.as_bytes());
        let after: Option<Position> = input::position(&paging, token)?;

        let wanted = |insight: &Insight| {
            let in_state = states.is_empty() || states.contains(&state_of(insight));
            let ahead = after
                .as_ref()
                .is_none_or(|after| position(insight) < *after);
            in_state && ahead && overlaps(insight, &window)
        };
        // A group that is not watched has no insights to tell of, whatever it had.
        let mut insights = match group.insights.insights_enabled {
            true => self.parts.insights.of_group(&group, wanted),
            false => Vec::new(),
        };
        insights.sort_by_key(|insight| Reverse(position(insight)));
        let more = insights.len() > most;
        insights.truncate(most);
        let last = insights.last().filter(|_| more);
        Ok(to_answer(&GetInsightSummariesOutput {
            insight_summaries: insights.iter().map(SummaryOutput::of).collect(),
            next_token: last.map(|last| paging.token(&position(last))),
        }))
    }

    /// The newest first.
    pub(crate) fn get_insight_events(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let id = input.text("InsightId")?;
        let most = input.integer("MaxResults")?;
        let token = input.text("NextToken")?;
        let mut constraints = Constraints::new();
        let id = check_id(id, &mut constraints);
        let most = check_page(most, MOST_EVENTS, token, &mut constraints);
        constraints.finish()?;
        let paging = Paging::new("GetInsightEvents", id.as_bytes());
        // Events are only ever added: those before a number are the same for ever.
        let before: Option<usize> = input::position(&paging, token)?;
        let insight = self.insight(call, id)?;
        let events = &insight.events;
        let before = before.unwrap_or(events.len()).min(events.len());
        let first = before.saturating_sub(most);
        let page = events[first..before].iter().rev();
        Ok(to_answer(&GetInsightEventsOutput {
            insight_events: page.map(EventOutput::of).collect(),
            next_token: (first > 0).then(|| paging.token(&first)),
        }))
    }

    /// A part of the group's service graph in the window, with the same reference ids.
    pub(crate) async fn get_insight_impact_graph(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let id = input.text("InsightId")?;
        let (start, end) = (input.time("StartTime")?, input.time("EndTime")?);
        let token = input.text("NextToken")?;
        let mut constraints = Constraints::new();
        let id = check_id(id, &mut constraints);
        let start = constraints.required("startTime", start);
        let end = constraints.required("endTime", end);
        check_page(None, 1, token, &mut constraints);
        constraints.finish()?;
        refuse_token(token)?;
        let longest = self.parts.settings.graph_window_seconds;
        let window = self.check_recent(start, end, longest)?;
        let insight = self.insight(call, id)?;
        let selector = Selector::Arn(insight.group_arn.clone());
        let group = self.parts.groups.find(&scope_of(call), &selector);
        // The traces of a deleted group cannot be told from others any more.
        let graph = match group {
            Some(group) => {
                let traces = Traces::of(&group);
                self.parts.graphs.window(traces, window.clone()).await?
            }
            None => fluoro_query::Graph::default(),
        };
        let mut held = self.parts.questions.share();
        // The one that was made, and the one of it that is told.
        held.set(2 * graph.weight())?;
        let graph = graph.without_account(&call.account.0);
        let output = ImpactGraphOutput::of(&insight, &window, &graph);
        Ok(to_long_answer(&self.parts.questions, &output)?)
    }

    fn insight(&self, call: &Call, id: &str) -> Result<Insight, XRayError> {
        let found = self.parts.insights.find(&scope_of(call), id);
        found.ok_or_else(|| XRayError::invalid("Insight not found"))
    }

    fn check_recent(
        &self,
        start: Option<TimestampMicros>,
        end: Option<TimestampMicros>,
        longest_seconds: i64,
    ) -> Result<Range<TimestampMicros>, XRayError> {
        let window = check_window(start, end, longest_seconds)?;
        let oldest = self.now().floor_second() - OLDEST;
        if window.start.floor_second() < oldest {
            return Err(XRayError::invalid(
                "Start time cannot be more than 30 days old",
            ));
        }
        Ok(window)
    }
}

fn check_id<'a>(id: Option<&'a str>, constraints: &mut Constraints) -> &'a str {
    let id = constraints.required("insightId", id).unwrap_or_default();
    if !id.is_empty() && !is_insight_id(id) {
        let constraint = format!("Member must satisfy regular expression pattern: {INSIGHT_ID}");
        constraints.violated("insightId", Some(&id), &constraint);
    }
    id
}

/// Whether it has the form of a UUID of version 1 to 5.
fn is_insight_id(id: &str) -> bool {
    id.len() == 36
        && id.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            14 => (b'1'..=b'5').contains(&byte),
            19 => b"89abAB".contains(&byte),
            _ => byte.is_ascii_hexdigit(),
        })
}

fn check_states(states: &[&str], constraints: &mut Constraints) {
    let shown = format!("[{}]", states.join(", "));
    constraints.length("states", &shown, states.len(), ..=1);
    for (number, state) in (1..).zip(states) {
        let path = format!("states.{number}.member");
        constraints.one_of(&path, state, &["ACTIVE", "CLOSED"]);
    }
}

/// How many one page may have.
fn check_page(
    most: Option<i64>,
    allowed: i64,
    token: Option<&str>,
    constraints: &mut Constraints,
) -> usize {
    if let Some(most) = most {
        constraints.number("maxResults", most, 1..=allowed);
    }
    if let Some(token) = token {
        constraints.text("nextToken", token, 1..=2000);
    }
    usize::try_from(most.unwrap_or(allowed)).unwrap_or_default()
}

fn state_of(insight: &Insight) -> &'static str {
    match insight.is_active() {
        true => "ACTIVE",
        false => "CLOSED",
    }
}

fn position(insight: &Insight) -> Position {
    Position(insight.start_second(), insight.id.clone())
}

/// Whether it went on at some time in the window.
fn overlaps(insight: &Insight, window: &Range<TimestampMicros>) -> bool {
    let ended_before = |end: i64| TimestampMicros::of_second(end) < window.start;
    TimestampMicros::of_second(insight.start_second()) < window.end
        && !insight.end_second().is_some_and(ended_before)
}
