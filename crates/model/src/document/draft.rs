//! From JSON to a draft: every field in its type, nothing checked yet.

use serde::de::{DeserializeSeed, MapAccess, SeqAccess};
use serde_json::value::RawValue;

use super::entity::{AnnotationValue, Aws, Flags, Http, Link, Sql};
use super::lenient::{Context, Field, Key, Number, pass_over_list, pass_over_object};
use super::object::Object;
use super::refusal::{Refusal, RefusalCode, Refused};
use super::{Cause, surrogates};
use crate::{EpochSeconds, SegmentId, TraceId};

/// A segment or subsegment as it was written. Absent, null and of the wrong type are all `None`.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) id: Option<IdText>,
    pub(super) name: Option<Box<str>>,
    pub(super) trace_id: Option<TraceIdText>,
    pub(super) parent_id: Option<IdText>,
    pub(super) kind: Option<KindText>,
    pub(super) start: Option<EpochSeconds>,
    pub(super) end: Option<EpochSeconds>,
    pub(super) in_progress: Option<bool>,
    pub(super) inferred: Option<bool>,
    pub(super) flags: Flags,
    pub(super) http: Option<Box<Http>>,
    pub(super) aws: Option<Box<Aws>>,
    pub(super) annotations: Option<Annotations>,
    pub(super) metadata: Option<Box<RawValue>>,
    pub(super) namespace: Option<Box<str>>,
    pub(super) sql: Option<Box<Sql>>,
    pub(super) cause: Option<Box<Cause>>,
    pub(super) precursor_ids: Option<Vec<Box<str>>>,
    pub(super) links: Option<Vec<Link>>,
    pub(super) service: Option<Object>,
    pub(super) user: Option<Box<str>>,
    pub(super) origin: Option<Box<str>>,
    pub(super) resource_arn: Option<Box<str>>,
    pub(super) subsegments: Option<Children>,
}

/// What stands where a segment's id belongs.
#[derive(Debug)]
pub(super) enum IdText {
    Empty,
    Invalid(Box<str>),
    /// With its text where that has upper-case digits.
    Valid(SegmentId, Option<Box<str>>),
}

/// What stands where a trace's id belongs.
#[derive(Debug)]
pub(super) enum TraceIdText {
    Empty,
    Invalid,
    Valid(TraceId),
}

/// What stands in `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KindText {
    Segment,
    Subsegment,
    Other,
}

/// The elements of `subsegments`; `None` for one that is no object.
#[derive(Debug)]
pub(super) struct Children(pub(super) Vec<Option<Box<Draft>>>);

/// The annotations that can be ones.
#[derive(Debug)]
pub(super) struct Annotations(pub(super) Vec<(Box<str>, AnnotationValue)>);

/// Reads a document.
pub(super) fn read(context: &Context, json: &[u8]) -> Result<Box<Draft>, Refusal> {
    let unreadable = |refused| Refusal::new(None, refused, RefusalCode::ParseError);
    let text = std::str::from_utf8(json).map_err(|_| unreadable(Refused::Segment))?;
    let text = surrogates::mend(text);
    context.begin(&text);
    let mut reader = serde_json::Deserializer::from_str(&text);
    // Subsegments are bounded by the context, and free-form JSON has its own reader.
    reader.disable_recursion_limit();
    let draft = context
        .quiet::<Box<Draft>>()
        .deserialize(&mut reader)
        .and_then(|draft| reader.end().map(|()| draft))
        .map_err(|_| unreadable(Refused::Segment))?;
    draft.ok_or_else(|| unreadable(Refused::Entity))
}

// === impl Draft ===

impl Draft {
    fn read_member<'de, A: MapAccess<'de>>(
        &mut self,
        context: &Context,
        key: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        match key {
            "id" => self.id = map.next_value_seed(context.member())?,
            "name" => self.name = map.next_value_seed(context.member())?,
            "trace_id" => self.trace_id = map.next_value_seed(context.member())?,
            "parent_id" => self.parent_id = map.next_value_seed(context.member())?,
            "type" => self.kind = map.next_value_seed(context.member())?,
            "start_time" => self.start = map.next_value_seed(context.member())?,
            "end_time" => self.end = map.next_value_seed(context.member())?,
            "in_progress" => self.in_progress = map.next_value_seed(context.member())?,
            "inferred" => self.inferred = map.next_value_seed(context.member())?,
            "fault" => self.flags.fault = map.next_value_seed(context.member())?,
            "error" => self.flags.error = map.next_value_seed(context.member())?,
            "throttle" => self.flags.throttle = map.next_value_seed(context.member())?,
            "http" => self.http = map.next_value_seed(context.member())?.map(Box::new),
            "aws" => {
                let aws = map.next_value_seed(context.free_form())?;
                self.aws = aws.map(|aws| Box::new(Aws(aws)));
            }
            "annotations" => self.annotations = map.next_value_seed(context.member())?,
            "metadata" => self.metadata = map.next_value_seed(context.metadata())?,
            "namespace" => self.namespace = map.next_value_seed(context.member())?,
            "sql" => self.sql = map.next_value_seed(context.member())?.map(Box::new),
            "cause" => self.cause = map.next_value_seed(context.member())?.map(Box::new),
            "precursor_ids" => self.precursor_ids = map.next_value_seed(context.member())?,
            "links" => self.links = map.next_value_seed(context.member())?,
            "service" => self.service = map.next_value_seed(context.free_form())?,
            "user" => self.user = map.next_value_seed(context.member())?,
            "origin" => self.origin = map.next_value_seed(context.member())?,
            "resource_arn" => self.resource_arn = map.next_value_seed(context.member())?,
            _ => context.unknown(map)?,
        }
        Ok(())
    }
}

/// Boxed, and the only recursive member read apart from the others, so that nesting takes little stack.
impl Field for Box<Draft> {
    fn object<'de, A: MapAccess<'de>>(
        context: &Context,
        mut map: A,
    ) -> Result<Option<Self>, A::Error> {
        context.nested(|| {
            let mut draft = Self::default();
            while let Some(key) = map.next_key::<Key<'_>>()? {
                if key.0 == "subsegments" {
                    draft.subsegments = map.next_value_seed(context.member())?;
                } else {
                    draft.read_member(context, &key.0, &mut map)?;
                }
            }
            Ok(Some(draft))
        })
    }
}

impl Field for Children {
    fn list<'de, A: SeqAccess<'de>>(
        context: &Context,
        mut list: A,
    ) -> Result<Option<Self>, A::Error> {
        let mut children = Vec::new();
        while let Some(child) = list.next_element_seed(context.quiet())? {
            children.push(child);
        }
        Ok(Some(Self(children)))
    }
}

// === ids and types ===

impl Field for IdText {
    fn text(text: &str) -> Option<Self> {
        Some(match text.parse() {
            Ok(id) => {
                let is_upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
                Self::Valid(id, is_upper.then(|| text.into()))
            }
            Err(_) if text.is_empty() => Self::Empty,
            Err(_) => Self::Invalid(text.into()),
        })
    }
}

impl Field for TraceIdText {
    fn text(text: &str) -> Option<Self> {
        Some(match TraceId::parse_xray(text) {
            Ok(id) => Self::Valid(id),
            Err(_) if text.is_empty() => Self::Empty,
            Err(_) => Self::Invalid,
        })
    }
}

impl Field for KindText {
    fn text(text: &str) -> Option<Self> {
        Some(match text {
            "segment" => Self::Segment,
            "subsegment" => Self::Subsegment,
            _ => Self::Other,
        })
    }

    fn number(_: Number) -> Option<Self> {
        Some(Self::Other)
    }

    fn boolean(_: bool) -> Option<Self> {
        Some(Self::Other)
    }

    fn object<'de, A: MapAccess<'de>>(_: &Context, map: A) -> Result<Option<Self>, A::Error> {
        pass_over_object(map)?;
        Ok(Some(Self::Other))
    }

    fn list<'de, A: SeqAccess<'de>>(_: &Context, list: A) -> Result<Option<Self>, A::Error> {
        pass_over_list(list)?;
        Ok(Some(Self::Other))
    }
}

// === annotations ===

impl Field for AnnotationValue {
    fn text(text: &str) -> Option<Self> {
        Some(Self::Text(text.into()))
    }

    fn number(number: Number) -> Option<Self> {
        Some(Self::Number(number.as_f64()))
    }

    fn boolean(boolean: bool) -> Option<Self> {
        Some(Self::Boolean(boolean))
    }
}

impl Field for Annotations {
    fn object<'de, A: MapAccess<'de>>(
        context: &Context,
        mut map: A,
    ) -> Result<Option<Self>, A::Error> {
        let mut kept: Vec<(Box<str>, AnnotationValue)> = Vec::new();
        while let Some(key) = map.next_key::<Key<'_>>()? {
            match map.next_value_seed(context.quiet())? {
                Some(value) if is_annotation_key(&key.0) => kept.push((key.0.into(), value)),
                _ => context.trim(|trims| trims.annotations += 1),
            }
        }
        keep_last_of_each_key(&mut kept);
        Ok(Some(Self(kept)))
    }
}

/// Of so many annotations each is held against each; of more their keys are hashed.
const FEW_ANNOTATIONS: usize = 16;

/// Whether this can be an annotation's key.
///
/// Letters, digits and underscore are documented; AWS's own services also use `:` and `.` (recorded), and Envoy's
/// tracer `-`.
#[must_use]
pub fn is_annotation_key(key: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    (1..=500).contains(&key.len()) && key.bytes().all(allowed)
}

fn keep_last_of_each_key(annotations: &mut Vec<(Box<str>, AnnotationValue)>) {
    if annotations.len() < 2 {
        return;
    }
    if annotations.len() <= FEW_ANNOTATIONS {
        let mut index = 0;
        while let Some((key, _)) = annotations.get(index) {
            match annotations[index + 1..]
                .iter()
                .any(|(later, _)| later == key)
            {
                true => drop(annotations.remove(index)),
                false => index += 1,
            }
        }
        return;
    }
    let mut seen = std::collections::HashSet::with_capacity(annotations.len());
    let mut keep: Vec<bool> = annotations
        .iter()
        .rev()
        .map(|(key, _)| seen.insert(&**key))
        .collect();
    annotations.retain(|_| keep.pop().unwrap_or(true));
}
