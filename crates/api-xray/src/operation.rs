//! The operations of the API model and where they are.

use fluoro_wire::route::Routes;
use http::Method;

/// An operation of the API model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    BatchGetTraces,
    CreateSamplingRule,
    DeleteSamplingRule,
    GetSamplingRules,
    GetSamplingStatisticSummaries,
    GetSamplingTargets,
    GetServiceGraph,
    GetTraceGraph,
    GetTraceSummaries,
    PutTelemetryRecords,
    PutTraceSegments,
    UpdateSamplingRule,
    /// In the model, not served yet.
    NotYet(&'static str),
}

use Operation::{
    BatchGetTraces, CreateSamplingRule, DeleteSamplingRule, GetSamplingRules,
    GetSamplingStatisticSummaries, GetSamplingTargets, GetServiceGraph, GetTraceGraph,
    GetTraceSummaries, NotYet, PutTelemetryRecords, PutTraceSegments, UpdateSamplingRule,
};

/// Every path of the model, and nothing else.
const PATHS: [(&str, Operation); 38] = [
    ("/CancelTraceRetrieval", NotYet("CancelTraceRetrieval")),
    ("/CreateGroup", NotYet("CreateGroup")),
    ("/CreateSamplingRule", CreateSamplingRule),
    ("/DeleteGroup", NotYet("DeleteGroup")),
    ("/DeleteResourcePolicy", NotYet("DeleteResourcePolicy")),
    ("/DeleteSamplingRule", DeleteSamplingRule),
    ("/EncryptionConfig", NotYet("GetEncryptionConfig")),
    ("/GetGroup", NotYet("GetGroup")),
    ("/GetIndexingRules", NotYet("GetIndexingRules")),
    (
        "/GetRetrievedTracesGraph",
        NotYet("GetRetrievedTracesGraph"),
    ),
    ("/GetSamplingRules", GetSamplingRules),
    (
        "/GetTraceSegmentDestination",
        NotYet("GetTraceSegmentDestination"),
    ),
    ("/Groups", NotYet("GetGroups")),
    ("/Insight", NotYet("GetInsight")),
    ("/InsightEvents", NotYet("GetInsightEvents")),
    ("/InsightImpactGraph", NotYet("GetInsightImpactGraph")),
    ("/InsightSummaries", NotYet("GetInsightSummaries")),
    ("/ListResourcePolicies", NotYet("ListResourcePolicies")),
    ("/ListRetrievedTraces", NotYet("ListRetrievedTraces")),
    ("/ListTagsForResource", NotYet("ListTagsForResource")),
    ("/PutEncryptionConfig", NotYet("PutEncryptionConfig")),
    ("/PutResourcePolicy", NotYet("PutResourcePolicy")),
    ("/SamplingStatisticSummaries", GetSamplingStatisticSummaries),
    ("/SamplingTargets", GetSamplingTargets),
    ("/ServiceGraph", GetServiceGraph),
    ("/StartTraceRetrieval", NotYet("StartTraceRetrieval")),
    ("/TagResource", NotYet("TagResource")),
    ("/TelemetryRecords", PutTelemetryRecords),
    (
        "/TimeSeriesServiceStatistics",
        NotYet("GetTimeSeriesServiceStatistics"),
    ),
    ("/TraceGraph", GetTraceGraph),
    ("/TraceSegments", PutTraceSegments),
    ("/TraceSummaries", GetTraceSummaries),
    ("/Traces", BatchGetTraces),
    ("/UntagResource", NotYet("UntagResource")),
    ("/UpdateGroup", NotYet("UpdateGroup")),
    ("/UpdateIndexingRule", NotYet("UpdateIndexingRule")),
    ("/UpdateSamplingRule", UpdateSamplingRule),
    (
        "/UpdateTraceSegmentDestination",
        NotYet("UpdateTraceSegmentDestination"),
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
    /// As the model spells it; with `xray:` before it, the action that policies name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            BatchGetTraces => "BatchGetTraces",
            CreateSamplingRule => "CreateSamplingRule",
            DeleteSamplingRule => "DeleteSamplingRule",
            GetSamplingRules => "GetSamplingRules",
            GetSamplingStatisticSummaries => "GetSamplingStatisticSummaries",
            GetSamplingTargets => "GetSamplingTargets",
            GetServiceGraph => "GetServiceGraph",
            GetTraceGraph => "GetTraceGraph",
            GetTraceSummaries => "GetTraceSummaries",
            PutTelemetryRecords => "PutTelemetryRecords",
            PutTraceSegments => "PutTraceSegments",
            UpdateSamplingRule => "UpdateSamplingRule",
            NotYet(name) => name,
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
