//! The file `traces`: a row a trace, by start, then trace.
//!
//! A row holds what searches ask for, in plain columns; what they do not tell is in the trace's documents. A trace that was
//! touched again has a row again, of a higher revision, in a newer file: which of them counts is for the reader of several
//! files to know. [`TracesFile::find`] tells which rows a filter may mean, and never passes over one that it does mean.

use std::sync::{Arc, LazyLock};

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnPath, TypePtr};

use crate::file::PAGE_ROWS;

mod find;
mod group;
mod lasting;
mod merge;
mod reader;
mod row;
#[cfg(test)]
mod tests;
mod writer;

pub use find::{Found, Meant};
pub use group::GroupTimes;
pub use merge::merge;
pub use reader::{Member, Parts, TracesFile};
pub use row::{Membership, Service, TraceRow};
pub use writer::TracesWriter;

/// The version that we write, and the newest that we read.
pub const VERSION: u32 = 1;

/// How many rows a row group has: few, as what bloom filters find is looked for in a whole row group;
const GROUP_ROWS: usize = 5 * PAGE_ROWS;
/// fewer when they take so much memory, roughly.
const GROUP_BYTES: usize = 16 << 20;

/// The key of the footer.
const VERSION_KEY: &str = "fluoro.traces.version";

/// The columns in the order of the file.
const MESSAGE: &str = "
message traces {
  required fixed_len_byte_array(16) trace_id;
  required int32 revision;
  required int64 first_received (TIMESTAMP(MICROS, true));
  required int64 last_received (TIMESTAMP(MICROS, true));
  optional int64 start_time (TIMESTAMP(MICROS, true));
  optional int64 end_time (TIMESTAMP(MICROS, true));
  optional int64 duration;
  optional int64 response_time;
  optional int64 longest;
  required int32 documents;
  required int64 bytes;
  required boolean again;
  required boolean complete;
  required boolean partial;
  required boolean inferred;
  required boolean fault;
  required boolean error;
  required boolean throttle;
  required boolean some_fault;
  required boolean some_error;
  required boolean some_throttle;
  required boolean fault_cause;
  required boolean error_cause;
  required boolean time_cause;
  optional binary name (STRING);
  optional binary http_method (STRING);
  optional binary http_url (STRING);
  optional binary http_user_agent (STRING);
  optional binary http_client_ip (STRING);
  optional int64 http_status;
  required group services (LIST) {
    repeated group list {
      required group element {
        required binary name (STRING);
        optional binary type (STRING);
        optional binary account_id (STRING);
        required boolean fault;
        required boolean error;
        required boolean throttle;
        optional int64 longest;
      }
    }
  }
  required group faulty (LIST) {
    repeated group list {
      required binary element (STRING);
    }
  }
  required group erroneous (LIST) {
    repeated group list {
      required binary element (STRING);
    }
  }
  required group throttled (LIST) {
    repeated group list {
      required binary element (STRING);
    }
  }
  required group users (LIST) {
    repeated group list {
      required binary element (STRING);
    }
  }
  required group annotations (MAP) {
    repeated group key_value {
      required binary key (STRING);
      required group value {
        optional binary text (STRING);
        optional double number;
        optional boolean boolean;
      }
    }
  }
  required group groups (LIST) {
    repeated group list {
      required group element {
        required binary group (STRING);
        required int64 joined (TIMESTAMP(MICROS, true));
        required int32 version;
      }
    }
  }
}";

static SCHEMA: LazyLock<TypePtr> = LazyLock::new(|| {
    let schema = parse_message_type(MESSAGE).expect("the schema is one");
    Arc::new(schema)
});

/// Which column is the how manieth, in [`MESSAGE`]'s order of leaves.
mod at {
    pub(super) const TRACE_ID: usize = 0;
    pub(super) const REVISION: usize = 1;
    pub(super) const FIRST_RECEIVED: usize = 2;
    pub(super) const LAST_RECEIVED: usize = 3;
    pub(super) const START_TIME: usize = 4;
    pub(super) const END_TIME: usize = 5;
    pub(super) const DURATION: usize = 6;
    pub(super) const RESPONSE_TIME: usize = 7;
    pub(super) const LONGEST: usize = 8;
    pub(super) const DOCUMENTS: usize = 9;
    pub(super) const BYTES: usize = 10;
    pub(super) const AGAIN: usize = 11;
    pub(super) const COMPLETE: usize = 12;
    pub(super) const PARTIAL: usize = 13;
    pub(super) const INFERRED: usize = 14;
    pub(super) const FAULT: usize = 15;
    pub(super) const ERROR: usize = 16;
    pub(super) const THROTTLE: usize = 17;
    pub(super) const SOME_FAULT: usize = 18;
    pub(super) const SOME_ERROR: usize = 19;
    pub(super) const SOME_THROTTLE: usize = 20;
    pub(super) const FAULT_CAUSE: usize = 21;
    pub(super) const ERROR_CAUSE: usize = 22;
    pub(super) const TIME_CAUSE: usize = 23;
    pub(super) const NAME: usize = 24;
    pub(super) const HTTP_METHOD: usize = 25;
    pub(super) const HTTP_URL: usize = 26;
    pub(super) const HTTP_USER_AGENT: usize = 27;
    pub(super) const HTTP_CLIENT_IP: usize = 28;
    pub(super) const HTTP_STATUS: usize = 29;
    pub(super) const SERVICE_NAME: usize = 30;
    pub(super) const SERVICE_TYPE: usize = 31;
    pub(super) const SERVICE_ACCOUNT_ID: usize = 32;
    pub(super) const SERVICE_FAULT: usize = 33;
    pub(super) const SERVICE_ERROR: usize = 34;
    pub(super) const SERVICE_THROTTLE: usize = 35;
    pub(super) const SERVICE_LONGEST: usize = 36;
    pub(super) const FAULTY: usize = 37;
    pub(super) const ERRONEOUS: usize = 38;
    pub(super) const THROTTLED: usize = 39;
    pub(super) const USER: usize = 40;
    pub(super) const ANNOTATION_KEY: usize = 41;
    pub(super) const ANNOTATION_TEXT: usize = 42;
    pub(super) const ANNOTATION_NUMBER: usize = 43;
    pub(super) const ANNOTATION_BOOLEAN: usize = 44;
    pub(super) const GROUP: usize = 45;
    pub(super) const GROUP_JOINED: usize = 46;
    pub(super) const GROUP_VERSION: usize = 47;
}

/// How each column is encoded.
static PROPERTIES: LazyLock<WriterPropertiesPtr> = LazyLock::new(|| {
    let path = |name: &str| ColumnPath::new(name.split('.').map(str::to_owned).collect());
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("fluoro ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS)
        .set_max_row_group_row_count(None)
        .set_statistics_enabled(EnabledStatistics::None);
    for name in [
        "revision",
        "first_received",
        "last_received",
        "start_time",
        "end_time",
        "duration",
        "response_time",
        "longest",
        "documents",
        "bytes",
    ] {
        properties = properties
            .set_column_encoding(path(name), Encoding::DELTA_BINARY_PACKED)
            .set_column_dictionary_enabled(path(name), false);
    }
    // Of many values: a dictionary would only be in the way.
    for name in [
        "trace_id",
        "http_url",
        "http_client_ip",
        "users.list.element",
        "annotations.key_value.value.text",
        "annotations.key_value.value.number",
    ] {
        properties = properties.set_column_dictionary_enabled(path(name), false);
    }
    let booleans = [
        "again",
        "complete",
        "partial",
        "inferred",
        "fault",
        "error",
        "throttle",
        "some_fault",
        "some_error",
        "some_throttle",
        "fault_cause",
        "error_cause",
        "time_cause",
    ];
    // Mostly the same: a run takes less than what a compressor says of itself.
    for name in booleans {
        properties = properties
            .set_column_encoding(path(name), Encoding::RLE)
            .set_column_compression(path(name), Compression::UNCOMPRESSED)
            .set_column_statistics_enabled(path(name), EnabledStatistics::Chunk);
    }
    for name in [
        "trace_id",
        "first_received",
        "last_received",
        "start_time",
        "end_time",
        "duration",
        "response_time",
        "longest",
    ] {
        properties = properties.set_column_statistics_enabled(path(name), EnabledStatistics::Page);
    }
    for name in ["http_status", "annotations.key_value.value.number"] {
        properties = properties.set_column_statistics_enabled(path(name), EnabledStatistics::Chunk);
    }
    // Made for so many different values and folded to what there are.
    for (name, most) in [
        ("trace_id", 1),
        ("services.list.element.name", 1),
        ("services.list.element.type", 1),
        ("users.list.element", 2),
        ("annotations.key_value.key", 1),
        ("annotations.key_value.value.text", 8),
    ] {
        properties = properties
            .set_column_bloom_filter_enabled(path(name), true)
            .set_column_bloom_filter_fpp(path(name), 0.02)
            .set_column_bloom_filter_max_ndv(path(name), most * GROUP_ROWS as u64);
    }
    Arc::new(properties.build())
});
