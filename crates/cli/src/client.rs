//! Talks HTTP to a server: its AWS APIs and its own one.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use fluoro_stack::Connection;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::Value;

/// The largest answer that is read whole.
const LONGEST_ANSWER: usize = 256 << 20;

#[derive(Debug)]
pub(crate) struct Client {
    connection: Connection,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Client {
    pub(crate) fn new(endpoint: &str, region: &str) -> Self {
        Self {
            connection: Connection::new(endpoint, region),
        }
    }

    /// An operation of the X-Ray API.
    pub(crate) async fn xray(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        let answer = self
            .call("xray", Method::POST, path, &[], body.to_string().into())
            .await?;
        answer.json()
    }

    /// All pages of an operation of the X-Ray API, the lists called `member` joined, at most about `limit` elements.
    pub(crate) async fn pages(
        &self,
        path: &str,
        mut body: Value,
        member: &str,
        limit: usize,
    ) -> anyhow::Result<Vec<Value>> {
        let mut all = Vec::new();
        loop {
            let mut page = self.xray(path, body.clone()).await?;
            if let Value::Array(elements) = page[member].take() {
                all.extend(elements);
            }
            match page["NextToken"].take() {
                Value::String(token) if !token.is_empty() && all.len() < limit => {
                    body["NextToken"] = token.into()
                }
                _ => return Ok(all),
            }
        }
    }

    /// A question to the server's own API.
    pub(crate) async fn own(&self, path: &str) -> anyhow::Result<Value> {
        self.ask_own(Method::GET, path).await
    }

    /// Something to be done by the server's own API.
    pub(crate) async fn own_post(&self, path: &str) -> anyhow::Result<Value> {
        self.ask_own(Method::POST, path).await
    }

    async fn ask_own(&self, method: Method, path: &str) -> anyhow::Result<Value> {
        self.call(
            "fluoro",
            method,
            &format!("/_fluoro/{path}"),
            &[],
            Bytes::new(),
        )
        .await?
        .json()
    }

    /// A question to the server's own API, answered bit by bit.
    pub(crate) async fn own_stream(&self, path: &str) -> anyhow::Result<http::Response<Incoming>> {
        let answer = self
            .send(
                "fluoro",
                Method::GET,
                &format!("/_fluoro/{path}"),
                &[],
                Bytes::new(),
            )
            .await?;
        good(answer).await
    }

    /// The same, of a question that has a text.
    pub(crate) async fn own_post_stream(
        &self,
        path: &str,
        body: Bytes,
    ) -> anyhow::Result<http::Response<Incoming>> {
        let path = format!("/_fluoro/{path}");
        let headers = [("content-type", "text/plain; charset=utf-8")];
        let answer = self.send("fluoro", Method::POST, &path, &headers, body);
        good(answer.await?).await
    }

    /// The server's URL, without a slash at its end.
    pub(crate) fn endpoint(&self) -> &str {
        self.connection.endpoint()
    }

    pub(crate) fn region(&self) -> &str {
        self.connection.region()
    }

    /// Any call; whatever the answer is.
    pub(crate) async fn call(
        &self,
        service: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> anyhow::Result<Answer> {
        Answer::read(self.send(service, method, path, headers, body).await?).await
    }

    async fn send(
        &self,
        service: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> anyhow::Result<http::Response<Incoming>> {
        let sent = self.connection.send(service, method, path, headers, body);
        Ok(sent.await?)
    }
}

/// A good answer; a bad one becomes an error in the server's words.
async fn good(answer: http::Response<Incoming>) -> anyhow::Result<http::Response<Incoming>> {
    if answer.status().is_success() {
        return Ok(answer);
    }
    Answer::read(answer).await?.json()?;
    bail!("the server refused without saying why")
}

impl Answer {
    async fn read(answer: http::Response<Incoming>) -> anyhow::Result<Self> {
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, LONGEST_ANSWER).collect().await;
        let body = body
            .map_err(|error| anyhow::anyhow!(error))
            .context("the answer broke off")?
            .to_bytes();
        Ok(Self {
            status: head.status,
            headers: head.headers,
            body,
        })
    }

    /// The JSON of a good answer; a bad one becomes an error in the service's own words.
    pub(crate) fn json(&self) -> anyhow::Result<Value> {
        let json: Value = serde_json::from_slice(&self.body).unwrap_or(Value::Null);
        if self.status.is_success() {
            return Ok(json);
        }
        // Our own API wraps what it says.
        let json = json.get("error").cloned().unwrap_or(json);
        let kind = self
            .headers
            .get("x-amzn-errortype")
            .and_then(|value| value.to_str().ok());
        let kind = kind.map_or_else(|| self.status.to_string(), str::to_owned);
        match json
            .get("message")
            .or_else(|| json.get("Message"))
            .and_then(Value::as_str)
        {
            Some(message) => bail!("{kind}: {message}"),
            None => bail!(
                "{kind}: {}",
                String::from_utf8_lossy(&self.body[..self.body.len().min(300)])
            ),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Seconds since the epoch.
#[expect(
    clippy::disallowed_methods,
    reason = "the command line asks about times up to now, as anybody outside does"
)]
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &'static str) -> String {
        let answer = Answer {
            status: StatusCode::NOT_FOUND,
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
        };
        answer.json().unwrap_err().to_string()
    }

    #[test]
    fn every_shape_of_a_refusal_becomes_one_line() {
        for body in [
            r#"{"message":"no such thing"}"#,
            r#"{"Message":"no such thing"}"#,
            r#"{"error":{"code":"NotFound","message":"no such thing"}}"#,
            "no such thing",
        ] {
            assert_eq!(refused(body), "404 Not Found: no such thing", "{body}");
        }
    }
}
