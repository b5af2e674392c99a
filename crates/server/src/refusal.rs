//! Saying no in the protocol that the caller's SDK understands.

use fluoro_wire::JsonError;
use fluoro_wire::json_error::{ERROR_TYPE, JsonVersion, REQUEST_ID};
use fluoro_wire::query::QueryError;
use fluoro_wire::xml::Xml;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};

use crate::body::{self, Body};

/// How a service speaks, as far as its errors are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// JSON 1.0 or 1.1: DynamoDB, SQS, Step Functions, Kinesis, Secrets Manager.
    Json(JsonVersion),
    /// Form in, XML out: SNS, CloudFormation, SQS before 2023.
    Query,
    /// As [`Query`](Self::Query), with a shape of its own.
    Ec2,
    /// XML: S3.
    S3,
    /// XML: Route 53, CloudFront.
    RestXml,
    /// CBOR in, CBOR out: CloudWatch since 2025.
    Cbor,
    /// All others.
    RestJson,
}

impl Protocol {
    /// Told by the request where it shows, else by the service.
    pub(crate) fn of(head: &Parts, service: &str) -> Self {
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let content_type = header("content-type").unwrap_or_default();
        if header("smithy-protocol") == Some("rpc-v2-cbor") {
            return Self::Cbor;
        }
        if header("x-amz-target").is_some() {
            let newer = content_type.starts_with("application/x-amz-json-1.1");
            return Self::Json(if newer {
                JsonVersion::V1_1
            } else {
                JsonVersion::V1_0
            });
        }
        let asks_in_query = head
            .uri
            .query()
            .is_some_and(|query| query.contains("Action="));
        match service {
            "s3" => Self::S3,
            "ec2" => Self::Ec2,
            "route53" | "cloudfront" => Self::RestXml,
            _ if asks_in_query || content_type.starts_with("application/x-www-form-urlencoded") => {
                Self::Query
            }
            _ => Self::RestJson,
        }
    }

    pub(crate) fn refuse(
        self,
        status: StatusCode,
        code: &'static str,
        message: &str,
        request_id: &str,
    ) -> Response<Body> {
        let json = || JsonError::new(status, code, message);
        let response = match self {
            Self::Json(version) => json().aws_json(version, request_id),
            Self::RestJson => json().rest_json(request_id),
            Self::Query | Self::RestXml => {
                // The namespace differs from service to service; no SDK looks at it.
                QueryError::new(status, code, message).respond("", request_id)
            }
            Self::Ec2 => xml(status, request_id, |xml| {
                xml.element("Response", |xml| {
                    xml.element("Errors", |xml| {
                        xml.element("Error", |xml| {
                            xml.text("Code", code);
                            xml.text("Message", message);
                        });
                    });
                    xml.text("RequestID", request_id);
                });
            }),
            Self::S3 => xml(status, request_id, |xml| {
                xml.element("Error", |xml| {
                    xml.text("Code", code);
                    xml.text("Message", message);
                    xml.text("RequestId", request_id);
                });
            }),
            Self::Cbor => cbor(status, code, message, request_id),
        };
        response.map(body::whole)
    }
}

fn xml(
    status: StatusCode,
    request_id: &str,
    content: impl FnOnce(&mut Xml),
) -> fluoro_wire::Response {
    let mut xml = Xml::new();
    content(&mut xml);
    answer(status, "application/xml", xml.finish().to_vec(), request_id)
}

/// `{"__type": code, "message": message}`. Source: Smithy RPC v2 CBOR protocol; RFC 8949 for the bytes.
fn cbor(
    status: StatusCode,
    code: &'static str,
    message: &str,
    request_id: &str,
) -> fluoro_wire::Response {
    let mut bytes = vec![0xa2];
    for text in ["__type", code, "message", message] {
        cbor_text(&mut bytes, text);
    }
    let mut response = answer(status, "application/cbor", bytes, request_id);
    let headers = response.headers_mut();
    headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    headers.insert(ERROR_TYPE, HeaderValue::from_static(code));
    response
}

fn cbor_text(bytes: &mut Vec<u8>, text: &str) {
    let length = text.len();
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..24), _) => bytes.push(0x60 | short),
        (Ok(short), _) => bytes.extend_from_slice(&[0x78, short]),
        (_, Ok(long)) => {
            bytes.push(0x79);
            bytes.extend_from_slice(&long.to_be_bytes());
        }
        // Messages are far shorter; a cut one is still a message.
        _ => return cbor_text(bytes, text.get(..1_000).unwrap_or_default()),
    }
    bytes.extend_from_slice(text.as_bytes());
}

fn answer(
    status: StatusCode,
    content_type: &'static str,
    bytes: Vec<u8>,
    request_id: &str,
) -> fluoro_wire::Response {
    let mut response = Response::new(bytes.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    response
}
