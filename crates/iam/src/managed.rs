//! Managed policies: AWS's own, embedded, and those of the account.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use fluoro_model::TimestampMicros;
use fluoro_wire::timestamp::parse_iso8601;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::policy::Policy;
use crate::role::Tag;

/// Letters of AWS's ids: base32.
pub(crate) const ID_LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

const AWS_PREFIX: &str = "arn:aws:iam::aws:policy";

/// A managed policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagedPolicy {
    /// `arn:aws:iam::{account}:policy{path}{name}`, the account being `aws` for AWS's own.
    pub arn: String,
    /// Unique in the account, whatever its case.
    pub name: String,
    /// `/` or `/service-role/`.
    pub path: String,
    /// `ANPA…`. Of AWS's own derived from the name: stable, but not AWS's.
    pub id: String,
    /// What its maker wrote. AWS's own have none here.
    pub description: Option<String>,
    /// When it was made.
    pub created: TimestampMicros,
    /// When its versions last changed.
    pub updated: TimestampMicros,
    /// The version that counts.
    pub default_version: String,
    /// Oldest first; of AWS's own only the one that counts.
    pub versions: Vec<PolicyVersion>,
    /// In the order given.
    pub tags: Vec<Tag>,
}

/// One version of a managed policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// `v1`, `v2`, …
    pub id: String,
    /// The document as given.
    pub document: String,
    /// When it was made.
    pub created: TimestampMicros,
}

/// A managed policy with its default version understood.
#[derive(Debug)]
pub(crate) struct Understood {
    pub(crate) record: ManagedPolicy,
    pub(crate) policy: Policy,
}

impl ManagedPolicy {
    /// Whether AWS made it.
    #[must_use]
    pub fn is_aws(&self) -> bool {
        self.arn.starts_with(AWS_PREFIX)
    }

    /// The version with this id.
    #[must_use]
    pub fn version(&self, id: &str) -> Option<&PolicyVersion> {
        self.versions.iter().find(|version| version.id == id)
    }
}

/// AWS's own policies by ARN. Read on first use: they are checked by a test, so reading them cannot fail.
pub(crate) fn aws_managed() -> &'static BTreeMap<String, Arc<Understood>> {
    static POLICIES: LazyLock<BTreeMap<String, Arc<Understood>>> = LazyLock::new(|| {
        let records: Vec<Embedded> = serde_json::from_str(include_str!("managed.json"))
            .expect("a test reads this very text");
        records.into_iter().map(Embedded::understand).collect()
    });
    &POLICIES
}

/// As `managed.json` has it: what GetPolicy and GetPolicyVersion answer on AWS, 2026-11.
#[derive(Deserialize)]
struct Embedded {
    name: String,
    path: String,
    version: String,
    created: String,
    updated: String,
    document: Box<RawValue>,
}

impl Embedded {
    fn understand(self) -> (String, Arc<Understood>) {
        let time = |text: &str| parse_iso8601(text).expect("a test reads every time");
        let arn = format!("{AWS_PREFIX}{}{}", self.path, self.name);
        let policy = Policy::identity(self.document.get()).expect("a test reads every policy");
        let record = ManagedPolicy {
            id: aws_id(&self.name),
            created: time(&self.created),
            updated: time(&self.updated),
            versions: vec![PolicyVersion {
                id: self.version.clone(),
                document: self.document.get().to_owned(),
                created: time(&self.updated),
            }],
            default_version: self.version,
            name: self.name,
            path: self.path,
            description: None,
            tags: Vec::new(),
            arn: arn.clone(),
        };
        (arn, Arc::new(Understood { record, policy }))
    }
}

fn aws_id(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    let letters = digest.iter().take(17);
    let letter = |byte: &u8| char::from(ID_LETTERS[usize::from(byte % 32)]);
    format!("ANPA{}", letters.map(letter).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_policy_is_understood() {
        let policies = aws_managed();
        assert!(policies.len() > 30);
        for name in [
            "AWSXRayDaemonWriteAccess",
            "AWSXrayWriteOnlyAccess",
            "AWSXrayReadOnlyAccess",
            "AWSXrayFullAccess",
            "service-role/AWSLambdaBasicExecutionRole",
            "service-role/AWSLambdaRole",
            "service-role/AWSLambdaSQSQueueExecutionRole",
            "service-role/AmazonAPIGatewayPushToCloudWatchLogs",
            "AWSLambda_FullAccess",
            "AmazonDynamoDBFullAccess",
            "AmazonDynamoDBReadOnlyAccess",
            "AmazonSQSFullAccess",
        ] {
            let arn = format!("arn:aws:iam::aws:policy/{name}");
            let found = policies.get(&arn).unwrap_or_else(|| panic!("{arn}"));
            assert!(found.record.is_aws());
            assert_eq!(found.record.id.len(), 21);
            assert!(
                found
                    .record
                    .version(&found.record.default_version)
                    .is_some()
            );
        }
    }
}
