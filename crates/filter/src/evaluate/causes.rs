//! Elements of root causes, and paths written as JSON.

use fluoro_trace::Projection;
use fluoro_trace::causes::{CauseException, CauseService, FailedEntity, RootCause, SlowEntity};
use fluoro_trace::projection::Node;

use crate::ast::{RootCauseKind, RootCauseLevel};
use crate::pattern::{CausePattern, EntityPattern, ExceptionPattern, ServicePattern};

/// One service, entity or exception of a path, in the list where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    /// Its place, from 0.
    pub(super) index: usize,
    /// How many there are.
    pub(super) of: usize,
    pub(super) name: Option<&'a str>,
    /// Of a service, its node.
    pub(super) node: Option<&'a Node>,
    /// Its service is inferred.
    pub(super) inferred: bool,
    pub(super) remote: bool,
    pub(super) coverage: Option<f64>,
    pub(super) message: Option<&'a str>,
}

/// What steps towards a failure and towards a slow answer have in common.
trait Entity {
    fn name(&self) -> &str;
    fn remote(&self) -> bool;
    fn coverage(&self) -> Option<f64>;
    fn exceptions(&self) -> &[CauseException];
}

impl Entity for FailedEntity {
    fn name(&self) -> &str {
        &self.name
    }

    fn remote(&self) -> bool {
        self.remote
    }

    fn coverage(&self) -> Option<f64> {
        None
    }

    fn exceptions(&self) -> &[CauseException] {
        &self.exceptions
    }
}

impl Entity for SlowEntity {
    fn name(&self) -> &str {
        &self.name
    }

    fn remote(&self) -> bool {
        self.remote
    }

    fn coverage(&self) -> Option<f64> {
        Some(self.coverage)
    }

    fn exceptions(&self) -> &[CauseException] {
        &[]
    }
}

/// Whether some element of some path of that kind fits.
pub(super) fn some_element(
    projection: &Projection,
    kind: RootCauseKind,
    level: RootCauseLevel,
    fits: impl Fn(Element<'_>) -> bool,
) -> bool {
    let causes = &projection.causes;
    match kind {
        RootCauseKind::Fault => some_of(projection, &causes.fault, level, fits),
        RootCauseKind::Error => some_of(projection, &causes.error, level, fits),
        RootCauseKind::ResponseTime => some_of(projection, &causes.response_time, level, fits),
    }
}

fn some_of<E: Entity>(
    projection: &Projection,
    causes: &[RootCause<E>],
    level: RootCauseLevel,
    fits: impl Fn(Element<'_>) -> bool,
) -> bool {
    let some_service = |(index, of, service): (usize, usize, &CauseService<E>)| {
        let node = projection.node(service.node);
        let element = Element {
            index,
            of,
            name: Some(&node.name),
            node: Some(node),
            inferred: service.inferred,
            remote: false,
            coverage: None,
            message: None,
        };
        if level == RootCauseLevel::Service {
            return fits(element);
        }
        numbered(&service.entities).any(|(index, of, entity)| {
            let element = Element {
                index,
                of,
                name: Some(entity.name()),
                node: None,
                remote: entity.remote(),
                coverage: entity.coverage(),
                ..element
            };
            if level == RootCauseLevel::Entity {
                return fits(element);
            }
            numbered(entity.exceptions()).any(|(index, of, exception)| {
                fits(Element {
                    index,
                    of,
                    name: exception.name.as_deref(),
                    message: exception.message.as_deref(),
                    ..element
                })
            })
        })
    };
    causes
        .iter()
        .any(|cause| numbered(&cause.services).any(some_service))
}

/// Each with its place and with how many there are.
fn numbered<T>(list: &[T]) -> impl Iterator<Item = (usize, usize, &T)> {
    list.iter()
        .enumerate()
        .map(|(index, element)| (index, list.len(), element))
}

impl CausePattern {
    /// Whether some root cause of the trace, of whatever kind, is like this.
    pub(super) fn fits(&self, projection: &Projection) -> bool {
        let causes = &projection.causes;
        causes
            .fault
            .iter()
            .any(|cause| self.fits_path(projection, cause))
            || causes
                .error
                .iter()
                .any(|cause| self.fits_path(projection, cause))
            || causes
                .response_time
                .iter()
                .any(|cause| self.fits_path(projection, cause))
    }

    fn fits_path<E: Entity>(&self, projection: &Projection, cause: &RootCause<E>) -> bool {
        is_or_open(self.client_impacting.as_ref(), &cause.client_impacting)
            && each(
                self.services.as_deref(),
                &cause.services,
                |wanted, service| wanted.fits(projection, service),
            )
    }
}

impl ServicePattern {
    fn fits<E: Entity>(&self, projection: &Projection, service: &CauseService<E>) -> bool {
        let node = projection.node(service.node);
        let text = |wanted: &Option<String>, given: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| given == Some(wanted))
        };
        text(&self.name, Some(&node.name))
            && each(self.names.as_deref(), &[&*node.name], |wanted, name| {
                wanted == name
            })
            && text(&self.kind, node.kind.as_deref())
            && text(&self.account_id, node.account_id.as_deref())
            && is_or_open(self.inferred.as_ref(), &service.inferred)
            && each(
                self.entity_path.as_deref(),
                &service.entities,
                EntityPattern::fits,
            )
    }
}

impl EntityPattern {
    fn fits<E: Entity>(&self, entity: &E) -> bool {
        self.name
            .as_deref()
            .is_none_or(|name| name == entity.name())
            && is_or_open(self.remote.as_ref(), &entity.remote())
            && self
                .coverage
                .is_none_or(|coverage| entity.coverage() == Some(coverage))
            && each(
                self.exceptions.as_deref(),
                entity.exceptions(),
                ExceptionPattern::fits,
            )
    }
}

impl ExceptionPattern {
    fn fits(&self, exception: &CauseException) -> bool {
        let text = |wanted: &Option<String>, given: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| given == Some(wanted))
        };
        text(&self.name, exception.name.as_deref())
            && text(&self.message, exception.message.as_deref())
    }
}

fn is_or_open<T: PartialEq>(wanted: Option<&T>, given: &T) -> bool {
    wanted.is_none_or(|wanted| wanted == given)
}

/// What is wanted is the beginning of what is there, element by element.
fn each<W, G>(wanted: Option<&[W]>, given: &[G], fits: impl Fn(&W, &G) -> bool) -> bool {
    let wanted = wanted.unwrap_or_default();
    wanted.len() <= given.len()
        && wanted
            .iter()
            .zip(given)
            .all(|(wanted, given)| fits(wanted, given))
}
