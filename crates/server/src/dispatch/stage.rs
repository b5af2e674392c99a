//! How a request names a stage: by host, or by path.

use fluoro_gateway::Addressed;
use http::header::HOST;
use http::request::Parts;

/// A stage, and what of the path is left for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StageAddress {
    /// The API's id.
    pub(crate) api_id: String,
    /// The stage's name; empty when the request names none.
    pub(crate) stage: String,
    /// What follows the stage's name in the path, exactly as sent.
    pub(crate) path: String,
    /// How the stage was named.
    pub(crate) addressed: Addressed,
}

/// The label after the API's id in a stage's host name.
const EXECUTE_API: &str = "execute-api";

/// Where stages are found by path.
pub(super) const BY_PATH: &str = "/_aws/execute-api/";

// === impl StageAddress ===

impl StageAddress {
    /// `{api}.execute-api.…`, or `{api}-vpce-….execute-api.…` of a private API; the stage is the path's first part.
    pub(super) fn of_host(head: &Parts) -> Option<Self> {
        let header = head.headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = header.or_else(|| head.uri.host())?;
        let (label, rest) = host.split_once('.')?;
        let second = rest.split(['.', ':']).next()?;
        if label.is_empty() || !second.eq_ignore_ascii_case(EXECUTE_API) {
            return None;
        }
        let api_id = label.split("-vpce-").next().unwrap_or(label);
        let (stage, path) = first_part(head.uri.path().strip_prefix('/')?);
        Some(Self {
            api_id: api_id.to_ascii_lowercase(),
            stage: stage.to_owned(),
            path: path.to_owned(),
            addressed: Addressed::Host,
        })
    }

    /// `/_aws/execute-api/{api}/{stage}/…` or `/restapis/{api}/{stage}/_user_request_/…`.
    pub(super) fn of_path(head: &Parts) -> Option<Self> {
        let whole = head.uri.path();
        let (api_id, stage, path) = if let Some(rest) = whole.strip_prefix(BY_PATH) {
            let (api_id, rest) = first_part(rest);
            let (stage, path) = first_part(rest.strip_prefix('/').unwrap_or(rest));
            (api_id, stage, path)
        } else {
            user_request(whole)?
        };
        (!api_id.is_empty()).then(|| Self {
            api_id: api_id.to_owned(),
            stage: stage.to_owned(),
            path: path.to_owned(),
            addressed: Addressed::Path,
        })
    }
}

/// Takes `/restapis/{api}/{stage}/_user_request_/…` apart.
pub(super) fn user_request(path: &str) -> Option<(&str, &str, &str)> {
    let (api_id, rest) = first_part(path.strip_prefix("/restapis/")?);
    let (stage, rest) = first_part(rest.strip_prefix('/')?);
    let rest = rest.strip_prefix("/_user_request_")?;
    (rest.is_empty() || rest.starts_with('/')).then_some((api_id, stage, rest))
}

/// Up to the next slash, and the rest with it.
fn first_part(path: &str) -> (&str, &str) {
    path.split_at(path.find('/').unwrap_or(path.len()))
}
