//! Requests of OTLP in protocol buffers, to the server's own address for them.
//!
//! A file is one `ExportTraceServiceRequest` (`TracesData` is the same on the wire), or several, each after its length. As the
//! parts of a request can be sent by themselves, they are sent again in requests of a good size.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use fluoro_otlp::response;
use http::StatusCode;
use http::uri::Authority;
use serde_json::Value;

use super::sending::patiently;
use super::{Reading, Tally};
use crate::client::{Answer, Client};

/// How long a request is, unless one part is longer by itself.
const REQUEST: usize = 1 << 20;

/// The first field of a request, `resource_spans`: the number, and that a length follows.
const PART: u8 = 0x0a;

/// What stands before each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// Nothing: there is one.
    Alone,
    /// Four bytes, the lowest first.
    Little,
    /// Four bytes, the highest first: the Collector's file exporter.
    Big,
    /// A varint: messages that are "delimited", as OpenTelemetry's specification of files has it.
    Varint,
}

/// Where the parts of the requests lie.
#[derive(Debug)]
struct Parts<'f> {
    file: BufReader<&'f File>,
    framing: Framing,
    at: u64,
    /// Where the request ends.
    end: u64,
    length: u64,
}

/// Asks the server's address for OTLP, as this machine sees it.
pub(super) fn client(client: &Client, listeners: &Value) -> anyhow::Result<Client> {
    let address = listeners["otlp_http"].as_str();
    let address = address.context(
        "it has requests of OTLP, and the server does not take these: start it with --otlp-http ADDR",
    )?;
    let address: SocketAddr = address
        .parse()
        .context("the server's address for OTLP is none")?;
    let endpoint = client.endpoint();
    let host = endpoint
        .strip_prefix("http://")
        .and_then(|host| host.parse::<Authority>().ok());
    let host = match host {
        // It listens everywhere, or where we have reached it already.
        Some(host) if address.ip().is_unspecified() || address.ip().is_loopback() => {
            format!("{}:{}", host.host(), address.port())
        }
        _ => address.to_string(),
    };
    Ok(Client::new(&format!("http://{host}"), client.region()))
}

pub(super) async fn send(
    client: &Client,
    framing: Framing,
    reading: &mut Reading<'_>,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let mut parts = Parts::of(reading.file, framing)?;
    let mut request = Vec::new();
    while let Some(part) = parts.next()? {
        let size = usize::try_from(part.end - part.start)?;
        if !request.is_empty() && request.len() + size > REQUEST {
            post(client, std::mem::take(&mut request).into(), tally).await?;
            reading.tell(part.start, reading.length, tally);
        }
        let begin = request.len();
        request.resize(begin + size, 0);
        let read = reading
            .file
            .read_exact_at(&mut request[begin..], part.start);
        read.context("it changed while it was read")?;
    }
    if !request.is_empty() {
        post(client, request.into(), tally).await?;
    }
    Ok(())
}

async fn post(client: &Client, request: Bytes, tally: &mut Tally) -> anyhow::Result<()> {
    // What is malformed is one thing that the server refuses.
    let spans = fluoro_otlp::spans(&request).unwrap_or(1);
    let path = "/v1/traces";
    let answer = patiently(client, path, "application/x-protobuf", &request).await?;
    let (refused, message) = match answer.status {
        StatusCode::OK => response::rejected(&answer.body)?,
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => (spans, message(&answer)),
        status => bail!("the server answered {status}: {}", message(&answer)),
    };
    tally.spans.refused += refused;
    tally.spans.accepted += spans.saturating_sub(refused);
    if refused > 0 {
        tally.refuse(|| message);
    }
    Ok(())
}

/// What the server says, if it can be read.
fn message(answer: &Answer) -> String {
    response::message(&answer.body).unwrap_or_else(|_| answer.status.to_string())
}

/// Source: protocol buffers, encoding.
fn varint(mut next: impl FnMut() -> Option<u8>) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = next()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

// === impl Framing ===

impl Framing {
    /// The one by which a file is parts from its begin to its end; `None` when it is something else.
    pub(super) fn of(file: &File) -> io::Result<Option<Self>> {
        for framing in [Self::Alone, Self::Little, Self::Big, Self::Varint] {
            match Parts::of(file, framing)?.fit() {
                Ok(true) => return Ok(Some(framing)),
                Err(error) if error.kind() != io::ErrorKind::InvalidData => return Err(error),
                Ok(false) | Err(_) => {}
            }
        }
        Ok(None)
    }
}

// === impl Parts ===

impl<'f> Parts<'f> {
    fn of(file: &'f File, framing: Framing) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let mut file = BufReader::new(file);
        io::Seek::rewind(&mut file)?;
        Ok(Self {
            file,
            framing,
            at: 0,
            end: if framing == Framing::Alone { length } else { 0 },
            length,
        })
    }

    /// Whether there is any, and each may be one.
    fn fit(mut self) -> io::Result<bool> {
        let mut parts = 0;
        while let Some(_part) = self.next()? {
            parts += 1;
        }
        Ok(parts > 0)
    }

    /// The next part, with its number and length.
    fn next(&mut self) -> io::Result<Option<Range<u64>>> {
        while self.at == self.end {
            if self.at == self.length {
                return Ok(None);
            }
            let size = match self.framing {
                Framing::Alone => return Err(strange()),
                Framing::Little => u64::from(u32::from_le_bytes(self.four()?)),
                Framing::Big => u64::from(u32::from_be_bytes(self.four()?)),
                Framing::Varint => self.varint()?,
            };
            self.end = self.within(size, self.length)?;
        }
        let start = self.at;
        if self.byte()? != PART {
            return Err(strange());
        }
        let size = self.varint()?;
        let end = self.within(size, self.end)?;
        if size > 0 {
            // A resource, its scopes' spans, or a schema's URL.
            let first = self.file.fill_buf()?.first().copied();
            if !matches!(first, Some(0x0a | 0x12 | 0x1a)) {
                return Err(strange());
            }
        }
        self.file
            .seek_relative(i64::try_from(size).map_err(|_| strange())?)?;
        self.at = end;
        Ok(Some(start..end))
    }

    /// Where so many bytes end, which must not be beyond that.
    fn within(&self, size: u64, end: u64) -> io::Result<u64> {
        let found = self.at.checked_add(size);
        found.filter(|found| *found <= end).ok_or_else(strange)
    }

    fn varint(&mut self) -> io::Result<u64> {
        let mut failed = None;
        let found = varint(|| self.byte().map_err(|error| failed = Some(error)).ok());
        found.ok_or_else(|| failed.unwrap_or_else(strange))
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.fill(&mut byte)?;
        Ok(byte[0])
    }

    fn four(&mut self) -> io::Result<[u8; 4]> {
        let mut four = [0; 4];
        self.fill(&mut four)?;
        Ok(four)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.file
            .read_exact(bytes)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => strange(),
                _ => error,
            })?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}

fn strange() -> io::Error {
    io::ErrorKind::InvalidData.into()
}
