//! Operations on roles.

use fluoro_iam::{Iam, NewRole};
use fluoro_wire::query::Form;

use crate::error::of_iam;
use crate::input::Reader;
use crate::operation::{Answer, Output};
use crate::output::{self, RoleDetail};
use crate::page::Page;

const SESSION_SECONDS: std::ops::RangeInclusive<u32> = 3_600..=43_200;

pub(crate) async fn create(iam: &Iam, form: &Form) -> Answer {
    let mut reader = Reader::new(form);
    let new = NewRole {
        path: reader.path().to_owned(),
        name: reader.role_name().to_owned(),
        trust_policy: reader
            .document("AssumeRolePolicyDocument", "assumeRolePolicyDocument")
            .to_owned(),
        description: reader.description().map(str::to_owned),
        max_session_duration_seconds: session_seconds(&mut reader)
            .unwrap_or(*SESSION_SECONDS.start()),
        tags: reader.tags(),
        permissions_boundary: reader.permissions_boundary().map(str::to_owned),
    };
    reader.finish()?;
    let role = iam.create_role(new).await.map_err(|error| of_iam(&error))?;
    let account = iam.account().clone();
    Ok(Output::result(move |xml| {
        xml.element("Role", |xml| {
            output::role(xml, &role, &account, RoleDetail::Created)
        });
    }))
}

pub(crate) fn get(iam: &Iam, form: &Form) -> Answer {
    let name = role_name(form)?;
    let role = iam.role(name).map_err(|error| of_iam(&error))?;
    let account = iam.account().clone();
    Ok(Output::result(move |xml| {
        xml.element("Role", |xml| {
            output::role(xml, &role, &account, RoleDetail::Whole)
        });
    }))
}

pub(crate) fn list(iam: &Iam, form: &Form) -> Answer {
    let mut reader = Reader::new(form);
    let prefix = reader.path_prefix();
    reader.finish()?;
    let page = Page::cut(form, iam.roles(prefix), |role| {
        role.name.to_ascii_lowercase()
    })?;
    let account = iam.account().clone();
    Ok(Output::result(move |xml| {
        xml.list("Roles", &page.items, |xml, role| {
            output::role(xml, role, &account, RoleDetail::Listed);
        });
        page.write_end(xml);
    }))
}

pub(crate) async fn delete(iam: &Iam, form: &Form) -> Answer {
    let name = role_name(form)?;
    iam.delete_role(name)
        .await
        .map_err(|error| of_iam(&error))?;
    Ok(Output::Nothing)
}

pub(crate) async fn update(iam: &Iam, form: &Form) -> Answer {
    let mut reader = Reader::new(form);
    let name = reader.role_name();
    let description = reader.description().map(str::to_owned);
    let seconds = session_seconds(&mut reader);
    reader.finish()?;
    iam.update_role(name, description, seconds)
        .await
        .map_err(|error| of_iam(&error))?;
    Ok(Output::result(|_| {}))
}

pub(crate) async fn update_description(iam: &Iam, form: &Form) -> Answer {
    let mut reader = Reader::new(form);
    let name = reader.role_name();
    let description = reader
        .text("Description", "description", 0..=1_000)
        .to_owned();
    reader.finish()?;
    let role = iam
        .update_role(name, Some(description), None)
        .await
        .map_err(|error| of_iam(&error))?;
    let account = iam.account().clone();
    Ok(Output::result(move |xml| {
        xml.element("Role", |xml| {
            output::role(xml, &role, &account, RoleDetail::Listed)
        });
    }))
}

pub(crate) async fn update_trust_policy(iam: &Iam, form: &Form) -> Answer {
    let mut reader = Reader::new(form);
    let name = reader.role_name();
    let document = reader.document("PolicyDocument", "policyDocument");
    reader.finish()?;
    iam.update_trust_policy(name, document)
        .await
        .map_err(|error| of_iam(&error))?;
    Ok(Output::Nothing)
}

pub(crate) async fn tag(iam: &Iam, form: &Form) -> Answer {
    let mut reader = Reader::new(form);
    let name = reader.role_name();
    let tags = reader.tags();
    reader.finish()?;
    iam.tag_role(name, tags)
        .await
        .map_err(|error| of_iam(&error))?;
    Ok(Output::Nothing)
}

pub(crate) async fn untag(iam: &Iam, form: &Form) -> Answer {
    let mut reader = Reader::new(form);
    let name = reader.role_name();
    let keys = reader.tag_keys();
    reader.finish()?;
    iam.untag_role(name, &keys)
        .await
        .map_err(|error| of_iam(&error))?;
    Ok(Output::Nothing)
}

pub(crate) fn list_tags(iam: &Iam, form: &Form) -> Answer {
    let name = role_name(form)?;
    let role = iam.role(name).map_err(|error| of_iam(&error))?;
    let page = Page::cut(form, role.tags.clone(), |tag| tag.key.clone())?;
    Ok(Output::result(move |xml| {
        output::tags(xml, &page.items);
        page.write_end(xml);
    }))
}

pub(crate) async fn put_boundary(iam: &Iam, form: &Form) -> Answer {
    let mut reader = Reader::new(form);
    let name = reader.role_name();
    // Required here, unlike in CreateRole.
    reader.text("PermissionsBoundary", "permissionsBoundary", 20..=2_048);
    let boundary = reader.permissions_boundary();
    reader.finish()?;
    iam.set_permissions_boundary(name, boundary)
        .await
        .map_err(|error| of_iam(&error))?;
    Ok(Output::Nothing)
}

pub(crate) async fn delete_boundary(iam: &Iam, form: &Form) -> Answer {
    let name = role_name(form)?;
    iam.set_permissions_boundary(name, None)
        .await
        .map_err(|error| of_iam(&error))?;
    Ok(Output::Nothing)
}

/// Always empty: instance profiles belong to EC2, which is not here. Terraform asks before it deletes a role.
pub(crate) fn list_instance_profiles(iam: &Iam, form: &Form) -> Answer {
    let name = role_name(form)?;
    iam.role(name).map_err(|error| of_iam(&error))?;
    let page = Page::<String>::cut(form, Vec::new(), String::clone)?;
    Ok(Output::result(move |xml| {
        xml.texts("InstanceProfiles", &page.items);
        page.write_end(xml);
    }))
}

fn role_name(form: &Form) -> Result<&str, fluoro_wire::query::QueryError> {
    let mut reader = Reader::new(form);
    let name = reader.role_name();
    reader.finish()?;
    Ok(name)
}

fn session_seconds(reader: &mut Reader<'_>) -> Option<u32> {
    reader.integer("MaxSessionDuration", "maxSessionDuration", SESSION_SECONDS)
}
