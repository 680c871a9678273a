use std::fmt;
use std::str::FromStr;

use crate::ParseMacError;

/// A camera's MAC address, as it is on its label and in its app: `AA:BB:CC:DD:EE:FF` or `AABBCCDDEEFF`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mac([u8; 6]);

impl Mac {
    /// Its bytes, in the order of the text.
    pub fn bytes(self) -> [u8; 6] {
        self.0
    }
}

/// 12 digits in upper case.
impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl FromStr for Mac {
    type Err = ParseMacError;

    fn from_str(text: &str) -> Result<Self, ParseMacError> {
        let bad = || ParseMacError { length: text.chars().count() };
        let plain = match text.chars().nth(2) {
            Some(separator @ (':' | '-')) => {
                let parts: Vec<_> = text.split(separator).collect();
                if parts.len() != 6 || parts.iter().any(|part| part.len() != 2) {
                    return Err(bad());
                }
                parts.concat()
            }
            _ => text.to_owned(),
        };
        if plain.len() != 12 || !plain.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(bad());
        }
        let number = u64::from_str_radix(&plain, 16).map_err(|_| bad())?;
        let [_, _, bytes @ ..] = number.to_be_bytes();
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_reads_as_owners_write_it() {
        for text in ["AABBCC0d0E0f", "aa:bb:cc:0d:0e:0f", "aa-bb-cc-0d-0e-0f"] {
            let mac: Mac = text.parse().unwrap();
            assert_eq!((mac.bytes(), mac.to_string().as_str()), ([0xAA, 0xBB, 0xCC, 13, 14, 15], "AABBCC0D0E0F"));
        }
        let others = ["", "aabbccddeef", "aabbccddeeff0", "aa:bb:cc:dd:ee", "aa:bb-cc:dd:ee:ff", "aa:b:bcc:dd:ee:ff"];
        for text in others.into_iter().chain(["gabbccddeeff", "+abbccddeeff", "a\u{e4}bbccddeef"]) {
            let error = text.parse::<Mac>().unwrap_err();
            assert_eq!(error.length, text.chars().count());
        }
    }
}
