//! The ledger: how many documents came in by each door from each client, and what became of those that were not
//! kept as they were.

use std::collections::BTreeMap;

use fluoro_model::document::{RefusalCode, Trims};
use parking_lot::Mutex;
use serde::Serialize;

use crate::daemon::PacketFault;
use crate::sink::{Door, Source};

/// How many clients of one door are told apart. Further ones are counted together, as [`OTHERS`].
pub const CLIENTS_PER_DOOR: usize = 200;

/// The client under which those beyond [`CLIENTS_PER_DOOR`] are counted.
pub const OTHERS: &str = "(others)";

/// What happened to documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// They came in; every other cause is about some of these.
    Received,
    /// They are not valid.
    Refused(RefusalCode),
    /// Datagrams that are not a daemon packet.
    BadPacket(PacketFault),
    /// Requests of which it is not known how many documents they hold: each counts as one.
    BadRequest,
    /// The sender's role may not write traces.
    NotAllowed,
    /// Kept, with something left out.
    Trimmed(Trim),
    /// Not recorded, because the sampling rules said so.
    Unsampled,
    /// Kept, but the parent that they name has not come. Counted anew at each report: a parent may come late.
    Orphaned,
    /// Too much came at once.
    QueueFull,
    /// The operating system's buffer of the daemon's socket ran over.
    SocketFull,
    /// No room on the disk.
    DiskFull,
    /// The store failed.
    StoreFailed,
    /// Let go: older than the retention.
    Expired,
    /// Let go: the oldest, when the store grew too large.
    SizeLimit,
}

/// What was left out of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trim {
    /// A name longer than 200 characters was cut.
    NameCut,
    /// An annotation whose key or value cannot be one.
    Annotation,
    /// A field of the wrong type.
    WrongType,
    /// A field that segment documents do not have.
    UnknownField,
}

/// The kinds of cause that a reader wants to see together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Came in.
    Received,
    /// Not taken: the sender should change something.
    Refused,
    /// Taken in part.
    Trimmed,
    /// Left out on purpose.
    Unsampled,
    /// Taken, but hangs in the air.
    Orphaned,
    /// Lost to a limit or a failure of ours.
    Dropped,
}

/// One count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LedgerLine {
    /// The way in; `None` for what was lost after it had been stored.
    pub door: Option<Door>,
    /// Who sent it.
    pub client: String,
    /// The kind of cause.
    pub class: Class,
    /// The cause, in few words.
    pub cause: String,
    /// How many documents; of trims, how many fields or names.
    pub count: u64,
    /// What to do about it; empty when there is nothing to mend.
    pub mend: &'static str,
}

/// All counts since the start.
#[derive(Debug, Default)]
pub struct Ledger {
    counts: Mutex<BTreeMap<Door, Clients>>,
}

type Clients = BTreeMap<String, BTreeMap<Cause, u64>>;

// === impl Ledger ===

impl Ledger {
    /// Adds to one count.
    pub fn count(&self, source: &Source, cause: Cause, documents: u64) {
        self.count_all(source, &[(cause, documents)]);
    }

    /// Adds to several counts of one client.
    pub fn count_all(&self, source: &Source, counts: &[(Cause, u64)]) {
        if counts.iter().all(|(_, documents)| *documents == 0) {
            return;
        }
        let mut doors = self.counts.lock();
        let clients = doors.entry(source.door).or_default();
        let client = if clients.contains_key(&source.client) || clients.len() < CLIENTS_PER_DOOR {
            source.client.as_str()
        } else {
            OTHERS
        };
        let causes = match clients.get_mut(client) {
            Some(causes) => causes,
            None => clients.entry(client.to_owned()).or_default(),
        };
        for (cause, documents) in counts.iter().filter(|(_, documents)| *documents > 0) {
            *causes.entry(*cause).or_default() += documents;
        }
    }

    /// Counts what was left out of a document.
    pub(crate) fn count_trims(&self, source: &Source, trims: &Trims) {
        self.count_all(
            source,
            &[
                (Cause::Trimmed(Trim::NameCut), u64::from(trims.names_cut)),
                (
                    Cause::Trimmed(Trim::Annotation),
                    u64::from(trims.annotations),
                ),
                (Cause::Trimmed(Trim::WrongType), u64::from(trims.wrong_type)),
                (Cause::Trimmed(Trim::UnknownField), u64::from(trims.unknown)),
            ],
        );
    }

    /// All counts, by door, client and cause.
    #[must_use]
    pub fn lines(&self) -> Vec<LedgerLine> {
        let doors = self.counts.lock();
        let mut lines = Vec::new();
        for (door, clients) in &*doors {
            for (client, causes) in clients {
                for (cause, count) in causes {
                    lines.push(cause.line(Some(*door), client.clone(), *count));
                }
            }
        }
        lines
    }
}

// === impl Cause ===

impl Cause {
    /// The kind of this cause.
    #[must_use]
    pub const fn class(self) -> Class {
        match self {
            Self::Received => Class::Received,
            Self::Refused(_) | Self::BadPacket(_) | Self::BadRequest | Self::NotAllowed => {
                Class::Refused
            }
            Self::Trimmed(_) => Class::Trimmed,
            Self::Unsampled => Class::Unsampled,
            Self::Orphaned => Class::Orphaned,
            Self::QueueFull
            | Self::SocketFull
            | Self::DiskFull
            | Self::StoreFailed
            | Self::Expired
            | Self::SizeLimit => Class::Dropped,
        }
    }

    /// The cause in few words.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Received => "received".to_owned(),
            Self::Refused(code) => code.to_string(),
            Self::BadPacket(fault) => fault.name().to_owned(),
            Self::BadRequest => "request that cannot be read".to_owned(),
            Self::NotAllowed => "role may not write traces".to_owned(),
            Self::Trimmed(Trim::NameCut) => "name longer than 200 characters".to_owned(),
            Self::Trimmed(Trim::Annotation) => "annotation that cannot be one".to_owned(),
            Self::Trimmed(Trim::WrongType) => "field of the wrong type".to_owned(),
            Self::Trimmed(Trim::UnknownField) => "unknown field".to_owned(),
            Self::Unsampled => "not sampled".to_owned(),
            Self::Orphaned => "parent never came".to_owned(),
            Self::QueueFull => "queue full".to_owned(),
            Self::SocketFull => "socket buffer full".to_owned(),
            Self::DiskFull => "disk full".to_owned(),
            Self::StoreFailed => "store failed".to_owned(),
            Self::Expired => "older than the retention".to_owned(),
            Self::SizeLimit => "store size limit".to_owned(),
        }
    }

    /// What whoever reads this should do.
    #[must_use]
    pub const fn mend(self) -> &'static str {
        match self {
            Self::Received => "",
            Self::Refused(code) => mend_refusal(code),
            Self::BadPacket(fault) => fault.mend(),
            Self::BadRequest => {
                "send OTLP as protobuf, at most as large as limits.otlp_request: the answer says what is wrong"
            }
            Self::NotAllowed => {
                "attach AWSXRayDaemonWriteAccess to the function's role (fluoro up does so with Tracing: Active)"
            }
            Self::Trimmed(Trim::NameCut) => "give the segment a name of at most 200 characters",
            Self::Trimmed(Trim::Annotation) => {
                "annotation keys are letters, digits, _ and .; values are text, numbers or booleans; put the rest into metadata"
            }
            Self::Trimmed(Trim::WrongType) => {
                "compare the document with the developer guide's segment documents"
            }
            Self::Trimmed(Trim::UnknownField) => "put your own data into annotations or metadata",
            Self::Unsampled => {
                "to keep more, raise the rule's rate or reservoir, or start with --sample all"
            }
            Self::Orphaned => {
                "the parent was not sampled, not sent, or refused: look for refusals of the calling service, and that it passes the trace header on"
            }
            Self::QueueFull => "send less at once; a client that gets an error may try again",
            Self::SocketFull => "send less at once, or raise the system's net.core.rmem_max",
            Self::DiskFull => {
                "make room on the disk that holds the data directory; recording goes on by itself then"
            }
            Self::StoreFailed => "see the server's log for the disk's error",
            Self::Expired => "raise [store] retention to keep traces longer",
            Self::SizeLimit => "raise [store] size",
        }
    }

    pub(crate) fn line(self, door: Option<Door>, client: String, count: u64) -> LedgerLine {
        LedgerLine {
            door,
            client,
            class: self.class(),
            cause: self.name(),
            count,
            mend: self.mend(),
        }
    }
}

const fn mend_refusal(code: RefusalCode) -> &'static str {
    match code {
        RefusalCode::ParseError => "send one JSON object a document",
        RefusalCode::MissingId | RefusalCode::InvalidId => {
            "give each segment and subsegment an id of 16 hex digits"
        }
        RefusalCode::MissingName => "give each segment and subsegment a name",
        RefusalCode::InvalidName => {
            "names are letters, digits, spaces and _ . : / % & # = + \\ - @"
        }
        RefusalCode::MissingTraceId | RefusalCode::InvalidTraceId => {
            "trace ids are 1-, 8 hex digits, -, 24 hex digits; pass on the Root of the trace header"
        }
        RefusalCode::MissingStartTime => "send start_time as a number of seconds",
        RefusalCode::MissingEndTime => "send end_time, or in_progress: true while the work goes on",
        RefusalCode::InProgressSegmentHasEndTime | RefusalCode::InProgressSubsegmentHasEndTime => {
            "send either end_time or in_progress: true, not both"
        }
        RefusalCode::MissingParentId | RefusalCode::InvalidParentId => {
            "a subsegment sent on its own needs the parent_id of its segment, 16 hex digits"
        }
        RefusalCode::UnknownType => "type is segment or subsegment, or absent",
        RefusalCode::InvalidSegment => {
            "the document or its trace is too large: send fewer or smaller segments a trace, or raise limits.trace_size"
        }
    }
}
