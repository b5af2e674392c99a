//! The trace header, `X-Amzn-Trace-Id`.

use std::fmt;

use crate::{SegmentId, TraceId};

/// The most that [`TraceHeader::extra`] keeps, keys and values together, in bytes.
///
/// Source: X-Ray SDK for Node, `utils.js` (the only documented limit of any actor).
pub const EXTRA_LIMIT: usize = 256;

/// What a caller says about sampling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SamplingDecision {
    /// `Sampled=1`: recorded, whatever our own rules say.
    Sampled,
    /// `Sampled=0`: not recorded.
    NotSampled,
    /// `Sampled=?`: decide, and tell me in the answer.
    Requested,
}

/// A parsed trace header.
///
/// Received in any order and case, with unknown keys; written as `Root=…;Parent=…;Sampled=…` and then what else
/// there was. Source: X-Ray developer guide, tracing header; the SDKs' parsers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraceHeader {
    /// The trace; `None` when absent or malformed.
    pub root: Option<TraceId>,
    /// The caller's segment or subsegment; `None` when absent or malformed.
    pub parent: Option<SegmentId>,
    /// The caller's word on sampling; `None` when absent or unknown.
    pub sampled: Option<SamplingDecision>,
    /// Recursion detection between AWS services; carried along, never interpreted by users.
    pub lineage: Option<String>,
    /// Other pairs in the order received, at most [`EXTRA_LIMIT`] bytes. `Self`, which load balancers add, is not
    /// among them: nobody passes it on.
    pub extra: Vec<(String, String)>,
}

impl TraceHeader {
    /// Reads a header value. Never fails: what cannot be understood is as if it had not been sent.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut header = Self::default();
        let mut kept = 0;
        for pair in text.split(';') {
            let Some((key, value)) = pair.split_once('=') else {
                continue;
            };
            let (key, value) = (key.trim(), value.trim());
            match key.to_ascii_lowercase().as_str() {
                "" | "self" => {}
                "root" => header.root = TraceId::parse_xray(value).ok(),
                "parent" => header.parent = value.parse().ok(),
                "sampled" => header.sampled = SamplingDecision::parse(value),
                "lineage" => header.lineage = Some(value.to_owned()),
                _ => {
                    kept += key.len() + value.len();
                    if kept <= EXTRA_LIMIT {
                        header.extra.push((key.to_owned(), value.to_owned()));
                    }
                }
            }
        }
        header
    }
}

impl SamplingDecision {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "1" => Some(Self::Sampled),
            "0" => Some(Self::NotSampled),
            "?" => Some(Self::Requested),
            _ => None,
        }
    }
}

/// The canonical form, ready to be sent.
impl fmt::Display for TraceHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sampled = self.sampled.map(|decision| match decision {
            SamplingDecision::Sampled => "1",
            SamplingDecision::NotSampled => "0",
            SamplingDecision::Requested => "?",
        });
        let fields = [
            ("Root", self.root.map(|root| root.to_string())),
            ("Parent", self.parent.map(|parent| parent.to_string())),
            ("Sampled", sampled.map(str::to_owned)),
            ("Lineage", self.lineage.clone()),
        ];
        let known = fields
            .iter()
            .filter_map(|(key, value)| Some((*key, value.as_deref()?)));
        let extra = self
            .extra
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()));
        for (index, (key, value)) in known.chain(extra).enumerate() {
            let separator = if index == 0 { "" } else { ";" };
            write!(f, "{separator}{key}={value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "1-67891233-abcdef012345678912345678";

    #[test]
    fn every_key_is_read_in_any_order_and_case() {
        let header = TraceHeader::parse(&format!(
            "self=1-1-1; sampled=1 ;PARENT=463ac35c9f6413ad;Root={ROOT};Lineage=1:a87bd80c:0;CalledFrom=web;"
        ));
        assert_eq!(header.root, Some(ROOT.parse().unwrap()));
        assert_eq!(header.parent, Some("463ac35c9f6413ad".parse().unwrap()));
        assert_eq!(header.sampled, Some(SamplingDecision::Sampled));
        assert_eq!(
            header.to_string(),
            format!(
                "Root={ROOT};Parent=463ac35c9f6413ad;Sampled=1;Lineage=1:a87bd80c:0;CalledFrom=web"
            )
        );
    }

    #[test]
    fn what_is_malformed_is_as_if_absent() {
        assert_eq!(
            TraceHeader::parse("Root=1-x-y;Parent=zz;Sampled=maybe;;=;novalue"),
            TraceHeader::default()
        );
        assert_eq!(TraceHeader::default().to_string(), "");
    }

    #[test]
    fn a_request_for_a_decision_is_kept() {
        assert_eq!(
            TraceHeader::parse("Sampled=?").sampled,
            Some(SamplingDecision::Requested)
        );
    }

    #[test]
    fn unknown_pairs_are_bounded() {
        let long = "x".repeat(200);
        let header = TraceHeader::parse(&format!("a={long};b={long};c={long}"));
        assert_eq!(header.extra, [("a".to_owned(), long)]);
    }

    #[test]
    fn a_value_may_hold_an_equals_sign() {
        assert_eq!(TraceHeader::parse("k=a=b").to_string(), "k=a=b");
    }
}
