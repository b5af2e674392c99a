//! Whether an invocation is recorded, and what its function and its caller are told.
//! Source: Lambda guide, X-Ray; headers as recorded from AWS.

use fluoro_ambient::Ambient;
use fluoro_model::{SamplingDecision, SegmentId, TraceHeader, TraceId};
use fluoro_sampling::Kept;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::arn::FunctionArn;
use crate::record::TracingMode;
use crate::settings::SegmentStyle;

/// What one invocation does about tracing, decided when it is accepted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// The trace, the caller's or a new one.
    pub(crate) trace: TraceId,
    /// The service's segment, when this invocation is recorded.
    pub(crate) recorded: Option<Recorded>,
    /// The same, when this invocation is recorded only if it turns out to be worth it.
    #[serde(default)]
    afterwards: Option<Recorded>,
    /// Whether the function's own segments may come.
    pub(crate) sampled: bool,
    /// The header as the runtime gets it when nothing is recorded by us.
    #[serde(with = "as_text")]
    unrecorded: TraceHeader,
    lineage: String,
}

/// The ids of what is recorded.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Recorded {
    /// `AWS::Lambda`.
    pub(crate) service: SegmentId,
    /// The caller's segment, the parent of the service's.
    pub(crate) parent: Option<SegmentId>,
}

/// The ids of one run of the function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunIds {
    /// `AWS::Lambda::Function`.
    pub(crate) function: SegmentId,
    /// Its `Invocation` subsegment, in the old style.
    pub(crate) invocation: SegmentId,
}

/// What the decision depends on.
pub(crate) struct Asked<'a> {
    pub(crate) header: &'a TraceHeader,
    pub(crate) mode: TracingMode,
    pub(crate) function: &'a FunctionArn,
    /// Whether PassThrough records when the caller sampled, as it did until 2024.
    pub(crate) legacy_passthrough: bool,
    /// Whether an Active function may record afterwards what was not sampled.
    pub(crate) keeps_unsampled: bool,
}

impl Plan {
    /// Decides; `sample` is asked when nobody else has decided.
    pub(crate) fn decide(
        ambient: &Ambient,
        asked: &Asked<'_>,
        sample: impl FnOnce() -> bool,
    ) -> Self {
        let header = asked.header;
        let trace = header.root.unwrap_or_else(|| new_trace(ambient));
        // A decision without a trace decides nothing.
        let said = header.sampled.filter(|_| header.root.is_some());
        let recorded = match (asked.mode, said) {
            (_, Some(SamplingDecision::NotSampled)) => false,
            (TracingMode::Active, Some(SamplingDecision::Sampled)) => true,
            (TracingMode::Active, Some(SamplingDecision::Requested) | None) => sample(),
            (TracingMode::PassThrough, Some(SamplingDecision::Sampled)) => asked.legacy_passthrough,
            (TracingMode::PassThrough, _) => false,
        };
        let lineage = lineage(header.lineage.as_deref(), asked.function);
        let undecided = asked.mode == TracingMode::PassThrough
            && header.root.is_some()
            && !matches!(
                said,
                Some(SamplingDecision::Sampled | SamplingDecision::NotSampled)
            );
        let handed_on = said == Some(SamplingDecision::Sampled);
        let unrecorded = TraceHeader {
            root: Some(trace),
            parent: if undecided {
                header.parent
            } else {
                Some(header.parent.unwrap_or_else(|| new_segment(ambient)))
            },
            sampled: match said {
                _ if undecided => None,
                Some(SamplingDecision::Sampled) => said,
                _ => Some(SamplingDecision::NotSampled),
            },
            // A header that came sampled goes on as it came.
            lineage: if handed_on {
                header.lineage.clone()
            } else {
                Some(lineage.clone())
            },
            extra: header.extra.clone(),
        };
        let ids = || Recorded {
            service: new_segment(ambient),
            parent: header.parent.filter(|_| header.root.is_some()),
        };
        let may_be_kept = !recorded && asked.mode == TracingMode::Active && asked.keeps_unsampled;
        Self {
            trace,
            recorded: recorded.then(ids),
            afterwards: may_be_kept.then(ids),
            sampled: recorded || handed_on,
            unrecorded,
            lineage,
        }
    }

    /// The ids of what is recorded, or may be.
    pub(crate) fn ids(&self) -> Option<Recorded> {
        self.recorded.or(self.afterwards)
    }

    /// The ids of what is recorded, now that it is known whether there is a reason to keep it although it was not sampled.
    pub(crate) fn worth(&self, kept: Option<Kept>) -> Option<Recorded> {
        self.recorded.or(self.afterwards.filter(|_| kept.is_some()))
    }

    /// That reason, if it was needed.
    pub(crate) fn kept(&self, kept: Option<Kept>) -> Option<Kept> {
        kept.filter(|_| self.recorded.is_none())
    }

    /// The header of one run, as the runtime gets it.
    pub(crate) fn for_runtime(&self, run: &RunIds, style: SegmentStyle) -> TraceHeader {
        if self.recorded.is_none() {
            return self.unrecorded.clone();
        }
        let parent = match style {
            SegmentStyle::V1 => run.invocation,
            SegmentStyle::V2 => run.function,
        };
        self.sampled_header(parent)
    }

    /// The header of the answer to the caller.
    pub(crate) fn for_caller(&self) -> TraceHeader {
        match &self.recorded {
            None => self.unrecorded.clone(),
            Some(recorded) => self.sampled_header(recorded.service),
        }
    }

    fn sampled_header(&self, parent: SegmentId) -> TraceHeader {
        TraceHeader {
            root: Some(self.trace),
            parent: Some(parent),
            sampled: Some(SamplingDecision::Sampled),
            lineage: Some(self.lineage.clone()),
            extra: self.unrecorded.extra.clone(),
        }
    }
}

impl RunIds {
    pub(crate) fn new(ambient: &Ambient) -> Self {
        Self {
            function: new_segment(ambient),
            invocation: new_segment(ambient),
        }
    }
}

pub(crate) fn new_segment(ambient: &Ambient) -> SegmentId {
    SegmentId::from_bits(u64::from_be_bytes(ambient.bytes()))
}

fn new_trace(ambient: &Ambient) -> TraceId {
    let seconds = ambient.now_micros().div_euclid(1_000_000);
    TraceId::new(u32::try_from(seconds).unwrap_or(0), ambient.bytes())
}

/// `{steps}:{function}:{repetitions}`: counts the Lambda calls on the way here, and those of this function in a row.
fn lineage(before: Option<&str>, function: &FunctionArn) -> String {
    let own = hex::encode(&Sha256::digest(function.unqualified().to_string().as_bytes())[..4]);
    let parsed = before.and_then(|before| {
        let mut parts = before.split(':');
        let (steps, hash, repetitions) = (parts.next()?, parts.next()?, parts.next()?);
        Some((
            steps.parse::<u32>().ok()?,
            hash,
            repetitions.parse::<u32>().ok()?,
        ))
    });
    match parsed {
        None => format!("1:{own}:0"),
        Some((steps, hash, repetitions)) => {
            let repetitions = if hash == own {
                repetitions.saturating_add(1)
            } else {
                0
            };
            format!("{}:{own}:{repetitions}", steps.saturating_add(1))
        }
    }
}

/// A trace header as its own text.
mod as_text {
    use fluoro_model::TraceHeader;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        header: &TraceHeader,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(header)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<TraceHeader, D::Error> {
        String::deserialize(deserializer).map(|text| TraceHeader::parse(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "Root=1-66aa01f0-1122334455667788990011aa";

    fn plan(header: &str, mode: TracingMode, sample: bool) -> (Plan, String) {
        let ambient = Ambient::system();
        let function = FunctionArn::resolve("orders", None, "us-east-1", "000000000000").unwrap();
        let asked = Asked {
            header: &TraceHeader::parse(header),
            mode,
            function: &function,
            legacy_passthrough: false,
            keeps_unsampled: false,
        };
        let plan = Plan::decide(&ambient, &asked, || sample);
        let told = plan
            .for_runtime(&RunIds::new(&ambient), SegmentStyle::V1)
            .to_string();
        (plan, told)
    }

    #[test]
    fn an_active_function_keeps_to_the_callers_word() {
        let (sampled, told) = plan(
            &format!("{ROOT};Parent=1111111111111111;Sampled=1"),
            TracingMode::Active,
            false,
        );
        let recorded = sampled.recorded.unwrap();
        assert_eq!(recorded.parent.unwrap().to_string(), "1111111111111111");
        assert!(
            told.starts_with(ROOT) && told.contains(";Sampled=1;Lineage=1:"),
            "{told}"
        );
        let (refused, told) = plan(
            &format!("{ROOT};Parent=1111111111111111;Sampled=0"),
            TracingMode::Active,
            true,
        );
        assert!(refused.recorded.is_none());
        assert!(
            told.starts_with(&format!(
                "{ROOT};Parent=1111111111111111;Sampled=0;Lineage="
            )),
            "{told}"
        );
    }

    #[test]
    fn an_active_function_decides_when_nobody_has() {
        for header in [
            "",
            ROOT,
            "Root=1-66aa01f0-1122334455667788990011aa;Sampled=?",
        ] {
            assert!(
                plan(header, TracingMode::Active, true).0.recorded.is_some(),
                "{header}"
            );
            let (plan, told) = plan(header, TracingMode::Active, false);
            assert!(plan.recorded.is_none() && !plan.sampled);
            assert!(told.contains(";Sampled=0;Lineage=1:"), "{told}");
        }
    }

    #[test]
    fn pass_through_hands_a_sampled_header_on_as_it_came() {
        let header = format!("{ROOT};Parent=1111111111111111;Sampled=1");
        let (plan, told) = plan(&header, TracingMode::PassThrough, true);
        assert!(plan.recorded.is_none() && plan.sampled);
        assert_eq!(told, header);
    }

    #[test]
    fn pass_through_leaves_an_undecided_header_undecided() {
        let (_, told) = plan(ROOT, TracingMode::PassThrough, true);
        assert!(told.starts_with(&format!("{ROOT};Lineage=1:")), "{told}");
    }

    #[test]
    fn without_a_header_all_three_fields_are_made_up() {
        let (plan, told) = plan("", TracingMode::PassThrough, true);
        let fields = TraceHeader::parse(&told);
        assert_eq!(fields.root, Some(plan.trace));
        assert!(fields.parent.is_some());
        assert_eq!(fields.sampled, Some(SamplingDecision::NotSampled));
        assert!(fields.lineage.unwrap().ends_with(":0"));
    }

    #[test]
    fn lineage_counts_steps_and_repetitions() {
        let function = FunctionArn::resolve("orders", None, "us-east-1", "000000000000").unwrap();
        let first = lineage(None, &function);
        let second = lineage(Some(&first), &function);
        assert!(second.starts_with("2:") && second.ends_with(":1"));
        assert!(lineage(Some("1:ffffffff:3"), &function).ends_with(":0"));
        assert_eq!(lineage(Some("a87bd80c:1|68fd508a:5"), &function), first);
    }
}
