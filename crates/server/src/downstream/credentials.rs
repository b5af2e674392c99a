//! The operator's own AWS credentials, for calls that go to AWS itself.
//!
//! First the environment (`AWS_ACCESS_KEY_ID`, …), then the profile (`AWS_PROFILE`, else `default`) in the shared
//! credentials file and in the config file. The files are read anew for every call: tools that renew temporary
//! credentials write them there. Profiles that name a role, SSO or a process are refused by name.

use std::path::PathBuf;

use fluoro_wire::sigv4::Credentials;

#[derive(Debug, Clone)]
pub(crate) struct CredentialSource {
    pub(crate) environment: Option<Credentials>,
    pub(super) profile: String,
    /// Shared credentials file, config file.
    pub(super) files: Vec<PathBuf>,
}

/// There is nothing to sign with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialsError {
    #[error(
        "no AWS credentials to sign with: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write \
         profile \"{profile}\" into {files}"
    )]
    Nowhere { profile: String, files: String },
    #[error(
        "profile \"{profile}\" uses {setting}, which Fluoro does not support: write temporary \
         credentials into the file instead (aws configure export-credentials)"
    )]
    Unsupported {
        profile: String,
        setting: &'static str,
    },
}

const UNSUPPORTED: [&str; 6] = [
    "role_arn",
    "sso_session",
    "sso_start_url",
    "credential_process",
    "web_identity_token_file",
    "login_session",
];

impl CredentialSource {
    /// What the environment of this process says.
    pub(crate) fn of_the_operator() -> Self {
        Self::of(|name| std::env::var(name).ok())
    }

    fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let home = |file: &str| {
            let home = variable("HOME").unwrap_or_default();
            PathBuf::from(home).join(".aws").join(file)
        };
        let file =
            |name: &str, file: &str| variable(name).map_or_else(|| home(file), PathBuf::from);
        let pair = variable("AWS_ACCESS_KEY_ID").zip(variable("AWS_SECRET_ACCESS_KEY"));
        Self {
            environment: pair.map(|(access_key_id, secret_access_key)| Credentials {
                access_key_id,
                secret_access_key,
                session_token: variable("AWS_SESSION_TOKEN"),
            }),
            profile: variable("AWS_PROFILE").unwrap_or_else(|| "default".to_owned()),
            files: vec![
                file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
                file("AWS_CONFIG_FILE", "config"),
            ],
        }
    }

    pub(crate) async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        if let Some(credentials) = &self.environment {
            return Ok(credentials.clone());
        }
        let mut unsupported = None;
        for file in &self.files {
            let Ok(text) = tokio::fs::read_to_string(file).await else {
                continue; // absent or unreadable: the message below names it
            };
            let section = Section::find(&text, &self.profile);
            if let Some(credentials) = section.credentials() {
                return Ok(credentials);
            }
            let named = |setting: &&&str| section.get(setting).is_some();
            unsupported = unsupported.or(UNSUPPORTED.iter().find(named));
        }
        let profile = self.profile.clone();
        Err(match unsupported {
            Some(setting) => CredentialsError::Unsupported { profile, setting },
            None => {
                let files = self.files.iter().map(|file| file.display().to_string());
                CredentialsError::Nowhere {
                    profile,
                    files: files.collect::<Vec<_>>().join(" or "),
                }
            }
        })
    }
}

/// The settings of one profile.
#[derive(Debug)]
struct Section<'t>(Vec<(&'t str, &'t str)>);

impl<'t> Section<'t> {
    /// `[name]` or, in the config file, `[profile name]`.
    fn find(text: &'t str, profile: &str) -> Self {
        let mut inside = false;
        let mut settings = Vec::new();
        for line in text.lines() {
            let line = line.trim();
            if line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(header) = line
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
            {
                let header = header.trim();
                let name = header.strip_prefix("profile ").unwrap_or(header).trim();
                inside = name == profile;
            } else if inside && let Some((name, value)) = line.split_once('=') {
                settings.push((name.trim(), value.trim()));
            }
        }
        Self(settings)
    }

    fn get(&self, name: &str) -> Option<&'t str> {
        let found = self.0.iter().rev().find(|(known, _)| *known == name);
        found
            .map(|(_, value)| *value)
            .filter(|value| !value.is_empty())
    }

    fn credentials(&self) -> Option<Credentials> {
        Some(Credentials {
            access_key_id: self.get("aws_access_key_id")?.to_owned(),
            secret_access_key: self.get("aws_secret_access_key")?.to_owned(),
            session_token: self.get("aws_session_token").map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key=one\n\n\
                        # a note\n[profile work]\nrole_arn = arn:aws:iam::1:role/r\n\n[temporary]\n\
                        aws_access_key_id=ASIA\naws_secret_access_key=two\naws_session_token = t=\n";

    async fn key(variables: &[(&str, &str)]) -> Result<(String, Option<String>), String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials");
        std::fs::write(&file, FILE).unwrap();
        let file = file.to_str().unwrap().to_owned();
        let source = CredentialSource::of(|name| match name {
            "AWS_SHARED_CREDENTIALS_FILE" => Some(file.clone()),
            "HOME" => Some("/nowhere".to_owned()),
            _ => {
                let found = variables.iter().find(|(known, _)| *known == name)?;
                Some(found.1.to_owned())
            }
        });
        let credentials = source
            .credentials()
            .await
            .map_err(|error| error.to_string())?;
        Ok((credentials.access_key_id, credentials.session_token))
    }

    #[tokio::test]
    async fn the_environment_comes_first() {
        let variables = [
            ("AWS_ACCESS_KEY_ID", "AKIAENV"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
        ];
        assert_eq!(key(&variables).await, Ok(("AKIAENV".to_owned(), None)));
    }

    #[tokio::test]
    async fn the_profile_is_found_in_the_file() {
        assert_eq!(key(&[]).await, Ok(("AKIADEFAULT".to_owned(), None)));
        let temporary = key(&[("AWS_PROFILE", "temporary")]).await;
        assert_eq!(temporary, Ok(("ASIA".to_owned(), Some("t=".to_owned()))));
    }

    #[tokio::test]
    async fn what_is_missing_or_unsupported_is_named() {
        let nowhere = key(&[("AWS_PROFILE", "other")]).await.unwrap_err();
        assert!(
            nowhere.contains("write profile \"other\" into"),
            "{nowhere}"
        );
        let role = key(&[("AWS_PROFILE", "work")]).await.unwrap_err();
        assert!(role.contains("profile \"work\" uses role_arn"), "{role}");
    }
}
