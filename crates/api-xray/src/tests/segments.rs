use std::sync::Arc;

use crate::{DaemonTelemetry, TelemetryTotals};
use async_trait::async_trait;
use fluoro_ingest::IngestSettings;
use fluoro_store::log::{Chunk, Extent, Log, LogError, MemoryLog, Position, Record};
use http::StatusCode;
use serde_json::{Value, json};

use super::fixture::{Fixture, Ground, NOW, segment, trace_id};

/// A log on a full disk.
#[derive(Debug, Default)]
struct FullLog(MemoryLog);

#[async_trait]
impl Log for FullLog {
    async fn append(&self, _: Vec<Record>) -> Result<Vec<Position>, LogError> {
        Err(LogError::Full)
    }

    async fn append_first(&self, _: Vec<Record>) -> Result<Vec<Position>, LogError> {
        Err(LogError::Full)
    }

    async fn read(&self, positions: &[Position]) -> Result<Vec<Option<Record>>, LogError> {
        self.0.read(positions).await
    }

    async fn scan(&self, from: Position, bytes: usize) -> Result<Chunk, LogError> {
        self.0.scan(from, bytes).await
    }

    async fn release(&self, up_to: Position) -> Result<(), LogError> {
        self.0.release(up_to).await
    }

    fn extent(&self) -> Extent {
        self.0.extent()
    }
}

fn batch(documents: &[Value]) -> Value {
    let documents: Vec<String> = documents.iter().map(Value::to_string).collect();
    json!({"TraceSegmentDocuments": documents})
}

#[tokio::test]
async fn what_was_answered_is_readable_at_once() {
    let fixture = Fixture::new().await;
    fixture.store(&[segment(1, NOW)]).await;
    let answer = fixture
        .ok("/Traces", json!({"TraceIds": [trace_id(1), trace_id(2)]}))
        .await;
    let trace = &answer["Traces"][0];
    assert_eq!(
        (&trace["Id"], &trace["Duration"]),
        (&json!(trace_id(1)), &json!(1.0))
    );
    assert_eq!(trace["Segments"][0]["Id"], "0000000000000001");
    assert_eq!(answer["Traces"].as_array().unwrap().len(), 1);
    assert_eq!(answer["UnprocessedTraceIds"], json!([]));
}

#[tokio::test]
async fn a_trace_is_found_in_either_case_and_named_as_it_was_asked_for() {
    let fixture = Fixture::new().await;
    let mut sent = segment(1, NOW);
    sent["trace_id"] = json!("1-ABCDEF01-0123456789abcdefABCDEF01");
    fixture.store(&[sent]).await;
    for asked in [
        "1-ABCDEF01-0123456789ABCDEFABCDEF01",
        "1-abcdef01-0123456789abcdefabcdef01",
    ] {
        let answer = fixture.ok("/Traces", json!({"TraceIds": [asked]})).await;
        assert_eq!(answer["Traces"][0]["Id"], asked);
    }
}

#[tokio::test]
async fn documents_are_counted_for_the_clients_product() {
    let fixture = Fixture::new().await;
    fixture.store(&[segment(1, NOW)]).await;
    let lines = fixture.ingest.report().await.unwrap();
    assert!(
        lines
            .iter()
            .any(|line| line.client == "Boto3/1.44" && line.count == 1),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_call_has_at_most_fifty_documents() {
    let fixture = Fixture::new().await;
    let documents: Vec<Value> = (1..=51).map(|number| segment(number, NOW)).collect();
    let (code, _) = fixture.error("/TraceSegments", batch(&documents)).await;
    assert_eq!(code, "InvalidRequestException");
    fixture.store(&documents[..50]).await;
}

#[tokio::test]
async fn a_trace_that_is_too_large_says_so_and_takes_no_more() {
    let first = segment(1, NOW);
    let ingest = IngestSettings {
        trace_bytes: first.to_string().len(),
        ..IngestSettings::default()
    };
    let fixture = Fixture::on(Ground {
        ingest,
        ..Ground::default()
    })
    .await;
    let exceeded = async || {
        let answer = fixture
            .ok("/Traces", json!({"TraceIds": [trace_id(1)]}))
            .await;
        answer["Traces"][0]["LimitExceeded"].clone()
    };
    fixture.store(std::slice::from_ref(&first)).await;
    assert_eq!(exceeded().await, false);
    let mut second = first.clone();
    second["id"] = json!("0000000000000002");
    fixture.store(std::slice::from_ref(&second)).await;
    assert_eq!(exceeded().await, true);
    second["id"] = json!("0000000000000003");
    let answer = fixture
        .ok("/TraceSegments", batch(&[second, segment(2, NOW)]))
        .await;
    let message = "Trace Size Exceeded. Reduce the number of segments per trace and the size of your segment documents.";
    assert_eq!(
        answer["UnprocessedTraceSegments"],
        json!([{"ErrorCode": "InvalidSegment", "Id": "0000000000000003", "Message": message}])
    );
}

#[tokio::test]
async fn a_full_disk_is_an_error_that_asks_to_try_again() {
    let log = Arc::new(FullLog::default());
    let fixture = Fixture::on(Ground {
        log,
        ..Ground::default()
    })
    .await;
    let (status, body) = fixture
        .post("/TraceSegments", batch(&[segment(1, NOW)]))
        .await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body["message"].is_string());
    let lines = fixture.ingest.report().await.unwrap();
    assert!(
        lines.iter().any(|line| line.cause.contains("disk")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn telemetry_is_lenient_about_values_and_not_about_types() {
    let fixture = Fixture::new().await;
    let record = |more: Value| {
        let mut record = json!({"Timestamp": NOW});
        let members = record.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        json!({"TelemetryRecords": [record]})
    };
    for accepted in [
        record(json!({"SegmentsSentCount": -5, "SegmentsReceivedCount": 1.5})),
        record(json!({"SegmentsSentCount": 4_294_967_296_u64, "BackendConnectionErrors": null})),
        record(json!({"Timestamp": -1e300, "BackendConnectionErrors": {"Other": "x"}})),
    ] {
        assert_eq!(fixture.ok("/TelemetryRecords", accepted).await, json!({}));
    }
    let (status, body) = fixture
        .post("/TelemetryRecords", json!({"TelemetryRecords": [null]}))
        .await;
    assert_eq!(
        (status, body),
        (StatusCode::INTERNAL_SERVER_ERROR, json!({"message": null}))
    );
    let wrong = record(json!({"BackendConnectionErrors": {"TimeoutCount": "1"}}));
    let (code, message) = fixture.error("/TelemetryRecords", wrong).await;
    assert_eq!(code, "SerializationException");
    assert_eq!(message, "STRING_VALUE can not be converted to an Integer");
    let mut long = record(json!({}));
    long["EC2InstanceId"] = json!("i".repeat(21));
    let (code, message) = fixture.error("/TelemetryRecords", long).await;
    assert_eq!(code, "ValidationException");
    assert!(message.contains("at 'eC2InstanceId' failed to satisfy constraint: Member must have length less than or equal to 20"), "{message}");
}

#[tokio::test]
async fn what_daemons_tell_is_summed_up_by_sender() {
    let fixture = Fixture::new().await;
    let record = json!({
        "Timestamp": NOW, "SegmentsReceivedCount": 16, "SegmentsSentCount": 12, "SegmentsSpilloverCount": 3,
        "SegmentsRejectedCount": 1, "BackendConnectionErrors": {"TimeoutCount": 5, "OtherCount": 4}
    });
    let body =
        json!({"TelemetryRecords": [record, record], "Hostname": "web-1", "EC2InstanceId": "i-1"});
    fixture.ok("/TelemetryRecords", body).await;
    let expected = DaemonTelemetry {
        sender: "web-1".to_owned(),
        totals: TelemetryTotals {
            received: 32,
            sent: 24,
            spilled_over: 6,
            rejected: 2,
            connection_errors: 18,
            latest: NOW,
        },
    };
    assert_eq!(fixture.xray.telemetry(), [expected]);
}
