//! Real Python and Node.js processes, from the event to the answer.

use crate::support::{World, json};
use fluoro_functions::{FunctionError, InvokeError};

#[tokio::test(flavor = "multi_thread")]
async fn a_python_function_answers_and_is_used_again() {
    let world = World::new().await;
    let source = "import os\nprint('module loaded')\ndef handler(event, context):\n    print('hello')\n    return {'event': event, 'id': context.aws_request_id, 'pid': os.getpid(), 'trace': os.environ['_X_AMZN_TRACE_ID']}\n";
    let arn = world.python("echo", source).await;
    let first = world.invoke(&arn, r#"{"a":[1,null]}"#).await;
    let answer = json(&first.payload);
    assert_eq!(answer["event"]["a"][0], 1);
    assert_eq!(answer["id"], first.request_id.as_str());
    assert_eq!(first.executed_version, "$LATEST");
    let tail = String::from_utf8(first.log_tail.unwrap().to_vec()).unwrap();
    let id = &first.request_id;
    assert!(tail.starts_with(&format!("module loaded\nSTART RequestId: {id} Version: $LATEST\nhello\nEND RequestId: {id}\nREPORT")), "{tail}");
    assert!(tail.contains("Init Duration: "), "{tail}");
    let second = world.invoke(&arn, "{}").await;
    assert_eq!(json(&second.payload)["pid"], answer["pid"]);
    assert_ne!(json(&second.payload)["trace"], answer["trace"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handlers_exception_reaches_the_caller() {
    let world = World::new().await;
    let arn = world
        .python(
            "raises",
            "def handler(event, context):\n    raise ValueError('bad thing')\n",
        )
        .await;
    let outcome = world.invoke(&arn, "{}").await;
    assert_eq!(outcome.error, Some(FunctionError::Unhandled));
    let error = json(&outcome.payload);
    assert_eq!(error["errorMessage"], "bad thing");
    assert_eq!(error["errorType"], "ValueError");
    assert_eq!(error["requestId"], outcome.request_id.as_str());
    let frame = error["stackTrace"][0].as_str().unwrap();
    assert!(
        frame.contains("app.py\", line 2, in handler\n    raise ValueError"),
        "{frame}"
    );
    let tail = String::from_utf8(outcome.log_tail.unwrap().to_vec()).unwrap();
    assert!(
        tail.contains("[ERROR] ValueError: bad thing\nTraceback (most recent call last):\n"),
        "{tail}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_cannot_be_loaded_says_why() {
    let world = World::new().await;
    let arn = world
        .create("missing", &[("app.py", "")], |c| {
            c.handler = "nowhere.handler".to_owned()
        })
        .await;
    let error = json(&world.invoke(&arn, "{}").await.payload);
    assert_eq!(error["errorType"], "Runtime.ImportModuleError");
    assert_eq!(
        error["errorMessage"],
        "Unable to import module 'nowhere': No module named 'nowhere'"
    );
    assert_eq!(error["requestId"], "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_ends_or_takes_too_long_is_replaced() {
    let world = World::new().await;
    let source = "import os, time\ndef handler(event, context):\n    if 'code' in event: os._exit(event['code'])\n    time.sleep(event.get('seconds', 0))\n    return os.getpid()\n";
    let arn = world
        .create("ends", &[("app.py", source)], |c| c.timeout_seconds = 1)
        .await;
    let pid = json(&world.invoke(&arn, "{}").await.payload);
    let exited = world.invoke(&arn, r#"{"code":7}"#).await;
    let wanted = format!(
        "RequestId: {} Error: Runtime exited with error: exit status 7",
        exited.request_id
    );
    assert_eq!(json(&exited.payload)["errorMessage"], wanted.as_str());
    let quiet = world.invoke(&arn, r#"{"code":0}"#).await;
    let wanted = format!(
        "RequestId: {} Error: Runtime exited without providing a reason",
        quiet.request_id
    );
    assert_eq!(json(&quiet.payload)["errorMessage"], wanted.as_str());
    let late = world.invoke(&arn, r#"{"seconds":30}"#).await;
    let wanted = format!(
        "RequestId: {} Error: Task timed out after 1.00 seconds",
        late.request_id
    );
    assert_eq!(json(&late.payload)["errorMessage"], wanted.as_str());
    assert_eq!(json(&late.payload)["errorType"], "Sandbox.Timedout");
    assert_ne!(json(&world.invoke(&arn, "{}").await.payload), pid);
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_limited() {
    let world = World::new().await;
    let source = "import time\ndef handler(event, context):\n    hoard = bytearray(400 * 1024 * 1024)\n    hoard[::4096] = b'x' * len(hoard[::4096])\n    time.sleep(15)\n";
    let arn = world.python("hoards", source).await;
    let outcome = world.invoke(&arn, "{}").await;
    let message = json(&outcome.payload)["errorMessage"].to_string();
    assert!(
        message.contains("Runtime exited with error: signal: killed"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn node_functions_answer_in_every_way() {
    let world = World::new().await;
    let source = "
exports.handler = (event, context, callback) => {
  if (event.callback) return callback(null, { via: 'callback' });
  if (event.fail) throw new TypeError('no such basket');
  if (event.late) { setTimeout(() => { throw new Error('too late'); }, 5); return new Promise(() => {}); }
  if (event.reject) { Promise.reject(new Error('unhandled')); return new Promise(() => {}); }
  if (event.nothing) return;
  if (event.bigint) return Promise.resolve(10n);
  console.log('one\\ntwo');
  return Promise.resolve({ id: context.awsRequestId, trace: process.env._X_AMZN_TRACE_ID, left: context.getRemainingTimeInMillis() });
};";
    let arn = world
        .create("node", &[("index.js", source)], |c| {
            c.runtime = "nodejs20.x".to_owned();
            c.handler = "index.handler".to_owned();
        })
        .await;
    let plain = world.invoke(&arn, "{}").await;
    assert_eq!(json(&plain.payload)["id"], plain.request_id.as_str());
    let tail = String::from_utf8(plain.log_tail.unwrap().to_vec()).unwrap();
    assert!(
        tail.contains(&format!("Z\t{}\tINFO\tone\ntwo\nEND", plain.request_id)),
        "{tail}"
    );
    assert_eq!(
        json(&world.invoke(&arn, r#"{"callback":1}"#).await.payload)["via"],
        "callback"
    );
    assert_eq!(
        &world.invoke(&arn, r#"{"nothing":1}"#).await.payload[..],
        b"null"
    );
    let failed = json(&world.invoke(&arn, r#"{"fail":1}"#).await.payload);
    assert_eq!(failed["errorType"], "TypeError");
    assert_eq!(failed["trace"][0], "TypeError: no such basket");
    let bigint = json(&world.invoke(&arn, r#"{"bigint":1}"#).await.payload);
    assert_eq!(bigint["errorMessage"], "Unable to stringify response body");
    let late = json(&world.invoke(&arn, r#"{"late":1}"#).await.payload);
    assert_eq!(
        (&late["errorType"], &late["errorMessage"]),
        (&"Error".into(), &"too late".into())
    );
    let rejected = json(&world.invoke(&arn, r#"{"reject":1}"#).await.payload);
    assert_eq!(rejected["errorType"], "Runtime.UnhandledPromiseRejection");
}

#[tokio::test(flavor = "multi_thread")]
async fn node_modules_can_be_imported_from_shared_directories() {
    let shared = tempfile::tempdir().unwrap();
    let package = shared.path().join("node_modules/shelf");
    std::fs::create_dir_all(&package).unwrap();
    std::fs::write(
        package.join("package.json"),
        r#"{"name":"shelf","main":"main.js"}"#,
    )
    .unwrap();
    std::fs::write(package.join("main.js"), "module.exports = { word: 'b7' };").unwrap();
    let modules = shared.path().join("node_modules");
    let world = World::with(|settings| settings.node_modules.push(modules)).await;
    for (name, file, source) in [
        (
            "esm",
            "index.mjs",
            "import shelf from 'shelf'; export const handler = async () => shelf.word;",
        ),
        (
            "cjs",
            "index.cjs",
            "const shelf = require('shelf'); exports.handler = async () => shelf.word;",
        ),
    ] {
        let arn = world
            .create(name, &[(file, source)], |c| {
                c.runtime = "nodejs22.x".to_owned();
                c.handler = "index.handler".to_owned();
            })
            .await;
        assert_eq!(
            json(&world.invoke(&arn, "{}").await.payload),
            "b7",
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bootstrap_of_the_functions_own_runs() {
    let world = World::new().await;
    let script = "#!/bin/sh\nwhile :; do\n  H=$(mktemp)\n  E=$(curl -sS -LD \"$H\" \"http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next\")\n  I=$(grep -Fi Lambda-Runtime-Aws-Request-Id \"$H\" | tr -d '[:space:]' | cut -d: -f2)\n  curl -sS \"http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$I/response\" -d \"{\\\"saw\\\":$E}\" >/dev/null\ndone\n";
    let provided =
        |c: &mut fluoro_functions::Configuration| c.runtime = "provided.al2023".to_owned();
    let arn = world
        .create("shell", &[("bootstrap", script)], provided)
        .await;
    let event = format!(r#"{{"pad":"{}"}}"#, "x".repeat(3000));
    assert_eq!(
        world.invoke(&arn, &event).await.payload,
        format!(r#"{{"saw":{event}}}"#)
    );
    let none = world.create("none", &[("other", "")], provided).await;
    let error = json(&world.invoke(&none, "{}").await.payload);
    assert_eq!(error["errorType"], "Runtime.InvalidEntrypoint");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_at_the_same_time_run_side_by_side() {
    let world = World::new().await;
    let source = "import os, time\ndef handler(event, context):\n    time.sleep(0.5)\n    return os.getpid()\n";
    let arn = world.python("slow", source).await;
    let (one, two) = tokio::join!(world.invoke(&arn, "{}"), world.invoke(&arn, "{}"));
    assert_ne!(one.payload, two.payload);
    world
        .functions
        .reserve_concurrency(&arn, Some(0))
        .await
        .unwrap();
    let refused = world.refused(&arn).await;
    assert!(matches!(
        refused,
        InvokeError::Throttled {
            reason: "ReservedFunctionConcurrentInvocationLimitExceeded",
            ..
        }
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_environment_stays_outside() {
    let world = World::new().await;
    let source = "import os\ndef handler(event, context): return dict(os.environ)\n";
    let own = [("EMPTY", ""), ("TZ", "")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let arn = world
        .create("environment", &[("app.py", source)], |c| {
            c.environment = Some(own.into());
        })
        .await;
    let variables = json(&world.invoke(&arn, "{}").await.payload);
    assert!(variables.get("CARGO_MANIFEST_DIR").is_none());
    assert!(
        variables["AWS_ACCESS_KEY_ID"]
            .as_str()
            .unwrap()
            .starts_with("ASIA")
    );
    // Set to nothing is not the same as not set.
    assert_eq!(
        (&variables["EMPTY"], &variables["TZ"]),
        (&"".into(), &"".into())
    );
    assert!(variables.get("PYTHONPATH").is_none_or(|path| path != ""));
    assert_eq!(variables["AWS_EXECUTION_ENV"], "AWS_Lambda_python3.12");
    assert_eq!(variables["AWS_ENDPOINT_URL"], "http://127.0.0.1:4566");
    assert_eq!(variables["AWS_LAMBDA_FUNCTION_NAME"], "environment");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_over_six_megabytes_is_refused() {
    let world = World::new().await;
    let arn = world
        .python(
            "big",
            "def handler(event, context): return 'x' * event['bytes']\n",
        )
        .await;
    let event = format!(r#"{{"bytes":{}}}"#, 6 * 1024 * 1024 + 1000);
    let error = json(&world.invoke(&arn, &event).await.payload);
    assert_eq!(error["errorType"], "Function.ResponseSizeTooLarge");
    assert_eq!(
        json(&world.invoke(&arn, r#"{"bytes":3}"#).await.payload),
        "xxx"
    );
}
