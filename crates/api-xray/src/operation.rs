//! The operations of the API model and where they are.

use fluoro_wire::route::Routes;
use http::Method;

/// An operation of the API model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    BatchGetTraces,
    CancelTraceRetrieval,
    CreateGroup,
    CreateSamplingRule,
    DeleteGroup,
    DeleteResourcePolicy,
    DeleteSamplingRule,
    GetEncryptionConfig,
    GetGroup,
    GetGroups,
    GetIndexingRules,
    GetInsight,
    GetInsightEvents,
    GetInsightImpactGraph,
    GetInsightSummaries,
    GetRetrievedTracesGraph,
    GetSamplingRules,
    GetSamplingStatisticSummaries,
    GetSamplingTargets,
    GetServiceGraph,
    GetTimeSeriesServiceStatistics,
    GetTraceGraph,
    GetTraceSegmentDestination,
    GetTraceSummaries,
    ListResourcePolicies,
    ListRetrievedTraces,
    ListTagsForResource,
    PutEncryptionConfig,
    PutResourcePolicy,
    PutTelemetryRecords,
    PutTraceSegments,
    StartTraceRetrieval,
    TagResource,
    UntagResource,
    UpdateGroup,
    UpdateIndexingRule,
    UpdateSamplingRule,
    UpdateTraceSegmentDestination,
}

use Operation::{
    BatchGetTraces, CancelTraceRetrieval, CreateGroup, CreateSamplingRule, DeleteGroup,
    DeleteResourcePolicy, DeleteSamplingRule, GetEncryptionConfig, GetGroup, GetGroups,
    GetIndexingRules, GetInsight, GetInsightEvents, GetInsightImpactGraph, GetInsightSummaries,
    GetRetrievedTracesGraph, GetSamplingRules, GetSamplingStatisticSummaries, GetSamplingTargets,
    GetServiceGraph, GetTimeSeriesServiceStatistics, GetTraceGraph, GetTraceSegmentDestination,
    GetTraceSummaries, ListResourcePolicies, ListRetrievedTraces, ListTagsForResource,
    PutEncryptionConfig, PutResourcePolicy, PutTelemetryRecords, PutTraceSegments,
    StartTraceRetrieval, TagResource, UntagResource, UpdateGroup, UpdateIndexingRule,
    UpdateSamplingRule, UpdateTraceSegmentDestination,
};

/// Every path of the model, and nothing else.
const PATHS: [(&str, Operation); 38] = [
    ("/CancelTraceRetrieval", CancelTraceRetrieval),
    ("/CreateGroup", CreateGroup),
    ("/CreateSamplingRule", CreateSamplingRule),
    ("/DeleteGroup", DeleteGroup),
    ("/DeleteResourcePolicy", DeleteResourcePolicy),
    ("/DeleteSamplingRule", DeleteSamplingRule),
    ("/EncryptionConfig", GetEncryptionConfig),
    ("/GetGroup", GetGroup),
    ("/GetIndexingRules", GetIndexingRules),
    ("/GetRetrievedTracesGraph", GetRetrievedTracesGraph),
    ("/GetSamplingRules", GetSamplingRules),
    ("/GetTraceSegmentDestination", GetTraceSegmentDestination),
    ("/Groups", GetGroups),
    ("/Insight", GetInsight),
    ("/InsightEvents", GetInsightEvents),
    ("/InsightImpactGraph", GetInsightImpactGraph),
    ("/InsightSummaries", GetInsightSummaries),
    ("/ListResourcePolicies", ListResourcePolicies),
    ("/ListRetrievedTraces", ListRetrievedTraces),
    ("/ListTagsForResource", ListTagsForResource),
    ("/PutEncryptionConfig", PutEncryptionConfig),
    ("/PutResourcePolicy", PutResourcePolicy),
    ("/SamplingStatisticSummaries", GetSamplingStatisticSummaries),
    ("/SamplingTargets", GetSamplingTargets),
    ("/ServiceGraph", GetServiceGraph),
    ("/StartTraceRetrieval", StartTraceRetrieval),
    ("/TagResource", TagResource),
    ("/TelemetryRecords", PutTelemetryRecords),
    (
        "/TimeSeriesServiceStatistics",
        GetTimeSeriesServiceStatistics,
    ),
    ("/TraceGraph", GetTraceGraph),
    ("/TraceSegments", PutTraceSegments),
    ("/TraceSummaries", GetTraceSummaries),
    ("/Traces", BatchGetTraces),
    ("/UntagResource", UntagResource),
    ("/UpdateGroup", UpdateGroup),
    ("/UpdateIndexingRule", UpdateIndexingRule),
    ("/UpdateSamplingRule", UpdateSamplingRule),
    (
        "/UpdateTraceSegmentDestination",
        UpdateTraceSegmentDestination,
    ),
];

/// The routes of the API: exact paths, POST only.
pub(crate) fn routes() -> Routes<Operation> {
    let none = Routes::new();
    PATHS.iter().fold(none, |routes, (path, operation)| {
        routes.route(Method::POST, path, *operation)
    })
}

impl Operation {
    /// Whether it reads traces and changes nothing.
    pub(crate) fn only_asks(self) -> bool {
        matches!(
            self,
            BatchGetTraces
                | GetInsightImpactGraph
                | GetRetrievedTracesGraph
                | GetServiceGraph
                | GetTimeSeriesServiceStatistics
                | GetTraceGraph
                | GetTraceSummaries
                | ListRetrievedTraces
        )
    }

    /// As the model spells it; with `xray:` before it, the action that policies name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            BatchGetTraces => "BatchGetTraces",
            CancelTraceRetrieval => "CancelTraceRetrieval",
            CreateGroup => "CreateGroup",
            CreateSamplingRule => "CreateSamplingRule",
            DeleteGroup => "DeleteGroup",
            DeleteResourcePolicy => "DeleteResourcePolicy",
            DeleteSamplingRule => "DeleteSamplingRule",
            GetEncryptionConfig => "GetEncryptionConfig",
            GetGroup => "GetGroup",
            GetGroups => "GetGroups",
            GetIndexingRules => "GetIndexingRules",
            GetInsight => "GetInsight",
            GetInsightEvents => "GetInsightEvents",
            GetInsightImpactGraph => "GetInsightImpactGraph",
            GetInsightSummaries => "GetInsightSummaries",
            GetRetrievedTracesGraph => "GetRetrievedTracesGraph",
            GetSamplingRules => "GetSamplingRules",
            GetSamplingStatisticSummaries => "GetSamplingStatisticSummaries",
            GetSamplingTargets => "GetSamplingTargets",
            GetServiceGraph => "GetServiceGraph",
            GetTimeSeriesServiceStatistics => "GetTimeSeriesServiceStatistics",
            GetTraceGraph => "GetTraceGraph",
            GetTraceSegmentDestination => "GetTraceSegmentDestination",
            GetTraceSummaries => "GetTraceSummaries",
            ListResourcePolicies => "ListResourcePolicies",
            ListRetrievedTraces => "ListRetrievedTraces",
            ListTagsForResource => "ListTagsForResource",
            PutEncryptionConfig => "PutEncryptionConfig",
            PutResourcePolicy => "PutResourcePolicy",
            PutTelemetryRecords => "PutTelemetryRecords",
            PutTraceSegments => "PutTraceSegments",
            StartTraceRetrieval => "StartTraceRetrieval",
            TagResource => "TagResource",
            UntagResource => "UntagResource",
            UpdateGroup => "UpdateGroup",
            UpdateIndexingRule => "UpdateIndexingRule",
            UpdateSamplingRule => "UpdateSamplingRule",
            UpdateTraceSegmentDestination => "UpdateTraceSegmentDestination",
        }
    }
}

#[cfg(test)]
mod tests {
    use fluoro_wire::route::Matched;

    use super::*;

    #[test]
    fn every_path_leads_to_its_own_operation() {
        let routes = routes();
        for (path, operation) in PATHS {
            let found = routes.find(&Method::POST, path);
            assert!(
                matches!(found, Matched::Operation(found, _) if *found == operation),
                "{path}"
            );
        }
    }

    #[test]
    fn a_path_is_the_operations_name_unless_it_gets_or_puts_something() {
        for (path, operation) in PATHS {
            let name = operation.name();
            let rest = name
                .strip_suffix(&path[1..])
                .unwrap_or_else(|| panic!("{path}"));
            assert!(["", "Get", "Put", "BatchGet"].contains(&rest), "{path}");
        }
    }

    #[test]
    fn case_and_method_count() {
        let routes = routes();
        assert_eq!(routes.find(&Method::GET, "/Traces"), Matched::WrongMethod);
        for path in ["/traces", "/GetTraceSummaries", "/Traces/", "/"] {
            assert_eq!(routes.find(&Method::POST, path), Matched::Nothing, "{path}");
        }
    }
}
