//! `GET traces?follow=true`: summaries of traces as they become known and change.

use std::sync::Arc;

use bytes::Bytes;
use fluoro_api_xray::Following;
use fluoro_model::TimestampMicros;
use fluoro_wire::query::Form;
use fluoro_wire::{AccountId, Region};
use http::{Response, StatusCode};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::pieces::Piece;
use super::reply::Problem;
use super::{OwnApi, lines};
use crate::body::Body;
use crate::feed::{News, Reader};
use crate::http1::Stop;

/// One line of the answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) enum TraceNews {
    /// A trace that became known or changed, as GetTraceSummaries tells of it.
    Summary(
        #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
        Box<RawValue>,
    ),
    /// How many traces were not looked at because news came faster than it was read.
    Skipped(u64),
}

pub(super) fn answer(own: &OwnApi, query: &Form) -> Result<Response<Body>, Problem> {
    let bad = |code, message: &str| Problem::new(StatusCode::BAD_REQUEST, code, message);
    if !matches!(query.get("follow"), Some("true" | "")) {
        let message =
            "traces are followed here (follow=true); GetTraceSummaries lists those there are";
        return Err(bad("BadFollow", message));
    }
    let account = AccountId(own.account.as_str().into());
    let region = Region(query.get("region").unwrap_or(&own.region).into());
    let filter = query.get("filter").unwrap_or_default();
    let following = own.xray.follow(&account, &region, filter);
    let following = following.map_err(|refused| {
        let message = refused
            .message()
            .unwrap_or("the filter expression is refused");
        bad("BadFilter", message)
    })?;
    let now = TimestampMicros(own.ambient.now_micros());
    let reader = own.feed.read(now);
    let reader = reader
        .map_err(|many| Problem::new(StatusCode::TOO_MANY_REQUESTS, "TooManyFollowers", many))?;
    let (lines, response) = lines::answer();
    tokio::spawn(send(reader, Arc::new(following), lines, own.stop.clone()));
    Ok(response)
}

/// Hands on news until the reader goes or the server stops.
async fn send(
    reader: Reader,
    following: Arc<Following>,
    lines: mpsc::Sender<Piece>,
    mut stop: Stop,
) {
    loop {
        let news = tokio::select! {
            news = reader.news() => news,
            () = lines.closed() => return,
            () = stop.asked() => return,
        };
        let following = Arc::clone(&following);
        // A thousand traces against a filter are no work for a thread that serves.
        let written = tokio::task::spawn_blocking(move || write(&following, news));
        let Ok(text) = written.await else { return };
        if text.is_empty() {
            continue;
        }
        let sent = tokio::select! {
            sent = lines.send(Ok(text)) => sent,
            () = stop.asked() => return,
        };
        if sent.is_err() {
            return;
        }
    }
}

fn write(following: &Following, news: News) -> Bytes {
    let mut text = Vec::new();
    if news.skipped > 0 {
        lines::push(&mut text, &TraceNews::Skipped(news.skipped));
    }
    for trace in news.traces {
        if let Some(summary) = following.summary(&trace) {
            lines::push(&mut text, &TraceNews::Summary(summary));
        }
    }
    text.into()
}
