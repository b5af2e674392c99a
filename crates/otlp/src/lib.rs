//! OTLP in: a request's bytes to segment documents, each as JSON and as what that JSON says.
//!
//! [`translate`] reads an `ExportTraceServiceRequest` where it lies ([`wire`], [`message`]) and writes a document a span
//! ([`document`]); facts and text are made side by side, so that nobody has to parse the text again. What X-Ray has a field for goes
//! there, after the conventions of the OpenTelemetry Collector's X-Ray exporter; everything else goes to `metadata`, so that no
//! attribute, event or link is lost. What went where is told in `docs/otlp.md`.
//!
//! Nothing here asks for the time or for chance: the same request gives the same documents.

mod aws;
mod cause;
mod document;
#[cfg(any(test, feature = "testing"))]
pub mod encode;
mod facts;
mod http;
mod json;
mod message;
mod metadata;
mod names;
pub mod response;
mod service;
mod sql;
mod stack;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use fluoro_model::Document;
use fluoro_model::document::{Limits, Refusal, RefusalCode};

use crate::document::Context;
use crate::message::{RESOURCE_SPANS, SCOPE_SPANS, SPANS, inner};
use crate::service::Service;

/// What of the mapping can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Which attributes become annotations, which can be searched by; resource attributes are named with `otel.resource.`
    /// before their name.
    pub indexed: Indexed,
    /// How many bytes a document may have. A span that is longer is refused before it is read; a document that becomes longer is not.
    pub document_bytes: usize,
}

/// Names of attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Indexed {
    /// All of them.
    All,
    /// These.
    Named(BTreeSet<String>),
}

/// The request is not what OTLP calls one. Nothing of it is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A field goes on beyond the end.
    #[error("a field of the protobuf message is cut off")]
    Cut,
    /// No such field or kind of field.
    #[error("a field of the protobuf message has an impossible tag")]
    Tag,
    /// A field that we know holds something else.
    #[error("a field of the protobuf message has the wrong type")]
    Kind,
    /// Text that is not UTF-8.
    #[error("a text of the protobuf message is not UTF-8")]
    Text,
    /// Values within values within values.
    #[error("an attribute's value nests too deep")]
    Nested,
}

/// A document, made from a span.
#[derive(Debug, Clone)]
pub struct Made {
    /// Which span of the request it came from. One may give two.
    pub span: usize,
    /// The document.
    pub json: Bytes,
    /// What it says, as [`Document::parse_facts`] would read it.
    pub facts: Arc<Document>,
}

/// A request, translated.
#[derive(Debug, Default)]
pub struct Translated {
    /// How many spans it has.
    pub spans: usize,
    /// Their documents, in their order.
    pub documents: Vec<Made>,
    /// The spans that no document can be made of.
    pub refused: Refusals,
}

/// How much was refused, and why.
#[derive(Debug, Default)]
pub struct Refusals {
    by_code: BTreeMap<RefusalCode, u64>,
    first: Option<String>,
}

/// How many spans there are in a request.
///
/// # Errors
///
/// When `request` is no `ExportTraceServiceRequest`.
pub fn spans(request: &[u8]) -> Result<u64, Malformed> {
    let mut spans = 0;
    inner(request, RESOURCE_SPANS, |resource_spans| {
        inner(resource_spans, SCOPE_SPANS, |scope| {
            inner(scope, SPANS, |_| {
                spans += 1;
                Ok(())
            })
        })
    })?;
    Ok(spans)
}

/// How many bytes of memory the documents of a request take, roughly: what a resource says stands in every segment.
///
/// # Errors
///
/// When `request` is no `ExportTraceServiceRequest`.
pub fn weight(request: &[u8]) -> Result<usize, Malformed> {
    let mut weight = 0_usize;
    inner(request, RESOURCE_SPANS, |resource_spans| {
        let (mut spans, mut of_spans) = (0_usize, 0);
        inner(resource_spans, SCOPE_SPANS, |scope| {
            inner(scope, SPANS, |span| {
                spans += 1;
                of_spans += span.len();
                Ok(())
            })
        })?;
        // Its resource and scopes, and what frames them.
        let repeated = resource_spans.len() - of_spans.min(resource_spans.len());
        let repeated = repeated.saturating_sub(spans * FRAME) + DOCUMENT;
        let all = spans.saturating_mul(repeated).saturating_add(of_spans);
        weight = weight.saturating_add(all.saturating_mul(GROWTH));
        Ok(())
    })?;
    Ok(weight)
}

/// A span's tag and length take at least so many bytes.
const FRAME: usize = 2;

/// A document and its facts take about a [`GROWTH`]th of so many bytes, whatever they say.
const DOCUMENT: usize = 512;

/// JSON and facts are so many times as long as the protocol buffers that they are made of.
const GROWTH: usize = 3;

/// Makes documents of a request's spans.
///
/// # Errors
///
/// When `request` is no `ExportTraceServiceRequest`.
pub fn translate(mapping: &Mapping, request: &[u8]) -> Result<Translated, Malformed> {
    let mut out = Vec::with_capacity(request.len() * 2);
    let mut drafts = Drafts::default();
    inner(request, RESOURCE_SPANS, |resource_spans| {
        let service = Service::of(mapping, resource_spans)?;
        inner(resource_spans, SCOPE_SPANS, |scope_spans| {
            let scope = message::scope(scope_spans, mapping.document_bytes)?;
            let told = scope.as_ref().map(metadata::scope).transpose()?;
            inner(scope_spans, SPANS, |span| {
                let context = service.as_ref().zip(told.as_deref());
                match context.filter(|_| span.len() <= mapping.document_bytes) {
                    Some((service, scope)) => {
                        let context = Context {
                            mapping,
                            service,
                            scope,
                        };
                        let span = message::span(span)?;
                        document::write(&context, &span, &mut out, &mut drafts)?;
                    }
                    None => drafts.refused.add(&Refusal::too_large(None)),
                }
                drafts.spans += 1;
                Ok(())
            })
        })
    })?;
    Ok(drafts.finish(out))
}

/// Documents in the making, in one buffer.
#[derive(Debug, Default)]
struct Drafts {
    spans: usize,
    documents: Vec<(usize, Range<usize>, Document)>,
    refused: Refusals,
}

// === impl Drafts ===

impl Drafts {
    fn finish(self, out: Vec<u8>) -> Translated {
        let out = Bytes::from(out);
        let made = self.documents.into_iter().map(|(span, range, facts)| Made {
            span,
            json: out.slice(range),
            facts: Arc::new(facts),
        });
        Translated {
            spans: self.spans,
            documents: made.collect(),
            refused: self.refused,
        }
    }
}

// === impl Refusals ===

impl Refusals {
    /// Adds one.
    pub fn add(&mut self, refusal: &Refusal) {
        *self.by_code.entry(refusal.code).or_default() += 1;
        if self.first.is_none() {
            self.first = Some(refusal.message.clone());
        }
    }

    /// How many there are by code.
    pub fn counts(&self) -> impl Iterator<Item = (RefusalCode, u64)> {
        self.by_code.iter().map(|(code, count)| (*code, *count))
    }

    /// All of them in one sentence; empty when there are none.
    #[must_use]
    pub fn message(&self) -> String {
        let Some(first) = &self.first else {
            return String::new();
        };
        let codes = self.counts().map(|(code, count)| format!("{count} {code}"));
        let codes: Vec<String> = codes.collect();
        format!("not taken: {}; the first: {first}", codes.join(", "))
    }
}

// === impl Mapping, Indexed ===

impl Default for Mapping {
    fn default() -> Self {
        Self {
            indexed: Indexed::default(),
            document_bytes: Limits::DEFAULT.bytes,
        }
    }
}

impl Default for Indexed {
    fn default() -> Self {
        Self::Named(BTreeSet::new())
    }
}

impl Indexed {
    fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => !names.is_empty() && names.contains(name),
        }
    }

    fn is_none(&self) -> bool {
        matches!(self, Self::Named(names) if names.is_empty())
    }
}
