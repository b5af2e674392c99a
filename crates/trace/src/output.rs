//! The documents that the service gives out: one a segment, and one a silent callee.
//!
//! Key order, the form of numbers and what an inferred segment copies are as recorded. Subsegments sent on their own
//! stand inside their parents and lose `type`, `trace_id` and `parent_id`. Siblings stand by start, so that a trace
//! reads the same however it was split.

use fluoro_model::SegmentId;
use fluoro_model::document::{Cause, Entity, Flags};

use crate::assemble::{Place, Trace};
use crate::callee::Callee;
use crate::json::Json;

/// One entry of a trace's `Segments`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputSegment {
    /// The segment's id; of an inferred one, made from the calling subsegment's.
    pub id: SegmentId,
    /// The document: JSON text.
    pub document: String,
}

/// What is left to write of a segment.
enum Step {
    Entity(usize),
    Close,
}

impl Trace<'_> {
    /// The trace's segments by start, then the inferred ones.
    #[must_use]
    pub fn segments(&self) -> Vec<OutputSegment> {
        let reported = self.segments.iter().map(|&index| self.reported(index));
        let inferred = self.silent_calls().map(|(index, callee)| {
            let id = self.inferred_id(self.entries[index].entity.id, 0);
            self.inferred(id, index, &callee)
        });
        reported.chain(inferred).collect()
    }

    /// The calls whose callee has not reported itself: finished, and no segment names them as its parent.
    pub(crate) fn silent_calls(&self) -> impl Iterator<Item = (usize, Callee<'_>)> {
        let shown = self.segments.iter().flat_map(|&index| self.family(index));
        shown.filter_map(|index| {
            let entry = &self.entries[index];
            let silent =
                !entry.place.is_segment() && !entry.entity.is_open() && entry.callees.is_empty();
            let callee = silent.then(|| Callee::of(entry.entity))??;
            Some((index, callee))
        })
    }

    fn reported(&self, segment: usize) -> OutputSegment {
        let mut json = Json::default();
        let mut steps = vec![Step::Entity(segment)];
        while let Some(step) = steps.pop() {
            let Step::Entity(index) = step else {
                json.close_list();
                json.close();
                continue;
            };
            let entry = &self.entries[index];
            json.open();
            match entry.place {
                Place::Segment(_) => self.write_segment(&mut json, index),
                Place::Subsegment(_) => write_subsegment(&mut json, entry.entity),
            }
            if entry.subsegments.is_empty() {
                json.close();
            } else {
                json.key("subsegments");
                json.open_list();
                steps.push(Step::Close);
                steps.extend(entry.subsegments.iter().rev().copied().map(Step::Entity));
            }
        }
        OutputSegment {
            id: self.entries[segment].entity.id,
            document: json.finish(),
        }
    }

    fn write_segment(&self, json: &mut Json, index: usize) {
        let entry = &self.entries[index];
        let entity = entry.entity;
        let Some(fields) = entry.place.fields() else {
            return;
        };
        json.id("id", entity.id);
        json.text("name", &entity.name);
        json.double("start_time", entity.start.seconds());
        json.display("trace_id", self.id);
        write_end(json, entity);
        if let Some(parent_id) = fields.parent_id {
            json.id("parent_id", parent_id);
        }
        if fields.inferred {
            json.boolean("inferred", true);
        }
        write_flags(json, entity.flags);
        write_http(json, entity);
        if let Some(aws) = &entity.aws {
            json.key("aws");
            json.object(aws.0.iter().filter(|(_, value)| !value.is_null()), None);
        }
        write_annotations(json, entity);
        if let Some(service) = &fields.service {
            json.key("service");
            json.object(service.iter(), None);
        }
        json.optional_text("user", fields.user.as_deref());
        write_cause(json, entity);
        json.optional_text("origin", fields.origin.as_deref());
        json.optional_text("resource_arn", fields.resource_arn.as_deref());
        write_links(json, entity);
    }

    fn inferred(&self, id: SegmentId, call: usize, callee: &Callee<'_>) -> OutputSegment {
        let entity = self.entries[call].entity;
        let mut json = Json::default();
        json.open();
        json.id("id", id);
        json.text("name", &entity.name);
        json.double("start_time", entity.start.seconds());
        json.display("trace_id", self.id);
        write_end(&mut json, entity);
        json.id("parent_id", entity.id);
        json.boolean("inferred", true);
        write_flags(&mut json, entity.flags);
        write_http(&mut json, entity);
        write_called_aws(&mut json, entity, callee.resource);
        if callee.source == crate::projection::NodeSource::InferredAws {
            json.text("origin", &callee.kind);
        }
        if callee.is_queue {
            json.key("subsegments");
            json.open_list();
            json.open();
            json.id("id", self.inferred_id(entity.id, 1));
            json.text("name", "QueueTime");
            json.double("start_time", entity.start.seconds());
            write_end(&mut json, entity);
            json.close();
            json.close_list();
        }
        json.close();
        OutputSegment {
            id,
            document: json.finish(),
        }
    }

    /// An id for what the service makes of a call: the same at every read, and nobody else's in this trace.
    fn inferred_id(&self, call: SegmentId, nth: u64) -> SegmentId {
        let trace = self.id.bits();
        #[expect(clippy::cast_possible_truncation, reason = "both halves are mixed in")]
        let (high, low) = ((trace >> 64) as u64, trace as u64);
        let mut bits = mix(call.bits() ^ mix(high ^ mix(low ^ mix(nth + 1))));
        while bits == 0 || self.by_id.contains_key(&SegmentId::from_bits(bits)) {
            bits = mix(bits + 1);
        }
        SegmentId::from_bits(bits)
    }
}

/// The finaliser of SplitMix64: every bit of the input moves every bit of the result.
const fn mix(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

fn write_subsegment(json: &mut Json, entity: &Entity) {
    json.id("id", entity.id);
    json.text("name", &entity.name);
    json.double("start_time", entity.start.seconds());
    write_end(json, entity);
    write_flags(json, entity.flags);
    write_http(json, entity);
    let callee = Callee::of(entity);
    write_called_aws(json, entity, callee.and_then(|callee| callee.resource));
    write_annotations(json, entity);
    json.optional_text("namespace", entity.namespace.as_deref());
    write_sql(json, entity);
    write_cause(json, entity);
    if !entity.precursor_ids.is_empty() {
        json.key("precursor_ids");
        json.texts(&entity.precursor_ids);
    }
    write_links(json, entity);
}

fn write_end(json: &mut Json, entity: &Entity) {
    match entity.end {
        Some(end) => json.double("end_time", end.seconds()),
        None => json.boolean("in_progress", true),
    }
}

fn write_flags(json: &mut Json, flags: Flags) {
    let named = [
        ("fault", flags.fault),
        ("error", flags.error),
        ("throttle", flags.throttle),
    ];
    for (name, flag) in named {
        json.optional_boolean(name, flag);
    }
}

fn write_http(json: &mut Json, entity: &Entity) {
    let Some(http) = &entity.http else { return };
    json.key("http");
    json.open();
    if let Some(request) = &http.request {
        json.key("request");
        json.open();
        json.optional_text("method", request.method.as_deref());
        json.optional_text("url", request.url.as_deref());
        json.optional_text("user_agent", request.user_agent.as_deref());
        json.optional_text("client_ip", request.client_ip.as_deref());
        json.optional_boolean("x_forwarded_for", request.x_forwarded_for);
        json.close();
    }
    if let Some(response) = &http.response {
        json.key("response");
        json.open();
        json.optional_integer("status", response.status);
        json.optional_integer("content_length", response.content_length);
        json.close();
    }
    json.close();
}

/// The block of a call: what the client said of `resource_names` counts for nothing (recorded).
fn write_called_aws(json: &mut Json, entity: &Entity, resource: Option<&str>) {
    let Some(aws) = &entity.aws else { return };
    let sent = aws.0.iter();
    let kept = sent.filter(|(key, value)| *key != "resource_names" && !value.is_null());
    json.key("aws");
    json.object(kept, resource);
}

fn write_annotations(json: &mut Json, entity: &Entity) {
    if !entity.annotations.is_empty() {
        json.key("annotations");
        json.open();
        for (key, value) in &entity.annotations {
            json.annotation(key, value);
        }
        json.close();
    }
    if let Some(metadata) = &entity.metadata {
        json.key("metadata");
        json.raw(metadata);
    }
}

fn write_sql(json: &mut Json, entity: &Entity) {
    let Some(sql) = &entity.sql else { return };
    json.key("sql");
    json.open();
    json.optional_text("connection_string", sql.connection_string.as_deref());
    json.optional_text("url", sql.url.as_deref());
    json.optional_text("sanitized_query", sql.sanitized_query.as_deref());
    json.optional_text("database_type", sql.database_type.as_deref());
    json.optional_text("database_version", sql.database_version.as_deref());
    json.optional_text("driver_version", sql.driver_version.as_deref());
    json.optional_text("user", sql.user.as_deref());
    json.optional_text("preparation", sql.preparation.as_deref());
    json.close();
}

fn write_cause(json: &mut Json, entity: &Entity) {
    let recorded = match entity.cause.as_deref() {
        None => return,
        Some(Cause::Reference(id)) => return json.text("cause", id),
        Some(Cause::Recorded(recorded)) => recorded,
    };
    json.key("cause");
    json.open();
    json.optional_text("id", recorded.id.as_deref());
    json.optional_text("working_directory", recorded.working_directory.as_deref());
    if !recorded.paths.is_empty() {
        json.key("paths");
        json.texts(&recorded.paths);
    }
    if !recorded.exceptions.is_empty() {
        json.key("exceptions");
        json.open_list();
        for exception in &recorded.exceptions {
            json.open();
            json.optional_text("id", exception.id.as_deref());
            json.optional_text("message", exception.message.as_deref());
            json.optional_text("type", exception.kind.as_deref());
            json.optional_boolean("remote", exception.remote);
            json.optional_integer("truncated", exception.truncated);
            json.optional_integer("skipped", exception.skipped);
            json.optional_text("cause", exception.cause.as_deref());
            if !exception.stack.is_empty() {
                json.key("stack");
                json.open_list();
                for frame in &exception.stack {
                    json.open();
                    json.optional_text("path", frame.path.as_deref());
                    json.optional_integer("line", frame.line);
                    json.optional_text("label", frame.label.as_deref());
                    json.close();
                }
                json.close_list();
            }
            json.close();
        }
        json.close_list();
    }
    json.close();
}

fn write_links(json: &mut Json, entity: &Entity) {
    if entity.links.is_empty() {
        return;
    }
    json.key("links");
    json.open_list();
    for link in &entity.links {
        json.open();
        json.display("trace_id", link.trace_id);
        if let Some(id) = link.id {
            json.id("id", id);
        }
        json.key("attributes");
        json.object(link.attributes.iter(), None);
        json.close();
    }
    json.close_list();
}

#[cfg(test)]
mod tests;
