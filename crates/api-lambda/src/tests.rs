//! What is refused, and in which words. Answers that need functions are held by `conformance/gateway-lambda`.

use fluoro_functions::{Configuration, TracingMode};
use fluoro_wire::JsonError;
use fluoro_wire::json_input::{JsonInput, parse};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::configuration::{Wanted, says_something};
use crate::route::{Operation, routes};

fn read(body: &Value) -> Result<Wanted, JsonError> {
    let body = parse(body.to_string().as_bytes()).unwrap();
    Wanted::read(&JsonInput::new(&body))
}

fn configured(body: &Value) -> Configuration {
    read(body).unwrap().complete().unwrap()
}

fn refused(body: &Value) -> (StatusCode, String, String) {
    let error = read(body).unwrap_err();
    (
        error.status(),
        error.code().to_owned(),
        error.message().unwrap_or_default().to_owned(),
    )
}

#[test]
fn a_new_function_has_awss_defaults() {
    let configuration = configured(&json!({ "Runtime": "python3.12", "Handler": "app.handler" }));
    assert_eq!(
        (configuration.timeout_seconds, configuration.memory_mb),
        (3, 128)
    );
    assert_eq!(configuration.tracing, TracingMode::PassThrough);
    assert_eq!(
        (
            configuration.environment,
            configuration.ephemeral_storage_mb
        ),
        (None, 512)
    );
}

#[test]
fn an_update_changes_only_what_it_names() {
    let mut configuration =
        configured(&json!({ "Runtime": "python3.12", "Handler": "a.b", "Timeout": 9 }));
    let wanted =
        read(&json!({ "MemorySize": 256, "Environment": { "Variables": { "SHELF": "b7" } } }))
            .unwrap();
    wanted.apply(&mut configuration);
    assert_eq!(
        (configuration.timeout_seconds, configuration.memory_mb),
        (9, 256)
    );
    assert_eq!(configuration.environment.unwrap()["SHELF"], "b7");
}

#[test]
fn limits_are_the_frameworks_to_refuse() {
    let (status, code, message) = refused(&json!({ "Timeout": 901, "MemorySize": 64 }));
    assert_eq!(
        (status, code.as_str()),
        (StatusCode::BAD_REQUEST, "ValidationException")
    );
    assert_eq!(
        message,
        "2 validation errors detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value \
         less than or equal to 900; Value '64' at 'memorySize' failed to satisfy constraint: Member must have value \
         greater than or equal to 128"
    );
}

#[test]
fn what_is_not_served_is_named() {
    for (body, named) in [
        (
            json!({ "Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:x:1"] }),
            "Layers",
        ),
        (
            json!({ "VpcConfig": { "SubnetIds": ["subnet-1"] } }),
            "VpcConfig",
        ),
        (json!({ "Publish": true }), "Publish"),
        (json!({ "PackageType": "Image" }), "Image"),
        (json!({ "LoggingConfig": { "LogFormat": "JSON" } }), "JSON"),
        (
            json!({ "SnapStart": { "ApplyOn": "PublishedVersions" } }),
            "SnapStart",
        ),
        (json!({ "Runtime": "java21" }), "java21"),
    ] {
        let (_, code, message) = refused(&body);
        assert_eq!(code, "InvalidParameterValueException");
        assert!(
            message.contains(named) && message.contains("not supported"),
            "{message}"
        );
    }
}

#[test]
fn members_that_say_nothing_are_let_through() {
    assert!(!says_something(
        &json!({ "SubnetIds": [], "Ipv6AllowedForDualStack": false, "X": null })
    ));
    let empty = json!({ "VpcConfig": { "SubnetIds": [] }, "Layers": [], "KMSKeyArn": "", "Publish": false });
    assert!(read(&empty).is_ok());
}

#[test]
fn reserved_variables_and_too_many_are_refused() {
    let variables = |variables: Value| json!({ "Environment": { "Variables": variables } });
    let (_, _, message) = refused(&variables(json!({ "AWS_REGION": "x", "FINE": "y" })));
    assert!(
        message.ends_with("Reserved keys used in this request: AWS_REGION"),
        "{message}"
    );
    let (_, _, message) = refused(&variables(json!({ "LARGE": "x".repeat(4096) })));
    assert!(
        message.contains("exceeded the 4KB limit. String measured: {\"LARGE\":\"xxx"),
        "{message}"
    );
}

#[test]
fn every_route_is_there_once() {
    use fluoro_wire::route::Matched;
    let routes = routes();
    let found = |method: Method, path: &str| match routes.find(&method, path) {
        Matched::Operation(operation, _) => Some(*operation),
        _ => None,
    };
    assert_eq!(
        found(Method::GET, "/2015-03-31/functions/"),
        Some(Operation::ListFunctions)
    );
    assert_eq!(
        found(Method::POST, "/2015-03-31/functions/f/invocations"),
        Some(Operation::Invoke)
    );
    let arn = "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af";
    assert_eq!(found(Method::GET, arn), Some(Operation::ListTags));
    let versions = found(Method::POST, "/2015-03-31/functions/f/versions");
    assert_eq!(versions, Some(Operation::Unsupported("PublishVersion")));
}
