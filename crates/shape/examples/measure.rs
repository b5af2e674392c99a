//! What segment documents take as shapes and values, beside the same documents as text, and what coding them costs.
//!
//!     cargo run --release -p fluoro-shape --example measure -- SEGMENTS.jsonl
//!
//! One document a line, as `tracegen gen --xray` writes them. Every document is read back and compared.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::time::Duration;

use anyhow::{Context, Result};
use fluoro_shape::{Coded, Encoder, Model, Seeds, Streams};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

/// As much text is compressed at once as a page of a block has.
const PAGE: usize = 64 << 10;

struct Row {
    document: Vec<u8>,
    spans: usize,
    trace: [u8; 16],
    id: [u8; 8],
    parent: Option<[u8; 8]>,
    start_micros: i64,
    end_micros: Option<i64>,
    texts: Vec<Vec<u8>>,
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().collect();
    let file = BufReader::new(File::open(words.get(1).context("no file")?)?);
    let rows = file.split(b'\n').map(|line| row(line?));
    let mut rows = rows.collect::<Result<Vec<Row>>>()?;
    rows.sort_by_key(|row| (row.trace, row.start_micros));
    let spans = rows.iter().map(|row| row.spans).sum::<usize>() as f64;
    let bytes = rows.iter().map(|row| row.document.len()).sum::<usize>() as f64;
    println!(
        "{} documents, {spans} spans, {:.0} bytes a span",
        rows.len(),
        bytes / spans
    );

    for level in [1, 3] {
        let begin = cpu_seconds()?;
        let stored = compressed(rows.iter().map(|row| &row.document[..]), 1 << 20, level)?;
        let cost = cpu_seconds()? - begin;
        println!(
            "text, zstd -{level}, 1 MiB:     {:7.2} bytes a span, {:.2} CPU-s a million spans",
            stored as f64 / spans,
            cost / spans * 1e6
        );
    }

    let mut encoder = Encoder::new(Model::default());
    let mut streams = Streams::default();
    let mut ends = Vec::new();
    let mut unfit = 0;
    let begin = cpu_seconds()?;
    for row in &rows {
        let texts: Vec<&[u8]> = row.texts.iter().map(Vec::as_slice).collect();
        let fits = encoder
            .encode(&row.seeds(&texts), &row.document, &mut streams)
            .is_ok();
        unfit += usize::from(!fits);
        ends.push((
            fits,
            streams.shapes.len(),
            streams.numbers.len(),
            streams.ids.len(),
            streams.text.len(),
        ));
    }
    let cost = cpu_seconds()? - begin;
    println!(
        "coding:                   {:.2} CPU-s a million spans, {unfit} unfit, journal {} bytes",
        cost / spans * 1e6,
        encoder.model().journal().len()
    );
    println!("{}", encoder.model().told());

    let cuts = |cut: fn(&(bool, usize, usize, usize, usize)) -> usize| {
        std::iter::once(0)
            .chain(ends.iter().map(cut))
            .collect::<Vec<_>>()
    };
    let (shapes, numbers, ids, text) = (cuts(|e| e.1), cuts(|e| e.2), cuts(|e| e.3), cuts(|e| e.4));
    let mut total = 0;
    for (name, bytes, cuts, level) in [
        ("shapes", &streams.shapes, &shapes, 3),
        ("numbers", &streams.numbers, &numbers, 3),
        ("ids", &streams.ids, &ids, 0),
        ("text", &streams.text, &text, 3),
    ] {
        let stored = if level == 0 {
            bytes.len()
        } else {
            compressed(
                cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]),
                PAGE,
                level,
            )?
        };
        total += stored;
        println!(
            "{name:8}                  {:7.2} bytes a span, {:.2} stored",
            bytes.len() as f64 / spans,
            stored as f64 / spans
        );
    }
    let model = zstd::bulk::compress(encoder.model().journal(), 3)?.len();
    println!(
        "all                       {:7.2} bytes a span, and a model of {model} bytes",
        total as f64 / spans
    );

    let begin = cpu_seconds()?;
    let mut out = Vec::new();
    let mut wrong = 0;
    for (index, row) in rows.iter().enumerate().filter(|(index, _)| ends[*index].0) {
        let texts: Vec<&[u8]> = row.texts.iter().map(Vec::as_slice).collect();
        let coded = Coded {
            shapes: &streams.shapes[shapes[index]..shapes[index + 1]],
            numbers: &streams.numbers[numbers[index]..numbers[index + 1]],
            ids: &streams.ids[ids[index]..ids[index + 1]],
            text: &streams.text[text[index]..text[index + 1]],
        };
        out.clear();
        let read = encoder.model().decode(&row.seeds(&texts), coded, &mut out);
        wrong += usize::from(read.is_err() || out != row.document);
    }
    let cost = cpu_seconds()? - begin;
    println!(
        "reading:                  {:.2} CPU-s a million spans, {wrong} wrong",
        cost / spans * 1e6
    );
    Ok(())
}

// === impl Row ===

impl Row {
    fn seeds<'a>(&self, texts: &'a [&'a [u8]]) -> Seeds<'a> {
        Seeds {
            trace: self.trace,
            id: self.id,
            parent: self.parent,
            start_micros: self.start_micros,
            end_micros: self.end_micros,
            texts,
        }
    }
}

fn row(document: Vec<u8>) -> Result<Row> {
    let value: Value = serde_json::from_slice(&document)?;
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let micros = |pointer: &str| {
        let seconds = value.pointer(pointer).and_then(Value::as_f64);
        seconds.and_then(|seconds| format!("{:.0}", seconds * 1e6).parse().ok())
    };
    let trace = text("/trace_id").context("no trace id")?;
    let annotations = value.pointer("/annotations").and_then(Value::as_object);
    let annotations = annotations.into_iter().flat_map(serde_json::Map::values);
    let texts = [text("/http/request/url"), text("/user")];
    let texts = texts.into_iter().chain(annotations.map(Value::as_str));
    let spans = document.windows(13);
    let spans = spans.filter(|window| window == b"\"start_time\":").count();
    Ok(Row {
        spans,
        trace: u128::from_str_radix(&trace.replace('-', "")[1..], 16)?.to_be_bytes(),
        id: id(text("/id").context("no id")?)?,
        parent: text("/parent_id").map(id).transpose()?,
        start_micros: micros("/start_time").context("no start")?,
        end_micros: micros("/end_time"),
        texts: texts
            .flatten()
            .map(|text| text.as_bytes().to_vec())
            .collect(),
        document,
    })
}

fn id(text: &str) -> Result<[u8; 8]> {
    Ok(u64::from_str_radix(text, 16)?.to_be_bytes())
}

fn compressed<'a>(
    documents: impl Iterator<Item = &'a [u8]>,
    page: usize,
    level: i32,
) -> Result<usize> {
    let mut compressor = zstd::bulk::Compressor::new(level)?;
    let mut stored = 0;
    let mut open = Vec::new();
    for document in documents {
        open.extend_from_slice(document);
        if open.len() >= page {
            stored += compressor.compress(&open)?.len();
            open.clear();
        }
    }
    Ok(stored + compressor.compress(&open)?.len())
}

/// What this process has cost so far.
fn cpu_seconds() -> Result<f64> {
    let time = Duration::try_from(clock_gettime(ClockId::ProcessCPUTime))?;
    Ok(time.as_secs_f64())
}
