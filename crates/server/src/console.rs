//! The web console at `/_fluoro/console/`: files that the binary carries, and one page for all its routes.
//!
//! It is served from the first moment on, also while what is stored is still being read: the page says so itself.

use fluoro_console::{File, INDEX};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use crate::body::{self, Body};

/// Where the console is.
pub(crate) const ROOT: &str = "/_fluoro/console/";

/// What the console's page may load and do: its own files, and calls of the server that it came from. Cloudscape and the
/// map place elements by style attributes, for which there is no tag or digest to name.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Files whose names change with their bytes: for good.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// The others: kept, and asked about each time.
const ASK_AGAIN: &str = "no-cache";

/// Whether this path is the console's.
pub(crate) fn is_at(path: &str) -> bool {
    path.starts_with(ROOT) || path == ROOT.trim_end_matches('/')
}

/// Whether a person's browser asks for a page: the console is what it gets at `/`.
pub(crate) fn is_browser_at_root(head: &Parts) -> bool {
    is_read(&head.method)
        && head.uri.path() == "/"
        && head.uri.query().is_none()
        && accepts(&head.headers, &header::ACCEPT, "text/html")
}

/// Whether a request for the console only opens its page, in a tab of its own. A link may do that wherever it stands: the
/// page is the same for everybody, and what it then asks for, it asks for itself. What a request is for, dispatch says:
/// a `GET /` with a query is a call.
pub(crate) fn is_opened(head: &Parts) -> bool {
    let is = |name: &str, value: &str| {
        let mut values = head.headers.get_all(name).iter();
        values.next().is_some_and(|found| found == value) && values.next().is_none()
    };
    head.method == Method::GET
        && !head.headers.contains_key(header::ORIGIN)
        && is("sec-fetch-mode", "navigate")
        && is("sec-fetch-dest", "document")
}

/// Answers a request for the console.
pub(crate) fn answer(head: &Parts) -> Response<Body> {
    if !is_read(&head.method) {
        let mut refused = plain(StatusCode::METHOD_NOT_ALLOWED, "the console is only read");
        let allowed = HeaderValue::from_static("GET, HEAD");
        refused.headers_mut().insert(header::ALLOW, allowed);
        return refused;
    }
    let Some(path) = head.uri.path().strip_prefix(ROOT) else {
        return to_root();
    };
    match file(path) {
        Some(file) => served(file, &head.headers),
        None => plain(StatusCode::NOT_FOUND, "the console has no such file"),
    }
}

/// The file at a path, and the page for every route of it. A file of another build is no route.
fn file(path: &str) -> Option<&'static File> {
    let index = || fluoro_console::find(INDEX).filter(|_| !path.starts_with("assets/"));
    fluoro_console::find(path).or_else(index)
}

fn served(file: &'static File, asked: &HeaderMap) -> Response<Body> {
    let packed = file
        .gzip()
        .filter(|_| accepts(asked, &header::ACCEPT_ENCODING, "gzip"));
    // Two spellings of one file are two things to a cache.
    let tag = match packed {
        Some(_) => format!("\"{}-gzip\"", file.tag),
        None => format!("\"{}\"", file.tag),
    };
    let known = asked.get_all(header::IF_NONE_MATCH).iter();
    let known = known.filter_map(|value| value.to_str().ok());
    let is_known = known
        .flat_map(|value| value.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == tag || known.trim() == "*");
    let mut response = Response::new(match packed {
        _ if is_known => body::whole(""),
        Some(packed) => body::whole(packed),
        None => match file.plain() {
            std::borrow::Cow::Borrowed(bytes) => body::whole(bytes),
            std::borrow::Cow::Owned(bytes) => body::whole(bytes),
        },
    });
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    let kept = if file.is_immutable() {
        FOR_GOOD
    } else {
        ASK_AGAIN
    };
    let tag = HeaderValue::try_from(tag).expect("a digest is written in hexadecimal digits");
    headers.insert(header::ETAG, tag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    if file.gzip().is_some() {
        let vary = HeaderValue::from_static("Accept-Encoding");
        headers.insert(header::VARY, vary);
    }
    if !is_known {
        let kind = HeaderValue::from_static(file.content_type);
        headers.insert(header::CONTENT_TYPE, kind);
        if packed.is_some() {
            let gzip = HeaderValue::from_static("gzip");
            headers.insert(header::CONTENT_ENCODING, gzip);
        }
    }
    guarded(response)
}

fn to_root() -> Response<Body> {
    let mut response = Response::new(body::whole(""));
    *response.status_mut() = StatusCode::FOUND;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::from_static(ROOT));
    let fresh = HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, fresh);
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(body::whole(text));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    guarded(response)
}

fn guarded(mut response: Response<Body>) -> Response<Body> {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Whether a list of what is accepted names this, and not with `q=0`.
pub(crate) fn accepts(headers: &HeaderMap, list: &header::HeaderName, wanted: &str) -> bool {
    let lists = headers.get_all(list).iter();
    let mut listed = lists
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    listed.any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let named = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(wanted));
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        let refused = weight.is_some_and(|weight| weight.parse() == Ok(0.0_f32));
        named && !refused
    })
}

#[cfg(test)]
mod tests {
    use fluoro_wire::sigv4::Scope;
    use http::Request;

    use super::*;
    use crate::dispatch::{self, Destination};

    fn head(method: Method, path: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn get(path: &str, headers: &[(&str, &str)]) -> Response<Body> {
        answer(&head(Method::GET, path, headers))
    }

    fn told<'r>(response: &'r Response<Body>, name: &str) -> &'r str {
        let value = response.headers().get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// A script of the page.
    fn script() -> String {
        let index = fluoro_console::find(INDEX).unwrap().plain();
        let index = String::from_utf8(index.into_owned()).unwrap();
        let mut references = index.split('"');
        let found = references.find(|part| part.starts_with(ROOT) && part.ends_with(".js"));
        found.unwrap().to_owned()
    }

    #[test]
    fn every_route_is_the_page() {
        for path in [
            "",
            "index.html",
            "traces",
            "traces/1-2-3",
            "functions/a.b?since=5m",
        ] {
            let response = get(&format!("{ROOT}{path}"), &[]);
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            assert_eq!(told(&response, "content-type"), "text/html; charset=utf-8");
            assert_eq!(told(&response, "cache-control"), "no-cache");
            assert_eq!(told(&response, "x-content-type-options"), "nosniff");
            assert!(told(&response, "content-security-policy").starts_with("default-src 'none'"));
        }
    }

    #[test]
    fn a_file_of_another_build_is_not_the_page() {
        let response = get(&format!("{ROOT}assets/index-0ld0ne.js"), &[]);
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn files_named_by_their_bytes_are_kept_for_good() {
        let response = get(&script(), &[("accept-encoding", "br, gzip;q=0.8")]);
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            told(&response, "content-type"),
            "text/javascript; charset=utf-8"
        );
        assert_eq!(told(&response, "content-encoding"), "gzip");
        assert_eq!(told(&response, "vary"), "Accept-Encoding");
        assert!(told(&response, "cache-control").ends_with("immutable"));
    }

    #[test]
    fn who_does_not_take_gzip_does_not_get_it() {
        for accepted in [&[][..], &[("accept-encoding", "gzip;q=0, identity")]] {
            let response = get(&script(), accepted);
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(told(&response, "content-encoding"), "");
        }
    }

    #[test]
    fn what_a_browser_has_is_not_sent_again() {
        let gzip = ("accept-encoding", "gzip");
        let tag = told(&get(&script(), &[gzip]), "etag").to_owned();
        let plain = told(&get(&script(), &[]), "etag").to_owned();
        assert_ne!(tag, plain);
        for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            let response = get(&script(), &[gzip, ("if-none-match", &known)]);
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(told(&response, "etag"), tag);
        }
        let other = get(&script(), &[gzip, ("if-none-match", &plain)]);
        assert_eq!(other.status(), StatusCode::OK);
    }

    #[test]
    fn the_console_without_its_slash_is_led_there() {
        let response = get("/_fluoro/console", &[]);
        assert_eq!(response.status(), StatusCode::FOUND);
        assert_eq!(told(&response, "location"), ROOT);
        assert!(is_at("/_fluoro/console") && !is_at("/_fluoro/consoles"));
    }

    #[test]
    fn the_console_is_only_read() {
        let response = answer(&head(Method::POST, ROOT, &[]));
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(told(&response, "allow"), "GET, HEAD");
    }

    #[test]
    fn only_a_browser_is_led_from_the_root_to_the_console() {
        let page = ("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");
        assert!(is_browser_at_root(&head(Method::GET, "/", &[page])));
        for other in [
            head(Method::GET, "/", &[]),
            head(Method::GET, "/", &[("accept", "*/*")]),
            head(
                Method::GET,
                "/?Action=GetCallerIdentity&Version=2011-06-15",
                &[page],
            ),
            head(Method::POST, "/", &[page]),
            head(Method::GET, "/bucket", &[page]),
        ] {
            assert!(!is_browser_at_root(&other), "{other:?}");
        }
    }

    #[test]
    fn a_link_may_open_the_console_and_nothing_else() {
        let page = ("accept", "text/html");
        let (mode, dest) = (
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
        );
        let opens = |head: &Parts| {
            let destination = dispatch::by_head(head, Scope::of(head).as_ref());
            destination == Destination::Console && is_opened(head)
        };
        let linked = |path: &str| head(Method::GET, path, &[page, mode, dest]);
        assert!(opens(&linked("/_fluoro/console/traces")));
        assert!(opens(&linked("/")));
        for other in [
            linked("/_fluoro/health"),
            linked("/?Action=DeleteRole&Version=2010-05-08&RoleName=x"),
            linked("/?X-Amz-Credential=a%2F20260101%2Fus-east-1%2Fsqs%2Faws4_request"),
            head(Method::POST, ROOT, &[page, mode, dest]),
            head(
                Method::GET,
                ROOT,
                &[page, mode, ("sec-fetch-dest", "iframe")],
            ),
            head(
                Method::GET,
                ROOT,
                &[page, ("sec-fetch-mode", "no-cors"), dest],
            ),
            head(
                Method::GET,
                ROOT,
                &[page, mode, dest, ("origin", "http://evil.test")],
            ),
            head(Method::GET, ROOT, &[]),
        ] {
            assert!(!opens(&other), "{other:?}");
        }
    }
}
