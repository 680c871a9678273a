use std::fmt;

/// Why a text is no [`Backend`](crate::Backend).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{text}” is no backend: auto, native or vendor")]
#[non_exhaustive]
pub struct ParseBackendError {
    /// The text, with what cannot be printed escaped.
    pub text: String,
}

/// Why a text is no [`LocalPorts`](crate::LocalPorts).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{text}” is no local port: PORT or FIRST-LAST, from 1 to 65535")]
#[non_exhaustive]
pub struct ParseLocalPortsError {
    /// The text, with what cannot be printed escaped.
    pub text: String,
}

/// Why a text is no [`Address`](crate::Address).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{text}” is no address host[:port]: {problem}")]
#[non_exhaustive]
pub struct ParseAddressError {
    /// The text, with what cannot be printed escaped.
    pub text: String,
    /// What is wrong with it.
    pub problem: AddressProblem,
}

/// What is wrong with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressProblem {
    /// The port is no number from 1 to 65535.
    Port,
    /// There is no host.
    NoHost,
    /// What looks like an IPv6 address is none.
    Ipv6,
    /// A link-local IPv6 address lacks its interface, or another address has one.
    Interface,
    /// The host has a character that no host has.
    Character,
}

impl fmt::Display for AddressProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Port => "the port is a number from 1 to 65535",
            Self::NoHost => "the host is missing",
            Self::Ipv6 => "an IPv6 address is written as 2001:db8::7, and with a port as [2001:db8::7]:PORT",
            Self::Interface => {
                "an address that begins with fe80 needs its interface, as in fe80::7%eth0, and no other has one"
            }
            Self::Character => "a host has no such character",
        })
    }
}

/// Why a text is no [`Brand`](crate::Brand).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{text}” is no brand: generic or wyze")]
#[non_exhaustive]
pub struct ParseBrandError {
    /// The text, with what cannot be printed escaped.
    pub text: String,
}

/// Why a text is no [`Mac`](crate::Mac). The text is not shown: it may be a secret in the wrong place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a MAC address has 12 hexadecimal digits, as AABBCCDDEEFF or AA:BB:CC:DD:EE:FF, and this text of {length} characters is none"
)]
#[non_exhaustive]
pub struct ParseMacError {
    /// Its characters.
    pub length: usize,
}
