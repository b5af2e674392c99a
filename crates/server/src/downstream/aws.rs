//! Calls that go to AWS itself: the right endpoint, signed anew with the operator's own credentials.

use fluoro_ambient::Ambient;
use fluoro_gateway::{Room, Taken};
use fluoro_model::TimestampMicros;
use fluoro_wire::sigv4::{Payload, sign};
use http::header::HOST;
use http::request::Parts;
use http::{HeaderValue, Request, StatusCode, Uri};

use super::credentials::{CredentialSource, CredentialsError};
use super::{Forwarded, at, headers};
use crate::body::{self, Body, ReadError};

/// A body must be read whole to be signed, unless the client names its hash. More than any JSON or query service takes.
const MAX_SIGNED_BYTES: usize = 16 * 1024 * 1024;

/// What a presigned query adds; our own signature stands in the header.
const PRESIGNED: [&str; 7] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
];

#[derive(Debug)]
pub(super) struct Resigner {
    ambient: Ambient,
    source: CredentialSource,
    /// For the bodies that must be read whole.
    room: Room,
}

/// Why a call could not be signed anew.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResignError {
    #[error(transparent)]
    NoCredentials(#[from] CredentialsError),
    #[error("failed to read the body that is to be signed for AWS: {0}")]
    Body(ReadError),
    #[error(
        "the body is signed piece by piece with the client's own key, which cannot be signed anew for \
         AWS: let the client send unsigned payload trailers or no payload signature"
    )]
    SignedChunks,
    #[error("the operator's AWS credentials hold characters that no header can carry")]
    Credentials,
    #[error("too many large requests at once; try again")]
    NoRoom,
    #[error("\"{0}\" is no service or region of AWS")]
    Endpoint(String),
}

impl ResignError {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NoCredentials(_) | Self::Credentials => StatusCode::NOT_IMPLEMENTED,
            Self::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
            Self::Body(error) => error.status(),
            Self::SignedChunks | Self::Endpoint(_) => StatusCode::BAD_REQUEST,
        }
    }

    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NoCredentials(_) | Self::Credentials => "ServiceNotConfigured",
            Self::NoRoom => "ServiceUnavailable",
            Self::Body(ReadError::TooLong { .. }) => "RequestEntityTooLarge",
            Self::Body(ReadError::Stalled) => "RequestTimeout",
            Self::Body(ReadError::Broken(_)) => "IncompleteBody",
            Self::SignedChunks | Self::Endpoint(_) => "InvalidRequest",
        }
    }
}

impl Resigner {
    pub(super) fn new(ambient: Ambient, source: CredentialSource, room: Room) -> Self {
        Self {
            ambient,
            source,
            room,
        }
    }

    /// The call as the operator would have made it, with the room that its body takes.
    pub(super) async fn resign(
        &self,
        call: Forwarded,
    ) -> Result<(Request<Body>, Option<Taken>), ResignError> {
        // They are the caller's own words, and become the host that is trusted with the operator's signature.
        for name in [call.service.as_str(), &*call.region.0] {
            if !is_name(name) {
                return Err(ResignError::Endpoint(name.to_owned()));
            }
        }
        let credentials = self.source.credentials().await?;
        let host = endpoint(&call.head, &call.service, &call.region.0);
        let base: Uri = format!("https://{host}")
            .parse()
            .map_err(|_| ResignError::Endpoint(host.clone()))?;
        let mut head = call.head;
        headers::remove_hop_by_hop(&mut head.headers);
        head.uri = at(&base, &without_signature(&head.uri));
        head.version = http::Version::HTTP_11;
        let value = HeaderValue::from_str(&host).map_err(|_| ResignError::Endpoint(host))?;
        head.headers.insert(HOST, value);

        let named = head
            .headers
            .get("x-amz-content-sha256")
            .and_then(|value| value.to_str().ok());
        let named = named.map(str::to_owned);
        let (body, bytes, taken) = match &named {
            Some(hash) if hash.starts_with("STREAMING-AWS4-") => {
                return Err(ResignError::SignedChunks);
            }
            Some(_) => (Some(call.body), None, None),
            None => {
                let taken = body::room_for(&self.room, &call.body, MAX_SIGNED_BYTES);
                let taken = taken.ok_or(ResignError::NoRoom)?;
                let read = body::read(&head.headers, call.body, MAX_SIGNED_BYTES).await;
                (None, Some(read.map_err(ResignError::Body)?), Some(taken))
            }
        };
        let payload = match (&named, &bytes) {
            (Some(hash), _) => Payload::Named(hash),
            (None, bytes) => Payload::Bytes(bytes.as_deref().unwrap_or_default()),
        };
        let now = TimestampMicros(self.ambient.now_micros());
        sign(
            &mut head,
            payload,
            &credentials,
            &call.region.0,
            &call.service,
            now,
        )
        .map_err(|_| ResignError::Credentials)?;
        let body = body.unwrap_or_else(|| body::whole(bytes.unwrap_or_default()));
        Ok((Request::from_parts(head, body), taken))
    }
}

/// Whether AWS could name a service or a region so.
fn is_name(name: &str) -> bool {
    let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    !name.is_empty() && name.bytes().all(fits)
}

/// The host of a service, by its signing name. Source: AWS general reference, service endpoints.
fn endpoint(head: &Parts, service: &str, region: &str) -> String {
    let suffix = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    let target = head
        .headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok());
    let streams = target.is_some_and(|target| target.starts_with("DynamoDBStreams_"));
    match service {
        "route53" | "cloudfront" => format!("{service}.{suffix}"),
        "dynamodb" if streams => format!("streams.dynamodb.{region}.{suffix}"),
        "ses" => format!("email.{region}.{suffix}"),
        _ => format!("{service}.{region}.{suffix}"),
    }
}

fn without_signature(uri: &Uri) -> String {
    let kept = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        !PRESIGNED.contains(&name)
    };
    let query: Vec<&str> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(kept)
        .collect();
    match query.join("&").as_str() {
        "" => uri.path().to_owned(),
        query => format!("{}?{query}", uri.path()),
    }
}

#[cfg(test)]
mod tests {
    use fluoro_wire::Region;
    use fluoro_wire::sigv4::{Credentials, Signature};
    use http_body_util::BodyExt;

    use super::*;

    fn resigner() -> Resigner {
        Resigner::new(
            Ambient::system(),
            CredentialSource {
                environment: Some(Credentials {
                    access_key_id: "AKIAOPERATOR".to_owned(),
                    secret_access_key: "secret".to_owned(),
                    session_token: None,
                }),
                profile: "default".to_owned(),
                files: Vec::new(),
            },
            Room::new(1 << 10),
        )
    }

    fn call(service: &str, region: &str, request: http::request::Builder) -> Forwarded {
        let request = request
            .header("host", "127.0.0.1:4566")
            .header("authorization", "theirs");
        Forwarded {
            head: request.body(()).unwrap().into_parts().0,
            body: body::whole("{}"),
            service: service.to_owned(),
            region: Region(region.into()),
            request_id: "id".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_call_becomes_the_operators() {
        let request = Request::post("/?a=1")
            .header("x-amz-target", "DynamoDB_20120810.GetItem")
            .header("x-amz-security-token", "of the function")
            .header("x-amzn-trace-id", "Root=1-1-1")
            .header("connection", "keep-alive");
        let resigner = resigner();
        let signed = resigner
            .resign(call("dynamodb", "eu-west-1", request))
            .await
            .unwrap();
        let (head, body) = signed.0.into_parts();
        assert_eq!(head.uri, "https://dynamodb.eu-west-1.amazonaws.com/?a=1");
        assert_eq!(head.headers["host"], "dynamodb.eu-west-1.amazonaws.com");
        assert_eq!(head.headers["x-amzn-trace-id"], "Root=1-1-1");
        assert!(!head.headers.contains_key("x-amz-security-token"));
        let body = body.collect().await.unwrap().to_bytes();
        let signature = Signature::of(&head).unwrap().unwrap();
        assert_eq!(signature.scope.access_key_id, "AKIAOPERATOR");
        let now = TimestampMicros(resigner.ambient.now_micros());
        assert_eq!(signature.verify(&head, &body, "secret", now), Ok(()));
    }

    #[tokio::test]
    async fn a_presigned_query_loses_its_signature() {
        let uri = "/b/k?X-Amz-Algorithm=A&X-Amz-Signature=0&versionId=1&X-Amz-Date=d";
        let request = Request::get(uri).header("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
        let (signed, _) = resigner()
            .resign(call("s3", "us-east-1", request))
            .await
            .unwrap();
        assert_eq!(
            signed.uri(),
            "https://s3.us-east-1.amazonaws.com/b/k?versionId=1"
        );
        assert_eq!(signed.headers()["x-amz-content-sha256"], "UNSIGNED-PAYLOAD");
    }

    #[tokio::test]
    async fn bodies_that_are_read_share_their_room() {
        let resigner = resigner();
        let send = || resigner.resign(call("sqs", "us-east-1", Request::post("/")));
        let first = send().await.unwrap();
        let refused = send().await.unwrap_err();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        drop(first);
        assert!(send().await.is_ok());
    }

    #[tokio::test]
    async fn chunks_signed_by_the_client_are_refused() {
        let marker = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
        let request = Request::put("/b/k").header("x-amz-content-sha256", marker);
        let refused = resigner()
            .resign(call("s3", "us-east-1", request))
            .await
            .unwrap_err();
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    }

    #[tokio::test]
    async fn no_caller_chooses_the_host() {
        for (service, region) in [
            ("sqs", "evil.test?"),
            ("sqs", "evil.test/"),
            ("sqs", "x@evil.test#"),
            ("sqs", "evil.test:443/"),
            ("sqs", ""),
            ("evil.test/", "us-east-1"),
            ("", "us-east-1"),
        ] {
            let sent = resigner()
                .resign(call(service, region, Request::post("/")))
                .await;
            let refused = sent.unwrap_err();
            assert!(
                matches!(refused, ResignError::Endpoint(_)),
                "{service} {region}"
            );
            assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
        }
    }

    #[test]
    fn endpoints_follow_the_general_reference() {
        let plain = Request::post("/").body(()).unwrap().into_parts().0;
        let streams =
            Request::post("/").header("x-amz-target", "DynamoDBStreams_20120810.GetRecords");
        let streams = streams.body(()).unwrap().into_parts().0;
        for (head, service, region, host) in [
            (&plain, "sqs", "us-east-1", "sqs.us-east-1.amazonaws.com"),
            (
                &plain,
                "dynamodb",
                "cn-north-1",
                "dynamodb.cn-north-1.amazonaws.com.cn",
            ),
            (
                &streams,
                "dynamodb",
                "us-east-1",
                "streams.dynamodb.us-east-1.amazonaws.com",
            ),
            (&plain, "route53", "us-east-1", "route53.amazonaws.com"),
            (&plain, "ses", "eu-west-1", "email.eu-west-1.amazonaws.com"),
        ] {
            assert_eq!(endpoint(head, service, region), host);
        }
    }
}
