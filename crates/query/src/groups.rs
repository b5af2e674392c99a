//! Groups: names for filter expressions, and which traces each expression met when they were stored.
//!
//! [`Groups`] is the handle that everybody shares. A change is written to the catalog first and in force when it is
//! written. Membership is decided as a trace is received: [`Groups`] is an observer of the hot traces. Source: X-Ray
//! developer guide, configuring groups; recorded answers of the service.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fluoro_ambient::Ambient;
use fluoro_filter::{Expression, GroupBy, GroupExpressions};
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_store::catalog::{Catalog, CatalogError, Expect, Table};
use fluoro_store::hot::{Membership, ProjectionObserver};
use fluoro_trace::Projection;
use parking_lot::{Mutex, RwLock};

use crate::rollup;

mod book;
mod members;
mod record;
#[cfg(test)]
pub(crate) mod tests;

use book::Book;
use members::{Members, Watched};
use record::GroupRecord;

pub use members::{Joined, TraceCounts};
pub use record::{
    DEFAULT_GROUP, GROUP_LIMIT, Group, GroupChange, GroupId, GroupsError, InsightsChange,
    InsightsConfiguration, NewGroup, Scope, Selector,
};

/// The groups of all accounts and regions, and their members. Clones share them.
#[derive(Debug, Clone)]
pub struct Groups(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ambient: Ambient,
    /// By account, region and name.
    table: Table<GroupRecord>,
    books: RwLock<HashMap<Scope, Book>>,
    members: Mutex<Members>,
    next_id: AtomicU64,
    /// Held from planning a change until it is in force, so that changes do not cross.
    changing: tokio::sync::Mutex<()>,
}

/// The expressions that the groups of a scope have at one moment: what `group.name` stands for.
#[derive(Debug, Clone)]
pub struct ScopeExpressions {
    groups: Vec<(Arc<Group>, Arc<Expression>)>,
}

// === impl Groups ===

impl Groups {
    /// Puts the stored groups in force, nothing being a member of them yet.
    ///
    /// # Errors
    ///
    /// When the catalog fails, or holds a record that this version cannot read.
    pub async fn open(ambient: Ambient, catalog: Arc<dyn Catalog>) -> Result<Self, CatalogError> {
        let table: Table<GroupRecord> = Table::new(catalog, "xray/groups/");
        let groups = Self(Arc::new(Shared {
            ambient,
            table,
            books: RwLock::default(),
            members: Mutex::default(),
            next_id: AtomicU64::new(1),
            changing: tokio::sync::Mutex::default(),
        }));
        {
            let stored = groups.0.table.scan("").await?;
            let mut books = groups.0.books.write();
            for (key, found) in stored {
                let scope = Scope::of_key(&key);
                let book = books
                    .entry(scope.clone())
                    .or_insert_with(|| Book::new(scope));
                book.install(found.value, || groups.next_id());
            }
            groups.watch(&books);
        }
        Ok(groups)
    }

    /// All groups of a scope: the default one first, the others by name.
    #[must_use]
    pub fn list(&self, scope: &Scope) -> Vec<Arc<Group>> {
        self.with_book(scope, Book::list)
    }

    /// The group that is meant, if there is one.
    #[must_use]
    pub fn find(&self, scope: &Scope, selector: &Selector) -> Option<Arc<Group>> {
        self.with_book(scope, |book| book.find(selector))
    }

    /// The groups for which insights are wanted, of all scopes.
    #[must_use]
    pub fn with_insights(&self) -> Vec<(Scope, Arc<Group>)> {
        let books = self.0.books.read();
        let all = books.iter().flat_map(|(scope, book)| {
            let wanted = book.list().into_iter();
            let wanted = wanted.filter(|group| group.insights.insights_enabled);
            wanted.map(|group| (scope.clone(), group))
        });
        all.collect()
    }

    /// What `group.name` and `group.arn` stand for now.
    #[must_use]
    pub fn expressions(&self, scope: &Scope) -> ScopeExpressions {
        self.with_book(scope, |book| ScopeExpressions {
            groups: book.expressions(),
        })
    }

    /// Creates a group, empty of history.
    ///
    /// # Errors
    ///
    /// [`GroupsError`] says why not; nothing changed then.
    pub async fn create(&self, scope: &Scope, new: NewGroup) -> Result<Arc<Group>, GroupsError> {
        let _changing = self.0.changing.lock().await;
        let now = self.now();
        let suffix = self.0.ambient.text(SUFFIX_ALPHABET, SUFFIX_LENGTH);
        let record = self.with_book(scope, |book| book.plan_create(now, suffix, new))?;
        self.write(scope, record).await
    }

    /// Changes a group. A new expression concerns what is received from now on; who was a member stays one.
    ///
    /// # Errors
    ///
    /// [`GroupsError`] says why not; nothing changed then.
    pub async fn update(
        &self,
        scope: &Scope,
        selector: &Selector,
        change: GroupChange,
    ) -> Result<Arc<Group>, GroupsError> {
        let _changing = self.0.changing.lock().await;
        let now = self.now();
        let record = self.with_book(scope, |book| book.plan_update(now, selector, change))?;
        self.write(scope, record).await
    }

    /// Deletes a group and its history, and returns what it was.
    ///
    /// # Errors
    ///
    /// [`GroupsError`] says why not; nothing changed then.
    pub async fn delete(
        &self,
        scope: &Scope,
        selector: &Selector,
    ) -> Result<Arc<Group>, GroupsError> {
        let _changing = self.0.changing.lock().await;
        let group = self.with_book(scope, |book| book.plan_delete(selector))?;
        let key = scope.key(&group.name);
        self.0.table.delete(&key, Expect::Anything).await?;
        let mut books = self.0.books.write();
        if let Some(book) = books.get_mut(scope) {
            book.remove(&group.name);
        }
        self.watch(&books);
        Ok(group)
    }

    /// When the trace became a member of the group; `None` when it is none. Every trace is one of the default group.
    #[must_use]
    pub fn joined(&self, group: &Group, trace: TraceId) -> Option<Joined> {
        if group.is_default() {
            return Some(Joined::ALWAYS);
        }
        self.0.members.lock().joined(group.id, trace)
    }

    /// How many traces became members of the group, by minute.
    #[must_use]
    pub fn trace_counts(&self, group: &Group) -> TraceCounts {
        let id = (!group.is_default()).then_some(group.id);
        self.0.members.lock().counts(id)
    }

    async fn write(&self, scope: &Scope, record: GroupRecord) -> Result<Arc<Group>, GroupsError> {
        let key = scope.key(&record.name);
        self.0.table.put(&key, &record, Expect::Anything).await?;
        let mut books = self.0.books.write();
        let book = books
            .entry(scope.clone())
            .or_insert_with(|| Book::new(scope.clone()));
        let group = book.install(record, || self.next_id());
        self.watch(&books);
        Ok(group)
    }

    /// Lets what is received from now on be judged by the groups of these books.
    fn watch(&self, books: &HashMap<Scope, Book>) {
        let watched: Vec<Watched> = books.values().flat_map(Book::watched).collect();
        self.0.members.lock().watch(watched);
    }

    fn with_book<T>(&self, scope: &Scope, look: impl FnOnce(&Book) -> T) -> T {
        if let Some(book) = self.0.books.read().get(scope) {
            return look(book);
        }
        look(&Book::new(scope.clone()))
    }

    fn next_id(&self) -> GroupId {
        GroupId(self.0.next_id.fetch_add(1, Ordering::Relaxed))
    }

    fn now(&self) -> TimestampMicros {
        TimestampMicros(self.0.ambient.now_micros())
    }
}

/// An ARN ends in so many characters of base 32 (recorded).
const SUFFIX_LENGTH: usize = 52;

const SUFFIX_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

impl rollup::Members for Groups {
    fn joined(&self, group: GroupId, trace: TraceId) -> Option<Joined> {
        self.0.members.lock().joined(group, trace)
    }

    fn key(&self, group: GroupId) -> Option<Box<str>> {
        self.0.members.lock().key(group)
    }
}

/// Decides membership with each update of a trace.
impl ProjectionObserver for Groups {
    fn projected(&self, before: Option<&Arc<Projection>>, now: &Arc<Projection>) {
        self.0.members.lock().update(before.is_none(), now);
    }

    fn forgotten(&self, trace: TraceId) {
        self.0.members.lock().forget(trace);
    }

    fn memberships(&self, trace: TraceId) -> Vec<Membership> {
        self.0.members.lock().of(trace)
    }

    fn found_at_rest(&self, trace: TraceId, received: TimestampMicros, kept: &[Membership]) {
        self.0.members.lock().restore(trace, received, kept);
    }

    fn wants_every_delivery(&self) -> bool {
        self.0.members.lock().is_watching()
    }
}

// === impl ScopeExpressions ===

impl GroupExpressions for ScopeExpressions {
    fn expression(&self, by: GroupBy, value: &str) -> Option<Arc<Expression>> {
        let mut groups = self.groups.iter();
        let (_, expression) = groups.find(|(group, _)| match by {
            GroupBy::Name => group.name == value,
            GroupBy::Arn => group.arn == value,
        })?;
        Some(Arc::clone(expression))
    }
}
