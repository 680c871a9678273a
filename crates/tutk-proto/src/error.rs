use crate::{MAX_FRAME, Uid};

/// Why a text is no [`Uid`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{text}” is not a camera's UID: it has {length} characters, and a UID has {} letters and digits", Uid::LEN)]
#[non_exhaustive]
pub struct ParseUidError {
    /// The beginning of the text, with what cannot be printed escaped.
    pub text: String,
    /// How many characters the whole text has.
    pub length: usize,
}

/// Why a text is no [`AuthKey`](crate::AuthKey); the text itself is a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the authentication key has {length} characters, and a key has 8: letters, digits and signs without blanks")]
#[non_exhaustive]
pub struct ParseAuthKeyError {
    /// How many characters the text has.
    pub length: usize,
}

/// Why a text is no [`Encryption`](crate::security::Encryption).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("encryption is auto, required or off")]
#[non_exhaustive]
pub struct ParseEncryptionError;

/// Why something cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// A frame of video is larger than [`MAX_FRAME`], its frame info included.
    #[error("a frame of {len} bytes cannot be sent: the protocol's largest has {}", MAX_FRAME.saturating_sub(*info_len))]
    FrameTooLarge {
        /// Bytes of its media.
        len: usize,
        /// Bytes of its frame info.
        info_len: usize,
    },
    /// Frame info has 16 to 256 bytes.
    #[error("frame info has 16 to 256 bytes, not {len}")]
    FrameInfo {
        /// Bytes that were given.
        len: usize,
    },
    /// A block of audio and its frame info do not fit into a datagram.
    #[error("a block of audio of {len} bytes does not fit into a datagram")]
    AudioTooLarge {
        /// Bytes of its media.
        len: usize,
    },
    /// The body of an IO control is larger than [`MAX_BODY`](crate::io_control::MAX_BODY), or in classic style than
    /// [`MAX_CLASSIC_BODY`](crate::io_control::MAX_CLASSIC_BODY).
    #[error("the body of the IO control has {len} bytes, and {max} fit")]
    BodyTooLarge {
        /// Bytes that were given.
        len: usize,
        /// Most that this session takes.
        max: usize,
    },
}
