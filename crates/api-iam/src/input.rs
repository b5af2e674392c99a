//! Reading an operation's members with the constraints of the API model.
//!
//! A [`Reader`] notes every violation and goes on; what it returns counts only once [`Reader::finish`] says that all
//! constraints hold.

use std::sync::LazyLock;

use fluoro_iam::Tag;
use fluoro_wire::Constraints;
use fluoro_wire::query::{Form, QueryError};
use regex::Regex;

use crate::error::{of_violations, validation};

#[derive(Debug)]
pub(crate) struct Reader<'f> {
    form: &'f Form,
    constraints: Constraints,
    /// What is refused outside the framework's constraints, in IAM's own sentences: the first counts.
    refused: Option<QueryError>,
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of ours is sound")
}

static NAME: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[A-Za-z0-9_+=,.@-]+$"));
static PATH: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(/|/[\x21-\x7e]+/)$"));
static PATH_PREFIX: LazyLock<Regex> = LazyLock::new(|| pattern(r"^/[\x21-\x7f]*$"));
static POLICY_ARN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/[\x21-\x7e]+$"));
static VERSION_ID: LazyLock<Regex> = LazyLock::new(|| pattern(r"^v[1-9][0-9]*(\.[A-Za-z0-9-]*)?$"));

impl<'f> Reader<'f> {
    pub(crate) fn new(form: &'f Form) -> Self {
        Self {
            form,
            constraints: Constraints::new(),
            refused: None,
        }
    }

    /// Every member was sound, or why not.
    pub(crate) fn finish(self) -> Result<(), QueryError> {
        self.constraints
            .finish()
            .map_err(|violations| of_violations(&violations))?;
        self.refused.map_or(Ok(()), Err)
    }

    pub(crate) fn role_name(&mut self) -> &'f str {
        self.name("RoleName", "roleName", 64)
    }

    pub(crate) fn policy_name(&mut self) -> &'f str {
        self.name("PolicyName", "policyName", 128)
    }

    /// A path; `/` when there is none.
    pub(crate) fn path(&mut self) -> &'f str {
        let Some(path) = self.form.get("Path") else {
            return "/";
        };
        self.constraints.text("path", path, 1..=512);
        if !PATH.is_match(path) {
            self.refuse(
                "The specified value for path is invalid. It must begin and end with / and contain \
                 only alphanumeric characters and/or / characters.",
            );
        }
        path
    }

    /// The beginning of a path; `/` when there is none.
    pub(crate) fn path_prefix(&mut self) -> &'f str {
        let Some(prefix) = self.form.get("PathPrefix") else {
            return "/";
        };
        self.constraints.text("pathPrefix", prefix, 1..=512);
        self.constraints.pattern(
            "pathPrefix",
            prefix,
            &PATH_PREFIX,
            r"\u002F[\u0021-\u007F]*",
        );
        prefix
    }

    pub(crate) fn policy_arn(&mut self) -> &'f str {
        self.arn_of_policy("PolicyArn", "policyArn")
    }

    pub(crate) fn permissions_boundary(&mut self) -> Option<&'f str> {
        self.form.get("PermissionsBoundary")?;
        Some(self.arn_of_policy("PermissionsBoundary", "permissionsBoundary"))
    }

    pub(crate) fn version_id(&mut self) -> &'f str {
        let version = self.required("VersionId", "versionId");
        if !version.is_empty() {
            let printed = r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?";
            self.constraints
                .pattern("versionId", version, &VERSION_ID, printed);
        }
        version
    }

    /// A policy document under the given member.
    pub(crate) fn document(&mut self, member: &str, path: &str) -> &'f str {
        let document = self.required(member, path);
        if self.form.get(member).is_some() {
            self.constraints.text(path, document, 1..=131_072);
        }
        document
    }

    pub(crate) fn description(&mut self) -> Option<&'f str> {
        let description = self.form.get("Description")?;
        self.constraints.text("description", description, ..=1_000);
        Some(description)
    }

    pub(crate) fn integer(
        &mut self,
        member: &str,
        path: &str,
        allowed: std::ops::RangeInclusive<u32>,
    ) -> Option<u32> {
        let text = self.form.get(member)?;
        let Ok(number) = text.parse::<i64>() else {
            self.refuse(&format!("{text} is not a valid integer for {member}"));
            return None;
        };
        let bounds = i64::from(*allowed.start())..=i64::from(*allowed.end());
        self.constraints.number(path, number, bounds);
        u32::try_from(number).ok()
    }

    pub(crate) fn flag(&mut self, member: &str) -> bool {
        match self.form.get(member) {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => {
                self.refuse(&format!("{other} is not a valid boolean for {member}"));
                false
            }
        }
    }

    pub(crate) fn one_of(&mut self, member: &str, path: &str, allowed: &[&str]) -> Option<&'f str> {
        let value = self.form.get(member)?;
        self.constraints.one_of(path, value, allowed);
        Some(value)
    }

    /// A session's name: STS's own constraint.
    pub(crate) fn session_name(&mut self) -> &'f str {
        let name = self.required("RoleSessionName", "roleSessionName");
        if self.form.get("RoleSessionName").is_some() {
            self.constraints.text("roleSessionName", name, 2..=64);
            self.constraints
                .pattern("roleSessionName", name, &NAME, r"[\w+=,.@-]*");
        }
        name
    }

    pub(crate) fn text(
        &mut self,
        member: &str,
        path: &str,
        length: std::ops::RangeInclusive<usize>,
    ) -> &'f str {
        let text = self.required(member, path);
        if self.form.get(member).is_some() {
            self.constraints.text(path, text, length);
        }
        text
    }

    pub(crate) fn tags(&mut self) -> Vec<Tag> {
        let mut tags: Vec<Tag> = Vec::new();
        for (index, tag) in self.form.structures("Tags").iter().enumerate() {
            let place = format!("tags.{}.member", index + 1);
            let key = self
                .constraints
                .required(&format!("{place}.key"), tag.get("Key"));
            let value = self
                .constraints
                .required(&format!("{place}.value"), tag.get("Value"));
            let (Some(key), Some(value)) = (key, value) else {
                continue;
            };
            self.constraints.text(&format!("{place}.key"), key, 1..=128);
            self.constraints
                .text(&format!("{place}.value"), value, ..=256);
            if tags.iter().any(|known| known.key.eq_ignore_ascii_case(key)) {
                self.refuse(
                    "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
                );
            }
            tags.push(Tag {
                key: key.to_owned(),
                value: value.to_owned(),
            });
        }
        tags
    }

    pub(crate) fn tag_keys(&mut self) -> Vec<&'f str> {
        let keys = self.form.texts("TagKeys");
        if !self.form.has("TagKeys") {
            self.constraints.required::<()>("tagKeys", None);
        }
        keys
    }

    fn required(&mut self, member: &str, path: &str) -> &'f str {
        let value = self.form.get(member);
        self.constraints.required(path, value).unwrap_or_default()
    }

    fn name(&mut self, member: &str, path: &str, longest: usize) -> &'f str {
        let Some(name) = self.constraints.required(path, self.form.get(member)) else {
            return "";
        };
        self.constraints.text(path, name, 1..=longest);
        if !name.is_empty() && !NAME.is_match(name) {
            self.refuse(&format!(
                "The specified value for {path} is invalid. It must contain only alphanumeric \
                 characters and/or the following: +=,.@_-"
            ));
        }
        name
    }

    fn arn_of_policy(&mut self, member: &str, path: &str) -> &'f str {
        let Some(arn) = self.constraints.required(path, self.form.get(member)) else {
            return "";
        };
        self.constraints.text(path, arn, 20..=2_048);
        if !POLICY_ARN.is_match(arn) {
            self.refuse("Invalid ARN:  Could not be parsed!");
        }
        arn
    }

    fn refuse(&mut self, message: &str) {
        self.refused.get_or_insert_with(|| validation(message));
    }
}
