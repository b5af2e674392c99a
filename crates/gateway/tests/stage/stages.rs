//! Deployments as snapshots, stages and their switches, and what survives a restart.

use std::sync::Arc;

use fluoro_ambient::Ambient;
use fluoro_gateway::management::{
    ManagementError, NewDeployment, NewStage, PatchOp, PatchOperation,
};
use fluoro_gateway::{Gateway, GatewaySettings, Parts, Room};
use fluoro_sampling::KeepUnsampled;
use fluoro_statistics::Statistics;
use fluoro_wire::AccountId;
use serde_json::json;

use crate::world::{FUNCTION, Request, World, proxy};

#[tokio::test]
async fn a_stage_serves_its_deployment_whatever_is_edited_since() {
    let world = World::new().await;
    world.mock("GET", "/x", r#"{"version": 1}"#).await;
    let first = world.deploy(false).await;
    let resource = world.resource("/x").await;
    let patch = PatchOperation {
        op: PatchOp::Replace,
        path: "/responseTemplates/application~1json".to_owned(),
        value: Some(r#"{"version": 2}"#.to_owned()),
    };
    world
        .gateway
        .update_integration_response(world.at(&resource, "GET"), "200", &[patch])
        .await
        .unwrap();
    world.mock("GET", "/new", "{}").await;
    assert_eq!(
        world.send(Request::get("/x")).await.json(),
        json!({"version": 1})
    );
    assert_eq!(world.send(Request::get("/new")).await.status, 403);
    world.deploy(false).await;
    assert_eq!(
        world.send(Request::get("/x")).await.json(),
        json!({"version": 2})
    );
    assert_eq!(world.send(Request::get("/new")).await.status, 200);
    world.patch_stage("/deploymentId", &first).await;
    assert_eq!(
        world.send(Request::get("/x")).await.json(),
        json!({"version": 1})
    );
}

#[tokio::test]
async fn a_setting_that_does_nothing_is_told() {
    let world = World::new().await;
    world.mock("GET", "/x", "{}").await;
    world.deploy(false).await;
    let told = async || world.gateway.without_effect().await.unwrap();
    assert_eq!(told().await, []);
    // A default is no wish.
    world
        .patch_stage("/*/*/throttling/burstLimit", "5000")
        .await;
    assert_eq!(told().await, []);
    world
        .patch_stage("/~1x/GET/throttling/rateLimit", "2.5")
        .await;
    world.patch_stage("/*/*/metrics/enabled", "true").await;
    let found = told().await;
    let settings: Vec<&str> = found.iter().map(|one| one.setting.as_str()).collect();
    let throttling = "throttling rateLimit 2.5, burstLimit 5000 for ~1x/GET";
    assert_eq!(settings, ["metrics enabled for */*", throttling]);
    let of = format!("stage dev of API {} in {}", world.api.id, world.region);
    assert!(found.iter().all(|one| one.of == of), "{found:?}");
}

#[tokio::test]
async fn tracing_is_switched_by_deployment_stage_and_patch_at_once() {
    let world = World::new().await;
    world.mock("GET", "/x", "{}").await;
    let deployment = world.deploy(true).await;
    let recorded = |count: usize| assert_eq!(world.sink.count(), count);
    world.send(Request::get("/x")).await;
    recorded(1);
    world.patch_stage("/tracingEnabled", "false").await;
    world.send(Request::get("/x")).await;
    recorded(1);
    world.patch_stage("/tracingEnabled", "True").await;
    world.send(Request::get("/x")).await;
    recorded(2);
    let stage = NewStage {
        name: "own".to_owned(),
        deployment_id: deployment,
        tracing_enabled: true,
        ..NewStage::default()
    };
    let (gateway, region, api) = (&world.gateway, &world.region, &world.api.id);
    gateway.create_stage(region, api, stage).await.unwrap();
    world.send(Request::get("/x").stage("own")).await;
    recorded(3);
    // A new deployment without a word on tracing leaves it as it is.
    let again = NewDeployment {
        stage_name: Some("dev".to_owned()),
        ..NewDeployment::default()
    };
    world.deploy_as(again).await;
    assert!(
        gateway
            .stage(region, api, "dev")
            .await
            .unwrap()
            .tracing_enabled
    );
}

#[tokio::test]
async fn a_variable_chooses_the_function() {
    let world = World::new().await;
    let function = FUNCTION.replace("orders", "${stageVariables.fn}");
    world
        .integrate("GET", "/items/{id}", proxy(&function))
        .await;
    let variables = [("fn".to_owned(), "orders".to_owned())];
    world
        .deploy_as(NewDeployment {
            stage_name: Some("dev".to_owned()),
            variables: Some(variables.into()),
            ..NewDeployment::default()
        })
        .await;
    assert_eq!(world.send(Request::get("/items/17")).await.status, 200);
    assert_eq!(world.invoker.seen.lock()[0].function_arn, FUNCTION);
    // Without it there is no function to call.
    world
        .deploy_as(NewDeployment {
            stage_name: Some("bare".to_owned()),
            ..NewDeployment::default()
        })
        .await;
    assert_eq!(
        world
            .send(Request::get("/items/17").stage("bare"))
            .await
            .status,
        500
    );
}

#[tokio::test]
async fn a_name_that_changes_shows_in_traces_at_once() {
    let world = World::new().await;
    world.mock("GET", "/x", "{}").await;
    world.deploy(true).await;
    let patch = |path: &str, value: &str| PatchOperation {
        op: PatchOp::Replace,
        path: path.to_owned(),
        value: Some(value.to_owned()),
    };
    let (gateway, region, api) = (&world.gateway, &world.region, &world.api.id);
    gateway
        .update_rest_api(region, api, &[patch("/name", "renamed (v2)")])
        .await
        .unwrap();
    world.send(Request::get("/x")).await;
    assert_eq!(world.sink.only()["name"], "renamed _v2_/dev");
    gateway
        .update_rest_api(region, api, &[patch("/disableExecuteApiEndpoint", "true")])
        .await
        .unwrap();
    assert_eq!(
        world.send(Request::get("/x")).await.json(),
        json!({"message": "Forbidden"})
    );
}

#[tokio::test]
async fn a_deleted_api_is_gone_with_its_stages_and_deployments() {
    let world = World::new().await;
    world.mock("GET", "/x", "{}").await;
    world.deploy(false).await;
    let (gateway, region, api) = (&world.gateway, &world.region, &world.api.id);
    gateway.delete_rest_api(region, api).await.unwrap();
    assert_eq!(world.send(Request::get("/x")).await.status, 403);
    use fluoro_store::catalog::Catalog as _;
    assert!(world.catalog.scan("gateway/").await.unwrap().is_empty());
    let gone = gateway.rest_api(region, api).await.unwrap_err();
    assert!(matches!(gone, ManagementError::NotFound(_)));
}

#[tokio::test]
async fn what_was_deployed_is_served_again_after_a_restart() {
    let world = World::new().await;
    world.mock("GET", "/x", r#"{"from": "before"}"#).await;
    world.deploy(false).await;
    let gateway = Gateway::open(Parts {
        ambient: Ambient::system(),
        catalog: Arc::clone(&world.catalog) as _,
        invoker: Arc::clone(&world.invoker) as _,
        sampler: Arc::clone(&world.sampler) as _,
        traces: Arc::clone(&world.sink) as _,
        keep_unsampled: KeepUnsampled::default(),
        statistics: Statistics::default(),
        room: Room::new(1 << 20),
        account: AccountId("000000000000".into()),
        settings: GatewaySettings::default(),
    })
    .await
    .unwrap();
    let world = World { gateway, ..world };
    assert_eq!(
        world.send(Request::get("/x")).await.json(),
        json!({"from": "before"})
    );
}

/// Many edits of one API at once: each is whole, none is lost.
#[tokio::test]
async fn edits_at_once_are_all_kept() {
    let world = World::new().await;
    let root = world.api.root_resource_id.clone();
    let edits = (0..10).map(|index| {
        let (gateway, region) = (world.gateway.clone(), world.region.clone());
        let (api, root) = (world.api.id.clone(), root.clone());
        tokio::spawn(async move {
            let part = format!("part-{index}");
            gateway.create_resource(&region, &api, &root, &part).await
        })
    });
    for edit in edits.collect::<Vec<_>>() {
        edit.await.unwrap().unwrap();
    }
    let resources = world.gateway.resources(&world.region, &world.api.id).await;
    assert_eq!(resources.unwrap().len(), 11);
}
