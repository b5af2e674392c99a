//! `up` and `down`: the whole way from a file to a running stack, and back.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use http::Method;
use serde_json::{Value, json};

use crate::apply::{self, Change, Context, Made};
use crate::client::{About, Client, elements};
use crate::connection::encoded;
use crate::intrinsics::{Scope, text};
use crate::items::{self, Body, Item};
use crate::record::{Record, Resource};
use crate::template::Template;
use crate::{StackError, serverless};

/// What to deploy, and where.
#[derive(Debug, Clone)]
pub struct UpOptions {
    /// The template: YAML or JSON.
    pub template: PathBuf,
    /// The stack's name; by default the name of the template's folder.
    pub stack: Option<String>,
    /// Values for the template's parameters.
    pub parameters: BTreeMap<String, String>,
    /// The server, `http://127.0.0.1:4566`.
    pub endpoint: String,
    /// The region.
    pub region: String,
    /// Where dependencies of functions are installed once for all.
    pub cache: PathBuf,
}

/// What to remove, and where.
#[derive(Debug, Clone)]
pub struct DownOptions {
    /// The template that was deployed; only its place is looked at.
    pub template: PathBuf,
    /// The stack's name; by default the name of the template's folder.
    pub stack: Option<String>,
    /// The server.
    pub endpoint: String,
    /// The region.
    pub region: String,
}

/// What `up` came to.
#[derive(Debug, Clone)]
pub struct Deployed {
    /// The stack as it is now.
    pub record: Record,
    /// How many resources were created, updated, left as they were, removed.
    pub counts: [usize; 4],
}

/// Something that happened on the way, for a person to see.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A function's dependencies are being installed, which may take a while.
    Installing {
        /// The function.
        logical_id: &'a str,
        /// From which file.
        what: &'static str,
    },
    /// A resource was made or changed.
    Made {
        /// The template's name of it.
        logical_id: &'a str,
        /// What it is.
        kind: &'static str,
        /// `created`, `updated`, `unchanged`.
        change: &'static str,
        /// The service's name of it.
        physical_id: &'a str,
    },
    /// A resource was removed.
    Removed {
        /// The template's name of it.
        logical_id: &'a str,
        /// What it was.
        kind: &'a str,
    },
}

/// Is told what happens.
pub trait Progress: Send {
    /// Something happened.
    fn tell(&mut self, event: Event<'_>);
}

/// Deploys a template: what is missing is created, what differs updated, what left the template removed.
///
/// The whole template is understood before the first call. A call that fails leaves what was done before it, and the
/// record of it, so that the next `up` goes on from there.
///
/// # Errors
///
/// [`StackError`], which says what to mend.
pub async fn up(options: &UpOptions, progress: &mut dyn Progress) -> Result<Deployed, StackError> {
    let folder = folder_of(&options.template);
    let stack = stack_name(options.stack.as_deref(), &options.template)?;
    let template = Template::read(document(&options.template)?, &options.parameters)?;
    let items = items::ordered(serverless::expand(template.resources, &template.globals)?)?;
    check(
        &stack,
        &folder,
        &template.parameters,
        &items,
        &template.outputs,
    )?;

    let client = Client::new(&options.endpoint, &options.region);
    let account = account(&client).await?;
    let before = read_record(&client, &stack).await?.unwrap_or_default();
    let context = Context {
        client: &client,
        stack: &stack,
        account: &account,
        region: &options.region,
        folder: &folder,
        cache: options.cache.clone(),
        before: &before,
    };
    let mut scope = pseudo_parameters(&stack, &account, &options.region);
    scope.refs.extend(template.parameters);

    let mut record = Record {
        stack: stack.clone(),
        ..Record::default()
    };
    let mut counts = [0; 4];
    for item in &items {
        let made = apply::apply(&context, &scope, item, progress).await?;
        counts[made.change as usize] += 1;
        progress.tell(Event::Made {
            logical_id: &item.logical_id,
            kind: item.body.kind(),
            change: word(made.change),
            physical_id: &made.physical_id,
        });
        note(&mut record, &mut scope, item, made, client.endpoint());
        // Whatever ends this before it is done: what was made, and what is yet to be looked at, stays known.
        write_record(&client, &with_rest(&record, &before)).await?;
    }
    for gone in before
        .resources
        .iter()
        .rev()
        .filter(|old| !is_part(&record, old))
    {
        apply::remove(&client, gone).await?;
        progress.tell(Event::Removed {
            logical_id: &gone.logical_id,
            kind: &gone.kind,
        });
        counts[3] += 1;
    }
    for (name, value) in &template.outputs {
        let value = scope.resolve(&format!("Outputs.{name}"), value)?;
        record.outputs.insert(
            name.clone(),
            text(&value).unwrap_or_else(|| value.to_string()),
        );
    }
    write_record(&client, &record).await?;
    Ok(Deployed { record, counts })
}

/// Reads every item and output as deploying them will, so that a template which cannot be deployed changes nothing.
fn check(
    stack: &str,
    folder: &Path,
    parameters: &BTreeMap<String, Value>,
    items: &[Item],
    outputs: &[(String, Value)],
) -> Result<(), StackError> {
    let mut scope = pseudo_parameters(stack, "000000000000", "us-east-1");
    scope.refs.extend(parameters.clone());
    for item in items {
        scope.foresee(&item.logical_id, item.body.attributes());
    }
    for item in items {
        apply::check(&scope, folder, item)?;
    }
    for (name, value) in outputs {
        scope.resolve(&format!("Outputs.{name}"), value)?;
    }
    Ok(())
}

/// Removes everything that a stack is made of, last made first.
///
/// # Errors
///
/// [`StackError::NoStack`] when there is none; otherwise what the server refused.
pub async fn down(options: &DownOptions, progress: &mut dyn Progress) -> Result<usize, StackError> {
    let stack = stack_name(options.stack.as_deref(), &options.template)?;
    let client = Client::new(&options.endpoint, &options.region);
    let Some(mut record) = read_record(&client, &stack).await? else {
        return Err(StackError::NoStack { name: stack });
    };
    let count = record.resources.len();
    while let Some(resource) = record.resources.last().cloned() {
        if let Err(error) = apply::remove(&client, &resource).await {
            write_record(&client, &record).await?;
            return Err(error);
        }
        progress.tell(Event::Removed {
            logical_id: &resource.logical_id,
            kind: &resource.kind,
        });
        record.resources.pop();
    }
    let path = record_path(&stack);
    let answer = client.rest("fluoro", Method::DELETE, &path, None).await?;
    answer.map_err(|refusal| {
        refusal.into_error(About {
            operation: "DeleteStack",
            subject: &stack,
        })
    })?;
    Ok(count)
}

/// A number that changes when the template or a file in its folder does; what `--watch` compares.
///
/// # Errors
///
/// When the template cannot be read.
pub fn fingerprint(template: &Path) -> Result<u64, StackError> {
    let mut hasher = DefaultHasher::new();
    std::fs::read(template)
        .map_err(|source| StackError::Unreadable {
            path: template.to_owned(),
            source,
        })?
        .hash(&mut hasher);
    hash_folder(&folder_of(template), &mut hasher);
    Ok(hasher.finish())
}

fn hash_folder(folder: &Path, hasher: &mut DefaultHasher) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || name == "node_modules" || name == "__pycache__" {
            continue;
        }
        let Ok(metadata) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        if metadata.is_dir() {
            hash_folder(&path, hasher);
        } else {
            path.hash(hasher);
            metadata.len().hash(hasher);
            metadata.modified().ok().hash(hasher);
        }
    }
}

fn document(template: &Path) -> Result<Value, StackError> {
    let text = std::fs::read_to_string(template).map_err(|source| StackError::Unreadable {
        path: template.to_owned(),
        source,
    })?;
    fluoro_yaml::parse(&text).map_err(|error| StackError::Syntax {
        path: template.to_owned(),
        reason: error.to_string(),
    })
}

fn folder_of(template: &Path) -> PathBuf {
    let folder = template.parent().unwrap_or(Path::new(""));
    if folder.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        folder.to_owned()
    }
}

fn stack_name(given: Option<&str>, template: &Path) -> Result<String, StackError> {
    let name = match given {
        Some(name) => name.to_owned(),
        None => {
            let folder = folder_of(template);
            let folder = folder
                .canonicalize()
                .map_err(|source| StackError::Unreadable {
                    path: folder,
                    source,
                })?;
            let name = folder
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            name.chars()
                .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
                .collect()
        }
    };
    let valid = name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if valid {
        return Ok(name);
    }
    Err(StackError::invalid(
        "stack",
        format!(
            "{name:?} cannot be a stack's name (letters, digits, hyphens); give one with --stack"
        ),
    ))
}

async fn account(client: &Client) -> Result<String, StackError> {
    let answer = client
        .query("sts", "2011-06-15", "GetCallerIdentity", &[])
        .await?;
    let xml = answer.map_err(|refusal| {
        refusal.into_error(About {
            operation: "GetCallerIdentity",
            subject: "the caller",
        })
    })?;
    Ok(elements(&xml, "Account")
        .next()
        .unwrap_or_default()
        .to_owned())
}

fn pseudo_parameters(stack: &str, account: &str, region: &str) -> Scope {
    let refs = [
        ("AWS::Region", region.to_owned()),
        ("AWS::AccountId", account.to_owned()),
        ("AWS::Partition", "aws".to_owned()),
        ("AWS::StackName", stack.to_owned()),
        (
            "AWS::StackId",
            format!("arn:aws:cloudformation:{region}:{account}:stack/{stack}"),
        ),
        ("AWS::URLSuffix", "amazonaws.com".to_owned()),
    ];
    Scope {
        refs: refs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::String(value)))
            .collect(),
        attributes: HashMap::new(),
    }
}

/// Writes down what was made: for the record, and for the items that refer to it.
fn note(record: &mut Record, scope: &mut Scope, item: &Item, made: Made, endpoint: &str) {
    if let Body::Api { .. } = item.body {
        let stage = made.attributes.get("Stage").cloned().unwrap_or_default();
        let url = format!("{endpoint}/_aws/execute-api/{}/{stage}", made.physical_id);
        record.urls.insert(item.logical_id.clone(), url);
    }
    record.resources.push(Resource {
        logical_id: item.logical_id.clone(),
        kind: item.body.kind().to_owned(),
        physical_id: made.physical_id,
        mark: made.mark,
    });
    scope
        .refs
        .insert(item.logical_id.clone(), Value::String(made.reference));
    scope
        .attributes
        .insert(item.logical_id.clone(), made.attributes);
}

/// The record so far, and after it what an earlier `up` had made and this one has not come to.
fn with_rest(record: &Record, before: &Record) -> Record {
    let mut whole = record.clone();
    let rest = before.resources.iter().filter(|old| !is_part(record, old));
    whole.resources.extend(rest.cloned());
    whole
}

/// Whether the new stack holds the very same thing; a thing under another name is another thing.
fn is_part(record: &Record, old: &Resource) -> bool {
    record
        .resources
        .iter()
        .any(|new| new.kind == old.kind && new.physical_id == old.physical_id)
}

fn word(change: Change) -> &'static str {
    match change {
        Change::Created => "created",
        Change::Updated => "updated",
        Change::Unchanged => "unchanged",
    }
}

fn record_path(stack: &str) -> String {
    format!("/_fluoro/stacks/{}", encoded(stack))
}

async fn read_record(client: &Client, stack: &str) -> Result<Option<Record>, StackError> {
    let about = About {
        operation: "GetStack",
        subject: stack,
    };
    match client
        .rest("fluoro", Method::GET, &record_path(stack), None)
        .await?
    {
        Ok(json) => {
            let record = serde_json::from_value(json);
            record.map(Some).map_err(|error| {
                StackError::invalid(stack, format!("its record cannot be read: {error}"))
            })
        }
        Err(refusal) if refusal.status == 404 => Ok(None),
        Err(refusal) => Err(refusal.into_error(about)),
    }
}

async fn write_record(client: &Client, record: &Record) -> Result<(), StackError> {
    let body = json!(record);
    let answer = client
        .rest(
            "fluoro",
            Method::PUT,
            &record_path(&record.stack),
            Some(&body),
        )
        .await?;
    answer.map(drop).map_err(|refusal| {
        refusal.into_error(About {
            operation: "PutStack",
            subject: &record.stack,
        })
    })
}

#[cfg(test)]
mod tests;
