//! The credential scope: `AKID/20261122/us-east-1/xray/aws4_request`.

use http::header::AUTHORIZATION;
use http::request::Parts;
use percent_encoding::percent_decode_str;

/// Whose key signed, when, and for what. Nothing of it is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// `AKIA…` of a user, `ASIA…` of a session; clients of local services send anything.
    pub access_key_id: String,
    /// `20261122`.
    pub date: String,
    /// `us-east-1`.
    pub region: String,
    /// The signing name: `xray`, `lambda`, `apigateway`, `execute-api`.
    pub service: String,
}

impl Scope {
    /// The scope of the `Authorization` header, else of a presigned query. `None` when there is no SigV4 signature or
    /// its credential is malformed.
    #[must_use]
    pub fn of(head: &Parts) -> Option<Self> {
        let header = head
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        if let Some(header) = header {
            return Self::of_authorization(header);
        }
        let query = head.uri.query()?;
        let credential = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("X-Amz-Credential="))?;
        Self::parse(&percent_decode_str(credential).decode_utf8().ok()?)
    }

    /// The scope in the value of an `Authorization` header.
    #[must_use]
    pub fn of_authorization(header: &str) -> Option<Self> {
        let fields = header.strip_prefix("AWS4-HMAC-SHA256")?;
        let credential = fields
            .split(',')
            .find_map(|field| field.trim().strip_prefix("Credential="))?;
        Self::parse(credential)
    }

    /// Reads `AKID/20261122/us-east-1/xray/aws4_request`. An access key id may hold slashes.
    #[must_use]
    pub fn parse(credential: &str) -> Option<Self> {
        let mut parts = credential.trim().rsplitn(5, '/');
        let terminator = parts.next()?;
        let service = parts.next()?;
        let region = parts.next()?;
        let date = parts.next()?;
        let access_key_id = parts.next()?;
        let complete = ![service, region, date, access_key_id].contains(&"");
        (terminator == "aws4_request" && complete).then(|| Self {
            access_key_id: access_key_id.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn scope_of(request: http::request::Builder) -> Option<Scope> {
        Scope::of(&request.body(()).unwrap().into_parts().0)
    }

    fn xray() -> Scope {
        Scope {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            date: "20261122".to_owned(),
            region: "us-east-1".to_owned(),
            service: "xray".to_owned(),
        }
    }

    #[test]
    fn the_header_names_the_scope() {
        for header in [
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-east-1/xray/aws4_request, SignedHeaders=host, Signature=00",
            "AWS4-HMAC-SHA256 SignedHeaders=host,Credential=AKIDEXAMPLE/20261122/us-east-1/xray/aws4_request,Signature=00",
        ] {
            assert_eq!(
                scope_of(Request::builder().header("authorization", header)),
                Some(xray())
            );
        }
    }

    #[test]
    fn a_presigned_query_names_the_scope() {
        let uri =
            "/x?A=1&X-Amz-Credential=AKIDEXAMPLE%2F20261122%2Fus-east-1%2Fxray%2Faws4_request";
        assert_eq!(scope_of(Request::builder().uri(uri)), Some(xray()));
    }

    #[test]
    fn other_authorizations_have_no_scope() {
        assert_eq!(scope_of(Request::builder()), None);
        for header in [
            "Bearer token",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-east-1/xray",
            "AWS4-HMAC-SHA256 Credential=/20261122/us-east-1/xray/aws4_request",
            "AWS4-HMAC-SHA256",
        ] {
            assert_eq!(
                scope_of(Request::builder().header("authorization", header)),
                None
            );
        }
    }
}
