//! How much memory a projection takes.

use fluoro_model::document::AnnotationValue;
use fluoro_trace::Projection;
use fluoro_trace::causes::{CauseService, FailedEntity, RootCause};
use fluoro_trace::projection::{HttpFacts, Node, Observation, Open};

/// What an allocation costs beyond its bytes.
const ALLOCATION: usize = 16;

/// About how much memory a projection takes, in bytes: limits are about orders of magnitude.
#[must_use]
pub fn weight(projection: &Projection) -> usize {
    let nodes: usize = projection.nodes.iter().map(node).sum();
    let calls: usize = projection
        .calls
        .iter()
        .map(|call| text(call.alias.as_deref()) + http(call.http.as_ref()))
        .sum();
    let observations: usize = projection.observations.iter().map(observation).sum();
    let open: usize = projection
        .open
        .iter()
        .map(|open| text(Some(name_of(open))))
        .sum();
    let links: usize = projection
        .links
        .iter()
        .map(|link| text(link.reference_type.as_deref()))
        .sum();
    let superseded: usize = projection
        .superseded
        .iter()
        .map(|superseded| node(&superseded.taken_for))
        .sum();
    let causes = &projection.causes;
    let causes = paths(&causes.fault, failed)
        + paths(&causes.error, failed)
        + paths(&causes.response_time, |entity| text(Some(&entity.name)));
    size_of::<Projection>()
        + size_of_val(&*projection.nodes)
        + size_of_val(&*projection.calls)
        + size_of_val(&*projection.observations)
        + size_of_val(&*projection.links)
        + size_of_val(&*projection.superseded)
        + size_of_val(&*projection.open)
        + nodes
        + calls
        + observations
        + open
        + links
        + superseded
        + causes
        + 8 * ALLOCATION
}

fn node(node: &Node) -> usize {
    text(Some(&node.name)) + text(node.kind.as_deref()) + text(node.account_id.as_deref())
}

fn paths<E>(paths: &[RootCause<E>], entity: impl Fn(&E) -> usize) -> usize {
    let services = paths.iter().flat_map(|path| &path.services);
    let services = services.map(|service| {
        let entities: usize = service.entities.iter().map(&entity).sum();
        size_of::<CauseService<E>>() + ALLOCATION + size_of_val(&*service.entities) + entities
    });
    size_of_val(paths) + paths.len() * ALLOCATION + services.sum::<usize>()
}

fn failed(entity: &FailedEntity) -> usize {
    let exceptions = entity
        .exceptions
        .iter()
        .map(|exception| text(exception.name.as_deref()) + text(exception.message.as_deref()));
    text(Some(&entity.name)) + size_of_val(&*entity.exceptions) + exceptions.sum::<usize>()
}

fn observation(observation: &Observation) -> usize {
    let annotations: usize = observation
        .annotations
        .iter()
        .map(|(key, value)| {
            let value_text = match value {
                AnnotationValue::Text(value) => text(Some(value)),
                AnnotationValue::Number(_) | AnnotationValue::Boolean(_) => 0,
            };
            size_of::<(Box<str>, AnnotationValue)>() + text(Some(key)) + value_text
        })
        .sum();
    let texts = [
        &observation.user,
        &observation.resource_arn,
        &observation.instance_id,
        &observation.availability_zone,
        &observation.region,
    ];
    let texts: usize = texts.into_iter().map(|value| text(value.as_deref())).sum();
    annotations + texts + http(observation.http.as_ref())
}

fn http(facts: Option<&HttpFacts>) -> usize {
    facts.map_or(0, |facts| {
        text(facts.url.as_deref())
            + text(facts.method.as_deref())
            + text(facts.user_agent.as_deref())
            + text(facts.client_ip.as_deref())
    })
}

fn name_of(open: &Open) -> &str {
    match open {
        Open::InProgress { name, .. } | Open::MissingParent { name, .. } => name,
    }
}

fn text(value: Option<&str>) -> usize {
    value.map_or(0, |text| text.len() + ALLOCATION)
}
