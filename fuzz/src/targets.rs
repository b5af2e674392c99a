//! What is fuzzed: one function a parser. It takes any bytes and panics when a promise is broken.

mod datagrams;
mod documents;
mod filters;
mod header;
mod otlp;
mod shapes;

/// One parser under test.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// Well-formed inputs, one a line.
    corpus: &'static str,
    /// What makes an input of a line of the corpus.
    seed: fn(&str) -> Vec<u8>,
    /// Words that this parser looks for.
    pub(crate) dictionary: &'static [&'static str],
    /// Gives the parser an input and holds it to its promises.
    pub(crate) run: fn(&[u8]),
}

pub(crate) const TARGETS: [Target; 6] = [
    Target {
        name: "datagrams",
        corpus: include_str!("../corpus/documents.jsonl"),
        seed: datagrams::seed,
        dictionary: datagrams::DICTIONARY,
        run: datagrams::run,
    },
    Target {
        name: "documents",
        corpus: include_str!("../corpus/documents.jsonl"),
        seed: plain,
        dictionary: documents::DICTIONARY,
        run: documents::run,
    },
    Target {
        name: "filters",
        corpus: include_str!("../corpus/filters.txt"),
        seed: plain,
        dictionary: filters::DICTIONARY,
        run: filters::run,
    },
    Target {
        name: "header",
        corpus: include_str!("../corpus/headers.txt"),
        seed: plain,
        dictionary: header::DICTIONARY,
        run: header::run,
    },
    Target {
        name: "otlp",
        corpus: include_str!("../corpus/otlp.hex"),
        seed: otlp::seed,
        dictionary: otlp::DICTIONARY,
        run: otlp::run,
    },
    Target {
        name: "shapes",
        corpus: include_str!("../corpus/documents.jsonl"),
        seed: plain,
        dictionary: shapes::DICTIONARY,
        run: shapes::run,
    },
];

impl Target {
    /// The inputs that mutation starts from.
    pub(crate) fn seeds(&self) -> Vec<Vec<u8>> {
        self.corpus.lines().map(self.seed).collect()
    }
}

fn plain(line: &str) -> Vec<u8> {
    line.as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_keeps_its_parsers_promises() {
        for target in TARGETS {
            assert!(!target.seeds().is_empty());
            for seed in target.seeds() {
                (target.run)(&seed);
            }
        }
    }
}
