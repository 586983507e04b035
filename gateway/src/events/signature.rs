//! The signature of a webhook: who has sent it, and that nobody has changed it.
//!
//! The scheme is the one that Stripe made common: `t=<unix seconds>,v1=<hex>`, where the number is the HMAC-SHA256 of
//! `<t>.<body>` under the shared secret. The time is signed too, so that a receiver can refuse what is old.

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::auth::Secret;

/// The header.
pub(super) const HEADER: &str = "hansom-signature";

/// The header's value for a body sent at `t`, with a `v1` for each secret.
pub(super) fn sign<'s>(secrets: impl Iterator<Item = &'s Secret>, t: u64, body: &[u8]) -> String {
    let mut header = format!("t={t}");
    for secret in secrets {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.bytes()).expect("a key of HMAC may have any length");
        mac.update(format!("{t}.").as_bytes());
        mac.update(body);
        header.push_str(",v1=");
        for byte in mac.finalize().into_bytes() {
            // Writing to a String cannot fail.
            let _ = write!(header, "{byte:02x}");
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `printf '1790000000.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef`.
    #[test]
    fn a_signature_is_what_other_programs_make_of_it() {
        let secret = Secret::new(b"0123456789abcdef0123456789abcdef").unwrap();
        let header = sign([&secret].into_iter(), 1_790_000_000, br#"{"a":1}"#);
        assert_eq!(header, "t=1790000000,v1=f4346a65c05b64dd6b51506d8bb57787fd3805be72b2212c4b3b6e27d36316eb");
    }

    #[test]
    fn while_a_secret_is_changed_both_sign() {
        let secrets = [b"0123456789abcdef0123456789abcdef", b"fedcba9876543210fedcba9876543210"];
        let secrets = secrets.map(|bytes| Secret::new(bytes).unwrap());
        let both = sign(secrets.iter(), 7, b"body");
        let alone = sign(secrets[1..].iter(), 7, b"body");
        assert_eq!(both.matches(",v1=").count(), 2);
        assert!(both.ends_with(alone.strip_prefix("t=7").unwrap()));
    }
}
