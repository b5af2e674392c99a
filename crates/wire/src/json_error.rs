//! Answers of the JSON protocols: the error envelopes of REST JSON and of JSON 1.0 and 1.1.
//!
//! SDKs find an error's type in the header `x-amzn-errortype`, else in the body's `__type` or `code`; the header is
//! always sent. Errors that a service models spell the message's member as its model does (`Message` in X-Ray,
//! `message` in API Gateway); those made by AWS's framework say `message`. Source: botocore's rest-json and json
//! parsers; recorded answers of X-Ray.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::call::Response;
use crate::constraint::Violations;

/// The header that carries the request's id in every JSON answer.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// The header that carries an error's type.
pub const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// A failed call of a JSON service: status, type, and the members of the body.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonError {
    status: StatusCode,
    code: Cow<'static, str>,
    message: Option<String>,
    message_member: &'static str,
    members: Vec<(&'static str, Value)>,
}

/// Which of the two RPC-style JSON protocols a service speaks: they differ in the content type alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonVersion {
    /// `application/x-amz-json-1.0`: DynamoDB, SQS, Step Functions.
    V1_0,
    /// `application/x-amz-json-1.1`: Kinesis, CloudWatch Logs, Secrets Manager.
    V1_1,
}

impl JsonError {
    /// An error whose body says `message`: what the framework makes, and every error of API Gateway.
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: Some(message.into()),
            message_member: "message",
            members: Vec::new(),
        }
    }

    /// An error whose body says `Message`: what X-Ray models, and Lambda's `ResourceNotFoundException`.
    pub fn capital(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            message_member: "Message",
            ..Self::new(status, code, message)
        }
    }

    /// Our own fault: 500 `InternalFailure` with `{"message":null}`, as recorded from X-Ray.
    #[must_use]
    pub fn internal_failure() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "InternalFailure".into(),
            message: None,
            message_member: "message",
            members: Vec::new(),
        }
    }

    /// The caller may not do this: 403 `AccessDeniedException`.
    pub fn access_denied(message: impl Into<String>) -> Self {
        Self::capital(StatusCode::FORBIDDEN, "AccessDeniedException", message)
    }

    /// The same with a message that is `null`.
    #[must_use]
    pub fn without_message(mut self) -> Self {
        self.message = None;
        self
    }

    /// Adds a member to the body: Lambda's `Type`, X-Ray's `ResourceName`.
    #[must_use]
    pub fn member(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.members.push((name, value.into()));
        self
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The error's type, bare: `InvalidRequestException`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What the client reads; `None` is `null` on the wire.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The answer of a REST JSON service.
    #[must_use]
    pub fn rest_json(&self, request_id: &str) -> Response {
        self.respond("application/json", self.body(), request_id)
    }

    /// The answer of a service that speaks JSON 1.0 or 1.1: `__type` stands in the body.
    #[must_use]
    pub fn aws_json(&self, version: JsonVersion, request_id: &str) -> Response {
        let mut body = Map::new();
        body.insert("__type".to_owned(), self.code.as_ref().into());
        body.append(&mut self.body());
        let content_type = match version {
            JsonVersion::V1_0 => "application/x-amz-json-1.0",
            JsonVersion::V1_1 => "application/x-amz-json-1.1",
        };
        self.respond(content_type, body, request_id)
    }

    fn body(&self) -> Map<String, Value> {
        let members = self.members.iter();
        let mut body: Map<String, Value> = members
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        body.insert(self.message_member.to_owned(), self.message.clone().into());
        body
    }

    fn respond(
        &self,
        content_type: &'static str,
        body: Map<String, Value>,
        request_id: &str,
    ) -> Response {
        let body = Value::Object(body).to_string();
        let mut response = answer(self.status, content_type, body.into(), request_id);
        let code = HeaderValue::from_str(&self.code).expect("error codes are plain words");
        response.headers_mut().insert(ERROR_TYPE, code);
        response
    }
}

impl From<Violations> for JsonError {
    fn from(violations: Violations) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "ValidationException",
            violations.to_string(),
        )
    }
}

/// A successful answer of a REST JSON service.
///
/// # Panics
///
/// When `output` cannot be written as JSON: our outputs have text keys and no failing serializer.
#[must_use]
pub fn json_response<T: Serialize>(status: StatusCode, output: &T, request_id: &str) -> Response {
    let body =
        serde_json::to_vec(output).expect("outputs have text keys and no failing serializer");
    written_response(status, body.into(), request_id)
}

/// The same, of an output that is JSON text already.
#[must_use]
pub fn written_response(status: StatusCode, json: Bytes, request_id: &str) -> Response {
    answer(status, "application/json", json, request_id)
}

/// A successful answer without a body: 204, or 202 of API Gateway's deletes.
#[must_use]
pub fn empty_response(status: StatusCode, request_id: &str) -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    set_request_id(&mut response, request_id);
    response
}

fn answer(
    status: StatusCode,
    content_type: &'static str,
    body: Bytes,
    request_id: &str,
) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    set_request_id(&mut response, request_id);
    response
}

fn set_request_id(response: &mut Response, request_id: &str) {
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(response: &Response) -> &str {
        std::str::from_utf8(response.body()).unwrap()
    }

    #[test]
    fn a_rest_json_error_names_its_type_in_the_header() {
        let error = JsonError::capital(
            StatusCode::BAD_REQUEST,
            "InvalidRequestException",
            "Exceeding maximum query size: 5",
        );
        let response = error.rest_json("id-1");
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(
            response.headers()["x-amzn-errortype"],
            "InvalidRequestException"
        );
        assert_eq!(response.headers()["x-amzn-requestid"], "id-1");
        assert_eq!(
            body(&response),
            r#"{"Message":"Exceeding maximum query size: 5"}"#
        );
    }

    #[test]
    fn a_json_1_0_error_names_its_type_in_the_body_too() {
        let error = JsonError::new(StatusCode::BAD_REQUEST, "UnknownOperationException", "no");
        let response = error.aws_json(JsonVersion::V1_0, "id-1");
        assert_eq!(
            response.headers()["content-type"],
            "application/x-amz-json-1.0"
        );
        assert_eq!(
            body(&response),
            r#"{"__type":"UnknownOperationException","message":"no"}"#
        );
    }

    #[test]
    fn an_internal_failure_has_a_null_message() {
        let response = JsonError::internal_failure().rest_json("id-1");
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(body(&response), r#"{"message":null}"#);
    }

    #[test]
    fn members_join_the_message() {
        let response =
            JsonError::capital(StatusCode::NOT_FOUND, "ResourceNotFoundException", "gone")
                .member("Type", "User")
                .rest_json("id-1");
        assert_eq!(body(&response), r#"{"Type":"User","Message":"gone"}"#);
    }

    #[test]
    fn an_empty_answer_keeps_its_request_id() {
        let response = empty_response(StatusCode::NO_CONTENT, "id-1");
        assert_eq!(response.headers()["x-amzn-requestid"], "id-1");
        assert!(response.headers().get("content-type").is_none());
    }
}
