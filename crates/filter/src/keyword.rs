//! The keywords: how they are spelled, and where each is legal.

use std::borrow::Cow;

use fluoro_model::spelling::{distance, nearest};

use crate::ast::{Flag, Level, Number, RootCauseKind, RootCauseLevel, Text};

/// A keyword that stands alone or before an operator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Keyword {
    Flag(Flag),
    Number(Number),
    Text(Text),
}

/// All of them. Source: X-Ray developer guide, filter expression keywords.
const KEYWORDS: [(&str, Keyword); 27] = [
    ("ok", Keyword::Flag(Flag::Ok)),
    ("error", Keyword::Flag(Flag::Error)),
    ("fault", Keyword::Flag(Flag::Fault)),
    ("throttle", Keyword::Flag(Flag::Throttle)),
    ("partial", Keyword::Flag(Flag::Partial)),
    ("inferred", Keyword::Flag(Flag::Inferred)),
    ("root", Keyword::Flag(Flag::Root)),
    ("first", Keyword::Flag(Flag::First)),
    ("last", Keyword::Flag(Flag::Last)),
    ("remote", Keyword::Flag(Flag::Remote)),
    ("responsetime", Keyword::Number(Number::ResponseTime)),
    ("duration", Keyword::Number(Number::Duration)),
    ("http.status", Keyword::Number(Number::HttpStatus)),
    ("index", Keyword::Number(Number::Index)),
    ("coverage", Keyword::Number(Number::Coverage)),
    ("http.url", Keyword::Text(Text::HttpUrl)),
    ("http.method", Keyword::Text(Text::HttpMethod)),
    ("http.useragent", Keyword::Text(Text::HttpUserAgent)),
    ("http.clientip", Keyword::Text(Text::HttpClientIp)),
    ("user", Keyword::Text(Text::User)),
    ("availabilityzone", Keyword::Text(Text::AvailabilityZone)),
    ("instance.id", Keyword::Text(Text::InstanceId)),
    ("resource.arn", Keyword::Text(Text::ResourceArn)),
    ("name", Keyword::Text(Text::Name)),
    ("type", Keyword::Text(Text::Type)),
    ("message", Keyword::Text(Text::Message)),
    ("account.id", Keyword::Text(Text::AccountId)),
];

/// The keywords of root causes that take braces. Slow answers have no exceptions.
pub(crate) const CAUSES: [(&str, RootCauseKind, RootCauseLevel); 8] = [
    (
        "rootcause.fault.service",
        RootCauseKind::Fault,
        RootCauseLevel::Service,
    ),
    (
        "rootcause.fault.entity",
        RootCauseKind::Fault,
        RootCauseLevel::Entity,
    ),
    (
        "rootcause.fault.exception",
        RootCauseKind::Fault,
        RootCauseLevel::Exception,
    ),
    (
        "rootcause.error.service",
        RootCauseKind::Error,
        RootCauseLevel::Service,
    ),
    (
        "rootcause.error.entity",
        RootCauseKind::Error,
        RootCauseLevel::Entity,
    ),
    (
        "rootcause.error.exception",
        RootCauseKind::Error,
        RootCauseLevel::Exception,
    ),
    (
        "rootcause.responsetime.service",
        RootCauseKind::ResponseTime,
        RootCauseLevel::Service,
    ),
    (
        "rootcause.responsetime.entity",
        RootCauseKind::ResponseTime,
        RootCauseLevel::Entity,
    ),
];

/// What else can begin a test of a trace.
const COMPLEX: [&str; 6] = [
    "service",
    "edge",
    "annotation.key",
    "group.name",
    "group.arn",
    "rootcause.json",
];

impl Keyword {
    /// The keyword spelled so, in lower case.
    pub(crate) fn of(word: &str) -> Option<Self> {
        let (_, keyword) = KEYWORDS.into_iter().find(|(name, _)| *name == word)?;
        Some(keyword)
    }

    /// How it is spelled.
    pub(crate) fn word(self) -> &'static str {
        let known = KEYWORDS.into_iter().find(|(_, keyword)| *keyword == self);
        known
            .map(|(word, _)| word)
            .expect("every keyword has a spelling")
    }

    /// Source: X-Ray developer guide, filter expression keywords.
    pub(crate) fn legal_at(self, level: Level) -> bool {
        use Level::{CauseEntity, CauseException, CauseService, Edge, Service, SlowEntity, Trace};
        match self {
            Self::Flag(Flag::Ok | Flag::Error | Flag::Fault | Flag::Throttle)
            | Self::Number(Number::ResponseTime | Number::HttpStatus)
            | Self::Text(
                Text::HttpUrl | Text::HttpMethod | Text::HttpUserAgent | Text::HttpClientIp,
            ) => matches!(level, Trace | Service | Edge),
            Self::Flag(Flag::Partial)
            | Self::Number(Number::Duration)
            | Self::Text(
                Text::User | Text::AvailabilityZone | Text::InstanceId | Text::ResourceArn,
            ) => matches!(level, Trace | Service),
            Self::Flag(Flag::Inferred) => {
                matches!(
                    level,
                    Trace | Service | CauseService | CauseEntity | SlowEntity
                )
            }
            Self::Flag(Flag::Root) => level == Service,
            Self::Flag(Flag::First | Flag::Last) | Self::Number(Number::Index) => {
                matches!(
                    level,
                    CauseService | CauseEntity | SlowEntity | CauseException
                )
            }
            Self::Flag(Flag::Remote) => matches!(level, CauseEntity | SlowEntity),
            Self::Number(Number::Coverage) => level == SlowEntity,
            Self::Text(Text::Name) => {
                matches!(
                    level,
                    Service | CauseService | CauseEntity | SlowEntity | CauseException
                )
            }
            Self::Text(Text::Type | Text::AccountId) => matches!(level, Service | CauseService),
            Self::Text(Text::Message) => level == CauseException,
        }
    }
}

/// What to write instead of a word, in lower case, that means nothing here.
pub(crate) fn hint(word: &str, level: Level) -> Cow<'static, str> {
    if Keyword::of(word).is_some() {
        return Cow::Owned(format!("{word} means something elsewhere, but not here"));
    }
    let simple = KEYWORDS
        .iter()
        .filter(|(_, keyword)| keyword.legal_at(level));
    let causes = CAUSES.iter().map(|(name, ..)| *name);
    let complex = COMPLEX.into_iter().chain(causes);
    let complex = complex.filter(|_| level == Level::Trace);
    let known = simple.map(|(name, _)| *name).chain(complex);
    match nearest(word, known) {
        Some(known) if distance(word, known) <= 1 + known.len() / 4 => {
            Cow::Owned(format!("did you mean {known}?"))
        }
        _ => Cow::Borrowed("a keyword that is known here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_names_the_nearest_keyword_that_is_legal() {
        assert_eq!(
            hint("responsetme", Level::Trace),
            "did you mean responsetime?"
        );
        assert_eq!(
            hint("rootcause.fault.services", Level::Trace),
            "did you mean rootcause.fault.service?"
        );
        assert_eq!(hint("servic", Level::Edge), "a keyword that is known here");
        assert_eq!(
            hint("coverage", Level::Trace),
            "coverage means something elsewhere, but not here"
        );
        assert_eq!(
            hint("nonsense", Level::Trace),
            "a keyword that is known here"
        );
    }
}
