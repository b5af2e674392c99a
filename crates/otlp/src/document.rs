//! One span, one document: a segment for what a service was asked to do, a subsegment for everything below it.

use std::borrow::Cow;

use fluoro_model::document::{
    Document, Entity, Flags, Kind, Link, Object, Refusal, RefusalCode, Trims, name_from,
};
use fluoro_model::{SegmentId, TraceId};

use crate::json::{Open, list, object};
use crate::message::{Span, SpanKind};
use crate::names::{Attributes, Slot};
use crate::service::Service;
use crate::{Drafts, Malformed, Mapping, aws, cause, facts, http, metadata, sql};

/// What is known of a span beside the span.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'c, 'a> {
    pub(crate) mapping: &'c Mapping,
    pub(crate) service: &'c Service<'a>,
    /// The instrumentation, as members of metadata.
    pub(crate) scope: &'c [u8],
}

/// Ids, looked at.
#[derive(Debug, Clone, Copy)]
struct Ids {
    trace: TraceId,
    own: SegmentId,
    parent: Option<SegmentId>,
}

/// Which documents a span gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Segment,
    Subsegment {
        parent: SegmentId,
    },
    /// A call with which its service enters the trace: a segment for the service, and in it the call.
    Both {
        segment: SegmentId,
    },
}

/// The parts of `flags` that say whether the parent is another process's. Source: `trace.proto`, `SpanFlags`.
const HAS_IS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

/// What a name is when nothing in it can be one.
const NAMELESS: &str = "span";

/// Number of the id of a segment that stands for a call's service, among those that follow from the call's.
const SERVICE_ID: usize = 1_000_000;

/// Writes the documents of a span; a span without sound ids is refused.
pub(crate) fn write(
    context: &Context<'_, '_>,
    span: &Span<'_>,
    out: &mut Vec<u8>,
    drafts: &mut Drafts,
) -> Result<(), Malformed> {
    let ids = match ids(span) {
        Ok(ids) => ids,
        Err(refusal) => {
            drafts.refused.add(&refusal);
            return Ok(());
        }
    };
    let attributes = Attributes::of(&span.attributes);
    match form(span, ids, &attributes) {
        Form::Segment => segment(context, span, ids, attributes, out, drafts),
        Form::Subsegment { parent } => {
            let tells = !context.service.came_with(span.parent_span_id);
            subsegment(context, span, ids, parent, tells, attributes, out, drafts)
        }
        Form::Both { segment } => {
            service_of_call(context, span, ids, segment, &attributes, out, drafts)?;
            subsegment(context, span, ids, segment, false, attributes, out, drafts)
        }
    }
}

fn ids(span: &Span<'_>) -> Result<Ids, Refusal> {
    let refuse = |code: RefusalCode, what: &str, id: &[u8]| {
        let mut own = Vec::new();
        crate::json::hexadecimal(&mut own, &span.span_id[..span.span_id.len().min(8)]);
        let own = String::from_utf8_lossy(&own).into_owned();
        let message = format!(
            "span {own:?} of {} is refused ({code}): {what} of {} bytes{}",
            quoted(span.name),
            id.len(),
            if id.iter().all(|byte| *byte == 0) {
                ", all zero"
            } else {
                ""
            },
        );
        Refusal {
            id: Some(own),
            code,
            message,
        }
    };
    let trace = <[u8; 16]>::try_from(span.trace_id).ok();
    let trace = trace.map(u128::from_be_bytes).filter(|bits| *bits != 0);
    let trace =
        trace.ok_or_else(|| refuse(RefusalCode::InvalidTraceId, "a trace id", span.trace_id))?;
    let own = segment_id(span.span_id);
    let own = own.ok_or_else(|| refuse(RefusalCode::InvalidId, "a span id", span.span_id))?;
    let parent = match span.parent_span_id {
        [] | [0, 0, 0, 0, 0, 0, 0, 0] => None,
        bytes => Some(
            segment_id(bytes)
                .ok_or_else(|| refuse(RefusalCode::InvalidParentId, "a parent's span id", bytes))?,
        ),
    };
    Ok(Ids {
        trace: TraceId::from_bits(trace),
        own,
        parent,
    })
}

fn segment_id(bytes: &[u8]) -> Option<SegmentId> {
    let bits = u64::from_be_bytes(<[u8; 8]>::try_from(bytes).ok()?);
    (bits != 0).then_some(SegmentId::from_bits(bits))
}

/// The beginning of a name, for a message.
fn quoted(name: &str) -> String {
    let begin: String = name.chars().take(60).collect();
    format!("{begin:?}")
}

fn form(span: &Span<'_>, ids: Ids, attributes: &Attributes<'_, '_>) -> Form {
    let told_remote = span.flags & (HAS_IS_REMOTE | IS_REMOTE) == HAS_IS_REMOTE | IS_REMOTE;
    let enters = told_remote || attributes.text(Slot::SpanKind) == Some("LOCAL_ROOT");
    match (span.kind, ids.parent) {
        (SpanKind::Server | SpanKind::Consumer, _) => Form::Segment,
        (kind, parent) if kind.calls() && (enters || parent.is_none()) => Form::Both {
            segment: cause::derived(ids.own, SERVICE_ID),
        },
        (_, Some(parent)) if !enters => Form::Subsegment { parent },
        _ => Form::Segment,
    }
}

/// The first text that can be a name.
fn first_name<'a>(texts: impl IntoIterator<Item = Option<&'a str>>) -> Cow<'a, str> {
    let mut names = texts.into_iter().flatten().filter_map(name_from);
    names.next().unwrap_or(Cow::Borrowed(NAMELESS))
}

fn service_name<'a>(
    context: &Context<'_, 'a>,
    span: &Span<'a>,
    attributes: &Attributes<'_, 'a>,
) -> Cow<'a, str> {
    let local = attributes.text(Slot::LocalService);
    first_name([local, context.service.name(), Some(span.name)])
}

/// Whom a call is made to, as the map names it, and the namespace.
fn callee<'a>(span: &Span<'a>, attributes: &Attributes<'_, 'a>) -> (Cow<'a, str>, &'static str) {
    let text = |slot| attributes.text(slot);
    let peer = text(Slot::PeerService);
    let remote = text(Slot::RemoteService);
    if aws::is_call(attributes) {
        let remote = remote.map(|name| {
            let name = name.strip_prefix("AWS.SDK.").unwrap_or(name);
            name.strip_prefix("AWS::").unwrap_or(name)
        });
        let of_method = text(Slot::RpcMethod).and_then(aws::halves);
        let name = first_name([
            remote,
            peer,
            text(Slot::AwsService),
            text(Slot::RpcService),
            of_method.map(|(service, _)| service),
            Some(span.name),
        ]);
        return (name, "aws");
    }
    let address = text(Slot::ServerAddress).or(text(Slot::PeerName));
    let database = text(Slot::DbName).map(|name| {
        // The convention of X-Ray's SDKs: the database at its host.
        let connection = text(Slot::DbConnection);
        let host = connection.and_then(host_of).or(address);
        host.map_or_else(|| name.to_owned(), |host| format!("{name}@{host}"))
    });
    if remote.or(peer).is_none()
        && let Some(name) = database.as_deref().and_then(name_from)
    {
        return (Cow::Owned(name.into_owned()), "remote");
    }
    let name = first_name([
        remote,
        peer,
        text(Slot::RpcService),
        text(Slot::HttpHost),
        address,
        text(Slot::Url).and_then(host_of),
        Some(span.name),
    ]);
    (name, "remote")
}

/// The host in a URL, `jdbc:` before it or not.
fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#', ';']).next().unwrap_or(rest);
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(literal) => literal.split_once(']').map_or(literal, |(host, _)| host),
        None => host.split_once(':').map_or(host, |(host, _)| host),
    };
    (!host.is_empty()).then_some(host)
}

fn segment(
    context: &Context<'_, '_>,
    span: &Span<'_>,
    ids: Ids,
    mut attributes: Attributes<'_, '_>,
    out: &mut Vec<u8>,
    drafts: &mut Drafts,
) -> Result<(), Malformed> {
    let name = service_name(context, span, &attributes);
    if attributes.text(Slot::LocalService) == Some(&name) {
        attributes.hold(Slot::LocalService);
    }
    let mut draft = Draft::begin(out, ids.trace, ids.own);
    if let Some(parent) = ids.parent {
        facts::segment_id(&mut draft.open, out, "parent_id", parent);
    }
    draft.head(span, &name, out);
    draft.entity.flags = cause::flags(span, &attributes, &mut draft.open, out);
    draft.entity.http = http::write(span.kind, &mut attributes, &mut draft.open, out).map(Box::new);
    let service = Some(context.service);
    draft.entity.aws = aws::write(service, &mut attributes, &mut draft.open, out)?.map(Box::new);
    let resource = attributes.text(Slot::ResourceId);
    if resource.is_some_and(|id| id.starts_with("arn:")) {
        attributes.hold(Slot::ResourceId);
    }
    let user = match attributes.take_text(Slot::EndUser) {
        None => attributes.take_text(Slot::User),
        user => user,
    };
    let open = &mut draft.open;
    let mut fields = context.service.write_segment(resource, user, open, out)?;
    fields.parent_id = ids.parent;
    draft.kind = Kind::Segment(Box::new(fields));
    draft.rest(context, span, &name, true, attributes, out)?;
    draft.finish(out, drafts);
    Ok(())
}

#[expect(
    clippy::too_many_arguments,
    reason = "what `write` was given, and what it found"
)]
fn subsegment(
    context: &Context<'_, '_>,
    span: &Span<'_>,
    ids: Ids,
    parent: SegmentId,
    tells_service: bool,
    mut attributes: Attributes<'_, '_>,
    out: &mut Vec<u8>,
    drafts: &mut Drafts,
) -> Result<(), Malformed> {
    let mut draft = Draft::begin(out, ids.trace, ids.own);
    draft.open.text(out, "type", "subsegment");
    facts::segment_id(&mut draft.open, out, "parent_id", parent);
    draft.kind = Kind::Subsegment { parent_id: parent };
    let (name, namespace) = if span.kind.calls() {
        let (name, namespace) = callee(span, &attributes);
        (name, Some(namespace))
    } else {
        (first_name([Some(span.name)]), None)
    };
    for slot in [Slot::RemoteService, Slot::PeerService] {
        if attributes.text(slot) == Some(&name) {
            attributes.hold(slot);
            break;
        }
    }
    draft.head(span, &name, out);
    draft.entity.namespace = facts::text(&mut draft.open, out, "namespace", namespace);
    draft.entity.flags = cause::flags(span, &attributes, &mut draft.open, out);
    draft.entity.http = http::write(span.kind, &mut attributes, &mut draft.open, out).map(Box::new);
    draft.entity.aws = aws::write(None, &mut attributes, &mut draft.open, out)?.map(Box::new);
    draft.entity.sql = sql::write(&mut attributes, &mut draft.open, out).map(Box::new);
    draft.rest(context, span, &name, tells_service, attributes, out)?;
    draft.finish(out, drafts);
    Ok(())
}

/// The segment of the service whose call begins the trace, or its part of it. What the call says, the call's own document says.
fn service_of_call(
    context: &Context<'_, '_>,
    span: &Span<'_>,
    ids: Ids,
    own: SegmentId,
    attributes: &Attributes<'_, '_>,
    out: &mut Vec<u8>,
    drafts: &mut Drafts,
) -> Result<(), Malformed> {
    let name = service_name(context, span, attributes);
    let mut draft = Draft::begin(out, ids.trace, own);
    if let Some(parent) = ids.parent {
        facts::segment_id(&mut draft.open, out, "parent_id", parent);
    }
    draft.head(span, &name, out);
    draft.entity.flags = cause::flags(span, attributes, &mut draft.open, out);
    let mut none = Attributes::of(&[]);
    let service = Some(context.service);
    draft.entity.aws = aws::write(service, &mut none, &mut draft.open, out)?.map(Box::new);
    let user = attributes
        .text(Slot::EndUser)
        .or(attributes.text(Slot::User));
    let mut fields = context
        .service
        .write_segment(None, user, &mut draft.open, out)?;
    fields.parent_id = ids.parent;
    draft.kind = Kind::Segment(Box::new(fields));
    draft.metadata(out, |out| metadata::write_for_call(context, ids.own, out))?;
    draft.finish(out, drafts);
    Ok(())
}

/// A document in the making.
struct Draft {
    from: usize,
    open: Open,
    trace_id: TraceId,
    kind: Kind,
    entity: Entity,
    metadata_bytes: usize,
}

// === impl Draft ===

impl Draft {
    fn begin(out: &mut Vec<u8>, trace_id: TraceId, id: SegmentId) -> Self {
        let from = out.len();
        let mut open = object(out);
        facts::trace_id(&mut open, out, trace_id);
        facts::segment_id(&mut open, out, "id", id);
        Self {
            from,
            open,
            trace_id,
            kind: Kind::Segment(Box::default()),
            entity: Entity {
                id,
                name: "".into(),
                start: fluoro_model::EpochSeconds::new(0.0).expect("zero is finite"),
                end: None,
                flags: Flags::default(),
                http: None,
                aws: None,
                annotations: Vec::new(),
                metadata: None,
                namespace: None,
                sql: None,
                cause: None,
                precursor_ids: Vec::new(),
                links: Vec::new(),
                subsegments: Vec::new(),
            },
            metadata_bytes: 0,
        }
    }

    fn head(&mut self, span: &Span<'_>, name: &str, out: &mut Vec<u8>) {
        self.open.text(out, "name", name);
        self.entity.name = name.into();
        let start = span.start_unix_nanos / 1_000;
        self.entity.start = facts::moment(&mut self.open, out, "start_time", start);
        match span.end_unix_nanos {
            // What is sent before its end, by those who do that.
            0 => self.open.boolean(out, "in_progress", true),
            nanos => {
                let end = facts::moment(&mut self.open, out, "end_time", nanos / 1_000);
                self.entity.end = Some(end);
            }
        }
    }

    /// What all documents have in common, metadata last.
    fn rest(
        &mut self,
        context: &Context<'_, '_>,
        span: &Span<'_>,
        name: &str,
        tells_service: bool,
        mut attributes: Attributes<'_, '_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        let open = &mut self.open;
        self.entity.annotations =
            metadata::write_annotations(context, tells_service, &mut attributes, open, out)?;
        self.entity.cause = cause::write(span, self.entity.id, open, out).map(Box::new);
        self.entity.links = links(span, open, out)?;
        self.metadata(out, |out| {
            metadata::write(context, span, name, tells_service, &attributes, out)
        })
    }

    /// What is last, and not among the facts.
    fn metadata(
        &mut self,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        self.open.plain_key(out, "metadata");
        let from = out.len();
        write(out)?;
        self.metadata_bytes = out.len() - from;
        Ok(())
    }

    fn finish(self, out: &mut Vec<u8>, drafts: &mut Drafts) {
        self.open.close(out);
        let range = self.from..out.len();
        let document = Document {
            trace_id: self.trace_id,
            kind: self.kind,
            entity: self.entity,
            trims: Trims::default(),
            json_bytes: range.len() - self.metadata_bytes,
        };
        drafts.documents.push((drafts.spans, range, document));
    }
}

fn links(span: &Span<'_>, open: &mut Open, out: &mut Vec<u8>) -> Result<Vec<Link>, Malformed> {
    let mut links = Vec::new();
    let sound = span.links.iter().filter(|link| link.is_sound());
    let mut sound = sound.peekable();
    if sound.peek().is_none() {
        return Ok(links);
    }
    open.plain_key(out, "links");
    let mut told = list(out);
    for link in sound {
        let (Ok(trace), Ok(own)) = (link.trace_id.try_into(), link.span_id.try_into()) else {
            continue;
        };
        let trace_id = TraceId::from_bits(u128::from_be_bytes(trace));
        let id = SegmentId::from_bits(u64::from_be_bytes(own));
        told.next(out);
        let mut members = object(out);
        facts::trace_id(&mut members, out, trace_id);
        facts::segment_id(&mut members, out, "id", id);
        let mut attributes = Object::default();
        if !link.attributes.is_empty() {
            members.plain_key(out, "attributes");
            let from = out.len();
            let mut values = object(out);
            values.attributes(out, &link.attributes)?;
            values.close(out);
            attributes = serde_json::from_slice(&out[from..]).unwrap_or_default();
        }
        members.close(out);
        links.push(Link {
            trace_id,
            id: Some(id),
            attributes,
        });
    }
    told.close(out);
    Ok(links)
}
