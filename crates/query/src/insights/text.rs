//! What an insight says of itself in words.

use super::incident::Report;
use super::minute::{Requests, real};

/// Two sentences: where what happens, and what it does to clients. Readers cut it at the full stops (Grafana's X-Ray
/// data source does), so there is none inside: those of a name become `_`.
#[must_use]
pub fn summary(report: &Report) -> String {
    let name = report.root_cause.name.replace('.', "_");
    let share = percent(report.client_impact);
    match report.end {
        None => format!("Faults rise in {name}. {share} of client requests fail."),
        Some(end) if end.healed => {
            format!("Faults in {name} are over. {share} of client requests failed.")
        }
        Some(_) => {
            format!(
                "Faults in {name} are no longer watched for. {share} of client requests failed."
            )
        }
    }
}

/// The share of faults, in whole percent.
fn percent(impact: Requests) -> String {
    if impact.fault == 0 {
        return "None".to_owned();
    }
    let percent = real(impact.fault) / real(impact.total.max(1)) * 100.0;
    if percent < 1.0 {
        return "Less than 1 percent".to_owned();
    }
    format!("{percent:.0} percent")
}

#[cfg(test)]
mod tests {
    use super::super::incident::Ending;
    use super::super::minute::{Minute, ServiceId};
    use super::*;

    fn of(name: &str, fault: u64, total: u64, healed: Option<bool>) -> String {
        let root_cause = ServiceId {
            name: name.into(),
            kind: None,
            account_id: None,
        };
        summary(&Report {
            number: 1,
            start: Minute(0),
            opened: Minute(1),
            end: healed.map(|healed| Ending {
                minute: Minute(9),
                healed,
            }),
            anomalous: vec![root_cause.clone()],
            related: Vec::new(),
            root_cause,
            client_impact: Requests {
                fault,
                ok: total - fault,
                total,
            },
            root_cause_impact: Requests::default(),
        })
    }

    #[test]
    fn two_sentences_tell_where_and_whom() {
        assert_eq!(
            of("carts", 12, 100, None),
            "Faults rise in carts. 12 percent of client requests fail."
        );
        assert_eq!(
            of("carts", 12, 100, Some(true)),
            "Faults in carts are over. 12 percent of client requests failed."
        );
    }

    #[test]
    fn there_are_no_full_stops_inside() {
        for text in [
            of("api.example.com/v1.2", 1, 10_000, None),
            of("carts", 0, 0, None),
            of("carts", 1, 10, Some(false)),
        ] {
            assert_eq!(text.split('.').count(), 3, "{text}");
        }
        assert!(of("carts", 0, 5, None).ends_with("None of client requests fail."));
        assert!(of("carts", 1, 1_000, None).contains("Less than 1 percent"));
    }
}
