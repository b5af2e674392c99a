//! With the feature.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fluoro_sql::{Answer, Ask, ErrorKind, Format, Sql, SqlError};
use fluoro_store::hot::HotTraces;
use fluoro_wire::query::Form;
use http::request::Parts;
use http::{Response, StatusCode};
use tokio::sync::mpsc;

use crate::body::Body;
use crate::own::pieces::{self, Piece};
use crate::own::reply::Problem;
use crate::own::{OwnApi, read_body};
use crate::settings::{SqlSettings, parse_duration};

/// The longest body: what is longer than a statement may be is refused as one.
const BODY: usize = 1 << 20;

/// Who answers.
#[derive(Debug)]
pub(crate) struct Statements(Sql);

// === impl Statements ===

impl Statements {
    pub(crate) fn new(hot: &Arc<HotTraces>, settings: &SqlSettings) -> Self {
        let settings = fluoro_sql::SqlSettings {
            memory_bytes: settings.memory.as_usize(),
            timeout: settings.timeout,
        };
        Self(Sql::new(Arc::clone(hot), settings))
    }
}

pub(in crate::own) async fn answer(
    own: &OwnApi,
    query: &Form,
    head: &Parts,
    body: Body,
) -> Result<Response<Body>, Problem> {
    let bad = |code, message: String| Problem::new(StatusCode::BAD_REQUEST, code, message);
    let format = match query.get("format") {
        None => Format::default(),
        Some(text) => text
            .parse()
            .map_err(|error| bad("BadFormat", format!("format={text}: {error}")))?,
    };
    let timeout = match query.get("timeout") {
        None => None,
        Some(text) => Some(timeout(text).map_err(|error| bad("BadTime", error))?),
    };
    let statement = read_body(head, body, BODY).await?;
    let statement = String::from_utf8(statement.into());
    let statement =
        statement.map_err(|_| bad("BadStatement", "the statement is no UTF-8".to_owned()))?;
    let ask = Ask {
        statement,
        format,
        timeout,
    };
    let answer = own.sql.0.ask(ask).await.map_err(|error| problem(&error))?;
    let (pieces, response) = pieces::answer(format.media_type());
    let mut stop = own.stop.clone();
    tokio::spawn(async move {
        let sent = tokio::select! {
            sent = send(answer, &pieces) => sent,
            () = stop.asked() => Err(SqlError::Stopped),
            // Who has what it wants, or went away, ends it.
            () = pieces.closed() => Ok(()),
        };
        if let Err(error) = sent {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "an answer to SQL broke off"
            );
            drop(pieces.send(Err(error.into())).await);
        }
    });
    Ok(response)
}

/// Sends the result as fast as it is read.
async fn send(mut answer: Answer, pieces: &mpsc::Sender<Piece>) -> Result<(), SqlError> {
    while let Some(piece) = answer.next().await {
        let piece: Bytes = piece?;
        if !piece.is_empty() && pieces.send(Ok(piece)).await.is_err() {
            break;
        }
    }
    Ok(())
}

fn timeout(text: &str) -> Result<Duration, String> {
    let timeout = parse_duration(text).map_err(|error| format!("timeout={text}: {error}"))?;
    if timeout.is_zero() {
        return Err(format!("timeout={text}: expected some time"));
    }
    Ok(timeout)
}

fn problem(error: &SqlError) -> Problem {
    let status = match error.kind() {
        ErrorKind::Client => StatusCode::BAD_REQUEST,
        ErrorKind::Limit => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::Busy => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Ours => {
            tracing::error!(
                error = error as &dyn std::error::Error,
                "SQL was not answered"
            );
            StatusCode::INTERNAL_SERVER_ERROR
        }
    };
    Problem::new(status, error.code(), error)
}
