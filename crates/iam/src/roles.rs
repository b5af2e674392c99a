//! Making, reading, changing and removing roles.

use std::collections::BTreeMap;
use std::sync::Arc;

use fluoro_store::catalog::Expect;

use crate::error::{IamError, IamErrorKind};
use crate::handle::{Iam, KnownRole};
use crate::managed::ID_LETTERS;
use crate::policy::Policy;
use crate::role::{Role, Tag, merge_tags};

/// IAM's quotas: guide, "IAM and STS quotas".
const TRUST_POLICY_BYTES: usize = 2_048;
const INLINE_POLICIES_BYTES: usize = 10_240;
const ATTACHED_POLICIES: usize = 10;
const TAGS: usize = 50;

/// What a role is made from; names and sizes already checked.
#[derive(Debug, Clone)]
pub struct NewRole {
    /// `/` or `/service-role/`.
    pub path: String,
    /// The role's name.
    pub name: String,
    /// The trust policy's document.
    pub trust_policy: String,
    /// What its maker wrote.
    pub description: Option<String>,
    /// 3600 to 43200.
    pub max_session_duration_seconds: u32,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// ARN of a managed policy.
    pub permissions_boundary: Option<String>,
}

impl Iam {
    /// Makes a role.
    ///
    /// # Errors
    ///
    /// When the name is taken, the trust policy is malformed, the boundary does not exist, or a quota is exceeded.
    pub async fn create_role(&self, new: NewRole) -> Result<Arc<Role>, IamError> {
        check_trust_policy(&new.trust_policy)?;
        if let Some(boundary) = &new.permissions_boundary {
            self.check_boundary(boundary)?;
        }
        let _writing = self.inner.writing.lock().await;
        if self.known_role(&new.name).is_some() {
            let message = format!("Role with name {} already exists.", new.name);
            return Err(IamError::refused(
                IamErrorKind::EntityAlreadyExists,
                message,
            ));
        }
        let mut tags = Vec::new();
        merge_tags(&mut tags, new.tags);
        check_tags(&tags)?;
        let role = Role {
            id: format!("AROA{}", self.inner.ambient.text(ID_LETTERS, 17)),
            created: self.now(),
            path: new.path,
            name: new.name,
            trust_policy: new.trust_policy,
            description: new.description,
            max_session_duration_seconds: new.max_session_duration_seconds,
            tags,
            inline_policies: BTreeMap::new(),
            attached_policies: Vec::new(),
            permissions_boundary: new.permissions_boundary,
        };
        self.keep_role(role, Expect::Absent).await
    }

    /// The role with this name, whatever its case.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn role(&self, name: &str) -> Result<Arc<Role>, IamError> {
        let known = self.known_role(name).ok_or_else(|| no_role(name))?;
        Ok(Arc::clone(&known.role))
    }

    /// Every role whose path begins with `path_prefix`, by name.
    #[must_use]
    pub fn roles(&self, path_prefix: &str) -> Vec<Arc<Role>> {
        let known = self.inner.known.read();
        let below = known
            .roles
            .values()
            .filter(|known| known.role.path.starts_with(path_prefix));
        below.map(|known| Arc::clone(&known.role)).collect()
    }

    /// Removes a role that has no policies.
    ///
    /// # Errors
    ///
    /// When there is none, or a policy is still attached or inline.
    pub async fn delete_role(&self, name: &str) -> Result<(), IamError> {
        let _writing = self.inner.writing.lock().await;
        let known = self.known_role(name).ok_or_else(|| no_role(name))?;
        let conflict =
            |message: &str| Err(IamError::refused(IamErrorKind::DeleteConflict, message));
        if !known.role.attached_policies.is_empty() {
            return conflict("Cannot delete entity, must detach all policies first.");
        }
        if !known.role.inline_policies.is_empty() {
            return conflict("Cannot delete entity, must delete policies first.");
        }
        let lower = name.to_ascii_lowercase();
        let expect = Expect::Revision(known.revision);
        self.inner.roles.delete(&self.key(&lower), expect).await?;
        self.inner.known.write().roles.remove(&lower);
        Ok(())
    }

    /// Sets description and session length; what is `None` stays.
    ///
    /// # Errors
    ///
    /// When there is no such role.
    pub async fn update_role(
        &self,
        name: &str,
        description: Option<String>,
        max_session_duration_seconds: Option<u32>,
    ) -> Result<Arc<Role>, IamError> {
        self.change_role(name, |role| {
            if description.is_some() {
                role.description = description;
            }
            if let Some(seconds) = max_session_duration_seconds {
                role.max_session_duration_seconds = seconds;
            }
            Ok(())
        })
        .await
    }

    /// Sets who may assume the role.
    ///
    /// # Errors
    ///
    /// When there is no such role, or the policy is malformed.
    pub async fn update_trust_policy(&self, name: &str, document: &str) -> Result<(), IamError> {
        self.change_role(name, |role| {
            check_trust_policy(document)?;
            document.clone_into(&mut role.trust_policy);
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// Adds tags, each in place of the one with its key.
    ///
    /// # Errors
    ///
    /// When there is no such role, or it would have more than 50.
    pub async fn tag_role(&self, name: &str, tags: Vec<Tag>) -> Result<(), IamError> {
        self.change_role(name, |role| {
            merge_tags(&mut role.tags, tags);
            check_tags(&role.tags)
        })
        .await?;
        Ok(())
    }

    /// Removes the tags with these keys; a key without tag is ignored.
    ///
    /// # Errors
    ///
    /// When there is no such role.
    pub async fn untag_role(&self, name: &str, keys: &[&str]) -> Result<(), IamError> {
        self.change_role(name, |role| {
            let named = |tag: &Tag| keys.iter().any(|key| key.eq_ignore_ascii_case(&tag.key));
            role.tags.retain(|tag| !named(tag));
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// Attaches a managed policy; once more changes nothing.
    ///
    /// # Errors
    ///
    /// When role or policy do not exist, or the role has ten.
    pub async fn attach_role_policy(&self, name: &str, arn: &str) -> Result<(), IamError> {
        self.change_role(name, |role| {
            if self.managed(arn).is_none() {
                return Err(not_attachable(arn));
            }
            if role
                .attached_policies
                .iter()
                .any(|attached| attached == arn)
            {
                return Ok(());
            }
            if role.attached_policies.len() >= ATTACHED_POLICIES {
                return Err(over_quota("PoliciesPerRole", ATTACHED_POLICIES));
            }
            role.attached_policies.push(arn.to_owned());
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// Detaches a managed policy.
    ///
    /// # Errors
    ///
    /// When the role does not exist, or the policy is not attached.
    pub async fn detach_role_policy(&self, name: &str, arn: &str) -> Result<(), IamError> {
        self.change_role(name, |role| {
            let attached = role
                .attached_policies
                .iter()
                .position(|attached| attached == arn);
            let at = attached
                .ok_or_else(|| IamError::no_such_entity(format!("Policy {arn} was not found.")))?;
            role.attached_policies.remove(at);
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// Puts an inline policy, in place of the one with its name.
    ///
    /// # Errors
    ///
    /// When there is no such role, the policy is malformed, or all together are too long.
    pub async fn put_role_policy(
        &self,
        name: &str,
        policy_name: &str,
        document: &str,
    ) -> Result<(), IamError> {
        self.change_role(name, |role| {
            Policy::identity(document)?;
            role.inline_policies
                .insert(policy_name.to_owned(), document.to_owned());
            let bytes: usize = role.inline_policies.values().map(|text| size(text)).sum();
            if bytes > INLINE_POLICIES_BYTES {
                let message = format!(
                    "Maximum policy size of {INLINE_POLICIES_BYTES} bytes exceeded for role {}",
                    role.name
                );
                return Err(IamError::refused(IamErrorKind::LimitExceeded, message));
            }
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// Removes an inline policy.
    ///
    /// # Errors
    ///
    /// When role or policy do not exist.
    pub async fn delete_role_policy(&self, name: &str, policy_name: &str) -> Result<(), IamError> {
        self.change_role(name, |role| {
            let removed = role.inline_policies.remove(policy_name);
            removed
                .map(|_| ())
                .ok_or_else(|| no_role_policy(policy_name))
        })
        .await?;
        Ok(())
    }

    /// The document of an inline policy.
    ///
    /// # Errors
    ///
    /// When role or policy do not exist.
    pub fn role_policy(&self, name: &str, policy_name: &str) -> Result<String, IamError> {
        let role = self.role(name)?;
        let found = role.inline_policies.get(policy_name);
        found.cloned().ok_or_else(|| no_role_policy(policy_name))
    }

    /// Bounds what the role's policies allow by a managed policy, or, with `None`, no longer.
    ///
    /// # Errors
    ///
    /// When role or policy do not exist.
    pub async fn set_permissions_boundary(
        &self,
        name: &str,
        arn: Option<&str>,
    ) -> Result<(), IamError> {
        self.change_role(name, |role| {
            if let Some(arn) = arn {
                self.check_boundary(arn)?;
            }
            role.permissions_boundary = arn.map(str::to_owned);
            Ok(())
        })
        .await?;
        Ok(())
    }

    pub(crate) fn known_role(&self, name: &str) -> Option<Arc<KnownRole>> {
        let known = self.inner.known.read();
        known.roles.get(&name.to_ascii_lowercase()).cloned()
    }

    /// The role with this ARN, path included.
    pub(crate) fn known_role_by_arn(&self, arn: &str) -> Option<Arc<KnownRole>> {
        let name = arn.rsplit('/').next()?;
        let known = self.known_role(name)?;
        (known.role.arn(&self.inner.account) == arn).then_some(known)
    }

    async fn change_role(
        &self,
        name: &str,
        change: impl FnOnce(&mut Role) -> Result<(), IamError>,
    ) -> Result<Arc<Role>, IamError> {
        let _writing = self.inner.writing.lock().await;
        let known = self.known_role(name).ok_or_else(|| no_role(name))?;
        let mut role = Role::clone(&known.role);
        change(&mut role)?;
        self.keep_role(role, Expect::Revision(known.revision)).await
    }

    async fn keep_role(&self, role: Role, expect: Expect) -> Result<Arc<Role>, IamError> {
        let lower = role.name.to_ascii_lowercase();
        let revision = self
            .inner
            .roles
            .put(&self.key(&lower), &role, expect)
            .await?;
        let known = Arc::new(KnownRole::understand(role, revision)?);
        let role = Arc::clone(&known.role);
        self.inner.known.write().roles.insert(lower, known);
        Ok(role)
    }

    fn check_boundary(&self, arn: &str) -> Result<(), IamError> {
        match self.managed(arn) {
            Some(_) => Ok(()),
            None => Err(not_attachable(arn)),
        }
    }
}

fn check_trust_policy(document: &str) -> Result<(), IamError> {
    Policy::trust(document)?;
    if size(document) > TRUST_POLICY_BYTES {
        return Err(over_quota("ACLSizePerRole", TRUST_POLICY_BYTES));
    }
    Ok(())
}

fn check_tags(tags: &[Tag]) -> Result<(), IamError> {
    if tags.len() > TAGS {
        return Err(over_quota("TagsPerRole", TAGS));
    }
    Ok(())
}

/// IAM does not count white space.
pub(crate) fn size(document: &str) -> usize {
    document
        .chars()
        .filter(|character| !character.is_whitespace())
        .count()
}

pub(crate) fn over_quota(quota: &str, limit: usize) -> IamError {
    let message = format!("Cannot exceed quota for {quota}: {limit}");
    IamError::refused(IamErrorKind::LimitExceeded, message)
}

fn no_role(name: &str) -> IamError {
    IamError::no_such_entity(format!("The role with name {name} cannot be found."))
}

fn no_role_policy(name: &str) -> IamError {
    IamError::no_such_entity(format!("The role policy with name {name} cannot be found."))
}

fn not_attachable(arn: &str) -> IamError {
    IamError::no_such_entity(format!("Policy {arn} does not exist or is not attachable."))
}
