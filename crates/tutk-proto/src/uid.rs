use std::fmt;
use std::str::FromStr;

use crate::ParseUidError;

/// The name of a camera in this protocol: 20 ASCII letters and digits, printed on its label or shown by its app.
///
/// Upper and lower case are different letters here, as they are to the camera.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid([u8; Uid::LEN]);

impl Uid {
    /// Bytes of a UID.
    pub const LEN: usize = 20;

    /// The UID in these bytes of a message, if they are letters and digits.
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Option<Self> {
        bytes.iter().all(u8::is_ascii_alphanumeric).then_some(Self(bytes))
    }

    /// The UID's 20 bytes.
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The UID with its letters in upper case, as labels have them.
    pub fn to_upper_case(&self) -> Self {
        Self(self.0.map(|letter| letter.to_ascii_uppercase()))
    }

    /// Whether somebody who means the one may have typed the other: but for case, they differ in one or two places, or
    /// in a letter too many here and one too few there.
    pub fn is_like(&self, other: &Self) -> bool {
        distance(&self.to_upper_case().0, &other.to_upper_case().0) <= 2
    }

    /// The UID as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The distance of Levenshtein: how many letters are to be put in, left out or replaced.
fn distance(from: &[u8], to: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, from) in from.iter().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(to) {
            let replaced = diagonal + usize::from(from != to);
            diagonal = *cell;
            left = replaced.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

impl FromStr for Uid {
    type Err = ParseUidError;

    /// Fails unless `text` is 20 ASCII letters and digits.
    fn from_str(text: &str) -> Result<Self, ParseUidError> {
        text.as_bytes().try_into().ok().and_then(Self::from_bytes).ok_or_else(|| {
            let shown = text.chars().take(40).collect::<String>().escape_debug().to_string();
            ParseUidError { text: shown, length: text.chars().count() }
        })
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_told_from_other_cameras() {
        let uid: Uid = "HBNASLSCFC1MN4Y9221A".parse().unwrap();
        let like = |text: &str| uid.is_like(&text.parse().unwrap());
        assert!(like("HBNASLSCFC1MN4Y9221A") && like("hbnaslscfc1mn4y9221a"), "case");
        assert!(like("HBNASLSCFCIMN4Y9221A") && like("HBNA5LSCFCIMN4Y9221A"), "one and two places");
        assert!(like("HBNASLCSFC1MN4Y9221A"), "exchanged");
        assert!(like("HBNASSCFC1MN4Y92221A"), "one left out, one doubled");
        assert!(!like("HBNA5LSCFCIMN4Y922IA") && !like("ABCDEFGHJKLMNPQRST12"));
    }

    #[test]
    fn only_twenty_letters_and_digits() {
        assert_eq!("HBNASLSCFC1MN4Y9221A".parse::<Uid>().unwrap().to_string(), "HBNASLSCFC1MN4Y9221A");
        for bad in ["", "HBNASLSCFC1MN4Y9221", "HBNASLSCFC1MN4Y9221AA", "HBNASLSCFC1MN4Y9221-", "HBNASLSCFC1MN4Y922é"]
        {
            let error = bad.parse::<Uid>().unwrap_err();
            assert_eq!(error.length, bad.chars().count(), "{error}");
        }
    }
}
