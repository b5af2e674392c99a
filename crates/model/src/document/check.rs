//! From a draft to a document: the checks, in the service's order.
//!
//! Id, name, trace id, start, end, parent, then the subsegments, depth first (order inferred from recordings). The
//! first fault refuses the whole document under the id of the outermost entity (recorded).

use std::borrow::Cow;

use super::draft::{Draft, IdText, KindText, TraceIdText};
use super::refusal::{Refusal, RefusalCode, Refused};
use super::{Document, Entity, Kind, NAME_LIMIT, SegmentFields, Trims};
use crate::{EpochSeconds, SegmentId, TraceId};

/// What is wrong, before it is known under which id to report it.
type Fault = (Refused, RefusalCode);

/// What every entity must have.
struct Head {
    id: SegmentId,
    name: Box<str>,
    start: EpochSeconds,
    end: Option<EpochSeconds>,
}

pub(super) fn document(
    draft: Box<Draft>,
    mut trims: Trims,
    json_bytes: usize,
) -> Result<Document, Refusal> {
    let echo = match &draft.id {
        Some(IdText::Valid(id, None)) => Some(id.to_string()),
        Some(IdText::Invalid(text) | IdText::Valid(_, Some(text))) => Some(text.to_string()),
        Some(IdText::Empty) => Some(String::new()),
        None => None,
    };
    top_level(draft, &mut trims, json_bytes)
        .map_err(|(refused, code)| Refusal::new(echo, refused, code))
}

fn top_level(
    mut draft: Box<Draft>,
    trims: &mut Trims,
    json_bytes: usize,
) -> Result<Document, Fault> {
    let refused = match draft.kind {
        None | Some(KindText::Segment) => Refused::Segment,
        Some(KindText::Subsegment) => Refused::Subsegment,
        Some(KindText::Other) => return Err((Refused::Entity, RefusalCode::UnknownType)),
    };
    let fault = |code| (refused, code);
    let id = id(&draft).map_err(fault)?;
    let name = name(&mut draft, trims).map_err(fault)?;
    let trace_id = trace_id(&draft).map_err(fault)?;
    let (start, end) = times(&draft, refused).map_err(fault)?;
    let parent_id = parent_id(&draft).map_err(fault)?;
    let kind = match (refused, parent_id) {
        (Refused::Subsegment, Some(parent_id)) => Kind::Subsegment { parent_id },
        (Refused::Subsegment, None) => return Err(fault(RefusalCode::MissingParentId)),
        _ => Kind::Segment(Box::new(SegmentFields {
            parent_id,
            service: draft.service.take(),
            user: draft.user.take(),
            origin: draft.origin.take(),
            resource_arn: draft.resource_arn.take(),
            inferred: draft.inferred.unwrap_or(false),
        })),
    };
    let head = Head {
        id,
        name,
        start,
        end,
    };
    let entity = entity(head, draft, trims)?;
    Ok(Document {
        trace_id,
        kind,
        entity,
        trims: *trims,
        json_bytes,
    })
}

/// An embedded subsegment. Its `type`, `trace_id` and `parent_id`, which some SDKs send, mean nothing (recorded).
fn embedded(mut draft: Box<Draft>, trims: &mut Trims) -> Result<Entity, Fault> {
    let refused = Refused::Subsegment;
    let fault = |code| (refused, code);
    let id = id(&draft).map_err(fault)?;
    let name = name(&mut draft, trims).map_err(fault)?;
    let (start, end) = times(&draft, refused).map_err(fault)?;
    let head = Head {
        id,
        name,
        start,
        end,
    };
    entity(head, draft, trims)
}

fn entity(head: Head, draft: Box<Draft>, trims: &mut Trims) -> Result<Entity, Fault> {
    let draft = *draft;
    let children = draft.subsegments.map_or_else(Vec::new, |list| list.0);
    let mut subsegments = Vec::with_capacity(children.len());
    for child in children {
        let child = child.ok_or((Refused::Entity, RefusalCode::ParseError))?;
        subsegments.push(embedded(child, trims)?);
    }
    Ok(Entity {
        id: head.id,
        name: head.name,
        start: head.start,
        end: head.end,
        flags: draft.flags,
        http: draft.http,
        aws: draft.aws,
        annotations: draft.annotations.map_or_else(Vec::new, |list| list.0),
        metadata: draft.metadata,
        namespace: draft.namespace,
        sql: draft.sql,
        cause: draft.cause,
        precursor_ids: draft.precursor_ids.unwrap_or_default(),
        links: draft.links.unwrap_or_default(),
        subsegments,
    })
}

fn id(draft: &Draft) -> Result<SegmentId, RefusalCode> {
    match &draft.id {
        Some(IdText::Valid(id, _)) => Ok(*id),
        Some(IdText::Invalid(_)) => Err(RefusalCode::InvalidId),
        Some(IdText::Empty) | None => Err(RefusalCode::MissingId),
    }
}

fn name(draft: &mut Draft, trims: &mut Trims) -> Result<Box<str>, RefusalCode> {
    let name = draft.name.take().filter(|name| !name.is_empty());
    let name = name.ok_or(RefusalCode::MissingName)?;
    let name = match name.char_indices().nth(NAME_LIMIT) {
        Some((limit, _)) => {
            trims.names_cut += 1;
            name[..limit].into()
        }
        None => name,
    };
    if name.chars().all(is_name_character) {
        Ok(name)
    } else {
        Err(RefusalCode::InvalidName)
    }
}

/// What of `text` can be the name of a segment or subsegment: without the characters that names cannot have, cut to
/// [`NAME_LIMIT`] characters; `None` when nothing is left.
#[must_use]
pub fn name_from(text: &str) -> Option<Cow<'_, str>> {
    let fits = text.len() <= NAME_LIMIT && text.chars().all(is_name_character);
    let name = if fits {
        Cow::Borrowed(text)
    } else {
        let fitting = text
            .chars()
            .filter(|character| is_name_character(*character));
        Cow::Owned(fitting.take(NAME_LIMIT).collect())
    };
    (!name.is_empty()).then_some(name)
}

/// Letters, numbers, white space and `_.:/%&#=+\-@`, as the developer guide lists them.
///
/// Combining vowel signs, without which some scripts cannot write a word, count as letters.
fn is_name_character(character: char) -> bool {
    if character.is_ascii() {
        character.is_ascii_alphanumeric() || " _.:/%&#=+\\-@".contains(character)
    } else {
        character.is_alphanumeric() || (character.is_whitespace() && !character.is_control())
    }
}

fn trace_id(draft: &Draft) -> Result<TraceId, RefusalCode> {
    match &draft.trace_id {
        Some(TraceIdText::Valid(id)) => Ok(*id),
        Some(TraceIdText::Invalid) => Err(RefusalCode::InvalidTraceId),
        Some(TraceIdText::Empty) | None => Err(RefusalCode::MissingTraceId),
    }
}

fn times(
    draft: &Draft,
    refused: Refused,
) -> Result<(EpochSeconds, Option<EpochSeconds>), RefusalCode> {
    let start = draft.start.ok_or(RefusalCode::MissingStartTime)?;
    match (draft.in_progress.unwrap_or(false), draft.end) {
        (false, Some(end)) => Ok((start, Some(end))),
        (true, None) => Ok((start, None)),
        (false, None) => Err(RefusalCode::MissingEndTime),
        (true, Some(_)) if refused == Refused::Subsegment => {
            Err(RefusalCode::InProgressSubsegmentHasEndTime)
        }
        (true, Some(_)) => Err(RefusalCode::InProgressSegmentHasEndTime),
    }
}

/// Empty is as absent, like an empty id.
fn parent_id(draft: &Draft) -> Result<Option<SegmentId>, RefusalCode> {
    match &draft.parent_id {
        Some(IdText::Valid(id, _)) => Ok(Some(*id)),
        Some(IdText::Invalid(_)) => Err(RefusalCode::InvalidParentId),
        Some(IdText::Empty) | None => Ok(None),
    }
}
