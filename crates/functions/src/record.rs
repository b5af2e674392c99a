//! A function as the catalog keeps it.

use std::collections::BTreeMap;

use fluoro_model::TimestampMicros;
use serde::{Deserialize, Serialize};

use crate::arn::FunctionArn;

/// One function with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Its ARN, without a qualifier.
    pub arn: FunctionArn,
    /// Version `$LATEST`.
    pub latest: Release,
    /// Whether it can be invoked.
    pub state: State,
    /// How the last change went.
    pub update: UpdateStatus,
    /// Tags by key.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// The statements of its resource policy, in the order added.
    #[serde(default)]
    pub statements: Vec<Statement>,
    /// Environments set aside for it; `Some(0)` refuses every synchronous call.
    #[serde(default)]
    pub reserved_concurrency: Option<u32>,
}

/// Code and configuration that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// What was configured.
    pub configuration: Configuration,
    /// What runs.
    pub code: Code,
    /// Changes with every change of state or content.
    pub revision_id: String,
    /// When code or configuration last changed.
    pub last_modified: TimestampMicros,
}

/// A stored archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// SHA-256 of the archive, in hex: its name in the code store.
    pub sha256: String,
    /// The archive's size in bytes.
    pub size: u64,
}

/// What a user configures, with AWS's defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// As requested: `python3.12`.
    pub runtime: String,
    /// The execution role's ARN.
    pub role: String,
    /// `app.handler`.
    pub handler: String,
    /// May be empty.
    pub description: String,
    /// 1 to 900.
    pub timeout_seconds: u32,
    /// 128 to 10,240.
    pub memory_mb: u32,
    /// `None` when never given; empty when given empty.
    pub environment: Option<BTreeMap<String, String>>,
    /// Whether invocations are recorded.
    pub tracing: TracingMode,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// 512 to 10,240.
    pub ephemeral_storage_mb: u32,
    /// `None` for the usual `/aws/lambda/{name}`.
    pub log_group: Option<String>,
}

/// Lambda's `TracingConfig.Mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum TracingMode {
    /// Nothing is recorded; the caller's header is handed on.
    #[default]
    PassThrough,
    /// Invocations are recorded as the caller, else Lambda's own sampler, says.
    Active,
}

/// Whether a function can be invoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Being created.
    Pending,
    /// Ready.
    Active,
    /// It could not be created.
    Failed {
        /// Why.
        reason: String,
    },
}

/// How the last change of code or configuration went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum UpdateStatus {
    /// The function is being created: nothing was updated yet.
    NoneYet,
    /// Being made ready; invocations still run what was there before.
    InProgress,
    /// In use.
    Successful,
    /// It could not be made ready.
    Failed {
        /// Why.
        reason: String,
    },
}

/// One statement of a resource policy, in the form in which it is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Its id, unique in the policy.
    pub sid: String,
    /// The whole statement, as a JSON object.
    pub json: String,
}

impl State {
    /// AWS's word for it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Active => "Active",
            Self::Failed { .. } => "Failed",
        }
    }
}

impl Configuration {
    /// The log group that functions are told of.
    #[must_use]
    pub fn log_group(&self, function_name: &str) -> String {
        match &self.log_group {
            Some(group) => group.clone(),
            None => format!("/aws/lambda/{function_name}"),
        }
    }
}

impl Function {
    /// The resource policy as a JSON document; `None` without statements.
    #[must_use]
    pub fn policy(&self) -> Option<String> {
        if self.statements.is_empty() {
            return None;
        }
        let statements: Vec<&str> = self
            .statements
            .iter()
            .map(|one| one.json.as_str())
            .collect();
        Some(format!(
            r#"{{"Version":"2012-10-17","Id":"default","Statement":[{}]}}"#,
            statements.join(",")
        ))
    }
}
