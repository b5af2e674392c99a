//! The IAM service: from action to operation.

use async_trait::async_trait;
use fluoro_iam::{Conditions, Iam};
use fluoro_wire::query::{Form, QueryError};
use fluoro_wire::{Call, Caller, Response, Service};

use crate::error::of_denied;
use crate::operation::{Answer, Protocol};
use crate::{policies, role_policies, roles};

const PROTOCOL: Protocol = Protocol {
    namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
    version: "2010-05-08",
};

/// Answers for IAM, version 2010-05-08.
#[derive(Debug, Clone)]
pub struct IamService {
    iam: Iam,
}

impl IamService {
    /// Over these roles and policies.
    #[must_use]
    pub fn new(iam: Iam) -> Self {
        Self { iam }
    }

    async fn answer(&self, call: &Call, form: &Form) -> Answer {
        let action = PROTOCOL.action(form)?;
        self.judge(call, form, action)?;
        let iam = &self.iam;
        match action {
            "CreateRole" => roles::create(iam, form).await,
            "GetRole" => roles::get(iam, form),
            "ListRoles" => roles::list(iam, form),
            "DeleteRole" => roles::delete(iam, form).await,
            "UpdateRole" => roles::update(iam, form).await,
            "UpdateRoleDescription" => roles::update_description(iam, form).await,
            "UpdateAssumeRolePolicy" => roles::update_trust_policy(iam, form).await,
            "TagRole" => roles::tag(iam, form).await,
            "UntagRole" => roles::untag(iam, form).await,
            "ListRoleTags" => roles::list_tags(iam, form),
            "PutRolePermissionsBoundary" => roles::put_boundary(iam, form).await,
            "DeleteRolePermissionsBoundary" => roles::delete_boundary(iam, form).await,
            "ListInstanceProfilesForRole" => roles::list_instance_profiles(iam, form),
            "AttachRolePolicy" => role_policies::attach(iam, form).await,
            "DetachRolePolicy" => role_policies::detach(iam, form).await,
            "ListAttachedRolePolicies" => role_policies::list_attached(iam, form),
            "PutRolePolicy" => role_policies::put(iam, form).await,
            "GetRolePolicy" => role_policies::get(iam, form),
            "DeleteRolePolicy" => role_policies::delete(iam, form).await,
            "ListRolePolicies" => role_policies::list(iam, form),
            "CreatePolicy" => policies::create(iam, form).await,
            "GetPolicy" => policies::get(iam, form),
            "ListPolicies" => policies::list(iam, form),
            "DeletePolicy" => policies::delete(iam, form).await,
            "CreatePolicyVersion" => policies::create_version(iam, form).await,
            "GetPolicyVersion" => policies::get_version(iam, form),
            "ListPolicyVersions" => policies::list_versions(iam, form),
            "DeletePolicyVersion" => policies::delete_version(iam, form).await,
            "SetDefaultPolicyVersion" => policies::set_default_version(iam, form).await,
            "ListEntitiesForPolicy" => policies::list_entities(iam, form),
            "TagPolicy" => policies::tag(iam, form).await,
            "UntagPolicy" => policies::untag(iam, form).await,
            "ListPolicyTags" => policies::list_tags(iam, form),
            _ => Err(PROTOCOL.no_such_action(form, action)),
        }
    }

    /// Whether the caller's policies allow the action on what the form names.
    fn judge(&self, call: &Call, form: &Form, action: &str) -> Result<(), QueryError> {
        if call.caller == Caller::Root {
            return Ok(());
        }
        let action = format!("iam:{action}");
        let resource = self.resource(form);
        let conditions = conditions(call, form);
        self.iam
            .authorize(&call.caller, &action, &resource, &conditions)
            .map_err(|denied| of_denied(&denied))
    }

    /// The ARN of what a form is about. Source: service authorization reference, resource types of IAM.
    fn resource(&self, form: &Form) -> String {
        let account = self.iam.account();
        let path = form.get("Path").unwrap_or("/");
        match (
            form.get("RoleName"),
            form.get("PolicyArn"),
            form.get("PolicyName"),
        ) {
            (Some(name), _, _) => match self.iam.role(name) {
                Ok(role) => role.arn(account),
                Err(_) => format!("arn:aws:iam::{account}:role{path}{name}"),
            },
            (None, Some(arn), _) => arn.to_owned(),
            (None, None, Some(name)) => format!("arn:aws:iam::{account}:policy{path}{name}"),
            (None, None, None) => "*".to_owned(),
        }
    }
}

fn conditions(call: &Call, form: &Form) -> Conditions {
    let mut conditions = Conditions::of_call(call);
    for (key, member) in [
        ("iam:PolicyARN", "PolicyArn"),
        ("iam:PermissionsBoundary", "PermissionsBoundary"),
    ] {
        if let Some(value) = form.get(member) {
            conditions = conditions.with(key, value);
        }
    }
    let mut keys: Vec<String> = form
        .texts("TagKeys")
        .into_iter()
        .map(str::to_owned)
        .collect();
    for tag in form.structures("Tags") {
        if let (Some(key), Some(value)) = (tag.get("Key"), tag.get("Value")) {
            conditions = conditions.with(&format!("aws:RequestTag/{key}"), value);
            keys.push(key.to_owned());
        }
    }
    if keys.is_empty() {
        conditions
    } else {
        conditions.with_all("aws:TagKeys", keys)
    }
}

#[async_trait]
impl Service for IamService {
    fn signing_name(&self) -> &'static str {
        "iam"
    }

    async fn call(&self, call: Call) -> Response {
        PROTOCOL
            .serve(&call, async |form| self.answer(&call, form).await)
            .await
    }
}
