use std::fmt;
use std::io::Write;
use std::sync::Arc;

use fluoro_model::TimestampMicros;
use fluoro_trace::projection::Outcome;
use parquet::data_type::{BoolType, Int32Type, Int64Type};
use parquet::errors::Result;
use parquet::file::metadata::{KeyValue, ParquetMetaData};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};

use super::lasting::Telling;
use super::{GROUP_BYTES, GROUP_ROWS, PROPERTIES, SCHEMA, Service, TraceRow, VERSION, VERSION_KEY};
use crate::column::{Entries, write as put, write_ids, write_optional, write_optional_texts};
use crate::{BlockError, annotations};

/// Writes a file of rows, which are held until a row group of them is complete.
pub struct TracesWriter<W: Write + Send> {
    file: SerializedFileWriter<W>,
    rows: Vec<TraceRow>,
    telling: Telling,
    /// How much memory they take, roughly.
    bytes: usize,
    /// How many rows a group has at most, and how much memory they take, roughly.
    pub(super) group: (usize, usize),
}

// === impl TracesWriter ===

impl<W: Write + Send> TracesWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    ///
    /// When `out` fails.
    pub fn new(out: W) -> std::result::Result<Self, BlockError> {
        let mut file =
            SerializedFileWriter::new(out, Arc::clone(&SCHEMA), Arc::clone(&PROPERTIES))?;
        let version = KeyValue::new(VERSION_KEY.to_owned(), VERSION.to_string());
        file.append_key_value_metadata(version);
        Ok(Self {
            file,
            rows: Vec::new(),
            telling: Telling::default(),
            bytes: 0,
            group: (GROUP_ROWS, GROUP_BYTES),
        })
    }

    /// Takes the next row: rows come in order of [`TraceRow::place`].
    ///
    /// # Errors
    ///
    /// When `out` fails.
    pub fn push(&mut self, row: TraceRow) -> std::result::Result<(), BlockError> {
        debug_assert!(
            self.rows
                .last()
                .is_none_or(|last| last.place() <= row.place())
        );
        self.bytes += row.weight();
        self.rows.push(row);
        let (rows, bytes) = self.group;
        if self.rows.len() >= rows || self.bytes >= bytes {
            self.end_group()?;
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    ///
    /// When `out` fails.
    pub fn finish(mut self) -> std::result::Result<ParquetMetaData, BlockError> {
        self.end_group()?;
        let slowest = self.telling.to_key_value();
        self.file.append_key_value_metadata(slowest);
        Ok(self.file.close()?)
    }

    fn end_group(&mut self) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        write_columns(&mut group, &self.rows)?;
        group.close()?;
        self.telling.push(&self.rows);
        self.rows.clear();
        self.bytes = 0;
        Ok(())
    }
}

impl<W: Write + Send> fmt::Debug for TracesWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracesWriter").finish_non_exhaustive()
    }
}

/// What a service may have ended with, in the order of the columns.
const OUTCOMES: [fn(Outcome) -> bool; 3] = [
    |outcome| outcome.fault,
    |outcome| outcome.error,
    |outcome| outcome.throttle,
];

type Of<T> = fn(&TraceRow) -> T;
type OptionalText<E> = fn(&E) -> &Option<Box<str>>;

fn write_columns(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    rows: &[TraceRow],
) -> Result<()> {
    let traces = rows.iter().map(|row| row.trace.bits().to_be_bytes());
    write_ids(group, traces.map(Some), false)?;
    put::<Int32Type>(group, rows.iter().map(|row| row.revision.cast_signed()))?;
    put::<Int64Type>(group, rows.iter().map(|row| row.first_received.0))?;
    put::<Int64Type>(group, rows.iter().map(|row| row.last_received.0))?;
    let micros = |time: TimestampMicros| time.0;
    write_optional::<Int64Type>(group, rows.iter().map(|row| row.start.map(micros)))?;
    write_optional::<Int64Type>(group, rows.iter().map(|row| row.end.map(micros)))?;
    let durations: [Of<Option<i64>>; 3] = [
        |row| row.duration,
        |row| row.response_time,
        |row| row.longest,
    ];
    for of in durations {
        write_optional::<Int64Type>(group, rows.iter().map(of))?;
    }
    put::<Int32Type>(group, rows.iter().map(|row| row.documents.cast_signed()))?;
    put::<Int64Type>(group, rows.iter().map(|row| row.bytes.cast_signed()))?;
    let flags: [Of<bool>; 13] = [
        |row| row.again,
        |row| row.complete,
        |row| row.partial,
        |row| row.inferred,
        |row| row.outcome.fault,
        |row| row.outcome.error,
        |row| row.outcome.throttle,
        |row| row.some.fault,
        |row| row.some.error,
        |row| row.some.throttle,
        |row| row.fault_cause,
        |row| row.error_cause,
        |row| row.time_cause,
    ];
    for of in flags {
        put::<BoolType>(group, rows.iter().map(of))?;
    }
    let texts: [OptionalText<TraceRow>; 5] = [
        |row| &row.name,
        |row| &row.http_method,
        |row| &row.http_url,
        |row| &row.http_user_agent,
        |row| &row.http_client_ip,
    ];
    for of in texts {
        let texts = rows.iter().map(|row| of(row).as_deref());
        write_optional_texts(group, texts.map(|text| text.map(str::as_bytes)))?;
    }
    write_optional::<Int64Type>(group, rows.iter().map(|row| row.http_status))?;
    write_services(group, rows)?;
    for ended_so in OUTCOMES {
        let named = rows.iter().map(|row| {
            let services = row.services.iter();
            let services = services.filter(|service| ended_so(service.outcome));
            services.map(|service| &*service.name).collect()
        });
        let named: Vec<Vec<&str>> = named.collect();
        Entries::of(named.iter().map(Vec::as_slice)).write_texts(group, |name| name)?;
    }
    let users = Entries::of(rows.iter().map(|row| &row.users[..]));
    users.write_texts(group, |user| user)?;
    annotations::write(group, rows.iter().map(|row| &row.annotations[..]))?;
    let groups = Entries::of(rows.iter().map(|row| &row.groups[..]));
    groups.write_texts(group, |member| &member.group)?;
    groups.write::<Int64Type>(group, |member| member.joined.0)?;
    groups.write::<Int32Type>(group, |member| member.version.cast_signed())
}

fn write_services(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    rows: &[TraceRow],
) -> Result<()> {
    let services = Entries::of(rows.iter().map(|row| &row.services[..]));
    services.write_texts(group, |service| &service.name)?;
    let texts: [OptionalText<Service>; 2] =
        [|service| &service.kind, |service| &service.account_id];
    for of in texts {
        services.write_optional_texts(group, |service| of(service).as_deref())?;
    }
    for of in OUTCOMES {
        services.write::<BoolType>(group, |service| of(service.outcome))?;
    }
    services.write_optional::<Int64Type>(group, |service| service.longest)
}
