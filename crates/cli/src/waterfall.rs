//! One trace as a waterfall: segments and subsegments by parent, each with its bar on the trace's time.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::paint::{Ink, Paint, cut, fit, seconds};

/// A segment or subsegment, ready to be drawn.
#[derive(Debug)]
struct Row<'a> {
    document: &'a Value,
    depth: usize,
    /// Whether it is a segment of its own, and not part of one.
    segment: bool,
}

/// Draws the documents of one trace, parsed.
pub(crate) fn draw(paint: Paint, id: &str, documents: &[Value]) -> String {
    let rows = rows(documents);
    let start = rows
        .iter()
        .filter_map(|row| row.document["start_time"].as_f64())
        .fold(f64::INFINITY, f64::min);
    let end = rows
        .iter()
        .filter_map(|row| {
            row.document["end_time"]
                .as_f64()
                .or_else(|| row.document["start_time"].as_f64())
        })
        .fold(f64::NEG_INFINITY, f64::max);
    if rows.is_empty() || !start.is_finite() {
        return format!("trace {id} has no segments yet\n");
    }
    let span = (end - start).max(1e-6);
    let names = (paint.width * 2 / 5).clamp(24, 64);
    let bars = paint.width.saturating_sub(names + 22).max(10);

    let mut text = headline(paint, id, documents, span);
    for row in &rows {
        let document = row.document;
        let name = format!("{}{}", "  ".repeat(row.depth), label(document, row.segment));
        let ink = outcome(document);
        let from = document["start_time"].as_f64().unwrap_or(start);
        let until = document["end_time"].as_f64();
        let took = until.map_or_else(
            || "open".to_owned(),
            |until| seconds((until - from).max(0.0)),
        );
        let bar = bar(
            from - start,
            until.unwrap_or(end) - start,
            span,
            bars,
            until.is_none(),
        );
        let strong = if row.segment { Ink::Strong } else { Ink::Plain };
        text.push_str(&format!(
            "{} {:>9} {} {}\n",
            paint.ink(strong, &fit(&name, names)),
            took,
            paint.ink(ink, &bar),
            paint.ink(ink, &remark(document)),
        ));
        if let Some(reason) = reason(document) {
            // Whole: what is to be mended stands at its end.
            let line = format!("{}  ! {reason}", "  ".repeat(row.depth));
            text.push_str(&paint.line(Ink::Fault, &line));
        }
        for exception in exceptions(document) {
            let line = cut(
                &format!("{}  ! {exception}", "  ".repeat(row.depth)),
                paint.width,
            );
            text.push_str(&paint.line(Ink::Fault, &line));
        }
    }
    text
}

/// Id, entry, status, duration, and why it was sampled.
fn headline(paint: Paint, id: &str, documents: &[Value], span: f64) -> String {
    let root = documents
        .iter()
        .find(|document| document.get("parent_id").is_none());
    let http = root.map(|root| &root["http"]);
    let word = |pointer: &str| {
        http.and_then(|http| http.pointer(pointer))
            .map(plain)
            .unwrap_or_default()
    };
    let line = format!(
        "trace {id}  {} {} {}  {}",
        word("/request/method"),
        word("/request/url"),
        word("/response/status"),
        seconds(span)
    );
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut text = paint.line(Ink::Strong, &line);
    if let Some(reason) = root.and_then(sampling) {
        text.push_str(&paint.line(Ink::Faint, &reason));
    }
    text
}

/// Why the root was sampled, or recorded all the same, where the gateway or Lambda wrote it down.
fn sampling(root: &Value) -> Option<String> {
    match root
        .pointer("/metadata/fluoro/kept")
        .and_then(Value::as_str)
    {
        Some("slow") => {
            return Some("not sampled; recorded afterwards because it was slow".to_owned());
        }
        Some(_) => return Some("not sampled; recorded afterwards because it failed".to_owned()),
        None => {}
    }
    let decision = root.pointer("/metadata/fluoro/sampling")?;
    let by = decision
        .get("by")
        .or_else(|| decision.pointer("/how/by"))?
        .as_str()?;
    let rule = decision
        .get("rule")
        .or_else(|| decision.pointer("/how/rule"))
        .and_then(Value::as_str);
    let by = match (by, rule) {
        ("header", _) => "because the caller's trace header said so".to_owned(),
        ("lambda", _) => "by Lambda's own sampler".to_owned(),
        ("reservoir", Some(rule)) => format!("by the reservoir of rule {rule}"),
        ("rate", Some(rule)) => format!("by the rate of rule {rule}"),
        ("boost", Some(rule)) => format!("by the boost of rule {rule}"),
        (other, Some(rule)) => format!("by {other} of rule {rule}"),
        (other, None) => format!("by {other}"),
    };
    Some(format!("sampled {by}"))
}

/// Parents before children, siblings by their start. A document whose parent is unknown stands at the left edge.
fn rows(documents: &[Value]) -> Vec<Row<'_>> {
    let mut below: HashMap<&str, Vec<&Value>> = HashMap::new();
    let mut ids = HashSet::new();
    for document in documents {
        collect_ids(document, &mut ids);
    }
    let mut roots = Vec::new();
    for document in documents {
        match document["parent_id"]
            .as_str()
            .filter(|parent| ids.contains(*parent))
        {
            Some(parent) => below.entry(parent).or_default().push(document),
            None => roots.push(document),
        }
    }
    let mut rows = Vec::new();
    by_start(&mut roots);
    for root in roots {
        place(root, 0, true, &mut below, &mut rows);
    }
    rows
}

fn place<'a>(
    document: &'a Value,
    depth: usize,
    segment: bool,
    below: &mut HashMap<&'a str, Vec<&'a Value>>,
    rows: &mut Vec<Row<'a>>,
) {
    rows.push(Row {
        document,
        depth,
        segment,
    });
    let parts = document["subsegments"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut children: Vec<(&Value, bool)> = parts.iter().map(|part| (part, false)).collect();
    // Taken out, so that documents that name each other as parents are drawn once.
    let segments = document["id"]
        .as_str()
        .and_then(|id| below.remove(id))
        .unwrap_or_default();
    children.extend(segments.into_iter().map(|segment| (segment, true)));
    children.sort_by(|(one, _), (other, _)| start_of(one).total_cmp(&start_of(other)));
    for (child, segment) in children {
        place(child, depth + 1, segment, below, rows);
    }
}

fn collect_ids<'a>(document: &'a Value, ids: &mut HashSet<&'a str>) {
    ids.extend(document["id"].as_str());
    for part in document["subsegments"].as_array().into_iter().flatten() {
        collect_ids(part, ids);
    }
}

fn by_start(documents: &mut [&Value]) {
    documents.sort_by(|one, other| start_of(one).total_cmp(&start_of(other)));
}

fn start_of(document: &Value) -> f64 {
    document["start_time"].as_f64().unwrap_or(0.0)
}

/// Its name, and what it is when that is not plain.
fn label(document: &Value, segment: bool) -> String {
    let name = document["name"].as_str().unwrap_or("?");
    let kind = match document["origin"].as_str() {
        Some(origin) => origin.to_owned(),
        None if document["inferred"] == true => "remote".to_owned(),
        None => document["aws"]["operation"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    };
    let kind = if segment && kind.is_empty() {
        "segment".to_owned()
    } else {
        kind
    };
    if kind.is_empty() {
        name.to_owned()
    } else {
        format!("{name} [{kind}]")
    }
}

fn outcome(document: &Value) -> Ink {
    let status = document
        .pointer("/http/response/status")
        .and_then(Value::as_u64)
        .unwrap_or(0);
    let flag = |name: &str| document[name] == true;
    if flag("throttle") || status == 429 {
        Ink::Throttle
    } else if flag("fault") || (500..600).contains(&status) {
        Ink::Fault
    } else if flag("error") || (400..500).contains(&status) {
        Ink::Error
    } else if document["inferred"] == true {
        Ink::Faint
    } else {
        Ink::Good
    }
}

/// Status and what went wrong, in words, since not everybody sees colours.
fn remark(document: &Value) -> String {
    let status = document.pointer("/http/response/status").map(plain);
    let word = match outcome(document) {
        Ink::Throttle => Some("throttle"),
        Ink::Fault => Some("fault"),
        Ink::Error => Some("error"),
        _ => None,
    };
    let cold = matches!(document["name"].as_str(), Some("Initialization" | "Init"))
        .then_some("cold start");
    let parts = [status.as_deref(), word, cold];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Why the gateway answered as it did, where it was the gateway: no exception says that.
fn reason(document: &Value) -> Option<String> {
    let reason = document.pointer("/metadata/fluoro/reason")?.as_str()?;
    Some(reason.replace('\n', " "))
}

fn exceptions(document: &Value) -> Vec<String> {
    let exceptions = document
        .pointer("/cause/exceptions")
        .and_then(Value::as_array);
    exceptions
        .into_iter()
        .flatten()
        .map(|exception| {
            let kind = exception["type"].as_str().unwrap_or("exception");
            let message = exception["message"].as_str().unwrap_or_default();
            format!("{kind}: {message}").replace('\n', " ")
        })
        .collect()
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "columns of a terminal"
)]
fn bar(from: f64, until: f64, span: f64, width: usize, open: bool) -> String {
    let column = |at: f64| ((at / span).clamp(0.0, 1.0) * width as f64).round() as usize;
    let start = column(from).min(width - 1);
    let end = column(until).clamp(start + 1, width);
    let (full, last) = if open { ('▒', '›') } else { ('█', '█') };
    (0..width)
        .map(|at| match at {
            _ if at < start || at >= end => '·',
            _ if at + 1 == end => last,
            _ => full,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PLAIN: Paint = Paint {
        colour: false,
        width: 90,
    };

    fn documents() -> Vec<Value> {
        vec![
            json!({"id": "c", "parent_id": "b", "name": "table", "origin": "AWS::DynamoDB::Table", "inferred": true,
                "start_time": 1.5, "end_time": 1.75, "http": {"response": {"status": 200}}}),
            json!({"id": "a", "name": "shop/dev", "origin": "AWS::ApiGateway::Stage", "start_time": 1.0, "end_time": 2.0, "fault": true,
                "http": {"request": {"method": "GET", "url": "http://h/x"}, "response": {"status": 502}},
                "metadata": {"fluoro": {"sampling": {"by": "rate", "rule": "Default"}}},
                "subsegments": [{"id": "b", "name": "Lambda", "start_time": 1.25, "end_time": 2.0,
                    "cause": {"exceptions": [{"type": "E", "message": "no\ngood"}]}}]}),
            json!({"id": "d", "parent_id": "zz", "name": "lost", "start_time": 1.9, "in_progress": true}),
        ]
    }

    #[test]
    fn children_stand_below_their_parents_with_bars_on_one_time() {
        let expected = "\
trace 1-x GET http://h/x 502 1.00 s
sampled by the rate of rule Default
shop/dev [AWS::ApiGateway::Stage]       1.00 s ████████████████████████████████ 502 fault
  Lambda                                750 ms ········████████████████████████ 
    ! E: no good
    table [AWS::DynamoDB::Table]        250 ms ················████████········ 200
lost [segment]                            open ·····························▒▒› 
";
        assert_eq!(draw(PLAIN, "1-x", &documents()), expected);
    }

    #[test]
    fn the_gateways_own_reason_is_told() {
        let reason = "Execution failed due to configuration error: Malformed Lambda proxy response";
        let stage = json!({"id": "a", "name": "shop/dev", "start_time": 1.0, "end_time": 2.0, "fault": true,
            "http": {"response": {"status": 502}}, "metadata": {"fluoro": {"reason": reason}}});
        let text = draw(PLAIN, "1-x", &[stage]);
        assert!(text.ends_with(&format!("  ! {reason}\n")), "{text}");
    }

    #[test]
    fn what_was_recorded_afterwards_says_so() {
        let stage = json!({"id": "a", "name": "shop/dev", "start_time": 1.0, "end_time": 2.0, "fault": true,
            "metadata": {"fluoro": {"sampling": {"sampled": false, "how": {"by": "rate", "rule": "Default"}}, "kept": "fault"}}});
        let text = draw(PLAIN, "1-x", &[stage]);
        assert!(
            text.contains("\nnot sampled; recorded afterwards because it failed\n"),
            "{text}"
        );
    }

    #[test]
    fn colours_are_only_for_those_who_see_them() {
        assert!(!draw(PLAIN, "1-x", &documents()).contains('\x1b'));
        assert!(
            draw(
                Paint {
                    colour: true,
                    width: 90
                },
                "1-x",
                &documents()
            )
            .contains("\x1b[31m")
        );
    }

    #[test]
    fn documents_that_name_each_other_as_parents_do_not_hang() {
        let circle = [
            json!({"id": "a", "parent_id": "b", "name": "a", "start_time": 1.0, "end_time": 2.0}),
            json!({"id": "b", "parent_id": "a", "name": "b", "start_time": 1.0, "end_time": 2.0}),
        ];
        assert!(draw(PLAIN, "1-x", &circle).contains("no segments yet"));
    }
}
