//! Tells a webhook what becomes of insights, as EventBridge would tell a target.
//!
//! Best effort: a bounded queue, one request at a time, a few attempts each. What does not get through is logged and
//! dropped; the insight and its events stay where they are.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fluoro_ambient::Ambient;
use fluoro_gateway::{CallError, HttpClient};
use fluoro_query::insights::{Insight, InsightEvent, Listener};
use http::{Method, Request, StatusCode, Uri, header};
use tokio::sync::mpsc;

use crate::body;

/// How many notifications may wait.
const QUEUE: usize = 256;

/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The waits between attempts; one attempt more than there are waits.
const RETRIES: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(25),
];

/// Hands notifications to the task that sends them.
#[derive(Debug)]
pub(crate) struct Webhook {
    ambient: Ambient,
    queue: mpsc::Sender<Bytes>,
}

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
enum AttemptError {
    #[error("failed to reach the webhook")]
    Send(#[from] CallError),
    #[error("the webhook did not answer in time")]
    TooSlow,
    #[error("the webhook answered {0}")]
    Refused(StatusCode),
    #[error("the webhook's address cannot be asked")]
    Address(#[from] http::Error),
}

impl Webhook {
    /// Starts the task, which ends when this is dropped. Call within a tokio runtime.
    pub(crate) fn start(ambient: Ambient, address: Uri) -> Arc<Self> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(deliver(address, waiting));
        Arc::new(Self { ambient, queue })
    }
}

impl Listener for Webhook {
    fn happened(&self, insight: &Insight, event: &InsightEvent) {
        let body = fluoro_api_xray::insight_update(&self.ambient.uuid(), insight, event);
        if self.queue.try_send(body.into()).is_err() {
            tracing::warn!(
                insight = insight.id,
                "a notification is dropped: too many wait for the webhook"
            );
        }
    }
}

async fn deliver(address: Uri, mut waiting: mpsc::Receiver<Bytes>) {
    let client = HttpClient::default();
    while let Some(body) = waiting.recv().await {
        let mut retries = RETRIES.iter();
        while let Err(error) = attempt(&client, &address, body.clone()).await {
            let Some(wait) = retries.next() else {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a notification is dropped: the webhook does not take it"
                );
                break;
            };
            tokio::time::sleep(*wait).await;
        }
    }
}

async fn attempt(client: &HttpClient, address: &Uri, body: Bytes) -> Result<(), AttemptError> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(address)
        .header(header::CONTENT_TYPE, "application/json")
        .header(
            header::USER_AGENT,
            concat!("fluoro/", env!("CARGO_PKG_VERSION")),
        )
        .body(body::whole(body))?;
    let sent = tokio::time::timeout(PATIENCE, client.call(request)).await;
    let answer = sent.map_err(|_| AttemptError::TooSlow)??;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(AttemptError::Refused(status)),
    }
}
