//! Management calls: who calls, in which region, with which body; then the service answers, ours or another's.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use fluoro_ambient::Ambient;
use fluoro_gateway::Room;
use fluoro_iam::Iam;
use fluoro_wire::sigv4::Scope;
use fluoro_wire::{AccountId, Call, Caller, Region, Service};
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};
use tokio::task::{JoinError, JoinHandle};

use crate::body::{self, Body, ReadError};
use crate::downstream::{Downstream, Forwarded};
use crate::refusal::Protocol;
use crate::tap::Tap;

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
    /// Questions that were given up.
    pub(crate) abandoned: Abandoned,
}

/// How many questions were given up, as nobody waited for the answer any more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Abandoned(Arc<AtomicU64>);

/// A question that is being answered; given up when it is dropped before.
struct Asking {
    answering: JoinHandle<fluoro_wire::Response>,
    abandoned: Abandoned,
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
        let only_asks = service.only_asks(&call.head);
        let line = call.head.extensions.get::<Tap>().cloned();
        let refusal = (
            Protocol::of(&call.head, service.signing_name()),
            call.request_id.clone(),
        );
        let service = Arc::clone(service);
        // In a task of its own: a caller that goes away shall not end a change between the catalog and what is known.
        let answering = tokio::spawn(async move {
            let answer = service.call(call).await;
            drop(room);
            answer
        });
        let answered = match line.filter(|_| only_asks) {
            None if only_asks => self.asking(answering).await,
            Some(line) => {
                let mut asking = self.asking(answering);
                tokio::select! {
                    biased;
                    answered = &mut asking => answered,
                    () = line.hung_up() => {
                        drop(asking);
                        let (protocol, request_id) = refusal;
                        let status = StatusCode::SERVICE_UNAVAILABLE;
                        let message = "the caller has hung up";
                        return protocol.refuse(status, "ServiceUnavailable", message, &request_id);
                    }
                }
            }
            None => answering.await,
        };
        match answered.map_err(JoinError::try_into_panic) {
            Ok(answer) => answer.map(body::whole),
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            // The runtime ends, and this task with it.
            Err(Err(_cancelled)) => std::future::pending().await,
        }
    }

    fn asking(&self, answering: JoinHandle<fluoro_wire::Response>) -> Asking {
        Asking {
            answering,
            abandoned: self.abandoned.clone(),
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

// === impl Abandoned, Asking ===

impl Abandoned {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Future for Asking {
    type Output = Result<fluoro_wire::Response, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.answering).poll(context)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        if !self.answering.is_finished() {
            self.answering.abort();
            self.abandoned.0.fetch_add(1, Ordering::Relaxed);
        }
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
    use std::net::{IpAddr, Ipv4Addr};

    use async_trait::async_trait;
    use fluoro_store::catalog::MemoryCatalog;
    use tokio::io::AsyncWriteExt as _;
    use tokio::sync::Notify;

    use super::*;
    use crate::http1::{self, Answer, Connection, Stop};
    use crate::settings::Limits;

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

    /// Has begun, and is given up; it never ends.
    #[derive(Debug, Default)]
    struct Question {
        begun: Notify,
        given_up: Arc<Notify>,
    }

    /// Tells when it goes.
    struct Going(Arc<Notify>);

    impl Drop for Going {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }

    #[async_trait]
    impl Service for Question {
        fn signing_name(&self) -> &'static str {
            "xray"
        }

        fn only_asks(&self, _head: &Parts) -> bool {
            true
        }

        async fn call(&self, _call: Call) -> fluoro_wire::Response {
            let _going = Going(Arc::clone(&self.given_up));
            self.begun.notify_one();
            std::future::pending().await
        }
    }

    const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

    #[tokio::test]
    async fn a_question_is_given_up_when_its_caller_goes_away() {
        let question = Arc::new(Question::default());
        let calls = calls(Arc::clone(&question) as _).await;
        let head = http::Request::new(()).into_parts().0;
        let call = calls.answer_as("xray", PEER, head, body::whole(""), calls.anybody());
        tokio::select! {
            _ = call => panic!("it is not done"),
            () = question.begun.notified() => {}
        }
        question.given_up.notified().await;
        assert_eq!(calls.abandoned.count(), 1);
    }

    #[tokio::test]
    async fn a_question_is_given_up_when_its_client_hangs_up() {
        let question = Arc::new(Question::default());
        let calls = Arc::new(calls(Arc::clone(&question) as _).await);
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.unwrap();
        let address = listener.local_addr().unwrap();
        let (_stopper, stop) = Stop::channel();
        let asked = Arc::new(Asked(Arc::clone(&calls)));
        tokio::spawn(http1::serve(listener, Limits::default(), asked, stop));
        let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = b"POST /TraceSummaries HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";
        client.write_all(request).await.unwrap();
        question.begun.notified().await;
        assert_eq!(calls.abandoned.count(), 0);
        drop(client);
        question.given_up.notified().await;
        assert_eq!(calls.abandoned.count(), 1);
    }

    /// A listener whose requests are all questions.
    struct Asked(Arc<Calls>);

    impl Answer for Asked {
        async fn answer(
            &self,
            connection: &Connection,
            request: http::Request<Body>,
        ) -> Response<Body> {
            let (mut head, body) = request.into_parts();
            head.extensions.insert(connection.tap.clone());
            let from = self.0.anybody();
            self.0.answer_as("xray", PEER, head, body, from).await
        }
    }

    #[tokio::test]
    async fn a_change_is_made_to_its_end_when_its_caller_goes_away() {
        let change = Arc::new(Change::default());
        let calls = calls(Arc::clone(&change) as _).await;
        let head = http::Request::new(()).into_parts().0;
        let call = calls.answer_as("xray", PEER, head, body::whole(""), calls.anybody());
        tokio::select! {
            _ = call => panic!("it is not done"),
            () = change.begun.notified() => {}
        }
        change.go_on.notify_one();
        change.done.notified().await;
    }

    /// Calls of one service.
    async fn calls(service: Arc<dyn Service>) -> Calls {
        let ambient = Ambient::system();
        let account = AccountId("000000000000".into());
        let catalog = Arc::new(MemoryCatalog::default());
        Calls {
            iam: Iam::open(ambient.clone(), catalog, account.clone())
                .await
                .unwrap(),
            account,
            region: Region("us-east-1".into()),
            services: Services::new([service]),
            downstream: Downstream::new(ambient.clone(), BTreeMap::new(), Room::new(0)),
            room: Room::new(BODY_ROOM),
            abandoned: Abandoned::default(),
            ambient,
        }
    }
}
