//! `export`: traces to one file.
//!
//! The file is there under its name when it is whole, and not before.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use fluoro_block::sealed;
use fluoro_block::segments::SegmentsFile;
use fluoro_stack::encoded;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::json;

use crate::args::{Cli, Export};
use crate::client::{Client, now};
use crate::filter;
use crate::progress::{Progress, count, size};
use crate::verbs::show;

/// A file in the making: gone, unless it is kept.
#[derive(Debug)]
pub(crate) struct Part {
    file: File,
    path: PathBuf,
    is_kept: bool,
}

pub(crate) async fn run(cli: &Cli, client: &Client, export: &Export) -> anyhow::Result<()> {
    let output = &export.output;
    if output.as_os_str() == "-" {
        return to_stdout(cli, client, export).await;
    }
    if !export.force && output.try_exists()? {
        bail!(
            "{} is there already; --force takes its place",
            output.display()
        );
    }
    let (traces, body) = ask(cli, client, export).await?;
    let mut part = Part::beside(output)?;
    let bytes = copy(traces, body, &mut part.file).await?;
    let documents = part.documents();
    let documents = documents.context("what the server sent is no file of traces")?;
    part.keep(output)?;
    let json = json!({
        "file": output, "traces": traces, "documents": documents, "bytes": bytes
    });
    show(cli, &json, || {
        format!(
            "{} with {}: {} in {}\n",
            count(traces, "trace"),
            count(documents, "document"),
            size(bytes),
            output.display()
        )
    })
}

async fn to_stdout(cli: &Cli, client: &Client, export: &Export) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    if out.is_terminal() {
        bail!("the file is binary: send it to a file or another program");
    }
    let (traces, body) = ask(cli, client, export).await?;
    let bytes = copy(traces, body, &mut out).await?;
    match cli.json {
        true => eprintln!("{}", json!({"traces": traces, "bytes": bytes})),
        false => eprintln!("{}: {}", count(traces, "trace"), size(bytes)),
    }
    Ok(())
}

/// How many traces there are, and the file.
async fn ask(cli: &Cli, client: &Client, export: &Export) -> anyhow::Result<(u64, Incoming)> {
    let now = now();
    let mut path = format!("export?region={}", encoded(&cli.region()));
    for (name, ago) in [("from", export.since), ("to", export.until)] {
        if let Some(ago) = ago {
            path.push_str(&format!("&{name}={}", now.saturating_sub(ago)));
        }
    }
    let filter = export.filter.as_deref().unwrap_or_default();
    path.push_str(&format!("&filter={}", encoded(filter)));
    let answer = client.own_stream(&path).await;
    let answer = answer.map_err(|error| filter::explain(filter, error))?;
    let traces = answer.headers().get("x-fluoro-traces");
    let traces = traces
        .and_then(|traces| traces.to_str().ok()?.parse().ok())
        .context("the server does not say how many traces there are")?;
    Ok((traces, answer.into_body()))
}

/// Copies the file as it comes, unless somebody interrupts, and returns how long it is.
async fn copy(traces: u64, mut body: Incoming, out: &mut impl Write) -> anyhow::Result<u64> {
    let mut progress = Progress::of_stderr();
    let mut bytes = 0;
    let copied = async {
        while let Some(frame) = body.frame().await {
            let frame = frame.context("the file broke off; `fluoro export` again")?;
            let Ok(data) = frame.into_data() else {
                continue; // trailers
            };
            out.write_all(&data).context("failed to write the file")?;
            bytes += data.len() as u64;
            progress.tell(|| format!("{}: {}", count(traces, "trace"), size(bytes)));
        }
        out.flush().context("failed to write the file")
    };
    tokio::select! {
        copied = copied => copied?,
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
    }
    Ok(bytes)
}

// === impl Part ===

impl Part {
    pub(crate) fn beside(output: &Path) -> anyhow::Result<Self> {
        let name = output
            .file_name()
            .with_context(|| format!("{} is no name of a file", output.display()))?;
        let mut part = name.to_owned();
        part.push(format!(".{}.part", std::process::id()));
        let path = output.with_file_name(part);
        let options = &mut File::options();
        let file = options.read(true).write(true).create(true).truncate(true);
        let file = file
            .open(&path)
            .with_context(|| format!("failed to make {}", path.display()))?;
        Ok(Self {
            file,
            path,
            is_kept: false,
        })
    }

    /// How many documents are in it.
    fn documents(&self) -> anyhow::Result<u64> {
        let file = SegmentsFile::open(sealed::open(self.file.try_clone()?)?)?;
        Ok(file.len() as u64)
    }

    pub(crate) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    pub(crate) fn keep(mut self, output: &Path) -> anyhow::Result<()> {
        let kept = self.file.sync_all();
        let kept = kept.and_then(|()| std::fs::rename(&self.path, output));
        kept.with_context(|| format!("failed to write {}", output.display()))?;
        self.is_kept = true;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_kept {
            // Who cannot write here was told.
            drop(std::fs::remove_file(&self.path));
        }
    }
}
