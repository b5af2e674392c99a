//! OTLP trace requests: translated, and their documents read as anybody else's.

use fluoro_model::Document;
use fluoro_model::document::Limits;
use fluoro_otlp::{Indexed, Mapping, translate, weight};

pub(super) const DICTIONARY: &[&str] = &[
    "exception",
    "exception.stacktrace",
    "http.request.method",
    "http.response.status_code",
    "url.full",
    "aws.dynamodb.table_names",
    "aws.xray.annotations",
    "aws.span.kind",
    "LOCAL_ROOT",
    "rpc.method",
    "db.system",
    "db.connection_string",
    "service.name",
    "cloud.platform",
    "\tat a.b(c:1)\n",
    "Caused by: ",
    "  File \"a\", line 1, in b\n",
    "://",
    "\u{0}\u{1f}\"\\",
    "\x4a\x09\x0a\x01a\x12\x04\x2a\x02\x0a\x00",
    "\x32\x02\x0a\x00",
];

/// A line is a request in hexadecimal.
pub(super) fn seed(line: &str) -> Vec<u8> {
    hex::decode(line).expect("the corpus is hexadecimal")
}

pub(super) fn run(request: &[u8]) {
    for indexed in [Indexed::default(), Indexed::All] {
        let mapping = Mapping {
            indexed,
            ..Mapping::default()
        };
        let Ok(translated) = translate(&mapping, request) else {
            continue;
        };
        let refused: u64 = translated.refused.counts().map(|(_, count)| count).sum();
        let mut spans: Vec<usize> = translated.documents.iter().map(|made| made.span).collect();
        spans.dedup();
        assert_eq!(spans.len() as u64 + refused, translated.spans as u64);
        assert_eq!(refused == 0, translated.refused.message().is_empty());
        let mut bytes = 0;
        for made in &translated.documents {
            bytes += made.json.len();
            if made.json.len() > Limits::DEFAULT.bytes {
                continue;
            }
            let read = Document::parse_facts(Limits::DEFAULT, &made.json);
            let read = read.expect("what we write, we take");
            assert_eq!(format!("{read:?}"), format!("{:?}", made.facts));
        }
        // An escaped character takes six.
        let weight = weight(request).expect("what is translated can be weighed");
        assert!(bytes <= 2 * weight, "{bytes} bytes of a weight of {weight}");
    }
}
