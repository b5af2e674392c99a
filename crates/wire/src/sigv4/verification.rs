//! Judging a request's signature.

use fluoro_model::TimestampMicros;
use http::header::AUTHORIZATION;
use http::request::Parts;
use sha2::{Digest, Sha256};

use super::canonical::{self, CONTENT_SHA256};
use super::{ALGORITHM, S3, Scope, signature};
use crate::query::Form;
use crate::timestamp::{amz_date, parse_amz_date};

/// How far the two clocks may differ. Source: IAM user guide, "Signature is expired".
const SKEW_MICROS: i64 = 15 * 60 * 1_000_000;

/// A signature as it came, nothing of it proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Whose key, and for what.
    pub scope: Scope,
    /// `X-Amz-Security-Token`: temporary credentials.
    pub session_token: Option<String>,
    time: TimestampMicros,
    amz_date: String,
    /// Lower-case, in the order sent.
    signed_headers: Vec<String>,
    signature: String,
    /// Of a presigned query: how many seconds it is good for.
    expires_seconds: Option<u32>,
}

/// Why a signature is not accepted. Displays in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A part is missing or unreadable.
    #[error("{0}")]
    Incomplete(&'static str),
    /// It was made with another secret, or for another request.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your \
         AWS Secret Access Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
    /// It was made too long ago, or will be.
    #[error("Signature expired: {signed_at} is not within {limit} of {now}")]
    Expired {
        /// When it was made.
        signed_at: String,
        /// How old it may be.
        limit: String,
        /// Our time.
        now: String,
    },
}

impl SignatureError {
    /// AWS's code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Incomplete(_) => "IncompleteSignatureException",
            Self::Mismatch => "SignatureDoesNotMatch",
            Self::Expired { .. } => "RequestExpired",
        }
    }
}

impl Signature {
    /// The signature of the `Authorization` header, else of a presigned query; `None` when there is neither.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Incomplete`] when there is one, but not whole.
    pub fn of(head: &Parts) -> Result<Option<Self>, SignatureError> {
        let authorization = head
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        if let Some(fields) = authorization.and_then(|header| header.strip_prefix(ALGORITHM)) {
            return Self::of_header(head, fields).map(Some);
        }
        let query = Form::parse(head.uri.query().unwrap_or_default().as_bytes())
            .map_err(|_| SignatureError::Incomplete("the query cannot be read"))?;
        if query.get("X-Amz-Signature").is_none() {
            return Ok(None);
        }
        Self::of_query(&query).map(Some)
    }

    fn of_header(head: &Parts, fields: &str) -> Result<Self, SignatureError> {
        let field = |name: &str| {
            let mut fields = fields.split(',').map(str::trim);
            fields.find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
        };
        let missing = SignatureError::Incomplete;
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let credential = field("Credential").ok_or(missing(
            "Authorization header requires 'Credential' parameter.",
        ))?;
        let signed = field("SignedHeaders").ok_or(missing(
            "Authorization header requires 'SignedHeaders' parameter.",
        ))?;
        let signature = field("Signature").ok_or(missing(
            "Authorization header requires 'Signature' parameter.",
        ))?;
        let time = header("x-amz-date").ok_or(missing(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        ))?;
        let token = header("x-amz-security-token");
        Self::build([credential, time, signed, signature], token, None)
    }

    fn of_query(query: &Form) -> Result<Self, SignatureError> {
        let missing = SignatureError::Incomplete;
        let credential = query
            .get("X-Amz-Credential")
            .ok_or(missing("X-Amz-Credential is missing"))?;
        let time = query
            .get("X-Amz-Date")
            .ok_or(missing("X-Amz-Date is missing"))?;
        let signed = query
            .get("X-Amz-SignedHeaders")
            .ok_or(missing("X-Amz-SignedHeaders is missing"))?;
        let signature = query
            .get("X-Amz-Signature")
            .ok_or(missing("X-Amz-Signature is missing"))?;
        let expires = query
            .get("X-Amz-Expires")
            .and_then(|seconds| seconds.parse().ok());
        let expires = expires.ok_or(missing("X-Amz-Expires is missing"))?;
        let token = query.get("X-Amz-Security-Token");
        Self::build([credential, time, signed, signature], token, Some(expires))
    }

    fn build(
        [credential, time, signed, signature]: [&str; 4],
        session_token: Option<&str>,
        expires_seconds: Option<u32>,
    ) -> Result<Self, SignatureError> {
        let incomplete = SignatureError::Incomplete;
        let scope = Scope::parse(credential).ok_or(incomplete("Credential is malformed"))?;
        let moment = parse_amz_date(time).ok_or(incomplete("X-Amz-Date is malformed"))?;
        if !time.starts_with(&scope.date) {
            return Err(incomplete("Credential and X-Amz-Date name different days"));
        }
        let signed_headers: Vec<String> = signed.split(';').map(str::to_ascii_lowercase).collect();
        if !signed_headers.iter().any(|name| name == "host") {
            return Err(incomplete("'Host' must be a signed header"));
        }
        Ok(Self {
            scope,
            session_token: session_token.map(str::to_owned),
            time: moment,
            amz_date: time.to_owned(),
            signed_headers,
            signature: signature.to_owned(),
            expires_seconds,
        })
    }

    /// Whether the holder of `secret` signed this request, body included, and not too long ago.
    ///
    /// A body whose hash is not part of the signature (`UNSIGNED-PAYLOAD`, `STREAMING-…`) is taken as it is.
    ///
    /// # Errors
    ///
    /// When it was made with another secret, for another request, or at another time.
    pub fn verify(
        &self,
        head: &Parts,
        body: &[u8],
        secret: &str,
        now: TimestampMicros,
    ) -> Result<(), SignatureError> {
        self.check_time(now)?;
        let payload_hash = self.payload_hash(head, body)?;
        let service = &self.scope.service;
        let canonical = canonical::request(head, service, &self.signed_headers, &payload_hash);
        let expected = signature(secret, &self.scope, &self.amz_date, &canonical);
        if same(&expected, &self.signature) {
            Ok(())
        } else {
            Err(SignatureError::Mismatch)
        }
    }

    fn check_time(&self, now: TimestampMicros) -> Result<(), SignatureError> {
        let age = now.0.saturating_sub(self.time.0);
        let limit = match self.expires_seconds {
            Some(seconds) => i64::from(seconds) * 1_000_000,
            None => SKEW_MICROS,
        };
        if (-SKEW_MICROS..=limit).contains(&age) {
            return Ok(());
        }
        Err(SignatureError::Expired {
            signed_at: self.amz_date.clone(),
            limit: format!("{} seconds", limit / 1_000_000),
            now: amz_date(now),
        })
    }

    fn payload_hash(&self, head: &Parts, body: &[u8]) -> Result<String, SignatureError> {
        let hash = || hex::encode(Sha256::digest(body));
        let named = head
            .headers
            .get(CONTENT_SHA256)
            .and_then(|value| value.to_str().ok());
        match named {
            Some(named) if named.starts_with("STREAMING-") || named == "UNSIGNED-PAYLOAD" => {
                Ok(named.to_owned())
            }
            Some(named) if named != hash() => Err(SignatureError::Mismatch),
            Some(named) => Ok(named.to_owned()),
            None if self.scope.service == S3 && self.expires_seconds.is_some() => {
                Ok("UNSIGNED-PAYLOAD".to_owned())
            }
            None => Ok(hash()),
        }
    }
}

/// Compares without telling by its duration how much agrees.
fn same(a: &str, b: &str) -> bool {
    let differing = a
        .bytes()
        .zip(b.bytes())
        .fold(0, |all, (a, b)| all | (a ^ b));
    a.len() == b.len() && differing == 0
}
