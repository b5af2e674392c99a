//! What can be asked of our own API: the one table of its calls.
//!
//! `docs/openapi.json` describes each of them; a test holds the two together.

use std::borrow::Cow;

use http::Method;
use percent_encoding::percent_decode_str;

use super::reply::Problem;

/// A call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Call {
    Health,
    Listeners,
    Doctor,
    Groups,
    Follow,
    Trace,
    Export,
    Sql,
    Rules,
    Why,
    Preview,
    Statistics,
    Metrics,
    Store,
    Settle,
    Function,
    Code,
    Logs,
    ListStacks,
    GetStack,
    PutStack,
    DeleteStack,
}

/// A way to a call.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) method: Method,
    /// The path after `/_fluoro/`. One part at most is in braces: it may be any text.
    pub(super) path: &'static str,
    pub(super) call: Call,
}

/// The route that a request takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taken<'p> {
    pub(super) call: Call,
    /// What stands in the place of the part in braces, percent-decoded; empty where there is none.
    pub(super) named: Cow<'p, str>,
}

const fn route(method: Method, path: &'static str, call: Call) -> Route {
    Route { method, path, call }
}

/// Every route. Which of two that fit comes first decides.
pub(super) static ROUTES: &[Route] = &[
    route(Method::GET, "health", Call::Health),
    route(Method::GET, "listeners", Call::Listeners),
    route(Method::GET, "doctor", Call::Doctor),
    route(Method::GET, "groups", Call::Groups),
    route(Method::GET, "traces", Call::Follow),
    route(Method::GET, "traces/{id}", Call::Trace),
    route(Method::GET, "export", Call::Export),
    route(Method::POST, "sql", Call::Sql),
    route(Method::GET, "sampling", Call::Rules),
    route(Method::GET, "sampling/why", Call::Why),
    route(Method::POST, "sampling/preview", Call::Preview),
    route(Method::GET, "statistics", Call::Statistics),
    route(Method::GET, "metrics", Call::Metrics),
    route(Method::GET, "store", Call::Store),
    route(Method::POST, "settle", Call::Settle),
    route(Method::GET, "functions/{name}", Call::Function),
    route(Method::GET, "functions/{name}/code", Call::Code),
    route(Method::GET, "functions/{name}/logs", Call::Logs),
    route(Method::GET, "stacks", Call::ListStacks),
    route(Method::GET, "stacks/{name}", Call::GetStack),
    route(Method::PUT, "stacks/{name}", Call::PutStack),
    route(Method::DELETE, "stacks/{name}", Call::DeleteStack),
];

/// The route of a request, by its path after `/_fluoro/`. Where there is an answer to `GET`, there is one to `HEAD`.
pub(super) fn find<'p>(method: &Method, path: &'p str) -> Result<Taken<'p>, Problem> {
    let fitting = ROUTES
        .iter()
        .filter_map(|route| Some((route, fit(route.path, path)?)));
    let asked = if *method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    let mut allowed = Vec::new();
    for (route, named) in fitting {
        if route.method == *asked {
            let call = route.call;
            return Ok(Taken { call, named });
        }
        allowed.push(route.method.as_str());
    }
    if allowed.is_empty() {
        return Err(Problem::nowhere(&format!("/_fluoro/{path}")));
    }
    Err(Problem::method(method, &allowed.join(" or ")))
}

/// What stands for the part in braces, if the path is of this pattern.
fn fit<'p>(pattern: &str, path: &'p str) -> Option<Cow<'p, str>> {
    let mut named = Cow::Borrowed("");
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(named),
            (Some(wanted), Some(given)) if wanted.starts_with('{') => {
                named = percent_decode_str(given).decode_utf8().ok()?;
            }
            (Some(wanted), Some(given)) if wanted == given => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_its_call() {
        for (path, call, named) in [
            ("health", Call::Health, ""),
            ("traces/1-2-3", Call::Trace, "1-2-3"),
            ("functions/hello/logs", Call::Logs, "hello"),
            (
                "functions/arn%3Aaws%3alambda%2Fx/logs",
                Call::Logs,
                "arn:aws:lambda/x",
            ),
            ("stacks/shop", Call::GetStack, "shop"),
        ] {
            let taken = find(&Method::GET, path).unwrap();
            let named = named.into();
            assert_eq!(taken, Taken { call, named });
            assert_eq!(find(&Method::HEAD, path).unwrap(), taken);
        }
        let put = find(&Method::PUT, "stacks/shop").unwrap();
        assert_eq!(put.call, Call::PutStack);
    }

    #[test]
    fn a_path_that_nobody_has_is_told_from_a_method_that_nobody_has() {
        for path in [
            "",
            "healthy",
            "health/",
            "traces/a/b",
            "functions/a/log",
            "functions/%ff",
        ] {
            let problem = find(&Method::GET, path).unwrap_err();
            assert!(format!("{problem:?}").contains("NotFound"), "{path}");
        }
        let problem = find(&Method::POST, "stacks/shop").unwrap_err();
        let problem = format!("{problem:?}");
        assert!(problem.contains("GET or PUT or DELETE is"), "{problem}");
    }
}
