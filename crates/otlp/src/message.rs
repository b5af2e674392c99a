//! The messages of a trace request, borrowed from its bytes.
//!
//! Source: opentelemetry-proto, `collector/trace/v1/trace_service.proto`, `trace/v1/trace.proto`,
//! `common/v1/common.proto`, `resource/v1/resource.proto`. Attributes are kept in the order sent; values of values are
//! read when they are written out.

use crate::Malformed;
use crate::wire::{Fields, Wire};

/// How deep values may lie in values: as deep as other readers of protocol buffers go, which count each value and its list.
pub(crate) const VALUE_DEPTH: usize = 32;

/// What the spans tell of: a service's process.
#[derive(Debug, Default)]
pub(crate) struct Resource<'a> {
    pub(crate) attributes: Vec<Attribute<'a>>,
    pub(crate) dropped_attributes: u32,
    pub(crate) schema_url: &'a str,
}

/// An instrumentation.
#[derive(Debug, Default)]
pub(crate) struct Scope<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    pub(crate) attributes: Vec<Attribute<'a>>,
    pub(crate) dropped_attributes: u32,
    pub(crate) schema_url: &'a str,
}

/// A span. Ids are as sent: nobody has looked at their lengths.
#[derive(Debug, Default)]
pub(crate) struct Span<'a> {
    pub(crate) trace_id: &'a [u8],
    pub(crate) span_id: &'a [u8],
    pub(crate) parent_span_id: &'a [u8],
    pub(crate) trace_state: &'a str,
    pub(crate) flags: u32,
    pub(crate) name: &'a str,
    pub(crate) kind: SpanKind,
    pub(crate) start_unix_nanos: u64,
    pub(crate) end_unix_nanos: u64,
    pub(crate) attributes: Vec<Attribute<'a>>,
    pub(crate) dropped_attributes: u32,
    pub(crate) events: Vec<Event<'a>>,
    pub(crate) dropped_events: u32,
    pub(crate) links: Vec<Link<'a>>,
    pub(crate) dropped_links: u32,
    pub(crate) status: Status<'a>,
}

/// What a span does, seen from its service. A number that is none of these is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum SpanKind {
    #[default]
    Unspecified,
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
    Other(i32),
}

#[derive(Debug)]
pub(crate) struct Event<'a> {
    pub(crate) unix_nanos: u64,
    pub(crate) name: &'a str,
    pub(crate) attributes: Vec<Attribute<'a>>,
    pub(crate) dropped_attributes: u32,
}

#[derive(Debug)]
pub(crate) struct Link<'a> {
    pub(crate) trace_id: &'a [u8],
    pub(crate) span_id: &'a [u8],
    pub(crate) trace_state: &'a str,
    pub(crate) flags: u32,
    pub(crate) attributes: Vec<Attribute<'a>>,
    pub(crate) dropped_attributes: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Status<'a> {
    pub(crate) message: &'a str,
    pub(crate) code: i32,
}

/// A name and its value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attribute<'a> {
    pub(crate) key: &'a str,
    pub(crate) value: Value<'a>,
}

/// A value; the last two are messages that hold more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'a> {
    Empty,
    Text(&'a str),
    Boolean(bool),
    Integer(i64),
    Double(f64),
    Bytes(&'a [u8]),
    List(&'a [u8]),
    Map(&'a [u8]),
}

pub(crate) fn each<'a>(
    message: &'a [u8],
    mut read: impl FnMut(u32, Wire<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let mut fields = Fields::of(message);
    while let Some((number, wire)) = fields.next()? {
        read(number, wire)?;
    }
    Ok(())
}

/// The fields of this number, each a message: `resource_spans` of a request, `scope_spans` of those, `spans` of these.
pub(crate) fn inner<'a>(
    message: &'a [u8],
    wanted: u32,
    mut with: impl FnMut(&'a [u8]) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    each(message, |number, wire| {
        if number == wanted {
            with(wire.bytes()?)?;
        }
        Ok(())
    })
}

/// Of a request, and of what lies in it.
pub(crate) const RESOURCE_SPANS: u32 = 1;
pub(crate) const SCOPE_SPANS: u32 = 2;
pub(crate) const SPANS: u32 = 2;

/// The resource of `ResourceSpans`, unless it is longer than `limit` bytes. A message that comes twice is one: what the second
/// says is added.
pub(crate) fn resource(message: &[u8], limit: usize) -> Result<Option<Resource<'_>>, Malformed> {
    let (mut resource, mut bytes) = (Resource::default(), 0);
    each(message, |number, wire| {
        match number {
            1 => {
                let message = wire.bytes()?;
                bytes += message.len();
                if bytes <= limit {
                    merge_resource(&mut resource, message)?;
                }
            }
            3 => resource.schema_url = wire.text()?,
            _ => {}
        }
        Ok(())
    })?;
    Ok((bytes + resource.schema_url.len() <= limit).then_some(resource))
}

fn merge_resource<'a>(resource: &mut Resource<'a>, message: &'a [u8]) -> Result<(), Malformed> {
    each(message, |number, wire| {
        match number {
            1 => resource.attributes.push(attribute(wire.bytes()?)?),
            2 => resource.dropped_attributes = small(wire)?,
            _ => {}
        }
        Ok(())
    })
}

/// As [`resource`], the instrumentation of `ScopeSpans`.
pub(crate) fn scope(message: &[u8], limit: usize) -> Result<Option<Scope<'_>>, Malformed> {
    let (mut scope, mut bytes) = (Scope::default(), 0);
    each(message, |number, wire| {
        match number {
            1 => {
                let message = wire.bytes()?;
                bytes += message.len();
                if bytes <= limit {
                    merge_scope(&mut scope, message)?;
                }
            }
            3 => scope.schema_url = wire.text()?,
            _ => {}
        }
        Ok(())
    })?;
    Ok((bytes + scope.schema_url.len() <= limit).then_some(scope))
}

fn merge_scope<'a>(scope: &mut Scope<'a>, message: &'a [u8]) -> Result<(), Malformed> {
    each(message, |number, wire| {
        match number {
            1 => scope.name = wire.text()?,
            2 => scope.version = wire.text()?,
            3 => scope.attributes.push(attribute(wire.bytes()?)?),
            4 => scope.dropped_attributes = small(wire)?,
            _ => {}
        }
        Ok(())
    })
}

/// A span's id alone, as sent.
pub(crate) fn span_id(message: &[u8]) -> Result<&[u8], Malformed> {
    let mut fields = Fields::of(message);
    while let Some((number, wire)) = fields.next()? {
        if number == 2 {
            return wire.bytes();
        }
    }
    Ok(&[])
}

/// Reads a span.
pub(crate) fn span(message: &[u8]) -> Result<Span<'_>, Malformed> {
    let mut span = Span {
        attributes: Vec::with_capacity(ATTRIBUTES),
        ..Span::default()
    };
    each(message, |number, wire| {
        match number {
            1 => span.trace_id = wire.bytes()?,
            2 => span.span_id = wire.bytes()?,
            3 => span.trace_state = wire.text()?,
            4 => span.parent_span_id = wire.bytes()?,
            5 => span.name = wire.text()?,
            6 => span.kind = SpanKind::of(enumeration(wire)?),
            7 => span.start_unix_nanos = wire.fixed64()?,
            8 => span.end_unix_nanos = wire.fixed64()?,
            9 => span.attributes.push(attribute(wire.bytes()?)?),
            10 => span.dropped_attributes = small(wire)?,
            11 => span.events.push(event(wire.bytes()?)?),
            12 => span.dropped_events = small(wire)?,
            13 => span.links.push(link(wire.bytes()?)?),
            14 => span.dropped_links = small(wire)?,
            15 => merge_status(&mut span.status, wire.bytes()?)?,
            16 => span.flags = wire.fixed32()?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(span)
}

/// Room for the attributes that most spans have.
const ATTRIBUTES: usize = 24;

fn event(message: &[u8]) -> Result<Event<'_>, Malformed> {
    let mut event = Event {
        unix_nanos: 0,
        name: "",
        attributes: Vec::new(),
        dropped_attributes: 0,
    };
    each(message, |number, wire| {
        match number {
            1 => event.unix_nanos = wire.fixed64()?,
            2 => event.name = wire.text()?,
            3 => event.attributes.push(attribute(wire.bytes()?)?),
            4 => event.dropped_attributes = small(wire)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(event)
}

fn link(message: &[u8]) -> Result<Link<'_>, Malformed> {
    let mut link = Link {
        trace_id: &[],
        span_id: &[],
        trace_state: "",
        flags: 0,
        attributes: Vec::new(),
        dropped_attributes: 0,
    };
    each(message, |number, wire| {
        match number {
            1 => link.trace_id = wire.bytes()?,
            2 => link.span_id = wire.bytes()?,
            3 => link.trace_state = wire.text()?,
            4 => link.attributes.push(attribute(wire.bytes()?)?),
            5 => link.dropped_attributes = small(wire)?,
            6 => link.flags = wire.fixed32()?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(link)
}

fn merge_status<'a>(status: &mut Status<'a>, message: &'a [u8]) -> Result<(), Malformed> {
    each(message, |number, wire| {
        match number {
            2 => status.message = wire.text()?,
            3 => status.code = enumeration(wire)?,
            _ => {}
        }
        Ok(())
    })
}

pub(crate) fn attribute(message: &[u8]) -> Result<Attribute<'_>, Malformed> {
    let mut attribute = Attribute {
        key: "",
        value: Value::Empty,
    };
    each(message, |number, wire| {
        match number {
            1 => attribute.key = wire.text()?,
            2 => attribute.value = value(wire.bytes()?)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(attribute)
}

fn value(message: &[u8]) -> Result<Value<'_>, Malformed> {
    let mut value = Value::Empty;
    each(message, |number, wire| {
        value = match number {
            1 => Value::Text(wire.text()?),
            2 => Value::Boolean(wire.varint()? != 0),
            3 => Value::Integer(wire.varint()?.cast_signed()),
            4 => Value::Double(f64::from_bits(wire.fixed64()?)),
            5 => Value::List(wire.bytes()?),
            6 => Value::Map(wire.bytes()?),
            7 => Value::Bytes(wire.bytes()?),
            _ => return Ok(()),
        };
        Ok(())
    })?;
    Ok(value)
}

/// The elements of a [`Value::List`].
pub(crate) fn elements<'a>(
    list: &'a [u8],
    mut with: impl FnMut(Value<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    each(list, |number, wire| match number {
        1 => with(value(wire.bytes()?)?),
        _ => Ok(()),
    })
}

/// The members of a [`Value::Map`].
pub(crate) fn members<'a>(
    map: &'a [u8],
    mut with: impl FnMut(Attribute<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    each(map, |number, wire| match number {
        1 => with(attribute(wire.bytes()?)?),
        _ => Ok(()),
    })
}

/// A `uint32`, of which a longer varint is the low half.
fn small(wire: Wire<'_>) -> Result<u32, Malformed> {
    let [a, b, c, d, ..] = wire.varint()?.to_le_bytes();
    Ok(u32::from_le_bytes([a, b, c, d]))
}

fn enumeration(wire: Wire<'_>) -> Result<i32, Malformed> {
    Ok(small(wire)?.cast_signed())
}

// === impl SpanKind ===

impl SpanKind {
    fn of(number: i32) -> Self {
        match number {
            0 => Self::Unspecified,
            1 => Self::Internal,
            2 => Self::Server,
            3 => Self::Client,
            4 => Self::Producer,
            5 => Self::Consumer,
            other => Self::Other(other),
        }
    }

    /// Whether it calls another service.
    pub(crate) fn calls(self) -> bool {
        matches!(self, Self::Client | Self::Producer)
    }
}

// === impl Value ===

impl<'a> Value<'a> {
    pub(crate) fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

// === impl Resource ===

impl<'a> Resource<'a> {
    /// The text that stands at this key; none when it is empty.
    pub(crate) fn text(&self, key: &str) -> Option<&'a str> {
        text_at(&self.attributes, key)
    }
}

/// The text that stands at this key; none when it is empty.
pub(crate) fn text_at<'a>(attributes: &[Attribute<'a>], key: &str) -> Option<&'a str> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    found.value.text().filter(|text| !text.is_empty())
}

// === impl Link ===

impl Link<'_> {
    /// Whether its ids are as long as ids are.
    pub(crate) fn is_sound(&self) -> bool {
        self.trace_id.len() == 16 && self.span_id.len() == 8
    }
}
