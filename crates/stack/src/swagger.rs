//! The OpenAPI document of an API that a template only hints at. Source: what the SAM translator writes.

use serde_json::{Map, Value, json};

use crate::StackError;
use crate::items::Route;

/// A document named `title` in which each route calls its function by proxy.
pub(crate) fn document(title: &str, routes: &[Route], binary_media_types: &[Value]) -> Value {
    let mut paths = Map::new();
    for route in routes {
        let uri = format!(
            "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{}.Arn}}/invocations",
            route.function
        );
        let operation = json!({
            "responses": {},
            "x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri": {"Fn::Sub": uri}},
        });
        let methods = paths.entry(&route.path).or_insert_with(|| json!({}));
        methods[method_key(&route.method)] = operation;
    }
    let mut document = json!({
        "swagger": "2.0",
        "info": {"title": title, "version": "1.0"},
        "paths": paths,
    });
    if !binary_media_types.is_empty() {
        document["x-amazon-apigateway-binary-media-types"] = binary_media_types.into();
    }
    document
}

/// Whether a document written by hand has every route that an event asks for.
pub(crate) fn has_routes(
    place: &str,
    document: &Value,
    routes: &[Route],
) -> Result<(), StackError> {
    for route in routes {
        let methods = document
            .get("paths")
            .and_then(|paths| paths.get(&route.path));
        if methods
            .and_then(|methods| methods.get(method_key(&route.method)))
            .is_none()
        {
            let problem = format!(
                "{} {} of function {} is not in it",
                route.method, route.path, route.function
            );
            return Err(StackError::invalid(
                format!("{place}.DefinitionBody"),
                problem,
            ));
        }
    }
    Ok(())
}

fn method_key(method: &str) -> &str {
    if method == "any" {
        "x-amazon-apigateway-any-method"
    } else {
        method
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_methods_of_a_path_stand_together() {
        let route = |method: &str| Route {
            path: "/a".into(),
            method: method.into(),
            function: "F".into(),
        };
        let document = document("shop", &[route("get"), route("any")], &[]);
        let methods: Vec<_> = document["paths"]["/a"]
            .as_object()
            .unwrap()
            .keys()
            .collect();
        assert_eq!(methods, ["get", "x-amazon-apigateway-any-method"]);
        has_routes("here", &document, &[route("get"), route("any")]).unwrap();
        assert!(has_routes("here", &document, &[route("post")]).is_err());
    }
}
