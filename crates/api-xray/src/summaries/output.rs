//! A trace summary as the service writes it.

use std::collections::BTreeMap;

use fluoro_model::document::AnnotationValue;
use fluoro_model::{EpochSeconds, TraceId};
use fluoro_query::{Selection, Summary};
use fluoro_trace::Projection;
use fluoro_trace::causes::{CauseService, FailedEntity, RootCause, SlowEntity};
use fluoro_trace::projection::{Call, HttpFacts, Node, Observation};
use foldhash::{HashSet, HashSetExt};
use serde::{Serialize, Serializer};

use crate::answer::OneByOne;
use crate::service_id::ServiceIdOutput;

/// `TraceSummary`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TraceSummaryOutput<'a> {
    #[serde(serialize_with = "write_annotations")]
    annotations: BTreeMap<&'a str, Vec<&'a AnnotationValue>>,
    availability_zones: Vec<NameOutput<'a>>,
    duration: Option<f64>,
    entry_point: Option<ServiceIdOutput<'a>>,
    error_root_causes: Vec<RootCauseOutput<'a, FailedEntityOutput<'a>>>,
    fault_root_causes: Vec<RootCauseOutput<'a, FailedEntityOutput<'a>>>,
    has_error: bool,
    has_fault: bool,
    has_throttle: bool,
    http: HttpOutput,
    id: TraceId,
    instance_ids: Vec<IdOutput<'a>>,
    is_partial: bool,
    /// What a filter with `edge(…)` matched in a range of type Service.
    matched_edge: Option<MatchedEdgeOutput<'a>>,
    matched_event_time: Option<i64>,
    /// What a filter with `service(…)` matched in a range of type Service.
    matched_service: Option<MatchedServiceOutput<'a>>,
    #[serde(rename = "ResourceARNs")]
    resource_arns: Vec<ArnOutput<'a>>,
    response_time: Option<f64>,
    response_time_root_causes: Vec<RootCauseOutput<'a, SlowEntityOutput<'a>>>,
    revision: u32,
    service_ids: Vec<ServiceIdOutput<'a>>,
    start_time: Option<EpochSeconds>,
    users: Vec<UserOutput<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ValueWithServiceIds<'a> {
    annotation_value: AnnotationValueOutput<'a>,
    /// Modelled, and always null (recorded).
    service_ids: Option<()>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct AnnotationValueOutput<'a> {
    boolean_value: Option<bool>,
    number_value: Option<f64>,
    string_value: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct UserOutput<'a> {
    /// Modelled, and always null (recorded).
    service_ids: Option<()>,
    user_name: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct HttpOutput {
    client_ip: Option<Box<str>>,
    http_method: Option<Box<str>>,
    http_status: Option<i64>,
    #[serde(rename = "HttpURL")]
    http_url: Option<Box<str>>,
    user_agent: Option<Box<str>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct NameOutput<'a> {
    name: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct IdOutput<'a> {
    id: &'a str,
}

#[derive(Debug, Serialize)]
struct ArnOutput<'a> {
    #[serde(rename = "ARN")]
    arn: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct RootCauseOutput<'a, E> {
    client_impacting: bool,
    services: Vec<CauseServiceOutput<'a, E>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct CauseServiceOutput<'a, E> {
    account_id: Option<&'a str>,
    entity_path: Vec<E>,
    inferred: bool,
    name: &'a str,
    names: [&'a str; 1],
    #[serde(rename = "Type")]
    kind: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct FailedEntityOutput<'a> {
    exceptions: Vec<ExceptionOutput<'a>>,
    name: &'a str,
    remote: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ExceptionOutput<'a> {
    message: Option<&'a str>,
    name: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct SlowEntityOutput<'a> {
    coverage: f64,
    name: &'a str,
    remote: bool,
}

/// What the service tells of a segment that a filter asked for; its model does not know it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct MatchedServiceOutput<'a> {
    annotations: BTreeMap<&'a str, Vec<AnnotationValueOutput<'a>>>,
    has_error: bool,
    has_fault: bool,
    has_throttle: bool,
    response_time: Option<f64>,
}

/// What the service tells of a call that a filter asked for, as its caller saw it; its model does not know it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct MatchedEdgeOutput<'a> {
    destination_annotations: BTreeMap<&'a str, Vec<AnnotationValueOutput<'a>>>,
    has_error: bool,
    has_fault: bool,
    has_throttle: bool,
    response_time: Option<f64>,
}

/// Names the services of one projection.
#[derive(Clone, Copy)]
struct Namer<'a, 'o> {
    own_account: &'o str,
    projection: &'a Projection,
}

impl<'a> TraceSummaryOutput<'a> {
    /// `own_account` is left out of services, as the service does (recorded).
    pub(crate) fn of(own_account: &str, selection: &Selection, projection: &'a Projection) -> Self {
        let matched = selection.matched(projection).unwrap_or_default();
        let namer = Namer {
            own_account,
            projection,
        };
        let summary = Summary::of(projection);
        let outcome = summary.outcome();
        let causes = &projection.causes;
        let list = |texts: Vec<&'a str>| texts.into_iter();
        Self {
            annotations: summary.annotations(),
            availability_zones: list(summary.availability_zones())
                .map(|name| NameOutput { name })
                .collect(),
            duration: projection.summary_duration(),
            entry_point: summary.entry_point().map(|node| namer.service_id(node)),
            error_root_causes: namer.root_causes(&causes.error, FailedEntityOutput::of),
            fault_root_causes: namer.root_causes(&causes.fault, FailedEntityOutput::of),
            has_error: outcome.error,
            has_fault: outcome.fault,
            has_throttle: outcome.throttle,
            http: HttpOutput::of(summary.http()),
            id: projection.id,
            instance_ids: list(summary.instance_ids())
                .map(|id| IdOutput { id })
                .collect(),
            is_partial: projection.partial,
            matched_edge: matched
                .edge
                .map(|call| MatchedEdgeOutput::of(projection, call)),
            matched_event_time: summary.matched_event_time(selection.range.by),
            matched_service: matched.service.map(MatchedServiceOutput::of),
            resource_arns: list(summary.resource_arns())
                .map(|arn| ArnOutput { arn })
                .collect(),
            response_time: projection.response_time(),
            response_time_root_causes: namer
                .root_causes(&causes.response_time, SlowEntityOutput::of),
            revision: projection.revision,
            service_ids: namer.service_ids(),
            start_time: projection.start,
            users: list(summary.users())
                .map(|user_name| UserOutput {
                    service_ids: None,
                    user_name,
                })
                .collect(),
        }
    }
}

fn write_annotations<S: Serializer>(
    by_key: &BTreeMap<&str, Vec<&AnnotationValue>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let list = by_key.iter().map(|(key, values)| {
        let told = move || values.iter().map(|value| ValueWithServiceIds::of(value));
        (key, OneByOne(told))
    });
    serializer.collect_map(list)
}

/// The annotations of one segment, by key.
fn annotations_of(seen: &Observation) -> BTreeMap<&str, Vec<AnnotationValueOutput<'_>>> {
    let mut by_key: BTreeMap<&str, Vec<AnnotationValueOutput<'_>>> = BTreeMap::new();
    for (key, value) in &seen.annotations {
        let values = by_key.entry(key).or_default();
        values.push(AnnotationValueOutput::of(value));
    }
    by_key
}

impl<'a> ValueWithServiceIds<'a> {
    fn of(value: &'a AnnotationValue) -> Self {
        Self {
            annotation_value: AnnotationValueOutput::of(value),
            service_ids: None,
        }
    }
}

impl<'a> MatchedServiceOutput<'a> {
    fn of(seen: &'a Observation) -> Self {
        Self {
            annotations: annotations_of(seen),
            has_error: seen.outcome.error,
            has_fault: seen.outcome.fault,
            has_throttle: seen.outcome.throttle,
            response_time: seen.duration(),
        }
    }
}

impl<'a> MatchedEdgeOutput<'a> {
    fn of(projection: &'a Projection, call: &Call) -> Self {
        Self {
            destination_annotations: annotations_of(&projection.observations[call.callee as usize]),
            has_error: call.outcome.error,
            has_fault: call.outcome.fault,
            has_throttle: call.outcome.throttle,
            response_time: call.response_time,
        }
    }
}

impl<'a> Namer<'a, '_> {
    fn account_id(self, node: &'a Node) -> Option<&'a str> {
        let account_id = node.account_id.as_deref();
        account_id.filter(|account_id| *account_id != self.own_account)
    }

    fn service_id(self, node: &'a Node) -> ServiceIdOutput<'a> {
        ServiceIdOutput::new(self.account_id(node), &node.name, node.kind.as_deref())
    }

    /// Every service of the trace, once: the own account and none are the same.
    fn service_ids(self) -> Vec<ServiceIdOutput<'a>> {
        let mut told = HashSet::new();
        let nodes = self.projection.nodes.iter();
        nodes
            .filter(|node| told.insert((&*node.name, node.kind.as_deref(), self.account_id(node))))
            .map(|node| self.service_id(node))
            .collect()
    }

    fn root_causes<E, O>(
        self,
        causes: &'a [RootCause<E>],
        entity: impl Fn(&'a E) -> O,
    ) -> Vec<RootCauseOutput<'a, O>> {
        let service = |service: &'a CauseService<E>| {
            let node = self.projection.node(service.node);
            CauseServiceOutput {
                account_id: self.account_id(node),
                entity_path: service.entities.iter().map(&entity).collect(),
                inferred: service.inferred,
                name: &node.name,
                names: [&node.name],
                kind: node.kind.as_deref(),
            }
        };
        let cause = |cause: &'a RootCause<E>| RootCauseOutput {
            client_impacting: cause.client_impacting,
            services: cause.services.iter().map(service).collect(),
        };
        causes.iter().map(cause).collect()
    }
}

impl<'a> FailedEntityOutput<'a> {
    fn of(entity: &'a FailedEntity) -> Self {
        let exceptions = entity.exceptions.iter();
        Self {
            exceptions: exceptions
                .map(|exception| ExceptionOutput {
                    message: exception.message.as_deref(),
                    name: exception.name.as_deref(),
                })
                .collect(),
            name: &entity.name,
            remote: entity.remote,
        }
    }
}

impl<'a> SlowEntityOutput<'a> {
    fn of(entity: &'a SlowEntity) -> Self {
        Self {
            coverage: entity.coverage,
            name: &entity.name,
            remote: entity.remote,
        }
    }
}

impl<'a> AnnotationValueOutput<'a> {
    fn of(value: &'a AnnotationValue) -> Self {
        let none = Self::default();
        match value {
            AnnotationValue::Boolean(boolean) => Self {
                boolean_value: Some(*boolean),
                ..none
            },
            AnnotationValue::Number(number) => Self {
                number_value: Some(*number),
                ..none
            },
            AnnotationValue::Text(text) => Self {
                string_value: Some(text),
                ..none
            },
        }
    }
}

impl HttpOutput {
    fn of(http: HttpFacts) -> Self {
        Self {
            client_ip: http.client_ip,
            http_method: http.method,
            http_status: http.status,
            http_url: http.url,
            user_agent: http.user_agent,
        }
    }
}
