//! The requests that were decided on last, as rules saw them, in bounded memory: so many, each cut to so many bytes.
//!
//! Every place has a lock of its own and keeps its memory when it is written anew, so that remembering a request
//! neither waits for another nor allocates, once the places are filled.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fluoro_model::{TimestampMicros, TraceId};
use parking_lot::Mutex;

use crate::decision::{Decision, FinishedRequest, How, Kept, SampledRequest};
use crate::rule_set::{Explanation, RuleSet};

/// Bytes of text that are kept of one request.
const TEXT: usize = 2048;

/// Bytes that are kept of one of its properties.
const LONGEST: usize = 1024;

/// Headers whose values are secrets. A rule's attribute can match them; nobody is shown them.
const SECRET: [&str; 5] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "x-amz-security-token",
    "x-api-key",
];

/// What stands for a secret.
const WITHHELD: &str = "(withheld)";

/// The last requests.
#[derive(Debug)]
pub(crate) struct Recent {
    places: Vec<Mutex<Option<Box<Place>>>>,
    next: AtomicU64,
}

#[derive(Debug)]
struct Place {
    number: u64,
    trace_id: TraceId,
    received: TimestampMicros,
    ended: TimestampMicros,
    status: Option<u16>,
    decision: Decision,
    kept: Option<Kept>,
    rules: Arc<RuleSet>,
    texts: Texts,
}

/// The texts of one request, one behind the other: its id, six properties, then names and values of attributes.
#[derive(Debug, Default)]
struct Texts {
    all: String,
    /// Where each ends; `None` for one that the request does not have.
    ends: Vec<Option<u16>>,
    /// Whether something was cut or left out.
    cut: bool,
}

/// One of the last requests.
#[derive(Debug, Clone)]
pub struct RecentRequest {
    /// Its place in the order in which requests ended, from 0.
    pub number: u64,
    /// Its trace.
    pub trace_id: TraceId,
    /// Its own id.
    pub request_id: String,
    /// When it came.
    pub received: TimestampMicros,
    /// When it was answered, or given up.
    pub ended: TimestampMicros,
    /// The status of the answer; `None` when the client went away before there was one.
    pub status: Option<u16>,
    /// What was decided.
    pub decision: Decision,
    /// Whether it was recorded although it was not sampled.
    pub kept: Option<Kept>,
    /// `api-name/stage` for the gateway.
    pub service_name: Option<String>,
    /// `AWS::ApiGateway::Stage`.
    pub service_type: Option<String>,
    /// The `Host` header.
    pub host: Option<String>,
    /// The request's method.
    pub http_method: Option<String>,
    /// The path without query.
    pub url_path: Option<String>,
    /// The stage's ARN.
    pub resource_arn: Option<String>,
    /// Headers, those with secrets without them.
    pub attributes: Vec<(String, String)>,
    /// Whether something of these was too long to be kept whole.
    pub cut: bool,
    rules: Arc<RuleSet>,
}

// === impl Recent ===

impl Recent {
    pub(crate) fn new(requests: usize) -> Self {
        Self {
            places: (0..requests).map(|_| Mutex::default()).collect(),
            next: AtomicU64::new(0),
        }
    }

    pub(crate) fn remember(&self, finished: &FinishedRequest<'_>, rules: &Arc<RuleSet>) {
        if self.places.is_empty() {
            return;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut place = self.place(number).lock();
        let mut texts = match &mut *place {
            Some(place) => std::mem::take(&mut place.texts),
            None => Texts::default(),
        };
        texts.write(finished.request_id, finished.request);
        let new = Place {
            number,
            trace_id: finished.trace_id,
            received: finished.received,
            ended: finished.ended,
            status: finished.status,
            decision: finished.decision.clone(),
            kept: finished.kept,
            rules: Arc::clone(rules),
            texts,
        };
        match &mut *place {
            Some(place) => **place = new,
            None => *place = Some(Box::new(new)),
        }
    }

    /// Those that `wanted` says yes to by trace and request id, newest first.
    pub(crate) fn select(
        &self,
        wanted: impl Fn(TraceId, &str) -> bool,
    ) -> impl Iterator<Item = RecentRequest> {
        let next = self.next.load(Ordering::Relaxed);
        let oldest = next.saturating_sub(self.places.len() as u64);
        (oldest..next).rev().filter_map(move |number| {
            let place = self.place(number).lock();
            let place = place.as_ref().filter(|place| place.number == number)?;
            let mut texts = place.texts.iter();
            let request_id = texts.next().flatten().unwrap_or_default();
            wanted(place.trace_id, request_id).then(|| place.read())
        })
    }

    fn place(&self, number: u64) -> &Mutex<Option<Box<Place>>> {
        let place = number % self.places.len() as u64;
        &self.places[usize::try_from(place).expect("a remainder is below the length")]
    }
}

// === impl Place ===

impl Place {
    fn read(&self) -> RecentRequest {
        let mut texts = self.texts.iter();
        let mut text = || texts.next().flatten().map(str::to_owned);
        let request_id = text().unwrap_or_default();
        let [
            service_name,
            service_type,
            host,
            http_method,
            url_path,
            resource_arn,
        ] = std::array::from_fn(|_| text());
        let mut attributes = Vec::new();
        while let (Some(name), Some(value)) = (text(), text()) {
            attributes.push((name, value));
        }
        RecentRequest {
            number: self.number,
            trace_id: self.trace_id,
            request_id,
            received: self.received,
            ended: self.ended,
            status: self.status,
            decision: self.decision.clone(),
            kept: self.kept,
            service_name,
            service_type,
            host,
            http_method,
            url_path,
            resource_arn,
            attributes,
            cut: self.texts.cut,
            rules: Arc::clone(&self.rules),
        }
    }
}

// === impl Texts ===

impl Texts {
    fn write(&mut self, request_id: &str, request: &SampledRequest<'_>) {
        self.all.clear();
        self.ends.clear();
        self.cut = false;
        self.push(Some(request_id));
        for property in request.properties() {
            self.push(property);
        }
        for (name, value) in request.attributes {
            let secret = SECRET
                .iter()
                .any(|secret| name.eq_ignore_ascii_case(secret));
            let value = if secret { WITHHELD } else { value };
            if self.all.len() + name.len() + value.len() > TEXT {
                self.cut = true;
                continue;
            }
            self.push(Some(name));
            self.push(Some(value));
        }
        // It may have doubled on the way; what it keeps is what it needs at most.
        self.all.shrink_to(TEXT);
    }

    fn push(&mut self, text: Option<&str>) {
        let Some(text) = text else {
            self.ends.push(None);
            return;
        };
        let room = LONGEST.min(TEXT.saturating_sub(self.all.len()));
        let whole = text.len() <= room;
        let end = if whole {
            text.len()
        } else {
            text.floor_char_boundary(room)
        };
        self.cut |= !whole;
        self.all.push_str(&text[..end]);
        let end = u16::try_from(self.all.len()).expect("all texts together are at most TEXT bytes");
        self.ends.push(Some(end));
    }

    fn iter(&self) -> impl Iterator<Item = Option<&str>> {
        let mut begin = 0;
        self.ends.iter().map(move |end| {
            let end = usize::from((*end)?);
            Some(&self.all[std::mem::replace(&mut begin, end)..end])
        })
    }
}

// === impl RecentRequest ===

impl RecentRequest {
    /// Does something with the request as rules saw it.
    pub fn seen<T>(&self, with: impl FnOnce(&SampledRequest<'_>) -> T) -> T {
        let attributes: Vec<(&str, &str)> = self
            .attributes
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        with(&SampledRequest {
            service_name: self.service_name.as_deref(),
            service_type: self.service_type.as_deref(),
            host: self.host.as_deref(),
            http_method: self.http_method.as_deref(),
            url_path: self.url_path.as_deref(),
            resource_arn: self.resource_arn.as_deref(),
            attributes: &attributes,
        })
    }

    /// Why the rule that decided was the first to fit; `None` when no rule was asked.
    ///
    /// Worked out from the rules at the end of the request: when they changed while it ran, or something of it was cut,
    /// the first rule may be another than the one that decided.
    #[must_use]
    pub fn explanation(&self) -> Option<Explanation> {
        self.decision.how.rule()?;
        Some(self.seen(|request| self.rules.explain(request)))
    }

    /// The decision in a sentence.
    #[must_use]
    pub fn reason(&self) -> String {
        let mut reason = match &self.decision.how {
            How::Header => {
                let sampled = u8::from(self.decision.sampled);
                format!("the caller's trace header said Sampled={sampled}")
            }
            How::TracingOff => {
                "the stage does not trace, and the caller's trace header did not ask for it"
                    .to_owned()
            }
            How::Lambda => "Lambda's own sampler decided".to_owned(),
            How::Reservoir { rule } => {
                format!("rule {rule} is the first that fits; {}", self.amounts().0)
            }
            How::Rate { rule } | How::Boost { rule } => {
                let (_, rate) = self.amounts();
                format!("rule {rule} is the first that fits; {rate}")
            }
        };
        match self.kept {
            Some(Kept::Fault) => reason.push_str("; recorded afterwards because it failed"),
            Some(Kept::Slow) => reason.push_str("; recorded afterwards because it was slow"),
            None => {}
        }
        reason
    }

    /// What a rule's reservoir and its rate had to say.
    fn amounts(&self) -> (String, String) {
        let rule = self.decision.how.rule();
        let place = rule.and_then(|rule| self.rules.named(rule.as_str()));
        let (size, rate) = match place.map(|place| &self.rules.rules()[place].record.rule) {
            Some(rule) => (
                format!(" of {}", rule.reservoir_size),
                format!(" of {}", rule.fixed_rate),
            ),
            None => (String::new(), String::new()),
        };
        let said = match (&self.decision.how, self.decision.sampled) {
            (How::Boost { .. }, _) => "no, but the rate is raised for now, because of anomalies",
            (_, true) => "yes",
            (_, false) => "no",
        };
        (
            format!("its reservoir{size} a second had room"),
            format!(
                "its reservoir{size} a second had no room, and chance at its rate{rate} said {said}"
            ),
        )
    }
}

#[cfg(test)]
mod tests;
