//! Operations on managed policies.

use std::sync::Arc;

use fluoro_iam::{Iam, ManagedPolicy, NewPolicy, PolicyVersion, Role};
use fluoro_wire::query::{Form, QueryError};

use crate::error::of_iam;
use crate::input::Reader;
use crate::operation::{Answer, Output};
use crate::output::{self, Usage};
use crate::page::Page;

const USAGES: [&str; 2] = ["PermissionsPolicy", "PermissionsBoundary"];

pub(crate) async fn create(iam: &Iam, form: &Form) -> Answer {
    let mut reader = Reader::new(form);
    let new = NewPolicy {
        path: reader.path().to_owned(),
        name: reader.policy_name().to_owned(),
        document: reader
            .document("PolicyDocument", "policyDocument")
            .to_owned(),
        description: reader.description().map(str::to_owned),
        tags: reader.tags(),
    };
    reader.finish()?;
    let policy = iam
        .create_policy(new)
        .await
        .map_err(|error| of_iam(&error))?;
    Ok(one(iam, policy))
}

pub(crate) fn get(iam: &Iam, form: &Form) -> Answer {
    let arn = policy_arn(form)?;
    let policy = iam.policy(arn).map_err(|error| of_iam(&error))?;
    Ok(one(iam, policy))
}

pub(crate) fn list(iam: &Iam, form: &Form) -> Answer {
    let mut reader = Reader::new(form);
    let scope = reader
        .one_of("Scope", "scope", &["All", "AWS", "Local"])
        .unwrap_or("All");
    let only_attached = reader.flag("OnlyAttached");
    let prefix = reader.path_prefix();
    let usage_filter = reader.one_of("PolicyUsageFilter", "policyUsageFilter", &USAGES);
    reader.finish()?;
    let shown = |policy: &ManagedPolicy, usage: Usage| {
        let in_scope = match scope {
            "AWS" => policy.is_aws(),
            "Local" => !policy.is_aws(),
            _ => true,
        };
        let used = match usage_filter {
            Some("PermissionsBoundary") => usage.boundaries > 0,
            Some(_) => usage.attachments > 0,
            None => true,
        };
        let attached = !only_attached || usage.attachments > 0;
        in_scope && used && attached && policy.path.starts_with(prefix)
    };
    let all = iam.policies().into_iter().map(|policy| {
        let usage = usage(iam, &policy.arn);
        (policy, usage)
    });
    let shown = all.filter(|(policy, usage)| shown(policy, *usage));
    let page = Page::cut(form, shown, |(policy, _)| policy.arn.clone())?;
    Ok(Output::result(move |xml| {
        xml.list("Policies", &page.items, |xml, (policy, usage)| {
            output::policy(xml, policy, *usage, false);
        });
        page.write_end(xml);
    }))
}

pub(crate) async fn delete(iam: &Iam, form: &Form) -> Answer {
    let arn = policy_arn(form)?;
    iam.delete_policy(arn)
        .await
        .map_err(|error| of_iam(&error))?;
    Ok(Output::Nothing)
}

pub(crate) async fn create_version(iam: &Iam, form: &Form) -> Answer {
    let mut reader = Reader::new(form);
    let arn = reader.policy_arn();
    let document = reader.document("PolicyDocument", "policyDocument");
    let set_as_default = reader.flag("SetAsDefault");
    reader.finish()?;
    let version = iam
        .create_policy_version(arn, document, set_as_default)
        .await
        .map_err(|error| of_iam(&error))?;
    Ok(Output::result(move |xml| {
        xml.element("PolicyVersion", |xml| {
            output::version(xml, &version, set_as_default, false);
        });
    }))
}

pub(crate) fn get_version(iam: &Iam, form: &Form) -> Answer {
    let (arn, id) = version_of(form)?;
    let policy = iam.policy(arn).map_err(|error| of_iam(&error))?;
    let version = iam
        .policy_version(arn, id)
        .map_err(|error| of_iam(&error))?;
    let is_default = policy.default_version == version.id;
    Ok(Output::result(move |xml| {
        xml.element("PolicyVersion", |xml| {
            output::version(xml, &version, is_default, true)
        });
    }))
}

pub(crate) fn list_versions(iam: &Iam, form: &Form) -> Answer {
    let arn = policy_arn(form)?;
    let policy = iam.policy(arn).map_err(|error| of_iam(&error))?;
    let default = policy.default_version;
    let page = Page::cut(form, policy.versions, newest_first)?;
    Ok(Output::result(move |xml| {
        xml.list("Versions", &page.items, |xml, version| {
            output::version(xml, version, version.id == default, false);
        });
        page.write_end(xml);
    }))
}

pub(crate) async fn delete_version(iam: &Iam, form: &Form) -> Answer {
    let (arn, id) = version_of(form)?;
    iam.delete_policy_version(arn, id)
        .await
        .map_err(|error| of_iam(&error))?;
    Ok(Output::Nothing)
}

pub(crate) async fn set_default_version(iam: &Iam, form: &Form) -> Answer {
    let (arn, id) = version_of(form)?;
    iam.set_default_policy_version(arn, id)
        .await
        .map_err(|error| of_iam(&error))?;
    Ok(Output::Nothing)
}

/// Groups and users are always empty: there are none here.
pub(crate) fn list_entities(iam: &Iam, form: &Form) -> Answer {
    let mut reader = Reader::new(form);
    let arn = reader.policy_arn();
    let prefix = reader.path_prefix();
    let usage = reader.one_of("PolicyUsageFilter", "policyUsageFilter", &USAGES);
    let kinds = [
        "User",
        "Role",
        "Group",
        "LocalManagedPolicy",
        "AWSManagedPolicy",
    ];
    let entity = reader.one_of("EntityFilter", "entityFilter", &kinds);
    reader.finish()?;
    iam.policy(arn).map_err(|error| of_iam(&error))?;
    let mut roles: Vec<Arc<Role>> = Vec::new();
    if entity.is_none_or(|kind| kind == "Role") {
        if usage != Some("PermissionsBoundary") {
            roles.extend(iam.roles_with_policy(arn));
        }
        if usage != Some("PermissionsPolicy") {
            roles.extend(iam.roles_bounded_by(arn));
        }
    }
    roles.retain(|role| role.path.starts_with(prefix));
    roles.sort_by(|a, b| a.name.cmp(&b.name));
    roles.dedup_by(|a, b| a.name == b.name);
    let page = Page::cut(form, roles, |role| role.name.to_ascii_lowercase())?;
    Ok(Output::result(move |xml| {
        xml.texts::<&str>("PolicyGroups", []);
        xml.texts::<&str>("PolicyUsers", []);
        xml.list("PolicyRoles", &page.items, |xml, role| {
            xml.text("RoleName", &role.name);
            xml.text("RoleId", &role.id);
        });
        page.write_end(xml);
    }))
}

pub(crate) async fn tag(iam: &Iam, form: &Form) -> Answer {
    let mut reader = Reader::new(form);
    let arn = reader.policy_arn();
    let tags = reader.tags();
    reader.finish()?;
    iam.tag_policy(arn, tags)
        .await
        .map_err(|error| of_iam(&error))?;
    Ok(Output::Nothing)
}

pub(crate) async fn untag(iam: &Iam, form: &Form) -> Answer {
    let mut reader = Reader::new(form);
    let arn = reader.policy_arn();
    let keys = reader.tag_keys();
    reader.finish()?;
    iam.untag_policy(arn, &keys)
        .await
        .map_err(|error| of_iam(&error))?;
    Ok(Output::Nothing)
}

pub(crate) fn list_tags(iam: &Iam, form: &Form) -> Answer {
    let arn = policy_arn(form)?;
    let policy = iam.policy(arn).map_err(|error| of_iam(&error))?;
    let page = Page::cut(form, policy.tags, |tag| tag.key.clone())?;
    Ok(Output::result(move |xml| {
        output::tags(xml, &page.items);
        page.write_end(xml);
    }))
}

/// A key by which `v10` comes before `v9`.
fn newest_first(version: &PolicyVersion) -> String {
    let number = version.id.trim_start_matches('v').parse().unwrap_or(0);
    format!("{:010}", u32::MAX - number)
}

fn one(iam: &Iam, policy: ManagedPolicy) -> Output {
    let usage = usage(iam, &policy.arn);
    Output::result(move |xml| {
        xml.element("Policy", |xml| output::policy(xml, &policy, usage, true));
    })
}

fn usage(iam: &Iam, arn: &str) -> Usage {
    Usage {
        attachments: iam.roles_with_policy(arn).len(),
        boundaries: iam.roles_bounded_by(arn).len(),
    }
}

fn policy_arn(form: &Form) -> Result<&str, QueryError> {
    let mut reader = Reader::new(form);
    let arn = reader.policy_arn();
    reader.finish()?;
    Ok(arn)
}

fn version_of(form: &Form) -> Result<(&str, &str), QueryError> {
    let mut reader = Reader::new(form);
    let (arn, id) = (reader.policy_arn(), reader.version_id());
    reader.finish()?;
    Ok((arn, id))
}
