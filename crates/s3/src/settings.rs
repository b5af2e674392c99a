//! What an operator says of a bucket, and who signs requests.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredential};
use object_store::client::CredentialProvider;

/// Which bucket, and how it is reached.
#[derive(Debug, Clone)]
pub struct BucketSettings {
    /// The bucket's name.
    pub bucket: String,
    /// What the names of all objects begin with, without a slash at either end; may be empty.
    pub prefix: String,
    /// The store's address, `http://` or `https://`; that of AWS when there is none.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// Whether the bucket's name stands in the path; otherwise in the host's name, which `endpoint` must have then.
    pub path_style: bool,
    /// How much of what was read is held in memory, in bytes.
    pub cache_bytes: usize,
    /// Who has the keys; without one, the role that the environment names, or that of the machine.
    pub keys: Option<Arc<dyn KeySource>>,
    /// How long to wait.
    pub patience: Patience,
}

/// How long is waited for the bucket.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How often a request is tried again.
    pub retries: usize,
    /// The wait before the second attempt; the further ones are longer.
    pub first_wait: Duration,
    /// How long the head of an answer may take, what is sent aside.
    pub answer: Duration,
    /// How long all attempts may take together, what is sent aside.
    pub whole: Duration,
    /// How long nothing is asked for after a bucket was out of reach.
    pub pause: Duration,
}

/// What a request is signed with.
#[derive(Clone)]
pub struct Keys {
    /// The access key's id.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: String,
    /// Of temporary keys.
    pub session_token: Option<String>,
}

/// Who has keys. Is asked for each request, so that keys may be renewed.
#[async_trait]
pub trait KeySource: Send + Sync + fmt::Debug {
    /// The keys as they are now.
    ///
    /// # Errors
    ///
    /// When there are none.
    async fn keys(&self) -> Result<Keys, Box<dyn std::error::Error + Send + Sync>>;
}

/// The variables that name a role; those of keys, endpoint and region are for whoever makes the settings.
const ROLE: [&str; 9] = [
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_ENDPOINT_URL_STS",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_METADATA_ENDPOINT",
    "AWS_IMDSV1_FALLBACK",
];

/// Of these, the ones without which there is no role.
const NAMING: [&str; 3] = [
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

#[derive(Debug)]
struct Provider(Arc<dyn KeySource>);

// === impl BucketSettings ===

impl BucketSettings {
    /// As people write it: `s3://bucket/prefix`.
    #[must_use]
    pub fn place(&self) -> String {
        match &*self.prefix {
            "" => format!("s3://{}", self.bucket),
            prefix => format!("s3://{}/{prefix}", self.bucket),
        }
    }

    pub(crate) fn builder(&self) -> AmazonS3Builder {
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&self.bucket)
            .with_region(&self.region)
            .with_virtual_hosted_style_request(!self.path_style)
            .with_disable_bulk_delete(true);
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        match &self.keys {
            Some(keys) => builder.with_credentials(Arc::new(Provider(Arc::clone(keys)))),
            None => with_role(builder),
        }
    }
}

/// Whether the environment names a role whose keys can be fetched.
#[must_use]
pub fn environment_names_a_role() -> bool {
    NAMING.iter().any(|name| variable(name).is_some())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn with_role(builder: AmazonS3Builder) -> AmazonS3Builder {
    ROLE.iter().fold(builder, |builder, name| {
        let key: Result<AmazonS3ConfigKey, _> = name.to_ascii_lowercase().parse();
        match key.ok().zip(variable(name)) {
            Some((key, value)) => builder.with_config(key, value),
            None => builder,
        }
    })
}

// === impl Patience ===

impl Default for Patience {
    fn default() -> Self {
        Self {
            retries: 4,
            first_wait: Duration::from_millis(100),
            answer: Duration::from_secs(10),
            whole: Duration::from_secs(20),
            pause: Duration::from_secs(2),
        }
    }
}

// === impl Keys ===

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

// === impl Provider ===

#[async_trait]
impl CredentialProvider for Provider {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let keys = self.0.keys().await;
        let keys = keys.map_err(|source| object_store::Error::Generic {
            store: "S3",
            source,
        })?;
        Ok(Arc::new(AwsCredential {
            key_id: keys.access_key_id,
            secret_key: keys.secret_access_key,
            token: keys.session_token,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_of_a_role_is_known() {
        for name in ROLE {
            let key: Result<AmazonS3ConfigKey, _> = name.to_ascii_lowercase().parse();
            assert!(key.is_ok(), "{name}");
        }
    }
}
