//! Roles, over IAM.

use serde_json::Value;

use super::{Change, Context, Made};
use crate::StackError;
use crate::client::{About, Client, elements};
use crate::intrinsics::text;
use crate::items::Item;
use crate::properties::Properties;

const VERSION: &str = "2010-05-08";

/// A role as the template wants it.
pub(super) struct Wanted {
    name: Option<String>,
    trust: String,
    path: String,
    description: Option<String>,
    /// ARNs.
    managed: Vec<String>,
    /// Names and documents.
    inline: Vec<(String, String)>,
}

impl Wanted {
    pub(super) fn read(place: &str, properties: Value) -> Result<Self, StackError> {
        let mut properties = Properties::new(place, properties)?;
        let name = properties.text("RoleName")?;
        let Some(trust) = properties.take("AssumeRolePolicyDocument") else {
            return Err(StackError::invalid(
                place,
                "AssumeRolePolicyDocument is missing",
            ));
        };
        let managed = properties.list("ManagedPolicyArns");
        let inline = properties.list("Policies");
        let path = properties.text("Path")?.unwrap_or_else(|| "/".to_owned());
        let description = properties.text("Description")?;
        properties.finish()?;
        Ok(Self {
            name,
            trust: trust.to_string(),
            path,
            description,
            managed: managed.iter().filter_map(text).collect(),
            inline: named_policies(place, inline)?,
        })
    }
}

pub(super) async fn apply(
    context: &Context<'_>,
    item: &Item,
    wanted: Wanted,
) -> Result<Made, StackError> {
    let Wanted {
        name,
        trust,
        path,
        description,
        managed,
        inline,
    } = wanted;
    let name = context.name(name, &item.logical_id, 64);
    let client = context.client;
    let about = |operation| About {
        operation,
        subject: &name,
    };
    let mut members = vec![
        ("RoleName", name.as_str()),
        ("AssumeRolePolicyDocument", &trust),
        ("Path", &path),
    ];
    members.extend(
        description
            .as_deref()
            .map(|description| ("Description", description)),
    );
    let change = match client.query("iam", VERSION, "CreateRole", &members).await? {
        Ok(_) => Change::Created,
        Err(refusal) if refusal.code == "EntityAlreadyExists" => {
            let members = [
                ("RoleName", name.as_str()),
                ("PolicyDocument", trust.as_str()),
            ];
            call(client, "UpdateAssumeRolePolicy", &name, &members).await?;
            Change::Updated
        }
        Err(refusal) => return Err(refusal.into_error(about("CreateRole"))),
    };
    if change == Change::Updated {
        for (policy, is_managed) in policies_of(client, &name).await? {
            match is_managed {
                true if !managed.contains(&policy) => {
                    call(
                        client,
                        "DetachRolePolicy",
                        &name,
                        &[("RoleName", &name), ("PolicyArn", &policy)],
                    )
                    .await?;
                }
                false if !inline.iter().any(|(own, _)| *own == policy) => {
                    call(
                        client,
                        "DeleteRolePolicy",
                        &name,
                        &[("RoleName", &name), ("PolicyName", &policy)],
                    )
                    .await?;
                }
                _ => {}
            }
        }
    }
    for policy in &managed {
        call(
            client,
            "AttachRolePolicy",
            &name,
            &[("RoleName", &name), ("PolicyArn", policy)],
        )
        .await?;
    }
    for (policy, document) in &inline {
        let members = [
            ("RoleName", name.as_str()),
            ("PolicyName", policy),
            ("PolicyDocument", document),
        ];
        call(client, "PutRolePolicy", &name, &members).await?;
    }
    let arn = format!("arn:aws:iam::{}:role{}{name}", context.account, path);
    Ok(Made::new(change, &name).with("Arn", arn))
}

pub(super) async fn remove(client: &Client, name: &str) -> Result<(), StackError> {
    for (policy, is_managed) in policies_of(client, name).await? {
        let (action, member) = if is_managed {
            ("DetachRolePolicy", "PolicyArn")
        } else {
            ("DeleteRolePolicy", "PolicyName")
        };
        call(
            client,
            action,
            name,
            &[("RoleName", name), (member, &policy)],
        )
        .await?;
    }
    call(client, "DeleteRole", name, &[("RoleName", name)]).await
}

/// A call in which the thing's not being there is no error.
async fn call(
    client: &Client,
    action: &'static str,
    name: &str,
    members: &[(&str, &str)],
) -> Result<(), StackError> {
    match client.query("iam", VERSION, action, members).await? {
        Ok(_) => Ok(()),
        Err(refusal)
            if refusal.code == "NoSuchEntity"
                && (action.starts_with("Delete") || action.starts_with("Detach")) =>
        {
            Ok(())
        }
        Err(refusal) => Err(refusal.into_error(About {
            operation: action,
            subject: name,
        })),
    }
}

/// A role's policies; `true` for the managed ones, which are named by ARN.
async fn policies_of(client: &Client, name: &str) -> Result<Vec<(String, bool)>, StackError> {
    let mut policies = Vec::new();
    for (action, tag, managed) in [
        ("ListAttachedRolePolicies", "PolicyArn", true),
        ("ListRolePolicies", "member", false),
    ] {
        match client
            .query("iam", VERSION, action, &[("RoleName", name)])
            .await?
        {
            Ok(xml) => policies.extend(elements(&xml, tag).map(|text| (text.to_owned(), managed))),
            Err(refusal) if refusal.code == "NoSuchEntity" => {}
            Err(refusal) => {
                return Err(refusal.into_error(About {
                    operation: action,
                    subject: name,
                }));
            }
        }
    }
    Ok(policies)
}

fn named_policies(place: &str, policies: Vec<Value>) -> Result<Vec<(String, String)>, StackError> {
    let mut named = Vec::with_capacity(policies.len());
    for (index, policy) in policies.into_iter().enumerate() {
        let mut policy = Properties::new(format!("{place}.Policies[{index}]"), policy)?;
        let name = policy.required("PolicyName")?;
        let document = policy
            .take("PolicyDocument")
            .unwrap_or(Value::Null)
            .to_string();
        policy.finish()?;
        named.push((name, document));
    }
    Ok(named)
}
