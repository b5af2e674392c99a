//! What each verb does but `serve`: ask the server, show the answer.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use bytes::Bytes;
use fluoro_stack::encoded;
use http::Method;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::args::{Cli, Down, Invoke, Logs, Map, Trace, Traces, Up, Verb};
use crate::cache;
use crate::client::{Client, now};
use crate::paint::Paint;
use crate::{
    export, filter, import, insights, map, sampling, sql, stacks, stats, table, waterfall,
};

/// How often `--watch` looks at the files.
const WATCH: Duration = Duration::from_millis(500);

pub(crate) async fn run(cli: &Cli) -> anyhow::Result<()> {
    let client = Client::new(&cli.endpoint(), &cli.region());
    match &cli.verb {
        Verb::Up(up) => self::up(cli, up).await,
        Verb::Down(down) => self::down(cli, down).await,
        Verb::Invoke(invoke) => self::invoke(cli, &client, invoke).await,
        Verb::Logs(logs) => self::logs(cli, &client, logs).await,
        Verb::Traces(traces) => self::traces(cli, &client, traces).await,
        Verb::Trace(trace) => self::trace(cli, &client, trace).await,
        Verb::Export(export) => export::run(cli, &client, export).await,
        Verb::Import(import) => import::run(cli, &client, import).await,
        Verb::Sql(sql) => sql::run(cli, &client, sql).await,
        Verb::Map(map) => self::map(cli, &client, map).await,
        Verb::Insights(insights) => insights::run(cli, &client, insights).await,
        Verb::Sampling(sampling) => sampling::run(cli, &client, sampling).await,
        Verb::Stats(stats) => stats::run(cli, &client, stats).await,
        Verb::Doctor => {
            let answer = client.own("doctor").await?;
            show(cli, &answer, || table::doctor(Paint::of_stdout(), &answer))
        }
        Verb::Settle => {
            let answer = client.own_post("settle").await?;
            show(cli, &answer, || table::store(&answer))
        }
        Verb::Serve(_) | Verb::Version | Verb::Completion { .. } | Verb::Sandbox { .. } => {
            unreachable!("main answers these itself")
        }
    }
}

/// Prints the JSON or the text.
pub(crate) fn show(cli: &Cli, json: &Value, text: impl FnOnce() -> String) -> anyhow::Result<()> {
    let text = if cli.json {
        format!("{json:#}\n")
    } else {
        text()
    };
    print(text.as_bytes())
}

/// Prints an answer. A reader that went away (`| head`) is no failure.
pub(crate) fn print(bytes: &[u8]) -> anyhow::Result<()> {
    match std::io::stdout().write_all(bytes) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

async fn up(cli: &Cli, up: &Up) -> anyhow::Result<()> {
    let template = template_of(&up.template)?;
    let options = fluoro_stack::UpOptions {
        template: template.clone(),
        stack: up.stack.clone(),
        parameters: up.parameters(),
        endpoint: cli.endpoint(),
        region: cli.region(),
        cache: cache::folder(),
    };
    let mut seen = fluoro_stack::fingerprint(&template)?;
    let outcome = stacks::up(cli, &options).await;
    if !up.watch {
        return outcome;
    }
    report(outcome);
    eprintln!("watching {}; Ctrl-C stops", template.display());
    loop {
        tokio::time::sleep(WATCH).await;
        // A file that is being replaced may be away for a moment.
        let Ok(found) = fluoro_stack::fingerprint(&template) else {
            continue;
        };
        if found != seen {
            seen = found;
            report(stacks::up(cli, &options).await);
        }
    }
}

fn report(outcome: anyhow::Result<()>) {
    if let Err(error) = outcome {
        eprintln!("error: {error:#}");
    }
}

async fn down(cli: &Cli, down: &Down) -> anyhow::Result<()> {
    let options = fluoro_stack::DownOptions {
        template: template_of(&down.template)?,
        stack: down.stack.clone(),
        endpoint: cli.endpoint(),
        region: cli.region(),
    };
    stacks::down(cli, &options).await
}

/// A folder means the template in it.
fn template_of(given: &Path) -> anyhow::Result<PathBuf> {
    if !given.is_dir() {
        return Ok(given.to_owned());
    }
    let names = ["template.yaml", "template.yml", "template.json"];
    let found = names
        .iter()
        .map(|name| given.join(name))
        .find(|path| path.is_file());
    found.with_context(|| {
        format!(
            "{} holds no template.yaml; name the template",
            given.display()
        )
    })
}

async fn invoke(cli: &Cli, client: &Client, invoke: &Invoke) -> anyhow::Result<()> {
    let event = match invoke.event.as_str() {
        "-" => {
            let mut bytes = Vec::new();
            std::io::stdin()
                .read_to_end(&mut bytes)
                .context("failed to read the event from standard input")?;
            bytes
        }
        text => match text.strip_prefix('@') {
            Some(path) => std::fs::read(path)
                .with_context(|| format!("failed to read the event from {path}"))?,
            None => text.as_bytes().to_vec(),
        },
    };
    let path = format!(
        "/2015-03-31/functions/{}/invocations",
        encoded(&invoke.function)
    );
    let mut headers = vec![("content-type", "application/json")];
    if invoke.event_invoke {
        headers.push(("x-amz-invocation-type", "Event"));
    } else if invoke.tail {
        headers.push(("x-amz-log-type", "Tail"));
    }
    let answer = client
        .call("lambda", Method::POST, &path, &headers, event.into())
        .await?;
    if !answer.status.is_success() {
        answer.json()?;
    }
    if let Some(log) = answer.header("x-amz-log-result") {
        let log = base64::engine::general_purpose::STANDARD
            .decode(log)
            .context("the log is no base64")?;
        std::io::stderr().write_all(&log)?;
    }
    let result = String::from_utf8_lossy(&answer.body);
    let failed = answer.header("x-amz-function-error").map(str::to_owned);
    let trace = answer.header("x-amzn-trace-id").map(str::to_owned);
    if cli.json {
        let payload: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        let told = json!({
            "status": answer.status.as_u16(), "error": failed, "trace": trace, "payload": payload
        });
        print(format!("{told:#}\n").as_bytes())?;
    } else if !result.is_empty() {
        print(format!("{result}\n").as_bytes())?;
    }
    if failed.is_some() {
        bail!(
            "the function failed; `fluoro logs {}` shows its log",
            invoke.function
        );
    }
    Ok(())
}

async fn logs(cli: &Cli, client: &Client, logs: &Logs) -> anyhow::Result<()> {
    let mut path = format!("functions/{}/logs", encoded(&logs.function));
    let trace = logs
        .trace
        .as_deref()
        .map(|id| format!("trace={}", encoded(id)));
    let follow = logs.follow.then(|| "follow=true".to_owned());
    let query: Vec<String> = [trace, follow].into_iter().flatten().collect();
    if !query.is_empty() {
        path = format!("{path}?{}", query.join("&"));
    }
    if !logs.follow {
        let answer = client.own(&path).await?;
        let lines = answer["lines"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        return show(cli, &answer, || lines.iter().map(log_line).collect());
    }
    let mut body = client.own_stream(&path).await?.into_body();
    let mut waiting: Vec<u8> = Vec::new();
    while let Some(frame) = body.frame().await {
        waiting.extend_from_slice(&frame?.into_data().unwrap_or_else(|_| Bytes::new()));
        while let Some(end) = waiting.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = waiting.drain(..=end).collect();
            let Ok(json) = serde_json::from_slice::<Value>(&line) else {
                continue;
            };
            let text = match cli.json {
                true => format!("{json}\n"),
                false => log_line(&json),
            };
            let mut out = std::io::stdout();
            match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                // Nobody reads on.
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
                written => written?,
            }
        }
    }
    Ok(())
}

fn log_line(line: &Value) -> String {
    format!(
        "{}\n",
        line["text"]
            .as_str()
            .unwrap_or_default()
            .trim_end_matches('\n')
    )
}

async fn traces(cli: &Cli, client: &Client, traces: &Traces) -> anyhow::Result<()> {
    let now = now();
    let filter = traces.filter.as_deref().unwrap_or_default();
    let body = json!({
        "StartTime": now.saturating_sub(traces.since), "EndTime": now + 1, "FilterExpression": filter
    });
    let found = client
        .pages("/TraceSummaries", body, "TraceSummaries", usize::MAX)
        .await;
    let mut found = found.map_err(|error| filter::explain(filter, error))?;
    found.sort_by(|one, other| {
        let start = |summary: &Value| summary["StartTime"].as_f64().unwrap_or(0.0);
        start(other).total_cmp(&start(one))
    });
    found.truncate(traces.limit);
    show(cli, &Value::Array(found.clone()), || {
        table::traces(Paint::of_stdout(), now, &found)
    })
}

async fn trace(cli: &Cli, client: &Client, trace: &Trace) -> anyhow::Result<()> {
    let id = xray_spelling(&trace.id);
    let mut open = Vec::new();
    if trace.wait {
        let state = client
            .own(&format!("traces/{}?wait=30s", encoded(&id)))
            .await?;
        open = state["open"].as_array().cloned().unwrap_or_default();
    }
    let answer = client.xray("/Traces", json!({"TraceIds": [id]})).await?;
    let Some(found) = answer["Traces"].get(0) else {
        bail!(
            "there is no trace {id}; `fluoro traces` lists them, `fluoro doctor` says what was not kept, and why"
        );
    };
    let mut documents = Vec::new();
    for segment in found["Segments"].as_array().into_iter().flatten() {
        let text = segment["Document"].as_str().unwrap_or_default();
        documents.push(
            serde_json::from_str::<Value>(text)
                .context("the server sent a document that is no JSON")?,
        );
    }
    let json = json!({
        "Id": id, "Duration": found["Duration"], "LimitExceeded": found["LimitExceeded"], "Segments": documents,
        "Open": open
    });
    if trace.raw || cli.json {
        return print(format!("{json:#}\n").as_bytes());
    }
    show(cli, &json, || {
        let mut text = waterfall::draw(Paint::of_stdout(), &id, &documents);
        for work in open.iter().filter_map(Value::as_str) {
            text.push_str(&format!("still open: {work}\n"));
        }
        if found["LimitExceeded"] == true {
            text.push_str(
                "cut off: the trace is larger than limits.trace_size, and took no more documents\n",
            );
        }
        text
    })
}

/// `1-8-24` also for an id that is written as 32 digits in one run.
fn xray_spelling(id: &str) -> String {
    match id {
        digits if digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            format!("1-{}-{}", &digits[..8], &digits[8..])
        }
        other => other.to_owned(),
    }
}

async fn map(cli: &Cli, client: &Client, map: &Map) -> anyhow::Result<()> {
    let now = now();
    let body = json!({
        "StartTime": now.saturating_sub(map.since), "EndTime": now + 1, "GroupName": map.group
    });
    let services = client
        .pages("/ServiceGraph", body, "Services", usize::MAX)
        .await?;
    show(cli, &Value::Array(services.clone()), || {
        map::draw(Paint::of_stdout(), &services)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_spelling_of_a_trace_id_is_understood() {
        let xray = "1-67891233-abcdef012345678912345678";
        assert_eq!(xray_spelling("67891233abcdef012345678912345678"), xray);
        assert_eq!(xray_spelling(xray), xray);
        assert_eq!(xray_spelling("nonsense"), "nonsense");
    }
}
