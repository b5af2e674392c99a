//! `import`: traces from files, sent as any client sends them.
//!
//! What a file is, its content says. A file is read piece by piece; what the server refuses is counted, and nothing stops
//! for it.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::args::{Cli, Import};
use crate::client::Client;
use crate::progress::{Progress, count};
use crate::verbs::show;

mod exported;
mod lines;
mod otlp;
mod sending;
#[cfg(test)]
mod tests;

use otlp::Framing;
use sending::Sending;

/// So many refusals are told of.
const REASONS: usize = 5;

/// What a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// What `export` wrote.
    Exported,
    /// X-Ray documents, one a line.
    Lines,
    /// Requests of OTLP.
    Otlp(Framing),
}

/// What became of what was sent.
#[derive(Debug, Default)]
struct Tally {
    documents: Counts,
    spans: Counts,
    /// The first refusals, in the server's words.
    reasons: Vec<String>,
}

#[derive(Debug, Default)]
struct Counts {
    accepted: u64,
    refused: u64,
}

/// A file, how far it is read, and who is told.
#[derive(Debug)]
struct Reading<'f> {
    path: &'f Path,
    file: &'f File,
    /// In bytes.
    length: u64,
    progress: Progress,
}

pub(crate) async fn run(cli: &Cli, client: &Client, import: &Import) -> anyhow::Result<()> {
    // At once, whether there is a server: later on, it is waited for.
    let listeners = client.own("listeners").await?;
    let mut tally = Tally::default();
    let mut outcome = Ok(());
    for path in &import.files {
        let read = read(client, &listeners, path, &mut tally).await;
        outcome = read.with_context(|| format!("failed to import {}", path.display()));
        if outcome.is_err() {
            break;
        }
    }
    show(cli, &tally.json(), || tally.text())?;
    outcome?;
    let refused = tally.documents.refused + tally.spans.refused;
    if refused > 0 {
        bail!(
            "{} refused; `fluoro doctor` says how to mend it",
            tally.refused()
        );
    }
    Ok(())
}

async fn read(
    client: &Client,
    listeners: &Value,
    path: &Path,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let file = File::open(path)?;
    let content = Content::of(&file)?;
    let length = file.metadata()?.len();
    let mut reading = Reading {
        path,
        file: &file,
        length,
        progress: Progress::of_stderr(),
    };
    match content {
        Content::Exported => exported::send(client, &mut reading, tally).await,
        Content::Lines => lines::send(client, &mut reading, tally).await,
        Content::Otlp(framing) => {
            let client = otlp::client(client, listeners)?;
            otlp::send(&client, framing, &mut reading, tally).await
        }
    }
}

// === impl Content ===

impl Content {
    fn of(file: &File) -> anyhow::Result<Self> {
        let mut head = [0; 256];
        let mut read = 0;
        loop {
            match file.read_at(&mut head[read..], read as u64)? {
                0 => break,
                more => read += more,
            }
        }
        let head = &head[..read];
        if head.is_empty() {
            bail!("it is empty");
        }
        if head.starts_with(b"PAR1") {
            return Ok(Self::Exported);
        }
        if is_json(head) {
            return Ok(Self::Lines);
        }
        match Framing::of(file)? {
            Some(framing) => Ok(Self::Otlp(framing)),
            None => bail!(
                "it is none of what can be read: a file of `fluoro export`; X-Ray documents as JSON, one a line; \
                 OTLP's ExportTraceServiceRequest in protocol buffers, alone or each after its length"
            ),
        }
    }
}

/// Whether there is the begin of an object in one line. A message of OTLP begins with a line feed, or with its length, which
/// may be a brace; what follows tells.
fn is_json(head: &[u8]) -> bool {
    let object = head.trim_ascii_start().strip_prefix(b"{");
    let member = object.and_then(|object| object.iter().find(|byte| !b" \t".contains(byte)));
    matches!(member, Some(b'"' | b'}')) && !head.iter().take(4).any(|byte| *byte == 0)
}

// === impl Tally ===

impl Tally {
    fn refuse(&mut self, reason: impl FnOnce() -> String) {
        if self.reasons.len() < REASONS {
            self.reasons.push(reason());
        }
    }

    /// Each kind of which there was any; documents when there was none.
    fn kinds(&self) -> impl Iterator<Item = (&'static str, &Counts)> {
        let Self {
            documents, spans, ..
        } = self;
        let is_shown = !documents.is_empty() || spans.is_empty();
        let documents = is_shown.then_some(("document", documents));
        let spans = (!spans.is_empty()).then_some(("span", spans));
        documents.into_iter().chain(spans)
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (kind, counts) in self.kinds() {
            text.push_str(&format!(
                "{} accepted, {} refused\n",
                count(counts.accepted, kind),
                counts.refused
            ));
        }
        for reason in &self.reasons {
            text.push_str(&format!("  refused: {reason}\n"));
        }
        text
    }

    /// Of each kind, how many were refused.
    fn refused(&self) -> String {
        let kinds = self.kinds().filter(|(_, counts)| counts.refused > 0);
        let kinds = kinds.map(|(kind, counts)| count(counts.refused, kind));
        kinds.collect::<Vec<_>>().join(" and ")
    }

    fn json(&self) -> Value {
        let counts =
            |counts: &Counts| json!({"accepted": counts.accepted, "refused": counts.refused});
        json!({
            "documents": counts(&self.documents), "spans": counts(&self.spans), "refusals": self.reasons
        })
    }
}

impl Counts {
    fn is_empty(&self) -> bool {
        self.accepted + self.refused == 0
    }
}

// === impl Reading ===

impl Reading<'_> {
    /// Shows how far it is: so much of so much.
    fn tell(&mut self, done: u64, all: u64, tally: &Tally) {
        let path = self.path;
        self.progress.tell(|| {
            let percent = done.saturating_mul(100).checked_div(all).unwrap_or(100);
            let kinds = tally.kinds();
            let kinds = kinds.map(|(kind, counts)| count(counts.accepted, kind));
            let kinds = kinds.collect::<Vec<_>>().join(", ");
            format!("{}: {percent} %, {kinds}", path.display())
        });
    }
}
