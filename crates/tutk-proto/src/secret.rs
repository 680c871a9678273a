use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::ParseAuthKeyError;

/// A password: can be given and used, is never shown, and leaves nothing in memory when it is dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself, for the one place that sends or compares it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned().into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

/// A camera's authentication key: 8 characters of ASCII. A camera that has one answers only searches that show it.
///
/// It goes over the network readable by all, and is never shown here.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthKey(Zeroizing<[u8; Self::LEN]>);

impl AuthKey {
    /// Characters of a key.
    pub const LEN: usize = 8;

    /// The key itself, for the one place that sends or compares it.
    pub fn reveal(&self) -> [u8; Self::LEN] {
        *self.0
    }
}

impl FromStr for AuthKey {
    type Err = ParseAuthKeyError;

    fn from_str(text: &str) -> Result<Self, ParseAuthKeyError> {
        let is_printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        match text.as_bytes().first_chunk() {
            Some(key) if text.len() == Self::LEN && is_printable => Ok(Self((*key).into())),
            _ => Err(ParseAuthKeyError { length: text.chars().count() }),
        }
    }
}

impl fmt::Debug for AuthKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

/// Compares in constant time.
pub(crate) fn same(given: &[u8], right: &[u8]) -> bool {
    given.len() == right.len() && given.iter().zip(right).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert!(!format!("{:?}", Secret::from("canary")).contains("canary"));
        let key: AuthKey = "canary42".parse().unwrap();
        assert!(!format!("{key:?}").contains("canary"));
    }

    #[test]
    fn a_key_has_eight_printable_characters() {
        assert_eq!("A1b2+/=z".parse::<AuthKey>().unwrap().reveal(), *b"A1b2+/=z");
        for (text, length) in [("", 0), ("1234567", 7), ("123456789", 9), ("12 45678", 8), ("äöüß", 4)] {
            assert_eq!(text.parse::<AuthKey>(), Err(ParseAuthKeyError { length }));
        }
    }
}
