//! Sampling rules, durable: a change is written to the catalog first and in force when it is written.

use std::sync::Arc;

use fluoro_model::TimestampMicros;
use fluoro_sampling::{Book, RuleError, RuleRecord, Sampling};
use fluoro_store::catalog::{Catalog, CatalogError, Expect, Table};
use fluoro_wire::{AccountId, Region};

use crate::error::XRayError;

/// The sampling rules of an account. Clones share them.
#[derive(Debug, Clone)]
pub struct SamplingRules {
    sampling: Sampling,
    account: AccountId,
    /// By account, region and name.
    table: Table<RuleRecord>,
    /// Held from planning a change until it is in force, so that changes do not cross.
    changing: Arc<tokio::sync::Mutex<()>>,
}

/// The stored rules could not be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to load the sampling rules")]
pub struct OpenRulesError(#[from] CatalogError);

impl SamplingRules {
    /// Puts the stored rules of the account in force.
    ///
    /// Where the default rule of `sampling` keeps everything, it goes on to do so whatever rate is stored for it.
    ///
    /// # Errors
    ///
    /// When the catalog fails, or holds a record that this version cannot read.
    pub async fn open(
        catalog: Arc<dyn Catalog>,
        sampling: Sampling,
        account: AccountId,
    ) -> Result<Self, OpenRulesError> {
        let table: Table<RuleRecord> = Table::new(catalog, "xray/sampling-rules/");
        let of_account = format!("{account}/");
        let default_rate = sampling.default_rule().rule.fixed_rate;
        for (key, found) in table.scan(&of_account).await? {
            let rest = &key[of_account.len()..];
            let region = rest.split_once('/').map_or(rest, |(region, _)| region);
            let mut record = found.value;
            if record.rule.is_default() && default_rate >= 1.0 {
                record.rule.fixed_rate = default_rate;
            }
            sampling.with_book(region, |book| book.install(record));
        }
        Ok(Self {
            sampling,
            account,
            table,
            changing: Arc::default(),
        })
    }

    /// The rules in force.
    #[must_use]
    pub fn sampling(&self) -> &Sampling {
        &self.sampling
    }

    /// The rule's ARN.
    #[must_use]
    pub fn arn(&self, region: &Region, name: &str) -> String {
        format!("{}{name}", self.arn_prefix(region))
    }

    pub(crate) fn arn_prefix(&self, region: &Region) -> String {
        format!("arn:aws:xray:{region}:{}:sampling-rule/", self.account)
    }

    /// Creates or changes a rule as planned, and returns its record once it is in force.
    pub(crate) async fn write(
        &self,
        region: &Region,
        plan: impl FnOnce(&Book) -> Result<RuleRecord, RuleError>,
    ) -> Result<RuleRecord, XRayError> {
        let _changing = self.changing.lock().await;
        let record = self.sampling.with_book(&region.0, |book| plan(book))?;
        let key = self.key(region, &record);
        self.table.put(&key, &record, Expect::Anything).await?;
        let installed = record.clone();
        self.sampling
            .with_book(&region.0, |book| book.install(installed));
        Ok(record)
    }

    /// Deletes a rule as planned, and returns the record that was.
    pub(crate) async fn delete(
        &self,
        now: TimestampMicros,
        region: &Region,
        name: &str,
    ) -> Result<RuleRecord, XRayError> {
        let _changing = self.changing.lock().await;
        let record = self
            .sampling
            .with_book(&region.0, |book| book.plan_delete(name))?;
        let key = self.key(region, &record);
        self.table.delete(&key, Expect::Anything).await?;
        self.sampling
            .with_book(&region.0, |book| book.remove(now, name));
        Ok(record)
    }

    fn key(&self, region: &Region, record: &RuleRecord) -> String {
        format!("{}/{region}/{}", self.account, record.rule.rule_name)
    }
}
