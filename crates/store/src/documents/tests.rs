use fluoro_ambient::{ManualClock, SeededEntropy};

use super::*;
use crate::log::MemoryLog;

const NOW: TimestampMicros = TimestampMicros(1_790_000_000_000_000);

fn ambient() -> Ambient {
    let clock = Arc::new(ManualClock::at(NOW.0));
    Ambient::new(clock, Arc::new(SeededEntropy::new(1)))
}

fn documents_of(log: &Arc<MemoryLog>) -> Arc<DocumentLog> {
    let log = Arc::<MemoryLog>::clone(log);
    DocumentLog::open(ambient(), log, Vec::new())
}

fn json(number: u64) -> Bytes {
    let json = format!(
        r#"{{"trace_id":"1-00000001-{:024x}","id":"{number:016x}","name":"service-{}","start_time":5.{number:06},"end_time":7,"annotations":{{"user":"u-{number}"}}}}"#,
        number / 3,
        number % 3,
    );
    json.into()
}

fn code(documents: &Arc<DocumentLog>, all: &[Bytes]) -> Coded {
    let facts: Vec<Document> = all
        .iter()
        .map(|json| Document::parse(json).unwrap())
        .collect();
    documents.code(facts.iter().zip(all))
}

async fn put(documents: &Arc<DocumentLog>, all: &[Bytes]) -> Vec<Position> {
    let coded = code(documents, all);
    documents.append(Row::Second, NOW, coded).await.unwrap()
}

async fn scanned(documents: &Arc<DocumentLog>) -> Vec<(Position, Lineage, SegmentRow)> {
    let mut next = Some(Position::START);
    let mut all = Vec::new();
    while let Some(from) = next {
        let rows = documents.scan(from, 1 << 20).await.unwrap();
        all.extend(rows.rows);
        next = rows.next;
    }
    all
}

async fn assert_reads(documents: &Arc<DocumentLog>, positions: &[Position], all: &[Bytes]) {
    let read = documents.read(positions).await.unwrap();
    let read: Vec<Bytes> = read
        .into_iter()
        .map(|logged| logged.unwrap().document)
        .collect();
    assert_eq!(read, all);
}

#[tokio::test]
async fn the_latest_are_read_without_the_log() {
    let (log, all) = (Arc::new(MemoryLog::default()), [json(1), json(2), json(3)]);
    let documents = documents_of(&log);
    documents.resume();
    documents.hold_recent(1 << 20);
    let positions = put(&documents, &all).await;
    // Behind its back.
    log.release(log.extent().end).await.unwrap();
    assert_reads(&documents, &positions, &all).await;
    assert!(documents.recent_bytes() > 0);
    documents.hold_recent(0);
    assert_eq!(documents.recent_bytes(), 0);
    let gone = documents.read(&positions).await.unwrap();
    assert_eq!(gone, [const { None }; 3]);
    // Some of them are held.
    let older = put(&documents, &[json(4)]).await;
    documents.hold_recent(1 << 20);
    let younger = put(&documents, &[json(5)]).await;
    let positions = [younger[0], older[0]];
    assert_reads(&documents, &positions, &[json(5), json(4)]).await;
    documents.release(log.extent().end).await.unwrap();
    assert_eq!(documents.recent_bytes(), 0);
}

#[tokio::test]
async fn documents_come_back_also_after_a_start() {
    let log = Arc::new(MemoryLog::default());
    let documents = documents_of(&log);
    // Not known yet what was learnt before: as they are.
    let plain = [json(0), json(1)];
    let mut positions = put(&documents, &plain).await;
    documents.resume();
    let mut all = plain.to_vec();
    for round in 1..20 {
        let some: Vec<Bytes> = (0..5).map(|number| json(round * 5 + number)).collect();
        positions.extend(put(&documents, &some).await);
        all.extend(some);
    }
    assert_reads(&documents, &positions, &all).await;

    let again = documents_of(&log);
    let rows = scanned(&again).await;
    assert_reads(&again, &positions, &all).await;
    assert_eq!(rows.len(), all.len());
    for ((position, lineage, row), (expected, json)) in rows.iter().zip(positions.iter().zip(&all))
    {
        assert_eq!(position, expected);
        assert_eq!(row.bytes as usize, json.len());
        let model = again.model(*lineage).unwrap_or_default();
        assert_eq!(row.document(&model).unwrap(), json);
    }
    again.resume();
    let more = [json(1_000)];
    let at = put(&again, &more).await;
    assert_reads(&again, &at, &more).await;
    let lineages = scanned(&again).await.into_iter();
    let lineages: std::collections::BTreeSet<Lineage> = lineages.map(|(_, of, _)| of).collect();
    assert_eq!(lineages.len(), 1);
}

#[tokio::test]
async fn what_an_append_that_failed_had_learnt_goes_along_with_the_next() {
    let log = Arc::new(MemoryLog::default());
    let documents = documents_of(&log);
    documents.resume();
    put(&documents, &[json(1), json(2)]).await;
    // Coded, and never appended: its sender went away.
    drop(code(&documents, &[json(3), json(4), json(5)]));
    let all = [json(6), json(7)];
    let positions = put(&documents, &all).await;

    let again = documents_of(&log);
    scanned(&again).await;
    assert_reads(&again, &positions, &all).await;
}

#[tokio::test]
async fn a_model_with_a_gap_is_left_behind_unless_it_comes_whole_again() {
    let log = Arc::new(MemoryLog::default());
    let documents = documents_of(&log);
    documents.resume();
    let first = put(&documents, &[json(1), json(2), json(3)]).await;
    let second = put(&documents, &[json(4), json(5), json(6)]).await;
    // What the first append had learnt is gone.
    let without_first = documents_of(&log);
    let from = documents.scan(first[1], 1).await.unwrap();
    let mut next = from.next;
    while let Some(at) = next {
        next = without_first.scan(at, 1).await.unwrap().next;
    }
    without_first.resume();
    let all = [json(7), json(8)];
    let positions = put(&without_first, &all).await;
    assert_reads(&without_first, &positions, &all).await;
    let lineages: Vec<Lineage> = scanned(&without_first)
        .await
        .into_iter()
        .map(|(_, lineage, _)| lineage)
        .collect();
    assert_eq!(lineages.len(), 8);
    assert!(second.len() == 3 && lineages[7] != lineages[0]);
    // Since then, all was read.
    assert_reads(&without_first, &first, &[json(1), json(2), json(3)]).await;
}

#[tokio::test]
async fn logs_of_the_first_version_are_read() {
    let log = Arc::new(MemoryLog::default());
    let all: Vec<Bytes> = (0..4).map(json).collect();
    let record = |document: &Bytes| Record {
        trace: Document::parse(document).unwrap().trace_id,
        received: NOW,
        document: document.clone(),
    };
    let positions = log.append(all.iter().map(record).collect()).await.unwrap();
    let documents = documents_of(&log);
    let rows = scanned(&documents).await;
    let numbers: Vec<u32> = rows.iter().map(|(_, _, row)| row.number).collect();
    assert_eq!(numbers, [0, 1, 2, 3]);
    assert_reads(&documents, &positions, &all).await;
}
