//! The Lambda API: typed operations, routes, one error mapping.
//!
//! REST JSON. Every operation of the API model has a route; those that are not served say so by name, and so does every
//! parameter that would change what a function does and is not served. Source: API model of 2015-03-31; recorded answers.
//!
//! | module | holds |
//! |---|---|
//! | `route` | method and path to operation |
//! | `target` | `FunctionName` and `Qualifier` to a function, and the caller's right to it |
//! | `configuration` | configurations in and out |
//! | `operations` | functions, tags, concurrency |
//! | `policy` | AddPermission, GetPolicy, RemovePermission |
//! | `invoke` | Invoke and InvokeAsync |
//! | `error` | the one mapping of errors to answers |

mod configuration;
mod error;
mod invoke;
mod operations;
mod policy;
mod route;
mod target;

use async_trait::async_trait;
use fluoro_functions::Functions;
use fluoro_iam::Iam;
use fluoro_wire::route::{Labels, Matched, Routes};
use fluoro_wire::{Call, JsonError, Response, Service};

use crate::route::Operation;

/// The service behind the signing name `lambda`.
#[derive(Debug, Clone)]
pub struct Lambda {
    functions: Functions,
    iam: Iam,
    routes: Routes<Operation>,
}

/// What one operation answers.
type Answer = Result<Response, JsonError>;

// === impl Lambda ===

impl Lambda {
    /// Answers for these functions; `iam` judges the sessions that call.
    #[must_use]
    pub fn new(functions: Functions, iam: Iam) -> Self {
        Self {
            functions,
            iam,
            routes: route::routes(),
        }
    }

    async fn answer(&self, operation: Operation, labels: &Labels, call: &Call) -> Answer {
        use Operation as Op;
        match operation {
            Op::CreateFunction => self.create_function(call).await,
            Op::GetFunction => self.get_function(labels, call),
            Op::GetFunctionConfiguration => self.get_function_configuration(labels, call),
            Op::ListFunctions => self.list_functions(call),
            Op::UpdateFunctionCode => self.update_function_code(labels, call).await,
            Op::UpdateFunctionConfiguration => {
                self.update_function_configuration(labels, call).await
            }
            Op::DeleteFunction => self.delete_function(labels, call).await,
            Op::DownloadCode => self.download_code(labels, call).await,
            Op::Invoke => self.invoke(labels, call).await,
            Op::InvokeAsync => self.invoke_async(labels, call).await,
            Op::AddPermission => self.add_permission(labels, call).await,
            Op::GetPolicy => self.get_policy(labels, call),
            Op::RemovePermission => self.remove_permission(labels, call).await,
            Op::ListTags => self.list_tags(labels, call),
            Op::TagResource => self.tag_resource(labels, call).await,
            Op::UntagResource => self.untag_resource(labels, call).await,
            Op::PutFunctionConcurrency => self.put_function_concurrency(labels, call).await,
            Op::GetFunctionConcurrency => self.get_function_concurrency(labels, call),
            Op::DeleteFunctionConcurrency => self.delete_function_concurrency(labels, call).await,
            Op::GetFunctionCodeSigningConfig => self.get_code_signing_config(labels, call),
            Op::GetRuntimeManagementConfig => self.get_runtime_management_config(labels, call),
            Op::GetAccountSettings => self.get_account_settings(call),
            Op::Unsupported(name) => Err(error::unsupported(&format!("the operation {name}"))),
        }
    }
}

#[async_trait]
impl Service for Lambda {
    fn signing_name(&self) -> &'static str {
        "lambda"
    }

    async fn call(&self, call: Call) -> Response {
        let (method, path) = (&call.head.method, call.head.uri.path());
        let answer = match self.routes.find(method, path) {
            Matched::Operation(operation, labels) => self.answer(*operation, &labels, &call).await,
            Matched::WrongMethod | Matched::Nothing => Err(error::unknown(method, path)),
        };
        answer.unwrap_or_else(|error| error.rest_json(&call.request_id))
    }
}

#[cfg(test)]
mod tests;
