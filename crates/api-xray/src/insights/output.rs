//! Insights as the service writes them.

use fluoro_query::insights::{Insight, InsightEvent, Requests, ServiceId};
use serde::Serialize;

use super::state_of;
use crate::service_id::ServiceIdOutput;

/// `Insight`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InsightOutput<'a> {
    pub(super) categories: [&'static str; 1],
    pub(super) client_request_impact_statistics: ImpactOutput,
    pub(super) end_time: Option<i64>,
    #[serde(rename = "GroupARN")]
    pub(super) group_arn: &'a str,
    pub(super) group_name: &'a str,
    pub(super) insight_id: &'a str,
    pub(super) root_cause_service_id: ServiceIdOutput<'a>,
    pub(super) root_cause_service_request_impact_statistics: ImpactOutput,
    pub(super) start_time: i64,
    pub(super) state: &'static str,
    pub(super) summary: String,
    pub(super) top_anomalous_services: Vec<AnomalousOutput<'a>>,
}

/// `InsightSummary`: an insight, and when it was last looked at.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SummaryOutput<'a> {
    #[serde(flatten)]
    insight: InsightOutput<'a>,
    last_update_time: i64,
}

/// `InsightEvent`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EventOutput<'a> {
    client_request_impact_statistics: ImpactOutput,
    event_time: i64,
    root_cause_service_request_impact_statistics: ImpactOutput,
    summary: &'a str,
    top_anomalous_services: Vec<AnomalousOutput<'a>>,
}

/// `RequestImpactStatistics`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ImpactOutput {
    fault_count: u64,
    ok_count: u64,
    total_count: u64,
}

/// `AnomalousService`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AnomalousOutput<'a> {
    service_id: ServiceIdOutput<'a>,
}

impl<'a> InsightOutput<'a> {
    pub(super) fn of(insight: &'a Insight) -> Self {
        let report = &insight.report;
        Self {
            categories: ["FAULT"],
            client_request_impact_statistics: ImpactOutput::of(report.client_impact),
            end_time: insight.end_second(),
            group_arn: &insight.group_arn,
            group_name: &insight.group_name,
            insight_id: &insight.id,
            root_cause_service_id: service_id(&report.root_cause),
            root_cause_service_request_impact_statistics: ImpactOutput::of(
                report.root_cause_impact,
            ),
            start_time: insight.start_second(),
            state: state_of(insight),
            summary: insight.summary(),
            top_anomalous_services: anomalous(&report.anomalous),
        }
    }
}

impl<'a> SummaryOutput<'a> {
    pub(super) fn of(insight: &'a Insight) -> Self {
        Self {
            insight: InsightOutput::of(insight),
            last_update_time: insight.updated,
        }
    }
}

impl<'a> EventOutput<'a> {
    pub(super) fn of(event: &'a InsightEvent) -> Self {
        Self {
            client_request_impact_statistics: ImpactOutput::of(event.client_impact),
            event_time: event.at,
            root_cause_service_request_impact_statistics: ImpactOutput::of(event.root_cause_impact),
            summary: &event.summary,
            top_anomalous_services: anomalous(&event.anomalous),
        }
    }
}

impl ImpactOutput {
    fn of(requests: Requests) -> Self {
        Self {
            fault_count: requests.fault,
            ok_count: requests.ok,
            total_count: requests.total,
        }
    }
}

fn anomalous(services: &[ServiceId]) -> Vec<AnomalousOutput<'_>> {
    let outputs = services.iter().map(|service| AnomalousOutput {
        service_id: service_id(service),
    });
    outputs.collect()
}

fn service_id(service: &ServiceId) -> ServiceIdOutput<'_> {
    ServiceIdOutput::new(
        service.account_id.as_deref(),
        &service.name,
        service.kind.as_deref(),
    )
}
