//! Colours for those who see them: a terminal, and no `NO_COLOR`.

use std::io::IsTerminal;

/// Whether to colour, and how wide a line may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    pub(crate) colour: bool,
    pub(crate) width: usize,
}

/// What a piece of text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Good,
    Error,
    Throttle,
    Fault,
    Faint,
    Strong,
    Plain,
}

impl Paint {
    /// As standard output is.
    pub(crate) fn of_stdout() -> Self {
        let terminal = std::io::stdout().is_terminal();
        let quiet = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let width = terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0));
        Self {
            colour: terminal && !quiet,
            width: width.clamp(60, 200),
        }
    }

    /// As files are.
    pub(crate) fn of_files() -> Self {
        Self {
            colour: false,
            width: 200,
        }
    }

    /// The text and the end of its line.
    pub(crate) fn line(self, ink: Ink, text: &str) -> String {
        self.ink(ink, text) + "\n"
    }

    pub(crate) fn ink(self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Good => "32",
            Ink::Error => "33",
            Ink::Throttle => "35",
            Ink::Fault => "31",
            Ink::Faint => "2",
            Ink::Strong => "1",
            Ink::Plain => return text.to_owned(),
        };
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Cuts to `width` characters, with a mark where something is missing.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// Cuts or fills to exactly `width` characters.
pub(crate) fn fit(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let missing = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(missing))
}

/// Seconds for people: `950 µs`, `12.3 ms`, `1.20 s`.
pub(crate) fn seconds(seconds: f64) -> String {
    if seconds < 0.000_999_5 {
        format!("{:.0} µs", seconds * 1e6)
    } else if seconds < 0.099_95 {
        format!("{:.1} ms", seconds * 1e3)
    } else if seconds < 0.999_5 {
        format!("{:.0} ms", seconds * 1e3)
    } else {
        format!("{seconds:.2} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        let shown: Vec<_> = [0.0, 0.00095, 0.0123, 0.25, 1.2, 75.0]
            .into_iter()
            .map(seconds)
            .collect();
        assert_eq!(
            shown,
            ["0 µs", "950 µs", "12.3 ms", "250 ms", "1.20 s", "75.00 s"]
        );
    }

    #[test]
    fn texts_fit_by_characters() {
        assert_eq!(fit("é", 3), "é  ");
        assert_eq!(fit("abcdef", 4), "abc…");
    }
}
