//! What a file of segments takes, by column, what writing it costs, and how long it takes to find a trace in it.
//!
//!     cargo run --release -p fluoro-block --example measure -- SEGMENTS.jsonl OUT.parquet
//!
//! One document a line, as `tracegen gen --xray` writes them. Traces that are found are read whole and compared.

use std::collections::BTreeMap;
use std::fs::File;
use std::time::Duration;

use anyhow::{Result, ensure};
use bytes::Bytes;
use fluoro_block::SegmentRow;
use fluoro_block::checked::{Checked, Sums};
use fluoro_block::segments::{SegmentsFile, SegmentsWriter};
use fluoro_model::{Document, TimestampMicros, TraceId};
use fluoro_shape::{Encoder, Model};
use rustix::time::{ClockId, clock_gettime};

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().collect();
    let [_, from, to] = &words[..] else {
        anyhow::bail!("wants a file of documents and one to write");
    };
    let text = Bytes::from(std::fs::read(from)?);
    let documents: Vec<Bytes> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| text.slice_ref(line))
        .collect();

    let mut rows = Vec::with_capacity(documents.len());
    let parsing = cpu_time()?;
    for (index, document) in documents.iter().enumerate() {
        let facts =
            Document::parse(document).map_err(|refusal| anyhow::anyhow!(refusal.message))?;
        let index = u32::try_from(index)?;
        let received = TimestampMicros(1_767_225_600_000_000 + i64::from(index / 50) * 1_000);
        rows.push((SegmentRow::of(&facts, received, index % 50), document));
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
    let traces: Vec<TraceId> = rows.iter().map(|row| row.trace).step_by(97).collect();
    let mut writer = SegmentsWriter::new(File::create(to)?)?;
    for row in rows {
        writer.push(row)?;
    }
    let metadata = writer.finish(encoder.model())?;
    told("sorting and writing", cpu_time()? - writing);

    let mut columns: BTreeMap<String, i64> = BTreeMap::new();
    for column in metadata
        .row_groups()
        .iter()
        .flat_map(|group| group.columns())
    {
        *columns.entry(column.column_path().string()).or_default() += column.compressed_size();
    }
    for (column, bytes) in columns {
        println!("{column:40} {:6.2} bytes a span", bytes as f64 / spans);
    }
    let length = std::fs::metadata(to)?.len();
    println!(
        "{:40} {:6.2} bytes a span",
        "the whole file",
        length as f64 / spans
    );

    let sums = Sums::of(&std::fs::read(to)?);
    let file = SegmentsFile::open(Checked::new(File::open(to)?, sums)?)?;
    let finding = cpu_time()?;
    let mut found = 0;
    for trace in &traces {
        for row in file.trace(*trace)? {
            row.document(file.model())?;
            found += 1;
        }
    }
    let each = (cpu_time()? - finding) / u32::try_from(traces.len())?;
    ensure!(found > 0, "nothing is found");
    println!(
        "a trace by its id, of {} documents: {each:?} of CPU",
        found / traces.len()
    );
    Ok(())
}

/// What this process has cost so far.
fn cpu_time() -> Result<Duration> {
    Ok(clock_gettime(ClockId::ProcessCPUTime).try_into()?)
}
