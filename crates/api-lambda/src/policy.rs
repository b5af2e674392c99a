//! Resource policies, statement by statement. Source: API reference, AddPermission; recorded policies.

use std::sync::LazyLock;

use fluoro_functions::{FunctionArn, Statement};
use fluoro_wire::json_error::{empty_response, json_response};
use fluoro_wire::json_input::{JsonInput, parse};
use fluoro_wire::route::Labels;
use fluoro_wire::{Call, Constraints, JsonError};
use http::StatusCode;
use regex::Regex;
use serde_json::{Map, Value, json};

use crate::target::query;
use crate::{Answer, Lambda, error};

const SID_PATTERN: &str = "([a-zA-Z0-9-_]+)";
const ACTION_PATTERN: &str = r"(lambda:[*]|lambda:[a-zA-Z]+|[*])";

static SID: LazyLock<Regex> = LazyLock::new(|| well_formed("^[a-zA-Z0-9_-]+$"));
static ACTION: LazyLock<Regex> =
    LazyLock::new(|| well_formed(r"^(lambda:[*]|lambda:[a-zA-Z]+|[*])$"));
static SERVICE: LazyLock<Regex> =
    LazyLock::new(|| well_formed(r"^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$"));
static IDENTITY: LazyLock<Regex> =
    LazyLock::new(|| well_formed(r"^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:.+$"));

fn well_formed(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns above are well formed")
}

impl Lambda {
    pub(crate) async fn add_permission(&self, labels: &Labels, call: &Call) -> Answer {
        let (arn, _) = self.policy_of(labels, call, "AddPermission")?;
        let body = parse(&call.body)?;
        let input = JsonInput::new(&body);
        let statement = statement(&arn, &input)?;
        let text = statement.json.clone();
        let added = self
            .functions
            .add_permission(&arn, input.text("RevisionId")?, statement);
        added.await.map_err(error::manage)?;
        Ok(json_response(
            StatusCode::CREATED,
            &json!({ "Statement": text }),
            &call.request_id,
        ))
    }

    pub(crate) fn get_policy(&self, labels: &Labels, call: &Call) -> Answer {
        // As recorded, a function that is not there and one without a policy answer alike.
        let none = || error::not_found("The resource you requested does not exist.");
        let arn = self.allowed(call, labels.get("FunctionName"), "GetPolicy")?;
        let function = self
            .functions
            .get(&arn)
            .filter(|_| arn.is_latest())
            .ok_or_else(none)?;
        let policy = function.policy().ok_or_else(none)?;
        let output = json!({ "Policy": policy, "RevisionId": function.latest.revision_id });
        Ok(json_response(StatusCode::OK, &output, &call.request_id))
    }

    pub(crate) async fn remove_permission(&self, labels: &Labels, call: &Call) -> Answer {
        let arn = self.allowed(call, labels.get("FunctionName"), "RemovePermission")?;
        if self.functions.get(&arn).is_none() {
            return Err(error::not_found(format!("No policy found for: {arn}")));
        }
        let revision = query(call, "RevisionId");
        let removed =
            self.functions
                .remove_permission(&arn, revision.as_deref(), labels.get("StatementId"));
        removed.await.map_err(error::manage)?;
        Ok(empty_response(StatusCode::NO_CONTENT, &call.request_id))
    }

    fn policy_of(
        &self,
        labels: &Labels,
        call: &Call,
        action: &str,
    ) -> Result<(FunctionArn, std::sync::Arc<fluoro_functions::Function>), JsonError> {
        let arn = self.allowed(call, labels.get("FunctionName"), action)?;
        if arn.qualifier.as_deref() == Some("$LATEST") {
            return Err(error::invalid(
                "We currently do not support adding policies for $LATEST.",
            ));
        }
        self.found(call, labels.get("FunctionName"), action)
    }
}

fn statement(function: &FunctionArn, input: &JsonInput<'_>) -> Result<Statement, JsonError> {
    let mut checks = Constraints::new();
    let sid = checks
        .required("statementId", input.text("StatementId")?)
        .unwrap_or_default();
    let action = checks
        .required("action", input.text("Action")?)
        .unwrap_or_default();
    let principal = checks
        .required("principal", input.text("Principal")?)
        .unwrap_or_default();
    if checks.hold() {
        checks.text("statementId", sid, 1..=100);
        checks.pattern("statementId", sid, &SID, SID_PATTERN);
        checks.pattern("action", action, &ACTION, ACTION_PATTERN);
    }
    checks.finish()?;
    let mut statement = Map::new();
    let mut set = |name: &str, value: Value| {
        statement.insert(name.to_owned(), value);
    };
    set("Sid", json!(sid));
    set("Effect", json!("Allow"));
    set("Principal", principal_of(principal)?);
    set("Action", json!(action));
    set("Resource", json!(function.to_string()));
    let conditions = conditions(input)?;
    if !conditions.is_empty() {
        set("Condition", Value::Object(conditions));
    }
    Ok(Statement {
        sid: sid.to_owned(),
        json: Value::Object(statement).to_string(),
    })
}

fn principal_of(given: &str) -> Result<Value, JsonError> {
    let is_account = given.len() == 12 && given.bytes().all(|byte| byte.is_ascii_digit());
    match given {
        "*" => Ok(json!("*")),
        account if is_account => Ok(json!({ "AWS": format!("arn:aws:iam::{account}:root") })),
        service if SERVICE.is_match(service) => Ok(json!({ "Service": service })),
        identity if IDENTITY.is_match(identity) => Ok(json!({ "AWS": identity })),
        _ => Err(error::invalid(
            "The provided principal was invalid. Please check the principal and try again.",
        )),
    }
}

fn conditions(input: &JsonInput<'_>) -> Result<Map<String, Value>, JsonError> {
    let mut conditions: Map<String, Value> = Map::new();
    for (member, operator, key) in [
        ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
        ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
        (
            "EventSourceToken",
            "StringEquals",
            "lambda:EventSourceToken",
        ),
        (
            "FunctionUrlAuthType",
            "StringEquals",
            "lambda:FunctionUrlAuthType",
        ),
        ("SourceArn", "ArnLike", "AWS:SourceArn"),
    ] {
        if let Some(value) = input.text(member)? {
            let keys = conditions.entry(operator).or_insert_with(|| json!({}));
            keys[key] = json!(value);
        }
    }
    if let Some(via_url) = input.flag("InvokedViaFunctionUrl")? {
        conditions.insert(
            "Bool".to_owned(),
            json!({ "lambda:InvokedViaFunctionUrl": via_url.to_string() }),
        );
    }
    Ok(conditions)
}
