//! Assuming roles, and finding who is behind an access key.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fluoro_model::TimestampMicros;
use fluoro_store::catalog::{CatalogError, Expect};
use fluoro_wire::Caller;

use crate::conditions::Conditions;
use crate::handle::{Iam, KnownRole};
use crate::managed::ID_LETTERS;
use crate::policy::{Question, Verdict};
use crate::principal::Principal;
use crate::session::{AssumeError, ExpiredSession, Session, SessionCredentials};

const SECRET_LETTERS: &[u8; 64] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const ASSUME_ROLE: &str = "sts:AssumeRole";

/// How long a service's session lasts. Whoever runs a process with these credentials replaces it before.
const SERVICE_SESSION_SECONDS: u32 = 12 * 60 * 60;

/// Sessions are remembered this long after they end, so that their keys are refused rather than unknown.
const REMEMBERED_MICROS: i64 = 7 * 24 * 60 * 60 * 1_000_000;

impl Iam {
    /// A session of a role for an AWS service, as Lambda opens one for a function: the trust policy must let the
    /// service in. `conditions` are what the service says about itself (`aws:SourceArn`); the account is added. The
    /// session lasts twelve hours.
    ///
    /// # Errors
    ///
    /// When the role is unknown or does not trust the service, or the catalog fails.
    pub async fn assume_for_service(
        &self,
        role_arn: &str,
        service: &str,
        session_name: &str,
        conditions: &Conditions,
    ) -> Result<SessionCredentials, AssumeError> {
        let principal = Principal::Service(service.to_owned());
        let conditions = conditions
            .clone()
            .with("aws:SourceAccount", self.inner.account.to_string());
        let known = self.trusted(role_arn, &principal, &conditions)?;
        self.open_session(&known, session_name, SERVICE_SESSION_SECONDS)
            .await
    }

    /// Whether a service could assume a role now, without opening a session: what CreateFunction asks.
    ///
    /// # Errors
    ///
    /// As [`assume_for_service`](Self::assume_for_service), the catalog aside.
    pub fn may_assume(
        &self,
        role_arn: &str,
        service: &str,
        conditions: &Conditions,
    ) -> Result<(), AssumeError> {
        let principal = Principal::Service(service.to_owned());
        let conditions = conditions
            .clone()
            .with("aws:SourceAccount", self.inner.account.to_string());
        self.trusted(role_arn, &principal, &conditions).map(|_| ())
    }

    /// A session of a role for a caller: the trust policy must let it in, and where it only lets the caller's account
    /// in, the caller's own policies must let it ask.
    ///
    /// # Errors
    ///
    /// When the role is unknown or the caller may not assume it, when the duration is longer than the role allows, or
    /// when the catalog fails.
    pub async fn assume(
        &self,
        caller: &Caller,
        role_arn: &str,
        session_name: &str,
        duration_seconds: u32,
        conditions: &Conditions,
    ) -> Result<SessionCredentials, AssumeError> {
        let principal = Principal::of_caller(caller, &self.inner.account);
        let known = self.trusted(role_arn, &principal, conditions)?;
        if duration_seconds > known.role.max_session_duration_seconds {
            return Err(AssumeError::TooLong);
        }
        self.open_session(&known, session_name, duration_seconds)
            .await
    }

    /// Who is behind an access key: a session, or `None` when the key is not one of ours.
    ///
    /// # Errors
    ///
    /// When it is one of ours but no longer good.
    pub fn caller_of(&self, access_key_id: &str) -> Result<Option<Caller>, ExpiredSession> {
        let session = {
            let known = self.inner.known.read();
            known.sessions.get(access_key_id).cloned()
        };
        let Some(session) = session else {
            return Ok(None);
        };
        let known = self.known_role(&session.role_name).ok_or(ExpiredSession)?;
        if known.role.id != session.role_id || self.now() >= session.expiration {
            return Err(ExpiredSession);
        }
        Ok(Some(Caller::RoleSession {
            role_arn: known.role.arn(&self.inner.account),
            session_arn: self.session_arn(&known, &session.session_name),
        }))
    }

    /// Whether these are a session's that has not ended, of a role that is still there.
    #[must_use]
    pub fn is_good(&self, credentials: &SessionCredentials) -> bool {
        matches!(self.caller_of(&credentials.access_key_id), Ok(Some(_)))
    }

    /// The `UserId` of GetCallerIdentity: `AROA…:{session}` for a session, the account for root.
    #[must_use]
    pub fn user_id(&self, caller: &Caller) -> String {
        match caller {
            Caller::Root => self.inner.account.to_string(),
            Caller::RoleSession {
                role_arn,
                session_arn,
            } => {
                let id = self
                    .known_role_by_arn(role_arn)
                    .map(|known| known.role.id.clone());
                let session = session_arn.rsplit('/').next().unwrap_or_default();
                format!("{}:{session}", id.unwrap_or_default())
            }
        }
    }

    fn trusted(
        &self,
        role_arn: &str,
        principal: &Principal,
        conditions: &Conditions,
    ) -> Result<Arc<KnownRole>, AssumeError> {
        let known = self
            .known_role_by_arn(role_arn)
            .ok_or_else(|| AssumeError::UnknownRole(role_arn.to_owned()))?;
        let own_role = match principal {
            Principal::RoleSession { role_arn, .. } => self.known_role_by_arn(role_arn),
            _ => None,
        };
        let context = self.describe(principal, own_role.as_deref(), conditions);
        let question = Question {
            principal,
            action: ASSUME_ROLE,
            resource: role_arn,
            conditions: &context,
        };
        let allowed = match known.trust.judge(&question) {
            Verdict::Allowed => true,
            Verdict::AllowedForAccount => self.may_ask(principal, role_arn, conditions),
            Verdict::Denied | Verdict::Silent => false,
        };
        if allowed {
            Ok(known)
        } else {
            Err(AssumeError::NotTrusted {
                principal: principal.arn(),
                role_arn: role_arn.to_owned(),
            })
        }
    }

    fn may_ask(&self, principal: &Principal, role_arn: &str, conditions: &Conditions) -> bool {
        let Principal::RoleSession {
            role_arn: own,
            session_arn,
        } = principal
        else {
            return false;
        };
        let caller = Caller::RoleSession {
            role_arn: own.clone(),
            session_arn: session_arn.clone(),
        };
        self.authorize(&caller, ASSUME_ROLE, role_arn, conditions)
            .is_ok()
    }

    async fn open_session(
        &self,
        known: &KnownRole,
        session_name: &str,
        duration_seconds: u32,
    ) -> Result<SessionCredentials, AssumeError> {
        let ambient = &self.inner.ambient;
        let access_key_id = format!("ASIA{}", ambient.text(ID_LETTERS, 16));
        let expiration = self.now().0 + i64::from(duration_seconds) * 1_000_000;
        let session = Session {
            role_name: known.role.name.clone(),
            role_id: known.role.id.clone(),
            session_name: session_name.to_owned(),
            secret_access_key: ambient.text(SECRET_LETTERS, 40),
            session_token: STANDARD.encode(ambient.bytes::<96>()),
            expiration: TimestampMicros(expiration),
        };
        self.forget_old_sessions().await?;
        let key = self.key(&access_key_id);
        self.inner
            .sessions
            .put(&key, &session, Expect::Absent)
            .await?;
        let credentials = SessionCredentials {
            secret_access_key: session.secret_access_key.clone(),
            session_token: session.session_token.clone(),
            expiration: session.expiration,
            role_arn: known.role.arn(&self.inner.account),
            session_arn: self.session_arn(known, session_name),
            assumed_role_id: format!("{}:{session_name}", known.role.id),
            access_key_id: access_key_id.clone(),
        };
        let mut all = self.inner.known.write();
        all.sessions.insert(access_key_id, Arc::new(session));
        Ok(credentials)
    }

    async fn forget_old_sessions(&self) -> Result<(), CatalogError> {
        let limit = self.now().0 - REMEMBERED_MICROS;
        let old: Vec<String> = {
            let known = self.inner.known.read();
            let ended = known
                .sessions
                .iter()
                .filter(|(_, session)| session.expiration.0 < limit);
            ended.map(|(key, _)| key.clone()).collect()
        };
        for access_key_id in old {
            let key = self.key(&access_key_id);
            self.inner.sessions.delete(&key, Expect::Anything).await?;
            self.inner.known.write().sessions.remove(&access_key_id);
        }
        Ok(())
    }

    fn session_arn(&self, known: &KnownRole, session_name: &str) -> String {
        format!(
            "arn:aws:sts::{}:assumed-role/{}/{session_name}",
            self.inner.account, known.role.name
        )
    }
}
