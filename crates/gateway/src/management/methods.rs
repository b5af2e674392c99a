//! Operations on methods and their declared answers.

use std::collections::BTreeMap;

use fluoro_wire::Region;

use super::{ManagementError, PatchOperation};
use crate::Gateway;
use crate::records::{ApiRecord, Method, MethodResponse, Resource};
use crate::routes::VERBS;

/// Which method an operation is about.
#[derive(Debug, Clone, Copy)]
pub struct MethodAt<'a> {
    /// Where its API lives.
    pub region: &'a Region,
    /// Its API.
    pub api_id: &'a str,
    /// Its resource.
    pub resource_id: &'a str,
    /// Its verb, or `ANY`.
    pub verb: &'a str,
}

/// What a new method is given.
#[derive(Debug, Clone, Default)]
#[expect(
    missing_docs,
    reason = "the members of Method, where they are explained"
)]
pub struct NewMethod {
    /// Only `NONE` is supported.
    pub authorization_type: String,
    pub operation_name: Option<String>,
    pub request_parameters: BTreeMap<String, bool>,
    pub request_models: BTreeMap<String, String>,
}

/// What a declared answer is given.
pub type NewMethodResponse = MethodResponse;

impl Gateway {
    /// Makes or replaces a method, without its integration.
    ///
    /// # Errors
    ///
    /// When the resource is not there, or a member is not valid.
    pub async fn put_method(
        &self,
        at: MethodAt<'_>,
        new: NewMethod,
    ) -> Result<Method, ManagementError> {
        check_verb(at.verb)?;
        check_authorization(&new.authorization_type)?;
        check_models(&new.request_models)?;
        let method = Method {
            operation_name: new.operation_name,
            request_parameters: new.request_parameters,
            request_models: new.request_models,
            responses: BTreeMap::new(),
            integration: None,
        };
        self.edit(at.region, at.api_id, |record| {
            let resource = resource_mut(record, at)?;
            resource.methods.insert(at.verb.to_owned(), method.clone());
            Ok(method.clone())
        })
        .await
    }

    /// One method.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub async fn method(&self, at: MethodAt<'_>) -> Result<Method, ManagementError> {
        let mut record = self.record(at.region, at.api_id).await?;
        method_mut(&mut record, at).map(|method| method.clone())
    }

    /// Changes a method.
    ///
    /// # Errors
    ///
    /// When it is not there, or a change is not one of those that a method takes.
    pub async fn update_method(
        &self,
        at: MethodAt<'_>,
        patches: &[PatchOperation],
    ) -> Result<Method, ManagementError> {
        self.edit_method(at, |method| {
            for patch in patches {
                apply(method, patch)?;
            }
            Ok(method.clone())
        })
        .await
    }

    /// Deletes a method.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub async fn delete_method(&self, at: MethodAt<'_>) -> Result<(), ManagementError> {
        self.edit(at.region, at.api_id, |record| {
            let removed = resource_mut(record, at)?.methods.remove(at.verb);
            removed.map(|_| ()).ok_or_else(ManagementError::no_method)
        })
        .await
    }

    /// Changes a method's record; `change` runs again when somebody else wrote in between.
    pub(super) async fn edit_method<T>(
        &self,
        at: MethodAt<'_>,
        mut change: impl FnMut(&mut Method) -> Result<T, ManagementError>,
    ) -> Result<T, ManagementError> {
        self.edit(at.region, at.api_id, |record| {
            change(method_mut(record, at)?)
        })
        .await
    }

    /// Declares an answer.
    ///
    /// # Errors
    ///
    /// When the method is not there, or the status is declared already.
    pub async fn put_method_response(
        &self,
        at: MethodAt<'_>,
        status: &str,
        new: NewMethodResponse,
    ) -> Result<MethodResponse, ManagementError> {
        check_status(status)?;
        check_models(&new.response_models)?;
        self.edit_method(at, |method| {
            if method.responses.contains_key(status) {
                return Err(ManagementError::Conflict(
                    "Response already exists for this resource".to_owned(),
                ));
            }
            method.responses.insert(status.to_owned(), new.clone());
            Ok(new.clone())
        })
        .await
    }

    /// One declared answer.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub async fn method_response(
        &self,
        at: MethodAt<'_>,
        status: &str,
    ) -> Result<MethodResponse, ManagementError> {
        let mut method = self.method(at).await?;
        let found = method.responses.remove(status);
        found.ok_or_else(ManagementError::no_response)
    }

    /// Changes a declared answer.
    ///
    /// # Errors
    ///
    /// When it is not there, or a change is not one of those that it takes.
    pub async fn update_method_response(
        &self,
        at: MethodAt<'_>,
        status: &str,
        patches: &[PatchOperation],
    ) -> Result<MethodResponse, ManagementError> {
        self.edit_method(at, |method| {
            let response = method.responses.get_mut(status);
            let response = response.ok_or_else(ManagementError::no_response)?;
            for patch in patches {
                apply_to_response(response, patch)?;
            }
            check_models(&response.response_models)?;
            Ok(response.clone())
        })
        .await
    }

    /// Deletes a declared answer.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub async fn delete_method_response(
        &self,
        at: MethodAt<'_>,
        status: &str,
    ) -> Result<(), ManagementError> {
        self.edit_method(at, |method| {
            let removed = method.responses.remove(status);
            removed.map(|_| ()).ok_or_else(ManagementError::no_response)
        })
        .await
    }
}

fn resource_mut<'r>(
    record: &'r mut ApiRecord,
    at: MethodAt<'_>,
) -> Result<&'r mut Resource, ManagementError> {
    let resource = record.resources.get_mut(at.resource_id);
    resource.ok_or_else(ManagementError::no_resource)
}

fn method_mut<'r>(
    record: &'r mut ApiRecord,
    at: MethodAt<'_>,
) -> Result<&'r mut Method, ManagementError> {
    let method = resource_mut(record, at)?.methods.get_mut(at.verb);
    method.ok_or_else(ManagementError::no_method)
}

/// Whether there may be a method for this word.
pub(super) fn check_verb(verb: &str) -> Result<(), ManagementError> {
    if verb == "ANY" || VERBS.contains(&verb) {
        return Ok(());
    }
    Err(ManagementError::bad_request(
        "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY",
    ))
}

/// Whether this is a status code that an answer may have.
pub(super) fn check_status(status: &str) -> Result<(), ManagementError> {
    let sound = status.len() == 3 && matches!(status.parse(), Ok(200_u16..=599));
    sound
        .then_some(())
        .ok_or_else(|| ManagementError::bad_request("Invalid Response status code specified"))
}

/// Every API has the models `Empty` and `Error`; no others can be made yet.
fn check_models(models: &BTreeMap<String, String>) -> Result<(), ManagementError> {
    match models
        .values()
        .find(|name| *name != "Empty" && *name != "Error")
    {
        Some(name) => Err(ManagementError::BadRequest(format!(
            "Invalid model name specified: {name}"
        ))),
        None => Ok(()),
    }
}

fn apply(method: &mut Method, patch: &PatchOperation) -> Result<(), ManagementError> {
    patch.changes_one_value()?;
    let parts = patch.parts();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["operationName"] => method.operation_name = patch.optional(),
        ["requestParameters", name] => patch.flag_entry(&mut method.request_parameters, name),
        ["requestModels", content_type] => {
            patch.entry(&mut method.request_models, content_type)?;
            check_models(&method.request_models)?;
        }
        ["authorizationType"] => check_authorization(patch.value()?)?,
        ["apiKeyRequired"] if patch.flag() => {
            return Err(ManagementError::unsupported("apiKeyRequired"));
        }
        ["apiKeyRequired"] => {}
        ["requestValidatorId"] if patch.optional().is_some() => {
            return Err(ManagementError::bad_request(
                "Invalid Request Validator identifier specified",
            ));
        }
        ["requestValidatorId"] => {}
        ["authorizerId"] | ["authorizationScopes", ..] => {
            return Err(ManagementError::unsupported(format!(
                "{} of a method",
                patch.path
            )));
        }
        _ => {
            return Err(patch.invalid_path(&[
                "/operationName",
                "/requestParameters/{name}",
                "/requestModels/{contentType}",
                "/authorizationType",
                "/apiKeyRequired",
                "/requestValidatorId",
            ]));
        }
    }
    Ok(())
}

/// Methods that need no authorization are the only ones yet; no authorizer can be made.
pub(super) fn check_authorization(kind: &str) -> Result<(), ManagementError> {
    match kind {
        "NONE" => Ok(()),
        "AWS_IAM" => Err(ManagementError::unsupported("authorizationType AWS_IAM")),
        "CUSTOM" | "COGNITO_USER_POOLS" => Err(ManagementError::bad_request(
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.",
        )),
        _ => Err(ManagementError::bad_request(
            "Invalid authorization type specified. Valid options are NONE,AWS_IAM,CUSTOM,COGNITO_USER_POOLS",
        )),
    }
}

fn apply_to_response(
    response: &mut MethodResponse,
    patch: &PatchOperation,
) -> Result<(), ManagementError> {
    patch.changes_one_value()?;
    let parts = patch.parts();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["responseParameters", name] => {
            patch.flag_entry(&mut response.response_parameters, name);
        }
        ["responseModels", content_type] => {
            patch.entry(&mut response.response_models, content_type)?;
        }
        _ => {
            return Err(patch.invalid_path(&[
                "/responseParameters/{name}",
                "/responseModels/{contentType}",
            ]));
        }
    }
    Ok(())
}
