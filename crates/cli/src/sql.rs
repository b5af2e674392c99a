//! `sql`: a statement to a server, its result as a table, or to a file.
//!
//! JSON, CSV and Parquet are copied as the server writes them. A table is made here: of the first rows, from which its columns have
//! their widths, and of the others as they come.

use std::io::{IsTerminal, Read as _, Write};
use std::path::Path;

use anyhow::{Context as _, bail};
use bytes::BytesMut;
use fluoro_stack::encoded;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::Value;

use crate::args::{Cli, Sql, SqlFormat};
use crate::client::Client;
use crate::export::Part;
use crate::paint::{Ink, Paint, cut};

/// So many rows decide how wide the columns of a table are.
const FIRST: usize = 1_000;

/// How wide a column on a terminal is at most.
const WIDEST: usize = 72;

/// What can be done about an answer that is not whole.
const BROKEN: &str = "the result broke off: the statement took too long or too much memory, or the server stopped; its log says which";

pub(crate) async fn run(cli: &Cli, client: &Client, sql: &Sql) -> anyhow::Result<()> {
    let statement = match sql.statement.as_str() {
        "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            text
        }
        text => text.to_owned(),
    };
    let format = sql.format.unwrap_or_else(|| default_format(cli, sql));
    let output = sql.output.as_deref().filter(|path| path.as_os_str() != "-");
    match output {
        None => {
            let mut out = std::io::stdout();
            if matches!(format, SqlFormat::Parquet) && out.is_terminal() {
                bail!("Parquet is binary: send it to a file with -o, or to another program");
            }
            let body = ask(client, &statement, sql, format).await?;
            let written = write(format, body, &mut out, Paint::of_stdout()).await;
            // A reader that went away (`| head`) is no failure.
            match written {
                Err(error) if is_over(&error) => Ok(()),
                written => written,
            }
        }
        Some(path) => {
            if !sql.force && path.try_exists()? {
                bail!(
                    "{} is there already; --force takes its place",
                    path.display()
                );
            }
            let body = ask(client, &statement, sql, format).await?;
            let mut part = Part::beside(path)?;
            write(format, body, part.file(), Paint::of_files()).await?;
            part.keep(path)
        }
    }
}

/// As the file's name says, else for people, else for programs.
fn default_format(cli: &Cli, sql: &Sql) -> SqlFormat {
    let name = sql.output.as_deref().and_then(Path::extension);
    match name.and_then(|name| name.to_str()) {
        Some("parquet") => SqlFormat::Parquet,
        Some("csv") => SqlFormat::Csv,
        Some("json" | "jsonl" | "ndjson") => SqlFormat::Json,
        _ if cli.json => SqlFormat::Json,
        _ => SqlFormat::Table,
    }
}

async fn ask(
    client: &Client,
    statement: &str,
    sql: &Sql,
    format: SqlFormat,
) -> anyhow::Result<Incoming> {
    let format = match format {
        SqlFormat::Table => "rows",
        SqlFormat::Json => "lines",
        SqlFormat::Csv => "csv",
        SqlFormat::Parquet => "parquet",
    };
    let mut path = format!("sql?format={format}");
    if let Some(timeout) = &sql.timeout {
        path.push_str(&format!("&timeout={}", encoded(timeout)));
    }
    let answer = client.own_post_stream(&path, statement.to_owned().into());
    Ok(answer.await?.into_body())
}

async fn write(
    format: SqlFormat,
    mut body: Incoming,
    out: &mut impl Write,
    paint: Paint,
) -> anyhow::Result<()> {
    let mut table = matches!(format, SqlFormat::Table).then(|| Table::new(paint));
    let written = async {
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.context(BROKEN)?.into_data() else {
                continue; // trailers
            };
            match &mut table {
                Some(table) => table.take(&data, out)?,
                None => out.write_all(&data)?,
            }
        }
        if let Some(table) = &mut table {
            table.end(out)?;
        }
        Ok(out.flush()?)
    };
    tokio::select! {
        written = written => written,
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
    }
}

fn is_over(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Lines of JSON on their way to be a table.
struct Table {
    paint: Paint,
    read: BytesMut,
    columns: Vec<Column>,
    /// Those that wait until the widths are known.
    first: Vec<Vec<String>>,
    is_begun: bool,
}

struct Column {
    name: String,
    width: usize,
    is_number: bool,
}

// === impl Table ===

impl Table {
    fn new(paint: Paint) -> Self {
        Self {
            paint,
            read: BytesMut::new(),
            columns: Vec::new(),
            first: Vec::new(),
            is_begun: false,
        }
    }

    fn take(&mut self, data: &[u8], out: &mut impl Write) -> anyhow::Result<()> {
        self.read.extend_from_slice(data);
        while let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
            let line = self.read.split_to(end + 1);
            let line = serde_json::from_slice(&line).context("the server sent no rows")?;
            match line {
                Value::Array(values) => {
                    let row: Vec<String> = values.iter().map(shown).collect();
                    if self.is_begun {
                        self.row(&row, out)?;
                    } else {
                        self.first.push(row);
                        if self.first.len() == FIRST {
                            self.begin(out)?;
                        }
                    }
                }
                head => self.columns = columns(&head),
            }
        }
        Ok(())
    }

    fn end(&mut self, out: &mut impl Write) -> anyhow::Result<()> {
        if !self.is_begun {
            self.begin(out)?;
        }
        Ok(())
    }

    /// Writes the head and the rows that waited.
    fn begin(&mut self, out: &mut impl Write) -> anyhow::Result<()> {
        self.is_begun = true;
        let first = std::mem::take(&mut self.first);
        for row in &first {
            for (column, value) in self.columns.iter_mut().zip(row) {
                let widths = value.lines().map(|line| line.chars().count());
                column.width = column.width.max(widths.max().unwrap_or(0));
            }
        }
        if self.paint.colour {
            for column in &mut self.columns {
                column.width = column.width.min(WIDEST);
            }
        }
        let names: Vec<String> = self
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect();
        let head = self.line(names.iter().map(String::as_str));
        out.write_all(self.paint.line(Ink::Faint, &head).as_bytes())?;
        for row in &first {
            self.row(row, out)?;
        }
        Ok(())
    }

    /// As many lines as the longest of its values has.
    fn row(&self, row: &[String], out: &mut impl Write) -> anyhow::Result<()> {
        let lines = row.iter().map(|value| value.lines().count()).max();
        for index in 0..lines.unwrap_or(0).max(1) {
            let values = row
                .iter()
                .map(|value| value.lines().nth(index).unwrap_or_default());
            writeln!(out, "{}", self.line(values))?;
        }
        Ok(())
    }

    fn line<'v>(&self, values: impl Iterator<Item = &'v str>) -> String {
        let mut line = String::new();
        for (column, value) in self.columns.iter().zip(values) {
            let value = match self.paint.colour {
                true => cut(value, column.width),
                false => value.to_owned(),
            };
            let missing = column.width.saturating_sub(value.chars().count());
            let space = " ".repeat(missing);
            match column.is_number {
                true => line.extend([&*space, &value, "  "]),
                false => line.extend([&*value, &space, "  "]),
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

fn columns(head: &Value) -> Vec<Column> {
    let columns = head["columns"].as_array().into_iter().flatten();
    let columns = columns.map(|column| {
        let text = |member: &str| column[member].as_str().unwrap_or_default().to_owned();
        let (name, kind) = (text("name"), text("type"));
        Column {
            width: name.chars().count(),
            name,
            is_number: ["Int", "UInt", "Float", "Decimal"]
                .iter()
                .any(|number| kind.starts_with(number)),
        }
    });
    columns.collect()
}

/// Texts as they are but for what would move the cursor; what is not there is empty.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text
            .chars()
            .map(|letter| match letter {
                '\n' => '\n',
                letter if letter.is_control() => '\u{fffd}',
                letter => letter,
            })
            .collect(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(lines: &[&str], colour: bool) -> String {
        let mut table = Table::new(Paint { colour, width: 80 });
        let mut out = Vec::new();
        let text = lines
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>();
        // In pieces that end anywhere.
        for piece in text.as_bytes().chunks(7) {
            table.take(piece, &mut out).unwrap();
        }
        table.end(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    const HEAD: &str = r#"{"columns":[{"name":"name","type":"Utf8"},{"name":"n","type":"Int64"},{"name":"of","type":"Map"}]}"#;

    #[test]
    fn numbers_stand_right_and_lines_below_each_other() {
        let rows = [
            HEAD,
            r#"["shop",7,{"tier":"gold"}]"#,
            r#"["two\nlines\u001b[2J",1234,null]"#,
            "[null,null,[]]",
        ];
        let wanted = "name          n  of\n\
                      shop          7  {\"tier\":\"gold\"}\n\
                      two        1234\n\
                      lines\u{fffd}[2J\n\
                      \u{20}                []\n";
        assert_eq!(table(&rows, false), wanted);
    }

    #[test]
    fn nothing_has_a_head() {
        assert_eq!(table(&[HEAD], false), "name  n  of\n");
    }

    #[test]
    fn a_terminal_cuts_what_is_long_and_a_file_does_not() {
        let long = "x".repeat(200);
        let row = format!(r#"["{long}",1,null]"#);
        assert!(table(&[HEAD, &row], false).contains(&long));
        let shown = table(&[HEAD, &row], true);
        assert!(!shown.contains(&long) && shown.contains('…'));
    }
}
