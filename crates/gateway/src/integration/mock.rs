//! MOCK: no backend, templates alone.
//!
//! What the request template yields chooses an integration response; which one each status chooses is worked out when
//! the stage is prepared, and with a template that says the same to everybody, so is the choice itself.
//! Source: API Gateway developer guide, mock integrations; recorded answers.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use regex::Regex;

use super::{Answer, AnswerTrace, Failure};
use crate::context::Context;
use crate::gateway_response::ErrorAnswer;
use crate::mapping::Source;
use crate::records::{Integration, IntegrationResponse, Passthrough};
use crate::response::{HeaderSpelling, ResponseBody};
use crate::template::Template;

#[derive(Debug)]
pub(crate) struct MockPlan {
    /// By content type.
    requests: Vec<(String, Request)>,
    passthrough: Passthrough,
    responses: Vec<Response>,
    /// For each status from 100 to 599, which response it chooses.
    chosen: Vec<Option<usize>>,
}

#[derive(Debug)]
enum Request {
    /// The same status for everybody.
    Status(Option<u16>),
    Template(Template),
}

#[derive(Debug)]
struct Response {
    status: StatusCode,
    headers: Vec<(HeaderName, Source)>,
    spelling: HeaderSpelling,
    /// By content type.
    templates: Vec<(String, HeaderValue, Template)>,
}

const FIRST_STATUS: u16 = 100;
const STATUSES: u16 = 500;
const JSON: &str = "application/json";

// === impl MockPlan ===

impl MockPlan {
    /// Prepares the integration, or says why every request will fail.
    pub(crate) fn prepare(integration: &Integration) -> Result<Self, String> {
        let mut requests = Vec::new();
        for (content_type, text) in &integration.request_templates {
            let template = Template::parse(text).map_err(|error| error.to_string())?;
            let request = match template.as_static() {
                Some(text) => Request::Status(status_code(text)),
                None => Request::Template(template),
            };
            requests.push((content_type.clone(), request));
        }
        let mut responses = Vec::new();
        let mut patterns = Vec::new();
        for (status, response) in &integration.responses {
            responses.push(Response::prepare(status, response)?);
            patterns.push(pattern(response.selection_pattern.as_deref())?);
        }
        let default = patterns.iter().position(Option::is_none);
        let choose = |status: u16| {
            let status = status.to_string();
            let fits = |pattern: &Option<Regex>| {
                pattern
                    .as_ref()
                    .is_some_and(|pattern| pattern.is_match(&status))
            };
            patterns.iter().position(fits).or(default)
        };
        Ok(Self {
            requests,
            passthrough: integration.passthrough,
            chosen: (FIRST_STATUS..FIRST_STATUS + STATUSES)
                .map(choose)
                .collect(),
            responses,
        })
    }

    /// Whether the answer depends on the request's body: it stands in for a template that is not there.
    pub(crate) fn reads_body(&self, context: &Context<'_>) -> bool {
        self.request(context).is_none() && self.passes_through()
    }

    pub(crate) fn call(&self, context: &Context<'_>, body: &Bytes) -> Result<Answer, Failure> {
        let status = match self.request(context) {
            Some(Request::Status(status)) => *status,
            Some(Request::Template(template)) => status_code(&template.render(context)),
            None if self.passes_through() => std::str::from_utf8(body).ok().and_then(status_code),
            None => {
                let reason = "Execution failed: no template for the content type";
                return Err(Failure::new(ErrorAnswer::unsupported_media_type(), reason));
            }
        };
        let status = status
            .ok_or_else(|| Failure::configuration("Unable to transform request: no statusCode"))?;
        let chosen = status
            .checked_sub(FIRST_STATUS)
            .and_then(|index| self.chosen.get(usize::from(index)).copied().flatten())
            .ok_or_else(|| {
                Failure::configuration(
                    "No match for output mapping and no default output mapping configured",
                )
            })?;
        Ok(self.responses[chosen].answer(context))
    }

    fn request(&self, context: &Context<'_>) -> Option<&Request> {
        let content_type = context.head.content_type().unwrap_or(JSON);
        let known = self
            .requests
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(content_type));
        known.map(|(_, request)| request)
    }

    fn passes_through(&self) -> bool {
        match self.passthrough {
            Passthrough::WhenNoMatch => true,
            Passthrough::WhenNoTemplates => self.requests.is_empty(),
            Passthrough::Never => false,
        }
    }
}

// === impl Response ===

impl Response {
    fn prepare(status: &str, response: &IntegrationResponse) -> Result<Self, String> {
        let status = status
            .parse()
            .map_err(|_| format!("{status} is no status code"))?;
        let mut headers = Vec::new();
        for (destination, source) in &response.response_parameters {
            let name = response_header(destination)
                .ok_or_else(|| format!("{destination} is no header of the answer"))?;
            let source = Source::response(source).map_err(|error| error.to_string())?;
            headers.push((name, source));
        }
        let names = response.response_parameters.keys();
        let spelling = HeaderSpelling(
            names
                .filter_map(|name| header_name(name).map(Box::from))
                .collect(),
        );
        let mut templates = Vec::new();
        for (content_type, text) in &response.response_templates {
            let template = Template::parse(text).map_err(|error| error.to_string())?;
            let value = HeaderValue::from_str(content_type)
                .map_err(|_| format!("{content_type:?} is no content type"))?;
            templates.push((content_type.clone(), value, template));
        }
        Ok(Self {
            status,
            headers,
            spelling,
            templates,
        })
    }

    fn answer(&self, context: &Context<'_>) -> Answer {
        let mut headers = HeaderMap::new();
        let template = self.template(context);
        if let Some((_, content_type, _)) = template {
            headers.insert(header::CONTENT_TYPE, content_type.clone());
        }
        for (name, source) in &self.headers {
            let value = source.value(context);
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                headers.insert(name.clone(), value);
            }
        }
        let body = template.map(|(_, _, template)| template.render(context).into_owned());
        Answer {
            status: self.status,
            headers,
            spelling: self.spelling.clone(),
            body: ResponseBody::whole(body.unwrap_or_default().into()),
            trace: AnswerTrace::None,
        }
    }

    /// The template for the type that the client accepts first, else for JSON, else any.
    fn template(&self, context: &Context<'_>) -> Option<&(String, HeaderValue, Template)> {
        let of = |wanted: &str| {
            self.templates
                .iter()
                .find(|(known, _, _)| known.eq_ignore_ascii_case(wanted))
        };
        let accepted = context.head.accept().and_then(of);
        accepted.or_else(|| of(JSON)).or(self.templates.first())
    }
}

/// The header that `method.response.header.X` names.
pub(crate) fn response_header(destination: &str) -> Option<HeaderName> {
    HeaderName::from_bytes(header_name(destination)?.as_bytes()).ok()
}

/// As its owner spells it.
fn header_name(destination: &str) -> Option<&str> {
    destination.strip_prefix("method.response.header.")
}

/// A selection pattern over the whole status; `None` for the default response.
pub(crate) fn pattern(text: Option<&str>) -> Result<Option<Regex>, String> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    Regex::new(&format!("^(?:{text})$"))
        .map(Some)
        .map_err(|_| format!("{text:?} is no regular expression"))
}

/// The `statusCode` of what a request template yields: JSON, or the looser form without quotes that AWS takes too
/// (`{ statusCode: 204 }`, as CDK writes it).
fn status_code(text: &str) -> Option<u16> {
    let (_, after) = text.split_once("statusCode")?;
    let quotes = |c: char| c == '"' || c == '\'';
    let after = after.trim_start_matches(quotes).trim_start();
    let value = after.strip_prefix(':')?.trim_start();
    let value = value.trim_start_matches(quotes);
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    value[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_code_is_found_in_every_form_that_tools_write() {
        for text in [
            r#"{"statusCode": 204}"#,
            "{\n  \"statusCode\" : 204\n}\n",
            "{ statusCode: 204 }",
            r#"{"statusCode": "204", "id": 1}"#,
        ] {
            assert_eq!(status_code(text), Some(204), "{text}");
        }
        for text in ["", "{}", r#"{"statusCode": "x"}"#, r#"{"statusCode"}"#] {
            assert_eq!(status_code(text), None, "{text}");
        }
    }

    #[test]
    fn a_pattern_is_over_the_whole_status() {
        let pattern = pattern(Some(r"5\d{2}")).unwrap().unwrap();
        assert!(pattern.is_match("503"));
        assert!(!pattern.is_match("1503"));
        assert!(super::pattern(Some("")).unwrap().is_none());
        assert!(super::pattern(Some("(")).is_err());
    }
}
