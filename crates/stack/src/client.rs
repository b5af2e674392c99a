//! A small client of the public AWS APIs: what `up` and `down` call, and no more.

use std::time::Duration;

use base64::Engine;
use bytes::Bytes;
use http::Method;
use http_body_util::BodyExt;
use serde_json::Value;

use crate::StackError;
use crate::connection::{Connection, encoded};

/// Longer answers are refused: management answers are small.
const LONGEST_ANSWER: usize = 32 << 20;
const PATIENCE: Duration = Duration::from_secs(120);

/// Makes the calls.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    connection: Connection,
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

/// What an answer holds; nothing when the service says that there is no such thing.
pub(crate) fn unless_absent(
    answer: Result<Value, Refusal>,
    is_absent: impl Fn(&str) -> bool,
    about: About<'_>,
) -> Result<Option<Value>, StackError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(refusal) if is_absent(&refusal.code) => Ok(None),
        Err(refusal) => Err(refusal.into_error(about)),
    }
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
        Self {
            connection: Connection::new(endpoint, region),
        }
    }

    pub(crate) fn endpoint(&self) -> &str {
        self.connection.endpoint()
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
        let exchange = async {
            let sent = self.connection.send(service, method, path, headers, body);
            let answer = sent.await?;
            let status = answer.status().as_u16();
            let kind = answer
                .headers()
                .get("x-amzn-errortype")
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned);
            let body = http_body_util::Limited::new(answer.into_body(), LONGEST_ANSWER);
            let body = body.collect().await;
            let body = body.map_err(|error| self.connection.unreachable(error))?;
            Ok((status, kind, body.to_bytes()))
        };
        match tokio::time::timeout(PATIENCE, exchange).await {
            Ok(answer) => answer,
            Err(elapsed) => Err(self.connection.unreachable(elapsed.into())),
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
