//! `GET export`: traces as one file of Parquet, coded anew with a model of its own, and sealed.
//!
//! Which traces, is decided before the first byte; what they consist of is read as the file is written. What is held of it is
//! the ids of the traces, a row group, and one piece that the reader has not taken yet.

use std::sync::Arc;

use bytes::Bytes;
use fluoro_block::sealed::Sealing;
use fluoro_block::segments::SegmentsWriter;
use fluoro_block::{BlockError, SegmentRow};
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_shape::{Encoder, Model};
use fluoro_store::documents::Logged;
use fluoro_store::hot::HotTraces;
use fluoro_store::scan::ScanError;
use fluoro_wire::query::Form;
use fluoro_wire::{AccountId, Region};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::BodyExt;
use tokio::sync::{Semaphore, mpsc};

use super::OwnApi;
use super::pieces::{self, Piece};
use super::reply::Problem;
use crate::body::Body;

/// What the answer is: Parquet's registered media type.
pub(super) const KIND: &str = "application/vnd.apache.parquet";

/// How many traces were chosen.
const TRACES: &str = "x-fluoro-traces";

/// So many files are made at once.
const AT_ONCE: usize = 2;

/// So many traces are read together.
const TURN: usize = 128;

/// How many rows a row group has, unless these take so much memory.
const GROUP_ROWS: usize = 10_000;
const GROUP_BYTES: usize = 8 << 20;

/// How many files may be made at once.
#[derive(Debug)]
pub(crate) struct Exports(Arc<Semaphore>);

/// A file that is being made.
struct Export {
    file: SegmentsWriter<Sealing<Vec<u8>>>,
    encoder: Encoder,
    /// Documents that are not accepted any more.
    refused: u64,
}

/// Why a file was not finished.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error("failed to read traces")]
    Scan(#[from] ScanError),
    #[error("failed to write traces")]
    Block(#[from] BlockError),
    #[error("the server stops")]
    Stopped,
}

pub(super) async fn answer(own: &OwnApi, query: &Form) -> Result<Response<Body>, Problem> {
    let bad = |code, message: &str| Problem::new(StatusCode::BAD_REQUEST, code, message);
    let time = |name, default| match query.get(name) {
        None => Ok(TimestampMicros(default)),
        Some(text) => seconds(text).ok_or_else(|| {
            let message = format!("{name}={text}: expected seconds since the epoch");
            bad("BadTime", &message)
        }),
    };
    let range = time("from", i64::MIN)?..time("to", i64::MAX)?;
    if range.start > range.end {
        return Err(bad("BadTime", "from is later than to"));
    }
    let account = AccountId(own.account.as_str().into());
    let region = Region(query.get("region").unwrap_or(&own.region).into());
    let filter = query.get("filter").unwrap_or_default();
    let choosing = own.xray.choose(&account, &region, range, filter);
    let choosing = choosing.map_err(|refused| {
        let message = refused.message();
        bad(
            "BadFilter",
            message.unwrap_or("the filter expression is refused"),
        )
    })?;
    let turn = Arc::clone(&own.exports.0).try_acquire_owned();
    let turn = turn.map_err(|_| {
        let message = format!("{AT_ONCE} exports are under way: try again when one is done");
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "TooManyExports", message)
    })?;
    let chosen = choosing.ids().await;
    let chosen = chosen.map_err(|error| match error.is_busy() {
        true => Problem::new(StatusCode::TOO_MANY_REQUESTS, "TooManyQuestions", error),
        false => Problem::failed("failed to choose traces to export", &error),
    })?;
    let (pieces, mut response) = pieces::answer(KIND);
    let count = HeaderValue::from(chosen.len());
    response.headers_mut().insert(TRACES, count);
    let (hot, mut stop) = (Arc::clone(&own.hot), own.stop.clone());
    tokio::spawn(async move {
        let sent = tokio::select! {
            sent = send(&hot, &chosen, &pieces) => sent,
            () = stop.asked() => Err(ExportError::Stopped),
        };
        if let Err(error) = sent {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "an export broke off"
            );
            // Who went away need not know.
            drop(pieces.send(Err(error.into())).await);
        }
    });
    // Over when the answer is read, or nobody reads it any more.
    Ok(response.map(|body| {
        let held = body.map_frame(move |frame| {
            let _turn = &turn;
            frame
        });
        held.boxed_unsync()
    }))
}

/// Writes the file, as fast as it is read; ends early when nobody reads it any more.
async fn send(
    hot: &HotTraces,
    chosen: &[TraceId],
    pieces: &mpsc::Sender<Piece>,
) -> Result<(), ExportError> {
    let mut export = Export::begin()?;
    for traces in chosen.chunks(TURN) {
        let stored = hot.stored(traces).await?;
        let piece;
        (export, piece) = blocking(move || {
            for documents in stored {
                export.add(documents)?;
            }
            let piece = export.take();
            Ok((export, piece))
        })
        .await?;
        if pieces.is_closed() || (!piece.is_empty() && pieces.send(Ok(piece)).await.is_err()) {
            return Ok(());
        }
    }
    let rest = blocking(|| export.finish()).await?;
    drop(pieces.send(Ok(rest)).await);
    Ok(())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ExportError> + Send + 'static,
) -> Result<T, ExportError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| ExportError::Stopped)?
}

/// A time in seconds since the epoch, as decimal text.
fn seconds(text: &str) -> Option<TimestampMicros> {
    let seconds: f64 = text.parse().ok()?;
    seconds
        .is_finite()
        .then(|| TimestampMicros::from_seconds(seconds))
}

// === impl Exports ===

impl Default for Exports {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

// === impl Export ===

impl Export {
    fn begin() -> Result<Self, ExportError> {
        let file = SegmentsWriter::new(Sealing::new(Vec::new()))?;
        Ok(Self {
            file: file.with_groups_of(GROUP_ROWS, GROUP_BYTES),
            encoder: Encoder::new(Model::default()),
            refused: 0,
        })
    }

    /// Adds a trace, whose id is higher than those before.
    fn add(&mut self, documents: Vec<Logged>) -> Result<(), ExportError> {
        let mut rows: Vec<(SegmentRow, Bytes)> = Vec::with_capacity(documents.len());
        for logged in documents {
            // What was received at one moment was one delivery.
            let number = match rows.last() {
                Some((last, _)) if last.received == logged.received => last.number + 1,
                _ => 0,
            };
            match logged.row(number) {
                Ok(row) => rows.push((row, logged.document)),
                Err(_) => self.refused += 1,
            }
        }
        rows.sort_by_key(|(row, _)| row.place());
        for (mut row, document) in rows {
            row.store(&mut self.encoder, &document);
            self.file.push(row)?;
        }
        Ok(())
    }

    /// What was written since the last time.
    fn take(&mut self) -> Bytes {
        std::mem::take(self.file.out().out()).into()
    }

    /// The rest of the file.
    fn finish(self) -> Result<Bytes, ExportError> {
        if self.refused > 0 {
            let refused = self.refused;
            tracing::warn!(
                refused,
                "stored documents that are not accepted any more were not exported"
            );
        }
        let sealing = self.file.into_out(self.encoder.model())?;
        Ok(sealing.end()?.into())
    }
}
