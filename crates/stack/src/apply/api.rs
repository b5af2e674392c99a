//! REST APIs, over the API Gateway management API: imported from a document, deployed to one stage.

use http::Method;
use serde_json::{Map, Value, json};

use super::{Change, Context, Made, mark};
use crate::StackError;
use crate::client::{About, Client};
use crate::connection::encoded;
use crate::intrinsics::{Scope, text};
use crate::items::{Item, Route};
use crate::properties::Properties;
use crate::serverless::IMPLICIT_API;
use crate::swagger;

/// An API and its stage as the template wants them.
pub(super) struct Wanted {
    name: Option<String>,
    stage: String,
    tracing: bool,
    variables: Value,
    binary_media_types: Vec<Value>,
    /// The document that the template brings along.
    body: Option<Value>,
}

impl Wanted {
    pub(super) fn read(
        place: &str,
        properties: Value,
        routes: &[Route],
    ) -> Result<Self, StackError> {
        let mut properties = Properties::new(place, properties)?;
        let wanted = Self {
            name: properties.text("Name")?,
            stage: properties.required("StageName")?,
            tracing: properties.boolean("TracingEnabled")?.unwrap_or(false),
            variables: properties.take("Variables").unwrap_or_else(|| json!({})),
            binary_media_types: properties.list("BinaryMediaTypes"),
            body: properties.take("DefinitionBody"),
        };
        properties.finish()?;
        if let Some(body) = &wanted.body {
            if !body.is_object() {
                return Err(StackError::invalid(
                    format!("{place}.DefinitionBody"),
                    "a map was expected",
                ));
            }
            swagger::has_routes(place, body, routes)?;
        }
        Ok(wanted)
    }
}

pub(super) async fn apply(
    context: &Context<'_>,
    scope: &Scope,
    item: &Item,
    wanted: Wanted,
    routes: &[Route],
) -> Result<Made, StackError> {
    let Wanted {
        name,
        stage,
        tracing,
        variables,
        binary_media_types,
        body,
    } = wanted;
    // Like SAM: the implicit API bears the stack's name, which becomes the prefix of its segments' names.
    let name = name.unwrap_or_else(|| {
        if item.logical_id == IMPLICIT_API {
            context.stack.to_owned()
        } else {
            format!("{}-{}", context.stack, item.logical_id)
        }
    });
    let document = match body {
        Some(mut body) => {
            body["info"]["title"] = json!(name);
            body
        }
        None => {
            let document = swagger::document(&name, routes, &binary_media_types);
            scope.resolve(&item.place, &document)?
        }
    };
    let mark = mark(&json!([document, stage]));

    let client = context.client;
    let about = |operation| About {
        operation,
        subject: &name,
    };
    let before = context.before.find(&item.logical_id, "api");
    let (id, mut change) =
        match existing(client, before.map(|found| found.physical_id.as_str())).await? {
            Some(id) if before.is_some_and(|found| found.mark == mark) => (id, Change::Unchanged),
            Some(id) => {
                let path = format!("/restapis/{}?mode=overwrite", encoded(&id));
                let answer = client
                    .rest("apigateway", Method::PUT, &path, Some(&document))
                    .await?;
                answer.map_err(|refusal| refusal.into_error(about("PutRestApi")))?;
                (id, Change::Updated)
            }
            None => {
                let answer = client
                    .rest(
                        "apigateway",
                        Method::POST,
                        "/restapis?mode=import",
                        Some(&document),
                    )
                    .await?;
                let made = answer.map_err(|refusal| refusal.into_error(about("ImportRestApi")))?;
                (
                    made["id"].as_str().unwrap_or_default().to_owned(),
                    Change::Created,
                )
            }
        };
    let stages = format!("/restapis/{}/stages/{}", encoded(&id), encoded(&stage));
    let found = client
        .rest("apigateway", Method::GET, &stages, None)
        .await?
        .ok();
    if change != Change::Unchanged || found.is_none() {
        let body = json!({"stageName": stage, "tracingEnabled": tracing, "variables": variables});
        let path = format!("/restapis/{}/deployments", encoded(&id));
        let answer = client
            .rest("apigateway", Method::POST, &path, Some(&body))
            .await?;
        answer.map_err(|refusal| refusal.into_error(about("CreateDeployment")))?;
    }
    if let Some(found) = found {
        let operations = stage_patch(&found, tracing, &variables);
        if !operations.is_empty() {
            let body = json!({"patchOperations": operations});
            let answer = client
                .rest("apigateway", Method::PATCH, &stages, Some(&body))
                .await?;
            answer.map_err(|refusal| refusal.into_error(about("UpdateStage")))?;
            if change == Change::Unchanged {
                change = Change::Updated;
            }
        }
    }
    let root = client
        .rest(
            "apigateway",
            Method::GET,
            &format!("/restapis/{}", encoded(&id)),
            None,
        )
        .await?;
    let root = root.map_err(|refusal| refusal.into_error(about("GetRestApi")))?;
    let root = root["rootResourceId"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    Ok(Made::new(change, &id)
        .with("RootResourceId", root)
        .with("Stage", stage)
        .marked(mark))
}

/// What makes a stage that is there as the template wants it.
fn stage_patch(found: &Value, tracing: bool, variables: &Value) -> Vec<Value> {
    let mut operations = Vec::new();
    let replace =
        |path: String, value: String| json!({"op": "replace", "path": path, "value": value});
    if found["tracingEnabled"].as_bool().unwrap_or(false) != tracing {
        operations.push(replace("/tracingEnabled".to_owned(), tracing.to_string()));
    }
    let empty = Map::new();
    let has = found["variables"].as_object().unwrap_or(&empty);
    let wanted = variables.as_object().unwrap_or(&empty);
    for (name, value) in wanted {
        let value = text(value).unwrap_or_default();
        if has.get(name).and_then(Value::as_str) != Some(&value) {
            operations.push(replace(format!("/variables/{name}"), value));
        }
    }
    for name in has.keys().filter(|name| !wanted.contains_key(*name)) {
        operations.push(json!({"op": "remove", "path": format!("/variables/{name}")}));
    }
    operations
}

/// The API's id, if the one of the record is still there. Names tell nothing: several APIs may share one.
async fn existing(client: &Client, recorded: Option<&str>) -> Result<Option<String>, StackError> {
    let Some(id) = recorded else {
        return Ok(None);
    };
    let path = format!("/restapis/{}", encoded(id));
    match client.rest("apigateway", Method::GET, &path, None).await? {
        Ok(_) => Ok(Some(id.to_owned())),
        Err(refusal) if refusal.status == 404 => Ok(None),
        Err(refusal) => Err(refusal.into_error(About {
            operation: "GetRestApi",
            subject: id,
        })),
    }
}

pub(super) async fn remove(client: &Client, id: &str) -> Result<(), StackError> {
    match client
        .rest(
            "apigateway",
            Method::DELETE,
            &format!("/restapis/{}", encoded(id)),
            None,
        )
        .await?
    {
        Err(refusal) if refusal.status != 404 => Err(refusal.into_error(About {
            operation: "DeleteRestApi",
            subject: id,
        })),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_patched_only_where_it_differs() {
        let found = json!({"tracingEnabled": true, "variables": {"a": "1", "b": "2"}});
        assert_eq!(
            stage_patch(&found, true, &json!({"a": "1", "b": "2"})),
            Vec::<Value>::new()
        );
        assert_eq!(
            stage_patch(&found, false, &json!({"a": "3"})),
            [
                json!({"op": "replace", "path": "/tracingEnabled", "value": "false"}),
                json!({"op": "replace", "path": "/variables/a", "value": "3"}),
                json!({"op": "remove", "path": "/variables/b"}),
            ]
        );
    }
}
