//! Paging: `MaxItems` and `Marker` in, `IsTruncated` and `Marker` out.

use fluoro_wire::query::{Form, QueryError};
use fluoro_wire::token::Paging;
use fluoro_wire::xml::Xml;

use crate::error::validation;
use crate::input::Reader;

/// As AWS chooses it when the caller does not. Source: IAM API reference, ListRoles.
const DEFAULT_MAX_ITEMS: u32 = 100;

/// A part of a list, ordered by key.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    marker: Option<String>,
}

impl<T> Page<T> {
    /// Cuts the page that the form asks for out of all items. A marker goes on after the key that it names, which may
    /// have vanished since.
    pub(crate) fn cut(
        form: &Form,
        items: impl IntoIterator<Item = T>,
        key: impl Fn(&T) -> String,
    ) -> Result<Self, QueryError> {
        let mut reader = Reader::new(form);
        let max_items = reader.integer("MaxItems", "maxItems", 1..=1_000);
        reader.finish()?;
        let max_items =
            usize::try_from(max_items.unwrap_or(DEFAULT_MAX_ITEMS)).unwrap_or(usize::MAX);
        let bound_to = bound_to(form);
        let paging = Paging::new(form.get("Action").unwrap_or_default(), bound_to.as_bytes());
        let mut keyed: Vec<(String, T)> =
            items.into_iter().map(|item| (key(&item), item)).collect();
        keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
        if let Some(marker) = form.get("Marker") {
            let last: String = paging
                .position(marker)
                .map_err(|_| validation("Invalid Marker."))?;
            keyed.retain(|(key, _)| *key > last);
        }
        let more = keyed.len() > max_items;
        keyed.truncate(max_items);
        let last = keyed.last().filter(|_| more);
        Ok(Self {
            marker: last.map(|(key, _)| paging.token(key)),
            items: keyed.into_iter().map(|(_, item)| item).collect(),
        })
    }

    /// Writes `IsTruncated` and, on all pages but the last, `Marker`.
    pub(crate) fn write_end(&self, xml: &mut Xml) {
        xml.text("IsTruncated", self.marker.is_some());
        xml.optional("Marker", self.marker.as_ref());
    }
}

/// A marker belongs to the parameters with which its list began; the page's size may change.
fn bound_to(form: &Form) -> String {
    let members = [
        "RoleName",
        "PolicyArn",
        "PathPrefix",
        "Scope",
        "OnlyAttached",
        "PolicyUsageFilter",
        "EntityFilter",
    ];
    let sent = members
        .iter()
        .filter_map(|name| Some(format!("{name}={}", form.get(name)?)));
    sent.collect::<Vec<_>>().join("&")
}
