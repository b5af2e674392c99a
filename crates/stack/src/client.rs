//! A small client of the public AWS APIs: what `up` and `down` call, and no more.

use std::time::Duration;

use base64::Engine;
use bytes::Bytes;
use fluoro_ambient::Ambient;
use fluoro_model::TimestampMicros;
use fluoro_wire::sigv4::{Credentials, Payload, sign};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::StackError;

/// Longer answers are refused: management answers are small.
const LONGEST_ANSWER: usize = 32 << 20;
const PATIENCE: Duration = Duration::from_secs(120);
/// What RFC 3986 leaves as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Speaks to one server, in one region.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    endpoint: String,
    region: String,
    ambient: Ambient,
    http: HttpClient<HttpConnector, Full<Bytes>>,
}

/// What a call is about, for the error that it may end in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    /// The AWS operation.
    pub(crate) operation: &'static str,
    /// The resource's name.
    pub(crate) subject: &'a str,
}

/// A refusal of the service, to be looked at before it becomes an error.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

/// The outer error ends everything; the inner one is the service's answer.
pub(crate) type Answer<T> = Result<Result<T, Refusal>, StackError>;

/// Whom the calls are signed for. Callers from outside are root on loopback, whoever they say they are.
fn credentials() -> Credentials {
    Credentials {
        access_key_id: "fluoro".to_owned(),
        secret_access_key: "fluoro".to_owned(),
        session_token: None,
    }
}

/// Percent-encodes one path segment or query value.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

impl Refusal {
    pub(crate) fn into_error(self, about: About<'_>) -> StackError {
        StackError::Refused {
            operation: about.operation,
            subject: about.subject.to_owned(),
            status: self.status,
            code: self.code,
            message: self.message,
        }
    }
}

impl Client {
    pub(crate) fn new(endpoint: &str, region: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(Duration::from_secs(5)));
        Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            region: region.to_owned(),
            ambient: Ambient::system(),
            http: HttpClient::builder(TokioExecutor::new()).build(connector),
        }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// A call of a REST-JSON service.
    pub(crate) async fn rest(
        &self,
        service: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Answer<Value> {
        let body = body
            .map(|body| serde_json::to_vec(body).expect("JSON values can be written"))
            .unwrap_or_default();
        self.send(
            service,
            method,
            path,
            &[("content-type", "application/json")],
            body.into(),
        )
        .await
    }

    /// A call of a JSON service that names its operation in a header.
    pub(crate) async fn target(&self, service: &str, target: &str, body: &Value) -> Answer<Value> {
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", target),
        ];
        let body = serde_json::to_vec(body).expect("JSON values can be written");
        self.send(service, Method::POST, "/", &headers, body.into())
            .await
    }

    /// A call over the query protocol; the answer is XML.
    pub(crate) async fn query(
        &self,
        service: &str,
        version: &str,
        action: &str,
        members: &[(&str, &str)],
    ) -> Answer<String> {
        let mut form = format!("Action={action}&Version={version}");
        for (name, value) in members {
            form.push_str(&format!("&{name}={}", encoded(value)));
        }
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let (status, _, body) = self
            .exchange(service, Method::POST, "/", &headers, form.into())
            .await?;
        let text = String::from_utf8_lossy(&body).into_owned();
        if (200..300).contains(&status) {
            return Ok(Ok(text));
        }
        let within = |tag| elements(&text, tag).next().unwrap_or_default().to_owned();
        Ok(Err(Refusal {
            status,
            code: within("Code"),
            message: within("Message"),
        }))
    }

    async fn send(
        &self,
        service: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Answer<Value> {
        let (status, kind, body) = self.exchange(service, method, path, headers, body).await?;
        let json: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if (200..300).contains(&status) {
            return Ok(Ok(json));
        }
        let text = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
        let code = kind
            .or_else(|| text("__type"))
            .or_else(|| text("code"))
            .unwrap_or_default();
        let code = code
            .rsplit('#')
            .next()
            .unwrap_or_default()
            .split(':')
            .next()
            .unwrap_or_default()
            .to_owned();
        let message = text("message").or_else(|| text("Message"));
        let message = message
            .unwrap_or_else(|| String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned());
        Ok(Err(Refusal {
            status,
            code,
            message,
        }))
    }

    /// Status, error type header and body.
    async fn exchange(
        &self,
        service: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<(u16, Option<String>, Bytes), StackError> {
        let unreachable =
            |source: Box<dyn std::error::Error + Send + Sync>| StackError::Unreachable {
                endpoint: self.endpoint.clone(),
                source,
            };
        let host = self.endpoint.split("://").nth(1).unwrap_or(&self.endpoint);
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.endpoint))
            .header("host", host)
            .header("accept", "application/json")
            .header(
                "user-agent",
                concat!("fluoro-stack/", env!("CARGO_PKG_VERSION")),
            );
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(())
            .map_err(|error| unreachable(error.into()))?;
        let (mut head, ()) = request.into_parts();
        let now = TimestampMicros(self.ambient.now_micros());
        let payload = Payload::Bytes(&body);
        sign(
            &mut head,
            payload,
            &credentials(),
            &self.region,
            service,
            now,
        )
        .map_err(|error| unreachable(error.into()))?;
        let request = Request::from_parts(head, Full::new(body));
        let exchange = async {
            let answer = self
                .http
                .request(request)
                .await
                .map_err(|error| unreachable(error.into()))?;
            let status = answer.status().as_u16();
            let kind = answer
                .headers()
                .get("x-amzn-errortype")
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned);
            let body = http_body_util::Limited::new(answer.into_body(), LONGEST_ANSWER);
            let body = body.collect().await.map_err(unreachable)?.to_bytes();
            Ok((status, kind, body))
        };
        match tokio::time::timeout(PATIENCE, exchange).await {
            Ok(answer) => answer,
            Err(elapsed) => Err(unreachable(elapsed.into())),
        }
    }
}

/// The texts of all elements of that name, which hold nothing else. Enough for names, ARNs and ids in IAM's answers.
pub(crate) fn elements<'a>(xml: &'a str, tag: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let start = rest.find(&open)? + open.len();
        let end = start + rest[start..].find(&close)?;
        let text = &rest[start..end];
        rest = &rest[end + close.len()..];
        Some(text)
    })
}

/// Base64 as blobs travel in JSON.
pub(crate) fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_in_order() {
        let xml = "<R><member><PolicyArn>a</PolicyArn></member><member><PolicyArn>b</PolicyArn></member></R>";
        assert_eq!(elements(xml, "PolicyArn").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(elements("<a>open", "a").count(), 0);
    }
}
