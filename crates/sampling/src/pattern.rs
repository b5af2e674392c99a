//! Wildcards: `*` stands for any text, `?` for any one character, the whole value must match, case does not count.

/// A rule's pattern for one property of a request.
///
/// Case is folded for ASCII letters only. Source: X-Ray developer guide, sampling rules; the SDKs' matchers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Token>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// `*`
    Any,
    /// `?`
    One,
    /// This character, in lower case where it is an ASCII letter.
    Literal(char),
}

impl Pattern {
    /// Any text is a pattern.
    #[must_use]
    pub(crate) fn new(text: &str) -> Self {
        let tokens = text.chars().map(|character| match character {
            '*' => Token::Any,
            '?' => Token::One,
            literal => Token::Literal(literal.to_ascii_lowercase()),
        });
        Self(tokens.collect())
    }

    /// Whether the whole of `text` matches. Takes at most the product of both lengths in steps.
    #[must_use]
    pub(crate) fn matches(&self, text: &str) -> bool {
        if self.0 == [Token::Any] {
            return true;
        }
        let mut pattern = self.0.as_slice();
        let mut rest = text.chars();
        // What follows the last `*`, and the text at which it was last tried.
        let mut retry = None;
        loop {
            match pattern.split_first() {
                Some((Token::Any, after)) => {
                    retry = Some((after, rest.clone()));
                    pattern = after;
                    continue;
                }
                Some((token, after)) if token.takes(rest.clone().next()) => {
                    rest.next();
                    pattern = after;
                    continue;
                }
                None if rest.as_str().is_empty() => return true,
                Some(_) | None => {}
            }
            let Some((after, tried)) = &mut retry else {
                return false;
            };
            if tried.next().is_none() {
                return false;
            }
            pattern = after;
            rest = tried.clone();
        }
    }
}

impl Token {
    fn takes(self, character: Option<char>) -> bool {
        match (self, character) {
            (Self::Literal(literal), Some(character)) => literal == character.to_ascii_lowercase(),
            (Self::One, Some(_)) => true,
            (Self::Any, _) | (_, None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).matches(text)
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for text in ["", "/", "/cart/7", "ünïcode"] {
            assert!(matches("*", text), "{text}");
        }
        assert!(matches("/cart/*", "/cart/"));
        assert!(matches("*.example.*", "shop.example.com"));
        assert!(!matches("/cart/*", "/car"));
    }

    #[test]
    fn a_question_mark_stands_for_one_character() {
        assert!(matches("h?st", "host"));
        assert!(matches("h?st", "hüst"));
        assert!(!matches("h?st", "hst"));
        assert!(!matches("?", ""));
    }

    #[test]
    fn case_does_not_count() {
        assert!(matches("get", "GET"));
        assert!(matches("/Cart/*", "/cART/x"));
    }

    #[test]
    fn the_whole_value_must_match() {
        assert!(!matches("shop", "shop-admin"));
        assert!(!matches("shop", "my-shop"));
        assert!(!matches("", "x"));
        assert!(matches("", ""));
    }

    #[test]
    fn a_star_gives_back_what_it_took_too_much() {
        assert!(matches("*ab", "aab"));
        assert!(matches("a*b*c", "abbbcbc"));
        assert!(!matches("a*b*c", "abbb"));
    }

    /// The plain definition, exponential.
    fn by_definition(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', after)) => (0..=text.len()).any(|at| by_definition(after, &text[at..])),
            Some((first, after)) => text.split_first().is_some_and(|(character, rest)| {
                (*first == '?' || first.eq_ignore_ascii_case(character))
                    && by_definition(after, rest)
            }),
        }
    }

    proptest! {
        #[test]
        fn it_is_the_definition(pattern in "[abB*?é]{0,8}", text in "[aAbé]{0,8}") {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(
                matches(&pattern, &text),
                by_definition(&characters(&pattern), &characters(&text))
            );
        }
    }
}
