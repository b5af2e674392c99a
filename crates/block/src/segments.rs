//! The file `segments`: a row a document, by trace, then start.
//!
//! Pages have few rows, so that a trace is read without the rest of its row group. Trace ids have statistics and a bloom
//! filter. The file carries the format's version and the model in its footer.

use std::sync::{Arc, LazyLock};

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnPath, TypePtr};

use crate::file::PAGE_ROWS;

mod merge;
mod model;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use merge::merge;
pub use model::SharedModel;
pub use reader::{SegmentsFile, StoredDocument, TraceIds};
pub use writer::SegmentsWriter;

/// The version that we write, and the newest that we read.
pub const VERSION: u32 = 1;

/// How many rows a row group has,
const GROUP_ROWS: usize = 32_768;
/// unless they take so much memory, roughly.
const GROUP_BYTES: usize = 32 << 20;

/// Keys of the footer.
const VERSION_KEY: &str = "fluoro.segments.version";
const MODEL_KEY: &str = "fluoro.segments.model";

/// The model is kept as hexadecimal text of its compressed journal: values of a footer are text.
const MODEL_LEVEL: i32 = 9;
const LARGEST_MODEL: usize = 4 << 20;

/// The columns in the order of the file.
const MESSAGE: &str = "
message segments {
  required fixed_len_byte_array(16) trace_id;
  required fixed_len_byte_array(8) id;
  optional fixed_len_byte_array(8) parent_id;
  required int64 start_time (TIMESTAMP(MICROS, true));
  optional int64 duration;
  required int64 received (TIMESTAMP(MICROS, true));
  required int32 number;
  required binary name (STRING);
  optional binary origin (STRING);
  optional binary http_method (STRING);
  optional binary http_url (STRING);
  optional int64 http_status;
  optional binary user (STRING);
  required boolean fault;
  required boolean error;
  required boolean throttle;
  required int32 spans;
  required int32 bytes;
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
  required int32 checksum;
  optional binary coded_shapes;
  optional binary coded_numbers;
  optional binary coded_ids;
  optional binary coded_text;
  optional binary document;
}";

static SCHEMA: LazyLock<TypePtr> = LazyLock::new(|| {
    let schema = parse_message_type(MESSAGE).expect("the schema is one");
    Arc::new(schema)
});

/// Which column is the how manieth, in [`MESSAGE`]'s order of leaves.
mod at {
    pub(super) const TRACE_ID: usize = 0;
    pub(super) const ID: usize = 1;
    pub(super) const PARENT_ID: usize = 2;
    pub(super) const START_TIME: usize = 3;
    pub(super) const DURATION: usize = 4;
    pub(super) const RECEIVED: usize = 5;
    pub(super) const NUMBER: usize = 6;
    pub(super) const NAME: usize = 7;
    pub(super) const ORIGIN: usize = 8;
    pub(super) const HTTP_METHOD: usize = 9;
    pub(super) const HTTP_URL: usize = 10;
    pub(super) const HTTP_STATUS: usize = 11;
    pub(super) const USER: usize = 12;
    pub(super) const FAULT: usize = 13;
    pub(super) const ERROR: usize = 14;
    pub(super) const THROTTLE: usize = 15;
    pub(super) const SPANS: usize = 16;
    pub(super) const BYTES: usize = 17;
    pub(super) const ANNOTATION_KEY: usize = 18;
    pub(super) const ANNOTATION_TEXT: usize = 19;
    pub(super) const ANNOTATION_NUMBER: usize = 20;
    pub(super) const ANNOTATION_BOOLEAN: usize = 21;
    pub(super) const CHECKSUM: usize = 22;
    pub(super) const CODED: [usize; 4] = [23, 24, 25, 26];
    pub(super) const DOCUMENT: usize = 27;
}

/// How each column is encoded: what the probe of layouts found best (`docs/format.md`).
static PROPERTIES: LazyLock<WriterPropertiesPtr> = LazyLock::new(|| {
    let path = |name: &str| ColumnPath::new(name.split('.').map(str::to_owned).collect());
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("fluoro ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS)
        .set_max_row_group_row_count(None)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_column_encoding(path("trace_id"), Encoding::DELTA_BYTE_ARRAY)
        .set_column_bloom_filter_enabled(path("trace_id"), true)
        // There may be thousands of row groups, and ids that have nothing of time in them are looked for in all.
        .set_column_bloom_filter_fpp(path("trace_id"), 0.0001)
        .set_column_bloom_filter_max_ndv(path("trace_id"), GROUP_ROWS as u64);
    for name in ["trace_id", "start_time", "received", "duration"] {
        properties = properties.set_column_statistics_enabled(path(name), EnabledStatistics::Page);
    }
    for name in [
        "start_time",
        "duration",
        "received",
        "number",
        "spans",
        "bytes",
    ] {
        properties = properties.set_column_encoding(path(name), Encoding::DELTA_BINARY_PACKED);
    }
    for name in [
        "coded_shapes",
        "coded_numbers",
        "coded_ids",
        "coded_text",
        "document",
    ] {
        properties = properties.set_column_encoding(path(name), Encoding::DELTA_LENGTH_BYTE_ARRAY);
    }
    // Of many values: a dictionary would only be in the way.
    let plain = [
        "trace_id",
        "id",
        "parent_id",
        "start_time",
        "duration",
        "received",
        "number",
        "spans",
        "bytes",
        "checksum",
        "http_url",
        "user",
        "annotations.key_value.value.text",
        "annotations.key_value.value.number",
        "coded_shapes",
        "coded_numbers",
        "coded_ids",
        "coded_text",
        "document",
    ];
    for name in plain {
        properties = properties.set_column_dictionary_enabled(path(name), false);
    }
    // Random.
    for name in ["id", "parent_id", "checksum", "coded_ids"] {
        properties = properties.set_column_compression(path(name), Compression::UNCOMPRESSED);
    }
    Arc::new(properties.build())
});
