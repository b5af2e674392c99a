//! The shapes of the API model, as XML.

use fluoro_iam::{ManagedPolicy, PolicyVersion, Role, Tag};
use fluoro_wire::AccountId;
use fluoro_wire::timestamp::iso8601;
use fluoro_wire::xml::Xml;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Documents come URL-encoded. Source: IAM API reference, Role: "policies … are URL-encoded compliant with RFC 3986".
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Which members of a role an operation shows: lists leave out what GetRole has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoleDetail {
    Created,
    Listed,
    Whole,
}

pub(crate) fn encoded(document: &str) -> String {
    utf8_percent_encode(document, RESERVED).to_string()
}

pub(crate) fn role(xml: &mut Xml, role: &Role, account: &AccountId, detail: RoleDetail) {
    xml.text("Path", &role.path);
    xml.text("RoleName", &role.name);
    xml.text("RoleId", &role.id);
    xml.text("Arn", role.arn(account));
    xml.text("CreateDate", iso8601(role.created));
    xml.text("AssumeRolePolicyDocument", encoded(&role.trust_policy));
    xml.optional("Description", role.description.as_ref());
    // As recorded: CreateRole's answer has no MaxSessionDuration.
    if detail != RoleDetail::Created {
        xml.text("MaxSessionDuration", role.max_session_duration_seconds);
    }
    if detail == RoleDetail::Listed {
        return;
    }
    if let Some(arn) = &role.permissions_boundary {
        xml.element("PermissionsBoundary", |xml| {
            xml.text("PermissionsBoundaryType", "Policy");
            xml.text("PermissionsBoundaryArn", arn);
        });
    }
    if !role.tags.is_empty() {
        tags(xml, &role.tags);
    }
    if detail == RoleDetail::Whole {
        // AWS follows the use of roles with hours of delay, and answers this until it knows of one.
        xml.element("RoleLastUsed", |_| {});
    }
}

pub(crate) fn tags<'t>(xml: &mut Xml, tags: impl IntoIterator<Item = &'t Tag>) {
    xml.list("Tags", tags, |xml, tag| {
        xml.text("Key", &tag.key);
        xml.text("Value", &tag.value);
    });
}

/// How often a policy is used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) attachments: usize,
    pub(crate) boundaries: usize,
}

/// A policy; `whole` adds what lists leave out.
pub(crate) fn policy(xml: &mut Xml, policy: &ManagedPolicy, usage: Usage, whole: bool) {
    xml.text("PolicyName", &policy.name);
    xml.text("PolicyId", &policy.id);
    xml.text("Arn", &policy.arn);
    xml.text("Path", &policy.path);
    xml.text("DefaultVersionId", &policy.default_version);
    xml.text("AttachmentCount", usage.attachments);
    xml.text("PermissionsBoundaryUsageCount", usage.boundaries);
    xml.text("IsAttachable", true);
    xml.text("CreateDate", iso8601(policy.created));
    xml.text("UpdateDate", iso8601(policy.updated));
    if whole {
        xml.optional("Description", policy.description.as_ref());
        tags(xml, &policy.tags);
    }
}

/// A version of a policy; only GetPolicyVersion shows the document.
pub(crate) fn version(xml: &mut Xml, version: &PolicyVersion, is_default: bool, document: bool) {
    if document {
        xml.text("Document", encoded(&version.document));
    }
    xml.text("VersionId", &version.id);
    xml.text("IsDefaultVersion", is_default);
    xml.text("CreateDate", iso8601(version.created));
}
