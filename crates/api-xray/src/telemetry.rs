//! PutTelemetryRecords: what daemons elsewhere tell about their own work.
//!
//! Kept in memory as sums per sender, for those who look for segments that never arrived; a restart forgets them.

use std::collections::BTreeMap;

use fluoro_model::TimestampMicros;
use fluoro_wire::json_input::JsonInput;
use fluoro_wire::{Call, Constraints};
use parking_lot::Mutex;
use serde::Serialize;

use crate::answer::{Answer, to_answer};
use crate::error::XRayError;
use crate::input::as_element;
use crate::service::XRay;

/// Senders told apart; further ones are counted together.
const SENDERS: usize = 200;

/// The name under which they are.
const OTHERS: &str = "(others)";

/// What one sender told, summed up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DaemonTelemetry {
    /// Its host name, else its EC2 instance, its resource's ARN, or its address.
    pub sender: String,
    /// The sums.
    pub totals: TelemetryTotals,
}

/// Sums of telemetry records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TelemetryTotals {
    /// Segments that clients gave to the daemon.
    pub received: u64,
    /// Segments that the daemon sent on.
    pub sent: u64,
    /// Segments that it dropped for want of room.
    pub spilled_over: u64,
    /// Segments that the service refused.
    pub rejected: u64,
    /// Calls that failed, for whatever reason.
    pub connection_errors: u64,
    /// When the latest record was made, in seconds since the epoch, by the sender's clock.
    pub latest: i64,
}

#[derive(Debug, Default)]
pub(crate) struct TelemetryLedger {
    senders: Mutex<BTreeMap<String, TelemetryTotals>>,
}

#[derive(Debug)]
struct PutTelemetryRecordsInput {
    records: Vec<TelemetryTotals>,
    sender: Option<String>,
}

#[derive(Debug, Serialize)]
struct PutTelemetryRecordsOutput {}

impl XRay {
    /// What daemons elsewhere told, by sender.
    #[must_use]
    pub fn telemetry(&self) -> Vec<DaemonTelemetry> {
        let senders = self.telemetry.senders.lock();
        let told = senders.iter().map(|(sender, totals)| DaemonTelemetry {
            sender: sender.clone(),
            totals: *totals,
        });
        told.collect()
    }

    pub(crate) fn put_telemetry_records(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let input = PutTelemetryRecordsInput::read(input)?;
        let sender = input.sender.unwrap_or_else(|| call.peer.ip().to_string());
        self.telemetry.count(sender, &input.records);
        Ok(to_answer(&PutTelemetryRecordsOutput {}))
    }
}

impl PutTelemetryRecordsInput {
    fn read(input: JsonInput<'_>) -> Result<Self, XRayError> {
        let records = input.list("TelemetryRecords", as_element)?;
        let mut constraints = Constraints::new();
        let records = constraints.required("telemetryRecords", records);
        let records = records.unwrap_or_default();
        let mut totals = Vec::with_capacity(records.len());
        for (number, record) in (1..).zip(&records) {
            let timestamp = record.time("Timestamp")?;
            let path = format!("telemetryRecords.{number}.member.timestamp");
            let timestamp = constraints.required(&path, timestamp);
            totals.push(TelemetryTotals::read(*record, timestamp)?);
        }
        let named = [
            ("Hostname", "hostname", 255),
            ("EC2InstanceId", "eC2InstanceId", 20),
            ("ResourceARN", "resourceARN", 500),
        ];
        let mut sender = None;
        for (member, path, longest) in named {
            let Some(text) = input.text(member)? else {
                continue;
            };
            constraints.text(path, text, ..=longest);
            if !text.is_empty() {
                sender.get_or_insert_with(|| text.to_owned());
            }
        }
        let is_empty = constraints.hold() && totals.is_empty();
        constraints.finish()?;
        if is_empty {
            return Err(XRayError::invalid("Telemetry records cannot be empty"));
        }
        Ok(Self {
            records: totals,
            sender,
        })
    }
}

impl TelemetryTotals {
    fn read(record: JsonInput<'_>, timestamp: Option<TimestampMicros>) -> Result<Self, XRayError> {
        let errors = record.structure("BackendConnectionErrors")?;
        let mut connection_errors = 0u64;
        for name in [
            "TimeoutCount",
            "ConnectionRefusedCount",
            "HTTPCode4XXCount",
            "HTTPCode5XXCount",
            "UnknownHostCount",
            "OtherCount",
        ] {
            if let Some(errors) = errors {
                connection_errors = connection_errors.saturating_add(count(errors, name)?);
            }
        }
        Ok(Self {
            received: count(record, "SegmentsReceivedCount")?,
            sent: count(record, "SegmentsSentCount")?,
            spilled_over: count(record, "SegmentsSpilloverCount")?,
            rejected: count(record, "SegmentsRejectedCount")?,
            connection_errors,
            latest: timestamp.map_or(0, TimestampMicros::floor_second),
        })
    }

    fn add(&mut self, other: &Self) {
        let sums = [
            (&mut self.received, other.received),
            (&mut self.sent, other.sent),
            (&mut self.spilled_over, other.spilled_over),
            (&mut self.rejected, other.rejected),
            (&mut self.connection_errors, other.connection_errors),
        ];
        for (sum, more) in sums {
            *sum = sum.saturating_add(more);
        }
        self.latest = self.latest.max(other.latest);
    }
}

/// A count; absent is none, and so is a negative one, which the service accepts.
fn count(record: JsonInput<'_>, name: &str) -> Result<u64, XRayError> {
    let count = record.integer(name)?.unwrap_or_default();
    Ok(u64::try_from(count).unwrap_or_default())
}

impl TelemetryLedger {
    fn count(&self, sender: String, records: &[TelemetryTotals]) {
        let mut senders = self.senders.lock();
        let known = senders.contains_key(&sender) || senders.len() < SENDERS;
        let sender = if known { sender } else { OTHERS.to_owned() };
        let totals = senders.entry(sender).or_default();
        for record in records {
            totals.add(record);
        }
    }
}
