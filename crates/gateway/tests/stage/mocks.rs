//! MOCK integrations.

use fluoro_gateway::management::NewDeployment;
use fluoro_gateway::records::Passthrough;
use serde_json::json;

use crate::world::{Request, World, mock};

#[tokio::test]
async fn a_preflight_as_the_console_makes_it() {
    let world = World::new().await;
    // As CDK writes it: without quotes.
    world
        .integrate("OPTIONS", "/x", mock("{ statusCode: 204 }"))
        .await;
    world
        .mock_response("OPTIONS", "/x", "204", |response| {
            for (header, value) in [("Origin", "'*'"), ("Methods", "'GET,OPTIONS'")] {
                response.response_parameters.insert(
                    format!("method.response.header.Access-Control-Allow-{header}"),
                    value.to_owned(),
                );
            }
        })
        .await;
    world.deploy(false).await;
    let answer = world.send(Request::new("OPTIONS", "/x")).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(
        answer.header("access-control-allow-methods"),
        Some("GET,OPTIONS")
    );
}

#[tokio::test]
async fn the_status_that_the_request_template_yields_chooses_the_response() {
    let world = World::new().await;
    let template = r#"{"statusCode": $input.params("want")}"#;
    world.integrate("GET", "/pick", mock(template)).await;
    for (status, pattern, picked) in [
        ("200", None, "default"),
        ("404", Some("404"), "missing"),
        ("500", Some(r"5\d{2}"), "broken"),
    ] {
        world
            .mock_response("GET", "/pick", status, |response| {
                response.selection_pattern = pattern.map(str::to_owned);
                response.response_templates.insert(
                    "application/json".to_owned(),
                    format!(r#"{{"picked": "{picked}"}}"#),
                );
            })
            .await;
    }
    world.deploy(false).await;
    for (want, status, picked) in [
        ("200", 200, "default"),
        ("201", 200, "default"),
        ("404", 404, "missing"),
        ("503", 500, "broken"),
    ] {
        let answer = world
            .send(Request::get(&format!("/pick?want={want}")))
            .await;
        assert_eq!(answer.status.as_u16(), status, "{want}");
        assert_eq!(answer.json(), json!({"picked": picked}), "{want}");
    }
    // No status at all cannot choose.
    assert_eq!(world.send(Request::get("/pick")).await.status, 500);
}

#[tokio::test]
async fn references_print_their_value_and_a_missing_one_prints_nothing() {
    let world = World::new().await;
    world
        .mock(
            "GET",
            "/t/{name}",
            r#"$input.params('name')|$input.params('q')|$input.params('x-h')|$input.params('none')|$stageVariables.tier|$context.stage|$context.identity.caller|"#,
        )
        .await;
    let variables = [("tier".to_owned(), "gold".to_owned())];
    world
        .deploy_as(NewDeployment {
            stage_name: Some("dev".to_owned()),
            variables: Some(variables.into()),
            ..NewDeployment::default()
        })
        .await;
    let answer = world
        .send(Request::get("/t/a?q=1").header("x-h", "2"))
        .await;
    assert_eq!(answer.body, "a|1|2||gold|dev||");
}

#[tokio::test]
async fn a_content_type_without_template_passes_its_body_on_or_is_415() {
    for (passthrough, status) in [
        (Passthrough::WhenNoMatch, 200),
        (Passthrough::WhenNoTemplates, 415),
        (Passthrough::Never, 415),
    ] {
        let world = World::new().await;
        let integration = fluoro_gateway::management::NewIntegration {
            passthrough,
            ..mock(r#"{"statusCode": 200}"#)
        };
        world.integrate("POST", "/x", integration).await;
        world.mock_response("POST", "/x", "200", |_| {}).await;
        world.deploy(false).await;
        let request = Request::new("POST", "/x")
            .header("content-type", "text/plain")
            .body(r#"{"statusCode": 200}"#);
        assert_eq!(
            world.send(request).await.status.as_u16(),
            status,
            "{passthrough:?}"
        );
    }
}

#[tokio::test]
async fn the_template_is_the_one_that_the_client_accepts_first() {
    let world = World::new().await;
    world.mock("GET", "/x", "{}").await;
    world
        .integrate("GET", "/y", mock(r#"{"statusCode": 200}"#))
        .await;
    world
        .mock_response("GET", "/y", "200", |response| {
            for (content_type, text) in [("application/json", "{}"), ("text/xml", "<a/>")] {
                response
                    .response_templates
                    .insert(content_type.to_owned(), text.to_owned());
            }
        })
        .await;
    world.deploy(false).await;
    for (accept, content_type, body) in [
        ("text/xml, */*", "text/xml", "<a/>"),
        ("image/png", "application/json", "{}"),
    ] {
        let answer = world
            .send(Request::get("/y").header("accept", accept))
            .await;
        assert_eq!(answer.header("content-type"), Some(content_type));
        assert_eq!(answer.body, body);
    }
}
