//! The groups of one account in one region. Pure: changes are planned here, stored elsewhere, then installed.

use std::collections::BTreeMap;
use std::sync::Arc;

use fluoro_filter::{Expression, Filter, GroupError, GroupExpressions, Predicate, parse};
use fluoro_model::TimestampMicros;

use super::ScopeExpressions;
use super::members::{Version, Watched};
use super::record::{
    DEFAULT_GROUP, GROUP_LIMIT, Group, GroupChange, GroupId, GroupRecord, GroupsError,
    InsightsConfiguration, NewGroup, Scope, Selector,
};

#[derive(Debug)]
pub(super) struct Book {
    scope: Scope,
    default: Entry,
    /// All others.
    named: BTreeMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    record: GroupRecord,
    group: Arc<Group>,
    /// The current expression.
    expression: Arc<Expression>,
    /// Every version, groups spelled out as they are now.
    versions: Arc<[Version]>,
}

// === impl Book ===

impl Book {
    pub(super) fn new(scope: Scope) -> Self {
        let default_id = GroupId::of_default(&scope);
        Self {
            default: Entry::new(&scope, default_id, GroupRecord::default_group()),
            named: BTreeMap::new(),
            scope,
        }
    }

    pub(super) fn list(&self) -> Vec<Arc<Group>> {
        let entries = self.entries();
        entries.map(|entry| Arc::clone(&entry.group)).collect()
    }

    pub(super) fn find(&self, selector: &Selector) -> Option<Arc<Group>> {
        self.entry(selector).map(|entry| Arc::clone(&entry.group))
    }

    pub(super) fn expressions(&self) -> Vec<(Arc<Group>, Arc<Expression>)> {
        self.entries()
            .map(|entry| (Arc::clone(&entry.group), Arc::clone(&entry.expression)))
            .collect()
    }

    /// What decides who becomes a member.
    pub(super) fn watched(&self) -> impl Iterator<Item = Watched> {
        self.named.values().map(|entry| Watched {
            id: entry.group.id,
            key: entry.key(&self.scope),
            versions: Arc::clone(&entry.versions),
        })
    }

    pub(super) fn plan_create(
        &self,
        now: TimestampMicros,
        suffix: String,
        new: NewGroup,
    ) -> Result<GroupRecord, GroupsError> {
        let expression = checked(new.expression)?;
        let is_fit = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if new.name.is_empty() || !new.name.chars().all(is_fit) {
            return Err(GroupsError::InvalidName(new.name));
        }
        let insights = new.insights.apply(InsightsConfiguration::default())?;
        if new.name == DEFAULT_GROUP || self.named.contains_key(&new.name) {
            return Err(GroupsError::AlreadyExists(new.name));
        }
        if self.named.len() + 1 >= GROUP_LIMIT {
            return Err(GroupsError::LimitExceeded);
        }
        let mut record = GroupRecord {
            name: new.name,
            suffix: Some(suffix),
            created_at: now,
            versions: Vec::new(),
            insights,
        };
        record.set_expression(now, expression);
        self.check_references(&record)?;
        Ok(record)
    }

    pub(super) fn plan_update(
        &self,
        now: TimestampMicros,
        selector: &Selector,
        change: GroupChange,
    ) -> Result<GroupRecord, GroupsError> {
        let is_default = self
            .entry(selector)
            .is_some_and(|entry| entry.group.is_default());
        let expression = match change.expression {
            None if is_default => None,
            given => Some(checked(given)?),
        };
        let entry = self.entry(selector).ok_or(GroupsError::NotFound)?;
        if is_default && expression.is_some() {
            return Err(GroupsError::DefaultHasNoExpression);
        }
        let mut record = entry.record.clone();
        record.insights = change.insights.apply(record.insights)?;
        if let Some(expression) = expression {
            record.set_expression(now, expression);
            self.check_references(&record)?;
        }
        Ok(record)
    }

    pub(super) fn plan_delete(&self, selector: &Selector) -> Result<Arc<Group>, GroupsError> {
        let group = self.find(selector).ok_or(GroupsError::NotFound)?;
        if group.is_default() {
            return Err(GroupsError::DefaultIsPermanent);
        }
        Ok(group)
    }

    /// Puts a group in force: a new one under a new id, a changed one under its own.
    pub(super) fn install(
        &mut self,
        record: GroupRecord,
        new_id: impl FnOnce() -> GroupId,
    ) -> Arc<Group> {
        let name = record.name.clone();
        if name == DEFAULT_GROUP {
            self.default = Entry::new(&self.scope, self.default.group.id, record);
            return Arc::clone(&self.default.group);
        }
        let same = self
            .named
            .get(&name)
            .filter(|held| held.record.suffix == record.suffix);
        let id = same.map_or_else(new_id, |held| held.group.id);
        let entry = Entry::new(&self.scope, id, record);
        let group = Arc::clone(&entry.group);
        self.named.insert(name, entry);
        self.spell_out();
        group
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.named.remove(name);
        self.spell_out();
    }

    /// Whether all groups could still be spelled out with this one.
    fn check_references(&self, record: &GroupRecord) -> Result<(), GroupError> {
        let new = Entry::new(&self.scope, self.default.group.id, record.clone());
        let others = self
            .entries()
            .filter(|entry| entry.record.name != record.name);
        let entries: Vec<&Entry> = others.chain([&new]).collect();
        let expressions = ScopeExpressions {
            groups: entries
                .iter()
                .map(|entry| (Arc::clone(&entry.group), Arc::clone(&entry.expression)))
                .collect(),
        };
        for entry in entries {
            Filter::new(&entry.expression, &expressions)?;
        }
        Ok(())
    }

    /// Spells out the groups within all expressions as they are now.
    fn spell_out(&mut self) {
        let expressions = ScopeExpressions {
            groups: self.expressions(),
        };
        for entry in self.named.values_mut() {
            entry.versions = entry.record.spelled_out(&expressions);
        }
    }

    fn entry(&self, selector: &Selector) -> Option<&Entry> {
        match selector {
            Selector::Name(name) if name == DEFAULT_GROUP => Some(&self.default),
            Selector::Name(name) => self.named.get(name),
            Selector::Arn(arn) => self.entries().find(|entry| entry.group.arn == *arn),
        }
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        [&self.default].into_iter().chain(self.named.values())
    }
}

// === impl Entry ===

impl Entry {
    /// Which group it is, also after a restart: another one of the same name has another suffix.
    fn key(&self, Scope { account, region }: &Scope) -> Box<str> {
        let suffix = self.record.suffix.as_deref().unwrap_or_default();
        format!("{account}/{region}/{}/{suffix}", self.record.name).into()
    }

    fn new(scope: &Scope, id: GroupId, record: GroupRecord) -> Self {
        let current = record.versions.last();
        let expression = current.map_or(Expression::Everything, |version| {
            understood(&record.name, &version.expression)
        });
        Self {
            group: Arc::new(Group::of(scope, id, &record)),
            expression: Arc::new(expression),
            versions: Arc::default(),
            record,
        }
    }
}

impl GroupRecord {
    /// All its expressions, ready to judge traces.
    fn spelled_out(&self, groups: &dyn GroupExpressions) -> Arc<[Version]> {
        let spelled = self.versions.iter().map(|version| {
            let expression = understood(&self.name, &version.expression);
            // An old expression may refer to what refers to this group by now: it holds no trace any more.
            let filter = Filter::new(&expression, groups).unwrap_or(Filter::NOTHING);
            Version {
                number: version.number,
                since: version.since,
                filter,
            }
        });
        spelled.collect()
    }
}

fn checked(expression: Option<String>) -> Result<String, GroupsError> {
    let expression = expression.filter(|text| !text.trim().is_empty());
    let expression = expression.ok_or(GroupsError::EmptyExpression)?;
    parse(&expression)?;
    Ok(expression)
}

/// The tree of a stored expression.
fn understood(group: &str, expression: &str) -> Expression {
    parse(expression).unwrap_or_else(|error| {
        // A version with another grammar stored it. The service, too, takes such a group out of processing.
        tracing::warn!(
            group,
            error = &error as &dyn std::error::Error,
            "a stored filter expression is not understood any more"
        );
        Expression::Is(Predicate::Never)
    })
}
