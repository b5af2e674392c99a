//! GetEncryptionConfig, PutEncryptionConfig. Stored only: what is at rest here is encrypted by whoever owns the disk.

use fluoro_model::TimestampMicros;
use fluoro_wire::json_input::JsonInput;
use fluoro_wire::{Call, Constraints};
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, to_answer};
use crate::error::XRayError;
use crate::records::{scope_key, settled_at};
use crate::service::XRay;

/// How the traces of an account in a region are said to be encrypted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct EncryptionRecord {
    /// The key's ARN; none is the service's own key.
    key: Option<String>,
    updated_at: TimestampMicros,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct EncryptionConfigOutput<'a> {
    encryption_config: EncryptionConfig<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct EncryptionConfig<'a> {
    key_id: Option<&'a str>,
    status: &'static str,
    #[serde(rename = "Type")]
    kind: &'static str,
}

impl EncryptionRecord {
    /// The key's ARN.
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

impl XRay {
    pub(crate) fn get_encryption_config(&self, call: &Call) -> Answer {
        let record = self.parts.records.encryption.get(&scope_key(call));
        let is_settled = record
            .as_ref()
            .is_none_or(|record| settled_at(record.updated_at) <= self.now());
        let key = record.as_ref().and_then(|record| record.key.as_deref());
        answer(key, if is_settled { "ACTIVE" } else { "UPDATING" })
    }

    pub(crate) async fn put_encryption_config(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let kind = input.text("Type")?;
        let key = input.text("KeyId")?;
        let mut constraints = Constraints::new();
        if let Some(key) = key {
            constraints.text("keyId", key, 1..=3000);
        }
        let kind = constraints.required("type", kind);
        if let Some(kind) = kind {
            constraints.one_of("type", kind, &["NONE", "KMS"]);
        }
        constraints.finish()?;
        let key = match (kind == Some("KMS"), key) {
            (true, Some(key)) => Some(key_arn(call, key)),
            (true, None) => {
                return Err(XRayError::invalid("KeyId is required when Type is KMS"));
            }
            (false, Some(_)) => {
                return Err(XRayError::invalid(
                    "KeyId must not be given when Type is NONE",
                ));
            }
            (false, None) => None,
        };
        let record = EncryptionRecord {
            key: key.clone(),
            updated_at: self.now(),
        };
        let encryption = &self.parts.records.encryption;
        encryption
            .change(&scope_key(call), |_| Ok(Some(record)))
            .await?;
        Ok(answer(key.as_deref(), "UPDATING"))
    }
}

fn answer(key: Option<&str>, status: &'static str) -> Answer {
    to_answer(&EncryptionConfigOutput {
        encryption_config: EncryptionConfig {
            key_id: key,
            status,
            kind: if key.is_some() { "KMS" } else { "NONE" },
        },
    })
}

/// The ARN of a key that is named by its ARN, its alias or its id.
fn key_arn(call: &Call, key: &str) -> String {
    let (region, account) = (&call.region, &call.account);
    if key.starts_with("arn:") {
        key.to_owned()
    } else if key.starts_with("alias/") {
        format!("arn:aws:kms:{region}:{account}:{key}")
    } else {
        format!("arn:aws:kms:{region}:{account}:key/{key}")
    }
}
