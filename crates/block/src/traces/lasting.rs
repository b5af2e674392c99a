//! How long each service took at most in each row group: what statistics of a list cannot tell, as it is of all services.

use std::collections::HashMap;

use parquet::file::metadata::KeyValue;

use super::TraceRow;

/// The key of the footer.
const KEY: &str = "fluoro.traces.longest";

/// Of a row group with more services nothing is told.
const MOST_SERVICES: usize = 256;

/// By service, in microseconds, as rows have it. Of one that is not there, nothing has ended.
type OfGroup = HashMap<Box<str>, i64>;

/// What a file tells of each of its row groups.
#[derive(Debug, Default)]
pub(super) struct Lasting(Vec<Option<OfGroup>>);

// === impl Lasting ===

impl Lasting {
    /// Takes the rows of the next row group.
    pub(super) fn push(&mut self, rows: &[TraceRow]) {
        let mut all = Some(OfGroup::new());
        for service in rows.iter().flat_map(|row| &row.services) {
            let (Some(known), Some(longest)) = (&mut all, service.longest) else {
                continue;
            };
            if let Some(most) = known.get_mut(&service.name) {
                *most = longest.max(*most);
            } else if known.len() < MOST_SERVICES {
                known.insert(service.name.clone(), longest);
            } else {
                all = None;
            }
        }
        self.0.push(all);
    }

    /// As the footer has it: JSON, an object or `null` for each row group.
    pub(super) fn to_key_value(&self) -> KeyValue {
        let text = serde_json::to_string(&self.0).expect("memory is all that it takes");
        KeyValue::new(KEY.to_owned(), text)
    }

    /// What a footer tells; nothing of any row group when it has it not, or not in this form.
    pub(super) fn of(footer: Option<&Vec<KeyValue>>) -> Self {
        let mut entries = footer.into_iter().flatten();
        let text = entries.find(|entry| entry.key == KEY);
        let text = text.and_then(|entry| entry.value.as_deref());
        let told = text.and_then(|text| serde_json::from_str(text).ok());
        Self(told.unwrap_or_default())
    }

    /// Whether a service may have taken as long as `fits` says, which is asked for the longest of a row group.
    pub(super) fn may(&self, group: usize, service: &str, fits: impl Fn(i64) -> bool) -> bool {
        let known = self.0.get(group).and_then(Option::as_ref);
        known.is_none_or(|known| known.get(service).is_some_and(|longest| fits(*longest)))
    }
}
