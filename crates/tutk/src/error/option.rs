use std::fmt;

use crate::wire::{MAX_CREDENTIAL, MAX_NAME};

/// An option that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionError {
    /// A text is longer than the protocol can carry.
    #[error("the {field} has {len} bytes, and {MAX_CREDENTIAL} fit")]
    TooLong {
        /// Which one: [`Field::Account`] or [`Field::Password`].
        field: Field,
        /// Its bytes.
        len: usize,
    },
    /// A text has a NUL in it.
    #[error("the {field} has a NUL in it, and the {} ends it there", field.reader())]
    Nul {
        /// Which one.
        field: Field,
    },
    /// A camera's name is too long, or has a NUL in it.
    #[error("a camera's name has at most {MAX_NAME} bytes and no NUL")]
    CameraName,
    /// A camera of this generation has no authentication key, and viewers could not show it.
    #[error("a camera of generation 0x{generation:02x} cannot have an authentication key; those from 0x10 on can")]
    AuthKey {
        /// The generation.
        generation: u8,
    },
    /// Nobody could find a camera of this generation.
    #[error(
        "a camera of generation 0x{generation:02x} encrypts, and is found by viewers of brand wyze alone: it needs both"
    )]
    Unreachable {
        /// The generation.
        generation: u8,
    },
    /// Sessions are to be encrypted, and this host cannot.
    #[error("sessions cannot be encrypted: {reason}")]
    EncryptionUnavailable {
        /// What is missing.
        reason: String,
    },
    /// The key of a camera of this brand is made of its MAC, and there is none.
    #[error("the camera's MAC address is missing, which brand wyze makes the camera's key of")]
    MacMissing,
    /// The key of a camera of this brand is made of its ENR, which is the password, and there is none.
    #[error("the camera's ENR is missing, which is the password with brand wyze")]
    EnrMissing,
    /// The vendor's library does not speak for this brand.
    #[error("brand {brand} is played without the vendor's library only; name none, or choose the native backend")]
    BrandIsNative {
        /// The brand.
        brand: crate::Brand,
    },
    /// The vendor's library takes one licence key at a time.
    #[error("the vendor's library is in use with another licence key; close the sessions that use it first")]
    LicenseKeyInUse,
}

/// A text among the options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// The account of a login.
    Account,
    /// The password of a login.
    Password,
    /// The licence key of the vendor's library.
    LicenseKey,
}

impl Field {
    /// Who reads it.
    fn reader(self) -> &'static str {
        match self {
            Self::Account | Self::Password => "protocol",
            Self::LicenseKey => "library",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Account => "account",
            Self::Password => "password",
            Self::LicenseKey => "licence key",
        })
    }
}

/// Fails unless the protocol can carry this account or password.
pub(crate) fn check_credential(field: Field, text: &str) -> Result<(), OptionError> {
    if text.len() > MAX_CREDENTIAL {
        return Err(OptionError::TooLong { field, len: text.len() });
    }
    if text.contains('\0') {
        return Err(OptionError::Nul { field });
    }
    Ok(())
}
