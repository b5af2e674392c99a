//! SQL over HTTP: answered by a server that was built with it, and refused with what to do by another one.

use fluoro_testkit::{Answer, TestServer};
use http::{Method, StatusCode};

async fn ask(server: &TestServer, query: &str, statement: &str) -> Answer {
    let ask = server.ask(Method::POST, &format!("/_fluoro/sql{query}"));
    ask.body(statement.to_owned()).send().await
}

#[cfg(not(feature = "sql"))]
#[tokio::test]
async fn a_server_without_sql_says_how_to_get_one() {
    let server = TestServer::start().await;
    let answer = ask(&server, "", "select 1").await;
    let answer = answer.expect(StatusCode::NOT_IMPLEMENTED);
    assert_eq!(answer["error"]["code"], "NoSql");
    let message = answer["error"]["message"].as_str();
    let message = message.expect("there is a message");
    assert!(message.contains("`cargo build --release --features sql`"));
    server.stop().await;
}

#[cfg(feature = "sql")]
mod with_sql {
    use fluoro_ambient::Ambient;
    use fluoro_testkit::new_trace;
    use serde_json::{Value, json};

    use super::*;

    #[tokio::test]
    async fn what_came_in_is_asked_for_at_once_and_at_rest() {
        let server = TestServer::start().await;
        let id = new_trace(&Ambient::system()).to_string();
        let segment = json!({
            "trace_id": id, "id": "00000000000000a1", "name": "shop", "start_time": 1.79e9, "end_time": 1.79e9 + 0.5,
            "annotations": {"tier": "gold"},
        });
        let input = json!({"TraceSegmentDocuments": [segment.to_string()]});
        let put = server.xray("/TraceSegments", &input).send().await;
        assert_eq!(put.status, StatusCode::OK);
        for _ in 0..2 {
            let statement =
                "select trace_id, name, duration, annotations['tier'] tier from segments";
            let answer = ask(&server, "", statement).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
            assert_eq!(answer.header("content-type"), "application/x-ndjson");
            let text = answer.text();
            let lines: Vec<Value> = text
                .lines()
                .map(|line| serde_json::from_str(line).expect("a line is JSON"))
                .collect();
            assert_eq!(lines[1..], [json!([id, "shop", 0.5, "gold"])]);
            let settled = server.post("/_fluoro/settle", &Value::Null).send().await;
            assert_eq!(settled.status, StatusCode::OK);
        }
        let csv = ask(&server, "?format=csv", "select name from traces").await;
        assert_eq!(csv.text(), "name\r\nshop\r\n");
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
        server.stop().await;
    }

    #[tokio::test]
    async fn what_is_wrong_is_told() {
        let server = TestServer::start().await;
        for (query, statement, status, code) in [
            ("", "selct 1", 400, "BadStatement"),
            ("", "", 400, "BadStatement"),
            ("", "drop table traces", 400, "ReadOnly"),
            ("?format=xml", "select 1", 400, "BadFormat"),
            ("?timeout=soon", "select 1", 400, "BadTime"),
            (
                "?timeout=20ms",
                "select count(*) from generate_series(1, 1000000000000000)",
                422,
                "TimedOut",
            ),
        ] {
            let answer = ask(&server, query, statement).await;
            let status = StatusCode::from_u16(status).expect("a status");
            let answer = answer.expect(status);
            assert_eq!(answer["error"]["code"], code, "{query} {statement}");
        }
        let long = ask(&server, "", &"x".repeat(70_000)).await;
        assert_eq!(
            long.expect(StatusCode::BAD_REQUEST)["error"]["code"],
            "TooLong"
        );
        server.stop().await;
    }
}
