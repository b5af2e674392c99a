//! What Lambda records about invocations of real functions.

use crate::support::{World, json, until};
use fluoro_functions::{Configuration, TracingMode};
use serde_json::Value;

const ROOT: &str = "1-66aa01f0-1122334455667788990011aa";
const HEADER: &str = "Root=1-66aa01f0-1122334455667788990011aa;Parent=66aa01f0c0ffee02;Sampled=1";

fn active(configuration: &mut Configuration) {
    configuration.tracing = TracingMode::Active;
}

fn child<'a>(document: &'a Value, name: &str) -> Option<&'a Value> {
    document["subsegments"]
        .as_array()?
        .iter()
        .find(|one| one["name"] == name)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_active_function_leaves_two_segments_and_only_the_first_shows_its_start() {
    let world = World::new().await;
    let source = "import os\ndef handler(event, context): return os.environ['_X_AMZN_TRACE_ID']\n";
    let arn = world.create("traced", &[("app.py", source)], active).await;
    let outcome = world.invoke_traced(&arn, "{}", HEADER).await;
    world.settled().await;
    let (service, function) = (
        world.segments("AWS::Lambda"),
        world.segments("AWS::Lambda::Function"),
    );
    assert_eq!((service.len(), function.len()), (1, 1));
    let (service, function) = (&service[0], &function[0]);
    assert_eq!(service["trace_id"], ROOT);
    assert_eq!(service["parent_id"], "66aa01f0c0ffee02");
    assert_eq!(service["aws"]["request_id"], outcome.request_id.as_str());
    assert_eq!(function["parent_id"], service["id"]);
    let told = json(&outcome.payload).to_string();
    let invocation = child(function, "Invocation").unwrap();
    assert!(
        told.contains(&format!(
            "Root={ROOT};Parent={};Sampled=1",
            invocation["id"].as_str().unwrap()
        )),
        "{told}"
    );
    let init = child(function, "Initialization").unwrap();
    assert!(init["end_time"].as_f64() <= function["start_time"].as_f64());
    assert_eq!(
        child(function, "Overhead").unwrap()["start_time"],
        invocation["end_time"]
    );
    let tail = String::from_utf8(outcome.log_tail.unwrap().to_vec()).unwrap();
    let xray = format!(
        "\nXRAY TraceId: {ROOT}\tSegmentId: {}\tSampled: true\t\n",
        function["id"].as_str().unwrap()
    );
    assert!(tail.ends_with(&xray), "{tail}");
    world.invoke(&arn, "{}").await;
    world.settled().await;
    assert!(
        child(
            &world.segments("AWS::Lambda::Function")[1],
            "Initialization"
        )
        .is_none()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exception_is_the_functions_fault_with_its_cause() {
    let world = World::new().await;
    let source = "def handler(event, context):\n    raise ValueError('no such basket')\n";
    let arn = world.create("raises", &[("app.py", source)], active).await;
    world.invoke_traced(&arn, "{}", HEADER).await;
    world.settled().await;
    let function = &world.segments("AWS::Lambda::Function")[0];
    assert_eq!(function["fault"], true);
    let exception = &function["cause"]["exceptions"][0];
    assert_eq!(
        (&exception["type"], &exception["message"]),
        (&"ValueError".into(), &"no such basket".into())
    );
    assert_eq!(exception["id"].as_str().unwrap().len(), 16);
    assert!(
        exception["stack"][0]["path"]
            .as_str()
            .unwrap()
            .ends_with("app.py")
    );
    assert!(world.segments("AWS::Lambda")[0].get("fault").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_shows_before_and_after() {
    let world = World::new().await;
    let source = "import os\ndef handler(event, context): os._exit(3)\n";
    let arn = world.create("crashes", &[("app.py", source)], active).await;
    world.invoke_traced(&arn, "{}", HEADER).await;
    world.settled().await;
    let documents = world.sink.documents.lock().unwrap().clone();
    let running = documents
        .iter()
        .find(|one| one.get("in_progress").is_some())
        .unwrap();
    let ended = &world.segments("AWS::Lambda::Function")[0];
    assert_eq!(running["id"], ended["id"]);
    assert!(
        ended["cause"]["exceptions"][0]["message"]
            .as_str()
            .unwrap()
            .contains("exit status 3")
    );
    assert!(child(ended, "Overhead").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn pass_through_and_unsampled_calls_record_nothing() {
    let world = World::new().await;
    let source = "import os\ndef handler(event, context): return os.environ['_X_AMZN_TRACE_ID']\n";
    let quiet = world.python("quiet", source).await;
    let told = json(&world.invoke_traced(&quiet, "{}", HEADER).await.payload);
    assert_eq!(told, HEADER);
    let active = world.create("active", &[("app.py", source)], active).await;
    world
        .invoke_traced(&active, "{}", &HEADER.replace("Sampled=1", "Sampled=0"))
        .await;
    world.settled().await;
    assert!(world.sink.documents.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_function_sends_is_in_before_its_trace_is_complete() {
    let world = World::new().await;
    let source = "import os, socket\ndef handler(event, context):\n    host, port = os.environ['AWS_XRAY_DAEMON_ADDRESS'].rsplit(':', 1)\n    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'hello', (host, int(port)))\n";
    let arn = world.create("sends", &[("app.py", source)], active).await;
    world.invoke_traced(&arn, "{}", HEADER).await;
    world.settled().await;
    let datagrams = world.daemons.datagrams.lock().unwrap();
    assert_eq!(datagrams.len(), 1);
    assert_eq!(
        (datagrams[0].0.as_str(), &datagrams[0].1[..]),
        ("sends", &b"hello"[..])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_the_right_is_counted_and_named() {
    let world = World::new().await;
    let arn = world
        .create(
            "silenced",
            &[("app.py", "def handler(event, context): return 1\n")],
            active,
        )
        .await;
    world
        .iam
        .detach_role_policy("traces", "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess")
        .await
        .unwrap();
    world.invoke_traced(&arn, "{}", HEADER).await;
    world.settled().await;
    assert!(world.sink.documents.lock().unwrap().is_empty());
    let refusals = world.sink.refusals.lock().unwrap();
    assert!(
        refusals[0].contains(
            "assumed-role/traces/silenced is not authorized to perform: xray:PutTraceSegments"
        ),
        "{refusals:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_tried_again_and_each_attempt_is_recorded() {
    let world = World::with(|settings| {
        settings.retry_intervals = [std::time::Duration::from_millis(20); 2];
    })
    .await;
    let source = "def handler(event, context):\n    raise ValueError(context.aws_request_id)\n";
    let arn = world.create("retried", &[("app.py", source)], active).await;
    let accepted = world
        .functions
        .invoke_async(crate::support::invocation(&arn, "{}", HEADER))
        .await
        .unwrap();
    world.settled().await;
    let functions = world.segments("AWS::Lambda::Function");
    assert_eq!(functions.len(), 3);
    let service = &world.segments("AWS::Lambda")[0];
    assert_eq!(service["http"]["response"]["status"], 202);
    let documents = world.sink.documents.lock().unwrap().clone();
    let named = |name: &str| {
        documents
            .iter()
            .filter(|one| one["name"] == name)
            .collect::<Vec<_>>()
    };
    assert_eq!(named("Dwell Time")[0]["parent_id"], service["id"]);
    for (index, function) in functions.iter().enumerate() {
        let attempt = named(&format!("Attempt #{}", index + 1))[0];
        assert_eq!(function["parent_id"], attempt["id"]);
        assert_eq!(attempt["fault"], true);
        assert_eq!(
            function["cause"]["exceptions"][0]["message"],
            accepted.request_id.as_str()
        );
    }
    assert!(
        world
            .catalog
            .scan("functions/events/")
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_event_survives_a_restart() {
    let world = World::with(|settings| {
        settings.retry_intervals = [std::time::Duration::from_secs(1); 2];
    })
    .await;
    let directory = tempfile::tempdir().unwrap();
    let source = "import pathlib, time\ndef handler(event, context):\n    time.sleep(event.get('rest', 0))\n    pathlib.Path(event['path']).open('a').write('x')\n    if pathlib.Path(event['path']).read_text() == 'x': raise ValueError('first')\n";
    let arn = world.python("kept", source).await;
    let path = directory.path().join("seen");
    let event = format!(r#"{{"path":"{}"}}"#, path.display());
    world
        .functions
        .invoke_async(crate::support::invocation(&arn, &event, ""))
        .await
        .unwrap();
    until(|| std::fs::read_to_string(&path).is_ok_and(|seen| seen == "x")).await;
    world
        .functions
        .shutdown(std::time::Duration::from_secs(10))
        .await;
    let world = world.again().await;
    // Longer than until the second attempt is due: it waits until events may run.
    let other = directory.path().join("other");
    let event = format!(r#"{{"path":"{}","rest":1.5}}"#, other.display());
    world.invoke(&arn, &event).await;
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "x");
    world.functions.run_events();
    until(|| std::fs::read_to_string(&path).is_ok_and(|seen| seen.len() >= 2)).await;
    drop(world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_invocation_is_recorded_afterwards_when_that_is_asked_for() {
    let world = World::with(|settings| settings.keep_unsampled.faults = true).await;
    let source = "def handler(event, context):\n    if event: raise ValueError('no')\n";
    let arn = world.create("kept", &[("app.py", source)], active).await;
    let unsampled = HEADER.replace("Sampled=1", "Sampled=0");
    world.invoke_traced(&arn, "{}", &unsampled).await;
    world
        .invoke_traced(&arn, "{\"fail\": true}", &unsampled)
        .await;
    until(|| world.sink.documents.lock().unwrap().len() == 2).await;
    let (service, function) = (
        &world.segments("AWS::Lambda")[0],
        &world.segments("AWS::Lambda::Function")[0],
    );
    assert_eq!(service["metadata"]["fluoro"]["kept"], "fault");
    assert_eq!(service["parent_id"], "66aa01f0c0ffee02");
    assert_eq!(function["parent_id"], service["id"]);
    assert_eq!(function["cause"]["exceptions"][0]["message"], "no");
    let counted = &world.statistics.totals()[0].1;
    assert_eq!((counted.requests, counted.faults), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_attempt_is_recorded_afterwards_with_what_leads_to_it() {
    let world = World::with(|settings| {
        settings.keep_unsampled.faults = true;
        settings.retry_intervals = [std::time::Duration::from_millis(20); 2];
    })
    .await;
    let source = "tried = []\ndef handler(event, context):\n    tried.append(1)\n    if len(tried) == 1: raise ValueError('no')\n";
    let arn = world.create("kept", &[("app.py", source)], active).await;
    let unsampled = HEADER.replace("Sampled=1", "Sampled=0");
    let event = crate::support::invocation(&arn, "{}", &unsampled);
    world.functions.invoke_async(event).await.unwrap();
    until(|| {
        world
            .statistics
            .totals()
            .iter()
            .any(|(_, all)| all.requests == 2)
    })
    .await;
    until(|| world.sink.documents.lock().unwrap().len() == 4).await;
    let service = &world.segments("AWS::Lambda")[0];
    let function = &world.segments("AWS::Lambda::Function")[0];
    let documents = world.sink.documents.lock().unwrap().clone();
    let attempt = documents
        .iter()
        .find(|one| one["name"] == "Attempt #1")
        .unwrap();
    assert_eq!(service["metadata"]["fluoro"]["kept"], "fault");
    assert_eq!(attempt["parent_id"], service["id"]);
    assert_eq!(function["parent_id"], attempt["id"]);
}
