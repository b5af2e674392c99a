//! Texts of policies with wildcards and policy variables.
//!
//! `*` stands for any characters, `?` for one. In policies of version 2012-10-17 `${aws:PrincipalArn}` stands for a
//! value of the request context, `${key, 'default'}` for the default when there is none, and `${*}`, `${?}`, `${$}` for
//! the characters themselves. What a variable brings in is literal: its own `*` is no wildcard. A variable without
//! value and default matches nothing, so NotResource and negated operators, which hold where nothing matches, hold.
//! Source: IAM user guide, policy elements: variables and tags, "Policy variables with no value".

use crate::conditions::Conditions;

/// One text of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Literal(char),
    Any,
    One,
    Variable {
        key: String,
        default: Option<String>,
    },
}

/// A pattern whose variables have their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Literal(char),
    Any,
    One,
}

impl Pattern {
    /// Reads a text; `variables` is false in policies older than 2012-10-17, where `${…}` is literal.
    pub(crate) fn parse(text: &str, variables: bool) -> Self {
        let mut tokens = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if variables
                && let Some(inner) = rest.strip_prefix("${")
                && let Some(end) = inner.find('}')
            {
                tokens.push(variable(&inner[..end]));
                rest = &inner[end + 1..];
                continue;
            }
            tokens.push(match character {
                '*' => Token::Any,
                '?' => Token::One,
                other => Token::Literal(other),
            });
            rest = &rest[character.len_utf8()..];
        }
        Self { tokens }
    }

    /// Whether the pattern matches the whole of `text`, wildcards counting.
    pub(crate) fn matches(&self, text: &str, conditions: &Conditions) -> bool {
        let Some(pieces) = self.resolve(conditions) else {
            return false;
        };
        let text: Vec<char> = text.chars().collect();
        glob(&pieces, &text)
    }

    /// As [`matches`](Self::matches), not telling upper from lower case: actions.
    pub(crate) fn matches_any_case(&self, text: &str, conditions: &Conditions) -> bool {
        let Some(mut pieces) = self.resolve(conditions) else {
            return false;
        };
        for piece in &mut pieces {
            if let Piece::Literal(character) = piece {
                *character = character.to_ascii_lowercase();
            }
        }
        let text: Vec<char> = text.chars().map(|c| c.to_ascii_lowercase()).collect();
        glob(&pieces, &text)
    }

    /// As [`matches`](Self::matches) on each of an ARN's six components, so that no wildcard reaches past a colon;
    /// the sixth holds the rest.
    pub(crate) fn matches_arn(&self, arn: &str, conditions: &Conditions) -> bool {
        let Some(pieces) = self.resolve(conditions) else {
            return false;
        };
        let wanted: Vec<&[Piece]> = pieces
            .splitn(6, |piece| *piece == Piece::Literal(':'))
            .collect();
        let given: Vec<&str> = arn.splitn(6, ':').collect();
        if wanted.len() != 6 || given.len() != 6 {
            return false;
        }
        wanted.iter().zip(given).all(|(pieces, text)| {
            let text: Vec<char> = text.chars().collect();
            glob(pieces, &text)
        })
    }

    /// The text with its variables filled in and its wildcards as plain characters: what the operators without
    /// wildcards compare with. `None` when a variable has no value.
    pub(crate) fn literal(&self, conditions: &Conditions) -> Option<String> {
        let as_written = |piece: Piece| match piece {
            Piece::Literal(character) => character,
            Piece::Any => '*',
            Piece::One => '?',
        };
        Some(
            self.resolve(conditions)?
                .into_iter()
                .map(as_written)
                .collect(),
        )
    }

    fn resolve(&self, conditions: &Conditions) -> Option<Vec<Piece>> {
        let mut pieces = Vec::with_capacity(self.tokens.len());
        for token in &self.tokens {
            match token {
                Token::Literal(character) => pieces.push(Piece::Literal(*character)),
                Token::Any => pieces.push(Piece::Any),
                Token::One => pieces.push(Piece::One),
                Token::Variable { key, default } => {
                    let value = match conditions.get(key) {
                        Some([value]) => value,
                        // A key with several values cannot stand for one text.
                        Some(_) => return None,
                        None => default.as_ref()?,
                    };
                    pieces.extend(value.chars().map(Piece::Literal));
                }
            }
        }
        Some(pieces)
    }
}

fn variable(inner: &str) -> Token {
    match inner {
        "*" | "?" | "$" => return Token::Literal(inner.chars().next().unwrap_or('$')),
        _ => {}
    }
    let (key, default) = match inner.split_once(',') {
        Some((key, default)) => {
            let default = default.trim();
            let quoted = default
                .strip_prefix('\'')
                .and_then(|rest| rest.strip_suffix('\''));
            (key, Some(quoted.unwrap_or(default).to_owned()))
        }
        None => (inner, None),
    };
    Token::Variable {
        key: key.trim().to_owned(),
        default,
    }
}

/// Linear in the product of the lengths at worst: on a mismatch only the last `*` takes one character more.
fn glob(pattern: &[Piece], text: &[char]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some(Piece::Any) => {
                star = Some((at, read));
                at += 1;
            }
            Some(Piece::One) => {
                at += 1;
                read += 1;
            }
            Some(Piece::Literal(character)) if *character == text[read] => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((star_at, star_read)) = star else {
                    return false;
                };
                star = Some((star_at, star_read + 1));
                at = star_at + 1;
                read = star_read + 1;
            }
        }
    }
    pattern[at..].iter().all(|piece| *piece == Piece::Any)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::parse(pattern, true).matches(text, &Conditions::none())
    }

    #[test]
    fn wildcards_stand_for_characters() {
        let cases = [
            ("*", "", true),
            ("*", "anything:at/all", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a*c", "ac", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b", "abc", false),
            ("Exact", "exact", false),
            ("", "", true),
            ("", "x", false),
            ("s3:*Object", "s3:GetObject", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn many_stars_do_not_explode() {
        let pattern = "a*".repeat(40) + "b";
        assert!(!matches(&pattern, &"a".repeat(2_000)));
    }

    #[test]
    fn actions_do_not_tell_upper_from_lower_case() {
        let pattern = Pattern::parse("XRay:put*", true);
        assert!(pattern.matches_any_case("xray:PutTraceSegments", &Conditions::none()));
    }

    #[test]
    fn a_variable_is_literal() {
        let pattern = Pattern::parse("home/${aws:username}/*", true);
        let named = |name: &str| Conditions::none().with("aws:UserName", name);
        assert!(pattern.matches("home/ann/x", &named("ann")));
        assert!(!pattern.matches("home/ann/x", &named("*")));
        assert!(!pattern.matches("home//x", &Conditions::none()));
    }

    #[test]
    fn a_variable_may_have_a_default() {
        let pattern = Pattern::parse("team/${aws:PrincipalTag/team, 'none'}", true);
        assert!(pattern.matches("team/none", &Conditions::none()));
        let tagged = Conditions::none().with("aws:PrincipalTag/team", "blue");
        assert!(pattern.matches("team/blue", &tagged));
    }

    #[test]
    fn wildcards_can_be_escaped() {
        assert!(matches("a${*}b${?}${$}", "a*b?$"));
        assert!(!matches("a${*}b", "axb"));
    }

    #[test]
    fn old_policies_have_no_variables() {
        let pattern = Pattern::parse("${aws:username}", false);
        assert!(pattern.matches("${aws:username}", &Conditions::none()));
    }

    #[test]
    fn arns_are_compared_component_by_component() {
        let arn = |pattern: &str, arn: &str| {
            Pattern::parse(pattern, true).matches_arn(arn, &Conditions::none())
        };
        let api = "arn:aws:execute-api:us-east-1:000000000000:abc/prod/GET/a";
        assert!(arn("arn:aws:execute-api:*:*:abc/*", api));
        assert!(arn(
            "arn:aws:execute-api:us-east-1:000000000000:abc/*/GET/a",
            api
        ));
        assert!(!arn("arn:aws:execute-api:*:abc/*", api));
        assert!(!arn("arn:*", api));
        assert!(arn(
            "arn:aws:sns:*:*:*",
            "arn:aws:sns:eu-west-1:1:topic:subscription"
        ));
    }

    proptest::proptest! {
        #[test]
        fn wildcards_agree_with_regular_expressions(pattern in "[ab*?]{0,12}", text in "[ab]{0,16}") {
            let expression = pattern.replace('*', ".*").replace('?', ".");
            let expression = regex::Regex::new(&format!("^{expression}$")).unwrap();
            proptest::prop_assert_eq!(matches(&pattern, &text), expression.is_match(&text));
        }

        #[test]
        fn every_text_is_a_pattern(pattern in ".*", text in ".*") {
            matches(&pattern, &text);
        }
    }
}
