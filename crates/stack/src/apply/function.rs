//! Functions and who may call them, over the Lambda API.

use std::path::Path;
use std::time::Duration;

use http::Method;
use serde_json::{Map, Value, json};

use super::{Change, Context, Made};
use crate::StackError;
use crate::client::{About, Answer, Client, base64};
use crate::code::Package;
use crate::connection::encoded;
use crate::install;
use crate::intrinsics::{Scope, text};
use crate::items::{Code, Item};
use crate::properties::Properties;
use crate::up::Progress;

const FUNCTIONS: &str = "/2015-03-31/functions";
/// How often a function that is being made is asked for its state, and how many times.
const POLL: Duration = Duration::from_millis(100);
const POLLS: usize = 600;

/// A function as the template wants it, its code apart.
pub(super) struct Wanted {
    name: Option<String>,
    /// What CreateFunction and UpdateFunctionConfiguration both know.
    configuration: Map<String, Value>,
    architectures: Option<Value>,
}

impl Wanted {
    pub(super) fn read(place: &str, properties: Value) -> Result<Self, StackError> {
        let mut properties = Properties::new(place, properties)?;
        let wanted = Self {
            name: properties.text("FunctionName")?,
            configuration: configuration(&mut properties)?,
            architectures: properties.take("Architectures"),
        };
        properties.finish()?;
        Ok(wanted)
    }
}

/// Whether the code is there; packing it is left for later.
pub(super) fn check_code(folder: &Path, place: &str, code: &Code) -> Result<(), StackError> {
    let Code::Path(path) = code else {
        return Ok(());
    };
    let path = folder.join(path);
    if path.is_dir() || path.is_file() {
        return Ok(());
    }
    let problem = format!("{} is neither a folder nor a zip", path.display());
    Err(StackError::invalid(format!("{place}.CodeUri"), problem))
}

pub(super) async fn apply(
    context: &Context<'_>,
    item: &Item,
    wanted: Wanted,
    code: &Code,
    progress: &mut dyn Progress,
) -> Result<Made, StackError> {
    let Wanted {
        name,
        configuration: wanted,
        architectures,
    } = wanted;
    let is_given = name.is_some();
    let name = context.name(name, &item.logical_id, 64);
    let package = package(context, item, &wanted, code, progress).await?;
    let client = context.client;
    let path = format!("{FUNCTIONS}/{}", encoded(&name));
    let about = |operation| About {
        operation,
        subject: &name,
    };
    let found = known_configuration(client, &path).await?;
    let change = match found {
        Err(refusal) if refusal.status == 404 => {
            let mut body = wanted.clone();
            body.insert("FunctionName".to_owned(), json!(name));
            body.insert(
                "Code".to_owned(),
                json!({"ZipFile": base64(&package.bytes)}),
            );
            body.extend(architectures.map(|value| ("Architectures".to_owned(), value)));
            let made = client
                .rest(
                    "lambda",
                    Method::POST,
                    FUNCTIONS,
                    Some(&Value::Object(body)),
                )
                .await?;
            made.map_err(|refusal| refusal.into_error(about("CreateFunction")))?;
            Change::Created
        }
        Err(refusal) => return Err(refusal.into_error(about("GetFunctionConfiguration"))),
        Ok(found) => {
            context.may_take(item, &name, is_given)?;
            let mut change = Change::Unchanged;
            if found["CodeSha256"].as_str() != Some(&package.sha256) {
                let body = json!({"ZipFile": base64(&package.bytes)});
                let answer = client
                    .rest("lambda", Method::PUT, &format!("{path}/code"), Some(&body))
                    .await?;
                answer.map_err(|refusal| refusal.into_error(about("UpdateFunctionCode")))?;
                settled(client, &path, &name).await?;
                change = Change::Updated;
            }
            if differs(&found, &wanted) {
                let body = Value::Object(wanted.clone());
                let answer = client
                    .rest(
                        "lambda",
                        Method::PUT,
                        &format!("{path}/configuration"),
                        Some(&body),
                    )
                    .await?;
                answer
                    .map_err(|refusal| refusal.into_error(about("UpdateFunctionConfiguration")))?;
                change = Change::Updated;
            }
            change
        }
    };
    let arn = settled(client, &path, &name).await?;
    Ok(Made::new(change, &name).with("Arn", arn))
}

/// The members of CreateFunction and of UpdateFunctionConfiguration that both know; absent ones as their defaults, so that
/// what leaves the template is reset.
fn configuration(properties: &mut Properties) -> Result<Map<String, Value>, StackError> {
    let mut wanted = Map::new();
    for name in ["Handler", "Runtime", "Role"] {
        wanted.insert(name.to_owned(), properties.required(name)?.into());
    }
    wanted.insert(
        "Description".to_owned(),
        properties.text("Description")?.unwrap_or_default().into(),
    );
    wanted.insert(
        "Timeout".to_owned(),
        properties.number("Timeout")?.unwrap_or(3).into(),
    );
    wanted.insert(
        "MemorySize".to_owned(),
        properties.number("MemorySize")?.unwrap_or(128).into(),
    );
    let mut variables = Map::new();
    if let Some(mut environment) = properties.inner("Environment")? {
        if let Some(given) = environment.inner("Variables")? {
            for (name, value) in given.rest() {
                let place = environment.place(&format!("Variables.{name}"));
                let value = text(&value)
                    .ok_or_else(|| StackError::invalid(place, "a text was expected"))?;
                variables.insert(name, value.into());
            }
        }
        environment.finish()?;
    }
    wanted.insert("Environment".to_owned(), json!({"Variables": variables}));
    let tracing = properties.take("TracingConfig");
    wanted.insert(
        "TracingConfig".to_owned(),
        tracing.unwrap_or_else(|| json!({"Mode": "PassThrough"})),
    );
    Ok(wanted)
}

fn differs(found: &Value, wanted: &Map<String, Value>) -> bool {
    wanted.iter().any(|(name, value)| match name.as_str() {
        "Environment" => {
            let empty = json!({});
            let variables = |value: &Value| {
                value
                    .get("Variables")
                    .cloned()
                    .unwrap_or_else(|| empty.clone())
            };
            variables(&found[name]) != variables(value)
        }
        _ => found[name] != *value,
    })
}

async fn package(
    context: &Context<'_>,
    item: &Item,
    wanted: &Map<String, Value>,
    code: &Code,
    progress: &mut dyn Progress,
) -> Result<Package, StackError> {
    let word = |name: &str| wanted[name].as_str().unwrap_or_default();
    let path = match code {
        Code::Inline(text) => return Package::of_text(word("Handler"), word("Runtime"), text),
        Code::Path(path) => context.folder.join(path),
    };
    if path.is_file() {
        return Package::of_file(&path);
    }
    let installed =
        install::dependencies(&context.cache, &path, &item.logical_id, progress).await?;
    Package::of_folder(&path, &installed)
}

async fn known_configuration(client: &Client, path: &str) -> Answer<Value> {
    let path = format!("{path}/configuration");
    client.rest("lambda", Method::GET, &path, None).await
}

/// Waits until the function can be called, and returns its ARN.
async fn settled(client: &Client, path: &str, name: &str) -> Result<String, StackError> {
    let about = About {
        operation: "GetFunctionConfiguration",
        subject: name,
    };
    for _ in 0..POLLS {
        let found = known_configuration(client, path).await?;
        let found = found.map_err(|refusal| refusal.into_error(about))?;
        let word = |member: &str| found[member].as_str().unwrap_or_default();
        match (word("State"), word("LastUpdateStatus")) {
            ("Failed", _) | (_, "Failed") => {
                let reason = format!("{}{}", word("StateReason"), word("LastUpdateStatusReason"));
                return Err(StackError::invalid(
                    name,
                    format!("the function could not be made: {reason}"),
                ));
            }
            ("Pending", _) | (_, "InProgress") => tokio::time::sleep(POLL).await,
            _ => return Ok(word("FunctionArn").to_owned()),
        }
    }
    Err(StackError::invalid(
        name,
        "the function does not become active",
    ))
}

pub(super) async fn remove(client: &Client, name: &str) -> Result<(), StackError> {
    let path = format!("{FUNCTIONS}/{}", encoded(name));
    gone(client, "DeleteFunction", name, &path).await
}

/// One route of an API that may call a function.
pub(super) struct Permitted<'a> {
    pub(super) function: &'a str,
    pub(super) api: &'a str,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
}

pub(super) async fn permit(
    context: &Context<'_>,
    scope: &Scope,
    item: &Item,
    route: &Permitted<'_>,
) -> Result<Made, StackError> {
    let reference = |logical_id: &str| {
        scope
            .refs
            .get(logical_id)
            .and_then(text)
            .unwrap_or_default()
    };
    let (function, api) = (reference(route.function), reference(route.api));
    let method = if route.method == "any" {
        "*".to_owned()
    } else {
        route.method.to_ascii_uppercase()
    };
    // Like SAM: any stage, since test calls come from one of their own.
    let path: Vec<&str> = route
        .path
        .split('/')
        .map(|part| if part.starts_with('{') { "*" } else { part })
        .collect();
    let source = format!(
        "arn:aws:execute-api:{}:{}:{api}/*/{method}{}",
        context.region,
        context.account,
        path.join("/")
    );
    let id = &item.logical_id;
    let physical_id = format!("{function}/{id}");
    let unchanged = context
        .before
        .find(&item.logical_id, "permission")
        .is_some_and(|found| found.physical_id == physical_id && found.mark == source);
    let client = context.client;
    let mut change = Change::Created;
    if unchanged {
        change = Change::Unchanged;
    } else {
        let path = format!("{FUNCTIONS}/{}/policy", encoded(&function));
        let body = json!({
            "StatementId": id, "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com", "SourceArn": source,
        });
        let about = About {
            operation: "AddPermission",
            subject: &function,
        };
        if let Err(refusal) = client
            .rest("lambda", Method::POST, &path, Some(&body))
            .await?
        {
            if refusal.status != 409 {
                return Err(refusal.into_error(about));
            }
            forbid(client, &physical_id).await?;
            let again = client
                .rest("lambda", Method::POST, &path, Some(&body))
                .await?;
            again.map_err(|refusal| refusal.into_error(about))?;
            change = Change::Updated;
        }
    }
    Ok(Made::new(change, &physical_id).marked(source))
}

pub(super) async fn forbid(client: &Client, physical_id: &str) -> Result<(), StackError> {
    let (function, id) = physical_id.rsplit_once('/').unwrap_or((physical_id, ""));
    let path = format!("{FUNCTIONS}/{}/policy/{}", encoded(function), encoded(id));
    gone(client, "RemovePermission", function, &path).await
}

async fn gone(
    client: &Client,
    operation: &'static str,
    subject: &str,
    path: &str,
) -> Result<(), StackError> {
    match client.rest("lambda", Method::DELETE, path, None).await? {
        Err(refusal) if refusal.status != 404 => {
            Err(refusal.into_error(About { operation, subject }))
        }
        _ => Ok(()),
    }
}
