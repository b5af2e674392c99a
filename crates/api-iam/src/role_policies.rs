//! Operations on the policies of a role: attached and inline.

use fluoro_iam::Iam;
use fluoro_wire::query::Form;

use crate::error::of_iam;
use crate::input::Reader;
use crate::operation::{Answer, Output};
use crate::output::encoded;
use crate::page::Page;

pub(crate) async fn attach(iam: &Iam, form: &Form) -> Answer {
    let mut reader = Reader::new(form);
    let (role, arn) = (reader.role_name(), reader.policy_arn());
    reader.finish()?;
    iam.attach_role_policy(role, arn)
        .await
        .map_err(|error| of_iam(&error))?;
    Ok(Output::Nothing)
}

pub(crate) async fn detach(iam: &Iam, form: &Form) -> Answer {
    let mut reader = Reader::new(form);
    let (role, arn) = (reader.role_name(), reader.policy_arn());
    reader.finish()?;
    iam.detach_role_policy(role, arn)
        .await
        .map_err(|error| of_iam(&error))?;
    Ok(Output::Nothing)
}

pub(crate) fn list_attached(iam: &Iam, form: &Form) -> Answer {
    let mut reader = Reader::new(form);
    let (name, prefix) = (reader.role_name(), reader.path_prefix());
    reader.finish()?;
    let role = iam.role(name).map_err(|error| of_iam(&error))?;
    let attached = role
        .attached_policies
        .iter()
        .filter_map(|arn| iam.policy(arn).ok());
    let below = attached.filter(|policy| policy.path.starts_with(prefix));
    let named = below.map(|policy| (policy.name, policy.arn));
    let page = Page::cut(form, named, |(name, arn)| format!("{name} {arn}"))?;
    Ok(Output::result(move |xml| {
        xml.list("AttachedPolicies", &page.items, |xml, (name, arn)| {
            xml.text("PolicyName", name);
            xml.text("PolicyArn", arn);
        });
        page.write_end(xml);
    }))
}

pub(crate) async fn put(iam: &Iam, form: &Form) -> Answer {
    let mut reader = Reader::new(form);
    let (role, policy) = (reader.role_name(), reader.policy_name());
    let document = reader.document("PolicyDocument", "policyDocument");
    reader.finish()?;
    iam.put_role_policy(role, policy, document)
        .await
        .map_err(|error| of_iam(&error))?;
    Ok(Output::Nothing)
}

pub(crate) fn get(iam: &Iam, form: &Form) -> Answer {
    let mut reader = Reader::new(form);
    let (name, policy) = (reader.role_name(), reader.policy_name());
    reader.finish()?;
    let role = iam.role(name).map_err(|error| of_iam(&error))?;
    let document = iam
        .role_policy(name, policy)
        .map_err(|error| of_iam(&error))?;
    let policy = policy.to_owned();
    Ok(Output::result(move |xml| {
        xml.text("RoleName", &role.name);
        xml.text("PolicyName", &policy);
        xml.text("PolicyDocument", encoded(&document));
    }))
}

pub(crate) async fn delete(iam: &Iam, form: &Form) -> Answer {
    let mut reader = Reader::new(form);
    let (role, policy) = (reader.role_name(), reader.policy_name());
    reader.finish()?;
    iam.delete_role_policy(role, policy)
        .await
        .map_err(|error| of_iam(&error))?;
    Ok(Output::Nothing)
}

pub(crate) fn list(iam: &Iam, form: &Form) -> Answer {
    let mut reader = Reader::new(form);
    let name = reader.role_name();
    reader.finish()?;
    let role = iam.role(name).map_err(|error| of_iam(&error))?;
    let names: Vec<String> = role.inline_policies.keys().cloned().collect();
    let page = Page::cut(form, names, String::clone)?;
    Ok(Output::result(move |xml| {
        xml.texts("PolicyNames", &page.items);
        page.write_end(xml);
    }))
}
