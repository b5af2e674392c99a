//! What a request's head says, in the forms that events, mappings and segments need.

use std::borrow::Cow;
use std::net::SocketAddr;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, Method, header};
use percent_encoding::percent_decode_str;

use crate::request::{Addressed, RequestBody, Scheme, StageRequest};

/// The head of a request to a stage that is there.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) addressed: Addressed,
    pub(crate) path: String,
    pub(crate) method: Method,
    pub(crate) target: PathAndQuery,
    pub(crate) headers: HeaderMap,
    pub(crate) head_as_sent: Option<Bytes>,
    pub(crate) peer: SocketAddr,
    pub(crate) scheme: Scheme,
}

// === impl Head ===

impl Head {
    pub(crate) fn split(request: StageRequest) -> (Self, RequestBody) {
        let head = Self {
            addressed: request.addressed,
            path: request.path,
            method: request.method,
            target: request.target,
            headers: request.headers,
            head_as_sent: request.head_as_sent,
            peer: request.peer,
            scheme: request.scheme,
        };
        (head, request.body)
    }

    /// The path below the stage. Slashes doubled at its start disappear; everything else stays as it was sent.
    pub(crate) fn path(&self) -> &str {
        let extra = self.path.bytes().take_while(|&byte| byte == b'/').count();
        match extra {
            0 => "/",
            _ => &self.path[extra - 1..],
        }
    }

    /// The path with the stage before it, as `$context.path` has it.
    pub(crate) fn path_with_stage(&self, stage: &str) -> String {
        format!("/{stage}{}", self.path)
    }

    /// The query as sent, without its question mark.
    pub(crate) fn query(&self) -> Option<&str> {
        self.target.query()
    }

    /// A header's last value, when it is text.
    pub(crate) fn header(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.headers.get_all(name).iter().next_back()?.to_str().ok()
    }

    pub(crate) fn host(&self) -> Option<&str> {
        self.header(header::HOST)
    }

    pub(crate) fn user_agent(&self) -> Option<&str> {
        self.header(header::USER_AGENT)
    }

    /// The media type of the body, without parameters, as sent.
    pub(crate) fn content_type(&self) -> Option<&str> {
        self.header(header::CONTENT_TYPE).map(media_type)
    }

    /// The first entry of `Accept`, which alone decides about binary answers and templates.
    pub(crate) fn accept(&self) -> Option<&str> {
        let accept = self.header(header::ACCEPT)?;
        accept.split(',').next().map(media_type)
    }

    /// Where the request came from first: the first hop of `X-Forwarded-For`, else the peer.
    pub(crate) fn client_ip(&self) -> Cow<'_, str> {
        let forwarded = self.headers.get(FORWARDED_FOR);
        let first = forwarded
            .and_then(|value| value.to_str().ok())
            .and_then(|hops| hops.split(',').next())
            .map(str::trim)
            .filter(|hop| !hop.is_empty());
        match first {
            Some(hop) => hop.into(),
            None => self.source_ip().into(),
        }
    }

    /// The address that the connection came from.
    pub(crate) fn source_ip(&self) -> String {
        self.peer.ip().to_canonical().to_string()
    }

    /// `X-Forwarded-For` for whoever is behind us: the hops before us, and our peer.
    pub(crate) fn forwarded_for(&self) -> String {
        match self.header(FORWARDED_FOR) {
            Some(hops) if !hops.trim().is_empty() => format!("{hops}, {}", self.source_ip()),
            _ => self.source_ip(),
        }
    }

    /// The port that the client called, as its `Host` has it.
    pub(crate) fn port(&self) -> u16 {
        let named = self.host().and_then(|host| host.rsplit_once(':'));
        named
            .and_then(|(_, port)| port.parse().ok())
            .unwrap_or_else(|| self.scheme.default_port())
    }

    /// The URL as the client called it.
    pub(crate) fn url(&self, domain_name: &str) -> String {
        let host = self.host().unwrap_or(domain_name);
        format!("{}://{host}{}", self.scheme.as_str(), self.target)
    }

    /// The query's pairs, decoded. A plus is a space, a semicolon separates as an ampersand does.
    pub(crate) fn query_pairs(&self) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
        let query = self.query().unwrap_or_default();
        let pairs = query.split(['&', ';']).filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(name), decode(value))
            })
            .collect()
    }

    /// Every header line in order, its name in the client's spelling where the server kept it.
    pub(crate) fn header_lines(&self) -> Vec<(&str, Cow<'_, str>)> {
        self.lines_as_sent().unwrap_or_else(|| {
            let lines = self.headers.iter();
            lines
                .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
                .collect()
        })
    }

    /// `None` when the kept bytes are not this request's head.
    fn lines_as_sent(&self) -> Option<Vec<(&str, Cow<'_, str>)>> {
        let head = self.head_as_sent.as_deref()?;
        let mut lines = Vec::with_capacity(self.headers.len());
        for line in head.split(|&byte| byte == b'\n').skip(1) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                break;
            }
            let colon = line.iter().position(|&byte| byte == b':')?;
            let name = std::str::from_utf8(&line[..colon]).ok()?;
            let value = line[colon + 1..].trim_ascii();
            if !self.headers.contains_key(name) {
                return None;
            }
            lines.push((name, String::from_utf8_lossy(value)));
        }
        (lines.len() == self.headers.len()).then_some(lines)
    }
}

pub(crate) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A media type without its parameters.
fn media_type(value: &str) -> &str {
    value.split(';').next().unwrap_or(value).trim()
}

fn decode(text: &str) -> Cow<'_, str> {
    let spaced: Cow<'_, str> = if text.contains('+') {
        text.replace('+', " ").into()
    } else {
        text.into()
    };
    if !spaced.contains('%') {
        return spaced;
    }
    percent_decode_str(&spaced)
        .decode_utf8_lossy()
        .into_owned()
        .into()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A head for `GET {path}?{query}` below the stage `dev` of the API `abcdefghij`.
    pub(crate) fn head(path: &str, query: &str) -> Head {
        let query = if query.is_empty() {
            String::new()
        } else {
            format!("?{query}")
        };
        Head {
            addressed: Addressed::Path,
            path: path.to_owned(),
            method: Method::GET,
            target: format!("/_aws/execute-api/abcdefghij/dev{path}{query}")
                .parse()
                .unwrap(),
            headers: HeaderMap::new(),
            head_as_sent: None,
            peer: "192.0.2.7:4711".parse().unwrap(),
            scheme: Scheme::Http,
        }
    }

    #[test]
    fn only_slashes_at_the_start_of_a_path_are_doubled_in_vain() {
        assert_eq!(head("", "").path(), "/");
        assert_eq!(head("//x//y/", "").path(), "/x//y/");
        assert_eq!(head("//x", "").path_with_stage("dev"), "/dev//x");
    }

    #[test]
    fn a_query_is_decoded_and_split_at_semicolons_too() {
        let head = head("/", "a=1%202&a=x+y;b&&c=%zz");
        let pairs: Vec<_> = head.query_pairs();
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| (&**n, &**v)).collect();
        assert_eq!(pairs, [("a", "1 2"), ("a", "x y"), ("b", ""), ("c", "%zz")]);
    }

    #[test]
    fn header_names_come_in_the_clients_spelling_where_it_was_kept() {
        let mut head = head("/", "");
        head.headers.append("x-twice", "one".parse().unwrap());
        head.headers.append("x-twice", "two".parse().unwrap());
        assert_eq!(head.header_lines()[0].0, "x-twice");
        head.head_as_sent =
            Some("GET / HTTP/1.1\r\nX-tWice: one\r\nx-TWICE:  two \r\n\r\nbody".into());
        let lines = head.header_lines();
        assert_eq!(
            lines,
            [("X-tWice", "one".into()), ("x-TWICE", "two".into())]
        );
    }

    #[test]
    fn bytes_that_are_another_requests_head_are_not_believed() {
        let mut head = head("/", "");
        head.headers.append("x-one", "1".parse().unwrap());
        head.head_as_sent = Some("GET / HTTP/1.1\r\nX-Two: 1\r\n\r\n".into());
        assert_eq!(head.header_lines(), [("x-one", "1".into())]);
    }

    #[test]
    fn the_first_hop_is_the_client_and_we_add_our_peer() {
        let mut head = head("/", "");
        assert_eq!(head.client_ip(), "192.0.2.7");
        assert_eq!(head.forwarded_for(), "192.0.2.7");
        let hops = "203.0.113.9, 10.0.0.1".parse().unwrap();
        head.headers.insert(FORWARDED_FOR, hops);
        assert_eq!(head.client_ip(), "203.0.113.9");
        assert_eq!(head.forwarded_for(), "203.0.113.9, 10.0.0.1, 192.0.2.7");
    }

    #[test]
    fn the_url_is_the_one_that_the_client_called() {
        let mut head = head("/x", "a=1");
        head.headers
            .insert("host", "localhost:4566".parse().unwrap());
        assert_eq!(
            head.url("ignored"),
            "http://localhost:4566/_aws/execute-api/abcdefghij/dev/x?a=1"
        );
        assert_eq!(head.port(), 4566);
    }
}
