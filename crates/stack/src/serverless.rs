//! SAM's resources spelled out as items. Source: SAM specification; what the SAM translator makes of a template.

use serde_json::{Map, Value, json};

use crate::StackError;
use crate::globals::Globals;
use crate::intrinsics::text;
use crate::items::{Body, Code, Item, Route, Routes};
use crate::policies::{Rights, managed_arn};
use crate::properties::Properties;
use crate::template::RawResource;

/// The logical id of the API of events that name none.
pub(crate) const IMPLICIT_API: &str = "ServerlessRestApi";
/// Its stage.
const IMPLICIT_STAGE: &str = "Prod";

/// Spells out all resources of a template.
pub(crate) fn expand(
    resources: Vec<RawResource>,
    globals: &Globals,
) -> Result<Vec<Item>, StackError> {
    let mut items = Vec::new();
    let mut routes = Routes::new();
    let mut permissions = Vec::new();
    let mut apis = Vec::new();
    for resource in resources {
        match resource.kind.as_str() {
            "AWS::Serverless::Function" => {
                function(resource, &mut items, &mut routes, &mut permissions)?
            }
            "AWS::Serverless::Api" => apis.push(resource),
            "AWS::Serverless::SimpleTable" => items.push(plain(resource, Body::Table)),
            "AWS::SQS::Queue" => items.push(plain(resource, Body::Queue)),
            "AWS::IAM::Role" => items.push(plain(resource, Body::Role)),
            "AWS::XRay::SamplingRule" => items.push(plain(resource, Body::SamplingRule)),
            other => {
                let place = format!("Resources.{}", resource.logical_id);
                return Err(StackError::unsupported(
                    place,
                    format!("resource type {other}"),
                ));
            }
        }
    }
    if routes.contains_key(IMPLICIT_API) && !apis.iter().any(|api| api.logical_id == IMPLICIT_API) {
        let mut properties = globals.of_implicit_api();
        properties["StageName"] = json!(IMPLICIT_STAGE);
        apis.push(RawResource {
            logical_id: IMPLICIT_API.to_owned(),
            kind: "AWS::Serverless::Api".to_owned(),
            properties,
            depends_on: Vec::new(),
        });
    }
    for api in &apis {
        let stage = api
            .properties
            .get("StageName")
            .cloned()
            .unwrap_or(Value::Null);
        for (api_id, event, function, route) in &permissions {
            if *api_id == api.logical_id {
                items.push(permission(event, function, route, api_id, &stage));
            }
        }
    }
    if let Some((api, event, ..)) = permissions
        .iter()
        .find(|(id, ..)| !apis.iter().any(|api| api.logical_id == *id))
    {
        return Err(StackError::invalid(
            event,
            format!("RestApiId names {api}, which is no AWS::Serverless::Api"),
        ));
    }
    for api in apis {
        let routes = routes.remove(&api.logical_id).unwrap_or_default();
        let place = api.place();
        items.push(Item {
            logical_id: api.logical_id,
            place,
            body: Body::Api {
                properties: api.properties,
                routes,
            },
            after: api.depends_on,
        });
    }
    Ok(items)
}

fn plain(resource: RawResource, body: fn(Value) -> Body) -> Item {
    let place = resource.place();
    Item {
        logical_id: resource.logical_id,
        place,
        body: body(resource.properties),
        after: resource.depends_on,
    }
}

/// An API's logical id, the event's place, the function's logical id, the route.
type Asked = (String, String, String, Route);

fn permission(event: &str, function: &str, route: &Route, api: &str, stage: &Value) -> Item {
    let name = event.rsplit('.').nth(1).unwrap_or("Event");
    let stage_name = text(stage).unwrap_or_default();
    Item {
        logical_id: format!("{function}{name}Permission{stage_name}"),
        place: event.to_owned(),
        body: Body::Permission {
            function: function.to_owned(),
            api: api.to_owned(),
            method: route.method.clone(),
            path: route.path.clone(),
        },
        after: Vec::new(),
    }
}

fn function(
    resource: RawResource,
    items: &mut Vec<Item>,
    routes: &mut Routes,
    permissions: &mut Vec<Asked>,
) -> Result<(), StackError> {
    let place = resource.place();
    let id = resource.logical_id.clone();
    let mut properties = Properties::new(&place, resource.properties)?;

    if let Some(events) = properties.inner("Events")? {
        for (name, event) in events.rest() {
            let (api, route) = api_event(&format!("{place}.Events.{name}"), &id, event)?;
            let others = routes.entry(api.clone()).or_default();
            if let Some(other) = others
                .iter()
                .find(|other| (&other.path, &other.method) == (&route.path, &route.method))
            {
                let problem = format!(
                    "{} {} leads to {} already",
                    route.method, route.path, other.function
                );
                return Err(StackError::invalid(
                    format!("{place}.Events.{name}"),
                    problem,
                ));
            }
            others.push(route.clone());
            permissions.push((
                api,
                format!("{place}.Events.{name}.Properties"),
                id.clone(),
                route,
            ));
        }
    }
    let code = match (properties.take("CodeUri"), properties.take("InlineCode")) {
        (Some(Value::String(path)), None) if path.starts_with("s3://") => {
            return Err(StackError::unsupported(
                properties.place("CodeUri"),
                "code in S3",
            ));
        }
        (Some(Value::String(path)), None) => Code::Path(path),
        (None, Some(Value::String(text))) => Code::Inline(text),
        (None, None) => Code::Path(".".to_owned()),
        (Some(_), Some(_)) => {
            return Err(StackError::invalid(
                place,
                "CodeUri and InlineCode exclude each other",
            ));
        }
        (Some(_), None) => {
            return Err(StackError::unsupported(
                properties.place("CodeUri"),
                "code that is no path",
            ));
        }
        (None, Some(_)) => {
            return Err(StackError::invalid(
                properties.place("InlineCode"),
                "a text was expected",
            ));
        }
    };
    let tracing = properties.text("Tracing")?;
    let mode = match tracing.as_deref() {
        None | Some("Disabled") => None,
        Some(mode @ ("Active" | "PassThrough")) => Some(mode.to_owned()),
        Some(other) => {
            return Err(StackError::invalid(
                properties.place("Tracing"),
                format!("Active, PassThrough or Disabled, not {other}"),
            ));
        }
    };
    let policies = properties.list("Policies");
    let role = properties.take("Role");
    if role.is_some() && !policies.is_empty() {
        return Err(StackError::invalid(
            place,
            "Policies have no effect beside Role; give them to the role",
        ));
    }

    let mut spelled = Map::new();
    let known = [
        "FunctionName",
        "Handler",
        "Runtime",
        "Description",
        "MemorySize",
        "Timeout",
        "Environment",
        "Architectures",
    ];
    for name in known {
        if let Some(value) = properties.take(name) {
            spelled.insert(name.to_owned(), value);
        }
    }
    match properties.text("PackageType")?.as_deref() {
        None | Some("Zip") => {}
        Some(_) => {
            return Err(StackError::unsupported(
                properties.place("PackageType"),
                "container images",
            ));
        }
    }
    properties.finish()?;
    if let Some(mode) = &mode {
        spelled.insert("TracingConfig".to_owned(), json!({"Mode": mode}));
    }
    let role = match role {
        Some(role) => role,
        None => {
            let role_id = format!("{id}Role");
            items.push(role_of(
                &role_id,
                &place,
                policies,
                mode.as_deref() == Some("Active"),
            )?);
            json!({"Fn::GetAtt": [role_id, "Arn"]})
        }
    };
    spelled.insert("Role".to_owned(), role);
    items.push(Item {
        logical_id: id,
        place,
        body: Body::Function {
            properties: Value::Object(spelled),
            code,
        },
        after: resource.depends_on,
    });
    Ok(())
}

fn role_of(
    role_id: &str,
    place: &str,
    policies: Vec<Value>,
    traced: bool,
) -> Result<Item, StackError> {
    let mut rights = Rights::default();
    rights
        .managed
        .push(managed_arn("AWSLambdaBasicExecutionRole").into());
    if traced {
        rights
            .managed
            .push(managed_arn("AWSXrayWriteOnlyAccess").into());
    }
    for (index, policy) in policies.into_iter().enumerate() {
        rights.add(&format!("{place}.Policies[{index}]"), policy)?;
    }
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    });
    Ok(Item {
        logical_id: role_id.to_owned(),
        place: place.to_owned(),
        body: Body::Role(json!({
            "AssumeRolePolicyDocument": trust,
            "ManagedPolicyArns": rights.managed,
            "Policies": rights.inline,
        })),
        after: Vec::new(),
    })
}

/// The API and the route of an event.
fn api_event(place: &str, function: &str, event: Value) -> Result<(String, Route), StackError> {
    let mut event = Properties::new(place, event)?;
    let kind = event.required("Type")?;
    if kind != "Api" {
        return Err(StackError::unsupported(
            event.place("Type"),
            format!("event type {kind}"),
        ));
    }
    let Some(mut properties) = event.inner("Properties")? else {
        return Err(StackError::invalid(place, "Properties are missing"));
    };
    event.finish()?;
    let path = properties.required("Path")?;
    if !path.starts_with('/') {
        return Err(StackError::invalid(
            properties.place("Path"),
            format!("{path:?} does not begin with a slash"),
        ));
    }
    let method = properties.required("Method")?.to_ascii_lowercase();
    if ![
        "any", "get", "put", "post", "delete", "patch", "head", "options",
    ]
    .contains(&method.as_str())
    {
        return Err(StackError::invalid(
            properties.place("Method"),
            format!("{method} is no method"),
        ));
    }
    let api = match properties.take("RestApiId") {
        None => IMPLICIT_API.to_owned(),
        Some(reference) => match reference.get("Ref").and_then(Value::as_str) {
            Some(api) => api.to_owned(),
            None => {
                return Err(StackError::unsupported(
                    properties.place("RestApiId"),
                    "an API of another stack",
                ));
            }
        },
    };
    properties.finish()?;
    Ok((
        api,
        Route {
            path,
            method,
            function: function.to_owned(),
        },
    ))
}

#[cfg(test)]
mod tests;
