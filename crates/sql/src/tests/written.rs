//! The forms of results.

use bytes::Bytes;
use datafusion::arrow::array::{Array, StringArray};
use parquet_of_datafusion::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::json;

use super::*;

const STATEMENT: &str = "select trace_id, start_time, http_url, http_status, fault, annotations, users from traces \
                         where trace_id like '%000' or trace_id like '%001' order by trace_id";

async fn text(format: Format) -> String {
    let bench = Bench::of(State::Both).await;
    let bytes = bench.bytes(STATEMENT, format).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

fn lines(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn rows_have_a_head() {
    let rows = lines(&text(Format::Rows).await);
    let head = rows[0]["columns"].as_array().unwrap();
    assert_eq!(head[0], json!({"name": "trace_id", "type": "Utf8"}));
    assert_eq!(head.len(), 7);
    assert_eq!(
        rows[1],
        json!([
            conformance::trace(0), "2026-09-21T14:13:20Z", null, null, true, {"tier": ["gold"], "tries": ["3"]}, []
        ])
    );
    assert_eq!(rows[2][2], "http://x/a,\"b\"");
    assert_eq!(rows.len(), 3);
}

#[tokio::test]
async fn lines_have_every_column() {
    let rows = lines(&text(Format::Lines).await);
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["http_url"], Value::Null);
    let names: Vec<&String> = rows[1].as_object().unwrap().keys().collect();
    assert_eq!(names[..3], ["trace_id", "start_time", "http_url"]);
}

#[tokio::test]
async fn csv_is_quoted_and_what_is_nested_is_json() {
    let text = text(Format::Csv).await;
    let rows: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(
        rows[0],
        "trace_id,start_time,http_url,http_status,fault,annotations,users"
    );
    let id = conformance::trace(0);
    let first = format!(
        r#"{id},2026-09-21T14:13:20Z,,,true,"{{""tier"":[""gold""],""tries"":[""3""]}}",[]"#
    );
    assert_eq!(rows[1], first);
    let id = conformance::trace(1);
    let second = format!(r#"{id},2026-09-21T14:13:30Z,"http://x/a,""b""",404,false,{{}},[]"#);
    assert_eq!(rows[2..], [&*second, ""]);
}

#[tokio::test]
async fn parquet_is_a_file() {
    let bench = Bench::of(State::Both).await;
    let bytes = bench.bytes(STATEMENT, Format::Parquet).await.unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).unwrap();
    let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    let ids = batches[0].column_by_name("trace_id").unwrap();
    let ids: &StringArray = ids.as_any().downcast_ref().unwrap();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids.value(0), conformance::trace(0).to_string());
    assert_eq!(batches[0].num_columns(), 7);
}

#[tokio::test]
async fn nothing_has_a_form_too() {
    let bench = Bench::empty(State::Hot, SqlSettings::default());
    let none = "select trace_id from traces";
    let of = async |format| bench.bytes(none, format).await.unwrap();
    assert_eq!(
        of(Format::Rows).await,
        b"{\"columns\":[{\"name\":\"trace_id\",\"type\":\"Utf8\"}]}\n"
    );
    assert_eq!(of(Format::Lines).await, b"");
    assert_eq!(of(Format::Csv).await, b"trace_id\r\n");
    assert!(of(Format::Parquet).await.ends_with(b"PAR1"));
}

#[tokio::test]
async fn what_has_no_number_in_json_is_null() {
    let bench = Bench::empty(State::Hot, SqlSettings::default());
    let rows = bench
        .rows("select cast('NaN' as double) a, 1e300 b")
        .await
        .unwrap();
    assert_eq!(rows, [json!({"a": null, "b": 1e300})]);
}
