//! What makes two services one node.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use fluoro_trace::projection::Node;

/// Name, type and account of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeKey {
    /// Its name.
    pub name: Arc<str>,
    /// Its type; `None` for a segment without origin.
    pub kind: Option<Arc<str>>,
    /// Its account, where a document tells it.
    pub account_id: Option<Arc<str>>,
}

impl NodeKey {
    /// How long its texts are, in bytes.
    pub(super) fn weight(&self) -> usize {
        let (name, kind, account_id) = self.parts();
        name.len() + kind.map_or(0, str::len) + account_id.map_or(0, str::len)
    }
}

/// Something that names a node, so that a map is asked without making a key.
pub(super) trait AsNodeKey: fmt::Debug {
    fn parts(&self) -> (&str, Option<&str>, Option<&str>);

    fn to_key(&self) -> NodeKey {
        let (name, kind, account_id) = self.parts();
        NodeKey {
            name: name.into(),
            kind: kind.map(Into::into),
            account_id: account_id.map(Into::into),
        }
    }
}

impl AsNodeKey for NodeKey {
    fn parts(&self) -> (&str, Option<&str>, Option<&str>) {
        (&self.name, self.kind.as_deref(), self.account_id.as_deref())
    }

    fn to_key(&self) -> NodeKey {
        self.clone()
    }
}

impl AsNodeKey for Node {
    fn parts(&self) -> (&str, Option<&str>, Option<&str>) {
        (&self.name, self.kind.as_deref(), self.account_id.as_deref())
    }
}

impl Hash for NodeKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl<'a> Borrow<dyn AsNodeKey + 'a> for NodeKey {
    fn borrow(&self) -> &(dyn AsNodeKey + 'a) {
        self
    }
}

impl Hash for dyn AsNodeKey + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl PartialEq for dyn AsNodeKey + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for dyn AsNodeKey + '_ {}
