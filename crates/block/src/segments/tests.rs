use bytes::Bytes;
use fluoro_model::document::AnnotationValue;
use fluoro_model::{SegmentId, TimestampMicros, TraceId};
use fluoro_shape::{Encoder, Model};
use parquet::file::metadata::RowGroupMetaData;
use proptest::prelude::*;

use super::*;
use crate::checked::{CHUNK, Checked, Sums};
use crate::merge::share;
use crate::sealed::Sealing;
use crate::{BlockError, Body, SegmentRow, Stored, sealed};

/// A file of these rows.
fn written(rows: &[SegmentRow], model: &Model) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = SegmentsWriter::new(&mut file).unwrap();
    for row in rows {
        writer.push(row.clone()).unwrap();
    }
    writer.finish(model).unwrap();
    file
}

fn opened(file: Vec<u8>) -> SegmentsFile<Checked<Bytes>> {
    let sums = Sums::from_bytes(&Sums::of(&file).to_bytes()).unwrap();
    SegmentsFile::open(Checked::new(Bytes::from(file), sums).unwrap()).unwrap()
}

/// The same, opened.
fn file_of(rows: &[SegmentRow], model: &Model) -> SegmentsFile<Checked<Bytes>> {
    opened(written(rows, model))
}

/// Traces of a few documents each, in order, and the documents.
fn traces(count: u128) -> (Vec<(SegmentRow, Bytes)>, Encoder) {
    let mut encoder = Encoder::new(Model::default());
    let rows = (0..count).flat_map(|trace| (0..trace % 5).map(move |of| (trace, of)));
    let rows = rows.map(|(trace, of)| {
        let number = trace * 5 + of;
        let start = 1_732_450_000_000_000 + i64::try_from(number).unwrap() * 1_000;
        let document = format!(
            r#"{{"trace_id":"1-00000001-{trace:024x}","id":"{number:016x}","name":"service-{}","start_time":{}.{:06},"annotations":{{"user":"u-{}"}}}}"#,
            number % 3,
            start / 1_000_000,
            start % 1_000_000,
            number * 7,
        );
        let mut row = SegmentRow {
            trace: TraceId::from_bits(1 << 96 | trace),
            id: SegmentId::from_bits(u64::try_from(number).unwrap()),
            parent: (of > 0).then(|| SegmentId::from_bits(u64::try_from(number - 1).unwrap())),
            start: TimestampMicros(start),
            end: (of != 1).then_some(TimestampMicros(start + 77)),
            received: TimestampMicros(start + 1_000_000),
            number: u32::try_from(of).unwrap(),
            name: format!("service-{}", number % 3).into(),
            origin: (of == 2).then(|| "AWS::Lambda::Function".into()),
            http_method: (of == 0).then(|| "GET".into()),
            http_url: (of == 0).then(|| format!("https://example.com/{number}").into()),
            http_status: (of == 0).then_some(200),
            user: (of == 3).then(|| "somebody".into()),
            fault: of == 1,
            error: of == 2,
            throttle: of == 3,
            spans: 1,
            bytes: 0,
            annotations: vec![
                ("user".into(), AnnotationValue::Text(format!("u-{}", number * 7).into())),
                ("paid".into(), AnnotationValue::Boolean(of == 1)),
                ("items".into(), AnnotationValue::Number(2.5)),
            ],
            stored: Stored::default(),
        };
        if of == 2 {
            row.annotations.clear();
        }
        let document = Bytes::from(document);
        row.store(&mut encoder, &document);
        (row, document)
    });
    (rows.collect(), encoder)
}

fn split(all: Vec<(SegmentRow, Bytes)>) -> (Vec<SegmentRow>, Vec<Bytes>) {
    all.into_iter().unzip()
}

#[test]
fn rows_and_documents_come_back() {
    let (all, encoder) = traces(4_000);
    let (rows, documents) = split(all);
    let file = file_of(&rows, encoder.model());
    let again: Vec<SegmentRow> = file.all().flat_map(Result::unwrap).collect();
    assert_eq!(file.len(), rows.len());
    assert_eq!(again, rows);
    for (row, document) in again.iter().zip(&documents) {
        assert_eq!(row.document(&file.model()).unwrap(), document);
    }
}

#[test]
fn a_trace_is_found_by_its_id() {
    let (all, encoder) = traces(4_000);
    let (rows, _) = split(all);
    let file = file_of(&rows, encoder.model());
    for trace in (0..4_000).step_by(37).chain([3_999]) {
        let trace = TraceId::from_bits(1 << 96 | trace);
        let wanted: Vec<SegmentRow> = rows
            .iter()
            .filter(|row| row.trace == trace)
            .cloned()
            .collect();
        assert_eq!(file.trace(trace).unwrap(), wanted);
    }
    assert_eq!(file.trace(TraceId::from_bits(1 << 96 | 4_001)).unwrap(), []);
    assert_eq!(file.trace(TraceId::from_bits(2 << 96)).unwrap(), []);
}

#[test]
fn a_trace_of_more_rows_than_a_group_is_whole() {
    let (all, encoder) = traces(5);
    let (row, _) = all.into_iter().next().unwrap();
    let long: Vec<SegmentRow> = (0..GROUP_ROWS + 1_000)
        .map(|index| SegmentRow {
            number: u32::try_from(index).unwrap(),
            ..row.clone()
        })
        .collect();
    let file = file_of(&long, encoder.model());
    let all: Vec<SegmentRow> = file.all().flat_map(Result::unwrap).collect();
    assert_eq!(all, long);
    assert_eq!(file.trace(row.trace).unwrap().len(), long.len());
}

#[test]
fn a_row_group_of_long_documents_ends_early() {
    let (all, encoder) = traces(2);
    let (row, _) = all.into_iter().next().unwrap();
    let mut long = row;
    long.store_as_text(&Bytes::from(vec![b'x'; GROUP_BYTES / 4]));
    let rows = vec![long; 6];
    let mut bytes = Vec::new();
    let mut writer = SegmentsWriter::new(&mut bytes).unwrap();
    for row in rows.clone() {
        writer.push(row).unwrap();
    }
    let metadata = writer.finish(encoder.model()).unwrap();
    let groups = metadata.row_groups().iter().map(RowGroupMetaData::num_rows);
    assert_eq!(groups.collect::<Vec<_>>(), [4, 2]);
    let file = opened(bytes);
    // Each is as long as what is read at a time.
    let read: Vec<Vec<SegmentRow>> = file.all().map(Result::unwrap).collect();
    assert!(read.iter().all(|rows| rows.len() == 1));
    assert_eq!(read.concat(), rows);
}

#[test]
fn what_a_row_weighs_is_no_less_than_its_texts() {
    let (all, _) = traces(2);
    let (row, _) = all.into_iter().next().unwrap();
    let long = || Box::from("x".repeat(1_000));
    let row = SegmentRow {
        name: long(),
        origin: Some(long()),
        http_method: Some(long()),
        http_url: Some(long()),
        user: Some(long()),
        annotations: vec![(long(), AnnotationValue::Text(long()))],
        ..row
    };
    assert!(row.weight() >= 7_000);
}

#[test]
fn few_rows_are_read_at_a_time_where_they_are_long() {
    let (all, encoder) = traces(3_000);
    let (mut rows, _) = split(all);
    let file = file_of(&rows, encoder.model());
    let mut read = file.all_by(share(8)).map(Result::unwrap);
    assert_eq!(read.next().map(|rows| rows.len()), Some(8 * PAGE_ROWS));
    // A text that a page has once is as long as often as rows have it.
    for row in &mut rows[2_000..2_600] {
        row.origin = Some("x".repeat(10_000).into());
    }
    let file = file_of(&rows, encoder.model());
    let read: Vec<Vec<SegmentRow>> = file.all_by(1 << 20).map(Result::unwrap).collect();
    assert!(
        read.iter()
            .all(|rows| rows.iter().map(SegmentRow::weight).sum::<usize>() < 4 << 20)
    );
    assert!(read.iter().any(|rows| rows.len() >= PAGE_ROWS));
    assert_eq!(read.concat(), rows);
}

#[test]
fn a_sealed_file_is_read_and_its_parts_can_be_taken_while_it_is_written() {
    let (all, encoder) = traces(200);
    let (rows, _) = split(all);
    let mut writer = SegmentsWriter::new(Sealing::new(Vec::new())).unwrap();
    let mut taken = Vec::new();
    for row in &rows {
        writer.push(row.clone()).unwrap();
        taken.append(writer.out().out());
    }
    let rest = writer.into_out(encoder.model()).unwrap().end().unwrap();
    taken.extend(rest);
    let file = SegmentsFile::open(sealed::open(Bytes::from(taken)).unwrap()).unwrap();
    let again: Vec<SegmentRow> = file.all().flat_map(Result::unwrap).collect();
    assert_eq!(again, rows);
}

#[test]
fn files_of_one_lineage_are_merged_by_copying() {
    let (all, encoder) = traces(1_000);
    let (rows, documents) = split(all);
    let early = encoder.model().clone();
    let mut encoder = Encoder::new(early.clone());
    let (mut odd, even): (Vec<_>, Vec<_>) =
        rows.iter().cloned().partition(|row| row.id.bits() % 2 == 1);
    let new = Bytes::from_static(br#"{"something":{"new":[1,2,3]}}"#);
    for _ in 0..3 {
        odd[0].store(&mut encoder, &new);
    }
    let files = [file_of(&even, &early), file_of(&odd, encoder.model())];
    let mut merged = Vec::new();
    merge(
        &[&files[0], &files[1]],
        |row| row.id.bits() != 10,
        &mut merged,
    )
    .unwrap();
    let merged = opened(merged);
    let again: Vec<SegmentRow> = merged.all().flat_map(Result::unwrap).collect();
    assert_eq!(again.len(), rows.len() - 1);
    assert!(again.is_sorted_by_key(SegmentRow::place));
    let wanted = rows
        .iter()
        .zip(&documents)
        .filter(|(row, _)| row.id.bits() != 10);
    for (row, (was, document)) in again.iter().zip(wanted) {
        let document = if row.id == odd[0].id { &new } else { document };
        assert_eq!(
            (row.id, &row.document(&merged.model()).unwrap()),
            (was.id, document)
        );
    }
    let mut other = Encoder::new(Model::default());
    odd[0].store(&mut other, &new);
    let stranger = file_of(&[], other.model());
    let refused = merge(&[&files[1], &stranger], |_| true, Vec::new());
    assert!(matches!(refused, Err(BlockError::OtherLineage)));
}

#[test]
fn no_rows_are_a_file() {
    let file = file_of(&[], &Model::default());
    assert!(file.is_empty());
    assert_eq!(file.trace(TraceId::from_bits(1)).unwrap(), []);
}

#[test]
fn a_document_that_does_not_fit_is_kept_as_it_is() {
    let (all, mut encoder) = traces(5);
    let (mut row, _) = all.into_iter().next().unwrap();
    let garbage = Bytes::from_static(b"{\"a\":");
    row.store(&mut encoder, &garbage);
    assert!(matches!(row.stored.body, Body::Text(_)));
    let file = file_of(&[row], encoder.model());
    let again: Vec<SegmentRow> = file.all().flat_map(Result::unwrap).collect();
    assert_eq!(again[0].document(&file.model()).unwrap(), garbage);
}

#[test]
fn damage_is_told() {
    let (all, encoder) = traces(5);
    let (mut row, _) = all.into_iter().next().unwrap();
    row.stored.checksum ^= 1;
    let error = row.document(encoder.model()).unwrap_err();
    assert_eq!(error.to_string(), "a document of a block is damaged");
}

#[test]
fn other_files_are_refused() {
    assert!(SegmentsFile::open(Bytes::from_static(b"")).is_err());
    assert!(SegmentsFile::open(Bytes::from_static(b"PAR1 and no more than that PAR1")).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn damage_to_a_file_is_found(at in any::<prop::sample::Index>(), by in 1..=u8::MAX) {
        let (all, encoder) = traces(60);
        let (rows, _) = split(all);
        let mut file = written(&rows, encoder.model());
        let sums = Sums::of(&file);
        let at = at.index(file.len());
        file[at] ^= by;
        let checked = Checked::new(Bytes::from(file), sums.clone()).unwrap();
        // All of it is one chunk.
        prop_assert!(SegmentsFile::open(checked).is_err());
        let mut sums = sums.to_bytes();
        let at = at % sums.len();
        sums[at] ^= by;
        prop_assert!(Sums::from_bytes(&sums).is_err());
    }
}

#[test]
fn damage_in_one_chunk_leaves_the_others() {
    let (all, encoder) = traces(20_000);
    let (rows, _) = split(all);
    let mut file = written(&rows, encoder.model());
    assert!(file.len() > 6 * CHUNK, "{}", file.len());
    let sums = Sums::of(&file);
    file[CHUNK + 17] ^= 1;
    let file = SegmentsFile::open(Checked::new(Bytes::from(file), sums).unwrap()).unwrap();
    assert!(file.all().any(|group| group.is_err()));
    let read = rows.iter().step_by(501).map(|row| file.trace(row.trace));
    let (sound, damaged): (Vec<_>, Vec<_>) = read.partition(Result::is_ok);
    assert!(!sound.is_empty() && !damaged.is_empty());
}

#[test]
fn who_is_not_there_is_hardly_ever_thought_to_be() {
    let (all, encoder) = traces(8_000);
    let (rows, _) = split(all);
    let file = file_of(&rows, encoder.model());
    let ids: Vec<TraceId> = (0..8_000)
        .map(|n| TraceId::from_bits(1 << 96 | n))
        .collect();
    let mut known = vec![false; ids.len()];
    file.ids().may_have_each(&ids, &mut known);
    let mut strangers = 0;
    for (number, (id, known)) in ids.iter().zip(known).enumerate() {
        assert_eq!(file.ids().may_have(*id), known);
        // Every fifth has no documents.
        match number % 5 {
            0 => strangers += usize::from(known),
            _ => assert!(known, "{number}"),
        }
    }
    assert!(strangers <= 2, "{strangers} of 1,600");
}

#[test]
fn files_have_one_model_unless_they_have_grown_apart() {
    let (all, encoder) = traces(400);
    let (rows, documents) = split(all);
    let early = Model::default();
    let mut other = Encoder::new(Model::default());
    let mut strange = rows[0].clone();
    strange.store(&mut other, &Bytes::from_static(br#"{"quite":"another"}"#));
    let shared = Arc::default();
    let open = |rows: &[SegmentRow], model: &Model| {
        SegmentsFile::open_among(Bytes::from(written(rows, model)), &shared).unwrap()
    };
    let files = [open(&[], &early), open(&rows, encoder.model())];
    let stranger = open(&[], other.model());
    for file in &files {
        assert!(Arc::ptr_eq(file.shared_model(), &shared));
        assert_eq!(file.model().journal(), encoder.model().journal());
    }
    assert!(!Arc::ptr_eq(stranger.shared_model(), &shared));
    assert_eq!(stranger.model().journal(), other.model().journal());
    let again = files[1].all().flat_map(Result::unwrap);
    let read = again.map(|row| row.document(&files[1].model()).unwrap());
    assert!(read.eq(documents));
}
