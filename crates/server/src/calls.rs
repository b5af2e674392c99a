//! Management calls: who calls, in which region, with which body; then the service answers, ours or another's.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use fluoro_ambient::Ambient;
use fluoro_gateway::Room;
use fluoro_iam::Iam;
use fluoro_wire::sigv4::Scope;
use fluoro_wire::{AccountId, Call, Caller, Region, Service};
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};
use tokio::task::JoinError;

use crate::body::{self, Body, ReadError};
use crate::downstream::{Downstream, Forwarded};
use crate::refusal::Protocol;

/// Answers calls of AWS APIs.
#[derive(Debug)]
pub(crate) struct Calls {
    pub(crate) ambient: Ambient,
    pub(crate) iam: Iam,
    pub(crate) account: AccountId,
    /// The region of calls that name none.
    pub(crate) region: Region,
    pub(crate) services: Services,
    pub(crate) downstream: Downstream,
    /// The memory of all bodies that are read whole.
    pub(crate) room: Room,
}

/// What [`Calls::room`] is in production, in bytes: seven of the largest archives, or a great many of all else.
pub(crate) const BODY_ROOM: usize = 512 << 20;

/// Our services by signing name.
#[derive(Debug)]
pub(crate) struct Services {
    by_name: HashMap<&'static str, Arc<dyn Service>>,
}

/// Who calls, and where, when it is not told by a signature.
#[derive(Debug, Clone)]
pub(crate) struct Unsigned {
    pub(crate) caller: Caller,
    pub(crate) region: Region,
}

/// Bytes of a body that a service takes. Beyond Lambda's documented limit nothing needs many.
fn body_limit(service: &str) -> usize {
    match service {
        // Lambda developer guide, recorded: "Request must be smaller than 70167211 bytes for the CreateFunction operation".
        "lambda" => 70_167_211,
        // 50 documents of 64 KB as JSON text within JSON, with room for their escapes, or the largest one that
        // settings allow; imports of 10 MB and less.
        _ => 16 << 20,
    }
}

// === impl Services ===

impl Services {
    /// These, each under its own name.
    pub(crate) fn new(services: impl IntoIterator<Item = Arc<dyn Service>>) -> Self {
        let by_name = services
            .into_iter()
            .map(|service| (service.signing_name(), service))
            .collect();
        Self { by_name }
    }
}

// === impl Calls ===

impl Calls {
    /// Answers a call for `service`: ours, or sent on.
    pub(crate) async fn answer(
        &self,
        peer: SocketAddr,
        head: Parts,
        body: Body,
        scope: Option<Scope>,
        service: String,
    ) -> Response<Body> {
        let region = self.region_of(scope.as_ref());
        let Some(ours) = self.services.by_name.get(service.as_str()) else {
            let request_id = self.ambient.uuid();
            let call = Forwarded {
                head,
                body,
                service,
                region,
                request_id,
            };
            return self.downstream.forward(call).await;
        };
        let caller = match self.caller_of(scope.as_ref()) {
            Ok(caller) => caller,
            Err(expired) => {
                let protocol = Protocol::of(&head, &service);
                return protocol.refuse(
                    StatusCode::FORBIDDEN,
                    expired_code(protocol),
                    &expired.to_string(),
                    &self.ambient.uuid(),
                );
            }
        };
        self.call(ours, peer, head, body, Unsigned { caller, region })
            .await
    }

    /// Answers a call that came where only `service` is spoken, from somebody we know without a signature.
    pub(crate) async fn answer_as(
        &self,
        service: &str,
        peer: SocketAddr,
        head: Parts,
        body: Body,
        unsigned: Unsigned,
    ) -> Response<Body> {
        match self.services.by_name.get(service) {
            Some(ours) => self.call(ours, peer, head, body, unsigned).await,
            None => Protocol::RestJson.refuse(
                StatusCode::NOT_FOUND,
                "UnknownOperationException",
                "there is no such service",
                &self.ambient.uuid(),
            ),
        }
    }

    async fn call(
        &self,
        service: &Arc<dyn Service>,
        peer: SocketAddr,
        head: Parts,
        body: Body,
        from: Unsigned,
    ) -> Response<Body> {
        let request_id = self.ambient.uuid();
        let limit = body_limit(service.signing_name());
        let Some(room) = body::room_for(&self.room, &body, limit) else {
            let protocol = Protocol::of(&head, service.signing_name());
            let message = "too many large requests at once; try again";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            return protocol.refuse(status, "ServiceUnavailable", message, &request_id);
        };
        let body = match body::read(&head.headers, body, limit).await {
            Ok(body) => body,
            Err(error) => return unread(&head, service.signing_name(), &error, &request_id),
        };
        let call = Call {
            head: Arc::new(head),
            body,
            caller: from.caller,
            region: from.region,
            account: self.account.clone(),
            request_id,
            peer,
        };
        let service = Arc::clone(service);
        // In a task of its own: a caller that goes away shall not end a change between the catalog and what is known.
        let answering = tokio::spawn(async move {
            let answer = service.call(call).await;
            drop(room);
            answer
        });
        match answering.await.map_err(JoinError::try_into_panic) {
            Ok(answer) => answer.map(body::whole),
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            // The runtime ends, and this task with it.
            Err(Err(_cancelled)) => std::future::pending().await,
        }
    }

    /// The configured region and nobody in particular.
    pub(crate) fn anybody(&self) -> Unsigned {
        Unsigned {
            caller: Caller::Root,
            region: self.region.clone(),
        }
    }

    fn region_of(&self, scope: Option<&Scope>) -> Region {
        scope.map_or_else(
            || self.region.clone(),
            |scope| Region(scope.region.as_str().into()),
        )
    }

    /// A role's session is its role; everybody else is root, which only a loopback listener lets in.
    fn caller_of(&self, scope: Option<&Scope>) -> Result<Caller, fluoro_iam::ExpiredSession> {
        let Some(scope) = scope else {
            return Ok(Caller::Root);
        };
        let session = self.iam.caller_of(&scope.access_key_id)?;
        Ok(session.unwrap_or(Caller::Root))
    }
}

/// The query services call it differently. Source: STS and IAM API references, common errors.
fn expired_code(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Query => "ExpiredToken",
        _ => "ExpiredTokenException",
    }
}

/// An answer to a body that was not read to its end. What is left of it would be taken for the next request.
pub(crate) fn unread(
    head: &Parts,
    service: &str,
    error: &ReadError,
    request_id: &str,
) -> Response<Body> {
    let message = match error {
        ReadError::TooLong { limit } => format!("Request must be smaller than {limit} bytes"),
        ReadError::Stalled | ReadError::Broken(_) => error.to_string(),
    };
    let protocol = Protocol::of(head, service);
    let mut response = protocol.refuse(error.status(), error.code(), &message, request_id);
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use async_trait::async_trait;
    use fluoro_store::catalog::MemoryCatalog;
    use tokio::sync::Notify;

    use super::*;

    /// Has begun, may go on, is done.
    #[derive(Debug, Default)]
    struct Change {
        begun: Notify,
        go_on: Notify,
        done: Notify,
    }

    #[async_trait]
    impl Service for Change {
        fn signing_name(&self) -> &'static str {
            "xray"
        }

        async fn call(&self, _call: Call) -> fluoro_wire::Response {
            self.begun.notify_one();
            self.go_on.notified().await;
            self.done.notify_one();
            Response::default()
        }
    }

    #[tokio::test]
    async fn a_change_is_made_to_its_end_when_its_caller_goes_away() {
        let ambient = Ambient::system();
        let account = AccountId("000000000000".into());
        let catalog = Arc::new(MemoryCatalog::default());
        let change = Arc::new(Change::default());
        let calls = Calls {
            iam: Iam::open(ambient.clone(), catalog, account.clone())
                .await
                .unwrap(),
            account,
            region: Region("us-east-1".into()),
            services: Services::new([Arc::clone(&change) as Arc<dyn Service>]),
            downstream: Downstream::new(ambient.clone(), BTreeMap::new(), Room::new(0)),
            room: Room::new(BODY_ROOM),
            ambient,
        };
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        let head = http::Request::new(()).into_parts().0;
        let call = calls.answer_as("xray", peer, head, body::whole(""), calls.anybody());
        tokio::select! {
            _ = call => panic!("it is not done"),
            () = change.begun.notified() => {}
        }
        change.go_on.notify_one();
        change.done.notified().await;
    }
}
