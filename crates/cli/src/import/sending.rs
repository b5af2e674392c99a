//! Documents on their way to the server, and the patience that it takes.

use std::time::Duration;

use anyhow::bail;
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Tally;
use crate::client::{Answer, Client};

/// Documents in one call: no more are allowed.
const DOCUMENTS: usize = 50;

/// Their bytes, unless one is longer by itself.
const BYTES: usize = 256 << 10;

/// How often a call is made until it is given up, and how long it is waited in between.
const TRIES: usize = 10;
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Sends documents by PutTraceSegments, some at a time.
#[derive(Debug)]
pub(super) struct Sending<'i> {
    client: &'i Client,
    tally: &'i mut Tally,
    waiting: Vec<String>,
    bytes: usize,
}

/// Makes a call until it is answered with anything but "try again".
pub(super) async fn patiently(
    client: &Client,
    path: &str,
    kind: &str,
    body: &Bytes,
) -> anyhow::Result<Answer> {
    let headers = [("content-type", kind)];
    let (mut tries, mut wait) = (1, FIRST_WAIT);
    loop {
        let answer = client.call("xray", Method::POST, path, &headers, body.clone());
        let answer = answer.await;
        let may_help = match &answer {
            Ok(answer) => is_for_later(answer.status),
            Err(_) => true,
        };
        if !may_help || tries == TRIES {
            return answer;
        }
        tokio::time::sleep(wait).await;
        (tries, wait) = (tries + 1, (wait * 2).min(LONGEST_WAIT));
    }
}

fn is_for_later(status: StatusCode) -> bool {
    status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::REQUEST_TIMEOUT
}

// === impl Sending ===

impl<'i> Sending<'i> {
    pub(super) fn new(client: &'i Client, tally: &'i mut Tally) -> Self {
        Self {
            client,
            tally,
            waiting: Vec::new(),
            bytes: 0,
        }
    }

    /// What became of those before, as far as it is known.
    pub(super) fn tally(&self) -> &Tally {
        self.tally
    }

    /// Sends a document, perhaps with those that follow.
    pub(super) async fn document(&mut self, document: &[u8]) -> anyhow::Result<()> {
        let Ok(document) = std::str::from_utf8(document) else {
            self.refuse("a document is no UTF-8");
            return Ok(());
        };
        if self.bytes + document.len() > BYTES {
            self.send().await?;
        }
        self.bytes += document.len();
        self.waiting.push(document.to_owned());
        if self.waiting.len() == DOCUMENTS {
            self.send().await?;
        }
        Ok(())
    }

    /// Counts a document that is not sent at all.
    pub(super) fn refuse(&mut self, reason: &str) {
        self.tally.documents.refused += 1;
        self.tally.refuse(|| reason.to_owned());
    }

    /// Sends what is left.
    pub(super) async fn end(mut self) -> anyhow::Result<()> {
        self.send().await
    }

    async fn send(&mut self) -> anyhow::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let documents = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        let count = documents.len() as u64;
        let body = json!({ "TraceSegmentDocuments": documents }).to_string();
        let path = "/TraceSegments";
        let answer = patiently(self.client, path, "application/json", &body.into()).await?;
        let counts = &mut self.tally.documents;
        match answer.status {
            StatusCode::OK => {
                let answer = answer.json()?;
                let refused = answer["UnprocessedTraceSegments"].as_array();
                let refused = refused.map(Vec::as_slice).unwrap_or_default();
                counts.refused += refused.len() as u64;
                counts.accepted += count.saturating_sub(refused.len() as u64);
                for refusal in refused {
                    self.tally.refuse(|| told(refusal));
                }
            }
            // All of them.
            StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => {
                counts.refused += count;
                let told = answer.json().err();
                self.tally
                    .refuse(|| told.map_or_else(String::new, |told| told.to_string()));
            }
            status => {
                answer.json()?;
                bail!("the server answered {status}");
            }
        }
        Ok(())
    }
}

/// Which document, and why not.
fn told(refusal: &Value) -> String {
    let word = |name: &str| refusal[name].as_str().unwrap_or("-");
    let (id, code, message) = (word("Id"), word("ErrorCode"), word("Message"));
    format!("{id}: {code}: {message}")
}
