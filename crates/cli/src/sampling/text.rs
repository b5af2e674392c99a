//! What the verbs below `sampling` tell of requests and of a rule that is not made yet.

use serde_json::Value;

use crate::paint::{Ink, Paint, cut, fit, seconds};

/// The last requests, a line each.
pub(super) fn listed(paint: Paint, requests: &[Value]) -> String {
    if requests.is_empty() {
        return "no such request came through a stage lately\n".to_owned();
    }
    let mut text = paint.line(
        Ink::Faint,
        &format!(
            "{:35} {:>6} {:>9} {:7} {:11} {:20} {}",
            "trace", "status", "took", "sampled", "by", "rule", "request"
        ),
    );
    for one in requests {
        let line = format!(
            "{:35} {:>6} {:>9} {:7} {} {} {}",
            word(one, "trace"),
            one["status"]
                .as_u64()
                .map_or("-".to_owned(), |status| status.to_string()),
            seconds(one["latency_ms"].as_f64().unwrap_or(0.0) / 1e3),
            sampled(one),
            fit(word(one, "by"), 11),
            fit(word(one, "rule"), 20),
            format_args!("{} {}", word(one, "http_method"), word(one, "url_path")),
        );
        text.push_str(&paint.line(ink_of(one), cut(&line, paint.width.max(120)).trim_end()));
    }
    text
}

/// One request, with everything that is known of the decision.
pub(super) fn told(paint: Paint, one: &Value) -> String {
    let mut text = format!(
        "{} {}\n",
        paint.ink(Ink::Strong, &request(one)),
        paint.ink(
            Ink::Faint,
            &format!("{} {}", word(one, "trace"), word(one, "request_id"))
        ),
    );
    let status = one["status"]
        .as_u64()
        .map_or("no answer, the client went away".to_owned(), |status| {
            format!("status {status}")
        });
    let took = seconds(one["latency_ms"].as_f64().unwrap_or(0.0) / 1e3);
    text.push_str(&format!("{status} after {took}\n"));
    let verdict = format!("sampled: {}, because {}", sampled(one), word(one, "reason"));
    text.push_str(&paint.line(ink_of(one), &verdict));
    for rule in one["passed_over"].as_array().into_iter().flatten() {
        let (name, priority) = (word(rule, "rule"), &rule["priority"]);
        let because = compared(&rule["because"], "is not");
        text.push_str(&format!(
            "  passed over {name} (priority {priority}): {because}\n"
        ));
    }
    if let Some(rule) = one["rule"].as_str() {
        let because = match compared(&one["because"], "is") {
            nothing if nothing.is_empty() => "it asks for nothing in particular".to_owned(),
            because => because,
        };
        text.push_str(&format!("  matched {rule}: {because}\n"));
    }
    if one["cut"] == true {
        text.push_str("  something of the request was too long to be remembered whole\n");
    }
    text
}

/// `http_method GET is not POST`.
fn compared(patterns: &Value, verb: &str) -> String {
    let patterns = patterns.as_array().into_iter().flatten();
    let said: Vec<String> = patterns
        .map(|one| {
            let (property, pattern) = (word(one, "property"), word(one, "pattern"));
            match one["value"].as_str() {
                Some(value) => format!("{property} {value:?} {verb} {pattern:?}"),
                None => format!("{property} is not there, {pattern:?} is asked for"),
            }
        })
        .collect();
    said.join(", ")
}

/// What a rule would keep, beside what was kept.
pub(super) fn previewed(paint: Paint, preview: &Value) -> String {
    let number = |member: &str| preview[member].as_f64().unwrap_or(0.0);
    let count = |member: &str| preview[member].as_u64().unwrap_or(0);
    if count("requests") == 0 {
        return "no request on which rules decided is remembered; send some, and ask again\n"
            .to_owned();
    }
    let mut text = format!(
        "{} requests in {:.0} s on which rules decided ({} more were decided by their callers or not traced)\n",
        count("requests"),
        number("seconds"),
        count("not_asked"),
    );
    text.push_str(&format!(
        "{} would come to {}\n",
        count("matched"),
        paint.ink(Ink::Strong, word(preview, "rule")),
    ));
    text.push_str(&format!(
        "  kept by its reservoir {:>9}\n  kept by its rate      {:>9} (about {:.1} on average)\n",
        count("kept_by_reservoir"),
        count("kept_by_rate"),
        number("expected_by_rate"),
    ));
    text.push_str(&format!(
        "  together              {:>9}, {:.2} a second; before: {}, {:.2} a second\n",
        count("kept"),
        number("kept_per_second"),
        count("kept_before"),
        number("kept_before_per_second"),
    ));
    let rules = |member: &str, what: &str| {
        let rules = preview[member].as_object().into_iter().flatten();
        rules
            .map(|(rule, requests)| format!("{what} {rule}: {requests}\n"))
            .collect::<String>()
    };
    text.push_str(&rules("taken_from", "  taken from"));
    text.push_str(&rules("hidden_by", "  hidden by the earlier"));
    text.push_str(&format!(
        "all rules together would keep {}; before: {}\n",
        count("all_kept"),
        count("all_kept_before"),
    ));
    if count("cut") > 0 {
        text.push_str(&format!(
            "{} requests were too long to be remembered whole, and may match otherwise\n",
            count("cut")
        ));
    }
    text
}

fn request(one: &Value) -> String {
    format!(
        "{} {}{}",
        word(one, "http_method"),
        word(one, "host"),
        word(one, "url_path")
    )
}

fn sampled(one: &Value) -> &'static str {
    match (one["sampled"].as_bool(), one["kept"].is_string()) {
        (Some(true), _) => "yes",
        (_, true) => "no*",
        _ => "no",
    }
}

fn ink_of(one: &Value) -> Ink {
    match sampled(one) {
        "yes" => Ink::Good,
        "no*" => Ink::Fault,
        _ => Ink::Plain,
    }
}

fn word<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or("-")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PLAIN: Paint = Paint {
        colour: false,
        width: 100,
    };

    fn why() -> Value {
        json!({
            "trace": "1-66aa01f0-1122334455667788990011aa", "request_id": "r", "http_method": "GET", "host": "h",
            "url_path": "/dev/x", "status": 502, "latency_ms": 12.3, "sampled": false, "by": "rate", "rule": "shop",
            "reason": "rule shop is the first that fits; …", "kept": null, "cut": false,
            "passed_over": [{"rule": "posts", "priority": 7, "because": [
                {"property": "http_method", "pattern": "POST", "value": "GET"},
                {"property": "attribute x-a", "pattern": "*", "value": null}
            ]}],
            "because": [{"property": "url_path", "pattern": "/dev/*", "value": "/dev/x"}],
        })
    }

    #[test]
    fn a_decision_is_told_with_what_was_passed_over_and_what_matched() {
        assert_eq!(
            told(PLAIN, &why()),
            "GET h/dev/x 1-66aa01f0-1122334455667788990011aa r\nstatus 502 after 12.3 ms\n\
             sampled: no, because rule shop is the first that fits; …\n  passed over posts (priority 7): http_method \
             \"GET\" is not \"POST\", attribute x-a is not there, \"*\" is asked for\n  matched shop: url_path \
             \"/dev/x\" is \"/dev/*\"\n"
        );
    }

    #[test]
    fn requests_are_listed_a_line_each() {
        let text = listed(PLAIN, &[why()]);
        let line = text.lines().nth(1).unwrap();
        assert!(
            line.contains(" 502   12.3 ms no      rate        shop "),
            "{line}"
        );
        assert!(line.ends_with("GET /dev/x"), "{line}");
    }

    #[test]
    fn a_preview_compares_with_what_was() {
        let preview = json!({
            "rule": "new", "requests": 10, "not_asked": 2, "cut": 0, "seconds": 5.0, "matched": 8, "kept_by_reservoir": 5,
            "kept_by_rate": 1, "expected_by_rate": 0.3, "kept": 6, "kept_per_second": 1.2, "kept_before": 2,
            "kept_before_per_second": 0.4, "all_kept": 7, "all_kept_before": 3, "taken_from": {"Default": 8},
            "hidden_by": {"early": 1},
        });
        let text = previewed(PLAIN, &preview);
        assert!(
            text.contains(
                "together                      6, 1.20 a second; before: 2, 0.40 a second"
            ),
            "{text}"
        );
        assert!(
            text.contains("taken from Default: 8\n  hidden by the earlier early: 1"),
            "{text}"
        );
    }
}
