use super::super::minute::MinuteCalls;
use super::*;

const NAMES: [&str; 3] = ["shop", "carts", "table"];

fn service(name: &str) -> ServiceId {
    ServiceId {
        name: name.into(),
        kind: None,
        account_id: None,
    }
}

fn of(fault: u64, total: u64) -> Requests {
    Requests {
        fault,
        ok: total - fault,
        total,
    }
}

/// Clients call the shop, which calls the carts, which call the table: so many faults each, of a hundred requests.
fn chain(faults: [u64; 3]) -> MinuteGraph {
    let seen = |from, to: usize| MinuteCalls {
        from,
        to,
        requests: of(faults[to], 100),
    };
    MinuteGraph {
        services: NAMES
            .iter()
            .zip(faults)
            .map(|(name, fault)| (service(name), of(fault, 100)))
            .collect(),
        calls: vec![seen(None, 0), seen(Some(0), 1), seen(Some(1), 2)],
    }
}

/// A detector, and the minute that it is shown next.
struct Shown {
    detector: Detector,
    next: Minute,
}

impl Shown {
    /// Two quiet hours are past.
    fn quiet() -> Self {
        let mut shown = Self {
            detector: Detector::default(),
            next: Minute(0),
        };
        assert_eq!(shown.minutes(120, [0, 0, 0]), []);
        shown
    }

    fn minutes(&mut self, count: usize, faults: [u64; 3]) -> Vec<Change> {
        let mut changes = Vec::new();
        for _ in 0..count {
            changes.extend(self.detector.observe(self.next, &chain(faults)));
            self.next = self.next.plus(1);
        }
        changes
    }
}

fn kinds(changes: &[Change]) -> Vec<ChangeKind> {
    changes.iter().map(|change| change.kind).collect()
}

#[test]
fn faults_that_spread_up_are_one_insight_with_the_farthest_as_root_cause() {
    let mut shown = Shown::quiet();
    let changes = shown.minutes(2, [40, 50, 60]);
    assert_eq!(kinds(&changes), [ChangeKind::Opened]);
    let report = &changes[0].report;
    assert_eq!(report.root_cause, service("table"));
    assert_eq!(
        report.anomalous,
        [service("table"), service("carts"), service("shop")]
    );
    assert_eq!((report.start, report.opened), (Minute(120), Minute(121)));
    assert_eq!(report.client_impact, of(80, 200));
    assert_eq!(report.root_cause_impact, of(120, 200));
    assert_eq!(report.end, None);
}

#[test]
fn it_closes_ten_quiet_minutes_after_the_last_bad_one() {
    let mut shown = Shown::quiet();
    shown.minutes(20, [40, 50, 60]);
    assert_eq!(shown.minutes(9, [0, 0, 0]), []);
    let changes = shown.minutes(1, [0, 0, 0]);
    assert_eq!(kinds(&changes), [ChangeKind::Closed]);
    let end = changes[0].report.end.unwrap();
    assert!(end.healed);
    assert_eq!(end.minute, Minute(139));
    assert_eq!(changes[0].report.client_impact, of(800, 3_000));
    assert_eq!(shown.minutes(60, [0, 0, 0]), []);
}

#[test]
fn what_it_does_to_clients_is_told_when_it_has_doubled() {
    let mut shown = Shown::quiet();
    let changes = shown.minutes(32, [10, 50, 60]);
    let told: Vec<u64> = changes
        .iter()
        .map(|change| change.report.client_impact.fault)
        .collect();
    assert_eq!(told, [20, 40, 80, 160, 320]);
    assert_eq!(kinds(&changes)[1..], [ChangeKind::Impact; 4]);
}

#[test]
fn the_root_cause_moves_down_when_more_is_known() {
    let mut shown = Shown::quiet();
    let changes = shown.minutes(2, [40, 50, 0]);
    assert_eq!(changes[0].report.root_cause, service("carts"));
    let changes = shown.minutes(6, [40, 50, 60]);
    let moved = changes
        .iter()
        .find(|change| change.kind == ChangeKind::RootCause);
    let report = &moved.unwrap().report;
    assert_eq!(report.root_cause, service("table"));
    assert!(report.related.contains(&service("shop")));
}

#[test]
fn one_bad_minute_opens_nothing() {
    let mut shown = Shown::quiet();
    assert_eq!(shown.minutes(1, [100, 100, 100]), []);
    assert_eq!(shown.minutes(60, [0, 0, 0]), []);
}

#[test]
fn services_that_are_not_connected_have_insights_of_their_own() {
    let mut shown = Shown::quiet();
    let mut apart = chain([50, 0, 0]);
    apart.services.push((service("batch"), of(0, 100)));
    for minute in 120..300 {
        let ill = minute >= 280;
        let mut graph = chain([if ill { 50 } else { 0 }, 0, 0]);
        let faults = if ill { 60 } else { 0 };
        graph.services.push((service("batch"), of(faults, 100)));
        let changes = shown.detector.observe(Minute(minute), &graph);
        if minute == 281 {
            assert_eq!(kinds(&changes), [ChangeKind::Opened; 2]);
        }
    }
    assert_eq!(shown.detector.reports().len(), 2);
}

#[test]
fn an_incident_that_stays_becomes_the_usual() {
    let mut shown = Shown::quiet();
    let changes = shown.minutes(1_500, [40, 50, 60]);
    let last = changes.last().unwrap();
    assert_eq!(last.kind, ChangeKind::Closed);
    assert!(!last.report.end.unwrap().healed);
    assert_eq!(shown.minutes(300, [40, 50, 60]), []);
}

#[test]
fn an_incident_closes_when_nobody_calls_any_more() {
    let mut shown = Shown::quiet();
    shown.minutes(10, [40, 50, 60]);
    let closed = (0..70).find_map(|minute| {
        let changes = shown
            .detector
            .observe(shown.next.plus(minute), &MinuteGraph::default());
        (!changes.is_empty()).then_some((minute, changes))
    });
    let (minute, changes) = closed.unwrap();
    assert_eq!(kinds(&changes), [ChangeKind::Closed]);
    assert_eq!(minute, 59);
}

#[test]
fn minutes_are_taken_in_once() {
    let mut shown = Shown::quiet();
    shown.minutes(1, [40, 50, 60]);
    let again = shown.next.plus(-1);
    assert_eq!(shown.detector.observe(again, &chain([40, 50, 60])), []);
    assert_eq!(shown.detector.last(), Some(again));
}

#[test]
fn it_goes_on_after_being_written_and_read() {
    let mut shown = Shown::quiet();
    shown.minutes(5, [40, 50, 60]);
    let json = serde_json::to_string(&shown.detector).unwrap();
    let mut read = Shown {
        detector: serde_json::from_str(&json).unwrap(),
        next: shown.next,
    };
    assert_eq!(shown.minutes(30, [0, 0, 0]), read.minutes(30, [0, 0, 0]));
}

#[test]
fn the_band_is_known_once_the_service_is() {
    let mut shown = Shown {
        detector: Detector::default(),
        next: Minute(0),
    };
    let band = |shown: &Shown| {
        let is = |known: &ServiceId| *known == service("table");
        shown.detector.band(is, shown.next, 1, 100)
    };
    shown.minutes(60, [0, 0, 2]);
    assert_eq!(band(&shown), None);
    shown.minutes(300, [0, 0, 2]);
    let band = band(&shown).unwrap();
    assert!(band.low == 0 && (4..12).contains(&band.high), "{band:?}");
}

#[test]
fn services_beyond_the_limit_take_the_place_of_those_long_gone() {
    let mut detector = Detector::new(Tuning {
        most_services: 2,
        ..Tuning::default()
    });
    let seen = |name: &str| MinuteGraph {
        services: vec![(service(name), of(0, 10))],
        calls: Vec::new(),
    };
    detector.observe(Minute(0), &seen("a"));
    detector.observe(Minute(1), &seen("b"));
    detector.observe(Minute(2), &seen("c"));
    assert_eq!(detector.services, [service("a"), service("b")]);
    detector.observe(Minute(100), &seen("c"));
    assert_eq!(detector.services, [service("c"), service("b")]);
}
