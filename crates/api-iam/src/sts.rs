//! The STS service: who am I, and sessions of roles.

use async_trait::async_trait;
use fluoro_iam::{Conditions, Iam, Principal};
use fluoro_wire::query::{Form, QueryError};
use fluoro_wire::timestamp::iso8601;
use fluoro_wire::{Call, Caller, Response, Service};

use crate::error::{of_assume, validation};
use crate::input::Reader;
use crate::operation::{Answer, Output, Protocol};

const PROTOCOL: Protocol = Protocol {
    namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
    version: "2011-06-15",
};

const DEFAULT_DURATION_SECONDS: u32 = 3_600;

/// A session that opens another one gets an hour at most. Source: IAM user guide, role chaining.
const CHAINED_DURATION_SECONDS: u32 = 3_600;

/// Members of AssumeRole that the model has and we do not support.
const UNSUPPORTED: [&str; 8] = [
    "Policy",
    "PolicyArns",
    "Tags",
    "TransitiveTagKeys",
    "SourceIdentity",
    "ProvidedContexts",
    "SerialNumber",
    "TokenCode",
];

/// Answers for STS, version 2011-06-15.
#[derive(Debug, Clone)]
pub struct StsService {
    iam: Iam,
}

impl StsService {
    /// Over these roles.
    #[must_use]
    pub fn new(iam: Iam) -> Self {
        Self { iam }
    }

    async fn answer(&self, call: &Call, form: &Form) -> Answer {
        match PROTOCOL.action(form)? {
            "AssumeRole" => self.assume_role(call, form).await,
            "GetCallerIdentity" => Ok(self.get_caller_identity(call)),
            action => Err(PROTOCOL.no_such_action(form, action)),
        }
    }

    /// No policy can forbid this one. Source: STS API reference, GetCallerIdentity.
    fn get_caller_identity(&self, call: &Call) -> Output {
        let account = self.iam.account().clone();
        let arn = Principal::of_caller(&call.caller, &account).arn();
        let user_id = self.iam.user_id(&call.caller);
        Output::result(move |xml| {
            xml.text("Arn", &arn);
            xml.text("UserId", &user_id);
            xml.text("Account", &account);
        })
    }

    async fn assume_role(&self, call: &Call, form: &Form) -> Answer {
        let asked = Asked::read(form, &call.caller)?;
        let mut conditions =
            Conditions::of_call(call).with("sts:RoleSessionName", asked.session_name);
        if let Some(id) = asked.external_id {
            conditions = conditions.with("sts:ExternalId", id);
        }
        let session = self
            .iam
            .assume(
                &call.caller,
                asked.role_arn,
                asked.session_name,
                asked.duration_seconds,
                &conditions,
            )
            .await
            .map_err(|error| {
                let caller = Principal::of_caller(&call.caller, self.iam.account());
                of_assume(&error, &caller.arn(), asked.role_arn)
            })?;
        Ok(Output::result(move |xml| {
            xml.element("AssumedRoleUser", |xml| {
                xml.text("AssumedRoleId", &session.assumed_role_id);
                xml.text("Arn", &session.session_arn);
            });
            xml.element("Credentials", |xml| {
                xml.text("AccessKeyId", &session.access_key_id);
                xml.text("SecretAccessKey", &session.secret_access_key);
                xml.text("SessionToken", &session.session_token);
                xml.text("Expiration", iso8601(session.expiration));
            });
        }))
    }
}

/// The members of AssumeRole, checked.
#[derive(Debug)]
struct Asked<'f> {
    role_arn: &'f str,
    session_name: &'f str,
    duration_seconds: u32,
    external_id: Option<&'f str>,
}

impl<'f> Asked<'f> {
    fn read(form: &'f Form, caller: &Caller) -> Result<Self, QueryError> {
        if let Some(member) = UNSUPPORTED.into_iter().find(|member| form.has(member)) {
            let message = format!("AssumeRole's parameter {member} is not supported by Fluoro");
            return Err(validation(message));
        }
        let mut reader = Reader::new(form);
        let role_arn = reader.text("RoleArn", "roleArn", 20..=2_048);
        let session_name = reader.session_name();
        let duration = reader.integer("DurationSeconds", "durationSeconds", 900..=43_200);
        reader.finish()?;
        if !(role_arn.starts_with("arn:aws") && role_arn.contains(":iam::")) {
            return Err(validation(format!("{role_arn} is invalid")));
        }
        let duration_seconds = duration.unwrap_or(DEFAULT_DURATION_SECONDS);
        if *caller != Caller::Root && duration_seconds > CHAINED_DURATION_SECONDS {
            return Err(validation(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed \
                 by role chaining",
            ));
        }
        Ok(Self {
            role_arn,
            session_name,
            duration_seconds,
            external_id: form.get("ExternalId"),
        })
    }
}

#[async_trait]
impl Service for StsService {
    fn signing_name(&self) -> &'static str {
        "sts"
    }

    async fn call(&self, call: Call) -> Response {
        PROTOCOL
            .serve(&call, async |form| self.answer(&call, form).await)
            .await
    }
}
