//! Which of the known words somebody may have meant.

/// The candidate that is fewest edits away from `text`; the first of equals.
#[must_use]
pub fn nearest<'c>(text: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    candidates.min_by_key(|candidate| distance(text, candidate))
}

/// Levenshtein's distance over bytes: settings and keywords are ASCII.
#[must_use]
pub fn distance(from: &str, to: &str) -> usize {
    let to = to.as_bytes();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (done, from) in from.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], done + 1);
        for (column, to) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_edits() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("listen", "listen"), 0);
    }

    #[test]
    fn the_nearest_is_the_one_meant() {
        let known = ["listen", "daemon", "gateway.sampling_header"];
        assert_eq!(nearest("lisen", known.into_iter()), Some("listen"));
        assert_eq!(
            nearest("gateway.sample_header", known.into_iter()),
            Some("gateway.sampling_header")
        );
    }
}
