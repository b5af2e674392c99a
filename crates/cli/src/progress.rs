//! How far something is: one line on standard error, where that is a terminal.

use std::io::IsTerminal;

/// The line; gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    is_shown: bool,
    told: String,
}

impl Progress {
    pub(crate) fn of_stderr() -> Self {
        Self {
            is_shown: std::io::stderr().is_terminal(),
            told: String::new(),
        }
    }

    /// Shows this instead of what was told before.
    pub(crate) fn tell(&mut self, text: impl FnOnce() -> String) {
        if !self.is_shown {
            return;
        }
        let text = text();
        if text != self.told {
            eprint!("\r\x1b[2K{text}");
            self.told = text;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if !self.told.is_empty() {
            eprint!("\r\x1b[2K");
        }
    }
}

/// A size as people say it.
pub(crate) fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown to one decimal")]
    let of = |unit: u64| bytes as f64 / unit as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", of(1_000)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", of(1_000_000)),
        _ => format!("{:.2} GB", of(1_000_000_000)),
    }
}

/// So many of something.
pub(crate) fn count(number: u64, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {one}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_numbers_are_short() {
        let sizes = [999, 1_000, 12_345_678, 9_876_543_210].map(size);
        assert_eq!(sizes, ["999 B", "1.0 kB", "12.3 MB", "9.88 GB"]);
        let counts = [0, 1, 2].map(|number| count(number, "trace"));
        assert_eq!(counts, ["0 traces", "1 trace", "2 traces"]);
    }
}
