//! Which bodies are bytes, by the API's binary media types.
//!
//! Source: API Gateway developer guide, payload encodings.

/// The media types that an API declared binary.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BinaryTypes {
    everything: bool,
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    /// `image/*`: the prefix up to the slash.
    Prefix(String),
    Exactly(String),
}

// === impl BinaryTypes ===

impl BinaryTypes {
    pub(crate) fn new(types: &[String]) -> Self {
        let mut these = Self::default();
        for one in types {
            match one.strip_suffix('*') {
                Some("*/") => these.everything = true,
                Some(prefix) if prefix.ends_with('/') => {
                    these.patterns.push(Pattern::Prefix(prefix.to_owned()));
                }
                _ => these.patterns.push(Pattern::Exactly(one.clone())),
            }
        }
        these
    }

    /// Whether a media type, without parameters, is binary. `*/*` in the list is every type, and none at all.
    pub(crate) fn contains(&self, media_type: Option<&str>) -> bool {
        if self.everything {
            return true;
        }
        let Some(media_type) = media_type else {
            return false;
        };
        self.patterns.iter().any(|pattern| match pattern {
            Pattern::Prefix(prefix) => media_type
                .get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix)),
            Pattern::Exactly(whole) => whole.eq_ignore_ascii_case(media_type),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(given: &[&str]) -> BinaryTypes {
        let given: Vec<String> = given.iter().map(|&one| one.to_owned()).collect();
        BinaryTypes::new(&given)
    }

    #[test]
    fn a_type_is_binary_when_the_list_says_so() {
        let images = types(&["image/png", "audio/*"]);
        assert!(images.contains(Some("image/PNG")));
        assert!(images.contains(Some("audio/ogg")));
        assert!(!images.contains(Some("image/gif")));
        assert!(!images.contains(None));
        assert!(!types(&[]).contains(Some("image/png")));
    }

    #[test]
    fn two_stars_are_everything() {
        assert!(types(&["*/*"]).contains(None));
        assert!(types(&["*/*"]).contains(Some("text/plain")));
    }
}
