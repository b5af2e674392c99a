//! `GET functions/{name}` and `GET functions/{name}/code`: what of a function the Lambda API does not tell.

use fluoro_functions::{
    AliveEnvironment, CodeFile, EnvironmentState, Function, FunctionArn, TracingMode,
};
use http::StatusCode;
use serde::Serialize;

use super::OwnApi;
use super::reply::{Problem, Reply};

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct FunctionState {
    name: String,
    arn: String,
    /// The execution role's ARN.
    role: String,
    /// `Active` or `PassThrough`.
    #[cfg_attr(test, schemars(extend("enum" = ["Active", "PassThrough"])))]
    tracing: &'static str,
    /// Whether the role's policies allow `xray:PutTraceSegments` at this moment.
    may_write_traces: bool,
    /// If not, why, in IAM's words.
    denied: Option<String>,
    /// Those that are alive now, the oldest first.
    environments: Vec<EnvironmentOutput>,
}

/// An execution environment.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Environment"))]
struct EnvironmentOutput {
    /// Its log stream, which no other environment has.
    stream: String,
    version: String,
    state: StateOutput,
    /// Since when it is in this state, in seconds since the epoch.
    since: f64,
    /// When it was started, in seconds since the epoch.
    started: f64,
    /// Events that it was given so far.
    invocations: u64,
    pid: i32,
    /// The address of its own X-Ray daemon.
    daemon: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "EnvironmentState"))]
enum StateOutput {
    /// Its runtime has not asked for an event yet.
    Starting,
    /// It waits for an event.
    Ready,
    /// It has one.
    Busy,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct FunctionCode {
    /// Of the archive, in hexadecimal digits.
    sha256: String,
    /// Of the archive, in bytes.
    size: u64,
    runtime: String,
    handler: String,
    /// By path.
    files: Vec<FileOutput>,
    /// Whether these are all files.
    complete: bool,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "CodeFile"))]
struct FileOutput {
    path: String,
    /// In bytes.
    size: u64,
    /// Where it leads, if it is a symbolic link.
    link: Option<String>,
    /// What it says, if it is text of at most 64 KiB.
    text: Option<String>,
}

/// Its role, whether that may write traces, and its environments.
pub(super) fn state(own: &OwnApi, name: &str) -> Result<Reply, Problem> {
    let (arn, function) = find(own, name)?;
    let configuration = &function.latest.configuration;
    let may_write = own.functions.may_write_traces(&function);
    let environments = own.functions.environments(&arn).into_iter();
    Ok(Reply::json(&FunctionState {
        name: arn.name.clone(),
        arn: arn.to_string(),
        role: configuration.role.clone(),
        tracing: match configuration.tracing {
            TracingMode::Active => "Active",
            TracingMode::PassThrough => "PassThrough",
        },
        may_write_traces: may_write.is_ok(),
        denied: may_write.err(),
        environments: environments.map(EnvironmentOutput::from).collect(),
    }))
}

/// Its files.
pub(super) async fn code(own: &OwnApi, name: &str) -> Result<Reply, Problem> {
    let (arn, function) = find(own, name)?;
    let release = &function.latest;
    let listing = own.functions.code_files(&arn).await;
    let listing = listing
        .map_err(|error| Problem::failed("failed to read the code of the function", &error))?;
    Ok(Reply::json(&FunctionCode {
        sha256: release.code.sha256.clone(),
        size: release.code.size,
        runtime: release.configuration.runtime.clone(),
        handler: release.configuration.handler.clone(),
        files: listing.files.into_iter().map(FileOutput::from).collect(),
        complete: listing.complete,
    }))
}

/// The function of this name, without a qualifier.
pub(super) fn find(
    own: &OwnApi,
    name: &str,
) -> Result<(FunctionArn, std::sync::Arc<Function>), Problem> {
    let unknown = || {
        let message = format!("there is no function {name:?} in {}", own.region);
        Problem::new(StatusCode::NOT_FOUND, "NotFound", message)
    };
    let arn = FunctionArn::resolve(name, None, &own.region, &own.account).map_err(|_| unknown())?;
    let arn = arn.unqualified();
    let function = own.functions.get(&arn).ok_or_else(unknown)?;
    Ok((arn, function))
}

impl From<AliveEnvironment> for EnvironmentOutput {
    fn from(environment: AliveEnvironment) -> Self {
        Self {
            stream: environment.stream.to_string(),
            version: environment.version,
            state: match environment.state {
                EnvironmentState::Starting => StateOutput::Starting,
                EnvironmentState::Ready => StateOutput::Ready,
                EnvironmentState::Busy => StateOutput::Busy,
            },
            since: environment.since.seconds(),
            started: environment.started.seconds(),
            invocations: environment.invocations,
            pid: environment.pid,
            daemon: environment.daemon.to_string(),
        }
    }
}

impl From<CodeFile> for FileOutput {
    fn from(file: CodeFile) -> Self {
        Self {
            path: file.path,
            size: file.size,
            link: file.link,
            text: file.text,
        }
    }
}
