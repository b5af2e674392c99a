//! Roles, over IAM.

use serde_json::{Value, json};

use super::{Change, Context, Made, mark};
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
    let is_given = name.is_some();
    let name = context.name(name, &item.logical_id, 64);
    let mark = mark(&json!([name, trust, path, description, managed, inline]));
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
            context.may_take(item, &name, is_given)?;
            if context.is_as_before(item, &mark) {
                return Ok(made(context, Change::Unchanged, &name, &path, mark));
            }
            let members = [
                ("RoleName", name.as_str()),
                ("PolicyDocument", trust.as_str()),
            ];
            call(client, "UpdateAssumeRolePolicy", &name, &members).await?;
            let description = description.as_deref().unwrap_or_default();
            let members = [("RoleName", name.as_str()), ("Description", description)];
            call(client, "UpdateRole", &name, &members).await?;
            same_path(client, &item.place, &name, &arn_of(context, &name, &path)).await?;
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
    Ok(made(context, change, &name, &path, mark))
}

fn made(context: &Context<'_>, change: Change, name: &str, path: &str, mark: String) -> Made {
    let arn = arn_of(context, name, path);
    Made::new(change, name).with("Arn", arn).marked(mark)
}

fn arn_of(context: &Context<'_>, name: &str, path: &str) -> String {
    format!("arn:aws:iam::{}:role{path}{name}", context.account)
}

/// A role's path cannot change, and its ARN shows it.
async fn same_path(client: &Client, place: &str, name: &str, arn: &str) -> Result<(), StackError> {
    let members = [("RoleName", name)];
    let answer = client.query("iam", VERSION, "GetRole", &members).await?;
    let about = About {
        operation: "GetRole",
        subject: name,
    };
    let xml = answer.map_err(|refusal| refusal.into_error(about))?;
    if elements(&xml, "Arn").next() == Some(arn) {
        return Ok(());
    }
    let problem = format!("the path of role {name} cannot change; rename the role");
    Err(StackError::invalid(format!("{place}.Path"), problem))
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
