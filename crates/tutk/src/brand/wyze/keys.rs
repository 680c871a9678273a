//! What is made of the ENR, the secret of a camera that its owner's account lists.

use super::status;
use crate::proto::security::Provider;
use crate::{AuthKey, Mac, OptionError, Secret};

/// The authentication key of the camera with this ENR and this MAC. Fails if one of them is missing.
///
/// Of the first 6 bytes of the SHA-256 of both, in Base64 whose `+`, `/` and `=` are `Z`, `9` and `A`.
pub(crate) fn auth_key(provider: &dyn Provider, enr: &Secret, mac: Option<Mac>) -> Result<AuthKey, OptionError> {
    let mac = mac.ok_or(OptionError::MacMissing)?;
    if enr.reveal().is_empty() {
        return Err(OptionError::EnrMissing);
    }
    let both = Secret::from(format!("{}{mac}", enr.reveal()));
    let [a, b, c, d, e, f, ..] = provider.sha256(both.reveal().as_bytes());
    let key: String = [[a, b, c], [d, e, f]].into_iter().flat_map(base64).collect();
    // Letters and digits.
    Secret::from(key).reveal().parse().map_err(|_| OptionError::EnrMissing)
}

fn base64([a, b, c]: [u8; 3]) -> [char; 4] {
    let bits = u32::from_be_bytes([0, a, b, c]);
    [18, 12, 6, 0].map(|shift| match (bits >> shift & 63) as u8 {
        digit @ 0..26 => char::from(b'A' + digit),
        digit @ 26..52 => char::from(b'a' + digit - 26),
        digit @ 52..62 => char::from(b'0' + digit - 52),
        62 => 'Z',
        _ => '9',
    })
}

/// What proves to a camera with this status that the viewer has the ENR. None if the status is another one than
/// [`status::ANY`], [`status::HALF`] or [`status::BOTH`].
pub(super) fn response(challenge: [u8; 16], enr: &Secret, status: u8) -> Option<[u8; 16]> {
    let enr = enr.reveal().as_bytes();
    let (first, second) = enr.split_at_checked(16).unwrap_or((enr, &[]));
    match status {
        status::ANY => Some(decrypt(challenge, &ANY)),
        status::HALF => Some(decrypt(challenge, first)),
        status::BOTH => {
            let once = if first.len() == 16 { decrypt(challenge, first) } else { challenge };
            Some(decrypt(once, if second.is_empty() { &ANY } else { second }))
        }
        _ => None,
    }
}

/// The key that all cameras have: 16 letters.
const ANY: [u8; 16] = [b'F'; 16];

/// XXTEA ("Correction to xtea", Wheeler and Needham, 1998) of one block of four words, little-endian as the key. A shorter key ends
/// with zeros.
fn decrypt(block: [u8; 16], key: &[u8]) -> [u8; 16] {
    let mut whole = [0; 16];
    whole.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let [k0, k1, k2, k3] = words(whole);
    let [mut a, mut b, mut c, mut d] = words(block);
    for round in (1..=ROUNDS).rev() {
        let sum = DELTA.wrapping_mul(round);
        // Which word of the key is first in this round, and those of the others.
        let at = |place: u32| match place ^ (sum >> 2 & 3) {
            0 => k0,
            1 => k1,
            2 => k2,
            _ => k3,
        };
        let mix = |before: u32, after: u32, place: u32| {
            let shifted = (before >> 5 ^ after << 2).wrapping_add(after >> 3 ^ before << 4);
            shifted ^ (sum ^ after).wrapping_add(at(place) ^ before)
        };
        d = d.wrapping_sub(mix(c, a, 3));
        c = c.wrapping_sub(mix(b, d, 2));
        b = b.wrapping_sub(mix(a, c, 1));
        a = a.wrapping_sub(mix(d, b, 0));
    }
    let mut out = [0; 16];
    let bytes = [a, b, c, d].into_iter().flat_map(u32::to_le_bytes);
    out.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    out
}

const DELTA: u32 = 0x9E37_79B9;
/// Of a block of four words: 6 + 52 / 4.
const ROUNDS: u32 = 19;

fn words(bytes: [u8; 16]) -> [u32; 4] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = bytes;
    [[a, b, c, d], [e, f, g, h], [i, j, k, l], [m, n, o, p]].map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHALLENGE: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    const ENR: &str = "0123456789abcdefABCDEFGHIJKLMNOP";

    fn hex(bytes: [u8; 16]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// By an implementation of its own in Python.
    #[test]
    fn responses() {
        for (enr, status, wanted) in [
            (ENR, 1, "feebd3d3143820e408c5259abcd1fbb7"),
            ("", 1, "feebd3d3143820e408c5259abcd1fbb7"),
            (ENR, 3, "c21f335c95062ab53b0e800e10b4e734"),
            (&ENR[..16], 3, "c21f335c95062ab53b0e800e10b4e734"),
            ("short", 3, "49a1f678433a86141b3c857c5de6db5f"),
            (ENR, 6, "5a9487316dbb25b64a3a7a0d7035f9c8"),
            (&ENR[..16], 6, "492f22518f50df2a33eaf369b7445dd6"),
            (&ENR[..20], 6, "9c2f220ae9dbbff1cd7786fd5d733f4d"),
        ] {
            assert_eq!(response(CHALLENGE, &enr.into(), status).map(hex).as_deref(), Some(wanted), "{enr} {status}");
        }
        for status in (0..=u8::MAX).filter(|status| ![1, 3, 6].contains(status)) {
            assert_eq!(response(CHALLENGE, &ENR.into(), status), None);
        }
    }

    #[cfg(feature = "dtls")]
    #[test]
    fn authentication_keys() {
        let provider = crate::encryption::provider().unwrap();
        let key =
            |enr: &str, mac: &str| auth_key(&*provider, &enr.into(), Some(mac.parse().unwrap())).unwrap().reveal();
        assert_eq!(&key(ENR, "aa:bb:cc:dd:ee:ff"), b"x7KO5Q59");
        // In Base64 “huib/+eW”.
        assert_eq!(&key("0000000000000147", "AABBCCDDEEFF"), b"huib9ZeW");
        let mac = "AABBCCDDEEFF".parse().ok();
        assert_eq!(auth_key(&*provider, &"".into(), mac), Err(OptionError::EnrMissing));
        assert_eq!(auth_key(&*provider, &ENR.into(), None), Err(OptionError::MacMissing));
    }
}
