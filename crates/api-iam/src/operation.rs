//! One operation: from call to form and action, from result to answer.

use std::fmt;

use fluoro_wire::query::{Form, QueryError, response};
use fluoro_wire::xml::Xml;
use fluoro_wire::{Call, Response};
use http::{Method, StatusCode};

/// What an operation gives back.
pub(crate) enum Output {
    /// The model has no output: no result element.
    Nothing,
    /// What stands inside the result element.
    Result(Box<dyn Fn(&mut Xml) + Send>),
}

pub(crate) type Answer = Result<Output, QueryError>;

/// A service's namespace and version, of its API model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Protocol {
    pub(crate) namespace: &'static str,
    pub(crate) version: &'static str,
}

impl Output {
    pub(crate) fn result(content: impl Fn(&mut Xml) + Send + 'static) -> Self {
        Self::Result(Box::new(content))
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Result(_) => "Result",
        })
    }
}

impl Protocol {
    /// Decodes the form of a call: the body, or for a GET the query.
    fn form(self, call: &Call) -> Result<Form, QueryError> {
        let query = call.head.uri.query().unwrap_or_default();
        let bytes = if call.head.method == Method::GET {
            query.as_bytes()
        } else {
            &call.body
        };
        Form::parse(bytes).map_err(|error| {
            QueryError::new(
                StatusCode::BAD_REQUEST,
                "MalformedQueryString",
                error.to_string(),
            )
        })
    }

    /// The action that a form asks for, in the right version.
    pub(crate) fn action(self, form: &Form) -> Result<&str, QueryError> {
        let Some(action) = form.get("Action").filter(|action| !action.is_empty()) else {
            let message = "The request must contain the parameter Action.";
            return Err(QueryError::new(
                StatusCode::BAD_REQUEST,
                "MissingAction",
                message,
            ));
        };
        if form.get("Version") == Some(self.version) {
            Ok(action)
        } else {
            Err(self.no_such_action(form, action))
        }
    }

    pub(crate) fn no_such_action(self, form: &Form, action: &str) -> QueryError {
        let version = form.get("Version").unwrap_or("NO_VERSION_SPECIFIED");
        let message = format!("Could not find operation {action} for version {version}");
        QueryError::new(StatusCode::BAD_REQUEST, "InvalidAction", message)
    }

    /// Reads the form of a call, lets `answer` answer it, and writes what comes of that.
    pub(crate) async fn serve(
        self,
        call: &Call,
        answer: impl AsyncFnOnce(&Form) -> Answer,
    ) -> Response {
        match self.form(call) {
            Ok(form) => self.respond(call, &form, answer(&form).await),
            Err(error) => self.fail(call, &error),
        }
    }

    fn respond(self, call: &Call, form: &Form, answer: Answer) -> Response {
        match answer {
            Ok(Output::Nothing) => self.succeed(call, form, None),
            Ok(Output::Result(content)) => self.succeed(call, form, Some(&*content)),
            Err(error) => self.fail(call, &error),
        }
    }

    fn fail(self, call: &Call, error: &QueryError) -> Response {
        error.respond(self.namespace, &call.request_id)
    }

    fn succeed(self, call: &Call, form: &Form, result: Option<&dyn Fn(&mut Xml)>) -> Response {
        let action = form.get("Action").unwrap_or_default();
        response(action, self.namespace, &call.request_id, result)
    }
}
