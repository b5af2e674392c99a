//! Headers that belong to one connection or to the gateway, and what becomes of them.

use http::{HeaderMap, HeaderName, header};

/// Headers of an answer that are renamed `x-amzn-remapped-…`. Source: recorded answers.
static REMAPPED: [(HeaderName, HeaderName); 15] = [
    (
        header::AUTHORIZATION,
        HeaderName::from_static("x-amzn-remapped-authorization"),
    ),
    (
        header::CONNECTION,
        HeaderName::from_static("x-amzn-remapped-connection"),
    ),
    (
        header::CONTENT_LENGTH,
        HeaderName::from_static("x-amzn-remapped-content-length"),
    ),
    (
        HeaderName::from_static("content-md5"),
        HeaderName::from_static("x-amzn-remapped-content-md5"),
    ),
    (
        header::DATE,
        HeaderName::from_static("x-amzn-remapped-date"),
    ),
    (
        header::EXPECT,
        HeaderName::from_static("x-amzn-remapped-expect"),
    ),
    (
        header::HOST,
        HeaderName::from_static("x-amzn-remapped-host"),
    ),
    (
        header::MAX_FORWARDS,
        HeaderName::from_static("x-amzn-remapped-max-forwards"),
    ),
    (
        header::PROXY_AUTHENTICATE,
        HeaderName::from_static("x-amzn-remapped-proxy-authenticate"),
    ),
    (
        header::SERVER,
        HeaderName::from_static("x-amzn-remapped-server"),
    ),
    (
        header::TRAILER,
        HeaderName::from_static("x-amzn-remapped-trailer"),
    ),
    (
        header::UPGRADE,
        HeaderName::from_static("x-amzn-remapped-upgrade"),
    ),
    (
        header::USER_AGENT,
        HeaderName::from_static("x-amzn-remapped-user-agent"),
    ),
    (
        header::WWW_AUTHENTICATE,
        HeaderName::from_static("x-amzn-remapped-www-authenticate"),
    ),
    (
        HeaderName::from_static("x-amzn-requestid"),
        HeaderName::from_static("x-amzn-remapped-x-amzn-requestid"),
    ),
];

/// Headers that end with the connection they came on, beside those that are renamed.
static HOP_BY_HOP: [HeaderName; 3] = [
    header::TRANSFER_ENCODING,
    header::TE,
    HeaderName::from_static("keep-alive"),
];

/// Headers of a request that an event does not show. Source: recorded events.
static NOT_IN_EVENTS: [HeaderName; 12] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    HeaderName::from_static("content-md5"),
    header::EXPECT,
    header::MAX_FORWARDS,
    header::PROXY_AUTHENTICATE,
    header::SERVER,
    header::TE,
    header::TRANSFER_ENCODING,
    header::TRAILER,
    header::UPGRADE,
    header::WWW_AUTHENTICATE,
];

/// Headers of a request that a backend does not get: those of this connection, and what AWS keeps.
static NOT_FORWARDED: [HeaderName; 11] = [
    header::HOST,
    header::CONTENT_ENCODING,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::PROXY_AUTHENTICATE,
    HeaderName::from_static("keep-alive"),
];

/// Renames the reserved headers of an answer and drops those of its connection.
pub(crate) fn rename_in_answer(headers: HeaderMap) -> HeaderMap {
    let reserved = |name: &HeaderName| {
        HOP_BY_HOP.contains(name) || REMAPPED.iter().any(|(from, _)| from == name)
    };
    if !headers.keys().any(reserved) {
        return headers;
    }
    let mut kept = HeaderMap::with_capacity(headers.len());
    let mut last = None;
    for (name, value) in headers {
        // A name stands at the first of its values only.
        let Some(name) = name.or_else(|| last.clone()) else {
            continue;
        };
        last = Some(name.clone());
        if HOP_BY_HOP.contains(&name) {
            continue;
        }
        let renamed = REMAPPED.iter().find(|(from, _)| *from == name);
        kept.append(renamed.map_or(name, |(_, to)| to.clone()), value);
    }
    kept
}

/// Whether an event leaves this header away.
pub(crate) fn not_in_events(name: &str) -> bool {
    NOT_IN_EVENTS
        .iter()
        .any(|known| known.as_str().eq_ignore_ascii_case(name))
}

/// Whether a backend does not get this header.
pub(crate) fn not_forwarded(name: &HeaderName) -> bool {
    NOT_FORWARDED.contains(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answers_reserved_headers_are_renamed_in_their_place() {
        let mut headers = HeaderMap::new();
        headers.append("server", "backend/1".parse().unwrap());
        headers.append("x-back", "a".parse().unwrap());
        headers.append("x-back", "b".parse().unwrap());
        headers.append("transfer-encoding", "chunked".parse().unwrap());
        let kept = rename_in_answer(headers);
        let lines: Vec<_> = kept
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        assert_eq!(
            lines,
            [
                ("x-amzn-remapped-server", "backend/1"),
                ("x-back", "a"),
                ("x-back", "b")
            ]
        );
    }
}
