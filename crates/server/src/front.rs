//! What answers on the main port: who is asked, and what is refused before anybody is.

use std::sync::{Arc, OnceLock};

use fluoro_ambient::Ambient;
use fluoro_gateway::{Addressed, Gateway, Scheme, StageRequest};
use fluoro_wire::sigv4::Scope;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;

use crate::body::{self, Body};
use crate::calls::{self, Calls};
use crate::console;
use crate::dispatch::{self, Destination, StageAddress};
use crate::guard::Guard;
use crate::http1::{Answer, Connection};
use crate::own::{OwnApi, Starting};
use crate::refusal::Protocol;
use crate::settings::Limits;

/// The longest form whose service is told by nothing but the form.
const FORM_LIMIT: usize = 1 << 20;

/// Puts a page into an origin of its own, in which it may do what pages do.
const SANDBOX: &str = "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts";

/// The main port.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) ambient: Ambient,
    pub(crate) guard: Arc<Guard>,
    pub(crate) limits: Limits,
    /// Set once everything is up; until then every request is answered 503.
    pub(crate) live: OnceLock<Live>,
    pub(crate) starting: Starting,
}

/// Everything that answers.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) gateway: Gateway,
    pub(crate) calls: Arc<Calls>,
    pub(crate) own: OwnApi,
}

impl Answer for Front {
    async fn answer(&self, connection: &Connection, request: Request<Body>) -> Response<Body> {
        let (mut head, body) = request.into_parts();
        let scope = Scope::of(&head);
        let destination = dispatch::by_head(&head, scope.as_ref());
        if let Destination::Stage(stage) = destination {
            return match self.live.get() {
                Some(live) => at_stage(&live.gateway, connection, stage, head, body).await,
                None => self.not_yet(&head, "execute-api"),
            };
        }
        if let Some(refused) = self.refuse(&head, &destination) {
            return refused;
        }
        if destination == Destination::Console {
            return console::answer(&head);
        }
        let Some(live) = self.live.get() else {
            return match destination {
                Destination::Own => self.starting.answer(&head),
                Destination::Service(service) => self.not_yet(&head, &service),
                Destination::Stage(_) | Destination::Console | Destination::Nowhere => {
                    self.not_yet(&head, "")
                }
            };
        };
        match destination {
            Destination::Own => live.own.answer(&head, body).await,
            Destination::Service(service) => {
                let calls = &live.calls;
                // Who asks something is given up when it hangs up.
                head.extensions.insert(connection.tap.clone());
                calls
                    .answer(connection.peer, head, body, scope, service)
                    .await
            }
            Destination::Nowhere if dispatch::needs_form(&head) => {
                self.by_form(live, connection, head, body).await
            }
            Destination::Nowhere | Destination::Stage(_) | Destination::Console => {
                self.nowhere(&head)
            }
        }
    }
}

// === impl Front ===

impl Front {
    /// What is refused whoever it is for.
    fn refuse(&self, head: &Parts, destination: &Destination) -> Option<Response<Body>> {
        let service = match destination {
            Destination::Service(service) => service,
            Destination::Own
            | Destination::Console
            | Destination::Stage(_)
            | Destination::Nowhere => "",
        };
        let protocol = Protocol::of(head, service);
        let opens_console = *destination == Destination::Console && console::is_opened(head);
        let admitted = if opens_console {
            self.guard.admit_host(head).map(drop)
        } else {
            self.guard.admit(head)
        };
        if let Err(stranger) = admitted {
            tracing::debug!(%stranger, "management call refused");
            let (status, id) = (StatusCode::FORBIDDEN, self.ambient.uuid());
            return Some(protocol.refuse(
                status,
                "AccessDeniedException",
                &stranger.to_string(),
                &id,
            ));
        }
        let size = head_size(head);
        if size > self.limits.header.0 {
            let message = format!(
                "the request's line and headers have {size} bytes; at most {} are taken (limits.header)",
                self.limits.header.0
            );
            let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            let id = self.ambient.uuid();
            return Some(protocol.refuse(status, "RequestHeaderFieldsTooLarge", &message, &id));
        }
        None
    }

    async fn by_form(
        &self,
        live: &Live,
        connection: &Connection,
        head: Parts,
        form: Body,
    ) -> Response<Body> {
        let form = match body::read(&head.headers, form, FORM_LIMIT).await {
            Ok(form) => form,
            Err(error) => return calls::unread(&head, "", &error, &self.ambient.uuid()),
        };
        let Destination::Service(service) = dispatch::by_form(&form) else {
            return self.nowhere(&head);
        };
        let body = body::whole(form);
        live.calls
            .answer(connection.peer, head, body, None, service)
            .await
    }

    fn nowhere(&self, head: &Parts) -> Response<Body> {
        let message = format!(
            "nothing answers {} {}: no signature, target, action or path names a service; our own API is below /_fluoro/, \
             stages are at /_aws/execute-api/API/STAGE/",
            head.method,
            head.uri.path()
        );
        let id = self.ambient.uuid();
        Protocol::RestJson.refuse(
            StatusCode::NOT_FOUND,
            "UnknownOperationException",
            &message,
            &id,
        )
    }

    fn not_yet(&self, head: &Parts, service: &str) -> Response<Body> {
        let mut response = Protocol::of(head, service).refuse(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailable",
            "the server is starting: GET /_fluoro/health says how far it is",
            &self.ambient.uuid(),
        );
        let soon = HeaderValue::from_static("1");
        response.headers_mut().insert(header::RETRY_AFTER, soon);
        response
    }
}

/// Bytes of the request's line and headers, as they were on the wire give or take spaces.
fn head_size(head: &Parts) -> u64 {
    let target = head
        .uri
        .path_and_query()
        .map_or(1, |all| all.as_str().len());
    let line = head.method.as_str().len() + target + " HTTP/1.1\r\n ".len();
    let headers = head.headers.iter();
    let headers: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len())
        .sum();
    (line + headers) as u64
}

async fn at_stage(
    gateway: &Gateway,
    connection: &Connection,
    stage: StageAddress,
    head: Parts,
    body: Body,
) -> Response<Body> {
    let head_as_sent = connection.tap.head(&head);
    let sandboxed = stage.addressed == Addressed::Path && may_become_page(&head.headers);
    let target = head.uri.path_and_query().cloned();
    let request = StageRequest {
        api_id: stage.api_id,
        stage: stage.stage,
        addressed: stage.addressed,
        path: stage.path,
        method: head.method,
        target: target.unwrap_or_else(|| PathAndQuery::from_static("/")),
        headers: head.headers,
        head_as_sent,
        body,
        peer: connection.peer,
        scheme: Scheme::Http,
    };
    let mut response = gateway.handle(request).await.map(BodyExt::boxed_unsync);
    if sandboxed {
        // Beside a policy of the stage's own, not in its place: what one of them forbids is forbidden.
        let policy = HeaderValue::from_static(SANDBOX);
        let headers = response.headers_mut();
        headers.append(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Whether a browser asks for what it would show as a page. By path, a stage has the management API's origin, and its page
/// could call it. Source: W3C, Fetch Metadata; a browser leaves it away under a name that it does not trust.
fn may_become_page(headers: &HeaderMap) -> bool {
    match headers.get("sec-fetch-dest") {
        Some(shown_as) => {
            let pages: [&[u8]; 5] = [b"document", b"embed", b"frame", b"iframe", b"object"];
            pages.contains(&shown_as.as_bytes())
        }
        None => console::accepts(headers, &header::ACCEPT, "text/html"),
    }
}
