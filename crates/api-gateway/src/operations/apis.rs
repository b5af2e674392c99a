//! Operations on REST APIs.

use fluoro_gateway::management::{BasePath, ImportOptions, NewRestApi, PutMode};
use fluoro_gateway::records::{EndpointConfiguration, EndpointType, IpAddressType};
use fluoro_gateway::{Gateway, GatewayResponseType};
use fluoro_wire::JsonError;
use fluoro_wire::json_input::JsonInput;
use http::StatusCode;

use super::{Answer, accepted, created, ok};
use crate::error::{self, answer};
use crate::input::{self, Input};
use crate::output::{GatewayResponseOutput, Items, RestApiOutput};

/// `POST /restapis`: CreateRestApi, or ImportRestApi with `mode=import`.
pub(super) async fn create_or_import(gateway: &Gateway, input: &Input<'_>) -> Answer {
    match input.query("mode") {
        Some("import") => import(gateway, input).await,
        _ => create(gateway, input).await,
    }
}

async fn create(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let members = input.members()?;
    let body = JsonInput::new(&members);
    input::refuse(
        &body,
        "a REST API",
        &[
            "cloneFrom",
            "policy",
            "securityPolicy",
            "endpointAccessMode",
        ],
    )?;
    match body.text("apiKeySource")? {
        None | Some("HEADER") => {}
        Some(other) => return Err(error::unsupported(format!("apiKeySource {other}"))),
    }
    let size = body.integer("minimumCompressionSize")?;
    let size = size.map(u32::try_from).transpose();
    let new = NewRestApi {
        name: input::text(&body, "name")?.unwrap_or_default(),
        description: input::text(&body, "description")?,
        version: input::text(&body, "version")?,
        endpoint: endpoint(&body)?,
        binary_media_types: input::list(&body, "binaryMediaTypes")?,
        minimum_compression_size: size.map_err(|_| {
            error::bad_request("Invalid minimum compression size, must be between 0 and 10485760")
        })?,
        disable_execute_api_endpoint: body.flag("disableExecuteApiEndpoint")?.unwrap_or_default(),
        tags: input::texts(&body, "tags")?,
    };
    let api = gateway.create_rest_api(input.region, new).await;
    created(&RestApiOutput::from(api.map_err(answer)?), input)
}

fn endpoint(body: &JsonInput<'_>) -> Result<EndpointConfiguration, JsonError> {
    let mut endpoint = EndpointConfiguration::default();
    let Some(given) = body.structure("endpointConfiguration")? else {
        return Ok(endpoint);
    };
    input::refuse(&given, "endpointConfiguration", &["vpcEndpointIds"])?;
    match input::list(&given, "types")?.as_slice() {
        [] => {}
        [one] => endpoint.kind = EndpointType::parse(one).map_err(answer)?,
        _ => {
            return Err(error::bad_request(
                "Cannot create an api with multiple Endpoint Types.",
            ));
        }
    }
    if let Some(kind) = given.text("ipAddressType")? {
        endpoint.ip_address_type = IpAddressType::parse(kind).map_err(answer)?;
    }
    Ok(endpoint)
}

async fn import(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let options = import_options(input)?;
    let api = gateway
        .import_rest_api(input.region, input.body, options)
        .await;
    created(&RestApiOutput::from(api.map_err(answer)?), input)
}

pub(super) async fn put(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let mode = match input.query("mode") {
        Some("overwrite") => PutMode::Overwrite,
        None | Some("merge") => PutMode::Merge,
        Some(_) => {
            return Err(error::bad_request(
                "Invalid mode specified. Valid options are merge,overwrite",
            ));
        }
    };
    let options = import_options(input)?;
    let api = gateway
        .put_rest_api(input.region, input.label("api"), mode, input.body, options)
        .await;
    ok(&RestApiOutput::from(api.map_err(answer)?), input)
}

fn import_options(input: &Input<'_>) -> Result<ImportOptions, JsonError> {
    for name in input.query_names() {
        let known = [
            "mode",
            "failonwarnings",
            "basepath",
            "basePath",
            "endpointConfigurationTypes",
            "ignore",
        ];
        if !known.contains(&name) {
            return Err(error::unsupported(format!("the import parameter {name}")));
        }
    }
    let base_path = match input.query("basepath").or(input.query("basePath")) {
        None | Some("ignore") => BasePath::Ignore,
        Some("prepend") => BasePath::Prepend,
        Some("split") => BasePath::Split,
        Some(_) => {
            return Err(error::bad_request(
                "Invalid basepath specified. Valid options are ignore,prepend,split",
            ));
        }
    };
    let endpoint = input.query("endpointConfigurationTypes");
    Ok(ImportOptions {
        base_path,
        fail_on_warnings: input.query("failonwarnings") == Some("true"),
        endpoint: endpoint
            .map(EndpointType::parse)
            .transpose()
            .map_err(answer)?,
    })
}

pub(super) async fn get(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let api = gateway.rest_api(input.region, input.label("api")).await;
    ok(&RestApiOutput::from(api.map_err(answer)?), input)
}

pub(super) async fn list(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let apis = gateway.rest_apis(input.region).await.map_err(answer)?;
    let (page, position) = input.page(apis, |api| &api.id)?;
    let item = page.into_iter().map(RestApiOutput::from).collect();
    ok(&Items { position, item }, input)
}

pub(super) async fn update(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let patches = input.patches()?;
    let api = gateway
        .update_rest_api(input.region, input.label("api"), &patches)
        .await;
    ok(&RestApiOutput::from(api.map_err(answer)?), input)
}

pub(super) async fn delete(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let deleted = gateway
        .delete_rest_api(input.region, input.label("api"))
        .await;
    deleted.map_err(answer)?;
    accepted(input)
}

pub(super) async fn gateway_responses(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let api = gateway.rest_api(input.region, input.label("api")).await;
    api.map_err(answer)?;
    // All fit a page: the operation has them all even without a limit.
    let item = GatewayResponseType::ALL.map(GatewayResponseOutput::from);
    let items = Items {
        position: None,
        item: item.into(),
    };
    ok(&items, input)
}

pub(super) async fn gateway_response(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let api = gateway.rest_api(input.region, input.label("api")).await;
    api.map_err(answer)?;
    let wanted = input.label("type");
    let mut known = GatewayResponseType::ALL.into_iter();
    let found = known.find(|kind| kind.name() == wanted).ok_or_else(|| {
        JsonError::new(
            StatusCode::NOT_FOUND,
            "NotFoundException",
            "Gateway response type not defined on api",
        )
    })?;
    ok(&GatewayResponseOutput::from(found), input)
}
