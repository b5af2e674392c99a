//! APIs from OpenAPI documents.

use fluoro_gateway::management::{
    BasePath, ImportOptions, ManagementError, NewDeployment, PutMode,
};
use fluoro_gateway::records::RestApi;
use serde_json::{Value, json};

use crate::world::{FUNCTION, Request, World};

fn mocked(words: &str) -> Value {
    json!({
        "type": "mock",
        "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
        "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": words}}},
    })
}

fn swagger() -> Value {
    json!({
        "swagger": "2.0",
        "info": {"title": "bookshop", "version": "1.0.0"},
        "basePath": "/shop/v1",
        "paths": {
            "/books": {"get": {
                "operationId": "listBooks",
                "responses": {"200": {"description": "ok"}},
                "x-amazon-apigateway-integration": mocked(r#"{"from": "books"}"#),
            }},
            "/books/{id}": {"get": {
                "parameters": [{"name": "id", "in": "path", "required": true, "type": "string"}],
                "responses": {"200": {"description": "ok", "headers": {"X-Total": {"type": "string"}}}},
                "x-amazon-apigateway-integration": mocked(r#"{"book": "$input.params('id')"}"#),
            }},
        },
    })
}

async fn import(
    world: &World,
    document: &Value,
    options: ImportOptions,
) -> Result<RestApi, ManagementError> {
    let body = document.to_string();
    world
        .gateway
        .import_rest_api(&world.region, body.as_bytes(), options)
        .await
}

async fn paths(world: &World, api: &RestApi) -> Vec<String> {
    let resources = world
        .gateway
        .resources(&world.region, &api.id)
        .await
        .unwrap();
    resources
        .into_iter()
        .map(|resource| resource.path)
        .collect()
}

/// The world with another API in front.
async fn deployed(world: World, api: RestApi) -> World {
    let new = NewDeployment {
        stage_name: Some("dev".to_owned()),
        ..NewDeployment::default()
    };
    world
        .gateway
        .create_deployment(&world.region, &api.id, new)
        .await
        .unwrap();
    World { api, ..world }
}

#[tokio::test]
async fn swagger_two_is_ready_to_deploy() {
    let world = World::new().await;
    let api = import(&world, &swagger(), ImportOptions::default())
        .await
        .unwrap();
    assert_eq!(
        (&*api.name, api.version.as_deref()),
        ("bookshop", Some("1.0.0"))
    );
    assert_eq!(paths(&world, &api).await, ["/", "/books", "/books/{id}"]);
    let world = deployed(world, api).await;
    let book = world.send(Request::get("/books/17")).await;
    assert_eq!(book.json(), json!({"book": "17"}));
}

#[tokio::test]
async fn yaml_reads_as_json_does() {
    let world = World::new().await;
    let document = format!(
        "openapi: 3.0.1\ninfo:\n  title: shop\n  version: '2'\npaths:\n  /items/{{proxy+}}:\n    x-amazon-apigateway-any-method:\n      parameters:\n      - name: proxy\n        in: path\n        required: true\n      x-amazon-apigateway-integration:\n        type: aws_proxy\n        httpMethod: POST\n        uri: arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations\n        passthroughBehavior: when_no_match\n"
    );
    let api = world
        .gateway
        .import_rest_api(&world.region, document.as_bytes(), ImportOptions::default())
        .await
        .unwrap();
    let permission = world.invoker.policy.lock().take().unwrap();
    *world.invoker.policy.lock() = Some(permission.replace(&world.api.id, &api.id));
    let world = deployed(world, api).await;
    assert_eq!(
        world.send(Request::new("PUT", "/items/a/b")).await.status,
        200
    );
    let event = world.invoker.event();
    assert_eq!(event["resource"], "/items/{proxy+}");
    assert_eq!(event["pathParameters"], json!({"proxy": "a/b"}));
}

#[tokio::test]
async fn a_base_path_is_ignored_prepended_or_split() {
    let world = World::new().await;
    let three = {
        let mut document = swagger();
        let members = document.as_object_mut().unwrap();
        members.remove("swagger");
        members.remove("basePath");
        members.insert("openapi".to_owned(), json!("3.0.1"));
        members.insert(
            "servers".to_owned(),
            json!([{"url": "https://example.com/shop/v1"}]),
        );
        document
    };
    for (mode, wanted) in [
        (BasePath::Ignore, vec!["/", "/books", "/books/{id}"]),
        (
            BasePath::Prepend,
            vec![
                "/",
                "/shop",
                "/shop/v1",
                "/shop/v1/books",
                "/shop/v1/books/{id}",
            ],
        ),
        (
            BasePath::Split,
            vec!["/", "/v1", "/v1/books", "/v1/books/{id}"],
        ),
    ] {
        for document in [&swagger(), &three] {
            let options = ImportOptions {
                base_path: mode,
                ..ImportOptions::default()
            };
            let api = import(&world, document, options).await.unwrap();
            assert_eq!(paths(&world, &api).await, wanted, "{mode:?}");
        }
    }
}

#[tokio::test]
async fn overwrite_replaces_and_merge_keeps() {
    let world = World::new().await;
    let api = import(&world, &swagger(), ImportOptions::default())
        .await
        .unwrap();
    let more = json!({
        "swagger": "2.0",
        "info": {"title": "bookshop two", "version": "1.1"},
        "paths": {"/maps": {"get": {"responses": {}, "x-amazon-apigateway-integration": mocked("{}")}}},
    })
    .to_string();
    for (mode, wanted) in [
        (PutMode::Merge, vec!["/", "/books", "/books/{id}", "/maps"]),
        (PutMode::Overwrite, vec!["/", "/maps"]),
    ] {
        let changed = world
            .gateway
            .put_rest_api(
                &world.region,
                &api.id,
                mode,
                more.as_bytes(),
                ImportOptions::default(),
            )
            .await
            .unwrap();
        assert_eq!(paths(&world, &api).await, wanted, "{mode:?}");
        assert_eq!((&changed.id, &*changed.name), (&api.id, "bookshop two"));
        assert_eq!(changed.version.as_deref(), Some("1.1"));
    }
}

#[tokio::test]
async fn what_is_no_document_is_refused() {
    let world = World::new().await;
    for body in [
        "{ this is not JSON",
        "title: [unclosed",
        "",
        "[]",
        "17",
        "info: {title: x}",
        "swagger: '1.2'",
    ] {
        let imported = world
            .gateway
            .import_rest_api(&world.region, body.as_bytes(), ImportOptions::default())
            .await;
        assert_eq!(
            imported.unwrap_err().to_string(),
            "Invalid OpenAPI input.",
            "{body}"
        );
    }
}

#[tokio::test]
async fn what_changes_an_api_and_cannot_be_done_is_refused_by_name() {
    let world = World::new().await;
    for (pointer, value) in [
        ("/securityDefinitions", json!({"key": {"type": "apiKey"}})),
        ("/x-amazon-apigateway-policy", json!({})),
        ("/x-amazon-apigateway-gateway-responses", json!({})),
        ("/x-amazon-apigateway-request-validators", json!({})),
        ("/paths/~1books/get/security", json!([{"key": []}])),
        (
            "/paths/~1books/get/x-amazon-apigateway-request-validator",
            json!("all"),
        ),
        (
            "/paths/~1books/get/x-amazon-apigateway-integration/credentials",
            json!("arn"),
        ),
        ("/paths/~1books/trace", json!({})),
    ] {
        let mut document = swagger();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = document
            .pointer_mut(parent)
            .unwrap()
            .as_object_mut()
            .unwrap();
        parent.insert(name.to_owned(), value);
        let refused = import(&world, &document, ImportOptions::default()).await;
        let message = refused.unwrap_err().to_string();
        assert!(message.contains(name), "{name} in {message}");
    }
}

#[tokio::test]
async fn models_are_left_out_with_a_warning_that_may_be_an_error() {
    let world = World::new().await;
    let mut document = swagger();
    document["definitions"] = json!({"Book": {"type": "object"}});
    let api = import(&world, &document, ImportOptions::default())
        .await
        .unwrap();
    assert_eq!(
        api.warnings,
        ["Models are not supported yet: Book was left out"]
    );
    let strict = ImportOptions {
        fail_on_warnings: true,
        ..ImportOptions::default()
    };
    let message = import(&world, &document, strict)
        .await
        .unwrap_err()
        .to_string();
    assert!(message.contains("Book was left out"), "{message}");
}

#[tokio::test]
async fn an_error_says_where_in_the_document_it_is() {
    let world = World::new().await;
    let mut document = swagger();
    document["paths"]["/books"]["get"]["x-amazon-apigateway-integration"]["timeoutInMillis"] =
        json!(7);
    let message = import(&world, &document, ImportOptions::default())
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        "Errors found during import:\n\tUnable to put method 'GET' on resource at path '/books': Timeout should be between 50 ms and 29000 ms"
    );
}

#[tokio::test]
async fn an_import_makes_nothing_that_could_not_be_created() {
    let world = World::new().await;
    let (options, mode) = (ImportOptions::default(), PutMode::Merge);
    let mut nameless = swagger();
    nameless["info"]["title"] = json!(" ");
    let mut large = swagger();
    large["x-amazon-apigateway-minimum-compression-size"] = json!(10_485_761);
    for document in [nameless, large] {
        let made = import(&world, &document, options).await;
        assert!(
            matches!(made, Err(ManagementError::BadRequest(_))),
            "{made:?}"
        );
        let body = document.to_string();
        let put = world
            .gateway
            .put_rest_api(&world.region, &world.api.id, mode, body.as_bytes(), options)
            .await;
        assert!(
            matches!(put, Err(ManagementError::BadRequest(_))),
            "{put:?}"
        );
    }
}
