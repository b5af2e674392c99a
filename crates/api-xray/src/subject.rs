//! What a call is about, as policies see it: the resource's ARN, its tags, the tags that are given.
//!
//! So that the caller can be judged, all this is looked for before the input is checked. Source: service authorization reference,
//! X-Ray.

use fluoro_iam::Conditions;
use fluoro_query::groups::Selector;
use fluoro_wire::Call;
use fluoro_wire::json_input::{JsonInput, as_text};

use crate::groups::{GroupReference, scope_of};
use crate::operation::Operation;
use crate::service::XRay;
use crate::tags::TagsInput;

impl XRay {
    /// The ARN of the rule or group that a call is about; `None` where policies can name none.
    pub(crate) fn subject_of(
        &self,
        call: &Call,
        operation: Operation,
        input: JsonInput<'_>,
    ) -> Option<String> {
        match operation {
            Operation::CreateGroup
            | Operation::DeleteGroup
            | Operation::GetGroup
            | Operation::UpdateGroup => self.group_arn_in(call, input),
            Operation::ListTagsForResource | Operation::TagResource | Operation::UntagResource => {
                input.text("ResourceARN").ok()?.map(str::to_owned)
            }
            _ => self.rule_arn_in(call, operation, input),
        }
    }

    /// What conditions may ask of a call and its subject: `aws:RequestTag/…`, `aws:TagKeys`, `aws:ResourceTag/…`.
    pub(crate) fn conditions_of(
        &self,
        call: &Call,
        input: JsonInput<'_>,
        subject: Option<&str>,
    ) -> Conditions {
        let mut conditions = Conditions::of_call(call);
        let mut keys: Vec<String> = Vec::new();
        for (key, value) in TagsInput::read(input).unwrap_or_default().pairs() {
            conditions = conditions.with(&format!("aws:RequestTag/{key}"), value);
            keys.push(key.to_owned());
        }
        if let Ok(Some(untagged)) = input.list("TagKeys", as_text) {
            keys.extend(untagged.into_iter().map(str::to_owned));
        }
        if !keys.is_empty() {
            conditions = conditions.with_all("aws:TagKeys", keys);
        }
        let tags = subject.and_then(|arn| self.parts.records.tags.get(arn));
        for (key, value) in tags.iter().flat_map(|tags| tags.iter()) {
            conditions = conditions.with(&format!("aws:ResourceTag/{key}"), value);
        }
        conditions
    }

    /// A group that is not there has no suffix yet: policies write `*` for it.
    fn group_arn_in(&self, call: &Call, input: JsonInput<'_>) -> Option<String> {
        let reference = GroupReference::read(input).ok()?;
        let selector = reference.selector().ok()?;
        let found = self.parts.groups.find(&scope_of(call), &selector);
        Some(match (found, selector) {
            (Some(group), _) => group.arn.clone(),
            (None, Selector::Arn(arn)) => arn,
            (None, Selector::Name(name)) => {
                let (region, account) = (&call.region, &call.account);
                format!("arn:aws:xray:{region}:{account}:group/{name}/*")
            }
        })
    }
}
