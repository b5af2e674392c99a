//! What clients may set and nothing happens: kept, since clients read it back, and told to whoever asks why.

use crate::records::region_of;
use crate::service::XRay;

/// A setting that is kept and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOnly {
    /// The region of the account.
    pub region: String,
    /// The setting with its value.
    pub setting: String,
    /// What that means.
    pub meaning: &'static str,
}

impl XRay {
    /// Every such setting, in every region.
    #[must_use]
    pub fn stored_only(&self) -> Vec<StoredOnly> {
        let (records, mut found) = (&self.parts.records, Vec::new());
        records.encryption.each(|key, record| {
            found.extend(record.key().map(|arn| StoredOnly {
                region: region_of(key).to_owned(),
                setting: format!("encryption key {arn}"),
                meaning: "traces are not encrypted with it",
            }));
        });
        records.destinations.each(|key, record| {
            found.extend(record.to_logs().then(|| StoredOnly {
                region: region_of(key).to_owned(),
                setting: "segment destination CloudWatchLogs".to_owned(),
                meaning: "no log group is written; trace retrieval finds all traces",
            }));
        });
        records.policies.each(|key, record| {
            found.extend(record.allows().then(|| StoredOnly {
                region: region_of(key).to_owned(),
                setting: format!("resource policy {}", record.name()),
                meaning: "what it allows lets nobody in; what it denies is denied",
            }));
        });
        found
    }
}
