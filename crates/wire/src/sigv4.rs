//! Signature Version 4: who signed, for which service, and whether rightly so.
//!
//! [`Scope`] alone is what dispatch reads, without judging it. [`Signature::verify`] judges a request with the secret
//! that its key should have been signed with; [`sign`] makes a request ours. Both write the same canonical request.
//! Source: IAM user guide, "Create a signed AWS API request"; examples of AWS's published test suite in the tests.

mod canonical;
mod scope;
mod signing;
mod verification;

pub use canonical::Payload;
pub use scope::Scope;
pub use signing::{Credentials, sign};
pub use verification::{Signature, SignatureError};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The one service whose paths are encoded once, and whose requests name their payload's hash in a header.
const S3: &str = "s3";

/// The signature of a canonical request, in hexadecimal.
fn signature(secret: &str, scope: &Scope, amz_date: &str, canonical: &str) -> String {
    let Scope {
        date,
        region,
        service,
        ..
    } = scope;
    let hash = hex::encode(Sha256::digest(canonical.as_bytes()));
    let to_sign =
        format!("{ALGORITHM}\n{amz_date}\n{date}/{region}/{service}/aws4_request\n{hash}");
    let mut key = hmac(format!("AWS4{secret}").as_bytes(), date.as_bytes());
    for part in [region.as_str(), service.as_str(), "aws4_request"] {
        key = hmac(&key, part.as_bytes());
    }
    hex::encode(hmac(&key, to_sign.as_bytes()))
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests;
