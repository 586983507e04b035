//! When a certificate ends.
//!
//! Stays out: whether anybody trusts it.

use std::time::Duration;

use der::asn1::{GeneralizedTime, UtcTime};
use der::{Reader, Result, SliceReader, Tag};

/// When a certificate in DER ends (RFC 5280, 4.1.2.5), since 1970.
///
/// # Errors
/// When the bytes are no certificate, as far as they are looked at.
pub(super) fn ends_at(certificate: &[u8]) -> Result<Duration> {
    let mut reader = SliceReader::new(certificate)?;
    let ends_at = reader.sequence(|certificate| {
        let ends_at = certificate.sequence(|signed| {
            if matches!(signed.peek_tag()?, Tag::ContextSpecific { .. }) {
                signed.tlv_bytes()?; // the version
            }
            for _ in ["serial number", "algorithm", "issuer"] {
                signed.tlv_bytes()?;
            }
            let ends_at = signed.sequence(|validity| {
                validity.tlv_bytes()?; // since when
                moment(validity)
            })?;
            skip_rest(signed)?;
            Ok(ends_at)
        })?;
        skip_rest(certificate)?;
        Ok(ends_at)
    })?;
    reader.finish(ends_at)
}

/// Two digits for the year until 2049, four from then on.
fn moment<'r>(reader: &mut impl Reader<'r>) -> Result<Duration> {
    match reader.peek_tag()? {
        Tag::UtcTime => reader.decode::<UtcTime>().map(|time| time.to_unix_duration()),
        _ => reader.decode::<GeneralizedTime>().map(|time| time.to_unix_duration()),
    }
}

fn skip_rest<'r>(reader: &mut impl Reader<'r>) -> Result<()> {
    reader.read_slice(reader.remaining_len()).map(|_| ())
}

#[cfg(test)]
mod tests {
    use tokio_rustls::rustls::pki_types::CertificateDer;
    use tokio_rustls::rustls::pki_types::pem::PemObject;

    use super::*;

    /// `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=a`, with `-days 30` and `-days 15000`: a year in two digits,
    /// and one in four.
    const UNTIL_2067: &str = include_str!("ends/until_2067.pem");
    const UNTIL_2026: &str = include_str!("ends/until_2026.pem");

    fn der(pem: &str) -> Vec<u8> {
        CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
    }

    #[test]
    fn the_end_is_what_openssl_says() {
        // `openssl x509 -enddate -noout`, and `date -u +%s -d` of that.
        assert_eq!(ends_at(&der(UNTIL_2026)), Ok(Duration::from_secs(1_798_077_107)));
        assert_eq!(ends_at(&der(UNTIL_2067)), Ok(Duration::from_secs(3_091_485_107)));
    }

    #[test]
    fn a_piece_of_a_certificate_and_a_broken_one_are_none() {
        let whole = der(UNTIL_2026);
        for length in 0..whole.len() {
            assert!(ends_at(&whole[..length]).is_err(), "the first {length} bytes");
        }
        for place in 0..whole.len() {
            let mut broken = whole.clone();
            broken[place] ^= 0xff;
            // Bytes that nobody looks at may be anything: it is enough that none of them is a panic.
            let _ = ends_at(&broken);
        }
        assert!(ends_at(&[whole.as_slice(), b"more"].concat()).is_err());
    }
}
