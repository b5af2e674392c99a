//! GetTraceSummaries: lists of traces by time and filter.

use std::sync::Arc;

use fluoro_filter::{Filter, GroupExpressions};
use fluoro_model::TraceId;
use fluoro_query::{Page, Position, Selection, TimeRange, TimeRangeType};
use fluoro_store::scan::{Budget, ScanError};
use fluoro_wire::json_input::JsonInput;
use fluoro_wire::token::Paging;
use fluoro_wire::{Call, Constraints};
use serde::Serialize;

use crate::answer::{Answer, OneByOne, to_long_answer};
use crate::error::XRayError;
use crate::groups::scope_of;
use crate::input::{check_window, position};
use crate::service::XRay;

pub(crate) mod output;

use output::TraceSummaryOutput;

/// Tokens hold a place in time and are good with any other parameters: Grafana changes the sampling rate between pages.
const PAGING: (&str, &[u8]) = ("GetTraceSummaries", b"");

/// At most so many traces are looked for at once; the next ones are asked for after that.
const MOST_ROWS: usize = 10_000;

#[derive(Debug)]
struct GetTraceSummariesInput {
    selection: Selection,
    /// The share of traces wanted, 0 to 1.
    share: f64,
    after: Option<Position>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetTraceSummariesOutput<L> {
    approximate_time: i64,
    next_token: Option<String>,
    trace_summaries: L,
    traces_processed_count: u64,
}

impl XRay {
    pub(crate) async fn get_trace_summaries(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let longest_seconds = self.parts.settings.summaries_window_seconds;
        let groups = self.parts.groups.expressions(&scope_of(call));
        let input = GetTraceSummariesInput::read(longest_seconds, &groups, input)?;
        let input = Arc::new(input);
        let unindexed = self.unindexed(call);
        let limit = self.parts.settings.summaries_page;
        // Rows tell nearly all that filters ask, so most pages are full of the latest that they find; a filter that finds few of
        // them asks for more at once.
        let mut rows = limit.saturating_add(limit / 8 + 1);
        let (mut page, mut after) = (Page::default(), input.after);
        let held = loop {
            let mut until = None;
            let candidates = input.selection.latest(after, rows, limit);
            let mut found = self.parts.scan.open(&candidates).await?;
            let (rest, mut held) = (found.rest, found.share());
            held.set(page.weight())?;
            while !page.is_settled(until, rest.is_some(), limit)
                && let Some(batch) = found.next().await?
            {
                until = batch.until;
                let input = Arc::clone(&input);
                let sifted = tokio::task::spawn_blocking(move || {
                    let wanted = |trace| fraction_of(trace) < input.share;
                    let traces = batch.projections.iter();
                    let indexed =
                        traces.filter(|trace| !unindexed.has(trace.id, trace.first_received));
                    page.sift(&input.selection, indexed.cloned(), after, limit, wanted);
                    page
                });
                page = sifted.await?;
                held.set(page.weight())?;
            }
            page.close(
                &input.selection,
                &found.passed_over,
                rest.is_some(),
                after,
                limit,
            );
            if rest.is_none() || page.traces.len() >= limit {
                break held;
            }
            after = rest.map(|(time, trace)| Position(time, trace));
            rows = rows.saturating_mul(4).min(MOST_ROWS);
        };
        let (own_account, questions) = (call.account.clone(), Arc::clone(&self.parts.questions));
        let written = tokio::task::spawn_blocking(move || {
            let answer = write(&questions, &own_account.0, &input.selection, &page);
            drop(held);
            answer
        });
        Ok(written.await??)
    }
}

impl GetTraceSummariesInput {
    fn read(
        longest_seconds: i64,
        groups: &dyn GroupExpressions,
        input: JsonInput<'_>,
    ) -> Result<Self, XRayError> {
        let start = input.time("StartTime")?;
        let end = input.time("EndTime")?;
        let by = input.text("TimeRangeType")?;
        let sampling = input.flag("Sampling")?;
        let strategy = input.structure("SamplingStrategy")?;
        let filter = input.text("FilterExpression")?;
        let token = input.text("NextToken")?;
        let strategy_name = strategy.map(|strategy| strategy.text("Name")).transpose()?;
        let strategy_name = strategy_name.flatten();
        let rate = strategy
            .map(|strategy| strategy.number("Value"))
            .transpose()?;

        let mut constraints = Constraints::new();
        let start = constraints.required("startTime", start);
        let end = constraints.required("endTime", end);
        if let Some(by) = by {
            constraints.one_of("timeRangeType", by, &["TraceId", "Service", "Event"]);
        }
        if let Some(name) = strategy_name {
            constraints.one_of("samplingStrategy.name", name, &["FixedRate", "PartialScan"]);
        }
        constraints.finish()?;
        let by = match by {
            Some("Event") => TimeRangeType::Event,
            Some("Service") => TimeRangeType::Service,
            Some(_) | None => TimeRangeType::TraceId,
        };
        let range = check_window(start, end, longest_seconds)?;
        let fixed_rate = sampling == Some(true) && strategy_name == Some("FixedRate");
        let share = match rate.flatten() {
            _ if !fixed_rate => 1.0,
            rate => check_fixed_rate(rate, by)?,
        };
        let expression = fluoro_filter::parse(filter.unwrap_or_default())?;
        let filter = Filter::new(&expression, groups)?;
        let paging = Paging::new(PAGING.0, PAGING.1);
        Ok(Self {
            selection: Selection {
                range: TimeRange { range, by },
                filter,
            },
            share,
            after: position(&paging, token)?,
        })
    }
}

/// A fixed rate is for ranges of type Event (recorded for the rate, documented for the type).
fn check_fixed_rate(rate: Option<f64>, by: TimeRangeType) -> Result<f64, XRayError> {
    let Some(rate) = rate.filter(|rate| (0.0..=1.0).contains(rate)) else {
        return Err(XRayError::invalid(
            "sampling rate must be specified and its value must be between [0, 1]",
        ));
    };
    let name = match by {
        TimeRangeType::Event => return Ok(rate),
        TimeRangeType::TraceId => "TraceId",
        TimeRangeType::Service => "Service",
    };
    Err(XRayError::invalid(format!(
        "Cannot use FixedRate with input time range type: {name}. Please try using time range type: Event"
    )))
}

/// Spreads traces evenly over `[0, 1)`, the same trace always at the same place.
pub(crate) fn fraction_of(trace: TraceId) -> f64 {
    let bits = trace.bits();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "both halves are mixed into one"
    )]
    let folded = (bits ^ (bits >> 64)) as u64;
    // Finalizer of SplitMix64: ids need not be random, what becomes of them is.
    let mixed = (folded ^ (folded >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let mixed = mixed ^ (mixed >> 31);
    #[expect(
        clippy::cast_precision_loss,
        reason = "53 bits fit the mantissa exactly"
    )]
    let fraction = (mixed >> 11) as f64 / (1u64 << 53) as f64;
    fraction
}

fn write(
    questions: &Arc<Budget>,
    own_account: &str,
    selection: &Selection,
    page: &Page,
) -> Result<Answer, ScanError> {
    let paging = Paging::new(PAGING.0, PAGING.1);
    let summary = |trace| TraceSummaryOutput::of(own_account, selection, trace);
    let output = GetTraceSummariesOutput {
        approximate_time: covered_from(&selection.range, page.next),
        next_token: page.next.map(|position| paging.token(&position)),
        trace_summaries: OneByOne(|| page.traces.iter().map(|trace| summary(trace))),
        traces_processed_count: page.processed,
    };
    to_long_answer(questions, &output)
}

/// From which second on the pages so far are complete: on the last one from the start, of type Service a minute
/// earlier (recorded).
fn covered_from(range: &TimeRange, next: Option<Position>) -> i64 {
    match (next, range.by) {
        (Some(Position(time, _)), _) => time.floor_second(),
        (None, TimeRangeType::Service) => range.range.start.floor_second() - 60,
        (None, TimeRangeType::TraceId | TimeRangeType::Event) => range.range.start.floor_second(),
    }
}
