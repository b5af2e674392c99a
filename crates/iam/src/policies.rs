//! Managed policies: finding AWS's and the account's; making, changing and removing the account's.

use std::sync::Arc;

use fluoro_store::catalog::Expect;

use crate::error::{IamError, IamErrorKind};
use crate::handle::{Iam, KnownPolicy};
use crate::managed::{ID_LETTERS, ManagedPolicy, PolicyVersion, aws_managed};
use crate::policy::Policy;
use crate::role::{Role, Tag, merge_tags};
use crate::roles::{over_quota, size};

/// IAM's quotas: guide, "IAM and STS quotas".
const POLICY_BYTES: usize = 6_144;
const VERSIONS: usize = 5;
const TAGS: usize = 50;

/// What a managed policy is made from; names and sizes already checked.
#[derive(Debug, Clone)]
pub struct NewPolicy {
    /// `/` or `/team/`.
    pub path: String,
    /// The policy's name.
    pub name: String,
    /// Its first version.
    pub document: String,
    /// What its maker wrote.
    pub description: Option<String>,
    /// Its tags.
    pub tags: Vec<Tag>,
}

impl Iam {
    /// The managed policy with this ARN, AWS's or the account's.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn policy(&self, arn: &str) -> Result<ManagedPolicy, IamError> {
        let found = self.managed(arn).ok_or_else(|| no_policy(arn))?;
        Ok(found.record.clone())
    }

    /// Every managed policy: the account's, then AWS's, each by ARN.
    #[must_use]
    pub fn policies(&self) -> Vec<ManagedPolicy> {
        let known = self.inner.known.read();
        let own = known
            .policies
            .values()
            .map(|known| known.policy.record.clone());
        let aws = aws_managed().values().map(|policy| policy.record.clone());
        own.chain(aws).collect()
    }

    /// The roles to which a policy is attached, by name.
    #[must_use]
    pub fn roles_with_policy(&self, arn: &str) -> Vec<Arc<Role>> {
        let mut roles = self.roles("/");
        roles.retain(|role| {
            role.attached_policies
                .iter()
                .any(|attached| attached == arn)
        });
        roles
    }

    /// The roles that a policy bounds, by name.
    #[must_use]
    pub fn roles_bounded_by(&self, arn: &str) -> Vec<Arc<Role>> {
        let mut roles = self.roles("/");
        roles.retain(|role| role.permissions_boundary.as_deref() == Some(arn));
        roles
    }

    /// Makes a managed policy.
    ///
    /// # Errors
    ///
    /// When the name is taken, the document is malformed, or a quota is exceeded.
    pub async fn create_policy(&self, new: NewPolicy) -> Result<ManagedPolicy, IamError> {
        check_document(&new.document)?;
        let mut tags = Vec::new();
        merge_tags(&mut tags, new.tags);
        check_tags(&tags)?;
        let _writing = self.inner.writing.lock().await;
        if self.own_named(&new.name) {
            let message = format!(
                "A policy called {} already exists. Duplicate names are not allowed.",
                new.name
            );
            return Err(IamError::refused(
                IamErrorKind::EntityAlreadyExists,
                message,
            ));
        }
        let now = self.now();
        let record = ManagedPolicy {
            arn: format!(
                "arn:aws:iam::{}:policy{}{}",
                self.inner.account, new.path, new.name
            ),
            id: format!("ANPA{}", self.inner.ambient.text(ID_LETTERS, 17)),
            name: new.name,
            path: new.path,
            description: new.description,
            created: now,
            updated: now,
            default_version: "v1".to_owned(),
            versions: vec![PolicyVersion {
                id: "v1".to_owned(),
                document: new.document,
                created: now,
            }],
            tags,
        };
        self.keep_policy(record, Expect::Absent).await
    }

    /// Adds a version, and makes it the one that counts if asked.
    ///
    /// # Errors
    ///
    /// When there is no such policy of the account, the document is malformed, or there are five versions.
    pub async fn create_policy_version(
        &self,
        arn: &str,
        document: &str,
        set_as_default: bool,
    ) -> Result<PolicyVersion, IamError> {
        let now = self.now();
        let record = self
            .change_policy(arn, |record| {
                check_document(document)?;
                if record.versions.len() >= VERSIONS {
                    let message = format!(
                        "A managed policy can have up to {VERSIONS} versions. Before you create a \
                         new version, you must delete an existing version."
                    );
                    return Err(IamError::refused(IamErrorKind::LimitExceeded, message));
                }
                let number = |version: &PolicyVersion| version.id[1..].parse::<u32>().ok();
                let newest = record.versions.iter().filter_map(number).max().unwrap_or(0);
                let version = PolicyVersion {
                    id: format!("v{}", newest + 1),
                    document: document.to_owned(),
                    created: now,
                };
                if set_as_default {
                    record.default_version.clone_from(&version.id);
                }
                record.updated = now;
                record.versions.push(version);
                Ok(())
            })
            .await?;
        let newest = record.versions.last().cloned();
        newest.ok_or_else(|| no_policy(arn))
    }

    /// Chooses the version that counts.
    ///
    /// # Errors
    ///
    /// When policy or version do not exist.
    pub async fn set_default_policy_version(
        &self,
        arn: &str,
        version: &str,
    ) -> Result<(), IamError> {
        let now = self.now();
        self.change_policy(arn, |record| {
            record
                .version(version)
                .ok_or_else(|| no_version(arn, version))?;
            version.clone_into(&mut record.default_version);
            record.updated = now;
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// Removes a version that does not count.
    ///
    /// # Errors
    ///
    /// When policy or version do not exist, or it is the default.
    pub async fn delete_policy_version(&self, arn: &str, version: &str) -> Result<(), IamError> {
        self.change_policy(arn, |record| {
            record
                .version(version)
                .ok_or_else(|| no_version(arn, version))?;
            if record.default_version == version {
                return conflict("Cannot delete the default version of a policy.");
            }
            record.versions.retain(|known| known.id != version);
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// The version of a managed policy.
    ///
    /// # Errors
    ///
    /// When policy or version do not exist.
    pub fn policy_version(&self, arn: &str, version: &str) -> Result<PolicyVersion, IamError> {
        let policy = self.policy(arn)?;
        let found = policy.version(version);
        found.cloned().ok_or_else(|| no_version(arn, version))
    }

    /// Removes a managed policy that is attached nowhere and has one version.
    ///
    /// # Errors
    ///
    /// When there is none, or something hangs on it.
    pub async fn delete_policy(&self, arn: &str) -> Result<(), IamError> {
        let _writing = self.inner.writing.lock().await;
        let known = self.own_policy(arn)?;
        if !self.roles_with_policy(arn).is_empty() || !self.roles_bounded_by(arn).is_empty() {
            return conflict("Cannot delete a policy attached to entities.");
        }
        if known.policy.record.versions.len() > 1 {
            return conflict(
                "This policy has more than one version. Before you delete a policy, you must \
                 delete the policy's versions. The default version is deleted with the policy.",
            );
        }
        let key = self.key(&known.policy.record.name.to_ascii_lowercase());
        self.inner
            .policies
            .delete(&key, Expect::Revision(known.revision))
            .await?;
        self.inner.known.write().policies.remove(arn);
        Ok(())
    }

    /// Adds tags, each in place of the one with its key.
    ///
    /// # Errors
    ///
    /// When there is no such policy of the account, or it would have more than 50.
    pub async fn tag_policy(&self, arn: &str, tags: Vec<Tag>) -> Result<(), IamError> {
        self.change_policy(arn, |record| {
            merge_tags(&mut record.tags, tags);
            check_tags(&record.tags)
        })
        .await?;
        Ok(())
    }

    /// Removes the tags with these keys; a key without tag is ignored.
    ///
    /// # Errors
    ///
    /// When there is no such policy of the account.
    pub async fn untag_policy(&self, arn: &str, keys: &[&str]) -> Result<(), IamError> {
        self.change_policy(arn, |record| {
            let named = |tag: &Tag| keys.iter().any(|key| key.eq_ignore_ascii_case(&tag.key));
            record.tags.retain(|tag| !named(tag));
            Ok(())
        })
        .await?;
        Ok(())
    }

    fn own_named(&self, name: &str) -> bool {
        let known = self.inner.known.read();
        let same = |known: &Arc<KnownPolicy>| known.policy.record.name.eq_ignore_ascii_case(name);
        known.policies.values().any(same)
    }

    /// A policy that the account may change.
    fn own_policy(&self, arn: &str) -> Result<Arc<KnownPolicy>, IamError> {
        if aws_managed().contains_key(arn) {
            let message = format!("Policy {arn} is managed by AWS and cannot be changed.");
            return Err(IamError::refused(IamErrorKind::AccessDenied, message));
        }
        let known = self.inner.known.read();
        known
            .policies
            .get(arn)
            .cloned()
            .ok_or_else(|| no_policy(arn))
    }

    async fn change_policy(
        &self,
        arn: &str,
        change: impl FnOnce(&mut ManagedPolicy) -> Result<(), IamError>,
    ) -> Result<ManagedPolicy, IamError> {
        let _writing = self.inner.writing.lock().await;
        let known = self.own_policy(arn)?;
        let mut record = known.policy.record.clone();
        change(&mut record)?;
        self.keep_policy(record, Expect::Revision(known.revision))
            .await
    }

    async fn keep_policy(
        &self,
        record: ManagedPolicy,
        expect: Expect,
    ) -> Result<ManagedPolicy, IamError> {
        let key = self.key(&record.name.to_ascii_lowercase());
        let revision = self.inner.policies.put(&key, &record, expect).await?;
        let known = KnownPolicy::understand(record.clone(), revision)?;
        let mut all = self.inner.known.write();
        all.policies.insert(record.arn.clone(), Arc::new(known));
        Ok(record)
    }
}

fn check_document(document: &str) -> Result<(), IamError> {
    Policy::identity(document)?;
    if size(document) > POLICY_BYTES {
        return Err(over_quota("PolicySize", POLICY_BYTES));
    }
    Ok(())
}

fn check_tags(tags: &[Tag]) -> Result<(), IamError> {
    if tags.len() > TAGS {
        return Err(over_quota("TagsPerPolicy", TAGS));
    }
    Ok(())
}

fn conflict<T>(message: &str) -> Result<T, IamError> {
    Err(IamError::refused(IamErrorKind::DeleteConflict, message))
}

fn no_policy(arn: &str) -> IamError {
    IamError::no_such_entity(format!("Policy {arn} was not found."))
}

fn no_version(arn: &str, version: &str) -> IamError {
    IamError::no_such_entity(format!(
        "Policy {arn} version {version} does not exist or is not attachable."
    ))
}
