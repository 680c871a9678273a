use std::env;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::ParseBackendError;

/// What drives a session: the protocol in Rust, or the vendor's library.
///
/// A library that is named, by an option or by the environment variable `TUTK_LIBRARY`, is foreign code that runs in
/// this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Backend {
    /// The vendor's library if one is named, otherwise native. A library that is only installed is never loaded: it may
    /// send account and password to the vendor's servers.
    #[default]
    Auto,
    /// The protocol itself, on the LAN.
    Native,
    /// The vendor's library: LAN, P2P and relay. If none is named, the usual names are tried where the system's loader
    /// looks.
    Vendor,
}

impl Backend {
    fn nick(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Native => "native",
            Self::Vendor => "vendor",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.nick())
    }
}

impl FromStr for Backend {
    type Err = ParseBackendError;

    /// Fails unless `text` is `auto`, `native` or `vendor`.
    fn from_str(text: &str) -> Result<Self, ParseBackendError> {
        let known = [Self::Auto, Self::Native, Self::Vendor].into_iter().find(|backend| backend.nick() == text);
        known.ok_or_else(|| ParseBackendError { text: text.escape_debug().to_string() })
    }
}

/// The library that the environment names.
pub(crate) fn library() -> Option<PathBuf> {
    env::var_os("TUTK_LIBRARY").filter(|path| !path.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nicks_are_read_as_written() {
        for backend in [Backend::Auto, Backend::Native, Backend::Vendor] {
            assert_eq!(backend.to_string().parse::<Backend>().unwrap(), backend);
        }
        assert!("Native".parse::<Backend>().is_err());
    }
}
