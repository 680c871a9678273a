use std::fmt;
use std::str::FromStr;

use crate::Error;

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

    /// The UID as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Uid {
    type Err = Error;

    /// Fails with [`Error::InvalidArgument`] unless `text` is 20 ASCII letters and digits.
    fn from_str(text: &str) -> Result<Self, Error> {
        text.as_bytes().try_into().ok().and_then(Self::from_bytes).ok_or_else(|| {
            Error::InvalidArgument(format!(
                "“{}” is not a camera's UID: it has {} characters, and a UID has 20 letters and digits",
                text.chars().take(40).collect::<String>().escape_debug(),
                text.chars().count()
            ))
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
    fn only_twenty_letters_and_digits() {
        assert_eq!("HBNASLSCFC1MN4Y9221A".parse::<Uid>().unwrap().to_string(), "HBNASLSCFC1MN4Y9221A");
        for bad in ["", "HBNASLSCFC1MN4Y9221", "HBNASLSCFC1MN4Y9221AA", "HBNASLSCFC1MN4Y9221-", "HBNASLSCFC1MN4Y922é"]
        {
            let error = bad.parse::<Uid>().unwrap_err();
            assert!(matches!(error, Error::InvalidArgument(_)), "{bad}: {error}");
        }
    }
}
