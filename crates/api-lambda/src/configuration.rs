//! Function configurations: read from requests, checked, and written into answers.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fluoro_functions::{
    Configuration, Family, Function, IDENTIFIERS, State, TracingMode, UpdateStatus, version_arn,
};
use fluoro_wire::json_input::{JsonInput, as_text};
use fluoro_wire::{Constraints, JsonError, timestamp};
use regex::Regex;
use serde_json::{Map, Value, json};

use crate::error;

const ROLE_PATTERN: &str = r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+";
const HANDLER_PATTERN: &str = r"[^\s]+";
const VARIABLE_PATTERN: &str = "[a-zA-Z]([a-zA-Z0-9_])+";
const LOG_GROUP_PATTERN: &str = r"[\.\-_/#A-Za-z0-9]+";

static ROLE: LazyLock<Regex> = LazyLock::new(|| pattern(ROLE_PATTERN));
static HANDLER: LazyLock<Regex> = LazyLock::new(|| pattern(HANDLER_PATTERN));
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| pattern(VARIABLE_PATTERN));
static LOG_GROUP: LazyLock<Regex> = LazyLock::new(|| pattern(LOG_GROUP_PATTERN));

/// The framework's patterns mean the whole value; Rust's `\d` means more digits than Java's.
fn pattern(printed: &str) -> Regex {
    let own = format!("^(?:{})$", printed.replace(r"\d", "[0-9]"));
    Regex::new(&own).expect("the patterns above are well formed")
}

const ENVIRONMENT_LIMIT: usize = 4096;

/// Variables that are Lambda's to set. Source: Lambda guide, environment variables.
const RESERVED: &[&str] = &[
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

/// Parameters that would change what a function does, and are not served yet.
const UNSUPPORTED: &[&str] = &[
    "CapacityProviderConfig",
    "CodeSigningConfigArn",
    "DeadLetterConfig",
    "DurableConfig",
    "FileSystemConfigs",
    "ImageConfig",
    "KMSKeyArn",
    "Layers",
    "Publish",
    "PublishTo",
    "TenancyConfig",
    "VpcConfig",
];

/// What a request says of a configuration; `None` where it says nothing.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) runtime: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) handler: Option<String>,
    description: Option<String>,
    timeout_seconds: Option<u32>,
    memory_mb: Option<u32>,
    environment: Option<BTreeMap<String, String>>,
    tracing: Option<TracingMode>,
    pub(crate) architecture: Option<String>,
    ephemeral_storage_mb: Option<u32>,
    log_group: Option<String>,
}

impl Wanted {
    /// Reads and checks CreateFunction's and UpdateFunctionConfiguration's common members.
    pub(crate) fn read(input: &JsonInput<'_>) -> Result<Self, JsonError> {
        refuse_unsupported(input)?;
        let mut checks = Constraints::new();
        let owned = |name: &str| Ok::<_, JsonError>(input.text(name)?.map(str::to_owned));
        let wanted = Self {
            runtime: owned("Runtime")?,
            role: owned("Role")?,
            handler: owned("Handler")?,
            description: owned("Description")?,
            timeout_seconds: number(&mut checks, input, "Timeout", "timeout", 1..=900)?,
            memory_mb: number(&mut checks, input, "MemorySize", "memorySize", 128..=10_240)?,
            environment: environment(&mut checks, input)?,
            tracing: tracing(&mut checks, input)?,
            architecture: architecture(&mut checks, input)?,
            ephemeral_storage_mb: match input.structure("EphemeralStorage")? {
                Some(storage) => number(
                    &mut checks,
                    &storage,
                    "Size",
                    "ephemeralStorage.size",
                    512..=10_240,
                )?,
                None => None,
            },
            log_group: log_group(&mut checks, input)?,
        };
        if let Some(role) = &wanted.role {
            checks.pattern("role", role, &ROLE, ROLE_PATTERN);
        }
        if let Some(handler) = &wanted.handler {
            checks.text("handler", handler, ..=128);
            checks.pattern("handler", handler, &HANDLER, HANDLER_PATTERN);
        }
        if let Some(description) = &wanted.description {
            checks.text("description", description, ..=256);
        }
        checks.finish()?;
        if let Some(runtime) = &wanted.runtime {
            check_runtime(runtime)?;
        }
        if let Some(variables) = &wanted.environment {
            check_environment(variables)?;
        }
        Ok(wanted)
    }

    /// A new function's configuration, with AWS's defaults.
    pub(crate) fn complete(self) -> Result<Configuration, JsonError> {
        let (Some(runtime), Some(handler)) = (self.runtime, self.handler) else {
            return Err(error::invalid(
                "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
            ));
        };
        Ok(Configuration {
            runtime,
            role: self.role.unwrap_or_default(),
            handler,
            description: self.description.unwrap_or_default(),
            timeout_seconds: self.timeout_seconds.unwrap_or(3),
            memory_mb: self.memory_mb.unwrap_or(128),
            environment: self.environment,
            tracing: self.tracing.unwrap_or_default(),
            architecture: self.architecture.unwrap_or_else(|| "x86_64".to_owned()),
            ephemeral_storage_mb: self.ephemeral_storage_mb.unwrap_or(512),
            log_group: self.log_group,
        })
    }

    /// Changes what the request names, and nothing else.
    pub(crate) fn apply(self, configuration: &mut Configuration) {
        fn set<T>(place: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *place = value;
            }
        }
        set(&mut configuration.runtime, self.runtime);
        set(&mut configuration.role, self.role);
        set(&mut configuration.handler, self.handler);
        set(&mut configuration.description, self.description);
        set(&mut configuration.timeout_seconds, self.timeout_seconds);
        set(&mut configuration.memory_mb, self.memory_mb);
        set(&mut configuration.tracing, self.tracing);
        set(
            &mut configuration.ephemeral_storage_mb,
            self.ephemeral_storage_mb,
        );
        if self.environment.is_some() {
            configuration.environment = self.environment;
        }
        if self.log_group.is_some() {
            configuration.log_group = self.log_group;
        }
    }
}

/// Says by name what is not served. Members that say nothing (an empty list, an empty network) are let through:
/// several tools always send them.
fn refuse_unsupported(input: &JsonInput<'_>) -> Result<(), JsonError> {
    let asked = UNSUPPORTED
        .iter()
        .find(|name| input.value(name).is_some_and(says_something));
    if let Some(name) = asked {
        return Err(error::unsupported(&format!("the parameter {name}")));
    }
    if input.text("PackageType")?.is_some_and(|kind| kind != "Zip") {
        return Err(error::unsupported("the PackageType Image"));
    }
    if let Some(snap_start) = input.structure("SnapStart")?
        && snap_start.text("ApplyOn")?.is_some_and(|on| on != "None")
    {
        return Err(error::unsupported("the parameter SnapStart"));
    }
    if let Some(logging) = input.structure("LoggingConfig")? {
        let json = logging
            .text("LogFormat")?
            .is_some_and(|format| format != "Text");
        if json
            || logging.value("ApplicationLogLevel").is_some()
            || logging.value("SystemLogLevel").is_some()
        {
            return Err(error::unsupported("the LogFormat JSON"));
        }
    }
    Ok(())
}

pub(crate) fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => list.iter().any(says_something),
        Value::Object(members) => members.values().any(says_something),
    }
}

fn number(
    checks: &mut Constraints,
    input: &JsonInput<'_>,
    member: &str,
    path: &str,
    allowed: std::ops::RangeInclusive<i64>,
) -> Result<Option<u32>, JsonError> {
    let Some(number) = input.integer(member)? else {
        return Ok(None);
    };
    checks.number(path, number, allowed);
    Ok(u32::try_from(number).ok())
}

fn environment(
    checks: &mut Constraints,
    input: &JsonInput<'_>,
) -> Result<Option<BTreeMap<String, String>>, JsonError> {
    let Some(environment) = input.structure("Environment")? else {
        return Ok(None);
    };
    let mut variables = BTreeMap::new();
    for (name, value) in environment.map("Variables")?.unwrap_or_default() {
        if !VARIABLE.is_match(name) && !RESERVED.contains(&name) {
            let constraint = format!(
                "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: {VARIABLE_PATTERN}]"
            );
            checks.violated_unseen("environment.variables", &constraint);
        }
        variables.insert(name.to_owned(), value.to_owned());
    }
    Ok(Some(variables))
}

/// Source: recorded refusals.
fn check_environment(variables: &BTreeMap<String, String>) -> Result<(), JsonError> {
    const FAILED: &str = "Lambda was unable to configure your environment variables because the environment \
                          variables you have provided";
    let reserved: Vec<&str> = RESERVED
        .iter()
        .filter(|name| variables.contains_key(**name))
        .copied()
        .collect();
    if !reserved.is_empty() {
        return Err(error::invalid(format!(
            "{FAILED} contains reserved keys that are currently not supported for modification. Reserved keys used \
             in this request: {}",
            reserved.join(", ")
        )));
    }
    let measured = json!(variables).to_string();
    if measured.len() > ENVIRONMENT_LIMIT {
        return Err(error::invalid(format!(
            "{FAILED} exceeded the 4KB limit. String measured: {measured}"
        )));
    }
    Ok(())
}

fn tracing(
    checks: &mut Constraints,
    input: &JsonInput<'_>,
) -> Result<Option<TracingMode>, JsonError> {
    let Some(config) = input.structure("TracingConfig")? else {
        return Ok(None);
    };
    let Some(mode) = config.text("Mode")? else {
        return Ok(None);
    };
    checks.one_of("tracingConfig.mode", mode, &["Active", "PassThrough"]);
    Ok(Some(if mode == "Active" {
        TracingMode::Active
    } else {
        TracingMode::PassThrough
    }))
}

fn architecture(
    checks: &mut Constraints,
    input: &JsonInput<'_>,
) -> Result<Option<String>, JsonError> {
    let Some(list) = input.list("Architectures", as_text)? else {
        return Ok(None);
    };
    if list.iter().any(|one| !["x86_64", "arm64"].contains(one)) {
        let shown = format!("[{}]", list.join(", "));
        let constraint = "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], \
                          Member must not be null]";
        checks.violated("architectures", Some(&shown), constraint);
    }
    checks.length(
        "architectures",
        &format!("[{}]", list.join(", ")),
        list.len(),
        1..=1,
    );
    Ok(list.first().map(|one| (*one).to_owned()))
}

fn log_group(checks: &mut Constraints, input: &JsonInput<'_>) -> Result<Option<String>, JsonError> {
    let Some(logging) = input.structure("LoggingConfig")? else {
        return Ok(None);
    };
    let Some(group) = logging.text("LogGroup")? else {
        return Ok(None);
    };
    checks.text("loggingConfig.logGroup", group, 1..=512);
    checks.pattern(
        "loggingConfig.logGroup",
        group,
        &LOG_GROUP,
        LOG_GROUP_PATTERN,
    );
    Ok(Some(group.to_owned()))
}

fn check_runtime(runtime: &str) -> Result<(), JsonError> {
    if !IDENTIFIERS.contains(&runtime) {
        return Err(error::invalid(format!(
            "Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [{}] or \
             be a valid ARN",
            IDENTIFIERS.join(", ")
        )));
    }
    if Family::of(runtime).is_none() {
        return Err(error::unsupported(&format!(
            "the runtime {runtime} (python3.*, nodejs*, provided* and go1.x are)"
        )));
    }
    Ok(())
}

/// `FunctionConfiguration` of version `$LATEST`.
pub(crate) fn output(function: &Function) -> Map<String, Value> {
    let configuration = &function.latest.configuration;
    let code = &function.latest.code;
    let mut output = Map::new();
    let mut set = |name: &str, value: Value| {
        output.insert(name.to_owned(), value);
    };
    set("FunctionName", json!(function.arn.name));
    set("FunctionArn", json!(function.arn.to_string()));
    set("Runtime", json!(configuration.runtime));
    set("Role", json!(configuration.role));
    set("Handler", json!(configuration.handler));
    set("CodeSize", json!(code.size));
    set("Description", json!(configuration.description));
    set("Timeout", json!(configuration.timeout_seconds));
    set("MemorySize", json!(configuration.memory_mb));
    set(
        "LastModified",
        json!(timestamp::lambda(function.latest.last_modified)),
    );
    set("CodeSha256", json!(code_sha256(&code.sha256)));
    set("Version", json!("$LATEST"));
    if let Some(variables) = &configuration.environment {
        set("Environment", json!({ "Variables": variables }));
    }
    let mode = match configuration.tracing {
        TracingMode::Active => "Active",
        TracingMode::PassThrough => "PassThrough",
    };
    set("TracingConfig", json!({ "Mode": mode }));
    set("RevisionId", json!(function.latest.revision_id));
    set("State", json!(function.state.name()));
    match &function.state {
        State::Active => {}
        State::Pending => {
            set("StateReason", json!("The function is being created."));
            set("StateReasonCode", json!("Creating"));
        }
        State::Failed { reason } => {
            set("StateReason", json!(reason));
            set("StateReasonCode", json!("InternalError"));
        }
    }
    match &function.update {
        UpdateStatus::NoneYet => {}
        UpdateStatus::Successful => set("LastUpdateStatus", json!("Successful")),
        UpdateStatus::InProgress => {
            set("LastUpdateStatus", json!("InProgress"));
            set(
                "LastUpdateStatusReason",
                json!("The function is being created."),
            );
            set("LastUpdateStatusReasonCode", json!("Creating"));
        }
        UpdateStatus::Failed { reason } => {
            set("LastUpdateStatus", json!("Failed"));
            set("LastUpdateStatusReason", json!(reason));
            set("LastUpdateStatusReasonCode", json!("InternalError"));
        }
    }
    set("PackageType", json!("Zip"));
    set("Architectures", json!([configuration.architecture]));
    set(
        "EphemeralStorage",
        json!({ "Size": configuration.ephemeral_storage_mb }),
    );
    set(
        "SnapStart",
        json!({ "ApplyOn": "None", "OptimizationStatus": "Off" }),
    );
    let runtime = version_arn(&configuration.runtime, &function.arn.region);
    set(
        "RuntimeVersionConfig",
        json!({ "RuntimeVersionArn": runtime }),
    );
    let group = configuration.log_group(&function.arn.name);
    set(
        "LoggingConfig",
        json!({ "LogFormat": "Text", "LogGroup": group }),
    );
    output
}

/// ListFunctions leaves these out. Source: API reference, ListFunctions.
pub(crate) fn listed(function: &Function) -> Map<String, Value> {
    let mut output = output(function);
    output.retain(|name, _| {
        !name.starts_with("State")
            && !name.starts_with("LastUpdateStatus")
            && name != "RuntimeVersionConfig"
    });
    output
}

/// The archive's hash as AWS writes it: base64 of the digest.
fn code_sha256(hex_digest: &str) -> String {
    use base64::Engine;
    let digest = hex::decode(hex_digest).unwrap_or_default();
    base64::engine::general_purpose::STANDARD.encode(digest)
}
