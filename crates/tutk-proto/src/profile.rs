//! The three axes on which sessions differ, and what identifies a session.

/// The version byte in the header of every datagram: which generation of the protocol its sender speaks.
///
/// Each side writes its own into all that it sends; nobody negotiates a number. Seen in the vendor's libraries: 0x09 in 1.13,
/// 0x10 in 2.1, 0x12 and 0x14 in 3.1, 0x1a in 4.2. Public code has 0x1d for 4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Generation(pub u8);

impl Generation {
    /// Of SDK 1.x, up to about 2016.
    pub const G09: Self = Self(0x09);
    /// Of SDK 2.1.
    pub const G10: Self = Self(0x10);
    /// Of SDK 3.1.4.
    pub const G12: Self = Self(0x12);
    /// Of SDK 3.1.5.
    pub const G14: Self = Self(0x14);
    /// Of SDK 4.2.
    pub const G1A: Self = Self(0x1a);
    /// Of SDK 4.3, with [`Framing::Hmac`]: the newest firmware of Wyze's cameras. Known from public code alone.
    pub const G1D: Self = Self(0x1d);

    /// The newest that was seen, and this crate's own towards all but those of 0x09 and 0x1d.
    pub const NEWEST: Self = Self::G1A;

    /// Whether this crate has sessions with it.
    pub fn is_spoken(self) -> bool {
        (Self::G09..=Self::G1A).contains(&self) || self == Self::G1D
    }

    /// Whether its cameras may know encrypted sessions. Seen of 0x1a alone; those of 0x1d know no others.
    pub(crate) fn may_encrypt(self) -> bool {
        self >= Self::G1A
    }

    /// Whether its sessions have a session block.
    pub(crate) fn has_block(self) -> bool {
        self >= Self::G10
    }

    /// The version of the vendor's library of this generation, last number first: 4.2.1.1 is `01 01 02 04`.
    pub fn library_version(self) -> [u8; 4] {
        match self.0 {
            ..0x10 => [7, 0, 13, 1],
            0x10..0x12 => [13, 8, 1, 2],
            0x12..0x14 => [55, 4, 1, 3],
            0x14..0x17 => [38, 5, 1, 3],
            0x17..0x1d => [1, 1, 2, 4],
            0x1d.. => [0, 8, 3, 4],
        }
    }

    /// The AV version that the vendor's library of this generation writes into its AV headers. Seen in 0x09, 0x10, 0x12, 0x14
    /// and 0x1a; public code has 0x0a for 0x17 to 0x19, and 0x0c for 0x1d.
    pub(crate) fn av_version(self) -> u16 {
        match self.0 {
            ..0x10 => 3,
            0x10..0x12 => 4,
            0x12..0x17 => 8,
            0x17..0x1a => 0x0a,
            0x1a..0x1d => 0x0b,
            0x1d.. => 0x0c,
        }
    }
}

/// The first AV version that speaks the packet style.
pub(crate) const PACKET_AV_VERSION: u16 = 0x0A;

/// The first AV version that takes audio among the frames of video.
pub(crate) const FRAMED_AUDIO_VERSION: u16 = 8;

/// How a session speaks: discovery and the handshake decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Profile {
    /// How a datagram names its session.
    pub framing: Framing,
    /// How AV messages look.
    pub av: AvStyle,
    /// What protects AV messages.
    pub security: Security,
}

impl Profile {
    /// Of sessions with generation 0x09.
    pub const V1: Self = Self { framing: Framing::Cookie, av: AvStyle::Classic, security: Security::Plain };

    /// Of sessions with generation 0x1d.
    pub(crate) const HMAC: Self = Self { framing: Framing::Hmac, av: AvStyle::Packet, security: Security::Dtls };

    /// Of sessions between these two, both of 0x10 or later.
    pub(crate) fn between(own: Generation, other: Generation) -> Self {
        let av = if own.min(other).av_version() < PACKET_AV_VERSION { AvStyle::Classic } else { AvStyle::Packet };
        Self { framing: Framing::Block, av, security: Security::Plain }
    }
}

/// How a datagram names its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Framing {
    /// A cookie of 16 bits in the header; the session begins with a handshake of its own.
    Cookie,
    /// A session block of 12 bytes behind the header, from generation 0x10 on; a search begins the session.
    Block,
    /// A header of its own (0xCC51), without the scramble and with an HMAC of UID and authentication key: generation 0x1d. Messages of
    /// its own begin the session, which is always encrypted. Known from public code alone.
    Hmac,
}

/// How AV messages look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AvStyle {
    /// A header of 24 bytes, chunks of single frames, an acknowledgement for each frame.
    Classic,
    /// One numbering of chunks for all media of a channel, acknowledged with a list of what is missing. In a
    /// [`Profile`]: where the login of a channel agrees on it, else [`Classic`](Self::Classic).
    Packet,
}

/// What protects AV messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Security {
    /// Nothing: the scramble has a fixed key.
    Plain,
    /// DTLS: see [`security`](crate::security).
    Dtls,
}

/// What identifies a session; the viewer chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SessionId {
    /// With [`Framing::Cookie`]; never 0.
    Cookie(u16),
    /// With [`Framing::Block`].
    Block([u8; 8]),
    /// With [`Framing::Hmac`].
    Hmac([u8; 8]),
}
