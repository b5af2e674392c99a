//! The `cause` block and the flags: how a span failed.

use fluoro_model::SegmentId;
use fluoro_model::document::{Cause, Exception, Flags, Recorded};

use crate::facts;
use crate::json::{Open, list, object};
use crate::message::{Span, text_at};
use crate::names::{Attributes, Slot};
use crate::stack;

/// The status code that says that it failed. Source: `trace.proto`, `StatusCode`.
const ERROR: i32 = 2;

/// Writes the flags that are set, and gives them back: by the HTTP status where there is one, else by the span's own.
pub(crate) fn flags(
    span: &Span<'_>,
    attributes: &Attributes<'_, '_>,
    open: &mut Open,
    out: &mut Vec<u8>,
) -> Flags {
    let status = attributes.integer(Slot::HttpStatus);
    let (fault, error) = match status {
        Some(400..=499) => (false, true),
        Some(500..=599) => (true, false),
        _ => (span.status.code == ERROR, false),
    };
    Flags {
        fault: facts::flag(open, out, "fault", fault),
        error: facts::flag(open, out, "error", error),
        throttle: facts::flag(open, out, "throttle", status == Some(429)),
    }
}

/// Writes the exceptions of a span, and gives them back: its events of that name, else what its status says.
pub(crate) fn write(
    span: &Span<'_>,
    id: SegmentId,
    open: &mut Open,
    out: &mut Vec<u8>,
) -> Option<Cause> {
    let exceptions = exceptions(span, id);
    if exceptions.is_empty() {
        return None;
    }
    open.plain_key(out, "cause");
    let mut cause = object(out);
    cause.plain_key(out, "exceptions");
    let mut all = list(out);
    for exception in &exceptions {
        all.next(out);
        write_exception(exception, out);
    }
    all.close(out);
    cause.close(out);
    Some(Cause::Recorded(Recorded {
        exceptions,
        ..Recorded::default()
    }))
}

fn exceptions(span: &Span<'_>, id: SegmentId) -> Vec<Exception> {
    let mut exceptions: Vec<Exception> = Vec::new();
    let remote = Some(span.kind.calls());
    for event in span.events.iter().filter(|event| event.name == "exception") {
        let text = |key| text_at(&event.attributes, key);
        let stacks = stack::parse(text("exception.stacktrace").unwrap_or_default());
        let last = stacks.len() - 1;
        for (number, stack) in stacks.into_iter().enumerate() {
            let (kind, message) = match number {
                0 => (
                    text("exception.type").map(Into::into),
                    text("exception.message").map(Into::into),
                ),
                _ => (stack.kind.map(Into::into), stack.message.map(Into::into)),
            };
            let own = exceptions.len();
            exceptions.push(Exception {
                id: Some(derived(id, own).to_string().into()),
                kind,
                message,
                remote,
                truncated: (stack.truncated > 0).then_some(stack.truncated),
                skipped: None,
                cause: (number < last).then(|| derived(id, own + 1).to_string().into()),
                stack: stack.frames,
            });
        }
    }
    if exceptions.is_empty() && span.status.code == ERROR && !span.status.message.is_empty() {
        exceptions.push(Exception {
            id: Some(derived(id, 0).to_string().into()),
            message: Some(span.status.message.into()),
            remote,
            ..Exception::default()
        });
    }
    exceptions
}

fn write_exception(exception: &Exception, out: &mut Vec<u8>) {
    let mut open = object(out);
    for (key, value) in [
        ("id", &exception.id),
        ("type", &exception.kind),
        ("message", &exception.message),
    ] {
        if let Some(value) = value {
            open.text(out, key, value);
        }
    }
    if let Some(remote) = exception.remote {
        open.boolean(out, "remote", remote);
    }
    facts::integer(&mut open, out, "truncated", exception.truncated);
    if let Some(cause) = &exception.cause {
        open.text(out, "cause", cause);
    }
    if !exception.stack.is_empty() {
        open.plain_key(out, "stack");
        let mut frames = list(out);
        for frame in &exception.stack {
            frames.next(out);
            let mut members = object(out);
            if let Some(path) = &frame.path {
                members.text(out, "path", path);
            }
            facts::integer(&mut members, out, "line", frame.line);
            if let Some(label) = &frame.label {
                members.text(out, "label", label);
            }
            members.close(out);
        }
        frames.close(out);
    }
    open.close(out);
}

/// An id that follows from a span's and is not likely another's: the same span sent twice gives the same document twice.
pub(crate) fn derived(id: SegmentId, number: usize) -> SegmentId {
    // splitmix64
    let mut bits = id
        .bits()
        .wrapping_add((number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    SegmentId::from_bits(bits.max(1))
}
