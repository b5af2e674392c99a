//! Transaction search: GetTraceSegmentDestination, UpdateTraceSegmentDestination, GetIndexingRules,
//! UpdateIndexingRule.
//!
//! With the destination `CloudWatchLogs` all traces are kept, and only the share that the indexing rule says is found by
//! the old read operations; all are to be had by trace retrieval. There is no log group here: the key for it is told and
//! not used. Source: CloudWatch user guide, Transaction Search; recorded answers.

use std::ops::RangeInclusive;

use fluoro_model::{TimestampMicros, TraceId};
use fluoro_wire::json_input::JsonInput;
use fluoro_wire::{Call, Constraints};
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, to_answer};
use crate::error::XRayError;
use crate::records::{scope_key, settled_at};
use crate::service::XRay;
use crate::summaries::fraction_of;

/// The one indexing rule.
const DEFAULT_RULE: &str = "Default";

/// What it says at first (recorded).
const DEFAULT_PERCENTAGE: f64 = 1.0;

const PERCENTAGES: RangeInclusive<f64> = 0.0..=100.0;

/// Where the segments of an account in a region go.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DestinationRecord {
    to_logs: bool,
    updated_at: TimestampMicros,
    /// Whether they ever went to logs: the log group is there from then on.
    had_logs: bool,
    kms_key: Option<String>,
}

/// How many traces the old read operations find.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct IndexingRecord {
    percentage: f64,
    modified_at: TimestampMicros,
}

/// Which traces the old read operations do not find.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Unindexed {
    /// Of those received from then on, those beyond a share of 0 to 1.
    of: Option<(TimestampMicros, f64)>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct DestinationOutput {
    composite_configuration: Option<()>,
    destination: &'static str,
    status: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetIndexingRulesOutput {
    indexing_rules: [IndexingRuleOutput; 1],
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateIndexingRuleOutput {
    indexing_rule: IndexingRuleOutput,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct IndexingRuleOutput {
    modified_at: i64,
    name: &'static str,
    rule: RuleOutput,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct RuleOutput {
    probabilistic: ProbabilisticOutput,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ProbabilisticOutput {
    actual_sampling_percentage: f64,
    desired_sampling_percentage: f64,
}

impl XRay {
    pub(crate) fn get_trace_segment_destination(&self, call: &Call) -> Answer {
        let record = self.parts.records.destinations.get(&scope_key(call));
        let status = match &record {
            Some(record) if record.since() > self.now() => "PENDING",
            _ => "ACTIVE",
        };
        destination(record.as_ref(), status)
    }

    pub(crate) async fn update_trace_segment_destination(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let to = input.text("Destination")?;
        let logs = input.structure("CloudWatchLogsConfiguration")?;
        let key = logs.map(|logs| logs.text("SpansLogGroupKmsKeyId"));
        let key = key.transpose()?.flatten();
        let mut constraints = Constraints::new();
        if let Some(to) = to {
            constraints.one_of("destination", to, &["XRay", "CloudWatchLogs"]);
        }
        if let Some(key) = key {
            let path = "cloudWatchLogsConfiguration.spansLogGroupKmsKeyId";
            constraints.text(path, key, 1..=256);
        }
        constraints.finish()?;
        let to = to.ok_or_else(|| XRayError::invalid("Destination is missing"))?;
        let to_logs = to == "CloudWatchLogs";
        if key.is_some() && !to_logs {
            return Err(XRayError::invalid(
                "CloudWatchLogsConfiguration is for the destination CloudWatchLogs only",
            ));
        }
        let now = self.now();
        let destinations = &self.parts.records.destinations;
        let scope = scope_key(call);
        let changed = destinations.change(&scope, |before| {
            let had_logs = before.as_ref().is_some_and(|record| record.had_logs);
            if key.is_some() && had_logs {
                return Err(XRayError::invalid(
                    "The log group aws/spans exists already: its key cannot be chosen any more",
                ));
            }
            // The same again goes on as it is.
            let same = before.as_ref().filter(|record| record.to_logs == to_logs);
            Ok(Some(DestinationRecord {
                to_logs,
                updated_at: same.map_or(now, |record| record.updated_at),
                had_logs: had_logs || to_logs,
                kms_key: key
                    .map(str::to_owned)
                    .or(before.and_then(|record| record.kms_key)),
            }))
        });
        let record = changed.await?;
        Ok(destination(record.as_ref(), "PENDING"))
    }

    pub(crate) fn get_indexing_rules(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        input.text("NextToken")?;
        let record = self.parts.records.indexing.get(&scope_key(call));
        Ok(to_answer(&GetIndexingRulesOutput {
            indexing_rules: [IndexingRuleOutput::of(record.as_ref())],
            next_token: None,
        }))
    }

    pub(crate) async fn update_indexing_rule(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let name = input.text("Name")?;
        let rule = input.structure("Rule")?;
        let probabilistic = rule.map(|rule| rule.structure("Probabilistic"));
        let probabilistic = probabilistic.transpose()?.flatten();
        let percentage = probabilistic.map(|value| value.number("DesiredSamplingPercentage"));
        let percentage = percentage.transpose()?;
        let mut constraints = Constraints::new();
        let name = constraints.required("name", name).unwrap_or_default();
        constraints.required("rule", rule.map(drop));
        if let Some(percentage) = percentage {
            constraints.required("rule.probabilistic.desiredSamplingPercentage", percentage);
        }
        constraints.finish()?;
        if name != DEFAULT_RULE {
            return Err(XRayError::NotFound {
                message: format!("Indexing rule {name} not found"),
                resource: name.to_owned(),
            });
        }
        let percentage = percentage.flatten();
        let percentage = percentage.filter(|percentage| PERCENTAGES.contains(percentage));
        let percentage = percentage.ok_or_else(|| {
            XRayError::invalid("DesiredSamplingPercentage must be between 0 and 100")
        })?;
        let record = IndexingRecord {
            percentage,
            modified_at: self.now(),
        };
        let output = IndexingRuleOutput::of(Some(&record));
        let indexing = &self.parts.records.indexing;
        indexing
            .change(&scope_key(call), |_| Ok(Some(record)))
            .await?;
        Ok(to_answer(&UpdateIndexingRuleOutput {
            indexing_rule: output,
        }))
    }

    /// Whether segments go to logs, for the region of a call.
    pub(crate) fn goes_to_logs(&self, call: &Call) -> bool {
        self.logs_since(&scope_key(call)).is_some()
    }

    /// What the old read operations do not find in the region of a call.
    pub(crate) fn unindexed(&self, call: &Call) -> Unindexed {
        self.unindexed_in(&scope_key(call))
    }

    /// The same, of an account's region.
    pub(crate) fn unindexed_in(&self, scope: &str) -> Unindexed {
        let share = || {
            let record = self.parts.records.indexing.get(scope);
            record.map_or(DEFAULT_PERCENTAGE, |record| record.percentage) / 100.0
        };
        Unindexed {
            of: self.logs_since(scope).map(|since| (since, share())),
        }
    }

    fn logs_since(&self, scope: &str) -> Option<TimestampMicros> {
        let record = self.parts.records.destinations.get(scope)?;
        let since = record.since();
        (record.to_logs && since <= self.now()).then_some(since)
    }
}

impl DestinationRecord {
    pub(crate) const fn to_logs(&self) -> bool {
        self.to_logs
    }

    /// When the destination takes effect.
    fn since(&self) -> TimestampMicros {
        settled_at(self.updated_at)
    }
}

impl Unindexed {
    /// Whether a trace is not found that was first received at that moment.
    pub(crate) fn has(self, trace: TraceId, first_received: TimestampMicros) -> bool {
        /// Keeps this share apart from that of a summary's FixedRate.
        const SALT: u128 = 0x6a09_e667_f3bc_c908_b2fb_1366_ea95_7d3e;
        self.of.is_some_and(|(since, share)| {
            let place = fraction_of(TraceId::from_bits(trace.bits() ^ SALT));
            first_received >= since && place >= share
        })
    }
}

fn destination(record: Option<&DestinationRecord>, status: &'static str) -> Answer {
    let to_logs = record.is_some_and(|record| record.to_logs);
    to_answer(&DestinationOutput {
        composite_configuration: None,
        destination: if to_logs { "CloudWatchLogs" } else { "XRay" },
        status,
    })
}

impl IndexingRuleOutput {
    fn of(record: Option<&IndexingRecord>) -> Self {
        let percentage = record.map_or(DEFAULT_PERCENTAGE, |record| record.percentage);
        Self {
            modified_at: record.map_or(0, |record| record.modified_at.floor_second()),
            name: DEFAULT_RULE,
            rule: RuleOutput {
                probabilistic: ProbabilisticOutput {
                    actual_sampling_percentage: percentage,
                    desired_sampling_percentage: percentage,
                },
            },
        }
    }
}
