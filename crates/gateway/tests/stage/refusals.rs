//! What cannot be set up is refused when it is set up, by name or in AWS's words.

use fluoro_gateway::management::{
    ManagementError, NewDeployment, NewIntegration, NewMethod, PatchOp, PatchOperation,
    RequestedKind,
};
use serde_json::json;

use crate::world::{World, mock, proxy};

fn text(error: Result<impl std::fmt::Debug, ManagementError>) -> String {
    error.unwrap_err().to_string()
}

async fn with_method() -> (World, String) {
    let world = World::new().await;
    let resource = world.resource("/x").await;
    let method = NewMethod {
        authorization_type: "NONE".to_owned(),
        ..NewMethod::default()
    };
    world
        .gateway
        .put_method(world.at(&resource, "GET"), method)
        .await
        .unwrap();
    (world, resource)
}

#[tokio::test]
async fn integrations_that_cannot_be_carried_out() {
    let (world, resource) = with_method().await;
    let web = |kind, uri: &str| NewIntegration {
        kind,
        http_method: Some("GET".to_owned()),
        uri: Some(uri.to_owned()),
        ..mock("")
    };
    let mapped = |destination: &str, source: &str| NewIntegration {
        request_parameters: [(destination.to_owned(), source.to_owned())].into(),
        ..web(RequestedKind::HttpProxy, "http://backend")
    };
    for (integration, words) in [
        (
            NewIntegration {
                http_method: None,
                ..web(RequestedKind::Http, "http://backend")
            },
            "Enumeration value for HttpMethod must be non-empty",
        ),
        (
            web(RequestedKind::Http, "http://backend"),
            "does not support integrations of type HTTP",
        ),
        (
            web(RequestedKind::Aws, "arn:aws:x"),
            "does not support integrations of type AWS",
        ),
        (
            web(RequestedKind::HttpProxy, "backend"),
            "Invalid HTTP endpoint specified for URI",
        ),
        (
            web(
                RequestedKind::AwsProxy,
                "arn:aws:lambda:us-east-1:000000000000:function:orders",
            ),
            "AWS ARN for integration must contain path or action",
        ),
        (
            web(
                RequestedKind::AwsProxy,
                "arn:aws:apigateway:us-east-1:dynamodb:action/GetItem",
            ),
            "currently only supports Lambda function and Firehose stream invocations.",
        ),
        (proxy("orders"), "Invalid lambda function"),
        (
            NewIntegration {
                timeout_ms: Some(49),
                ..mock("{}")
            },
            "Timeout should be between 50 ms and 29000 ms",
        ),
        (mock("#set($a = 1)"), "mapping template uses #set($a"),
        (
            mapped("integration.request.cookie.a", "'b'"),
            "integration.request.cookie.a",
        ),
        (
            mapped("integration.request.header.a", "nowhere"),
            "parameter specified: nowhere",
        ),
        (
            mapped("integration.request.header.a", "method.request.body.b"),
            "does not support mapping expression method.request.body.b",
        ),
    ] {
        let put = world
            .gateway
            .put_integration(world.at(&resource, "GET"), integration)
            .await;
        let message = text(put);
        assert!(message.contains(words), "{words} in {message}");
    }
}

#[test]
fn members_that_ask_for_more_are_refused_by_name() {
    for (members, named) in [
        (
            json!({"type": "MOCK", "credentials": "arn:aws:iam::0:role/r"}),
            "credentials",
        ),
        (
            json!({"type": "MOCK", "contentHandling": "CONVERT_TO_TEXT"}),
            "contentHandling",
        ),
        (
            json!({"type": "HTTP_PROXY", "connectionType": "VPC_LINK"}),
            "connectionType VPC_LINK",
        ),
        (
            json!({"type": "AWS_PROXY", "responseTransferMode": "STREAM"}),
            "responseTransferMode STREAM",
        ),
        (json!({"type": "HTTP_PROXY", "tlsConfig": {}}), "tlsConfig"),
        (json!({"type": "MOCK", "somethingNew": 1}), "somethingNew"),
    ] {
        let message = text(NewIntegration::from_members(members.as_object().unwrap()));
        assert!(message.contains(named), "{named} in {message}");
    }
}

#[tokio::test]
async fn methods_that_need_what_is_not_there() {
    let (world, resource) = with_method().await;
    for (verb, authorization, model, words) in [
        (
            "LOOK",
            "NONE",
            "Empty",
            "Invalid HttpMethod specified. Valid options are GET,PUT,POST,",
        ),
        (
            "GET",
            "AWS_IAM",
            "Empty",
            "does not support authorizationType AWS_IAM",
        ),
        ("GET", "CUSTOM", "Empty", "requires a valid authorizer."),
        ("GET", "NONE", "Pet", "Invalid model name specified: Pet"),
    ] {
        let method = NewMethod {
            authorization_type: authorization.to_owned(),
            request_models: [("application/json".to_owned(), model.to_owned())].into(),
            ..NewMethod::default()
        };
        let put = world
            .gateway
            .put_method(world.at(&resource, verb), method)
            .await;
        let message = text(put);
        assert!(message.contains(words), "{words} in {message}");
    }
}

#[tokio::test]
async fn resources_that_do_not_fit() {
    let world = World::new().await;
    let root = world.api.root_resource_id.clone();
    let greedy = world.resource("/{proxy+}").await;
    world.resource("/books").await;
    for (parent, part, words) in [
        (
            &root,
            "{dyn}",
            "A sibling ({proxy+}) of this resource already has a variable path part -- only one is allowed",
        ),
        (
            &greedy,
            "child",
            "Cannot create a child of a resource with a greedy path variable: {proxy+}",
        ),
        (
            &root,
            "books",
            "Another resource with the same parent already has this name: books",
        ),
        (
            &"nope00".to_owned(),
            "x",
            "Invalid Resource identifier specified",
        ),
        (
            &root,
            "a/b",
            "Resource's path part only allow a-zA-Z0-9._-:",
        ),
        (&root, "", "Resource's path part only allow a-zA-Z0-9._-:"),
        (
            &root,
            "{open",
            "Resource's path part only allow a-zA-Z0-9._-:",
        ),
    ] {
        let created = world
            .gateway
            .create_resource(&world.region, &world.api.id, parent, part)
            .await;
        let message = text(created);
        assert!(message.starts_with(words), "{words} in {message}");
    }
}

#[tokio::test]
async fn nothing_to_deploy() {
    let (world, resource) = with_method().await;
    let deploy = || async {
        let new = NewDeployment {
            stage_name: Some("dev".to_owned()),
            ..NewDeployment::default()
        };
        text(
            world
                .gateway
                .create_deployment(&world.region, &world.api.id, new)
                .await,
        )
    };
    assert_eq!(deploy().await, "No integration defined for method");
    world
        .gateway
        .delete_method(world.at(&resource, "GET"))
        .await
        .unwrap();
    assert_eq!(deploy().await, "The REST API doesn't contain any methods");
}

#[tokio::test]
async fn patches_of_a_stage() {
    let world = World::new().await;
    world.mock("GET", "/x", "{}").await;
    let deployment = world.deploy(false).await;
    for (op, path, value, words) in [
        (
            PatchOp::Replace,
            "/tags/tag1",
            "x",
            "Invalid method setting path: /tags/tag1. Must be one of: [/deploymentId, /description,",
        ),
        (
            PatchOp::Remove,
            "/*/*",
            "",
            "Cannot remove method setting */* because there is no method setting for this method ",
        ),
        (
            PatchOp::Replace,
            "/accessLogSettings/x",
            "y",
            "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, /accessLogSettings/format]",
        ),
        (
            PatchOp::Replace,
            "/accessLogSettings/destinationArn",
            "y",
            "Invalid ARN specified in the request. ARNs must start with 'arn:': y",
        ),
        (
            PatchOp::Replace,
            "/accessLogSettings/format",
            "y",
            "CloudWatch Logs role ARN must be set in account settings to enable logging",
        ),
        (
            PatchOp::Replace,
            "/*/*/logging/loglevel",
            "DEBUG",
            "Invalid logging level specified: DEBUG",
        ),
        (
            PatchOp::Replace,
            "/*/*/logging/loglevel",
            "INFO",
            "CloudWatch Logs role ARN must be set",
        ),
        (
            PatchOp::Replace,
            "/canarySettings/percentTraffic",
            "1",
            "Fluoro does not support canary releases yet",
        ),
        (
            PatchOp::Replace,
            "/cacheClusterEnabled",
            "true",
            "Fluoro does not support a stage's cache yet",
        ),
        (
            PatchOp::Replace,
            "/deploymentId",
            "nope00",
            "Invalid Deployment identifier specified",
        ),
        (
            PatchOp::Replace,
            "/variables/a",
            "no spaces",
            "Stage variable value no spaces is invalid.",
        ),
        (
            PatchOp::Copy,
            "/variables/a",
            "b",
            "Invalid patch operation specified.",
        ),
    ] {
        let patch = PatchOperation {
            op,
            path: path.to_owned(),
            value: Some(value.to_owned()),
        };
        let updated = world
            .gateway
            .update_stage(&world.region, &world.api.id, "dev", &[patch])
            .await;
        let message = text(updated);
        assert!(message.starts_with(words), "{words} in {message}");
    }
    let deleted = world
        .gateway
        .delete_deployment(&world.region, &world.api.id, &deployment)
        .await;
    assert_eq!(
        text(deleted),
        "Active stages pointing to this deployment must be moved or deleted"
    );
}

#[tokio::test]
async fn a_method_setting_comes_with_every_default() {
    let world = World::new().await;
    world.mock("GET", "/x", "{}").await;
    world.deploy(false).await;
    world
        .patch_stage("/~1x/GET/throttling/rateLimit", "5")
        .await;
    let stage = world
        .gateway
        .stage(&world.region, &world.api.id, "dev")
        .await;
    let settings = stage.unwrap().method_settings;
    assert_eq!(
        serde_json::to_value(&settings).unwrap(),
        json!({"~1x/GET": {
            "metricsEnabled": false,
            "dataTraceEnabled": false,
            "throttlingBurstLimit": 5000,
            "throttlingRateLimit": 5.0,
            "cachingEnabled": false,
            "cacheTtlInSeconds": 300,
            "cacheDataEncrypted": false,
            "requireAuthorizationForCacheControl": true,
            "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
        }})
    );
}
