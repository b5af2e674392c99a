//! What was wrong with a filter expression, shown where it stands.

/// The refusal of a filter, and below it the filter with a mark under the place and what would fit there. Any other
/// error stays as it is.
pub(crate) fn explain(filter: &str, refusal: anyhow::Error) -> anyhow::Error {
    let said = refusal.to_string();
    let Some((line, position)) = place(&said) else {
        return refusal;
    };
    let Some(text) = filter.split('\n').nth(line - 1) else {
        return refusal;
    };
    // The server says where; what would fit, we know ourselves if we stumble at the same place.
    let hint = fluoro_filter::parse(filter)
        .err()
        .filter(|error| (error.line, error.position) == (line, position))
        .map_or_else(String::new, |error| format!(" {}", error.hint));
    let indent = " ".repeat(position - 1);
    anyhow::anyhow!("{said}\n    {text}\n    {indent}^{hint}")
}

/// Line and position, from 1, as the service writes them.
fn place(said: &str) -> Option<(usize, usize)> {
    let (_, rest) = said.split_once("Error Location: line ")?;
    let (line, rest) = rest.split_once(", position ")?;
    let (position, _) = rest.split_once(" : ")?;
    let (line, position) = (line.parse().ok()?, position.parse().ok()?);
    (line > 0 && position > 0).then_some((line, position))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(filter: &str) -> String {
        let error = fluoro_filter::parse(filter).unwrap_err();
        explain(filter, anyhow::anyhow!("InvalidRequestException: {error}")).to_string()
    }

    #[test]
    fn a_mark_stands_under_the_place() {
        assert_eq!(
            explained("user = bob"),
            "InvalidRequestException: Error Location: line 1, position 8 : Invalid input symbol: 'bob'\n    \
             user = bob\n           ^ a text in double quotes"
        );
        assert!(explained("fault AND").ends_with("\n    fault AND\n             ^ a keyword"));
        assert!(
            explained("ok\nAND falt").ends_with("\n    AND falt\n        ^ did you mean fault?")
        );
    }

    #[test]
    fn a_place_that_we_do_not_understand_is_told_without_a_hint() {
        let said = "InvalidRequestException: Error Location: line 1, position 3 : Invalid input symbol: 'k'";
        let explained = explain("ok", anyhow::anyhow!(said)).to_string();
        assert_eq!(explained, format!("{said}\n    ok\n      ^"));
    }

    #[test]
    fn other_errors_stay_as_they_are() {
        for said in [
            "nobody answers",
            "Error Location: line 0, position 0 : x",
            "Error Location: line 9, position 1 : x",
        ] {
            assert_eq!(explain("ok", anyhow::anyhow!(said)).to_string(), said);
        }
    }
}
