//! Tables of text: the list of traces, the rules, the doctor's findings.

use serde_json::Value;

use crate::paint::{Ink, Paint, cut, fit, seconds};

/// The list of GetTraceSummaries, newest first.
pub(crate) fn traces(paint: Paint, now: u64, summaries: &[Value]) -> String {
    if summaries.is_empty() {
        return "no trace in this time; look further back with --since, or send one: docs/clients.md\n".to_owned();
    }
    let mut text = paint.line(
        Ink::Faint,
        &format!(
            "{:35} {:>6} {:>9} {:>6} {}",
            "trace", "age", "took", "status", "request"
        ),
    );
    for summary in summaries {
        let http = &summary["Http"];
        let word = |name: &str| http[name].as_str().unwrap_or_default().to_owned();
        let entry = summary["EntryPoint"]["Name"].as_str().unwrap_or_default();
        let request = match word("HttpURL") {
            url if url.is_empty() => entry.to_owned(),
            url => format!("{} {}", word("HttpMethod"), place(&url, entry)),
        };
        let (ink, flag) = outcome(summary);
        let took = summary["Duration"]
            .as_f64()
            .map_or_else(|| "open".to_owned(), seconds);
        let status = http["HttpStatus"]
            .as_u64()
            .map_or_else(|| "-".to_owned(), |status| status.to_string());
        let line = format!(
            "{:35} {:>6} {took:>9} {status:>6} {}{}",
            summary["Id"].as_str().unwrap_or_default(),
            age(now, summary["StartTime"].as_f64()),
            cut(&request, paint.width.saturating_sub(70).max(20)),
            if flag.is_empty() {
                String::new()
            } else {
                format!("  {flag}")
            },
        );
        text.push_str(&paint.line(ink, line.trim_end()));
    }
    text
}

/// Where a request went, as short as it is clear: without the scheme, and a stage by its name instead of its address.
fn place(url: &str, entry: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    // Behind the API's id and the stage's name; in the older form behind `_user_request_`, too.
    let below = |mark: &str, parts: usize| {
        let (_, stage) = rest.split_once(mark)?;
        Some(stage.splitn(parts + 1, '/').nth(parts).unwrap_or_default())
    };
    let path = below("/_aws/execute-api/", 2).or_else(|| below("/restapis/", 3));
    match path.filter(|_| !entry.is_empty()) {
        Some(path) => format!("{entry}/{path}"),
        None => rest.to_owned(),
    }
}

fn outcome(summary: &Value) -> (Ink, &'static str) {
    let is = |name: &str| summary[name] == true;
    if is("HasThrottle") {
        (Ink::Throttle, "throttle")
    } else if is("HasFault") {
        (Ink::Fault, "fault")
    } else if is("HasError") {
        (Ink::Error, "error")
    } else if is("IsPartial") {
        (Ink::Faint, "partial")
    } else {
        (Ink::Plain, "")
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown in whole seconds")]
pub(crate) fn age(now: u64, start: Option<f64>) -> String {
    let Some(start) = start else {
        return "-".to_owned();
    };
    let seconds = (now as f64 - start).max(0.0);
    match seconds {
        s if s < 90.0 => format!("{s:.0}s"),
        s if s < 5400.0 => format!("{:.0}m", s / 60.0),
        s if s < 172_800.0 => format!("{:.0}h", s / 3600.0),
        s => format!("{:.0}d", s / 86400.0),
    }
}

/// Sampling rules by priority, with what each matched.
pub(crate) fn rules(paint: Paint, records: &[Value], matched: &Value) -> String {
    let mut records: Vec<&Value> = records.iter().collect();
    records.sort_by_key(|record| {
        let rule = &record["SamplingRule"];
        (
            rule["Priority"].as_u64(),
            rule["RuleName"].as_str().map(str::to_owned),
        )
    });
    let mut text = paint.line(
        Ink::Faint,
        &format!(
            "{:32} {:>8} {:>7} {:>9} {:>9} {:>9} {}",
            "rule", "priority", "rate", "reservoir", "matched", "sampled", "for"
        ),
    );
    for record in records {
        let rule = &record["SamplingRule"];
        let name = rule["RuleName"].as_str().unwrap_or_default();
        let counts = matched["rules"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|counts| counts["name"] == name);
        let count = |member: &str| {
            counts
                .and_then(|counts| counts[member].as_u64())
                .unwrap_or(0)
        };
        text.push_str(&format!(
            "{:32} {:>8} {:>6.1}% {:>7}/s {:>9} {:>9} {}\n",
            name,
            rule["Priority"],
            rule["FixedRate"].as_f64().unwrap_or(0.0) * 100.0,
            rule["ReservoirSize"],
            count("requests"),
            count("sampled"),
            condition(rule, &record["Tags"]),
        ));
    }
    text
}

/// What a rule asks for, without what it leaves open; its boost and its tags.
fn condition(rule: &Value, tags: &Value) -> String {
    let parts = [
        ("HTTPMethod", ""),
        ("Host", "host "),
        ("URLPath", ""),
        ("ServiceName", "service "),
        ("ServiceType", "type "),
        ("ResourceARN", "resource "),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter_map(|(member, word)| {
            let value = rule[member].as_str().filter(|value| *value != "*")?;
            Some(format!("{word}{value}"))
        })
        .collect();
    let attributes = rule["Attributes"].as_object().into_iter().flatten();
    let attributes = attributes.filter_map(|(name, value)| {
        let value = value.as_str()?;
        Some(format!("{name}: {value}"))
    });
    let parts: Vec<String> = parts.into_iter().chain(attributes).collect();
    let mut text = match parts.is_empty() {
        true => "everything".to_owned(),
        false => parts.join(", "),
    };
    if let Some(rate) = rule["SamplingRateBoost"]["MaxRate"].as_f64() {
        text.push_str(&format!("; boost up to {:.1}%", rate * 100.0));
    }
    for tag in tags.as_array().into_iter().flatten() {
        let word = |member: &str| tag[member].as_str().unwrap_or_default();
        text.push_str(&format!("; {}={}", word("Key"), word("Value")));
    }
    text
}

/// What is kept.
pub(crate) fn store(answer: &Value) -> String {
    let count = |value: &Value| value.as_u64().unwrap_or(0);
    let blocks = answer["blocks"].as_array().map_or(0, Vec::len);
    format!(
        "{} documents of {} traces; {blocks} blocks of {:.1} MB, log {:.1} MB\n",
        count(&answer["documents"]),
        count(&answer["traces"]),
        megabytes(count(&answer["block_bytes"])),
        megabytes(count(&answer["log_bytes"])),
    )
}

#[expect(clippy::cast_precision_loss, reason = "told to a tenth of a megabyte")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// What came in and what was lost, a line each, with how to mend it; then what was set in vain.
pub(crate) fn doctor(paint: Paint, answer: &Value) -> String {
    documents(paint, answer) + &daemons(paint, answer) + &in_vain(paint, answer)
}

/// What X-Ray daemons elsewhere say of themselves.
fn daemons(paint: Paint, answer: &Value) -> String {
    let told = answer["daemons"].as_array().into_iter().flatten();
    told.map(|daemon| {
        let count = |member: &str| daemon["totals"][member].as_u64().unwrap_or(0);
        let lost = count("spilled_over") + count("rejected");
        let ink = if lost > 0 { Ink::Fault } else { Ink::Plain };
        let line = format!(
            "daemon {}: {} segments in, {} sent on, {} spilled over, {} rejected, {} failed calls",
            daemon["sender"].as_str().unwrap_or("-"),
            count("received"),
            count("sent"),
            count("spilled_over"),
            count("rejected"),
            count("connection_errors"),
        );
        paint.line(ink, &line)
    })
    .collect()
}

/// Settings that are kept and change nothing.
fn in_vain(paint: Paint, answer: &Value) -> String {
    let word = |setting: &Value, member: &str| setting[member].as_str().unwrap_or("-").to_owned();
    let settings = answer["without_effect"].as_array().into_iter().flatten();
    settings
        .map(|setting| {
            let (of, what) = (word(setting, "of"), word(setting, "setting"));
            let line = format!("{of}: {what} has no effect: {}", word(setting, "meaning"));
            paint.line(Ink::Error, &line)
        })
        .collect()
}

fn documents(paint: Paint, answer: &Value) -> String {
    let lines = answer["lines"].as_array();
    let lines = lines.map(Vec::as_slice).unwrap_or_default();
    if lines.is_empty() {
        return "nothing has come in yet; docs/clients.md says how to send the first trace\n"
            .to_owned();
    }
    let word = |line: &Value, member: &str| line[member].as_str().unwrap_or("-").to_owned();
    let mut text = paint.line(
        Ink::Faint,
        &format!(
            "{:18} {:32} {:11} {:28} {:>9}",
            "door", "client", "what", "cause", "documents"
        ),
    );
    for line in lines {
        let class = word(line, "class");
        let ink = match class.as_str() {
            "received" => Ink::Plain,
            "unsampled" => Ink::Faint,
            "trimmed" | "orphaned" => Ink::Error,
            _ => Ink::Fault,
        };
        let row = format!(
            "{} {} {} {} {:>9}",
            fit(&word(line, "door"), 18),
            fit(&word(line, "client"), 32),
            fit(&class, 11),
            fit(&word(line, "cause"), 28),
            line["count"].as_u64().unwrap_or(0),
        );
        text.push_str(&paint.line(ink, &row));
        if let Some(mend) = line["mend"].as_str().filter(|mend| !mend.is_empty()) {
            text.push_str(&paint.line(Ink::Faint, &format!("{:18} → {mend}", "")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PLAIN: Paint = Paint {
        colour: false,
        width: 100,
    };

    #[test]
    fn traces_say_what_was_asked_and_how_it_went() {
        let summaries = [json!({
            "Id": "1-66aa01f0-1122334455667788990011aa", "StartTime": 1000.5, "Duration": 0.25, "HasFault": true,
            "Http": {"HttpURL": "http://h/x", "HttpMethod": "GET", "HttpStatus": 502}, "EntryPoint": {"Name": "shop/dev"},
        })];
        assert_eq!(
            traces(PLAIN, 1120, &summaries),
            "trace                                  age      took status request\n\
             1-66aa01f0-1122334455667788990011aa     2m    250 ms    502 GET h/x  fault\n"
        );
    }

    #[test]
    fn a_stage_is_told_by_its_name() {
        let at = |url: &str| place(url, "shop/dev");
        let id = "abcdefghij";
        assert_eq!(
            at(&format!(
                "http://127.0.0.1:4566/_aws/execute-api/{id}/dev/a/b?c"
            )),
            "shop/dev/a/b?c"
        );
        let older = format!("http://h/restapis/{id}/dev/_user_request_/a");
        assert_eq!(at(&older), "shop/dev/a");
        assert_eq!(at("https://h:8/x"), "h:8/x");
        assert_eq!(
            place("http://h/_aws/execute-api/a/dev/x", ""),
            "h/_aws/execute-api/a/dev/x"
        );
    }

    #[test]
    fn rules_come_by_priority_with_their_counts() {
        let rule = |name: &str, priority: u32, path: &str| json!({"SamplingRule": {"RuleName": name, "Priority": priority, "FixedRate": 0.05, "ReservoirSize": 1, "URLPath": path, "Host": "*"}});
        let matched = json!({"rules": [{"name": "a", "requests": 7, "sampled": 2}]});
        let mut tagged = rule("a", 5, "/x");
        tagged["SamplingRule"]["Attributes"] = json!({"x-a": "b*"});
        tagged["SamplingRule"]["SamplingRateBoost"] = json!({"MaxRate": 0.5});
        tagged["Tags"] = json!([{"Key": "team", "Value": "blue"}]);
        let text = rules(PLAIN, &[rule("Default", 10000, "*"), tagged], &matched);
        let lines: Vec<_> = text.lines().collect();
        assert!(
            lines[1].starts_with("a ")
                && lines[1].ends_with("7         2 /x, x-a: b*; boost up to 50.0%; team=blue"),
            "{text}"
        );
        assert!(
            lines[2].starts_with("Default ") && lines[2].ends_with("everything"),
            "{text}"
        );
    }

    #[test]
    fn the_doctor_says_what_was_set_in_vain() {
        let setting = json!({"of": "stage dev", "setting": "throttling", "meaning": "requests are not throttled"});
        let text = doctor(PLAIN, &json!({"lines": [], "without_effect": [setting]}));
        let last = "stage dev: throttling has no effect: requests are not throttled\n";
        assert!(text.ends_with(last), "{text}");
    }

    #[test]
    fn the_doctor_says_how_to_mend_it() {
        let answer = json!({"lines": [{"door": "daemon", "client": "c", "class": "refused", "cause": "InvalidId", "count": 3, "mend": "send 16 digits"}]});
        let text = doctor(PLAIN, &answer);
        assert!(
            text.contains("InvalidId") && text.contains("→ send 16 digits"),
            "{text}"
        );
    }
}
