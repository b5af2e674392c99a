//! X-Ray documents, one a line; also as a daemon gets them, each after a line with its format.

use std::io::{BufRead, BufReader, Read};

use serde_json::Value;

use super::{Reading, Sending, Tally};
use crate::client::Client;

/// No server takes longer documents (`limits.document_size`).
const LONGEST: usize = 8 << 20;

pub(super) async fn send(
    client: &Client,
    reading: &mut Reading<'_>,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let mut lines = BufReader::new(reading.file);
    let mut sending = Sending::new(client, tally);
    let (mut line, mut number, mut done) = (Vec::new(), 0u64, 0);
    loop {
        line.clear();
        let longest = LONGEST as u64 + 1;
        let read = lines.by_ref().take(longest).read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        number += 1;
        done += read as u64;
        if read > LONGEST {
            if line.last() != Some(&b'\n') {
                done += lines.skip_until(b'\n')? as u64;
            }
            sending.refuse(&format!("line {number} is longer than {LONGEST} bytes"));
        } else if !line.trim_ascii().is_empty() && !is_head(&line) {
            sending.document(line.trim_ascii_end()).await?;
        }
        reading.tell(done, reading.length, sending.tally());
    }
    sending.end().await
}

/// Whether it is what stands before a document in a datagram. Source: X-Ray developer guide, sending segment documents to the
/// daemon.
fn is_head(line: &[u8]) -> bool {
    if line.len() > 100 {
        return false;
    }
    let head: Value = serde_json::from_slice(line).unwrap_or_default();
    head["format"] == "json" && head["version"].is_number() && head["id"].is_null()
}
