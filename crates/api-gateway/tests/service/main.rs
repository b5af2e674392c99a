//! The service called as dispatch calls it: requests in, statuses, headers and bodies out.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod world;

use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn a_new_api_has_what_was_recorded_and_nothing_that_was_not_given() {
    let world = World::new().await;
    let made = world
        .call("POST", "/restapis", json!({"name": "plain"}))
        .await;
    assert_eq!(made.status, 201);
    let id = made.text("id");
    assert_eq!(
        made.json,
        json!({
            "id": id,
            "name": "plain",
            "createdDate": 1_795_428_672,
            "apiKeySource": "HEADER",
            "endpointConfiguration": {"types": ["EDGE"], "ipAddressType": "ipv4"},
            "disableExecuteApiEndpoint": false,
            "rootResourceId": made.text("rootResourceId"),
            "apiStatus": "AVAILABLE",
        })
    );
    assert_eq!(id.len(), 10);
    let resources = world.get(&format!("/restapis/{id}/resources")).await;
    let root = json!({"id": made.text("rootResourceId"), "path": "/"});
    assert_eq!(resources.json, json!({"item": [root]}));
}

#[tokio::test]
async fn every_answer_has_both_ids_and_an_error_its_type_and_its_message_alone() {
    let world = World::new().await;
    let missing = world.get("/restapis/nope000000").await;
    assert_eq!(missing.status, 404);
    assert_eq!(
        missing.json,
        json!({"message": "Invalid API identifier specified 000000000000:nope000000"})
    );
    assert_eq!(
        missing.header("x-amzn-errortype"),
        Some("NotFoundException")
    );
    assert_eq!(missing.header("x-amzn-requestid"), Some(world::REQUEST_ID));
    assert!(missing.header("x-amz-apigw-id").unwrap().ends_with('='));
}

/// Status, error type and message of refusals.
#[tokio::test]
async fn refusals_have_awss_words() {
    let world = World::new().await;
    let (api, root) = world.api("books").await;
    let at = format!("/restapis/{api}/resources/{root}/methods");
    world
        .call(
            "PUT",
            &format!("{at}/GET"),
            json!({"authorizationType": "NONE"}),
        )
        .await;
    for (method, path, body, status, code, message) in [
        (
            "POST",
            "/restapis".to_owned(),
            json!({}),
            400,
            "BadRequestException",
            "Invalid API name specified",
        ),
        (
            "POST",
            "/restapis".to_owned(),
            json!({"name": "x", "policy": "{}"}),
            400,
            "BadRequestException",
            "Fluoro does not support policy of a REST API yet",
        ),
        (
            "POST",
            "/restapis".to_owned(),
            json!({"name": 1}),
            400,
            "SerializationException",
            "NUMBER_VALUE can not be converted to a String",
        ),
        (
            "GET",
            format!("/restapis/{api}/resources/nope00"),
            Value::Null,
            404,
            "NotFoundException",
            "Invalid Resource identifier specified",
        ),
        (
            "GET",
            format!("{at}/POST"),
            Value::Null,
            404,
            "NotFoundException",
            "Invalid Method identifier specified",
        ),
        (
            "GET",
            format!("{at}/GET/integration"),
            Value::Null,
            404,
            "NotFoundException",
            "Invalid Integration identifier specified",
        ),
        (
            "GET",
            format!("{at}/GET/responses/201"),
            Value::Null,
            404,
            "NotFoundException",
            "Invalid Response status code specified",
        ),
        (
            "PUT",
            format!("{at}/GET/integration"),
            json!({"type": "HTTPS_PROXY", "uri": "http://example.com"}),
            400,
            "ValidationException",
            "1 validation error detected: Value 'HTTPS_PROXY' at 'putIntegrationInput.type' failed to satisfy constraint: Member must satisfy enum value set: [HTTP, MOCK, AWS_PROXY, HTTP_PROXY, AWS]",
        ),
        (
            "PATCH",
            format!("/restapis/{api}"),
            json!({"patchOperations": [{"op": "replace", "path": "/x", "value": "y"}]}),
            400,
            "BadRequestException",
            "Invalid patch path  '/x' specified for op 'replace'. Must be one of: [/name, /description, /binaryMediaTypes/{type}, /minimumCompressionSize, /disableExecuteApiEndpoint, /endpointConfiguration/types/{type}, /endpointConfiguration/ipAddressType]",
        ),
        (
            "PATCH",
            format!("/restapis/{api}"),
            json!({"patchOperations": [{"op": "replace", "path": "/binaryMediaTypes", "value": "image/gif"}]}),
            400,
            "BadRequestException",
            "Invalid patch path /binaryMediaTypes",
        ),
        (
            "POST",
            format!("/restapis/{api}/deployments"),
            json!({"canarySettings": {"percentTraffic": 50}}),
            400,
            "BadRequestException",
            "Invalid deployment content specified.Non null and non empty stageName must be provided for canary deployment. Provided value is null",
        ),
        (
            "POST",
            format!("/restapis/{api}/authorizers"),
            json!({}),
            400,
            "BadRequestException",
            "Fluoro does not support the operation CreateAuthorizer yet",
        ),
        (
            "GET",
            "/nothing".to_owned(),
            Value::Null,
            404,
            "UnknownOperationException",
            "GET /nothing is no operation of API Gateway",
        ),
    ] {
        let refused = world.call(method, &path, body).await;
        let seen = (refused.status, refused.header("x-amzn-errortype"));
        assert_eq!(
            seen,
            (status, Some(code)),
            "{method} {path}: {}",
            refused.json
        );
        // The framework's own errors say `Message`; this service's say `message`.
        let said = refused.json.get("message").or(refused.json.get("Message"));
        assert_eq!(said.unwrap(), message);
    }
}

#[tokio::test]
async fn a_method_shows_its_integration_and_answers_with_their_defaults() {
    let world = World::new().await;
    let (api, root) = world.api("books").await;
    let at = format!("/restapis/{api}/resources/{root}/methods/GET");
    let method = world
        .call("PUT", &at, json!({"authorizationType": "NONE"}))
        .await;
    assert_eq!(method.status, 201);
    assert_eq!(
        method.json,
        json!({"httpMethod": "GET", "authorizationType": "NONE", "apiKeyRequired": false})
    );
    let integration = world
        .call(
            "PUT",
            &format!("{at}/integration"),
            world::mock("{\"statusCode\": 200}"),
        )
        .await;
    assert_eq!(integration.status, 201);
    let response = json!({"responseParameters": {"method.response.header.X-A": false}});
    let response = world
        .call("PUT", &format!("{at}/responses/200"), response)
        .await;
    assert_eq!(response.status, 201);
    let mapped = json!({"responseParameters": {"method.response.header.X-A": "'a'"}});
    let mapped = world
        .call("PUT", &format!("{at}/integration/responses/200"), mapped)
        .await;
    assert_eq!(mapped.status, 201);
    let shown = json!({
        "httpMethod": "GET",
        "authorizationType": "NONE",
        "apiKeyRequired": false,
        "methodResponses": {"200": {
            "statusCode": "200",
            "responseParameters": {"method.response.header.X-A": false},
        }},
        "methodIntegration": {
            "type": "MOCK",
            "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
            "passthroughBehavior": "WHEN_NO_MATCH",
            "timeoutInMillis": 29000,
            "cacheNamespace": root,
            "cacheKeyParameters": [],
            "integrationResponses": {"200": {
                "statusCode": "200",
                "responseParameters": {"method.response.header.X-A": "'a'"},
            }},
            "responseTransferMode": "BUFFERED",
        },
    });
    assert_eq!(world.get(&at).await.json, shown);
    let named = world.get(&format!("/restapis/{api}/resources")).await;
    assert_eq!(named.json["item"][0]["resourceMethods"], json!({"GET": {}}));
    let embedded = world
        .get(&format!("/restapis/{api}/resources?embed=methods"))
        .await;
    assert_eq!(embedded.json["item"][0]["resourceMethods"]["GET"], shown);
}

/// Statuses of everything that deletes. Source: API model.
#[tokio::test]
async fn deletions_answer_202_or_204_with_no_body() {
    let world = World::new().await;
    let (api, deployment) = world.deployed("books").await;
    let at = format!("/restapis/{api}");
    let root = world.get(&at).await.text("rootResourceId");
    let method = format!("{at}/resources/{root}/methods/GET");
    let child = world
        .call(
            "POST",
            &format!("{at}/resources/{root}"),
            json!({"pathPart": "x"}),
        )
        .await;
    for (path, status) in [
        (format!("{method}/integration/responses/200"), 204),
        (format!("{method}/responses/200"), 204),
        (format!("{method}/integration"), 204),
        (method.clone(), 204),
        (format!("{at}/resources/{}", child.text("id")), 202),
        (format!("{at}/stages/dev"), 202),
        (format!("{at}/deployments/{deployment}"), 202),
        (at.clone(), 202),
    ] {
        let deleted = world.call("DELETE", &path, Value::Null).await;
        assert_eq!(
            (deleted.status, deleted.json.clone()),
            (status, Value::Null),
            "{path}"
        );
        let again = world.call("DELETE", &path, Value::Null).await;
        assert_eq!(again.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_bare_stage_is_exactly_what_was_recorded() {
    let world = World::new().await;
    let (api, deployment) = world.deployed("books").await;
    let stages = world.get(&format!("/restapis/{api}/stages")).await;
    let bare = json!({
        "deploymentId": deployment,
        "stageName": "dev",
        "cacheClusterEnabled": false,
        "cacheClusterStatus": "NOT_AVAILABLE",
        "methodSettings": {},
        "tracingEnabled": false,
        "createdDate": 1_795_428_672,
        "lastUpdatedDate": 1_795_428_672,
    });
    assert_eq!(stages.json, json!({"item": [bare]}));
    let none = world
        .get(&format!("/restapis/{api}/stages?deploymentId=nope00"))
        .await;
    assert_eq!(none.json, json!({"item": []}));
    let patch =
        json!({"patchOperations": [{"op": "replace", "path": "/tracingEnabled", "value": "true"}]});
    let traced = world
        .call("PATCH", &format!("/restapis/{api}/stages/dev"), patch)
        .await;
    assert_eq!(
        (traced.status, &traced.json["tracingEnabled"]),
        (200, &json!(true))
    );
}

#[tokio::test]
async fn a_deployment_shows_its_summary_when_asked() {
    let world = World::new().await;
    let (api, deployment) = world.deployed("books").await;
    let at = format!("/restapis/{api}/deployments/{deployment}");
    let plain = json!({"id": deployment, "createdDate": 1_795_428_672});
    assert_eq!(world.get(&at).await.json, plain);
    let summary = json!({"/": {"GET": {"authorizationType": "NONE", "apiKeyRequired": false}}});
    let shown = world.get(&format!("{at}?embed=apisummary")).await;
    assert_eq!(shown.json["apiSummary"], summary);
}

#[tokio::test]
async fn collections_come_in_pages() {
    let world = World::new().await;
    let mut made = Vec::new();
    for name in ["a", "b", "c"] {
        made.push(world.api(name).await.0);
    }
    let first = world.get("/restapis?limit=2").await;
    let ids = |page: &Value| -> Vec<String> {
        let items = page["item"].as_array().unwrap().iter();
        items
            .map(|api| api["id"].as_str().unwrap().to_owned())
            .collect()
    };
    made.sort();
    assert_eq!(ids(&first.json).len(), 2);
    let position = first.text("position");
    let second = world
        .get(&format!("/restapis?limit=2&position={position}"))
        .await;
    assert_eq!(second.json.get("position"), None);
    let mut all = [ids(&first.json), ids(&second.json)].concat();
    all.sort();
    assert_eq!(all, made);
    for query in ["limit=0", "limit=501", "limit=x", "position=nope"] {
        assert_eq!(
            world.get(&format!("/restapis?{query}")).await.status,
            400,
            "{query}"
        );
    }
}

#[tokio::test]
async fn tags_of_apis_and_stages_by_arn() {
    let world = World::new().await;
    let (api, _) = world.deployed("books").await;
    for of in [
        format!("/restapis/{api}"),
        format!("/restapis/{api}/stages/dev"),
    ] {
        let arn = format!("arn:aws:apigateway:us-east-1::{of}");
        let path = format!("/tags/{}", arn.replace(':', "%3A").replace('/', "%2F"));
        let tags = json!({"tags": {"team": "maps", "tier": "gold"}});
        assert_eq!(world.call("PUT", &path, tags).await.status, 204);
        let removed = world
            .call("DELETE", &format!("{path}?tagKeys=tier"), Value::Null)
            .await;
        assert_eq!(removed.status, 204);
        assert_eq!(
            world.get(&path).await.json,
            json!({"tags": {"team": "maps"}})
        );
        assert_eq!(world.get(&of).await.json["tags"], json!({"team": "maps"}));
    }
    assert_eq!(
        world.get("/tags/arn%3Aaws%3As3%3A%3A%3Ab").await.status,
        400
    );
}

#[tokio::test]
async fn an_import_answers_as_a_creation_and_a_put_as_an_update() {
    let world = World::new().await;
    let document = json!({
        "openapi": "3.0.1",
        "info": {"title": "shop", "version": "2"},
        "components": {"schemas": {"Pet": {"type": "object"}}},
        "paths": {"/a": {"get": {"x-amazon-apigateway-integration": world::mock("{\"statusCode\": 200}")}}},
    });
    let path = "/restapis?mode=import&endpointConfigurationTypes=REGIONAL";
    let imported = world.call("POST", path, document.clone()).await;
    assert_eq!(
        (imported.status, imported.text("name")),
        (201, "shop".to_owned())
    );
    assert_eq!(
        imported.json["endpointConfiguration"]["types"],
        json!(["REGIONAL"])
    );
    assert_eq!(imported.json["warnings"].as_array().unwrap().len(), 1);
    let at = format!("/restapis/{}?mode=overwrite", imported.text("id"));
    assert_eq!(world.call("PUT", &at, document.clone()).await.status, 200);
    let strict = world
        .call(
            "POST",
            "/restapis?mode=import&failonwarnings=true",
            document.clone(),
        )
        .await;
    assert_eq!(strict.status, 400);
    let unknown = world
        .call("POST", "/restapis?mode=import&nope=1", document)
        .await;
    assert_eq!(
        unknown.json,
        json!({"message": "Fluoro does not support the import parameter nope yet"})
    );
}

#[tokio::test]
async fn the_default_gateway_responses_are_listed_all_of_them() {
    let world = World::new().await;
    let (api, _) = world.api("books").await;
    let list = world
        .get(&format!("/restapis/{api}/gatewayresponses"))
        .await;
    let items = list.json["item"].as_array().unwrap();
    assert_eq!(items.len(), 21);
    let one = world
        .get(&format!(
            "/restapis/{api}/gatewayresponses/MISSING_AUTHENTICATION_TOKEN"
        ))
        .await;
    assert_eq!(
        one.json,
        json!({
            "responseType": "MISSING_AUTHENTICATION_TOKEN",
            "statusCode": "403",
            "responseParameters": {},
            "responseTemplates": {"application/json": "{\"message\":$context.error.messageString}"},
            "defaultResponse": true,
        })
    );
    let default = items
        .iter()
        .find(|one| one["responseType"] == "DEFAULT_4XX");
    assert_eq!(default.unwrap().get("statusCode"), None);
}

/// A setting that changes nothing yet says so wherever the API is shown.
#[tokio::test]
async fn a_size_for_compression_is_kept_with_a_warning() {
    let world = World::new().await;
    let (api, _) = world.api("books").await;
    let patch = json!({"patchOperations": [
        {"op": "replace", "path": "/minimumCompressionSize", "value": "10"},
        {"op": "add", "path": "/binaryMediaTypes/image~1png"},
    ]});
    let updated = world
        .call("PATCH", &format!("/restapis/{api}"), patch)
        .await;
    assert_eq!(updated.json["minimumCompressionSize"], 10);
    assert_eq!(updated.json["binaryMediaTypes"], json!(["image/png"]));
    let warnings = updated.json["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1);
}
