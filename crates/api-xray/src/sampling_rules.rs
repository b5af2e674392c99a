//! CreateSamplingRule, UpdateSamplingRule, DeleteSamplingRule, GetSamplingRules.

use std::collections::BTreeMap;

use fluoro_sampling::{Book, RuleChange, RuleRecord, SamplingRateBoost, SamplingRule};
use fluoro_wire::json_input::{self, JsonInput};
use fluoro_wire::{Call, Constraints, JsonError, Region};
use serde::Serialize;

use crate::answer::{Answer, to_answer};
use crate::error::XRayError;
use crate::operation::Operation;
use crate::service::XRay;
use crate::tags::{Tags, TagsInput};

mod input;
mod output;

use input::{BoostInput, PatternsInput, RuleReference};
pub(crate) use output::SamplingRuleRecordOutput;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct OneRuleOutput<'a> {
    sampling_rule_record: SamplingRuleRecordOutput<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetSamplingRulesOutput<'a> {
    next_token: Option<String>,
    sampling_rule_records: Vec<SamplingRuleRecordOutput<'a>>,
}

impl XRay {
    pub(crate) async fn create_sampling_rule(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let (rule, tags) = self.read_new_rule(&call.region, input)?;
        let now = self.now();
        let rules = &self.parts.rules;
        let record = rules
            .write(&call.region, |book| book.plan_create(now, rule))
            .await?;
        let arn = rules.arn(&call.region, &record.rule.rule_name);
        self.set_tags(&arn, tags).await?;
        Ok(self.one_rule(call, &record))
    }

    pub(crate) async fn update_sampling_rule(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let (name, change) = self.read_update(&call.region, input)?;
        let now = self.now();
        let rules = &self.parts.rules;
        let record = rules
            .write(&call.region, |book| book.plan_update(now, &name, change))
            .await?;
        Ok(self.one_rule(call, &record))
    }

    /// The record that a `CreateSamplingRule` or an `UpdateSamplingRule` with this body would make.
    ///
    /// # Errors
    ///
    /// When that operation would refuse it.
    pub fn plan_rule(&self, region: &Region, body: &[u8]) -> Result<RuleRecord, JsonError> {
        let members = json_input::parse(body)?;
        let input = JsonInput::new(&members);
        let now = self.now();
        let plan = || match input.value("SamplingRuleUpdate") {
            Some(_) => {
                let (name, change) = self.read_update(region, input)?;
                let planned = |book: &mut Book| book.plan_update(now, &name, change);
                Ok(self.parts.rules.sampling().with_book(&region.0, planned)?)
            }
            None => {
                let (rule, _) = self.read_new_rule(region, input)?;
                let planned = |book: &mut Book| book.plan_create(now, rule);
                Ok(self.parts.rules.sampling().with_book(&region.0, planned)?)
            }
        };
        plan().map_err(XRayError::on_the_wire)
    }

    fn read_update(
        &self,
        region: &Region,
        input: JsonInput<'_>,
    ) -> Result<(String, RuleChange), XRayError> {
        let update = input.structure("SamplingRuleUpdate")?;
        let mut constraints = Constraints::new();
        let update = constraints.required("samplingRuleUpdate", update);
        let reference = update.map(RuleReference::read).transpose()?;
        let change = update
            .map(|update| read_change(update, &mut constraints))
            .transpose()?;
        if let Some(reference) = &reference {
            reference.check("samplingRuleUpdate", &mut constraints);
        }
        constraints.finish()?;
        let name = reference.unwrap_or_default();
        let name = name.name(&self.parts.rules.arn_prefix(region))?;
        Ok((name, change.unwrap_or_default()))
    }

    pub(crate) async fn delete_sampling_rule(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let rules = &self.parts.rules;
        let name = RuleReference::read(input)?.name(&rules.arn_prefix(&call.region))?;
        let record = rules.delete(self.now(), &call.region, &name).await?;
        let arn = rules.arn(&call.region, &name);
        self.set_tags(&arn, Tags::default()).await?;
        Ok(self.one_rule(call, &record))
    }

    /// All rules at once; a token is ignored, as the service does (recorded).
    pub(crate) fn get_sampling_rules(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        input.text("NextToken")?;
        let rules = &self.parts.rules;
        let usage = rules
            .sampling()
            .with_book(&call.region.0, |book| book.usage());
        let arn_prefix = rules.arn_prefix(&call.region);
        let records = usage
            .iter()
            .map(|usage| SamplingRuleRecordOutput::of(&arn_prefix, &usage.record));
        Ok(to_answer(&GetSamplingRulesOutput {
            next_token: None,
            sampling_rule_records: records.collect(),
        }))
    }

    /// The ARN of the rule that a call is about, where policies may name one; so that it can be judged, it is looked
    /// for before the input is checked.
    pub(crate) fn rule_arn_in(
        &self,
        call: &Call,
        operation: Operation,
        input: JsonInput<'_>,
    ) -> Option<String> {
        let about = match operation {
            Operation::CreateSamplingRule => input.structure("SamplingRule").ok()??,
            Operation::UpdateSamplingRule => input.structure("SamplingRuleUpdate").ok()??,
            Operation::DeleteSamplingRule => input,
            _ => return None,
        };
        let prefix = self.parts.rules.arn_prefix(&call.region);
        let name = RuleReference::read(about).ok()?.name(&prefix).ok()?;
        Some(format!("{prefix}{name}"))
    }

    fn one_rule(&self, call: &Call, record: &RuleRecord) -> Answer {
        let arn_prefix = self.parts.rules.arn_prefix(&call.region);
        to_answer(&OneRuleOutput {
            sampling_rule_record: SamplingRuleRecordOutput::of(&arn_prefix, record),
        })
    }

    fn read_new_rule(
        &self,
        region: &Region,
        input: JsonInput<'_>,
    ) -> Result<(SamplingRule, Tags), XRayError> {
        let mut constraints = Constraints::new();
        let rule = input.structure("SamplingRule")?;
        let tags = TagsInput::read(input)?;
        let Some(rule) = constraints.required("samplingRule", rule) else {
            constraints.finish()?;
            return Err(XRayError::invalid("Sampling rule is missing"));
        };
        let reference = RuleReference::read(rule)?;
        let patterns = PatternsInput::read(rule)?;
        let priority = rule.integer("Priority")?;
        let fixed_rate = rule.number("FixedRate")?;
        let reservoir_size = rule.integer("ReservoirSize")?;
        let version = rule.integer("Version")?;
        let attributes = input::attributes(rule)?;
        let boost = BoostInput::read(rule)?;

        let at = "samplingRule";
        reference.check(at, &mut constraints);
        patterns.require(at, &mut constraints);
        patterns.check(at, &mut constraints);
        let numbers = [
            ("priority", priority, 1, 9999),
            ("reservoirSize", reservoir_size, 0, i64::from(i32::MAX)),
            ("version", version, 1, i64::from(i32::MAX)),
        ];
        for (name, value, least, most) in numbers {
            let path = format!("{at}.{name}");
            if let Some(value) = constraints.required(&path, value) {
                constraints.number(&path, value, least..=most);
            }
        }
        let path = format!("{at}.fixedRate");
        if let Some(rate) = constraints.required(&path, fixed_rate) {
            constraints.number(&path, rate, 0.0..=1.0);
        }
        input::check_attributes(at, attributes.as_ref(), &mut constraints);
        let boost = boost.and_then(|boost| boost.check(at, &mut constraints));
        tags.check(&mut constraints);
        constraints.finish()?;

        let rule_name = reference.name(&self.parts.rules.arn_prefix(region))?;
        if version != Some(1) {
            return Err(XRayError::invalid("Sampling rule version must be 1"));
        }
        let tags = Tags::default().merged(tags)?;
        let small = |number: Option<i64>| number.unwrap_or_default();
        let rule = SamplingRule {
            rule_name,
            priority: u16::try_from(small(priority)).unwrap_or(u16::MAX),
            fixed_rate: fixed_rate.unwrap_or_default(),
            reservoir_size: u32::try_from(small(reservoir_size)).unwrap_or(u32::MAX),
            service_name: patterns.service_name.unwrap_or_default(),
            service_type: patterns.service_type.unwrap_or_default(),
            host: patterns.host.unwrap_or_default(),
            http_method: patterns.http_method.unwrap_or_default(),
            url_path: patterns.url_path.unwrap_or_default(),
            resource_arn: patterns.resource_arn.unwrap_or_default(),
            attributes: attributes.unwrap_or_default(),
            sampling_rate_boost: boost,
        };
        Ok((rule, tags))
    }
}

fn read_change(
    update: JsonInput<'_>,
    constraints: &mut Constraints,
) -> Result<RuleChange, JsonError> {
    let at = "samplingRuleUpdate";
    let patterns = PatternsInput::read(update)?;
    let attributes: Option<BTreeMap<String, String>> = input::attributes(update)?;
    let boost = BoostInput::read(update)?;
    patterns.check(at, constraints);
    input::check_attributes(at, attributes.as_ref(), constraints);
    let boost: Option<SamplingRateBoost> = boost.and_then(|boost| boost.check(at, constraints));
    Ok(RuleChange {
        priority: update.integer("Priority")?,
        fixed_rate: update.number("FixedRate")?,
        reservoir_size: update.integer("ReservoirSize")?,
        service_name: patterns.service_name,
        service_type: patterns.service_type,
        host: patterns.host,
        http_method: patterns.http_method,
        url_path: patterns.url_path,
        resource_arn: patterns.resource_arn,
        attributes,
        sampling_rate_boost: boost,
    })
}
