//! GetTimeSeriesServiceStatistics.

use std::ops::Range;

use fluoro_filter::{Selected, Selector};
use fluoro_model::TimestampMicros;
use fluoro_query::Traces;
use fluoro_query::groups::Group;
use fluoro_query::insights::Band;
use fluoro_query::time_series::{Period, Point, time_series};
use fluoro_wire::json_input::JsonInput;
use fluoro_wire::token::Paging;
use fluoro_wire::{Call, Constraints};
use serde::Serialize;

use crate::answer::{Answer, to_long_answer};
use crate::error::XRayError;
use crate::graphs::output::{HistogramEntryOutput, StatisticsOutput, bins};
use crate::groups::GroupReference;
use crate::input::{check_window, position};
use crate::service::XRay;

const PAGING: (&str, &[u8]) = ("GetTimeSeriesServiceStatistics", b"");

/// The time that one page covers at most, as far as it has points; a multiple of every period.
const PAGE_SECONDS: i64 = 6 * 3600;

struct GetTimeSeriesInput<'a> {
    window: Range<TimestampMicros>,
    period: Period,
    selector: Option<Selector>,
    group: GroupReference<'a>,
    forecast: bool,
    /// The points of this page end before this second.
    before: Option<i64>,
}

/// Some points, the latest first.
#[derive(Debug, Default)]
struct Page {
    points: Vec<Point>,
    /// The second before which the points of the next page end.
    next: Option<i64>,
    has_old_versions: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetTimeSeriesOutput {
    contains_old_group_versions: bool,
    next_token: Option<String>,
    time_series_service_statistics: Vec<PointOutput>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct PointOutput {
    edge_summary_statistics: Option<StatisticsOutput>,
    response_time_histogram: Option<Vec<HistogramEntryOutput>>,
    service_forecast_statistics: ForecastOutput,
    service_summary_statistics: Option<StatisticsOutput>,
    timestamp: i64,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ForecastOutput {
    fault_count_high: Option<u64>,
    fault_count_low: Option<u64>,
}

impl XRay {
    pub(crate) async fn get_time_series_service_statistics(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let input = GetTimeSeriesInput::read(input)?;
        let group = input.group.find(call, &self.parts.groups)?;
        if input.forecast && !group.insights.insights_enabled {
            return Err(XRayError::invalid(format!(
                "ForecastStatistics needs insights, which group {} has not enabled",
                group.name
            )));
        }
        let page = self.points(&input, &group).await?;
        let selected = input.selector.as_ref().map(|selector| &selector.selected);
        let paging = Paging::new(PAGING.0, PAGING.1);
        let points = page.points.into_iter().map(|point| {
            let band = selected.filter(|_| input.forecast).and_then(|selected| {
                let (end, seconds) = (point.end, input.period.seconds());
                let requests = point.served.as_ref()?.statistics.total();
                let forecast = &self.parts.forecast;
                forecast.faults(&group.arn, selected, end, seconds, requests)
            });
            PointOutput::of(&point, selected, band)
        });
        let output = GetTimeSeriesOutput {
            // Together they say so even of a new group (recorded; a quirk).
            contains_old_group_versions: page.has_old_versions
                || input.group.is_given() && selected.is_some(),
            time_series_service_statistics: points.collect(),
            next_token: page.next.map(|before| paging.token(&before)),
        };
        Ok(to_long_answer(&self.parts.questions, &output)?)
    }

    async fn points(
        &self,
        input: &GetTimeSeriesInput<'_>,
        group: &Group,
    ) -> Result<Page, XRayError> {
        let mut page = Page::default();
        let Some(held) = self.parts.scan.held_since() else {
            return Ok(page);
        };
        // Deliveries side by side may lie in the log in another order than they came in.
        let start = input
            .window
            .start
            .max(TimestampMicros::of_second(held.floor_second() - 60));
        // What comes in now belongs to a point that is yet to end.
        let latest =
            TimestampMicros::of_second(self.now().floor_second() + input.period.seconds() + 1);
        let end = input.window.end.min(latest);
        let mut before = input
            .before
            .map_or(end, |before| TimestampMicros::of_second(before).min(end));
        let selected = input.selector.as_ref().map(|selector| &selector.selected);
        while start < before && page.points.is_empty() {
            let from = TimestampMicros::of_second(before.floor_second() - PAGE_SECONDS).max(start);
            let minutes = input.period.minutes(&(from..before));
            let graphs = self
                .parts
                .graphs
                .minutes(Traces::of(group), minutes)
                .await?;
            page.points = time_series(&graphs, input.period, selected);
            page.has_old_versions = graphs
                .iter()
                .any(|(_, graph)| graph.is_of_older_than(group.version));
            before = from;
        }
        page.next = (start < before).then(|| before.floor_second());
        Ok(page)
    }
}

impl<'a> GetTimeSeriesInput<'a> {
    fn read(input: JsonInput<'a>) -> Result<Self, XRayError> {
        let (start, end) = (input.time("StartTime")?, input.time("EndTime")?);
        let group = GroupReference::read(input)?;
        let selector = input.text("EntitySelectorExpression")?;
        let period = input.integer("Period")?;
        let forecast = input.flag("ForecastStatistics")?;
        let token = input.text("NextToken")?;
        let mut constraints = Constraints::new();
        let start = constraints.required("startTime", start);
        let end = constraints.required("endTime", end);
        group.check(&mut constraints);
        if let Some(selector) = selector {
            constraints.text("entitySelectorExpression", selector, 1..=500);
        }
        constraints.finish()?;
        // No limit is known, and clients ask for any range: long ones come in pages.
        let window = check_window(start, end, i64::MAX)?;
        let period = match period {
            None | Some(60) => Period::Minute,
            Some(300) => Period::FiveMinutes,
            Some(_) => return Err(XRayError::invalid("Time period must be one of [60, 300]")),
        };
        let selector = selector.map(Selector::parse).transpose();
        let selector = selector.map_err(|error| XRayError::invalid(error.to_string()))?;
        let forecast = forecast == Some(true);
        if forecast && !selector.as_ref().is_some_and(|selector| selector.by_id) {
            return Err(XRayError::invalid(
                "ForecastStatistics needs an EntitySelectorExpression that tells services by id()",
            ));
        }
        let paging = Paging::new(PAGING.0, PAGING.1);
        Ok(Self {
            window,
            period,
            selector,
            group,
            forecast,
            before: position(&paging, token)?,
        })
    }
}

impl PointOutput {
    fn of(point: &Point, selected: Option<&Selected>, band: Option<Band>) -> Self {
        let served = point.served.as_ref();
        let statistics = served.map(|served| StatisticsOutput::of(&served.statistics));
        let is_service = matches!(selected, Some(Selected::Service(_)));
        let (service, edge) = match is_service {
            true => (statistics, None),
            false => (None, statistics),
        };
        Self {
            edge_summary_statistics: edge,
            response_time_histogram: served.map(|served| bins(&served.histogram)),
            service_forecast_statistics: band.map_or_else(ForecastOutput::default, |band| {
                ForecastOutput {
                    fault_count_high: Some(band.high),
                    fault_count_low: Some(band.low),
                }
            }),
            service_summary_statistics: service,
            timestamp: point.end,
        }
    }
}
