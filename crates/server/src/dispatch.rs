//! Which of the things behind one port a request is for.
//!
//! Steps in the order of [`Step`]; within a step, the entries of [`table::ENTRIES`], of which at most one matches any
//! request (a test holds that). A request that names a stage is a stage's; everything else is a management call, and has
//! passed the guard before it is answered.

mod stage;
mod table;
#[cfg(test)]
mod tests;

use fluoro_wire::query::Form;
use fluoro_wire::sigv4::Scope;
use http::request::Parts;
use http::{Method, header};

use crate::console;
pub(crate) use stage::StageAddress;
use table::{ENTRIES, Matcher, Step};

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// A deployed stage.
    Stage(StageAddress),
    /// Our own API: `/_fluoro/…`.
    Own,
    /// The console: `/_fluoro/console/…`, and `/` for a browser.
    Console,
    /// The service with this signing name, ours or another's.
    Service(String),
    /// Nothing here.
    Nowhere,
}

/// Decides by the head; an unsigned form in the query protocol is known by its body alone, see [`by_form`].
pub(crate) fn by_head(head: &Parts, scope: Option<&Scope>) -> Destination {
    for step in Step::IN_ORDER {
        let found = match step {
            Step::Host => StageAddress::of_host(head).map(Destination::Stage),
            Step::Scope => scope.map(|scope| Destination::Service(scope.service.clone())),
            Step::Reserved | Step::Target | Step::Action | Step::Path => by_table(step, head),
        };
        if let Some(found) = found {
            return found;
        }
    }
    Destination::Nowhere
}

/// Whether only the body can say what the request is for: an unsigned form.
pub(crate) fn needs_form(head: &Parts) -> bool {
    let content_type = head.headers.get(header::CONTENT_TYPE);
    head.method == Method::POST
        && content_type.is_some_and(|value| {
            value
                .as_bytes()
                .starts_with(b"application/x-www-form-urlencoded")
        })
}

/// Decides by a form of the query protocol: its `Version` is the service's own.
pub(crate) fn by_form(form: &[u8]) -> Destination {
    let Ok(form) = Form::parse(form) else {
        return Destination::Nowhere;
    };
    let (Some(_), Some(version)) = (form.get("Action"), form.get("Version")) else {
        return Destination::Nowhere;
    };
    let found = ENTRIES
        .iter()
        .find(|entry| matches!(entry.matcher, Matcher::Version(known) if known == version));
    found.map_or(Destination::Nowhere, |entry| {
        Destination::Service(entry.to.to_owned())
    })
}

fn by_table(step: Step, head: &Parts) -> Option<Destination> {
    let entry = ENTRIES
        .iter()
        .filter(|entry| entry.matcher.step() == step)
        .find(|entry| entry.matcher.matches(head))?;
    match entry.to {
        table::STAGE => {
            let stage = StageAddress::of_path(head);
            Some(stage.map_or(Destination::Nowhere, Destination::Stage))
        }
        table::OWN if console::is_at(head.uri.path()) => Some(Destination::Console),
        table::OWN => Some(Destination::Own),
        table::CONSOLE => Some(Destination::Console),
        service => Some(Destination::Service(service.to_owned())),
    }
}
