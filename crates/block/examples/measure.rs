//! What the files of a block take, by column, what writing them costs, and how long it takes to find traces in them.
//!
//!     cargo run --release -p fluoro-block --example measure -- SEGMENTS.jsonl SEGMENTS.parquet TRACES.parquet
//!
//! One document a line, as `tracegen gen --xray` writes them. Traces that are found by id are read whole and compared.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use fluoro_block::SegmentRow;
use fluoro_block::checked::{Checked, Sums};
use fluoro_block::segments::{SegmentsFile, SegmentsWriter};
use fluoro_block::traces::{TraceRow, TracesFile, TracesWriter};
use fluoro_filter::{Filter, NoGroups, parse};
use fluoro_model::document::AnnotationValue;
use fluoro_model::{Document, TimestampMicros, TraceId};
use fluoro_shape::{Encoder, Model};
use fluoro_trace::{Projection, Received, Trace};
use parquet::file::metadata::ParquetMetaData;
use rustix::time::{ClockId, clock_gettime};

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().collect();
    let [_, from, to, traces_to] = &words[..] else {
        anyhow::bail!("wants a file of documents and two to write");
    };
    let text = Bytes::from(std::fs::read(from)?);
    let documents: Vec<Bytes> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| text.slice_ref(line))
        .collect();

    let mut rows = Vec::with_capacity(documents.len());
    let mut traces: BTreeMap<TraceId, Vec<Received>> = BTreeMap::new();
    let parsing = cpu_time()?;
    for (index, document) in documents.iter().enumerate() {
        let facts =
            Document::parse(document).map_err(|refusal| anyhow::anyhow!(refusal.message))?;
        let index = u32::try_from(index)?;
        let received = TimestampMicros(1_767_225_600_000_000 + i64::from(index / 50) * 1_000);
        rows.push((SegmentRow::of(&facts, received, index % 50), document));
        traces.entry(facts.trace_id).or_default().push(Received {
            document: Arc::new(facts),
            at: received,
        });
    }
    let parsing = cpu_time()? - parsing;
    let spans = rows
        .iter()
        .map(|(row, _)| f64::from(row.spans))
        .sum::<f64>();
    let told = |what: &str, time: Duration| {
        println!(
            "{what:28} {:6.2} CPU-s a million spans",
            time.as_secs_f64() / spans * 1e6
        );
    };
    println!("{} documents, {spans} spans", rows.len());
    told("parsing", parsing);

    let mut encoder = Encoder::new(Model::default());
    let coding = cpu_time()?;
    for (row, document) in &mut rows {
        row.store(&mut encoder, document);
    }
    told("coding", cpu_time()? - coding);

    let writing = cpu_time()?;
    let mut rows: Vec<SegmentRow> = rows.into_iter().map(|(row, _)| row).collect();
    rows.sort_by_key(SegmentRow::place);
    let some: Vec<TraceId> = rows.iter().map(|row| row.trace).step_by(97).collect();
    let mut writer = SegmentsWriter::new(File::create(to)?)?;
    for row in rows {
        writer.push(row)?;
    }
    let metadata = writer.finish(encoder.model())?;
    told("sorting and writing", cpu_time()? - writing);

    tell_sizes(&metadata, to, spans)?;

    let sums = Sums::of(&std::fs::read(to)?);
    let file = SegmentsFile::open(Checked::new(File::open(to)?, sums)?)?;
    let finding = cpu_time()?;
    let mut found = 0;
    for trace in &some {
        for row in file.trace(*trace)? {
            row.document(&file.model())?;
            found += 1;
        }
    }
    let each = (cpu_time()? - finding) / u32::try_from(some.len())?;
    ensure!(found > 0, "nothing is found");
    println!(
        "a trace by its id, of {} documents: {each:?} of CPU",
        found / some.len()
    );
    measure_traces(&traces, traces_to, spans)
}

fn measure_traces(
    documents: &BTreeMap<TraceId, Vec<Received>>,
    to: &str,
    spans: f64,
) -> Result<()> {
    println!("{} traces", documents.len());
    let told = |what: &str, time: Duration| {
        let each = time.as_secs_f64() / spans * 1e6;
        println!("{what:28} {each:6.2} CPU-s a million spans");
    };
    let projections: Vec<(Projection, u32)> = documents
        .iter()
        .map(|(trace, received)| {
            let projection = Trace::assemble(*trace, received).projection();
            Ok((projection, u32::try_from(received.len())?))
        })
        .collect::<Result<_>>()?;
    let making = cpu_time()?;
    let rows = projections.iter();
    let rows = rows.map(|(projection, count)| TraceRow::of(projection, *count, 5_000, false));
    let mut rows: Vec<TraceRow> = rows.collect();
    told("making rows of projections", cpu_time()? - making);
    let writing = cpu_time()?;
    rows.sort_by_key(TraceRow::place);
    let mut writer = TracesWriter::new(File::create(to)?)?;
    for row in &rows {
        writer.push(row.clone())?;
    }
    let metadata = writer.finish()?;
    told("sorting and writing", cpu_time()? - writing);
    tell_sizes(&metadata, to, spans)?;
    println!(
        "{:40} {:6} bytes",
        "metadata in memory",
        metadata.memory_size()
    );
    let groups = metadata.row_groups().iter();
    let blooms = groups.flat_map(|group| group.columns());
    let blooms = blooms.filter_map(|column| {
        let length = column.bloom_filter_length()?;
        Some((column.column_path().string(), length))
    });
    for (column, bytes) in blooms {
        println!("{column:40} {bytes:6} bytes of bloom filter");
    }

    let sums = Sums::of(&std::fs::read(to)?);
    let file = TracesFile::open(Checked::new(File::open(to)?, sums)?)?;
    // What is measured is not the check.
    ensure!(
        file.all().all(|rows| rows.is_ok()),
        "a file that was just written"
    );
    let request = rows[rows.len() / 4].annotations.iter();
    let mut request = request.filter_map(|(key, value)| match value {
        AnnotationValue::Text(text) if **key == *"request_id" => Some(text),
        _ => None,
    });
    let request = request.next_back().context("no trace has a request id")?;
    for text in [
        String::new(),
        r#"service("catalog-api")"#.to_owned(),
        r#"service("catalog-api") AND duration > 1"#.to_owned(),
        r#"service("catalog-api") AND duration > 0.1"#.to_owned(),
        r#"service("catalog-api") { duration > 1 }"#.to_owned(),
        r#"service("catalog-api") { fault }"#.to_owned(),
        "fault".to_owned(),
        "!ok OR responsetime > 2".to_owned(),
        format!(r#"annotation.request_id = "{request}""#),
        r#"annotation.request_id = "absent""#.to_owned(),
        r#"annotation.user_id CONTAINS "99""#.to_owned(),
        r#"!annotation.user_id"#.to_owned(),
        r#"http.url CONTAINS "/checkout""#.to_owned(),
        r#"user = "u-006928""#.to_owned(),
    ] {
        let columns = Filter::new(&parse(&text)?, &NoGroups)?.columns();
        let may = file
            .groups()
            .filter(|group| file.may_admit(*group, &columns));
        let may = may.count();
        let (mut admitted, rounds) = (0, 20);
        let finding = cpu_time()?;
        for _ in 0..rounds {
            let found = file.find(0, 0..file.times(0).rows, &columns)?;
            admitted = found.iter().filter(|row| row.admitted).count();
        }
        let each = (cpu_time()? - finding) / rounds;
        println!("{each:9.2?} of CPU, {admitted:5} rows of a group, {may} groups may: {text}");
    }
    let finding = cpu_time()?;
    let some: Vec<TraceId> = documents.keys().copied().step_by(37).collect();
    for trace in &some {
        ensure!(file.row(*trace)?.is_some(), "a trace is not found");
    }
    let each = (cpu_time()? - finding) / u32::try_from(some.len())?;
    println!("a row by its id: {each:?} of CPU");
    Ok(())
}

/// By column, and the file.
fn tell_sizes(metadata: &ParquetMetaData, file: &str, spans: f64) -> Result<()> {
    let mut columns: BTreeMap<String, i64> = BTreeMap::new();
    for column in metadata
        .row_groups()
        .iter()
        .flat_map(|group| group.columns())
    {
        *columns.entry(column.column_path().string()).or_default() += column.compressed_size();
    }
    let length = std::fs::metadata(file)?.len() as f64;
    let known: i64 = columns.values().sum();
    for (column, bytes) in columns {
        println!("{column:40} {:6.3} bytes a span", bytes as f64 / spans);
    }
    let rest = (length - known as f64) / spans;
    println!("{:40} {rest:6.3} bytes a span", "indexes, filters, footer");
    println!(
        "{:40} {:6.3} bytes a span",
        "the whole file",
        length / spans
    );
    Ok(())
}

/// What this process has cost so far.
fn cpu_time() -> Result<Duration> {
    Ok(clock_gettime(ClockId::ProcessCPUTime).try_into()?)
}
