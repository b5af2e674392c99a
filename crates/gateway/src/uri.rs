//! Where an integration's backend is: function ARNs inside integration URIs, HTTP endpoints, stage variables in both.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

/// The function that an integration calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FunctionTarget {
    /// As in the URI, with its qualifier.
    pub(crate) arn: String,
    /// The name alone.
    pub(crate) name: String,
    /// The function's region.
    pub(crate) region: String,
}

/// Why a URI is not one of an integration. The texts are AWS's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UriError {
    #[error("AWS ARN for integration must contain path or action")]
    NoPathOrAction,
    #[error(
        "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations."
    )]
    NotAFunction,
    #[error("Invalid lambda function")]
    InvalidFunction,
    #[error("Invalid HTTP endpoint specified for URI")]
    InvalidHttp,
}

// === impl FunctionTarget ===

impl FunctionTarget {
    /// Reads `arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{ARN}/invocations`.
    pub(crate) fn parse(uri: &str) -> Result<Self, UriError> {
        let parts: Vec<&str> = uri.splitn(6, ':').collect();
        let [
            "arn",
            "aws" | "aws-cn" | "aws-us-gov",
            "apigateway",
            _region,
            service,
            path,
        ] = parts.as_slice()
        else {
            return Err(UriError::NoPathOrAction);
        };
        if !path.starts_with("path/") && !path.starts_with("action/") {
            return Err(UriError::NoPathOrAction);
        }
        let arn = path
            .strip_prefix("path/2015-03-31/functions/")
            .and_then(|rest| rest.strip_suffix("/invocations"));
        match arn {
            Some(arn) if *service == "lambda" => Self::from_arn(arn),
            _ => Err(UriError::NotAFunction),
        }
    }

    fn from_arn(arn: &str) -> Result<Self, UriError> {
        let arn = percent_decode_str(arn)
            .decode_utf8()
            .map_err(|_| UriError::InvalidFunction)?;
        let parts: Vec<&str> = arn.split(':').collect();
        match parts.as_slice() {
            [
                "arn",
                _partition,
                "lambda",
                region,
                _account,
                "function",
                name,
                ..,
            ] if parts.len() <= 8 && !name.is_empty() && !region.is_empty() => Ok(Self {
                arn: arn.to_string(),
                name: (*name).to_owned(),
                region: (*region).to_owned(),
            }),
            _ => Err(UriError::InvalidFunction),
        }
    }
}

/// Checks the URI of an HTTP integration, in which variables may stand for any part.
pub(crate) fn check_http(uri: &str) -> Result<(), UriError> {
    if uri.starts_with("${stageVariables.") {
        return Ok(());
    }
    let host = uri
        .strip_prefix("http://")
        .or_else(|| uri.strip_prefix("https://"))
        .ok_or(UriError::InvalidHttp)?;
    let ends = host.find(['/', '?']).unwrap_or(host.len());
    let sound = ends > 0 && !host[..ends].contains(char::is_whitespace);
    sound.then_some(()).ok_or(UriError::InvalidHttp)
}

/// Puts stage variables where `${stageVariables.name}` stands. One that is not set leaves nothing.
pub(crate) fn with_stage_variables(uri: &str, variables: &BTreeMap<String, String>) -> String {
    const OPEN: &str = "${stageVariables.";
    let mut written = String::with_capacity(uri.len());
    let mut rest = uri;
    while let Some((before, after)) = rest.split_once(OPEN) {
        written.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            written.push_str(OPEN);
            rest = after;
            continue;
        };
        written.push_str(variables.get(name).map_or("", String::as_str));
        rest = after;
    }
    written.push_str(rest);
    written
}

/// Whether a URI can only be checked once a stage's variables are known.
pub(crate) fn has_stage_variables(uri: &str) -> bool {
    uri.contains("${stageVariables.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:orders";

    fn uri(arn: &str) -> String {
        format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations")
    }

    #[test]
    fn a_functions_arn_keeps_its_qualifier() {
        let live = FunctionTarget::parse(&uri(&format!("{FUNCTION}:live"))).unwrap();
        assert_eq!(live.arn, format!("{FUNCTION}:live"));
        assert_eq!((&*live.name, &*live.region), ("orders", "us-east-1"));
    }

    #[test]
    fn each_wrong_uri_is_refused_in_awss_words() {
        for (uri, error) in [
            (FUNCTION.to_owned(), UriError::NoPathOrAction),
            ("http://example.com".to_owned(), UriError::NoPathOrAction),
            (
                "arn:aws:apigateway:us-east-1:dynamodb:action/GetItem".to_owned(),
                UriError::NotAFunction,
            ),
            (uri("orders"), UriError::InvalidFunction),
            (
                uri(&format!("{FUNCTION}:live:more")),
                UriError::InvalidFunction,
            ),
        ] {
            assert_eq!(FunctionTarget::parse(&uri), Err(error), "{uri}");
        }
    }

    #[test]
    fn http_endpoints_have_a_scheme_and_a_host() {
        for sound in [
            "http://a",
            "https://a.b:8/c?d",
            "http://${stageVariables.h}/x",
            "${stageVariables.url}",
        ] {
            assert_eq!(check_http(sound), Ok(()), "{sound}");
        }
        for wrong in ["", "a.b", "ftp://a", "http://", "http:///x"] {
            assert_eq!(check_http(wrong), Err(UriError::InvalidHttp), "{wrong}");
        }
    }

    #[test]
    fn variables_take_their_place() {
        let variables = BTreeMap::from([("fn".to_owned(), "orders".to_owned())]);
        let text = "a ${stageVariables.fn} b ${stageVariables.none} ${stageVariables.open";
        assert_eq!(
            with_stage_variables(text, &variables),
            "a orders b  ${stageVariables.open"
        );
    }
}
