//! The handle: what is known, in memory, over the catalog that keeps it.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use fluoro_ambient::Ambient;
use fluoro_model::TimestampMicros;
use fluoro_store::catalog::{Catalog, Revision, Table};
use fluoro_wire::AccountId;
use parking_lot::RwLock;
use tokio::sync::Mutex;

use crate::error::IamError;
use crate::managed::{ManagedPolicy, Understood, aws_managed};
use crate::policy::{Malformed, Policy};
use crate::role::Role;
use crate::session::Session;

/// Roles, policies and sessions of one account. Clones share everything.
#[derive(Clone)]
pub struct Iam {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) ambient: Ambient,
    pub(crate) account: AccountId,
    pub(crate) roles: Table<Role>,
    pub(crate) policies: Table<ManagedPolicy>,
    pub(crate) sessions: Table<Session>,
    pub(crate) known: RwLock<Known>,
    /// Held while a change is decided, written and made known, so that changes follow one another.
    pub(crate) writing: Mutex<()>,
}

/// Everything, as the catalog has it.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// By lower-case name.
    pub(crate) roles: BTreeMap<String, Arc<KnownRole>>,
    /// The account's own, by ARN.
    pub(crate) policies: BTreeMap<String, Arc<KnownPolicy>>,
    /// By access key id.
    pub(crate) sessions: HashMap<String, Arc<Session>>,
    /// What the account's policies with a service say, by service and region.
    pub(crate) service_policies: BTreeMap<(String, String), Arc<[Policy]>>,
}

/// A role with its policies understood.
#[derive(Debug)]
pub(crate) struct KnownRole {
    pub(crate) revision: Revision,
    pub(crate) role: Arc<Role>,
    pub(crate) trust: Policy,
    pub(crate) inline: Vec<Policy>,
}

/// A managed policy of the account.
#[derive(Debug)]
pub(crate) struct KnownPolicy {
    pub(crate) revision: Revision,
    pub(crate) policy: Arc<Understood>,
}

impl Iam {
    /// Loads what the catalog has for `account`.
    ///
    /// # Errors
    ///
    /// When the catalog fails, or holds a policy that this version does not understand.
    pub async fn open(
        ambient: Ambient,
        catalog: Arc<dyn Catalog>,
        account: AccountId,
    ) -> Result<Self, IamError> {
        let inner = Inner {
            ambient,
            account,
            roles: Table::new(Arc::clone(&catalog), "iam/roles/"),
            policies: Table::new(Arc::clone(&catalog), "iam/policies/"),
            sessions: Table::new(catalog, "iam/sessions/"),
            known: RwLock::default(),
            writing: Mutex::new(()),
        };
        let of_account = format!("{}/", inner.account);
        let mut known = Known::default();
        for (key, found) in inner.roles.scan(&of_account).await? {
            let role = KnownRole::understand(found.value, found.revision)?;
            known.roles.insert(name_of(&key), Arc::new(role));
        }
        for (_, found) in inner.policies.scan(&of_account).await? {
            let policy = KnownPolicy::understand(found.value, found.revision)?;
            let arn = policy.policy.record.arn.clone();
            known.policies.insert(arn, Arc::new(policy));
        }
        for (key, found) in inner.sessions.scan(&of_account).await? {
            known.sessions.insert(name_of(&key), Arc::new(found.value));
        }
        *inner.known.write() = known;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The account that all this is about.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.inner.account
    }

    pub(crate) fn now(&self) -> TimestampMicros {
        TimestampMicros(self.inner.ambient.now_micros())
    }

    /// The catalog's key for what has this name.
    pub(crate) fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.inner.account)
    }

    /// A managed policy, AWS's or the account's.
    pub(crate) fn managed(&self, arn: &str) -> Option<Arc<Understood>> {
        if let Some(policy) = aws_managed().get(arn) {
            return Some(Arc::clone(policy));
        }
        let known = self.inner.known.read();
        Some(Arc::clone(&known.policies.get(arn)?.policy))
    }
}

impl fmt::Debug for Iam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iam")
            .field("account", &self.inner.account)
            .finish_non_exhaustive()
    }
}

impl KnownRole {
    pub(crate) fn understand(role: Role, revision: Revision) -> Result<Self, Malformed> {
        let documents = role.inline_policies.values();
        Ok(Self {
            revision,
            trust: Policy::trust(&role.trust_policy)?,
            inline: documents
                .map(|document| Policy::identity(document))
                .collect::<Result<_, _>>()?,
            role: Arc::new(role),
        })
    }
}

impl KnownPolicy {
    pub(crate) fn understand(record: ManagedPolicy, revision: Revision) -> Result<Self, Malformed> {
        let version = record.version(&record.default_version);
        let document = version.map_or("", |version| version.document.as_str());
        let policy = Policy::identity(document)?;
        Ok(Self {
            revision,
            policy: Arc::new(Understood { record, policy }),
        })
    }
}

fn name_of(key: &str) -> String {
    key.rsplit('/').next().unwrap_or_default().to_owned()
}
