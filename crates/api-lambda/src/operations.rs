//! Functions, their code, tags and concurrency.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use fluoro_functions::{Function, FunctionArn, NewFunction};
use fluoro_wire::json_error::{empty_response, json_response};
use fluoro_wire::json_input::{JsonInput, parse};
use fluoro_wire::route::Labels;
use fluoro_wire::token::Paging;
use fluoro_wire::{Call, Constraints, JsonError, Response};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response as HttpResponse, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::configuration::{self, Wanted, says_something};
use crate::target::{queries, query, resolve};
use crate::{Answer, Lambda, error};

/// ListFunctions never answers more. Source: API reference.
const PAGE: usize = 50;

fn ok<T: serde::Serialize>(call: &Call, output: &T) -> Answer {
    Ok(json_response(StatusCode::OK, output, &call.request_id))
}

fn no_content(call: &Call) -> Answer {
    Ok(empty_response(StatusCode::NO_CONTENT, &call.request_id))
}

impl Lambda {
    pub(crate) async fn create_function(&self, call: &Call) -> Answer {
        let body = parse(&call.body)?;
        let input = JsonInput::new(&body);
        let mut checks = Constraints::new();
        let name = checks.required("functionName", input.text("FunctionName")?);
        checks.required("role", input.text("Role")?);
        let code = checks.required("code", input.structure("Code")?);
        checks.finish()?;
        let (name, code) = (name.unwrap_or_default(), code.ok_or_else(no_code)?);
        let arn = resolve(call, name)?;
        self.authorize(call, "CreateFunction", &arn.to_string())?;
        if arn.qualifier.is_some() {
            return Err(error::invalid("A new function's name has no qualifier."));
        }
        let configuration = Wanted::read(&input)?.complete()?;
        let new = NewFunction {
            arn,
            configuration,
            archive: archive(&code)?,
            tags: owned(input.map("Tags")?.unwrap_or_default()),
        };
        let made = self.functions.create(new).await.map_err(error::manage)?;
        Ok(json_response(
            StatusCode::CREATED,
            &configuration::output(&made),
            &call.request_id,
        ))
    }

    pub(crate) fn get_function(&self, labels: &Labels, call: &Call) -> Answer {
        let (arn, function) = self.found(call, labels.get("FunctionName"), "GetFunction")?;
        let mut output = json!({
            "Configuration": configuration_of(&arn, &function),
            "Code": { "RepositoryType": "S3", "Location": self.code_location(&function) },
        });
        if !function.tags.is_empty() {
            output["Tags"] = json!(function.tags);
        }
        if let Some(reserved) = function.reserved_concurrency {
            output["Concurrency"] = json!({ "ReservedConcurrentExecutions": reserved });
        }
        ok(call, &output)
    }

    pub(crate) fn get_function_configuration(&self, labels: &Labels, call: &Call) -> Answer {
        let (arn, function) =
            self.found(call, labels.get("FunctionName"), "GetFunctionConfiguration")?;
        ok(call, &configuration_of(&arn, &function))
    }

    pub(crate) fn list_functions(&self, call: &Call) -> Answer {
        self.authorize(call, "ListFunctions", "*")?;
        let mut checks = Constraints::new();
        let version = query(call, "FunctionVersion");
        if let Some(version) = &version {
            checks.one_of("functionVersion", version, &["ALL"]);
        }
        let wanted = query(call, "MaxItems").map(|text| text.parse::<i64>().unwrap_or(0));
        if let Some(wanted) = wanted {
            checks.number("maxItems", wanted, 1..=10_000);
        }
        checks.finish()?;
        if query(call, "MasterRegion").is_some() {
            return Err(error::unsupported("the parameter MasterRegion"));
        }
        let paging = Paging::new("ListFunctions", call.region.0.as_bytes());
        let after: Option<String> = match query(call, "Marker").filter(|marker| !marker.is_empty())
        {
            None => None,
            Some(marker) => Some(
                paging
                    .position(&marker)
                    .map_err(|_| error::invalid("Invalid marker"))?,
            ),
        };
        let limit = wanted
            .and_then(|wanted| usize::try_from(wanted).ok())
            .map_or(PAGE, |wanted| wanted.min(PAGE));
        let all = self.functions.list(&call.region.0);
        let mut rest = all
            .iter()
            .filter(|one| after.as_ref().is_none_or(|after| one.arn.name > *after));
        let page: Vec<&Arc<Function>> = rest.by_ref().take(limit).collect();
        let functions: Vec<_> = page.iter().map(|one| configuration::listed(one)).collect();
        let mut output = json!({ "Functions": functions });
        if rest.next().is_some()
            && let Some(last) = page.last()
        {
            output["NextMarker"] = json!(paging.token(&last.arn.name));
        }
        ok(call, &output)
    }

    pub(crate) async fn update_function_code(&self, labels: &Labels, call: &Call) -> Answer {
        let (arn, function) = self.found(call, labels.get("FunctionName"), "UpdateFunctionCode")?;
        let body = parse(&call.body)?;
        let input = JsonInput::new(&body);
        for name in ["Publish", "PublishTo", "DryRun"] {
            if input.value(name).is_some_and(says_something) {
                return Err(error::unsupported(&format!("the parameter {name}")));
            }
        }
        // The architecture comes with the code; another one would be another function here.
        if let Some(architecture) = Wanted::read(&input)?.architecture
            && architecture != function.latest.configuration.architecture
        {
            return Err(error::unsupported("changing the parameter Architectures"));
        }
        let archive = archive(&input)?;
        let changed = self
            .functions
            .update_code(&arn, archive, input.text("RevisionId")?)
            .await;
        let changed = changed.map_err(error::manage)?;
        ok(call, &configuration::output(&changed))
    }

    pub(crate) async fn update_function_configuration(
        &self,
        labels: &Labels,
        call: &Call,
    ) -> Answer {
        let (arn, _) = self.found(
            call,
            labels.get("FunctionName"),
            "UpdateFunctionConfiguration",
        )?;
        let body = parse(&call.body)?;
        let input = JsonInput::new(&body);
        let wanted = Wanted::read(&input)?;
        let revision = input.text("RevisionId")?;
        let changed = self
            .functions
            .update_configuration(&arn, revision, |configuration| wanted.apply(configuration));
        let changed = changed.await.map_err(error::manage)?;
        ok(call, &configuration::output(&changed))
    }

    pub(crate) async fn delete_function(&self, labels: &Labels, call: &Call) -> Answer {
        let arn = self.allowed(call, labels.get("FunctionName"), "DeleteFunction")?;
        let known = self.functions.get(&arn).is_some();
        match &arn.qualifier {
            Some(qualifier) if qualifier == "$LATEST" && known => {
                return Err(error::invalid(
                    "$LATEST version cannot be deleted without deleting the function.",
                ));
            }
            Some(_) => return Err(error::function_not_found(&arn.unqualified().to_string())),
            None => {}
        }
        self.functions.delete(&arn).await.map_err(error::manage)?;
        no_content(call)
    }

    /// The archive, for whoever was given its location. Not AWS's own: there it lies in a bucket of Lambda's.
    pub(crate) async fn download_code(&self, labels: &Labels, call: &Call) -> Answer {
        let given = labels.get("FunctionName");
        // Fetched without a signature, so the region is the ARN's, not the call's.
        let arn = FunctionArn::parse(given).map_err(|_| error::function_not_found(given))?;
        self.authorize(call, "GetFunction", &arn.to_string())?;
        let archive = self.functions.archive(&arn).await.map_err(error::manage)?;
        let mut response: Response = HttpResponse::new(archive);
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
        Ok(response)
    }

    fn code_location(&self, function: &Function) -> String {
        let arn = function.arn.to_string();
        let arn = utf8_percent_encode(&arn, NON_ALPHANUMERIC);
        format!(
            "{}/2015-03-31/functions/{arn}/code",
            self.functions.endpoint()
        )
    }

    // Tags.

    /// The function that a tag operation is about.
    fn tagged(
        &self,
        labels: &Labels,
        call: &Call,
        action: &str,
    ) -> Result<(FunctionArn, Arc<Function>), JsonError> {
        let given = labels.get("Resource");
        let arn = FunctionArn::parse(given)
            .map_err(|_| error::invalid(format!("{given} is no function ARN.")))?;
        if arn.qualifier.is_some() {
            return Err(error::invalid(
                "Tags on function aliases and versions are not supported. Please specify a function ARN.",
            ));
        }
        self.found(call, given, action)
    }

    pub(crate) fn list_tags(&self, labels: &Labels, call: &Call) -> Answer {
        let (_, function) = self.tagged(labels, call, "ListTags")?;
        ok(call, &json!({ "Tags": function.tags }))
    }

    pub(crate) async fn tag_resource(&self, labels: &Labels, call: &Call) -> Answer {
        let (arn, _) = self.tagged(labels, call, "TagResource")?;
        let body = parse(&call.body)?;
        let input = JsonInput::new(&body);
        let mut checks = Constraints::new();
        let tags = checks.required("tags", input.map("Tags")?);
        checks.finish()?;
        let tags = owned(tags.unwrap_or_default());
        self.functions
            .change_tags(&arn, |known| known.extend(tags))
            .await
            .map_err(error::manage)?;
        no_content(call)
    }

    pub(crate) async fn untag_resource(&self, labels: &Labels, call: &Call) -> Answer {
        let (arn, _) = self.tagged(labels, call, "UntagResource")?;
        let keys: Vec<String> = queries(call, "tagKeys").collect();
        let changed = self
            .functions
            .change_tags(&arn, |known| known.retain(|key, _| !keys.contains(key)));
        changed.await.map_err(error::manage)?;
        no_content(call)
    }

    // Concurrency.

    pub(crate) async fn put_function_concurrency(&self, labels: &Labels, call: &Call) -> Answer {
        let arn = self.concurrent(labels, call, "PutFunctionConcurrency")?;
        let body = parse(&call.body)?;
        let input = JsonInput::new(&body);
        let mut checks = Constraints::new();
        let wanted = checks.required(
            "reservedConcurrentExecutions",
            input.integer("ReservedConcurrentExecutions")?,
        );
        if let Some(wanted) = wanted {
            checks.number(
                "reservedConcurrentExecutions",
                wanted,
                0..=i64::from(u32::MAX),
            );
        }
        checks.finish()?;
        let reserved = wanted.and_then(|wanted| u32::try_from(wanted).ok());
        self.functions
            .reserve_concurrency(&arn, reserved)
            .await
            .map_err(error::manage)?;
        ok(call, &json!({ "ReservedConcurrentExecutions": reserved }))
    }

    pub(crate) fn get_function_concurrency(&self, labels: &Labels, call: &Call) -> Answer {
        let (_, function) =
            self.found(call, labels.get("FunctionName"), "GetFunctionConcurrency")?;
        match function.reserved_concurrency {
            Some(reserved) => ok(call, &json!({ "ReservedConcurrentExecutions": reserved })),
            None => ok(call, &json!({})),
        }
    }

    pub(crate) async fn delete_function_concurrency(&self, labels: &Labels, call: &Call) -> Answer {
        let arn = self.concurrent(labels, call, "DeleteFunctionConcurrency")?;
        self.functions
            .reserve_concurrency(&arn, None)
            .await
            .map_err(error::manage)?;
        no_content(call)
    }

    /// As recorded, these say `$LATEST` of a function that is not there.
    fn concurrent(
        &self,
        labels: &Labels,
        call: &Call,
        action: &str,
    ) -> Result<FunctionArn, JsonError> {
        let arn = self.allowed(call, labels.get("FunctionName"), action)?;
        match self.functions.get(&arn) {
            Some(_) => Ok(arn),
            None => Err(error::function_not_found(&format!(
                "{}:$LATEST",
                arn.unqualified()
            ))),
        }
    }

    // What tools read after every change, and what is so here.

    pub(crate) fn get_code_signing_config(&self, labels: &Labels, call: &Call) -> Answer {
        let (arn, _) = self.found(
            call,
            labels.get("FunctionName"),
            "GetFunctionCodeSigningConfig",
        )?;
        ok(call, &json!({ "FunctionName": arn.name }))
    }

    pub(crate) fn get_runtime_management_config(&self, labels: &Labels, call: &Call) -> Answer {
        let (arn, _) = self.found(
            call,
            labels.get("FunctionName"),
            "GetRuntimeManagementConfig",
        )?;
        let arn = arn.unqualified().to_string();
        ok(
            call,
            &json!({ "UpdateRuntimeOn": "Auto", "FunctionArn": arn }),
        )
    }

    pub(crate) fn get_account_settings(&self, call: &Call) -> Answer {
        self.authorize(call, "GetAccountSettings", "*")?;
        let all = self.functions.list(&call.region.0);
        let code: u64 = all.iter().map(|one| one.latest.code.size).sum();
        let reserved: u64 = all
            .iter()
            .filter_map(|one| one.reserved_concurrency)
            .map(u64::from)
            .sum();
        let concurrency = self.functions.concurrency() as u64;
        ok(
            call,
            &json!({
                "AccountLimit": {
                    "TotalCodeSize": 80_530_636_800_u64,
                    "CodeSizeUnzipped": fluoro_functions::UNZIPPED_LIMIT,
                    "CodeSizeZipped": fluoro_functions::ZIPPED_LIMIT,
                    "ConcurrentExecutions": concurrency,
                    "UnreservedConcurrentExecutions": concurrency.saturating_sub(reserved),
                },
                "AccountUsage": { "TotalCodeSize": code, "FunctionCount": all.len() },
            }),
        )
    }
}

/// An answer about `name:$LATEST` has the qualified ARN.
fn configuration_of(
    asked: &FunctionArn,
    function: &Function,
) -> serde_json::Map<String, serde_json::Value> {
    let mut output = configuration::output(function);
    if asked.qualifier.is_some() {
        output.insert("FunctionArn".to_owned(), json!(asked.to_string()));
    }
    output
}

fn owned(pairs: Vec<(&str, &str)>) -> BTreeMap<String, String> {
    pairs
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

fn no_code() -> JsonError {
    error::invalid("Please provide a source for function code.")
}

/// The archive of `Code` or of UpdateFunctionCode.
fn archive(input: &JsonInput<'_>) -> Result<Bytes, JsonError> {
    for name in [
        "S3Bucket",
        "S3Key",
        "S3ObjectVersion",
        "ImageUri",
        "SourceKMSKeyArn",
    ] {
        if input.value(name).is_some_and(says_something) {
            return Err(error::unsupported(&format!(
                "the parameter {name}: send the code as ZipFile"
            )));
        }
    }
    let encoded = input.text("ZipFile")?.ok_or_else(no_code)?;
    let decoded = STANDARD.decode(encoded);
    decoded
        .map(Bytes::from)
        .map_err(|_| fluoro_wire::json_input::refusal("ZipFile is not base64"))
}
