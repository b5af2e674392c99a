//! The `http` block.

use std::borrow::Cow;

use fluoro_model::document::{Http, HttpRequest, HttpResponse};

use crate::facts;
use crate::json::{Open, object};
use crate::message::{SpanKind, Value};
use crate::names::{Attributes, Slot};

/// Writes the block of a span that speaks of HTTP, and gives it back.
pub(crate) fn write(
    kind: SpanKind,
    attributes: &mut Attributes<'_, '_>,
    open: &mut Open,
    out: &mut Vec<u8>,
) -> Option<Http> {
    let speaks = [
        Slot::HttpMethod,
        Slot::HttpStatus,
        Slot::Url,
        Slot::UserAgent,
    ];
    if speaks.iter().all(|&slot| attributes.value(slot).is_none()) {
        return None;
    }
    let url = url(kind, attributes);
    let request = HttpRequest {
        method: attributes.take_text(Slot::HttpMethod).map(Into::into),
        url: url.map(Into::into),
        user_agent: attributes.take_text(Slot::UserAgent).map(Into::into),
        ..client(kind, attributes)
    };
    let response = HttpResponse {
        status: attributes.take_integer(Slot::HttpStatus),
        content_length: attributes.take_integer(Slot::ResponseLength),
    };
    let request = (request != HttpRequest::default()).then_some(request);
    let response = (response != HttpResponse::default()).then_some(response);
    if request.is_none() && response.is_none() {
        return None;
    }
    open.plain_key(out, "http");
    let mut http = object(out);
    if let Some(request) = &request {
        http.plain_key(out, "request");
        let mut members = object(out);
        for (key, value) in [
            ("method", &request.method),
            ("url", &request.url),
            ("user_agent", &request.user_agent),
            ("client_ip", &request.client_ip),
        ] {
            if let Some(value) = value {
                members.text(out, key, value);
            }
        }
        if let Some(forwarded) = request.x_forwarded_for {
            members.boolean(out, "x_forwarded_for", forwarded);
        }
        members.close(out);
    }
    if let Some(response) = &response {
        http.plain_key(out, "response");
        let mut members = object(out);
        facts::integer(&mut members, out, "status", response.status);
        facts::integer(&mut members, out, "content_length", response.content_length);
        members.close(out);
    }
    http.close(out);
    Some(Http { request, response })
}

/// Who asked: told by a proxy where the client's own attribute stands, else by the connection, which only a server's tells.
fn client(kind: SpanKind, attributes: &mut Attributes<'_, '_>) -> HttpRequest {
    if let Some(address) = attributes.take_text(Slot::ClientIp) {
        return HttpRequest {
            client_ip: Some(address.into()),
            x_forwarded_for: Some(true),
            ..HttpRequest::default()
        };
    }
    let served = kind == SpanKind::Server;
    let address = served.then(|| attributes.take_text(Slot::PeerAddress));
    HttpRequest {
        client_ip: address.flatten().map(Into::into),
        ..HttpRequest::default()
    }
}

/// The whole URL, or one put together of its parts, which stay where they are.
fn url<'a>(kind: SpanKind, attributes: &mut Attributes<'_, 'a>) -> Option<Cow<'a, str>> {
    if let Some(url) = attributes.take_text(Slot::Url) {
        return Some(Cow::Borrowed(url));
    }
    let text = |slot| attributes.text(slot);
    let scheme = text(Slot::UrlScheme).unwrap_or("http");
    let mut url = format!("{scheme}://");
    if let Some(host) = text(Slot::HttpHost) {
        url.push_str(host);
    } else {
        // The older names tell of both ends of the connection: which one is the server's depends on who tells.
        let (host, port) = match kind {
            SpanKind::Server => (text(Slot::HostName), Slot::HostPort),
            _ => (
                text(Slot::PeerName).or(text(Slot::PeerAddress)),
                Slot::PeerPort,
            ),
        };
        url.push_str(text(Slot::ServerAddress).or(host)?);
        let usual = if scheme == "https" { "443" } else { "80" };
        let port = attributes
            .value(Slot::ServerPort)
            .or(attributes.value(port));
        let port = match port {
            Some(Value::Integer(port)) => Some(port.to_string()),
            Some(Value::Text(port)) => Some(port.to_owned()),
            _ => None,
        };
        if let Some(port) = port.filter(|port| !port.is_empty() && port != usual) {
            url.push(':');
            url.push_str(&port);
        }
    }
    match (text(Slot::HttpTarget), text(Slot::UrlPath)) {
        (Some(target), _) => url.push_str(target),
        (None, Some(path)) => {
            url.push_str(path);
            if let Some(query) = text(Slot::UrlQuery) {
                url.push('?');
                url.push_str(query);
            }
        }
        (None, None) => url.push('/'),
    }
    Some(Cow::Owned(url))
}
