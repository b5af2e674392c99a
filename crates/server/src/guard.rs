//! No web page reaches a management operation.
//!
//! A browser sends whatever a page asks it to send, also to 127.0.0.1. It says so, though: `Origin` names the page, and
//! `Sec-Fetch-Site` how far away it is; and a page that had its own name point to 127.0.0.1 (DNS rebinding) still says
//! that name in `Host`. So a call passes when its `Host` is a name of ours and nothing in it speaks of a page from elsewhere.
//! Of an image or a link under a name that is not loopback, a browser that speaks plain HTTP says none of that: a `GET`
//! that asks for an action in its query may therefore only read, unless it is signed in a header, which no page can set.
//! Stages are exempt: they are what they are deployed to be. A link may open the console, wherever it stands.

use std::net::IpAddr;

use fluoro_wire::query::Form;
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, Method, header};

/// The names under which management calls may come.
#[derive(Debug)]
pub(crate) struct Guard {
    hosts: Vec<String>,
}

/// Why a call does not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stranger {
    /// It was sent to a name that is not ours.
    #[error(
        "management calls to host {0:?} are refused: use a loopback address, or add the name to the setting hosts \
         (hosts = [{0:?}], FLUORO_HOSTS)"
    )]
    Host(String),
    /// It does not say to whom it was sent.
    #[error("a call without a Host header is refused")]
    NoHost,
    /// A page from elsewhere sent it.
    #[error("calls from web pages of other origins are refused: this one came from {0:?}")]
    Origin(String),
    /// Any page's image or link can be this call.
    #[error(
        "{0:?} in the query of an unsigned GET is refused, as any web page can have it sent: send it by POST, or sign it \
         in the Authorization header"
    )]
    Linked(String),
}

// === impl Guard ===

impl Guard {
    /// Loopback names and `hosts` are ours; `*.` in front of a name means everything below it.
    pub(crate) fn new(hosts: Vec<String>) -> Self {
        Self { hosts }
    }

    /// Whether the call may be a management call.
    pub(crate) fn admit(&self, head: &Parts) -> Result<(), Stranger> {
        let host = self.admit_host(head)?;
        not_from_elsewhere(&head.headers, host)?;
        no_linked_action(head)
    }

    /// The name under which the call came, if it is ours; whoever sent it.
    pub(crate) fn admit_host<'h>(&self, head: &'h Parts) -> Result<&'h str, Stranger> {
        let host = host_of(head).ok_or(Stranger::NoHost)?;
        let authority: Option<Authority> = host.parse().ok();
        let ours = authority
            .as_ref()
            .is_some_and(|authority| self.is_ours(authority.host()));
        if !ours {
            return Err(Stranger::Host(host.to_owned()));
        }
        Ok(host)
    }

    fn is_ours(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if is_loopback(&host) {
            return true;
        }
        self.hosts.iter().any(|ours| match ours.strip_prefix("*.") {
            Some(parent) => host
                .strip_suffix(parent)
                .is_some_and(|below| below.ends_with('.')),
            None => host == *ours,
        })
    }
}

/// The `Host` header, else the target's authority; `None` when there is neither, or several.
fn host_of(head: &Parts) -> Option<&str> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        (None, _) => head.uri.authority().map(Authority::as_str),
        (Some(_), Some(_)) => None,
    }
}

fn is_loopback(host: &str) -> bool {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    let address = literal.parse::<IpAddr>();
    host == "localhost"
        || host.ends_with(".localhost")
        || address.is_ok_and(|address| address.is_loopback())
}

/// A page of our own has our `Host` as its origin; everything else that names an origin is from elsewhere.
fn not_from_elsewhere(headers: &HeaderMap, host: &str) -> Result<(), Stranger> {
    for origin in headers.get_all(header::ORIGIN) {
        let origin = String::from_utf8_lossy(origin.as_bytes());
        let authority = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        if !authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host)) {
            return Err(Stranger::Origin(origin.into_owned()));
        }
    }
    // A page's images and links send no origin, but say from how far they come. Source: W3C, Fetch Metadata.
    for site in headers.get_all("sec-fetch-site") {
        if !matches!(site.as_bytes(), b"same-origin" | b"none") {
            let site = String::from_utf8_lossy(site.as_bytes());
            return Err(Stranger::Origin(site.into_owned()));
        }
    }
    Ok(())
}

/// How the names of actions begin that change nothing. Nobody's page gets to see what they answer.
const READS: [&str; 3] = ["Describe", "Get", "List"];

/// An action in the query of a `GET` only reads, unless a header that no page can set comes with it. A presigned query is
/// no proof of anything: whoever writes the link writes that too, and nobody verifies it.
fn no_linked_action(head: &Parts) -> Result<(), Stranger> {
    let authorization = head.headers.get(header::AUTHORIZATION);
    let signed = authorization.is_some_and(|value| value.as_bytes().starts_with(b"AWS4-"));
    if signed || !matches!(head.method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let query = head.uri.query().unwrap_or_default().split('&');
    for parameter in query.filter_map(|pair| Form::parse(pair.as_bytes()).ok()) {
        let Some(action) = parameter.get("Action") else {
            continue;
        };
        if !READS.iter().any(|reads| action.starts_with(reads)) {
            return Err(Stranger::Linked(action.to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn admitted(headers: &[(&str, &str)]) -> Result<(), Stranger> {
        let mut request = Request::builder().method("POST").uri("/restapis");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let head = request.body(()).unwrap().into_parts().0;
        Guard::new(vec!["fluoro".to_owned(), "*.example.test".to_owned()]).admit(&head)
    }

    #[test]
    fn names_of_ours_pass() {
        for host in [
            "127.0.0.1:4566",
            "127.8.8.8",
            "localhost",
            "LOCALHOST:4566",
            "xray.localhost:4566",
            "[::1]:4566",
            "fluoro:4566",
            "Fluoro.",
            "a.example.test",
            "a.b.example.test:1",
        ] {
            assert_eq!(admitted(&[("host", host)]), Ok(()), "{host}");
        }
    }

    #[test]
    fn a_rebound_name_does_not() {
        for host in [
            "evil.test:4566",
            "example.test",
            "localhost.evil.test",
            "127.0.0.1.evil.test",
            "notexample.test",
            "169.254.169.254",
            "0.0.0.0:4566",
            "",
            "a b",
        ] {
            let refused = admitted(&[("host", host)]);
            assert_eq!(refused, Err(Stranger::Host(host.to_owned())), "{host}");
        }
        assert_eq!(admitted(&[]), Err(Stranger::NoHost));
        let two = [("host", "localhost"), ("host", "evil.test")];
        assert_eq!(admitted(&two), Err(Stranger::NoHost));
    }

    #[test]
    fn pages_from_elsewhere_do_not() {
        let host = ("host", "localhost:4566");
        for origin in [
            "null",
            "http://evil.test",
            "http://localhost:3000",
            "https://localhost",
            "http://127.0.0.1:4566",
            "file://",
            "",
        ] {
            let refused = admitted(&[host, ("origin", origin)]);
            assert_eq!(
                refused,
                Err(Stranger::Origin(origin.to_owned())),
                "{origin}"
            );
        }
        for site in ["cross-site", "same-site"] {
            assert!(
                admitted(&[host, ("sec-fetch-site", site)]).is_err(),
                "{site}"
            );
        }
    }

    #[test]
    fn our_own_pages_do() {
        let host = ("host", "localhost:4566");
        let origin = ("origin", "http://localhost:4566");
        assert_eq!(
            admitted(&[host, origin, ("sec-fetch-site", "same-origin")]),
            Ok(())
        );
        assert_eq!(admitted(&[host, ("sec-fetch-site", "none")]), Ok(()));
    }

    #[test]
    fn an_action_in_a_link_only_reads() {
        let asked = |method: Method, query: &str, headers: &[(&str, &str)]| {
            let mut request = Request::builder().method(method).uri(format!("/?{query}"));
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let head = request.header("host", "fluoro:4566").body(()).unwrap();
            Guard::new(vec!["fluoro".to_owned()]).admit(&head.into_parts().0)
        };
        let presigned = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F20260101%2Fus-east-1%2Fiam%2Faws4_request\
                         &X-Amz-Signature=00&Action=DeleteRole";
        for query in [
            "Action=DeleteRole&Version=2010-05-08&RoleName=x",
            "Action=GetRole&Action=DeleteRole",
            "%41ction=%44eleteRole",
            "x=%ff&Action=DeleteRole",
            presigned,
        ] {
            let refused = Err(Stranger::Linked("DeleteRole".to_owned()));
            assert_eq!(asked(Method::GET, query, &[]), refused, "{query}");
            assert_eq!(asked(Method::HEAD, query, &[]), refused, "{query}");
            let basic = ("authorization", "Basic eDp5");
            assert_eq!(asked(Method::GET, query, &[basic]), refused, "{query}");
            let signed = ("authorization", "AWS4-HMAC-SHA256 Credential=a/b");
            assert_eq!(asked(Method::GET, query, &[signed]), Ok(()), "{query}");
            assert_eq!(asked(Method::POST, query, &[]), Ok(()), "{query}");
        }
        for query in ["Action=GetCallerIdentity", "Action=ListRoles", "action=x"] {
            assert_eq!(asked(Method::GET, query, &[]), Ok(()), "{query}");
        }
    }
}
