//! Halves of characters, which JSON can write and UTF-8 cannot.
//!
//! JavaScript cuts text by UTF-16 units. An emoji cut in two comes out as one `\ud83d` without its other half, which
//! readers on the JVM take and ours do not. Such a half is read as U+FFFD, so that it costs a character and not the
//! document.

use std::borrow::Cow;

/// What replaces a half: an escape of the same length.
const REPLACEMENT: &str = "\\ufffd";

/// The text with every lone surrogate escape replaced; most texts have none and stay as they are.
pub(super) fn mend(json: &str) -> Cow<'_, str> {
    if !json.contains("\\ud") && !json.contains("\\uD") {
        return Cow::Borrowed(json);
    }
    let mut mended = Cow::Borrowed(json);
    let mut from = 0;
    while let Some(escape) = json[from..].find('\\').map(|at| from + at) {
        let (high, low) = (unit(json, escape), unit(json, escape + 6));
        let length = match (high, low) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                mended
                    .to_mut()
                    .replace_range(escape..escape + 6, REPLACEMENT);
                6
            }
            (Some(_), _) => 6,
            // Two bytes at least, but what follows the backslash may be longer in broken text.
            (None, _) => 1 + json[escape + 1..].chars().next().map_or(0, char::len_utf8),
        };
        from = escape + length;
    }
    mended
}

/// The UTF-16 unit of the `\uXXXX` that begins here.
fn unit(json: &str, at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
    let all_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    all_hex
        .then(|| u16::from_str_radix(digits, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_replaced_and_pairs_stay() {
        for (sent, read) in [
            (r#""\ud83d\ude00 \u00e9""#, r#""\ud83d\ude00 \u00e9""#),
            (r#""cut \ud83d""#, r#""cut \ufffd""#),
            (
                r#""\uDE00\ud83d\ud83d\ude00""#,
                r#""\ufffd\ufffd\ud83d\ude00""#,
            ),
            (r#""\\ud83d \"\ud83d""#, r#""\\ud83d \"\ufffd""#),
            ("\"\\é\\ud8", "\"\\é\\ud8"),
        ] {
            assert_eq!(mend(sent), read);
        }
    }

    #[test]
    fn text_without_halves_is_not_copied() {
        assert!(matches!(mend(r#""\ud83d\ude00""#), Cow::Borrowed(_)));
    }
}
