//! Reading JSON whose fields may hold anything.
//!
//! A field says which JSON kinds it takes ([`Field`]); for any other kind it is as if the field were absent, and that
//! is counted. Free-form JSON is read apart from the rest, with its own bound on nesting, because the reader around
//! it has no such bound but the one on subsegments.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Trims;
use super::object::Object;
use crate::EpochSeconds;

/// How deep free-form JSON (`metadata`, `aws`, …) may nest: what our own reader of it takes.
const FREE_FORM_DEPTH: usize = 127;

/// No entity that is taken is shorter: `{"id":"0123456789abcdef","name":"a","start_time":1,"end_time":1}`.
const SHORTEST_ENTITY: usize = 64;

/// So many entities are read whatever the document's length, so that what is refused is told as the service tells it.
const ENTITIES: usize = 1_000;

/// What is known while one document is read.
#[derive(Debug)]
pub(super) struct Context {
    nesting: usize,
    depth: Cell<usize>,
    /// How many entities there may still be.
    entities_left: Cell<usize>,
    trims: Cell<Trims>,
    keeps_metadata: bool,
    /// How many bytes of metadata were not kept.
    metadata_left: Cell<usize>,
}

/// A value that takes some kinds of JSON and lets the others pass as if absent.
pub(super) trait Field: Sized {
    fn text(_text: &str) -> Option<Self> {
        None
    }

    fn number(_number: Number) -> Option<Self> {
        None
    }

    fn boolean(_boolean: bool) -> Option<Self> {
        None
    }

    fn object<'de, A: MapAccess<'de>>(_: &Context, map: A) -> Result<Option<Self>, A::Error> {
        pass_over_object(map)?;
        Ok(None)
    }

    fn list<'de, A: SeqAccess<'de>>(_: &Context, list: A) -> Result<Option<Self>, A::Error> {
        pass_over_list(list)?;
        Ok(None)
    }
}

pub(super) fn pass_over_object<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

pub(super) fn pass_over_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<(), A::Error> {
    while list.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// A JSON number, as exactly as it can be had.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Integer(i64),
    Float(f64),
}

/// A member's name, borrowed from the document where it has no escapes.
pub(super) struct Key<'de>(pub(super) Cow<'de, str>);

/// Reads one value as a [`Field`].
pub(super) struct Member<'c, T> {
    context: &'c Context,
    counted: bool,
    field: PhantomData<T>,
}

/// Reads one value that must be a JSON object of free form.
pub(super) struct FreeForm<'c>(&'c Context);

/// Reads metadata: one value that must be a JSON object of free form, whose text is kept if wanted.
pub(super) struct Metadata<'c>(&'c Context);

// === impl Context ===

impl Context {
    pub(super) fn new(nesting: usize) -> Self {
        Self {
            nesting,
            depth: Cell::new(0),
            entities_left: Cell::new(0),
            trims: Cell::default(),
            keeps_metadata: true,
            metadata_left: Cell::new(0),
        }
    }

    pub(super) fn without_metadata(nesting: usize) -> Self {
        Self {
            keeps_metadata: false,
            ..Self::new(nesting)
        }
    }

    pub(super) fn trims(&self) -> Trims {
        self.trims.get()
    }

    /// What is read next comes from this text.
    pub(super) fn begin(&self, text: &str) {
        self.entities_left
            .set(ENTITIES + text.len() / SHORTEST_ENTITY);
    }

    pub(super) fn metadata_left(&self) -> usize {
        self.metadata_left.get()
    }

    pub(super) fn trim(&self, count: impl FnOnce(&mut Trims)) {
        let mut trims = self.trims.get();
        count(&mut trims);
        self.trims.set(trims);
    }

    /// A field whose wrong type is counted.
    pub(super) fn member<T: Field>(&self) -> Member<'_, T> {
        Member {
            context: self,
            counted: true,
            field: PhantomData,
        }
    }

    /// A field whose absence the caller judges.
    pub(super) fn quiet<T: Field>(&self) -> Member<'_, T> {
        Member {
            context: self,
            counted: false,
            field: PhantomData,
        }
    }

    /// A JSON object of free form.
    pub(super) const fn free_form(&self) -> FreeForm<'_> {
        FreeForm(self)
    }

    /// The text of a JSON object of free form, as metadata is.
    pub(super) const fn metadata(&self) -> Metadata<'_> {
        Metadata(self)
    }

    /// Reads an entity one level below the present one.
    pub(super) fn nested<T, E: serde::de::Error>(
        &self,
        read: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let depth = self.depth.get();
        if depth > self.nesting {
            return Err(E::custom("subsegments are nested too deeply"));
        }
        let Some(left) = self.entities_left.get().checked_sub(1) else {
            return Err(E::custom("more subsegments than can be whole"));
        };
        self.entities_left.set(left);
        self.depth.set(depth + 1);
        let result = read();
        self.depth.set(depth);
        result
    }

    /// Passes over a field that segment documents do not have.
    pub(super) fn unknown<'de, A: MapAccess<'de>>(&self, map: &mut A) -> Result<(), A::Error> {
        map.next_value::<IgnoredAny>()?;
        self.trim(|trims| trims.unknown += 1);
        Ok(())
    }

    fn wrong_type(&self) {
        self.trim(|trims| trims.wrong_type += 1);
    }
}

// === impl Member ===

impl<T> Member<'_, T> {
    fn judge(&self, value: Option<T>) -> Option<T> {
        if value.is_none() && self.counted {
            self.context.wrong_type();
        }
        value
    }
}

impl<'de, T: Field> DeserializeSeed<'de> for Member<'_, T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Field> Visitor<'de> for Member<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Option<T>, E> {
        Ok(self.judge(T::text(text)))
    }

    fn visit_bool<E>(self, boolean: bool) -> Result<Option<T>, E> {
        Ok(self.judge(T::boolean(boolean)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Option<T>, E> {
        Ok(self.judge(T::number(Number::Integer(number))))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Option<T>, E> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "what a double cannot hold is rounded"
        )]
        let number = i64::try_from(number).map_or(Number::Float(number as f64), Number::Integer);
        Ok(self.judge(T::number(number)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Option<T>, E> {
        Ok(self.judge(T::number(Number::Float(number))))
    }

    /// Null is absence, and nothing to count.
    fn visit_unit<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
        let value = T::object(self.context, map)?;
        Ok(self.judge(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Option<T>, A::Error> {
        let value = T::list(self.context, list)?;
        Ok(self.judge(value))
    }
}

// === free form ===

impl<'de> DeserializeSeed<'de> for FreeForm<'_> {
    type Value = Option<Object>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        if raw == "null" {
            return Ok(None);
        }
        // This reader bounds nesting itself.
        let map = serde_json::from_str(raw).ok();
        if map.is_none() {
            self.0.wrong_type();
        }
        Ok(map)
    }
}

impl<'de> DeserializeSeed<'de> for Metadata<'_> {
    type Value = Option<Box<RawValue>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        if raw.get() == "null" {
            return Ok(None);
        }
        if !raw.get().starts_with('{') || depth(raw.get(), FREE_FORM_DEPTH) > FREE_FORM_DEPTH {
            self.0.wrong_type();
            return Ok(None);
        }
        if !self.0.keeps_metadata {
            let left = &self.0.metadata_left;
            left.set(left.get() + raw.get().len());
            return Ok(None);
        }
        Ok(Some(raw.to_owned()))
    }
}

/// How deep lists and objects nest in a text that is JSON, or any number up to the limit when they nest no deeper than that.
fn depth(json: &str, limit: usize) -> usize {
    // In pieces of as many bytes as one byte can count.
    let opens = |byte: &u8| u8::from(matches!(byte, b'{' | b'['));
    let pieces = json.as_bytes().chunks(usize::from(u8::MAX));
    let opened = pieces.map(|piece| usize::from(piece.iter().map(opens).sum::<u8>()));
    let opened = opened.sum();
    if opened <= limit {
        return opened;
    }
    let mut depth = 0_usize;
    let mut deepest = 0;
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth -= 1,
            b'"' => loop {
                match bytes.next() {
                    Some(b'\\') => {
                        bytes.next();
                    }
                    Some(b'"') | None => break,
                    Some(_) => {}
                }
            },
            _ => {}
        }
    }
    deepest
}

// === impl Key ===

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl<'de> Visitor<'de> for Name {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member's name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(Name)
    }
}

// === scalar fields ===

impl Field for Box<str> {
    fn text(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

impl Field for bool {
    fn boolean(boolean: bool) -> Option<Self> {
        Some(boolean)
    }
}

impl Field for i64 {
    /// Whole numbers, however they are written.
    fn number(number: Number) -> Option<Self> {
        match number {
            Number::Integer(integer) => Some(integer),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "below 2^53 a whole double is an i64"
            )]
            Number::Float(float) => {
                (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as Self)
            }
        }
    }
}

impl Field for EpochSeconds {
    fn number(number: Number) -> Option<Self> {
        Self::new(number.as_f64())
    }
}

impl Number {
    #[expect(
        clippy::cast_precision_loss,
        reason = "the service keeps doubles, so what a double cannot hold is rounded there too"
    )]
    pub(super) const fn as_f64(self) -> f64 {
        match self {
            Self::Integer(integer) => integer as f64,
            Self::Float(float) => float,
        }
    }
}

/// A list keeps the elements that fit.
impl<T: Field> Field for Vec<T> {
    fn list<'de, A: SeqAccess<'de>>(
        context: &Context,
        mut list: A,
    ) -> Result<Option<Self>, A::Error> {
        let mut kept = Self::new();
        while let Some(element) = list.next_element_seed(context.member())? {
            kept.extend(element);
        }
        Ok(Some(kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_text_do_not_nest() {
        assert_eq!(depth(r#"{"a":"[[[\"[[","b":[1,{"c":[]}]}"#, 0), 4);
        assert_eq!(depth("{}", 0), 1);
        assert!(depth("[[],[],[]]", 4) <= 4);
        assert_eq!(depth("[[],[],[]]", 3), 2);
    }
}
