//! Method and path to operation.
//!
//! Every operation of the API model is here: what we do not have yet is refused by its name. Two share their path with
//! another and are told apart by `mode=import`: ImportRestApi and ImportApiKeys.

use fluoro_wire::route::Routes;
use http::Method;

/// An operation of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    CreateRestApi,
    GetRestApi,
    GetRestApis,
    UpdateRestApi,
    DeleteRestApi,
    PutRestApi,
    GetResources,
    GetResource,
    CreateResource,
    UpdateResource,
    DeleteResource,
    PutMethod,
    GetMethod,
    UpdateMethod,
    DeleteMethod,
    PutMethodResponse,
    GetMethodResponse,
    UpdateMethodResponse,
    DeleteMethodResponse,
    PutIntegration,
    GetIntegration,
    UpdateIntegration,
    DeleteIntegration,
    PutIntegrationResponse,
    GetIntegrationResponse,
    UpdateIntegrationResponse,
    DeleteIntegrationResponse,
    CreateDeployment,
    GetDeployment,
    GetDeployments,
    UpdateDeployment,
    DeleteDeployment,
    CreateStage,
    GetStage,
    GetStages,
    UpdateStage,
    DeleteStage,
    GetTags,
    TagResource,
    UntagResource,
    GetGatewayResponses,
    GetGatewayResponse,
    /// One of AWS's that we do not have yet.
    Unsupported(&'static str),
}

pub(crate) fn routes() -> Routes<Operation> {
    use Operation as Op;

    let mut routes = Routes::new();
    for (method, template, operation) in [
        (Method::POST, "/restapis", Op::CreateRestApi),
        (Method::GET, "/restapis/{api}", Op::GetRestApi),
        (Method::GET, "/restapis", Op::GetRestApis),
        (Method::PATCH, "/restapis/{api}", Op::UpdateRestApi),
        (Method::DELETE, "/restapis/{api}", Op::DeleteRestApi),
        (Method::PUT, "/restapis/{api}", Op::PutRestApi),
        (Method::GET, "/restapis/{api}/resources", Op::GetResources),
        (
            Method::GET,
            "/restapis/{api}/resources/{resource}",
            Op::GetResource,
        ),
        (
            Method::POST,
            "/restapis/{api}/resources/{resource}",
            Op::CreateResource,
        ),
        (
            Method::PATCH,
            "/restapis/{api}/resources/{resource}",
            Op::UpdateResource,
        ),
        (
            Method::DELETE,
            "/restapis/{api}/resources/{resource}",
            Op::DeleteResource,
        ),
        (
            Method::PUT,
            "/restapis/{api}/resources/{resource}/methods/{verb}",
            Op::PutMethod,
        ),
        (
            Method::GET,
            "/restapis/{api}/resources/{resource}/methods/{verb}",
            Op::GetMethod,
        ),
        (
            Method::PATCH,
            "/restapis/{api}/resources/{resource}/methods/{verb}",
            Op::UpdateMethod,
        ),
        (
            Method::DELETE,
            "/restapis/{api}/resources/{resource}/methods/{verb}",
            Op::DeleteMethod,
        ),
        (
            Method::PUT,
            "/restapis/{api}/resources/{resource}/methods/{verb}/responses/{status}",
            Op::PutMethodResponse,
        ),
        (
            Method::GET,
            "/restapis/{api}/resources/{resource}/methods/{verb}/responses/{status}",
            Op::GetMethodResponse,
        ),
        (
            Method::PATCH,
            "/restapis/{api}/resources/{resource}/methods/{verb}/responses/{status}",
            Op::UpdateMethodResponse,
        ),
        (
            Method::DELETE,
            "/restapis/{api}/resources/{resource}/methods/{verb}/responses/{status}",
            Op::DeleteMethodResponse,
        ),
        (
            Method::PUT,
            "/restapis/{api}/resources/{resource}/methods/{verb}/integration",
            Op::PutIntegration,
        ),
        (
            Method::GET,
            "/restapis/{api}/resources/{resource}/methods/{verb}/integration",
            Op::GetIntegration,
        ),
        (
            Method::PATCH,
            "/restapis/{api}/resources/{resource}/methods/{verb}/integration",
            Op::UpdateIntegration,
        ),
        (
            Method::DELETE,
            "/restapis/{api}/resources/{resource}/methods/{verb}/integration",
            Op::DeleteIntegration,
        ),
        (
            Method::PUT,
            "/restapis/{api}/resources/{resource}/methods/{verb}/integration/responses/{status}",
            Op::PutIntegrationResponse,
        ),
        (
            Method::GET,
            "/restapis/{api}/resources/{resource}/methods/{verb}/integration/responses/{status}",
            Op::GetIntegrationResponse,
        ),
        (
            Method::PATCH,
            "/restapis/{api}/resources/{resource}/methods/{verb}/integration/responses/{status}",
            Op::UpdateIntegrationResponse,
        ),
        (
            Method::DELETE,
            "/restapis/{api}/resources/{resource}/methods/{verb}/integration/responses/{status}",
            Op::DeleteIntegrationResponse,
        ),
        (
            Method::POST,
            "/restapis/{api}/deployments",
            Op::CreateDeployment,
        ),
        (
            Method::GET,
            "/restapis/{api}/deployments/{deployment}",
            Op::GetDeployment,
        ),
        (
            Method::GET,
            "/restapis/{api}/deployments",
            Op::GetDeployments,
        ),
        (
            Method::PATCH,
            "/restapis/{api}/deployments/{deployment}",
            Op::UpdateDeployment,
        ),
        (
            Method::DELETE,
            "/restapis/{api}/deployments/{deployment}",
            Op::DeleteDeployment,
        ),
        (Method::POST, "/restapis/{api}/stages", Op::CreateStage),
        (Method::GET, "/restapis/{api}/stages/{stage}", Op::GetStage),
        (Method::GET, "/restapis/{api}/stages", Op::GetStages),
        (
            Method::PATCH,
            "/restapis/{api}/stages/{stage}",
            Op::UpdateStage,
        ),
        (
            Method::DELETE,
            "/restapis/{api}/stages/{stage}",
            Op::DeleteStage,
        ),
        (Method::GET, "/tags/{arn+}", Op::GetTags),
        (Method::PUT, "/tags/{arn+}", Op::TagResource),
        (Method::DELETE, "/tags/{arn+}", Op::UntagResource),
        (
            Method::GET,
            "/restapis/{api}/gatewayresponses",
            Op::GetGatewayResponses,
        ),
        (
            Method::GET,
            "/restapis/{api}/gatewayresponses/{type}",
            Op::GetGatewayResponse,
        ),
    ] {
        routes = routes.route(method, template, operation);
    }
    for (method, template, name) in UNSUPPORTED {
        routes = routes.route(method.clone(), template, Op::Unsupported(name));
    }
    routes
}

/// The rest of the API model.
static UNSUPPORTED: &[(Method, &str, &str)] = &[
    (Method::POST, "/apikeys", "CreateApiKey"),
    (
        Method::POST,
        "/restapis/{api}/authorizers",
        "CreateAuthorizer",
    ),
    (
        Method::POST,
        "/domainnames/{domain_name}/basepathmappings",
        "CreateBasePathMapping",
    ),
    (
        Method::POST,
        "/restapis/{api}/documentation/parts",
        "CreateDocumentationPart",
    ),
    (
        Method::POST,
        "/restapis/{api}/documentation/versions",
        "CreateDocumentationVersion",
    ),
    (Method::POST, "/domainnames", "CreateDomainName"),
    (
        Method::POST,
        "/domainnameaccessassociations",
        "CreateDomainNameAccessAssociation",
    ),
    (Method::POST, "/restapis/{api}/models", "CreateModel"),
    (
        Method::POST,
        "/restapis/{api}/requestvalidators",
        "CreateRequestValidator",
    ),
    (Method::POST, "/usageplans", "CreateUsagePlan"),
    (
        Method::POST,
        "/usageplans/{usageplanId}/keys",
        "CreateUsagePlanKey",
    ),
    (Method::POST, "/vpclinks", "CreateVpcLink"),
    (Method::DELETE, "/apikeys/{api_Key}", "DeleteApiKey"),
    (
        Method::DELETE,
        "/restapis/{api}/authorizers/{authorizer_id}",
        "DeleteAuthorizer",
    ),
    (
        Method::DELETE,
        "/domainnames/{domain_name}/basepathmappings/{base_path}",
        "DeleteBasePathMapping",
    ),
    (
        Method::DELETE,
        "/clientcertificates/{clientcertificate_id}",
        "DeleteClientCertificate",
    ),
    (
        Method::DELETE,
        "/restapis/{api}/documentation/parts/{part_id}",
        "DeleteDocumentationPart",
    ),
    (
        Method::DELETE,
        "/restapis/{api}/documentation/versions/{doc_version}",
        "DeleteDocumentationVersion",
    ),
    (
        Method::DELETE,
        "/domainnames/{domain_name}",
        "DeleteDomainName",
    ),
    (
        Method::DELETE,
        "/domainnameaccessassociations/{domain_name_access_association_arn}",
        "DeleteDomainNameAccessAssociation",
    ),
    (
        Method::DELETE,
        "/restapis/{api}/gatewayresponses/{type}",
        "DeleteGatewayResponse",
    ),
    (
        Method::DELETE,
        "/restapis/{api}/models/{model_name}",
        "DeleteModel",
    ),
    (
        Method::DELETE,
        "/restapis/{api}/requestvalidators/{requestvalidator_id}",
        "DeleteRequestValidator",
    ),
    (
        Method::DELETE,
        "/usageplans/{usageplanId}",
        "DeleteUsagePlan",
    ),
    (
        Method::DELETE,
        "/usageplans/{usageplanId}/keys/{keyId}",
        "DeleteUsagePlanKey",
    ),
    (Method::DELETE, "/vpclinks/{vpclink_id}", "DeleteVpcLink"),
    (
        Method::DELETE,
        "/restapis/{api}/stages/{stage}/cache/authorizers",
        "FlushStageAuthorizersCache",
    ),
    (
        Method::DELETE,
        "/restapis/{api}/stages/{stage}/cache/data",
        "FlushStageCache",
    ),
    (
        Method::POST,
        "/clientcertificates",
        "GenerateClientCertificate",
    ),
    (Method::GET, "/account", "GetAccount"),
    (Method::GET, "/apikeys/{api_Key}", "GetApiKey"),
    (Method::GET, "/apikeys", "GetApiKeys"),
    (
        Method::GET,
        "/restapis/{api}/authorizers/{authorizer_id}",
        "GetAuthorizer",
    ),
    (Method::GET, "/restapis/{api}/authorizers", "GetAuthorizers"),
    (
        Method::GET,
        "/domainnames/{domain_name}/basepathmappings/{base_path}",
        "GetBasePathMapping",
    ),
    (
        Method::GET,
        "/domainnames/{domain_name}/basepathmappings",
        "GetBasePathMappings",
    ),
    (
        Method::GET,
        "/clientcertificates/{clientcertificate_id}",
        "GetClientCertificate",
    ),
    (Method::GET, "/clientcertificates", "GetClientCertificates"),
    (
        Method::GET,
        "/restapis/{api}/documentation/parts/{part_id}",
        "GetDocumentationPart",
    ),
    (
        Method::GET,
        "/restapis/{api}/documentation/parts",
        "GetDocumentationParts",
    ),
    (
        Method::GET,
        "/restapis/{api}/documentation/versions/{doc_version}",
        "GetDocumentationVersion",
    ),
    (
        Method::GET,
        "/restapis/{api}/documentation/versions",
        "GetDocumentationVersions",
    ),
    (Method::GET, "/domainnames/{domain_name}", "GetDomainName"),
    (
        Method::GET,
        "/domainnameaccessassociations",
        "GetDomainNameAccessAssociations",
    ),
    (Method::GET, "/domainnames", "GetDomainNames"),
    (
        Method::GET,
        "/restapis/{api}/stages/{stage}/exports/{export_type}",
        "GetExport",
    ),
    (
        Method::GET,
        "/restapis/{api}/models/{model_name}",
        "GetModel",
    ),
    (
        Method::GET,
        "/restapis/{api}/models/{model_name}/default_template",
        "GetModelTemplate",
    ),
    (Method::GET, "/restapis/{api}/models", "GetModels"),
    (
        Method::GET,
        "/restapis/{api}/requestvalidators/{requestvalidator_id}",
        "GetRequestValidator",
    ),
    (
        Method::GET,
        "/restapis/{api}/requestvalidators",
        "GetRequestValidators",
    ),
    (
        Method::GET,
        "/restapis/{api}/stages/{stage}/sdks/{sdk_type}",
        "GetSdk",
    ),
    (Method::GET, "/sdktypes/{sdktype_id}", "GetSdkType"),
    (Method::GET, "/sdktypes", "GetSdkTypes"),
    (Method::GET, "/usageplans/{usageplanId}/usage", "GetUsage"),
    (Method::GET, "/usageplans/{usageplanId}", "GetUsagePlan"),
    (
        Method::GET,
        "/usageplans/{usageplanId}/keys/{keyId}",
        "GetUsagePlanKey",
    ),
    (
        Method::GET,
        "/usageplans/{usageplanId}/keys",
        "GetUsagePlanKeys",
    ),
    (Method::GET, "/usageplans", "GetUsagePlans"),
    (Method::GET, "/vpclinks/{vpclink_id}", "GetVpcLink"),
    (Method::GET, "/vpclinks", "GetVpcLinks"),
    (
        Method::PUT,
        "/restapis/{api}/documentation/parts",
        "ImportDocumentationParts",
    ),
    (
        Method::PUT,
        "/restapis/{api}/gatewayresponses/{type}",
        "PutGatewayResponse",
    ),
    (
        Method::POST,
        "/rejectdomainnameaccessassociations",
        "RejectDomainNameAccessAssociation",
    ),
    (
        Method::POST,
        "/restapis/{api}/authorizers/{authorizer_id}",
        "TestInvokeAuthorizer",
    ),
    (
        Method::POST,
        "/restapis/{api}/resources/{resource}/methods/{verb}",
        "TestInvokeMethod",
    ),
    (Method::PATCH, "/account", "UpdateAccount"),
    (Method::PATCH, "/apikeys/{api_Key}", "UpdateApiKey"),
    (
        Method::PATCH,
        "/restapis/{api}/authorizers/{authorizer_id}",
        "UpdateAuthorizer",
    ),
    (
        Method::PATCH,
        "/domainnames/{domain_name}/basepathmappings/{base_path}",
        "UpdateBasePathMapping",
    ),
    (
        Method::PATCH,
        "/clientcertificates/{clientcertificate_id}",
        "UpdateClientCertificate",
    ),
    (
        Method::PATCH,
        "/restapis/{api}/documentation/parts/{part_id}",
        "UpdateDocumentationPart",
    ),
    (
        Method::PATCH,
        "/restapis/{api}/documentation/versions/{doc_version}",
        "UpdateDocumentationVersion",
    ),
    (
        Method::PATCH,
        "/domainnames/{domain_name}",
        "UpdateDomainName",
    ),
    (
        Method::PATCH,
        "/restapis/{api}/gatewayresponses/{type}",
        "UpdateGatewayResponse",
    ),
    (
        Method::PATCH,
        "/restapis/{api}/models/{model_name}",
        "UpdateModel",
    ),
    (
        Method::PATCH,
        "/restapis/{api}/requestvalidators/{requestvalidator_id}",
        "UpdateRequestValidator",
    ),
    (
        Method::PATCH,
        "/usageplans/{usageplanId}/keys/{keyId}/usage",
        "UpdateUsage",
    ),
    (
        Method::PATCH,
        "/usageplans/{usageplanId}",
        "UpdateUsagePlan",
    ),
    (Method::PATCH, "/vpclinks/{vpclink_id}", "UpdateVpcLink"),
];
