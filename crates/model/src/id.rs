//! Ids of traces and of segments.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A trace's id: 128 bits with two spellings.
///
/// X-Ray writes `1-` 8 hex digits `-` 24 hex digits; W3C trace context writes the same 32 digits in one run.
/// The first 8 digits are usually the second in which the trace began, but nothing may rely on it. Source: X-Ray
/// developer guide, tracing header; since October 2023 the time part is not validated (API model, PutTraceSegments).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(u128);

/// A segment's or subsegment's id: 64 bits, 16 hex digits, unique within its trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentId(u64);

/// The text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Neither `1-8hex-24hex` nor 32 hex digits.
    #[error("{0:?} is no trace id: expected 1-8hex-24hex or 32 hex digits")]
    Trace(String),
    /// Not 16 hex digits.
    #[error("{0:?} is no segment id: expected 16 hex digits")]
    Segment(String),
}

impl TraceId {
    /// The id with these bits, first digit first.
    #[must_use]
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// A new id that begins with `epoch_seconds`, as AWS makes them. `random` are the other 96 bits.
    #[must_use]
    pub fn new(epoch_seconds: u32, random: [u8; 12]) -> Self {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&epoch_seconds.to_be_bytes());
        bytes[4..].copy_from_slice(&random);
        Self(u128::from_be_bytes(bytes))
    }

    /// All 128 bits, first digit highest.
    #[must_use]
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// Parses X-Ray's spelling only: what PutTraceSegments accepts (`^1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}$`).
    ///
    /// # Errors
    ///
    /// [`IdError::Trace`] for any other text, W3C's spelling included.
    pub fn parse_xray(text: &str) -> Result<Self, IdError> {
        let error = || IdError::Trace(text.to_owned());
        let (epoch, random) = text
            .strip_prefix("1-")
            .and_then(|rest| rest.split_once('-'))
            .ok_or_else(error)?;
        let epoch = hex(epoch, 8).ok_or_else(error)?;
        let random = hex(random, 24).ok_or_else(error)?;
        Ok(Self(epoch << 96 | random))
    }

    /// W3C's spelling: 32 lower-case hex digits.
    #[must_use]
    pub fn to_w3c(self) -> String {
        format!("{:032x}", self.0)
    }
}

impl SegmentId {
    /// The id with these bits.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// All 64 bits.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }
}

fn hex(text: &str, digits: usize) -> Option<u128> {
    let all_hex = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    all_hex
        .then(|| u128::from_str_radix(text, 16).ok())
        .flatten()
}

// === impl TraceId ===

/// Either spelling.
impl FromStr for TraceId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match hex(text, 32) {
            Some(bits) => Ok(Self(bits)),
            None => Self::parse_xray(text),
        }
    }
}

/// X-Ray's spelling, in lower case.
impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "1-{:08x}-{:024x}",
            self.0 >> 96,
            self.0 & ((1 << 96) - 1)
        )
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for TraceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TraceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

// === impl SegmentId ===

impl FromStr for SegmentId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let bits = hex(text, 16).and_then(|bits| u64::try_from(bits).ok());
        bits.map(Self)
            .ok_or_else(|| IdError::Segment(text.to_owned()))
    }
}

/// 16 lower-case hex digits.
impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for SegmentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SegmentId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_one_id() {
        let xray: TraceId = "1-67891233-abcdef012345678912345678".parse().unwrap();
        let w3c: TraceId = "67891233abcdef012345678912345678".parse().unwrap();
        assert_eq!(xray, w3c);
        assert_eq!(xray.to_string(), "1-67891233-abcdef012345678912345678");
        assert_eq!(xray.to_w3c(), "67891233abcdef012345678912345678");
    }

    #[test]
    fn digits_fold_case() {
        let upper: TraceId = "1-6789ABCD-ABCDEF012345678912345678".parse().unwrap();
        assert_eq!(upper.to_string(), "1-6789abcd-abcdef012345678912345678");
    }

    #[test]
    fn what_is_no_trace_id_is_refused() {
        for bad in [
            "",
            "1-6789123-abcdef012345678912345678",
            "2-67891233-abcdef012345678912345678",
            "1-67891233-abcdef01234567891234567",
            "1-6789123g-abcdef012345678912345678",
            "1-67891233abcdef012345678912345678",
            "1-+7891233-abcdef012345678912345678",
            "67891233abcdef0123456789123456789",
        ] {
            assert!(bad.parse::<TraceId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn segment_ids_are_sixteen_hex_digits() {
        let id: SegmentId = "00f067aa0ba902B7".parse().unwrap();
        assert_eq!(id.to_string(), "00f067aa0ba902b7");
        for bad in [
            "",
            "0f067aa0ba902b7",
            "+0f067aa0ba902b7",
            "00f067aa0ba902b70",
            "00f067aa0ba902bé",
        ] {
            assert!(bad.parse::<SegmentId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_new_id_begins_with_its_second() {
        assert_eq!(
            TraceId::new(0x6789_1233, [0xab; 12]).to_string(),
            format!("1-67891233-{}", "ab".repeat(12))
        );
    }
}
