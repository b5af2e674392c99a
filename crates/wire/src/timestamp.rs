//! AWS's several spellings of a point in time. What lies outside the years -9999 to 9999 is clamped to them.

use fluoro_model::TimestampMicros;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

/// A JSON number of seconds since the epoch: X-Ray, API Gateway, SQS. A whole second has no fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochSeconds(pub TimestampMicros);

impl Serialize for EpochSeconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.0 % 1_000_000 == 0 {
            serializer.serialize_i64(self.0.floor_second())
        } else {
            serializer.serialize_f64(self.0.seconds())
        }
    }
}

/// `2026-11-22T06:12:05Z`: IAM, STS.
#[must_use]
pub fn iso8601(time: TimestampMicros) -> String {
    format(time, "%Y-%m-%dT%H:%M:%SZ")
}

/// `2026-11-22T06:12:05.490+0000`: Lambda's `LastModified`.
#[must_use]
pub fn lambda(time: TimestampMicros) -> String {
    format(time, "%Y-%m-%dT%H:%M:%S.%3f+0000")
}

/// `20261122T061205Z`: `X-Amz-Date` of Signature Version 4.
#[must_use]
pub fn amz_date(time: TimestampMicros) -> String {
    format(time, "%Y%m%dT%H%M%SZ")
}

/// Reads ISO 8601 with a zone or offset (`2026-11-22T06:12:05Z`, `…+01:00`), or a bare day, which begins at midnight UTC.
#[must_use]
pub fn parse_iso8601(text: &str) -> Option<TimestampMicros> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(TimestampMicros(time.as_microsecond()));
    }
    let day: Date = text.parse().ok()?;
    utc(day.at(0, 0, 0, 0))
}

/// Reads `X-Amz-Date`: `20261122T061205Z`, and nothing else.
#[must_use]
pub fn parse_amz_date(text: &str) -> Option<TimestampMicros> {
    if text.len() != 16 {
        return None;
    }
    let civil = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    utc(civil)
}

fn utc(civil: DateTime) -> Option<TimestampMicros> {
    let time = TimeZone::UTC.to_timestamp(civil).ok()?;
    Some(TimestampMicros(time.as_microsecond()))
}

fn format(time: TimestampMicros, spelling: &str) -> String {
    let limit = if time.0 < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    let time = Timestamp::from_microsecond(time.0).unwrap_or(limit);
    time.strftime(spelling).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: TimestampMicros = TimestampMicros(1_795_327_925_490_000);

    #[test]
    fn every_spelling_names_the_same_moment() {
        assert_eq!(iso8601(TIME), "2026-11-22T06:12:05Z");
        assert_eq!(lambda(TIME), "2026-11-22T06:12:05.490+0000");
        assert_eq!(amz_date(TIME), "20261122T061205Z");
    }

    #[test]
    fn a_number_of_seconds_keeps_its_fraction() {
        let json = |micros| serde_json::to_string(&EpochSeconds(TimestampMicros(micros))).unwrap();
        assert_eq!(json(1_795_327_925_490_000), "1795327925.49");
        assert_eq!(json(1_795_327_925_000_000), "1795327925");
    }

    #[test]
    fn what_was_written_is_read_back() {
        let whole = TimestampMicros(TIME.floor_second() * 1_000_000);
        assert_eq!(parse_iso8601(&iso8601(TIME)), Some(whole));
        assert_eq!(parse_amz_date(&amz_date(TIME)), Some(whole));
        assert_eq!(parse_iso8601("2026-11-22T07:12:05.490+01:00"), Some(TIME));
        assert_eq!(
            iso8601(parse_iso8601("2026-11-22").unwrap()),
            "2026-11-22T00:00:00Z"
        );
    }

    #[test]
    fn what_is_no_time_is_not_read() {
        for text in ["", "now", "20261322T061205Z", "2026-11-22T06:12:05"] {
            assert_eq!(parse_amz_date(text), None, "{text}");
        }
        assert_eq!(parse_iso8601("22/Nov/2026"), None);
    }

    #[test]
    fn the_impossible_is_clamped() {
        assert_eq!(
            iso8601(TimestampMicros(i64::MAX)).len(),
            "9999-12-30T22:00:00Z".len()
        );
    }
}
