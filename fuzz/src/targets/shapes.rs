//! Documents as shapes: coded with a model that grows, read with it and with its journal.

use fluoro_shape::{Encoder, Model, Seeds, Streams};

pub(super) const DICTIONARY: &[&str] = &[
    "1732450000.123456",
    "1.7324500001234567E9",
    "-0.0",
    "u-004711",
    "0123456789abcdef",
    "01234567-89ab-cdef-0123-456789abcdef",
    "\":[{\"",
    "},{",
    "\\\"",
    "\u{1}",
    " ",
];

/// The lines are documents, one after another; the last byte also does damage to what they were coded to.
pub(super) fn run(input: &[u8]) {
    let seeds = Seeds {
        trace: [0x58; 16],
        id: [0x01; 8],
        parent: None,
        start_micros: 1_732_450_000_123_456,
        end_micros: None,
        texts: &[b"u-004711"],
    };
    let mut encoder = Encoder::new(Model::default());
    let mut all = Vec::new();
    // Twice: what comes again is learnt, and coded by what was learnt.
    for document in input.split(|byte| *byte == b'\n').chain([input, input]) {
        let mut streams = Streams::default();
        if encoder.encode(&seeds, document, &mut streams).is_ok() {
            all.push((document, streams));
        } else {
            assert_eq!(
                streams,
                Streams::default(),
                "what does not fit leaves nothing"
            );
        }
    }
    let again = Model::from_journal(encoder.model().journal()).expect("a journal is read again");
    for (document, streams) in &all {
        let mut out = Vec::new();
        again
            .decode(&seeds, streams.coded(), &mut out)
            .expect("what was coded is read");
        assert_eq!(out, *document, "byte for byte");
    }
    let Some((_, streams)) = all.last() else {
        let _either = Model::from_journal(input);
        return;
    };
    let mut damaged = streams.clone();
    let by = input.last().copied().unwrap_or_default();
    for stream in [
        &mut damaged.shapes,
        &mut damaged.numbers,
        &mut damaged.ids,
        &mut damaged.text,
    ] {
        if let Some(byte) = stream.get_mut(usize::from(by) / 4) {
            *byte ^= by;
        }
    }
    let _either = again.decode(&seeds, damaged.coded(), &mut Vec::new());
}
