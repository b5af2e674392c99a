//! What a function may return to a proxy integration.
//!
//! Source: API Gateway developer guide, output format of proxy integrations; recorded validation of payloads.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use crate::response::HeaderSpelling;

/// Headers that an answer may have: more than any client takes, and few enough for a [`HeaderMap`], which would panic.
const HEADERS: usize = 10_000;

/// A function's answer, taken apart.
#[derive(Debug, PartialEq)]
pub(crate) struct ProxyAnswer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The headers' names as the function spells them; among several, the one that comes first.
    pub(crate) spelling: HeaderSpelling,
    pub(crate) body: Bytes,
}

/// The function returned something else.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("Malformed Lambda proxy response")]
pub(crate) struct Malformed;

/// Whether a body in base64 may be sent as the bytes that it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base64 {
    /// The API declares the type binary that the client accepts.
    Decoded,
    /// The text goes out as it is.
    Kept,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Returned {
    #[serde(default)]
    status_code: Option<Status>,
    #[serde(default)]
    headers: Option<Entries<Scalar>>,
    #[serde(default)]
    multi_value_headers: Option<Entries<Vec<Scalar>>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: Option<bool>,
}

/// A JSON object in its order.
#[derive(Debug)]
struct Entries<V>(Vec<(String, V)>);

/// A status: a number, or a string of digits.
#[derive(Debug)]
struct Status(StatusCode);

/// A header's value as text; `None` for null.
#[derive(Debug)]
struct Scalar(Option<String>);

impl ProxyAnswer {
    /// Reads what the function returned.
    pub(crate) fn parse(payload: &[u8], base64: Base64) -> Result<Self, Malformed> {
        // An array would pass for a structure's fields in order, and `{}` has no member at all.
        let inside = payload
            .trim_ascii()
            .strip_prefix(b"{")
            .and_then(|rest| rest.strip_suffix(b"}"))
            .ok_or(Malformed)?;
        if inside.trim_ascii().is_empty() {
            return Err(Malformed);
        }
        let returned: Returned = serde_json::from_slice(payload).map_err(|_| Malformed)?;
        let spelling = spelling(&returned);
        let status = returned
            .status_code
            .map_or(StatusCode::OK, |status| status.0);
        let body = returned.body.unwrap_or_default();
        let encoded = returned.is_base64_encoded == Some(true);
        let body = if encoded && base64 == Base64::Decoded {
            BASE64.decode(body).map_err(|_| Malformed)?.into()
        } else {
            body.into()
        };
        Ok(Self {
            status,
            headers: merge(returned.headers, returned.multi_value_headers)?,
            spelling,
            body,
        })
    }
}

fn spelling(returned: &Returned) -> HeaderSpelling {
    let multiple = returned.multi_value_headers.iter();
    let multiple = multiple.flat_map(|entries| entries.0.iter().map(|(name, _)| name));
    let single = returned.headers.iter();
    let single = single.flat_map(|entries| entries.0.iter().map(|(name, _)| name));
    let names = multiple.chain(single).map(|name| name.as_str().into());
    HeaderSpelling(names.collect())
}

/// Multiple values first, then the single one of the same name.
fn merge(
    single: Option<Entries<Scalar>>,
    multiple: Option<Entries<Vec<Scalar>>>,
) -> Result<HeaderMap, Malformed> {
    let mut headers = HeaderMap::new();
    for (name, values) in multiple.into_iter().flat_map(|entries| entries.0) {
        for value in values {
            append(&mut headers, &name, value)?;
        }
    }
    for (name, value) in single.into_iter().flat_map(|entries| entries.0) {
        append(&mut headers, &name, value)?;
    }
    Ok(headers)
}

fn append(headers: &mut HeaderMap, name: &str, value: Scalar) -> Result<(), Malformed> {
    let Some(value) = value.0 else {
        return Ok(());
    };
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Malformed)?;
    let value = HeaderValue::from_maybe_shared(Bytes::from(value)).map_err(|_| Malformed)?;
    if headers.len() >= HEADERS {
        return Err(Malformed);
    }
    headers.append(name, value);
    Ok(())
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<V>(std::marker::PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for InOrder<V> {
            type Value = Entries<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<V>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(InOrder(std::marker::PhantomData))
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Spelling {
            Number(f64),
            Text(String),
        }
        let number = match Spelling::deserialize(deserializer)? {
            Spelling::Number(number) => Some(number),
            Spelling::Text(text) => text.parse::<u16>().ok().map(f64::from),
        };
        // 1xx is no final answer, so no function can return it.
        let status = (200_u16..600).find(|&status| Some(f64::from(status)) == number);
        status
            .and_then(|status| StatusCode::from_u16(status).ok())
            .map(Self)
            .ok_or_else(|| de::Error::custom("no status of an answer"))
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Spelling {
            Null(()),
            Flag(bool),
            Number(serde_json::Number),
            Text(String),
        }
        Ok(Self(match Spelling::deserialize(deserializer)? {
            Spelling::Null(()) => None,
            Spelling::Flag(flag) => Some(flag.to_string()),
            Spelling::Number(number) => Some(number.to_string()),
            Spelling::Text(text) => Some(text),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(payload: &str) -> Result<ProxyAnswer, Malformed> {
        ProxyAnswer::parse(payload.as_bytes(), Base64::Kept)
    }

    fn lines(answer: &ProxyAnswer) -> Vec<(&str, &str)> {
        let lines = answer.headers.iter();
        lines
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect()
    }

    #[test]
    fn a_status_alone_is_enough_and_so_are_headers() {
        let answer = parse(r#" {"statusCode": 418} "#).unwrap();
        assert_eq!((answer.status.as_u16(), answer.body.len()), (418, 0));
        let answer = parse(r#"{"headers": {"test-header": "value"}}"#).unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(lines(&answer), [("test-header", "value")]);
    }

    #[test]
    fn a_status_may_be_a_string_of_digits() {
        assert_eq!(parse(r#"{"statusCode": "201"}"#).unwrap().status, 201);
        assert_eq!(parse(r#"{"statusCode": 200.0}"#).unwrap().status, 200);
    }

    #[test]
    fn what_does_not_fit_the_contract_is_malformed() {
        for payload in [
            "{}",
            "{ }",
            "",
            "null",
            "17",
            "true",
            "\"text\"",
            "[200]",
            "not json",
            r#"{"statusCode": "test"}"#,
            r#"{"statusCode": 99}"#,
            r#"{"statusCode": 200.5}"#,
            r#"{"statusCode": 200, "wrongValue": "value"}"#,
            r#"{"statusCode": 200, "cookies": ["a=1"]}"#,
            r#"{"statusCode": 200, "headers": {"a": {}}}"#,
            r#"{"statusCode": 200, "headers": []}"#,
            r#"{"statusCode": 200, "headers": {"a b": "c"}}"#,
            r#"{"statusCode": 200, "headers": {"a": "b\nc"}}"#,
            r#"{"statusCode": 200, "multiValueHeaders": {"a": "b"}}"#,
            r#"{"statusCode": 200, "body": {"a": 1}}"#,
        ] {
            assert_eq!(parse(payload), Err(Malformed), "{payload}");
        }
    }

    #[test]
    fn header_values_may_be_strings_numbers_and_booleans() {
        let answer =
            parse(r#"{"headers": {"a": "x", "b": true, "c": 1.5, "d": null}, "body": null}"#)
                .unwrap();
        assert_eq!(lines(&answer), [("a", "x"), ("b", "true"), ("c", "1.5")]);
        assert!(parse(r#"{"statusCode": 200, "headers": null}"#).is_ok());
    }

    #[test]
    fn multiple_values_come_before_the_single_one() {
        let answer = parse(
            r#"{"headers": {"Test-Multi": "solo"}, "multiValueHeaders": {"test-multi": ["a", "b"]}}"#,
        )
        .unwrap();
        assert_eq!(
            lines(&answer),
            [
                ("test-multi", "a"),
                ("test-multi", "b"),
                ("test-multi", "solo")
            ]
        );
        assert_eq!(
            *answer.spelling.0,
            ["test-multi".into(), "Test-Multi".into()]
        );
    }

    #[test]
    fn more_headers_than_can_be_held_are_malformed() {
        let values = vec!["\"a\""; 30_000].join(",");
        let one = format!(r#"{{"multiValueHeaders": {{"x": [{values}]}}}}"#);
        assert_eq!(parse(&one), Err(Malformed));
        let names: Vec<String> = (0..30_000).map(|n| format!("\"x{n}\":\"a\"")).collect();
        let many = format!(r#"{{"headers": {{{}}}}}"#, names.join(","));
        assert_eq!(parse(&many), Err(Malformed));
    }

    #[test]
    fn base64_is_decoded_only_where_the_client_takes_bytes() {
        let payload = br#"{"body": "dGVzdC1kYXRh", "isBase64Encoded": true}"#;
        let kept = ProxyAnswer::parse(payload, Base64::Kept).unwrap();
        assert_eq!(kept.body, "dGVzdC1kYXRh");
        let decoded = ProxyAnswer::parse(payload, Base64::Decoded).unwrap();
        assert_eq!(decoded.body, "test-data");
    }
}
