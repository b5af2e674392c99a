//! The root cause of a response time: where more than half of it went, as deep as that can be followed.

use super::tree::Tree;
use super::{CauseService, Nodes, RootCause, SlowEntity};

/// The path of the trace's root; empty when nothing below it took more than half of its time.
pub(super) fn find(tree: &Tree<'_>, nodes: &Nodes) -> Vec<RootCause<SlowEntity>> {
    let root = tree.tops().find(|&top| {
        let place = tree.trace.entries[top].place;
        place.parent_id().is_none()
    });
    root.and_then(|root| path(tree, nodes, root))
        .into_iter()
        .collect()
}

/// Of what is below, the one that took most, and of equals the earliest, as long as it took more than half of the
/// root's time. A callee that outlives the root is not entered. (Recorded.)
fn path(tree: &Tree<'_>, nodes: &Nodes, root: usize) -> Option<RootCause<SlowEntity>> {
    let end = tree.entity(root).end?;
    let whole = tree.entity(root).duration().filter(|whole| *whole > 0.0)?;
    let slow = |index: &usize, remote| {
        let share = tree.entity(*index).duration().unwrap_or_default() / whole;
        SlowEntity {
            name: tree.entity(*index).name.clone(),
            remote,
            // Of a moment and an eternity it is beyond any number.
            coverage: share.min(f64::MAX),
        }
    };
    let mut services = vec![CauseService {
        node: *nodes.get(&root)?,
        inferred: false,
        entities: vec![slow(&root, false)],
    }];
    let mut here = root;
    loop {
        let candidates = tree.below(here).filter_map(|index| {
            let entity = tree.entity(index);
            let duration = entity
                .duration()
                .filter(|duration| *duration > whole / 2.0)?;
            let entered = !tree.is_segment(index) || entity.end.is_some_and(|its| its <= end);
            entered.then_some((index, duration))
        });
        // `below` stands by start, so the first of equals is the earliest.
        let slowest = candidates.reduce(|best, next| if next.1 > best.1 { next } else { best });
        let Some((next, _)) = slowest else { break };
        let step = slow(&next, tree.is_call(next));
        match services.last_mut() {
            Some(service) if !tree.is_segment(next) => service.entities.push(step),
            _ => services.push(CauseService {
                node: *nodes.get(&next)?,
                inferred: false,
                entities: vec![step],
            }),
        }
        here = next;
    }
    if here == root {
        return None;
    }
    if let Some(&node) = nodes.get(&here).filter(|_| !tree.is_segment(here)) {
        services.push(CauseService {
            node,
            inferred: true,
            entities: vec![slow(&here, false)],
        });
    }
    Some(RootCause {
        client_impacting: true,
        services,
    })
}
