//! One request, built up, sent, answered.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::server::PATIENCE;

/// A request to a server.
#[derive(Debug)]
pub struct Ask {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// An answer that goes on, line by line.
#[derive(Debug)]
pub struct Lines {
    body: Incoming,
    read: BytesMut,
}

impl Ask {
    /// A request without headers of its own and without a body.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Signs for `service` as SDKs do, as far as dispatch looks.
    #[must_use]
    pub fn signed(self, service: &str) -> Self {
        self.signed_by("test", service)
    }

    /// Signs for `service` with this access key id.
    #[must_use]
    pub fn signed_by(self, access_key_id: &str, service: &str) -> Self {
        let scope = format!("{access_key_id}/20260101/us-east-1/{service}/aws4_request");
        let value = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        self.header("authorization", &value)
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the body to this document.
    #[must_use]
    pub fn json(self, document: &Value) -> Self {
        self.header("content-type", "application/json")
            .body(document.to_string())
    }

    /// Sends it on a connection of its own.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub async fn send(self) -> Answer {
        let (head, body) = self.begin().await.into_parts();
        let body = body.collect().await.expect("an answer has an end");
        Answer {
            status: head.status,
            headers: head.headers,
            body: body.to_bytes(),
        }
    }

    /// Sends it, and reads an answer that goes on line by line.
    ///
    /// # Panics
    ///
    /// When the answer is not 200.
    pub async fn follow(self) -> Lines {
        let answer = self.begin().await;
        assert_eq!(answer.status(), StatusCode::OK);
        Lines {
            body: answer.into_body(),
            read: BytesMut::new(),
        }
    }

    async fn begin(self) -> Response<Incoming> {
        let mut request = Request::builder().method(self.method).uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::new(self.body))
            .expect("a test asks for what can be asked");
        let client: Client<HttpConnector, Full<Bytes>> =
            Client::builder(TokioExecutor::new()).build_http();
        let answer = client.request(request).await;
        answer.unwrap_or_else(|error| panic!("no answer from {}: {error:?}", self.url))
    }
}

impl Lines {
    /// The next line's document; `None` when the answer has ended.
    ///
    /// # Panics
    ///
    /// When it is no JSON, or does not come.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line = self.read.split_to(end + 1);
                return Some(serde_json::from_slice(&line).expect("a line is JSON"));
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await;
            let frame = frame.expect("the answer goes on or ends")?;
            let frame = frame.expect("the answer is not cut off");
            if let Ok(data) = frame.into_data() {
                self.read.extend_from_slice(&data);
            }
        }
    }
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When it is something else.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value; empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body as JSON, once the status is as expected.
    ///
    /// # Panics
    ///
    /// When it is another status.
    #[must_use]
    pub fn expect(self, status: StatusCode) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        if self.body.is_empty() {
            return Value::Null;
        }
        self.json()
    }
}
