//! Making a request ours.

use std::fmt;

use fluoro_model::TimestampMicros;
use http::header::{AUTHORIZATION, HOST, InvalidHeaderValue};
use http::request::Parts;
use http::{HeaderName, HeaderValue};

use super::canonical::{self, CONTENT_SHA256, Payload};
use super::{ALGORITHM, S3, Scope, signature};
use crate::timestamp::amz_date;

/// What to sign with. Its `Debug` form shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `AKIA…` or `ASIA…`.
    pub access_key_id: String,
    /// The key's secret.
    pub secret_access_key: String,
    /// For temporary credentials.
    pub session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// Signs `head` in place of whoever signed it before: sets `X-Amz-Date`, `X-Amz-Security-Token` and `Authorization`.
///
/// Signed are `host`, `content-type` and every `x-amz-…` header. `Host` must be what will be sent.
///
/// # Errors
///
/// When the credentials hold characters that no header can carry.
pub fn sign(
    head: &mut Parts,
    payload: Payload<'_>,
    credentials: &Credentials,
    region: &str,
    service: &str,
    now: TimestampMicros,
) -> Result<(), InvalidHeaderValue> {
    let time = amz_date(now);
    let payload_hash = payload.hash();
    let headers = &mut head.headers;
    headers.remove(AUTHORIZATION);
    headers.insert("x-amz-date", HeaderValue::from_str(&time)?);
    match &credentials.session_token {
        Some(token) => {
            headers.insert("x-amz-security-token", HeaderValue::from_str(token)?);
        }
        None => {
            headers.remove("x-amz-security-token");
        }
    }
    if service == S3 || headers.contains_key(CONTENT_SHA256) || payload == Payload::Unsigned {
        headers.insert(CONTENT_SHA256, HeaderValue::from_str(&payload_hash)?);
    }
    let scope = Scope {
        access_key_id: credentials.access_key_id.clone(),
        date: time[..8].to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
    };
    let signed = signed_headers(head);
    let canonical = canonical::request(head, service, &signed, &payload_hash);
    let signature = signature(&credentials.secret_access_key, &scope, &time, &canonical);
    let authorization = format!(
        "{ALGORITHM} Credential={}/{}/{region}/{service}/aws4_request, SignedHeaders={}, Signature={signature}",
        scope.access_key_id,
        scope.date,
        signed.join(";"),
    );
    let mut value = HeaderValue::from_str(&authorization)?;
    value.set_sensitive(true);
    head.headers.insert(AUTHORIZATION, value);
    Ok(())
}

fn signed_headers(head: &Parts) -> Vec<String> {
    let signed = |name: &&HeaderName| {
        **name == HOST || name.as_str() == "content-type" || name.as_str().starts_with("x-amz-")
    };
    let mut names: Vec<String> = head
        .headers
        .keys()
        .filter(signed)
        .map(ToString::to_string)
        .collect();
    names.sort();
    names
}
