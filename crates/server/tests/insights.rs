//! Insights, from documents to webhook, by the whole server with a clock of the test's.

use std::sync::Arc;

use fluoro_ambient::{Ambient, ManualClock, SystemEntropy};
use fluoro_testkit::{TestServer, until};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// The second at which the clock begins.
const BEGIN: i64 = 1_795_327_920;

/// Something that is posted to: takes each body, and refuses the first.
async fn webhook() -> (String, mpsc::Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a free port can be had");
    let address = listener.local_addr().expect("it has an address");
    let (bodies, received) = mpsc::channel(16);
    tokio::spawn(async move {
        let mut status = "503 Busy";
        while let Ok((stream, _)) = listener.accept().await {
            let body = answer(stream, status).await;
            if status == "200 OK" {
                bodies.send(body).await.ok();
            }
            status = "200 OK";
        }
    });
    (format!("http://{address}/hook"), received)
}

/// The body of one request, which is answered with this status.
async fn answer(mut stream: TcpStream, status: &str) -> Value {
    let mut request = Vec::new();
    let body = loop {
        if let Some(body) = whole_body(&request) {
            break body;
        }
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await;
        let read = read.expect("the request can be read");
        assert_ne!(read, 0, "the request breaks off");
        request.extend_from_slice(&piece[..read]);
    };
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let sent = stream.write_all(answer.as_bytes()).await;
    sent.expect("the answer can be sent");
    body
}

/// The body, once all of it has come.
fn whole_body(request: &[u8]) -> Option<Value> {
    let head = request.windows(4).position(|end| end == b"\r\n\r\n")?;
    serde_json::from_slice(&request[head + 4..]).ok()
}

/// The server, its clock, and the number of the next trace.
struct Watched {
    server: TestServer,
    clock: Arc<ManualClock>,
    minutes: i64,
}

impl Watched {
    /// A minute in which ten requests come to the shop, which asks the orders, which fail or not.
    async fn minute(&mut self, fails: bool) {
        let start = BEGIN + self.minutes * 60;
        let mut documents = Vec::new();
        for number in self.minutes * 10..self.minutes * 10 + 10 {
            let trace = format!("1-{start:08x}-{number:024x}");
            let id = |kind: i64| format!("{:016x}", number + (kind << 40));
            documents.push(json!({
                "name": "shop", "id": id(1), "trace_id": trace, "start_time": start, "end_time": start + 1, "fault": fails,
                "subsegments": [{
                    "name": "orders", "id": id(2), "namespace": "remote", "start_time": start, "end_time": start + 1,
                    "fault": fails
                }]
            }));
            documents.push(json!({
                "name": "orders", "id": id(3), "trace_id": trace, "parent_id": id(2), "start_time": start,
                "end_time": start + 1, "fault": fails
            }));
        }
        let documents: Vec<String> = documents.iter().map(Value::to_string).collect();
        let input = json!({"TraceSegmentDocuments": documents});
        let answer = self.ask("/TraceSegments", input).await;
        assert_eq!(answer, json!({"UnprocessedTraceSegments": []}));
        self.clock.advance_micros(60_000_000);
        self.minutes += 1;
    }

    async fn ask(&self, path: &str, input: Value) -> Value {
        let answer = self.server.xray(path, &input).send().await;
        answer.expect(StatusCode::OK)
    }

    /// The first insight of this state, once there is one.
    async fn insight(&self, state: &str) -> Value {
        until(&format!("an insight that is {state}"), || async {
            let window = json!({
                "GroupName": "Default", "StartTime": BEGIN, "EndTime": BEGIN + 86_400, "States": [state]
            });
            let answer = self.ask("/InsightSummaries", window).await;
            answer["InsightSummaries"].get(0).cloned()
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_found_told_and_kept() {
    let (address, mut posted) = webhook().await;
    let clock = Arc::new(ManualClock::at(BEGIN * 1_000_000));
    let ambient = Ambient::new(Arc::clone(&clock) as _, Arc::new(SystemEntropy));
    let server = TestServer::start_in(ambient, |settings| {
        settings.insights.webhook = Some(address.parse().unwrap());
    });
    let mut watched = Watched {
        server: server.await,
        clock,
        minutes: 0,
    };
    let watch = json!({"InsightsEnabled": true, "NotificationsEnabled": true});
    let group = json!({"GroupName": "Default", "InsightsConfiguration": watch});
    watched.ask("/UpdateGroup", group).await;
    for _ in 0..100 {
        watched.minute(false).await;
    }
    for _ in 0..3 {
        watched.minute(true).await;
    }
    let active = watched.insight("ACTIVE").await;
    let began = BEGIN + 100 * 60;
    assert_eq!(active["StartTime"], began);
    assert_eq!(active["RootCauseServiceId"]["Name"], "orders");
    assert_eq!(active["ClientRequestImpactStatistics"]["FaultCount"], 30);
    let id = json!({"InsightId": active["InsightId"]});
    let opened = posted.recv().await.unwrap();
    assert_eq!(opened["detail"]["InsightId"], active["InsightId"]);
    assert_eq!(opened["detail"]["State"], "ACTIVE");

    watched.server = watched.server.restart().await;
    let again = watched.insight("ACTIVE").await;
    assert_eq!(again["InsightId"], active["InsightId"]);
    let mut window = id.clone();
    window["StartTime"] = began.into();
    window["EndTime"] = (began + 180).into();
    let graph = watched.ask("/InsightImpactGraph", window).await;
    assert_eq!(graph["Services"].as_array().unwrap().len(), 3);

    for _ in 0..12 {
        watched.minute(false).await;
    }
    let closed = watched.insight("CLOSED").await;
    assert_eq!(closed["InsightId"], active["InsightId"]);
    assert_eq!(closed["EndTime"], began + 180);
    let told = posted.recv().await.unwrap();
    assert_eq!(told["detail"]["State"], "CLOSED");
    let events = watched.ask("/InsightEvents", id).await;
    assert_eq!(events["InsightEvents"].as_array().unwrap().len(), 2);
    watched.server.stop().await;
}
