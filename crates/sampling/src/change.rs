//! Changing rules: what a change would make of a record, or why it is refused.
//!
//! Source of the semantics: recorded answers of the service, and the API model.

use std::collections::BTreeMap;

use fluoro_model::TimestampMicros;

use crate::rule::{RuleRecord, SamplingRateBoost, SamplingRule};

/// Why a rule is not created, changed or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A rule of this name is there.
    #[error("a sampling rule of this name exists")]
    AlreadyExists,
    /// There is no such rule.
    #[error("there is no such sampling rule")]
    DoesNotExist,
    /// [`RULE_LIMIT`](crate::RULE_LIMIT) custom rules are there.
    #[error("the region has as many sampling rules as it can")]
    LimitExceeded,
    /// The change names an impossible value, or something that cannot change.
    #[error("the change names an impossible value")]
    InvalidUpdate,
    /// A boost above zero that never cools down, or one that can do nothing.
    #[error("the boost has no cooldown window")]
    BoostWithoutCooldown,
    /// The rule that is always there cannot go.
    #[error("the default sampling rule cannot be deleted")]
    DefaultIsPermanent,
}

/// An update: what is `None` keeps its value, except for the boost.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuleChange {
    /// 1 to 9999, or the update is invalid; so for the ranges below.
    pub priority: Option<i64>,
    /// 0 to 1.
    pub fixed_rate: Option<f64>,
    /// 0 or more.
    pub reservoir_size: Option<i64>,
    /// A pattern.
    pub service_name: Option<String>,
    /// A pattern.
    pub service_type: Option<String>,
    /// A pattern.
    pub host: Option<String>,
    /// A pattern.
    pub http_method: Option<String>,
    /// A pattern.
    pub url_path: Option<String>,
    /// A pattern.
    pub resource_arn: Option<String>,
    /// Takes the place of all attributes.
    pub attributes: Option<BTreeMap<String, String>>,
    /// Takes the place of the boost: `None` removes it.
    pub sampling_rate_boost: Option<SamplingRateBoost>,
}

impl SamplingRateBoost {
    /// A boost must cool down: recorded refusals of `{MaxRate: 0.5, CooldownWindowMinutes: 0}` and of both zero.
    fn check(self) -> Result<(), RuleError> {
        if self.cooldown_window_minutes == 0 {
            Err(RuleError::BoostWithoutCooldown)
        } else {
            Ok(())
        }
    }
}

impl RuleRecord {
    /// The record of a new rule.
    ///
    /// # Errors
    ///
    /// When its boost cannot be.
    pub(crate) fn created(now: TimestampMicros, rule: SamplingRule) -> Result<Self, RuleError> {
        if let Some(boost) = rule.sampling_rate_boost {
            boost.check()?;
        }
        Ok(Self {
            rule,
            created_at: now.floor_second(),
            modified_at: now.floor_second(),
        })
    }

    /// The record after the change; the time of modification moves even when nothing else does.
    ///
    /// # Errors
    ///
    /// When the change is impossible. Of the rule [`Default`](crate::DEFAULT_RULE) only rate and reservoir can change.
    pub(crate) fn changed(
        &self,
        now: TimestampMicros,
        change: RuleChange,
    ) -> Result<Self, RuleError> {
        let mut rule = self.rule.clone();
        if let Some(rate) = change.fixed_rate {
            rule.fixed_rate = within(rate, 0.0, 1.0)?;
        }
        if let Some(size) = change.reservoir_size {
            rule.reservoir_size = u32::try_from(size).map_err(|_| RuleError::InvalidUpdate)?;
        }
        if let Some(boost) = change.sampling_rate_boost {
            boost.check()?;
        }
        rule.sampling_rate_boost = change.sampling_rate_boost;
        let texts = [
            (&mut rule.service_name, change.service_name),
            (&mut rule.service_type, change.service_type),
            (&mut rule.host, change.host),
            (&mut rule.http_method, change.http_method),
            (&mut rule.url_path, change.url_path),
            (&mut rule.resource_arn, change.resource_arn),
        ];
        for (field, text) in texts {
            if let Some(text) = text {
                *field = text;
            }
        }
        if let Some(attributes) = change.attributes {
            rule.attributes = attributes;
        }
        if let Some(priority) = change.priority {
            rule.priority = priority_of(&self.rule, priority)?;
        }
        if self.rule.is_default() && !differs_in_amount_only(&self.rule, &rule) {
            return Err(RuleError::InvalidUpdate);
        }
        Ok(Self {
            rule,
            created_at: self.created_at,
            modified_at: now.floor_second(),
        })
    }
}

fn within(value: f64, low: f64, high: f64) -> Result<f64, RuleError> {
    if (low..=high).contains(&value) {
        Ok(value)
    } else {
        Err(RuleError::InvalidUpdate)
    }
}

fn priority_of(rule: &SamplingRule, wanted: i64) -> Result<u16, RuleError> {
    let wanted = u16::try_from(wanted).map_err(|_| RuleError::InvalidUpdate)?;
    let possible = (1..=9999).contains(&wanted) || wanted == rule.priority;
    possible.then_some(wanted).ok_or(RuleError::InvalidUpdate)
}

fn differs_in_amount_only(old: &SamplingRule, new: &SamplingRule) -> bool {
    let mut same = new.clone();
    same.fixed_rate = old.fixed_rate;
    same.reservoir_size = old.reservoir_size;
    same == *old
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: TimestampMicros = TimestampMicros(1_700_000_000_900_000);

    fn record() -> RuleRecord {
        let rule = SamplingRule {
            rule_name: "shop".to_owned(),
            priority: 7,
            ..SamplingRule::default_rule()
        };
        RuleRecord {
            rule,
            created_at: 5,
            modified_at: 5,
        }
    }

    fn changed(change: RuleChange) -> Result<SamplingRule, RuleError> {
        record().changed(NOW, change).map(|record| record.rule)
    }

    #[test]
    fn times_are_whole_seconds_and_move_without_a_change() {
        let same = record().changed(NOW, RuleChange::default()).unwrap();
        assert_eq!((same.created_at, same.modified_at), (5, 1_700_000_000));
        assert_eq!(same.rule, record().rule);
        let new = RuleRecord::created(NOW, record().rule).unwrap();
        assert_eq!(
            (new.created_at, new.modified_at),
            (1_700_000_000, 1_700_000_000)
        );
    }

    #[test]
    fn what_is_not_named_stays() {
        let rule = changed(RuleChange {
            fixed_rate: Some(0.5),
            host: Some("shop.test".to_owned()),
            ..RuleChange::default()
        })
        .unwrap();
        let expected = SamplingRule {
            fixed_rate: 0.5,
            host: "shop.test".to_owned(),
            ..record().rule
        };
        assert_eq!(rule, expected);
    }

    #[test]
    fn a_boost_that_is_not_named_goes() {
        let boost = SamplingRateBoost {
            max_rate: 0.5,
            cooldown_window_minutes: 1,
        };
        let with = RuleChange {
            sampling_rate_boost: Some(boost),
            ..RuleChange::default()
        };
        let boosted = record().changed(NOW, with).unwrap();
        assert_eq!(boosted.rule.sampling_rate_boost, Some(boost));
        let plain = boosted.changed(NOW, RuleChange::default()).unwrap();
        assert_eq!(plain.rule.sampling_rate_boost, None);
    }

    #[test]
    fn a_boost_must_cool_down() {
        let hot = |max_rate| RuleChange {
            sampling_rate_boost: Some(SamplingRateBoost {
                max_rate,
                cooldown_window_minutes: 0,
            }),
            ..RuleChange::default()
        };
        assert_eq!(changed(hot(0.5)), Err(RuleError::BoostWithoutCooldown));
        assert_eq!(changed(hot(0.0)), Err(RuleError::BoostWithoutCooldown));
    }

    #[test]
    fn the_impossible_is_refused() {
        let none = RuleChange::default;
        for change in [
            RuleChange {
                priority: Some(0),
                ..none()
            },
            RuleChange {
                priority: Some(10_000),
                ..none()
            },
            RuleChange {
                fixed_rate: Some(1.1),
                ..none()
            },
            RuleChange {
                fixed_rate: Some(f64::NAN),
                ..none()
            },
            RuleChange {
                reservoir_size: Some(-1),
                ..none()
            },
        ] {
            assert_eq!(changed(change), Err(RuleError::InvalidUpdate));
        }
    }

    #[test]
    fn of_the_default_rule_only_the_amount_changes() {
        let default = RuleRecord::default_record();
        let amount = RuleChange {
            fixed_rate: Some(1.0),
            reservoir_size: Some(50),
            priority: Some(10_000),
            host: Some("*".to_owned()),
            ..RuleChange::default()
        };
        assert_eq!(
            default.changed(NOW, amount).unwrap().rule.reservoir_size,
            50
        );
        let host = RuleChange {
            host: Some("shop.test".to_owned()),
            ..RuleChange::default()
        };
        assert_eq!(default.changed(NOW, host), Err(RuleError::InvalidUpdate));
    }
}
