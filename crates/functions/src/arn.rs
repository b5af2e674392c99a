//! A function's name in all its spellings.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A function, a version or an alias of one: what a `FunctionName` and a `Qualifier` come to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FunctionArn {
    /// `us-east-1`.
    pub region: String,
    /// Twelve digits.
    pub account: String,
    /// The bare name.
    pub name: String,
    /// `$LATEST`, a number or an alias; `None` when none was given, which means `$LATEST`.
    pub qualifier: Option<String>,
}

/// Why a text names no function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It has none of the forms.
    #[error("{0:?} is no function name, partial ARN or ARN")]
    Malformed(String),
    /// The name itself is too long.
    #[error("function name {0:?} is longer than 64 characters")]
    TooLong(String),
    /// The name brings a qualifier, and another one was given beside it.
    #[error("the qualifier of the name differs from the one that was given")]
    TwoQualifiers,
}

const NAME_LIMIT: usize = 64;

impl FunctionArn {
    /// Parses a full ARN, with or without a qualifier.
    ///
    /// # Errors
    ///
    /// When it is not one.
    pub fn parse(arn: &str) -> Result<Self, NameError> {
        let malformed = || NameError::Malformed(arn.to_owned());
        let mut parts = arn.splitn(7, ':');
        let mut next = || parts.next().ok_or_else(malformed);
        let (scheme, partition, service) = (next()?, next()?, next()?);
        let (region, account, kind, rest) = (next()?, next()?, next()?, next()?);
        let is_function = scheme == "arn"
            && partition.starts_with("aws")
            && service == "lambda"
            && kind == "function"
            && !region.is_empty()
            && is_account(account);
        if !is_function {
            return Err(malformed());
        }
        let (name, qualifier) = split_qualifier(rest);
        Self::checked(region, account, name, qualifier, arn)
    }

    /// Reads a `FunctionName` parameter: `name`, `name:qualifier`, `{account}:function:name`,
    /// `function:name`, or a full ARN, each with or without a qualifier; `qualifier` is the parameter of that name.
    ///
    /// # Errors
    ///
    /// When it is none of these, or the two qualifiers differ.
    pub fn resolve(
        given: &str,
        qualifier: Option<&str>,
        region: &str,
        account: &str,
    ) -> Result<Self, NameError> {
        let mut found = if given.starts_with("arn:") {
            Self::parse(given)?
        } else {
            let (account, rest) = match given.split_once(":function:") {
                Some((account, rest)) if is_account(account) => (account, rest),
                _ => (account, given.strip_prefix("function:").unwrap_or(given)),
            };
            let (name, inner) = split_qualifier(rest);
            Self::checked(region, account, name, inner, given)?
        };
        match (&found.qualifier, qualifier) {
            (Some(inner), Some(outer)) if inner != outer => Err(NameError::TwoQualifiers),
            (_, None) => Ok(found),
            (_, Some(outer)) => {
                found.qualifier = Some(outer.to_owned());
                Ok(found)
            }
        }
    }

    /// The function itself, whatever the qualifier.
    #[must_use]
    pub fn unqualified(&self) -> Self {
        Self {
            qualifier: None,
            ..self.clone()
        }
    }

    /// Whether version `$LATEST` is meant, by name or by silence.
    #[must_use]
    pub fn is_latest(&self) -> bool {
        self.qualifier.as_deref().is_none_or(|q| q == "$LATEST")
    }

    fn checked(
        region: &str,
        account: &str,
        name: &str,
        qualifier: Option<&str>,
        given: &str,
    ) -> Result<Self, NameError> {
        let plain = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let known = |text: &str| text == "$LATEST" || plain(text);
        if !plain(name) || !qualifier.is_none_or(known) {
            return Err(NameError::Malformed(given.to_owned()));
        }
        if name.len() > NAME_LIMIT {
            return Err(NameError::TooLong(name.to_owned()));
        }
        Ok(Self {
            region: region.to_owned(),
            account: account.to_owned(),
            name: name.to_owned(),
            qualifier: qualifier.map(str::to_owned),
        })
    }
}

fn split_qualifier(text: &str) -> (&str, Option<&str>) {
    match text.split_once(':') {
        Some((name, qualifier)) => (name, Some(qualifier)),
        None => (text, None),
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl fmt::Display for FunctionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            region,
            account,
            name,
            qualifier,
        } = self;
        write!(f, "arn:aws:lambda:{region}:{account}:function:{name}")?;
        match qualifier {
            Some(qualifier) => write!(f, ":{qualifier}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "000000000000";

    fn resolve(given: &str, qualifier: Option<&str>) -> Result<String, NameError> {
        FunctionArn::resolve(given, qualifier, "us-east-1", ACCOUNT).map(|arn| arn.to_string())
    }

    #[test]
    fn every_spelling_means_the_same_function() {
        let plain = "arn:aws:lambda:us-east-1:000000000000:function:orders";
        for given in [
            "orders",
            "function:orders",
            "000000000000:function:orders",
            plain,
        ] {
            assert_eq!(resolve(given, None).unwrap(), plain, "{given}");
            let qualified = format!("{given}:$LATEST");
            assert_eq!(
                resolve(&qualified, None).unwrap(),
                format!("{plain}:$LATEST")
            );
            assert_eq!(
                resolve(given, Some("live")).unwrap(),
                format!("{plain}:live")
            );
        }
    }

    #[test]
    fn an_arn_keeps_its_region_and_account() {
        let arn = "arn:aws:lambda:eu-central-1:111122223333:function:orders:7";
        assert_eq!(resolve(arn, Some("7")).unwrap(), arn);
    }

    #[test]
    fn two_qualifiers_must_agree() {
        assert_eq!(
            resolve("orders:1", Some("2")),
            Err(NameError::TwoQualifiers)
        );
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for given in [
            "",
            "a b",
            "arn:aws:lambda:us-east-1:1:function:x",
            "arn:aws:s3:::x",
            "a:b:c",
        ] {
            assert!(
                matches!(resolve(given, None), Err(NameError::Malformed(_))),
                "{given}"
            );
        }
        let long = "x".repeat(65);
        assert_eq!(resolve(&long, None), Err(NameError::TooLong(long.clone())));
    }
}
