//! What a group is: as stored, as told, as asked for.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use fluoro_filter::{GroupError, ParseError};
use fluoro_model::TimestampMicros;
use fluoro_store::catalog::CatalogError;
use serde::{Deserialize, Serialize};

/// The group that every account has, and every trace is a member of.
pub const DEFAULT_GROUP: &str = "Default";

/// How many groups an account has in a region at most, the default one included (X-Ray endpoints and quotas).
pub const GROUP_LIMIT: usize = 25;

/// How many expressions of a group are remembered. Of more, the oldest are forgotten: after a restart their members
/// are none any more.
pub(super) const VERSION_LIMIT: usize = 64;

/// An account in a region: whose groups are meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The account's number.
    pub account: String,
    /// The region.
    pub region: String,
}

/// Tells one group from all others that are or were, until the server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(pub(crate) u64);

/// A group as it is at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Which one.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its filter expression; the default group has none.
    pub expression: Option<String>,
    /// Which expression this is, counted from 1.
    pub version: u32,
    /// What is watched for it.
    pub insights: InsightsConfiguration,
    /// When it was made; of the default group, the epoch.
    pub created_at: TimestampMicros,
}

/// Whether faults of a group are watched for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InsightsConfiguration {
    /// Whether insights are made.
    pub insights_enabled: bool,
    /// Whether somebody is told of them.
    pub notifications_enabled: bool,
}

/// What is to be different; what is `None` stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InsightsChange {
    /// Whether insights are made.
    pub insights_enabled: Option<bool>,
    /// Whether somebody is told of them.
    pub notifications_enabled: Option<bool>,
}

/// A group to be made.
#[derive(Debug, Clone, Default)]
pub struct NewGroup {
    /// Its name.
    pub name: String,
    /// Its expression.
    pub expression: Option<String>,
    /// What is watched for it.
    pub insights: InsightsChange,
}

/// What is to be different about a group.
#[derive(Debug, Clone, Default)]
pub struct GroupChange {
    /// Its expression. Every update needs one, but of the default group, which takes none.
    pub expression: Option<String>,
    /// What is watched for it.
    pub insights: InsightsChange,
}

/// Which group is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// The one of this name.
    Name(String),
    /// The one of this ARN.
    Arn(String),
}

/// Why a group was not made, changed or deleted.
#[derive(Debug, thiserror::Error)]
pub enum GroupsError {
    /// There is no such group.
    #[error("there is no such group")]
    NotFound,
    /// The name is taken.
    #[error("group {0} already exists")]
    AlreadyExists(String),
    /// There are as many as there may be.
    #[error("there are {GROUP_LIMIT} groups already")]
    LimitExceeded,
    /// The name has other characters than letters, digits and dashes.
    #[error("{0:?} is no group name")]
    InvalidName(String),
    /// There is no expression, or nothing in it.
    #[error("the filter expression is empty")]
    EmptyExpression,
    /// The expression cannot be understood.
    #[error("the filter expression cannot be understood")]
    Expression(#[from] ParseError),
    /// The groups in the expression cannot be spelled out.
    #[error("the groups in the filter expression cannot be spelled out")]
    References(#[from] GroupError),
    /// Who wants to be told of insights needs some.
    #[error("notifications need insights")]
    NotificationsWithoutInsights,
    /// The default group stays.
    #[error("the default group cannot be deleted")]
    DefaultIsPermanent,
    /// The default group holds everything.
    #[error("the default group has no filter expression")]
    DefaultHasNoExpression,
    /// The group could not be stored.
    #[error("failed to store the group")]
    Catalog(#[from] CatalogError),
}

/// A group as stored. The default group is stored once it differs from what it is everywhere.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct GroupRecord {
    pub(super) name: String,
    /// The end of its ARN; the default group's has none.
    pub(super) suffix: Option<String>,
    pub(super) created_at: TimestampMicros,
    /// Its expressions, the oldest first.
    pub(super) versions: Vec<VersionRecord>,
    pub(super) insights: InsightsConfiguration,
}

/// One expression of a group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct VersionRecord {
    pub(super) number: u32,
    /// Since when it holds.
    pub(super) since: TimestampMicros,
    pub(super) expression: String,
}

// === impl Scope ===

impl Scope {
    /// The account in the region.
    #[must_use]
    pub fn new(account: impl Into<String>, region: impl Into<String>) -> Self {
        Self {
            account: account.into(),
            region: region.into(),
        }
    }

    pub(super) fn key(&self, name: &str) -> String {
        format!("{self}/{name}")
    }

    /// The scope of a key, which names it before the group.
    pub(super) fn of_key(key: &str) -> Self {
        let mut parts = key.split('/');
        let mut next = || parts.next().unwrap_or_default();
        Self::new(next(), next())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}

// === impl GroupId ===

impl GroupId {
    /// Default groups have ids without being kept, above those of all others.
    pub(super) fn of_default(scope: &Scope) -> Self {
        let mut hasher = DefaultHasher::new();
        scope.hash(&mut hasher);
        Self(hasher.finish() | 1 << 63)
    }
}

// === impl Group ===

impl Group {
    /// Whether it is the one that holds every trace.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.name == DEFAULT_GROUP
    }

    pub(super) fn of(scope: &Scope, id: GroupId, record: &GroupRecord) -> Self {
        let Scope { account, region } = scope;
        let name = &record.name;
        let mut arn = format!("arn:aws:xray:{region}:{account}:group/{name}");
        if let Some(suffix) = &record.suffix {
            arn = format!("{arn}/{suffix}");
        }
        let current = record.versions.last();
        Self {
            id,
            name: name.clone(),
            arn,
            expression: current.map(|version| version.expression.clone()),
            version: current.map_or(1, |version| version.number),
            insights: record.insights,
            created_at: record.created_at,
        }
    }
}

// === impl GroupRecord ===

impl GroupRecord {
    pub(super) fn default_group() -> Self {
        Self {
            name: DEFAULT_GROUP.to_owned(),
            suffix: None,
            created_at: TimestampMicros(0),
            versions: Vec::new(),
            insights: InsightsConfiguration::default(),
        }
    }

    /// Puts another expression in force; the same one again changes nothing.
    pub(super) fn set_expression(&mut self, now: TimestampMicros, expression: String) {
        let current = self.versions.last();
        if current.is_some_and(|current| current.expression == expression) {
            return;
        }
        self.versions.push(VersionRecord {
            number: current.map_or(1, |current| current.number + 1),
            since: now,
            expression,
        });
        let too_many = self.versions.len().saturating_sub(VERSION_LIMIT);
        self.versions.drain(..too_many);
    }
}

// === impl InsightsChange ===

impl InsightsChange {
    /// What it makes of a configuration. Who turns insights off turns notifications off.
    pub(super) fn apply(
        self,
        before: InsightsConfiguration,
    ) -> Result<InsightsConfiguration, GroupsError> {
        let insights_enabled = self.insights_enabled.unwrap_or(before.insights_enabled);
        if self.notifications_enabled == Some(true) && !insights_enabled {
            return Err(GroupsError::NotificationsWithoutInsights);
        }
        let notify = self.notifications_enabled;
        Ok(InsightsConfiguration {
            insights_enabled,
            notifications_enabled: insights_enabled
                && notify.unwrap_or(before.notifications_enabled),
        })
    }
}
