//! What the settings and the environment say of the bucket that traces at rest are in.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use fluoro_s3::{KeySource, Keys, Patience};

use crate::downstream::credentials::{CredentialSource, CredentialsError};
use crate::settings::BucketSettings;

/// Those of the operator, in the environment or in a file.
#[derive(Debug)]
struct OperatorKeys(CredentialSource);

/// All that there is to know of a bucket.
pub(crate) async fn settings(
    bucket: &str,
    prefix: &str,
    settings: &BucketSettings,
    variable: impl Fn(&str) -> Option<String>,
) -> fluoro_s3::BucketSettings {
    let region = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    let region = settings
        .region
        .as_ref()
        .map(|region| region.0.to_string())
        .or_else(|| {
            let told = region.iter().filter_map(|name| variable(name));
            told.into_iter().find(|region| !region.is_empty())
        });
    let endpoint = settings.endpoint.as_ref();
    fluoro_s3::BucketSettings {
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
        endpoint: endpoint.map(|endpoint| endpoint.to_string().trim_end_matches('/').to_owned()),
        region: region.unwrap_or_else(|| "us-east-1".to_owned()),
        path_style: settings.path_style,
        cache_bytes: settings.cache.as_usize(),
        keys: keys().await,
        patience: Patience::default(),
    }
}

/// Keys, if there are any; a role that the environment names goes before those of a file.
async fn keys() -> Option<Arc<dyn KeySource>> {
    let source = CredentialSource::of_the_operator();
    let is_here = source.environment.is_some()
        || !fluoro_s3::environment_names_a_role()
            && !matches!(
                source.credentials().await,
                Err(CredentialsError::Nowhere { .. })
            );
    is_here.then(|| Arc::new(OperatorKeys(source)) as Arc<dyn KeySource>)
}

#[async_trait]
impl KeySource for OperatorKeys {
    async fn keys(&self) -> Result<Keys, Box<dyn Error + Send + Sync>> {
        let credentials = self.0.credentials().await?;
        Ok(Keys {
            access_key_id: credentials.access_key_id,
            secret_access_key: credentials.secret_access_key,
            session_token: credentials.session_token,
        })
    }
}

#[cfg(test)]
mod tests {
    use fluoro_wire::Region;

    use super::*;

    #[tokio::test]
    async fn the_region_is_the_setting_s_or_the_environment_s() {
        let of = async |region: Option<&str>, variables: &[(&str, &str)]| {
            let told = BucketSettings {
                region: region.map(|region| Region(region.into())),
                endpoint: Some("http://127.0.0.1:9000/".parse().unwrap()),
                ..BucketSettings::default()
            };
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name)?;
                Some(found.1.to_owned())
            };
            let made = settings("traces", "a", &told, variable).await;
            assert_eq!(made.place(), "s3://traces/a");
            assert_eq!(made.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
            made.region
        };
        let both = [
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_REGION", "eu-west-2"),
        ];
        assert_eq!(of(None, &[]).await, "us-east-1");
        assert_eq!(of(None, &both[..1]).await, "eu-west-1");
        assert_eq!(of(None, &both).await, "eu-west-2");
        assert_eq!(of(Some("eu-north-1"), &both).await, "eu-north-1");
    }
}
