//! Opaque paging tokens: what a list operation hands out to continue where it stopped.
//!
//! A token is base64url of a version byte, a digest and a JSON position. The digest covers the position, the
//! operation's name and whatever else of the request the token is bound to, so a token that was altered, cut, or used
//! with another operation or other parameters is refused. It is no secret and grants nothing: whoever may call the
//! operation could list everything anyway. Tokens survive a restart and work on every server.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

const VERSION: u8 = 1;
const DIGEST_BYTES: usize = 12;

/// Makes and reads the tokens of one operation.
#[derive(Debug, Clone, Copy)]
pub struct Paging<'a> {
    operation: &'a str,
    bound_to: &'a [u8],
}

/// Not a token of this operation and these parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token of this operation with these parameters")]
pub struct TokenError;

impl<'a> Paging<'a> {
    /// Tokens of this operation, valid only together with `bound_to` (say, the other parameters; may be empty).
    #[must_use]
    pub fn new(operation: &'a str, bound_to: &'a [u8]) -> Self {
        Self {
            operation,
            bound_to,
        }
    }

    /// A token for this position.
    ///
    /// # Panics
    ///
    /// When `position` cannot be written as JSON: positions are plain values.
    #[must_use]
    pub fn token<T: Serialize>(&self, position: &T) -> String {
        let position = serde_json::to_vec(position).expect("positions are plain values");
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.digest(&position));
        bytes.extend_from_slice(&position);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position that the token stands for.
    ///
    /// # Errors
    ///
    /// When it is not a token that [`Paging::token`] made for this operation and these parameters.
    pub fn position<T: DeserializeOwned>(&self, token: &str) -> Result<T, TokenError> {
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| TokenError)?;
        let (&version, rest) = bytes.split_first().ok_or(TokenError)?;
        let (digest, position) = rest.split_at_checked(DIGEST_BYTES).ok_or(TokenError)?;
        if version != VERSION || digest != self.digest(position) {
            return Err(TokenError);
        }
        serde_json::from_slice(position).map_err(|_| TokenError)
    }

    fn digest(&self, position: &[u8]) -> [u8; DIGEST_BYTES] {
        let mut hasher = Sha256::new();
        for part in [self.operation.as_bytes(), self.bound_to, position] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        let whole: [u8; 32] = hasher.finalize().into();
        let mut digest = [0; DIGEST_BYTES];
        digest.copy_from_slice(&whole[..DIGEST_BYTES]);
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: Paging<'_> = Paging {
        operation: "ListRoles",
        bound_to: b"/",
    };

    #[test]
    fn a_position_comes_back() {
        let token = ROLES.token(&("name", 7));
        assert_eq!(
            ROLES.position::<(String, i32)>(&token),
            Ok(("name".to_owned(), 7))
        );
    }

    #[test]
    fn a_token_belongs_to_its_operation_and_parameters() {
        let token = ROLES.token(&1);
        assert_eq!(
            Paging::new("ListPolicies", b"/").position::<i32>(&token),
            Err(TokenError)
        );
        assert_eq!(
            Paging::new("ListRoles", b"/other").position::<i32>(&token),
            Err(TokenError)
        );
    }

    #[test]
    fn every_altered_character_is_noticed() {
        let token = ROLES.token(&"position");
        for at in 0..token.len() {
            let mut altered = token.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert_eq!(ROLES.position::<String>(&altered), Err(TokenError), "{at}");
        }
        assert_eq!(ROLES.position::<String>(""), Err(TokenError));
        assert_eq!(ROLES.position::<String>("made-up"), Err(TokenError));
        assert_eq!(
            ROLES.position::<String>(&token[..token.len() - 2]),
            Err(TokenError)
        );
    }
}
