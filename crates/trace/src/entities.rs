//! A trace's segments and subsegments one by one, for those who list them.

use fluoro_model::document::{Entity, SegmentFields};
use fluoro_model::{SegmentId, TimestampMicros};

use crate::assemble::Trace;
use crate::project::outcome;
use crate::projection::Outcome;

/// A segment, or a subsegment that is shown, in its place.
#[derive(Debug, Clone, Copy)]
pub struct Placed<'a> {
    /// What it holds.
    pub entity: &'a Entity,
    /// What only segments have; `None` for a subsegment.
    pub fields: Option<&'a SegmentFields>,
    /// Whose child it says that it is.
    pub parent_id: Option<SegmentId>,
    /// The segment that it is, or is a part of.
    pub segment: &'a Entity,
    /// What only that segment has.
    pub segment_fields: &'a SegmentFields,
    /// How many of its ancestors are known, across segments.
    pub depth: u32,
    /// How it ended, as graphs and filters see it.
    pub outcome: Outcome,
    /// When its completion came in; while in progress, its first document.
    pub received: TimestampMicros,
}

impl<'a> Trace<'a> {
    /// The trace's segments and shown subsegments: each segment by start, its subsegments after it.
    pub fn entities(&self) -> impl Iterator<Item = Placed<'a>> {
        let depths = self.depths();
        let shown = self.segments.iter().flat_map(|&segment| {
            let family = self.family(segment);
            family.map(move |index| (segment, index))
        });
        shown.filter_map(move |(segment, index)| {
            let entry = &self.entries[index];
            let segment = &self.entries[segment];
            Some(Placed {
                entity: entry.entity,
                fields: entry.place.fields(),
                parent_id: entry.place.parent_id(),
                segment: segment.entity,
                segment_fields: segment.place.fields()?,
                depth: depths[index],
                outcome: outcome(entry.entity),
                received: entry.received,
            })
        })
    }

    /// How many ancestors of each entry are known. Where segments name each other as parents in a circle, the first of them
    /// counts as having none.
    fn depths(&self) -> Vec<u32> {
        let mut depths = vec![None; self.entries.len()];
        let is_top = |index: &&usize| self.parent(&self.entries[**index]).is_none();
        let tops = self.segments.iter().filter(is_top);
        for &top in tops.chain(&self.segments) {
            let mut rest = vec![(top, 0)];
            while let Some((index, depth)) = rest.pop() {
                if depths[index].is_some() {
                    continue;
                }
                depths[index] = Some(depth);
                let entry = &self.entries[index];
                let children = entry.subsegments.iter().chain(&entry.callees);
                rest.extend(children.map(|&child| (child, depth + 1)));
            }
        }
        depths.into_iter().map(Option::unwrap_or_default).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::Trace;
    use crate::fixture::{alone, document, entity, id, one_by_one, trace_id};

    #[test]
    fn depths_go_across_segments() {
        let inner = entity(5, "e", 2.5, 2.6, json!({}));
        let call = entity(2, "b", 2.0, 8.0, json!({"subsegments": [inner]}));
        let root = document(entity(1, "a", 1.0, 9.0, json!({"subsegments": [call]})));
        let callee = document(entity(3, "c", 3.0, 7.0, json!({"parent_id": id(2)})));
        let part = alone(entity(4, "d", 4.0, 5.0, json!({"type": "subsegment"})), 3);
        let lost = alone(
            entity(9, "lost", 4.0, 5.0, json!({"type": "subsegment"})),
            8,
        );
        let received = one_by_one(&[&part, &callee, &lost, &root]);
        let trace = Trace::assemble(trace_id(), &received);
        let told: Vec<(&str, u32, &str, bool)> = trace
            .entities()
            .map(|placed| {
                let (name, segment) = (&*placed.entity.name, &*placed.segment.name);
                (name, placed.depth, segment, placed.fields.is_some())
            })
            .collect();
        let wanted = [
            ("a", 0, "a", true),
            ("b", 1, "a", false),
            ("e", 2, "a", false),
            ("c", 2, "c", true),
            ("d", 3, "c", false),
        ];
        assert_eq!(told, wanted);
    }

    #[test]
    fn a_circle_has_a_first() {
        let one = document(entity(1, "a", 1.0, 9.0, json!({"parent_id": id(2)})));
        let two = document(entity(2, "b", 2.0, 9.0, json!({"parent_id": id(1)})));
        let received = one_by_one(&[&one, &two]);
        let trace = Trace::assemble(trace_id(), &received);
        let depths: Vec<u32> = trace.entities().map(|placed| placed.depth).collect();
        assert_eq!(depths, [0, 1]);
    }
}
