//! What X-Ray has no field for: annotations of attributes that are indexed, `metadata` for everything else.
//!
//! The namespace `default` has attributes by their own names and the resource's as `otel.resource.…`, as the Collector's
//! exporter writes them; `otel` has what a span has beside attributes.

use std::borrow::Cow;

use fluoro_model::SegmentId;
use fluoro_model::document::{AnnotationValue, is_annotation_key};

use crate::document::Context;
use crate::facts;
use crate::json::{self, Open, list, object};
use crate::message::{Attribute, Event, Link, Scope, Span, SpanKind, Value, elements};
use crate::names::{Attributes, Slot};
use crate::{Malformed, Mapping};

/// The longest key that an annotation may have.
const KEY_LIMIT: usize = 500;

/// An attribute as an annotation, under the key nearest to its own; `None` when its value cannot be one.
pub(crate) fn annotation<'k>(
    key: &'k str,
    value: Value<'_>,
) -> Option<(Cow<'k, str>, AnnotationValue)> {
    let value = facts::annotation(value)?;
    if is_annotation_key(key) {
        return Some((Cow::Borrowed(key), value));
    }
    let fitting = key.chars().map(|character| match character {
        '.' => '.',
        letter if letter.is_ascii_alphanumeric() => letter,
        _ => '_',
    });
    let key: String = fitting.take(KEY_LIMIT).collect();
    (!key.is_empty()).then_some((Cow::Owned(key), value))
}

pub(crate) fn has(annotations: &[(Box<str>, AnnotationValue)], key: &str) -> bool {
    annotations.iter().any(|(known, _)| **known == *key)
}

/// Writes the annotations, and gives them back; attributes that are whole there are held.
pub(crate) fn write_annotations(
    context: &Context<'_, '_>,
    tells_service: bool,
    attributes: &mut Attributes<'_, '_>,
    open: &mut Open,
    out: &mut Vec<u8>,
) -> Result<Vec<(Box<str>, AnnotationValue)>, Malformed> {
    let also = indexed_by_span(attributes)?;
    if context.mapping.indexed.is_none() && also.is_empty() {
        return Ok(Vec::new());
    }
    let mut annotations = Vec::new();
    let mut members = Vec::new();
    let mut told = Open::members();
    if tells_service {
        let prepared = context.service.prepared()?;
        told.members_of(&mut members, &prepared.annotations);
        annotations.clone_from(&prepared.annotation_facts);
    }
    for (index, attribute) in attributes.all().iter().enumerate() {
        if !is_indexed(context.mapping, &also, attribute.key) {
            continue;
        }
        let Some((key, value)) = annotation(attribute.key, attribute.value) else {
            continue;
        };
        if has(&annotations, &key) {
            continue;
        }
        told.key(&mut members, &key);
        json::value(&mut members, attribute.value)?;
        if *key == *attribute.key {
            attributes.hold_at(index);
        }
        annotations.push((key.into(), value));
    }
    if !annotations.is_empty() {
        open.plain_key(out, "annotations");
        object(out).close_with(out, &members);
    }
    Ok(annotations)
}

fn is_indexed(mapping: &Mapping, also: &[&str], key: &str) -> bool {
    mapping.indexed.has(key) || also.contains(&key)
}

/// The keys that the span itself wants to be annotations.
fn indexed_by_span<'a>(attributes: &Attributes<'_, 'a>) -> Result<Vec<&'a str>, Malformed> {
    let mut keys = Vec::new();
    if let Some(Value::List(message)) = attributes.value(Slot::Indexed) {
        elements(message, |element| {
            keys.extend(element.text());
            Ok(())
        })?;
    }
    Ok(keys)
}

/// The instrumentation as members of `otel`.
pub(crate) fn scope(scope: &Scope<'_>) -> Result<Vec<u8>, Malformed> {
    let mut out = Vec::new();
    let mut told = Open::members();
    let mut members = Vec::new();
    let mut open = Open::members();
    for (key, value) in [("name", scope.name), ("version", scope.version)] {
        if !value.is_empty() {
            open.text(&mut members, key, value);
        }
    }
    if !scope.attributes.is_empty() {
        attributes(&mut open, &mut members, &scope.attributes)?;
    }
    let dropped = scope.dropped_attributes;
    open.count(&mut members, "dropped_attributes_count", dropped);
    if !scope.schema_url.is_empty() {
        open.text(&mut members, "schema_url", scope.schema_url);
    }
    if !members.is_empty() {
        told.plain_key(&mut out, "scope");
        object(&mut out).close_with(&mut out, &members);
    }
    Ok(out)
}

/// Writes the metadata of a span whose document has this name; its attributes as far as no field holds them.
pub(crate) fn write(
    context: &Context<'_, '_>,
    span: &Span<'_>,
    name: &str,
    tells_service: bool,
    rest: &Attributes<'_, '_>,
    out: &mut Vec<u8>,
) -> Result<(), Malformed> {
    let mut namespaces = object(out);
    let mut rest = rest.rest().peekable();
    let prepared = tells_service
        .then(|| context.service.prepared())
        .transpose()?;
    let of_resource = prepared.map_or(&[][..], |prepared| &prepared.default);
    if rest.peek().is_some() || !of_resource.is_empty() {
        namespaces.plain_key(out, "default");
        let mut default = object(out);
        for attribute in rest {
            default.key(out, attribute.key);
            json::value(out, attribute.value)?;
        }
        default.close_with(out, of_resource);
    }
    namespaces.plain_key(out, "otel");
    let mut otel = object(out);
    if span.name != name {
        otel.text(out, "name", span.name);
    }
    kind(span.kind, &mut otel, out);
    otel.members_of(out, context.scope);
    if let Some(prepared) = prepared {
        otel.members_of(out, &prepared.otel);
    }
    if !span.trace_state.is_empty() {
        otel.text(out, "trace_state", span.trace_state);
    }
    otel.count(out, "flags", span.flags);
    for (key, time) in [
        ("start_nanos", span.start_unix_nanos),
        ("end_nanos", span.end_unix_nanos),
    ] {
        // What the document's times, in microseconds, leave out.
        otel.count(out, key, u32::try_from(time % 1_000).unwrap_or(0));
    }
    otel.count(out, "dropped_attributes_count", span.dropped_attributes);
    status(span, &mut otel, out);
    if !span.events.is_empty() {
        otel.plain_key(out, "events");
        let mut events = list(out);
        for event in &span.events {
            events.next(out);
            write_event(event, out)?;
        }
        events.close(out);
    }
    otel.count(out, "dropped_events_count", span.dropped_events);
    write_links(&span.links, &mut otel, out)?;
    otel.count(out, "dropped_links_count", span.dropped_links);
    otel.close(out);
    namespaces.close(out);
    Ok(())
}

/// Writes the metadata of a segment that no span stands for but the call it makes.
pub(crate) fn write_for_call(
    context: &Context<'_, '_>,
    call: SegmentId,
    out: &mut Vec<u8>,
) -> Result<(), Malformed> {
    let prepared = context.service.prepared()?;
    let mut namespaces = object(out);
    if !prepared.default.is_empty() {
        namespaces.plain_key(out, "default");
        object(out).close_with(out, &prepared.default);
    }
    namespaces.plain_key(out, "otel");
    let mut otel = object(out);
    facts::segment_id(&mut otel, out, "segment_of_span", call);
    otel.close_with(out, &prepared.otel);
    namespaces.close(out);
    Ok(())
}

fn kind(kind: SpanKind, otel: &mut Open, out: &mut Vec<u8>) {
    let word = match kind {
        SpanKind::Unspecified => "UNSPECIFIED",
        SpanKind::Internal => "INTERNAL",
        SpanKind::Server => "SERVER",
        SpanKind::Client => "CLIENT",
        SpanKind::Producer => "PRODUCER",
        SpanKind::Consumer => "CONSUMER",
        SpanKind::Other(number) => return otel.integer(out, "kind", i64::from(number)),
    };
    otel.text(out, "kind", word);
}

fn status(span: &Span<'_>, otel: &mut Open, out: &mut Vec<u8>) {
    match span.status.code {
        0 => {}
        1 => otel.text(out, "status", "OK"),
        2 => otel.text(out, "status", "ERROR"),
        other => otel.integer(out, "status", i64::from(other)),
    }
    if !span.status.message.is_empty() {
        otel.text(out, "status_message", span.status.message);
    }
}

fn write_event(event: &Event<'_>, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let mut open = object(out);
    open.text(out, "name", event.name);
    open.plain_key(out, "time_unix_nano");
    json::natural(out, event.unix_nanos);
    if !event.attributes.is_empty() {
        attributes(&mut open, out, &event.attributes)?;
    }
    let dropped = event.dropped_attributes;
    open.count(out, "dropped_attributes_count", dropped);
    open.close(out);
    Ok(())
}

fn attributes(
    open: &mut Open,
    out: &mut Vec<u8>,
    attributes: &[Attribute<'_>],
) -> Result<(), Malformed> {
    open.plain_key(out, "attributes");
    let mut members = object(out);
    members.attributes(out, attributes)?;
    members.close(out);
    Ok(())
}

/// What the document's own `links` have no place for: links without ids of the right length, and states, flags and counts, each
/// with the place of its link.
fn write_links(links: &[Link<'_>], otel: &mut Open, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let says_more = |link: &Link<'_>| {
        !link.is_sound()
            || !link.trace_state.is_empty()
            || link.flags != 0
            || link.dropped_attributes != 0
    };
    if !links.iter().any(says_more) {
        return Ok(());
    }
    otel.plain_key(out, "links");
    let mut told = list(out);
    let more = (0_i64..).zip(links).filter(|(_, link)| says_more(link));
    for (index, link) in more {
        told.next(out);
        let mut open = object(out);
        open.integer(out, "index", index);
        if !link.trace_state.is_empty() {
            open.text(out, "trace_state", link.trace_state);
        }
        open.count(out, "flags", link.flags);
        let dropped = link.dropped_attributes;
        open.count(out, "dropped_attributes_count", dropped);
        if !link.is_sound() {
            for (key, id) in [("trace_id", link.trace_id), ("span_id", link.span_id)] {
                open.plain_key(out, key);
                out.push(b'"');
                json::hexadecimal(out, id);
                out.push(b'"');
            }
            attributes(&mut open, out, &link.attributes)?;
        }
        open.close(out);
    }
    told.close(out);
    Ok(())
}
