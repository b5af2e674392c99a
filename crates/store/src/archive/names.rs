//! What the files of a block are called.

use crate::blocks::BlockName;

/// A file of a block.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Segments,
    Traces,
    Rollups,
}

/// Whose name that is, or nobody's that we know.
pub(super) fn number_of(name: &BlockName) -> Option<u64> {
    let (number, _) = name.as_str().split_once('-')?;
    (number.len() == 16)
        .then(|| u64::from_str_radix(number, 16).ok())
        .flatten()
}

pub(super) fn name_of(number: u64, part: Part) -> BlockName {
    let part = match part {
        Part::Segments => "segments.parquet",
        Part::Traces => "traces.parquet",
        Part::Rollups => "rollups",
    };
    BlockName::new(format!("{number:016x}-{part}")).expect("it has no other letters")
}

/// All files of a block, those among them that not every block has.
pub(super) fn files_of(number: u64) -> [BlockName; 5] {
    [
        name_of(number, Part::Segments),
        sums_of(number, Part::Segments),
        name_of(number, Part::Traces),
        sums_of(number, Part::Traces),
        name_of(number, Part::Rollups),
    ]
}

pub(super) fn sums_of(number: u64, part: Part) -> BlockName {
    let name = name_of(number, part);
    BlockName::new(format!("{name}.sums")).expect("it has no other letters")
}
