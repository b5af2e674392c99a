use std::path::{Path, PathBuf};

use clap::Parser as _;
use fluoro_ambient::Ambient;
use fluoro_otlp::encode::{any, request, span};
use fluoro_testkit::{TestServer, new_trace};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

/// What the command line does, told in its own words.
async fn fluoro(server: &TestServer, arguments: &[&str]) -> anyhow::Result<()> {
    let endpoint = &server.addresses().endpoint;
    let first = ["fluoro", "--json", "--endpoint", endpoint];
    let cli = Cli::try_parse_from(first.iter().chain(arguments))?;
    crate::verbs::run(&cli).await
}

async fn export(server: &TestServer, more: &[&str], to: &Path) -> anyhow::Result<()> {
    let mut arguments = vec!["export", "-o", text(to)];
    arguments.extend(more);
    fluoro(server, &arguments).await
}

async fn import(server: &TestServer, from: &Path) -> anyhow::Result<()> {
    fluoro(server, &["import", text(from)]).await
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn file(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// The chain of what went wrong, as it is printed.
fn why(outcome: anyhow::Result<()>) -> String {
    format!("{:#}", outcome.unwrap_err())
}

fn document(trace: &str, id: u64, more: &Value) -> String {
    let mut segment = json!({
        "trace_id": trace, "id": format!("{id:016x}"), "name": "shop", "start_time": 1_732_450_000.25,
        "end_time": 1_732_450_000.5,
    });
    for (member, value) in more.as_object().into_iter().flatten() {
        segment[member] = value.clone();
    }
    segment.to_string()
}

fn new_id() -> String {
    new_trace(&Ambient::system()).to_string()
}

async fn put(server: &TestServer, documents: &[String]) {
    for documents in documents.chunks(50) {
        let input = json!({ "TraceSegmentDocuments": documents });
        let answer = server.xray("/TraceSegments", &input).send().await;
        let answer = answer.expect(http::StatusCode::OK);
        assert_eq!(answer["UnprocessedTraceSegments"], json!([]));
    }
}

/// The documents of a trace, byte for byte.
async fn texts(server: &TestServer, trace: &str) -> Vec<String> {
    let input = json!({ "TraceIds": [trace] });
    let answer = server.xray("/Traces", &input).send().await;
    let answer = answer.expect(http::StatusCode::OK);
    let segments = answer["Traces"][0]["Segments"].as_array().cloned();
    let document = |segment: Value| segment["Document"].as_str().unwrap().to_owned();
    segments
        .unwrap_or_default()
        .into_iter()
        .map(document)
        .collect()
}

#[tokio::test]
async fn what_is_exported_is_imported_as_it_was() {
    let (here, there) = (TestServer::start().await, TestServer::start().await);
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("traces.fluoro");
    let traces: Vec<String> = (0..40).map(|_| new_id()).collect();
    let documents = traces.iter().enumerate().flat_map(|(at, trace)| {
        let fault = json!({"fault": at % 2 == 0, "metadata": {"x": {"of": at}}});
        let child = json!({"parent_id": "0000000000000001", "user": "ü"});
        let root = document(trace, 1, &fault);
        [root, document(trace, 2, &child), document(trace, 3, &child)]
    });
    let documents: Vec<String> = documents.collect();
    put(&here, &documents).await;
    export(&here, &["--filter", "fault"], &path).await.unwrap();
    import(&there, &path).await.unwrap();
    for (at, trace) in traces.iter().enumerate() {
        let found = texts(&there, trace).await;
        match at % 2 {
            0 => assert_eq!(found, texts(&here, trace).await, "{trace}"),
            _ => assert_eq!(found, Vec::<String>::new(), "{trace}"),
        }
    }
    // Once more: they are there, and stay what they are.
    import(&there, &path).await.unwrap();
    let held = there.get("/_fluoro/store").send().await.json();
    assert_eq!(held["traces"], 20);
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn only_what_began_in_the_time_is_exported() {
    let server = TestServer::start().await;
    let folder = TempDir::new().unwrap();
    #[expect(clippy::cast_precision_loss, reason = "seconds of this century fit")]
    let ago = |seconds: u64| json!({"start_time": (crate::client::now() - seconds) as f64});
    let traces: Vec<String> = (0..3).map(|_| new_id()).collect();
    for (trace, seconds) in traces.iter().zip([7200, 3000, 60]) {
        let mut more = ago(seconds);
        more["end_time"] = json!(more["start_time"].as_f64().unwrap() + 1.0);
        put(&server, &[document(trace, 1, &more)]).await;
    }
    for (name, more, count) in [
        ("all", &[][..], 3),
        ("hour", &["--since", "1h"], 2),
        ("before", &["--until", "10m"], 2),
        ("between", &["--since", "1h", "--until", "10m"], 1),
        ("none", &["--since", "10s"], 0),
    ] {
        let path = folder.path().join(name);
        export(&server, more, &path).await.unwrap();
        let sealed = fluoro_block::sealed::open(File::open(&path).unwrap()).unwrap();
        let file = fluoro_block::segments::SegmentsFile::open(sealed).unwrap();
        assert_eq!(file.len(), count, "{name}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_file_that_is_there_stays_unless_it_is_to_be_replaced() {
    let server = TestServer::start().await;
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "traces.fluoro", "precious");
    let refused = why(export(&server, &[], &path).await);
    assert!(refused.contains("--force"), "{refused}");
    let bad = why(export(&server, &["--force", "--filter", "fault AND"], &path).await);
    assert!(bad.contains("fault AND\n             ^"), "{bad}");
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    export(&server, &["--force"], &path).await.unwrap();
    import(&server, &path).await.unwrap();
    let nowhere = folder.path().join("no/such/folder");
    assert!(why(export(&server, &[], &nowhere).await).contains("failed to make"));
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 1);
    server.stop().await;
}

#[tokio::test]
async fn documents_are_read_line_by_line() {
    let server = TestServer::start().await;
    let folder = TempDir::new().unwrap();
    let traces: Vec<String> = (0..60).map(|_| new_id()).collect();
    let mut lines: Vec<String> = traces
        .iter()
        .map(|trace| document(trace, 1, &json!({})))
        .collect();
    // As datagrams are, with an empty line, and the last one without an end.
    lines.insert(1, "{\"format\": \"json\", \"version\": 1}".to_owned());
    lines.insert(9, String::new());
    import(&server, &file(&folder, "good", lines.join("\n")))
        .await
        .unwrap();
    for trace in &traces {
        let sent: Value = serde_json::from_str(&document(trace, 1, &json!({}))).unwrap();
        assert_eq!(server.documents(trace).await, [sent]);
    }
    let late = new_id();
    let mixed = [
        "{\"name\": \"no id\"}".to_owned(),
        "{\"broken".to_owned(),
        document(&late, 1, &json!({})),
    ];
    let refused = why(import(&server, &file(&folder, "mixed", mixed.join("\n"))).await);
    assert!(refused.starts_with("2 documents refused"), "{refused}");
    assert_eq!(texts(&server, &late).await.len(), 1);
    let long = new_id();
    let mut file = File::create(folder.path().join("long")).unwrap();
    std::io::Write::write_all(&mut file, b"{\"").unwrap();
    std::io::Write::write_all(&mut file, &vec![b'x'; 9 << 20]).unwrap();
    let line = format!("\n{}\n", document(&long, 1, &json!({})));
    std::io::Write::write_all(&mut file, line.as_bytes()).unwrap();
    let refused = why(import(&server, &folder.path().join("long")).await);
    assert!(refused.starts_with("1 document refused"), "{refused}");
    assert_eq!(texts(&server, &long).await.len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_damaged_file_is_told_and_nothing_of_the_damage_is_read() {
    let server = TestServer::start().await;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("traces.fluoro");
    put(&server, &[document(&new_id(), 1, &json!({}))]).await;
    export(&server, &[], &path).await.unwrap();
    let sound = std::fs::read(&path).unwrap();
    let other = TestServer::start().await;
    for at in [5, sound.len() / 2, sound.len() - 30, sound.len() - 10] {
        let mut damaged = sound.clone();
        damaged[at] ^= 0x20;
        let told = why(import(&other, &file(&folder, "damaged", damaged)).await);
        assert!(told.starts_with("failed to import"), "{told}");
    }
    let cut = file(&folder, "cut", &sound[..sound.len() - 100]);
    let told = why(import(&other, &cut).await);
    assert!(told.contains("no whole file of `fluoro export`"), "{told}");
    let held = other.get("/_fluoro/store").send().await.json();
    assert_eq!(held["documents"], 0);
    server.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn what_is_no_such_file_is_told() {
    let server = TestServer::start().await;
    let folder = TempDir::new().unwrap();
    for (name, content, words) in [
        ("empty", "", "it is empty"),
        ("text", "what is this?\n", "it is none of what can be read"),
        ("pretty", "{\n  \"id\": 1\n}\n", "one a line"),
        ("list", "[{\"id\": 1}]", "one a line"),
    ] {
        let told = why(import(&server, &file(&folder, name, content)).await);
        assert!(told.contains(words), "{name}: {told}");
    }
    let told = why(import(&server, &folder.path().join("missing")).await);
    assert!(told.contains("missing: No such file"), "{told}");
    server.stop().await;
}

/// A request of one span.
fn spans_of(trace: u8, name: &str) -> Vec<u8> {
    let times = [1_732_450_000_000_000_000, 1_732_450_000_250_000_000];
    let id = [0, 0, 0, 0, 0, 0, 0, 1];
    let span = span(&[trace; 16], &id, 2, name, times);
    request(&[("service.name", any::text("cart"))], &[span])
}

fn id_of(trace: u8) -> String {
    let digits = format!("{trace:02x}").repeat(16);
    format!("1-{}-{}", &digits[..8], &digits[8..])
}

/// Each after its length.
fn framed(requests: &[Vec<u8>], length: impl Fn(usize) -> Vec<u8>) -> Vec<u8> {
    let framed = |request: &Vec<u8>| [length(request.len()), request.clone()].concat();
    requests.iter().flat_map(framed).collect()
}

fn varint_of(mut length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while length >= 0x80 {
        bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).unwrap());
    bytes
}

#[tokio::test]
async fn requests_of_otlp_are_read_however_they_are_framed() {
    let server = TestServer::start().await;
    let folder = TempDir::new().unwrap();
    let little = |length: usize| u32::try_from(length).unwrap().to_le_bytes().to_vec();
    let big = |length: usize| u32::try_from(length).unwrap().to_be_bytes().to_vec();
    let two = |first: u8| [spans_of(first, "GET /"), spans_of(first + 1, "PUT /")];
    for (first, framing, content) in [
        (1, Framing::Alone, two(1).concat()),
        (11, Framing::Little, framed(&two(11), little)),
        (21, Framing::Big, framed(&two(21), big)),
        (31, Framing::Varint, framed(&two(31), varint_of)),
    ] {
        let path = file(&folder, "spans", content);
        let found = Content::of(&File::open(&path).unwrap()).unwrap();
        assert_eq!(found, Content::Otlp(framing));
        import(&server, &path).await.unwrap();
        for trace in [first, first + 1] {
            let documents = server.documents(&id_of(trace)).await;
            assert_eq!(documents.len(), 1, "{framing:?}");
            assert_eq!(documents[0]["name"], "cart");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn spans_that_are_refused_are_counted() {
    let server = TestServer::start().await;
    let folder = TempDir::new().unwrap();
    let bad = span(&[7; 3], &[0, 0, 0, 0, 0, 0, 0, 1], 2, "short id", [1, 2]);
    let bad = request(&[("service.name", any::text("cart"))], &[bad]);
    let path = file(&folder, "spans", [spans_of(9, "GET /"), bad].concat());
    let told = why(import(&server, &path).await);
    assert!(told.starts_with("1 span refused"), "{told}");
    assert_eq!(server.documents(&id_of(9)).await.len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_takes_no_otlp_is_told_of() {
    let server = TestServer::start_with(|settings| settings.otlp_http = None).await;
    let folder = TempDir::new().unwrap();
    let told = why(import(&server, &file(&folder, "spans", spans_of(1, "GET /"))).await);
    assert!(told.contains("--otlp-http"), "{told}");
    server.stop().await;
}

#[test]
fn a_length_that_looks_like_json_is_none() {
    // The lengths 0x7b and 0x227b begin as an object does.
    for head in [&b"{\x0a\x79\x0a"[..], b"{\"\0\0\x0a", b"\n{\x0a\x01"] {
        assert!(!is_json(head), "{head:?}");
    }
    for head in [&b"{\"id\":1}"[..], b"{ \"id\":1}", b"\n {\"a\":1}", b"{}\n"] {
        assert!(is_json(head), "{head:?}");
    }
    // As a whole file, too.
    let folder = TempDir::new().unwrap();
    let names = (0..0x7b).map(|length| "n".repeat(length));
    let mut requests = names.map(|name| spans_of(1, &name));
    let request = requests.find(|request| request.len() == 0x7b).unwrap();
    let path = file(&folder, "spans", framed(&[request], varint_of));
    let found = Content::of(&File::open(&path).unwrap()).unwrap();
    assert_eq!(found, Content::Otlp(Framing::Varint));
}
