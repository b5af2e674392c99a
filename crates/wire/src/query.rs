//! The query protocol of IAM and STS: a form in, XML out.
//!
//! A call is a form (`Action=CreateRole&Version=2010-05-08&Tags.member.1.Key=…`) in the body of a POST or, for a GET,
//! in the URI's query. Lists are flattened as `Name.member.N`, counted from 1.

use std::borrow::Cow;

use http::{HeaderValue, StatusCode, header};
use percent_encoding::percent_decode;

use crate::call::Response;
use crate::json_error::REQUEST_ID;
use crate::xml::Xml;

/// More parameters than any call of these services needs.
const MAX_PARAMETERS: usize = 2_000;

/// The decoded parameters, in the order sent. Also reads the query of a REST service's URI.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    pairs: Vec<(String, String)>,
}

/// Why a form cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// More than 2,000 parameters.
    #[error("the form has more than {MAX_PARAMETERS} parameters")]
    TooMany,
    /// A name or value whose bytes are not UTF-8.
    #[error("the form is not UTF-8")]
    NotText,
}

impl Form {
    /// Decodes `application/x-www-form-urlencoded` bytes.
    ///
    /// # Errors
    ///
    /// When there are too many parameters or one is not UTF-8.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormError> {
        let mut pairs = Vec::new();
        for pair in bytes
            .split(|&byte| byte == b'&')
            .filter(|pair| !pair.is_empty())
        {
            if pairs.len() == MAX_PARAMETERS {
                return Err(FormError::TooMany);
            }
            let (name, value) = match pair.iter().position(|&byte| byte == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &b""[..]),
            };
            pairs.push((decode(name)?, decode(value)?));
        }
        Ok(Self { pairs })
    }

    /// The parameter's value; of several with this name the first.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value with just this name, in the order sent.
    pub fn all<'f>(&'f self, name: &str) -> impl Iterator<Item = &'f str> {
        let same = move |pair: &&(String, String)| pair.0 == name;
        self.pairs
            .iter()
            .filter(same)
            .map(|(_, value)| value.as_str())
    }

    /// Whether any parameter has this name or lies below it (`name.…`).
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        let below = |other: &str| {
            other
                .strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.pairs.iter().any(|(other, _)| below(other))
    }

    /// A list of texts: `name.member.1`, `name.member.2`, … by ascending number; an empty list may be sent as `name=`.
    #[must_use]
    pub fn texts(&self, name: &str) -> Vec<&str> {
        let mut found: Vec<(u32, &str)> = Vec::new();
        for (key, value) in &self.pairs {
            if let Some((number, "")) = member_of(key, name) {
                found.push((number, value));
            }
        }
        found.sort_by_key(|(number, _)| *number);
        found.into_iter().map(|(_, value)| value).collect()
    }

    /// A list of structures: each a form of its own with the members' bare names, by ascending number.
    #[must_use]
    pub fn structures(&self, name: &str) -> Vec<Form> {
        let mut found: Vec<(u32, Form)> = Vec::new();
        for (key, value) in &self.pairs {
            let Some((number, member)) = member_of(key, name).filter(|(_, rest)| !rest.is_empty())
            else {
                continue;
            };
            let pair = (member.to_owned(), value.clone());
            match found.iter_mut().find(|(known, _)| *known == number) {
                Some((_, form)) => form.pairs.push(pair),
                None => found.push((number, Form { pairs: vec![pair] })),
            }
        }
        found.sort_by_key(|(number, _)| *number);
        found.into_iter().map(|(_, form)| form).collect()
    }
}

/// Splits `name.member.N.rest` into number and rest.
fn member_of<'k>(key: &'k str, name: &str) -> Option<(u32, &'k str)> {
    let rest = key.strip_prefix(name)?.strip_prefix(".member.")?;
    let (number, member) = rest.split_once('.').unwrap_or((rest, ""));
    Some((number.parse().ok()?, member))
}

fn decode(bytes: &[u8]) -> Result<String, FormError> {
    let spaced: Vec<u8> = bytes
        .iter()
        .map(|&byte| if byte == b'+' { b' ' } else { byte })
        .collect();
    let decoded = percent_decode(&spaced).decode_utf8();
    decoded.map(Cow::into_owned).map_err(|_| FormError::NotText)
}

/// A failed call of a query service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryError {
    status: StatusCode,
    code: Cow<'static, str>,
    message: String,
}

impl QueryError {
    /// A status of 500 or more makes it the receiver's fault, any other the sender's.
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
        }
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The error's code: `NoSuchEntity`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What the client reads.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The answer: `<ErrorResponse>` in the service's namespace.
    #[must_use]
    pub fn respond(&self, namespace: &str, request_id: &str) -> Response {
        let fault = if self.status.is_server_error() {
            "Receiver"
        } else {
            "Sender"
        };
        let mut xml = Xml::new();
        xml.root("ErrorResponse", namespace, |xml| {
            xml.element("Error", |xml| {
                xml.text("Type", fault);
                xml.text("Code", &self.code);
                xml.text("Message", &self.message);
            });
            xml.text("RequestId", request_id);
        });
        respond(self.status, xml, request_id)
    }
}

/// A successful answer: `<{action}Response><{action}Result>…`. An operation without an output has no result element.
#[must_use]
pub fn response(
    action: &str,
    namespace: &str,
    request_id: &str,
    result: Option<&dyn Fn(&mut Xml)>,
) -> Response {
    let mut xml = Xml::new();
    xml.root(&format!("{action}Response"), namespace, |xml| {
        if let Some(result) = result {
            xml.element(&format!("{action}Result"), |xml| result(xml));
        }
        xml.element("ResponseMetadata", |xml| xml.text("RequestId", request_id));
    });
    respond(StatusCode::OK, xml, request_id)
}

fn respond(status: StatusCode, xml: Xml, request_id: &str) -> Response {
    let mut response = Response::new(xml.finish());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Form {
        Form::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn names_and_values_are_decoded() {
        let form = form("Action=GetRole&Path=%2Fa+b%2F&Empty=&Bare&&");
        assert_eq!(form.get("Action"), Some("GetRole"));
        assert_eq!(form.get("Path"), Some("/a b/"));
        assert_eq!(form.get("Empty"), Some(""));
        assert_eq!(form.get("Bare"), Some(""));
        assert_eq!(form.get("action"), None);
    }

    #[test]
    fn lists_come_in_the_order_of_their_numbers() {
        let form =
            form("TagKeys.member.10=c&TagKeys.member.2=b&TagKeys.member.1=a&TagKeys.member.x=d");
        assert_eq!(form.texts("TagKeys"), ["a", "b", "c"]);
        assert!(form.has("TagKeys"));
        assert!(!form.has("Tag"));
    }

    #[test]
    fn structures_have_their_members() {
        let form = form(
            "Tags.member.2.Key=b&Tags.member.1.Key=a&Tags.member.1.Value=1&Tags.member.2.Value=2",
        );
        let tags = form.structures("Tags");
        let pairs: Vec<_> = tags
            .iter()
            .map(|tag| (tag.get("Key").unwrap(), tag.get("Value").unwrap()))
            .collect();
        assert_eq!(pairs, [("a", "1"), ("b", "2")]);
    }

    #[test]
    fn a_form_has_a_cap_and_is_text() {
        let many = "a=1&".repeat(MAX_PARAMETERS + 1);
        assert_eq!(Form::parse(many.as_bytes()), Err(FormError::TooMany));
        assert_eq!(Form::parse(b"a=%FF"), Err(FormError::NotText));
    }

    #[test]
    fn an_error_names_its_side() {
        let response = QueryError::new(StatusCode::NOT_FOUND, "NoSuchEntity", "no <role>")
            .respond("https://iam.amazonaws.com/doc/2010-05-08/", "id-1");
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(
            std::str::from_utf8(response.body()).unwrap(),
            "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error>\
             <Type>Sender</Type><Code>NoSuchEntity</Code><Message>no &lt;role&gt;</Message>\
             </Error><RequestId>id-1</RequestId></ErrorResponse>"
        );
    }

    #[test]
    fn an_answer_wraps_its_result() {
        let response = response("GetX", "ns", "id-1", Some(&|xml| xml.text("Name", "n")));
        assert_eq!(
            std::str::from_utf8(response.body()).unwrap(),
            "<GetXResponse xmlns=\"ns\"><GetXResult><Name>n</Name></GetXResult>\
             <ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></GetXResponse>"
        );
    }

    proptest::proptest! {
        #[test]
        fn every_pair_comes_back(pairs in proptest::collection::vec((".*", ".*"), 0..8)) {
            use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
            let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let written: Vec<String> = pairs
                .iter()
                .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
                .collect();
            let read = Form::parse(written.join("&").as_bytes()).unwrap();
            proptest::prop_assert_eq!(read.pairs, pairs);
        }

        #[test]
        fn no_bytes_upset_it(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..64)) {
            if let Ok(form) = Form::parse(&bytes) {
                let found = form.structures("Tags").len() + form.texts("TagKeys").len();
                proptest::prop_assert!(found <= bytes.len());
            }
        }
    }
}
