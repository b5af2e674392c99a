//! The trace header.

use fluoro_model::TraceHeader;
use fluoro_model::header::EXTRA_LIMIT;

pub(super) const DICTIONARY: &[&str] = &[
    "Root=", "Parent=", "Sampled=", "Self=", "Lineage=", ";", "=", "1-", "?", "-", "+",
];

/// Reading never fails, is bounded, and what is written reads back the same.
pub(super) fn run(bytes: &[u8]) {
    let header = TraceHeader::parse(&String::from_utf8_lossy(bytes));
    let kept: usize = header
        .extra
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    assert!(kept <= EXTRA_LIMIT);
    assert_eq!(TraceHeader::parse(&header.to_string()), header);
}
