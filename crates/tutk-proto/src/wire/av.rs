use super::reader::Reader;
use super::{CHUNK, Error, MAX_CREDENTIAL, MAX_RESEND, Text};

const VERSION: u16 = 3;
/// What the viewer says that it can do; the vendor's says just this.
const LOGIN_ABILITY: u32 = 0x001F_07FB;
const LOGIN_END: [u8; 4] = [0, 0, 3, 0];

/// A camera's answer to a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginResult {
    /// 0.
    Granted,
    /// 3: wrong account or password.
    Refused,
    /// Any other number.
    Other(u32),
}

/// A piece of a frame of video.
///
/// The frame's media and then its frame info are cut together into chunks of 1,024 bytes, so that frame info can
/// straddle two chunks; the last chunk is shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// The frame's number.
    pub frame: u32,
    /// Bytes of media in the whole frame.
    pub media_len: u32,
    /// Bytes of frame info behind the media.
    pub info_len: u16,
    /// Which chunk of the frame, from 0.
    pub index: u16,
    /// The chunk's bytes: always as many as its place in the frame tells.
    pub data: &'a [u8],
}

impl Chunk<'_> {
    /// Bytes of media and frame info together.
    pub fn frame_len(&self) -> usize {
        (self.media_len as usize).saturating_add(self.info_len.into())
    }

    /// The bytes of chunk `index` in a frame of `frame_len` bytes; empty if there is no such chunk.
    pub fn range(index: u16, frame_len: usize) -> std::ops::Range<usize> {
        let start = (usize::from(index) * CHUNK).min(frame_len);
        start..(start + CHUNK).min(frame_len)
    }
}

/// What a datagram of a session says: an AV message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Av<'a> {
    /// `00 00`, viewer; repeated until answered.
    Login {
        /// The account.
        account: Text<'a>,
        /// The password.
        password: Text<'a>,
        /// Whether the viewer asks for resend.
        resend: bool,
    },
    /// `00 14`, camera.
    LoginAnswer {
        /// Whether the viewer may go on.
        result: LoginResult,
        /// Whether lost chunks can be asked for.
        resend: bool,
        /// A number of the camera's application, which means what that says; usually [`SERVICE`](super::SERVICE).
        service: u32,
    },
    /// `00 70`, either side.
    IoControl {
        /// Counts the sender's IO controls from 1.
        number: u32,
        /// The type.
        kind: u32,
        /// The rest.
        body: &'a [u8],
    },
    /// `00 71`: the other side has the IO control with this number.
    IoControlSeen {
        /// Its number.
        number: u32,
    },
    /// `01 03`, or `01 06` if sent again; the vendor's camera sends `01 0A` for `01 06` where the request before it made
    /// no sense.
    Video {
        /// Whether it was asked for.
        again: bool,
        /// The chunk.
        chunk: Chunk<'a>,
    },
    /// `01 04`: a frame of audio, always in one datagram.
    Audio {
        /// The frame's number.
        frame: u32,
        /// Frame info, 16 bytes, more or fewer.
        info: &'a [u8],
        /// The media.
        media: &'a [u8],
    },
    /// `00 07`: the viewer lacks these chunks, little-endian numbers; with none, it lacks the whole frame.
    Resend {
        /// The frame's number.
        frame: u32,
        /// The chunks' numbers.
        chunks: &'a [[u8; 2]],
    },
    /// `00 08`: the viewer has the whole frame.
    FrameDone {
        /// The frame's number.
        frame: u32,
    },
    /// `01 09`: the camera saw that.
    FrameDoneSeen {
        /// The frame's number.
        frame: u32,
    },
}

impl<'a> Av<'a> {
    /// Reads the AV header and its data.
    pub(super) fn decode(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body);
        let kind = u16::from_be_bytes(*reader.array()?);
        let _version = reader.u16()?;
        let number = reader.u32()?;
        let whole = reader.u32()?;
        let index = reader.u16()?;
        let info_len = reader.u16()?;
        let len = reader.u16()?.into();
        reader.bytes(6)?;
        match kind {
            0x0000 => {
                let account = Text::in_field(reader.bytes(MAX_CREDENTIAL + 1)?);
                let password = Text::in_field(reader.bytes(MAX_CREDENTIAL + 1)?);
                Ok(Self::Login { account, password, resend: reader.u32()? != 0 })
            }
            0x0014 => {
                let result = match reader.u32()? {
                    0 => LoginResult::Granted,
                    3 => LoginResult::Refused,
                    other => LoginResult::Other(other),
                };
                reader.u32()?;
                Ok(Self::LoginAnswer { result, resend: reader.u32()? != 0, service: number })
            }
            0x0070 => {
                let mut reader = Reader::new(reader.bytes(len)?);
                Ok(Self::IoControl { number, kind: reader.u32()?, body: reader.rest() })
            }
            0x0071 => Ok(Self::IoControlSeen { number }),
            0x0103 | 0x0106 | 0x010A => {
                let data = reader.bytes(len)?;
                let chunk = Chunk { frame: number, media_len: whole, info_len, index, data };
                if data.is_empty() || Chunk::range(index, chunk.frame_len()).len() != data.len() {
                    return Err(Error::Contradiction);
                }
                Ok(Self::Video { again: kind != 0x0103, chunk })
            }
            0x0104 => {
                let info = reader.bytes(info_len.into())?;
                if whole as usize != info.len() + len {
                    return Err(Error::Contradiction);
                }
                Ok(Self::Audio { frame: number, info, media: reader.bytes(len)? })
            }
            0x0007 => {
                let frame = reader.u32()?;
                reader.u32()?;
                let count = usize::from(reader.u16()?);
                Ok(Self::Resend { frame, chunks: reader.bytes(count * 2)?.as_chunks().0 })
            }
            0x0008 => Ok(Self::FrameDone { frame: reader.u32()? }),
            0x0109 => Ok(Self::FrameDoneSeen { frame: reader.u32()? }),
            _ => Err(Error::Av(kind)),
        }
    }

    /// Appends the AV header and its data to `out`.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Login { account, password, resend } => {
                let len = 2 * (MAX_CREDENTIAL + 1) + 24;
                put_header(out, 0x0000, Fields { len, ..Fields::default() });
                account.put(out, MAX_CREDENTIAL + 1);
                password.put(out, MAX_CREDENTIAL + 1);
                put_words(out, &[resend.into(), 4, LOGIN_ABILITY, 0, 0]);
                out.extend_from_slice(&LOGIN_END);
            }
            Self::LoginAnswer { result, resend, service } => {
                put_header(out, 0x0014, Fields { number: service, len: 32, ..Fields::default() });
                let result = match result {
                    LoginResult::Granted => 0,
                    LoginResult::Refused => 3,
                    LoginResult::Other(other) => other,
                };
                put_words(out, &[result, 0, resend.into(), 4, 0, 0, 0, 0]);
            }
            Self::IoControl { number, kind, body } => {
                put_header(out, 0x0070, Fields { number, len: body.len() + 4, ..Fields::default() });
                put_words(out, &[kind]);
                out.extend_from_slice(body);
            }
            Self::IoControlSeen { number } => put_header(out, 0x0071, Fields { number, ..Fields::default() }),
            Self::Video { again, chunk } => {
                put_header(
                    out,
                    if again { 0x0106 } else { 0x0103 },
                    Fields {
                        number: chunk.frame,
                        whole: chunk.media_len,
                        index: chunk.index,
                        info_len: chunk.info_len,
                        len: chunk.data.len(),
                    },
                );
                out.extend_from_slice(chunk.data);
            }
            Self::Audio { frame, info, media } => {
                put_header(
                    out,
                    0x0104,
                    Fields {
                        number: frame,
                        whole: (info.len() + media.len()) as u32,
                        info_len: info.len() as u16,
                        len: media.len(),
                        index: 0,
                    },
                );
                out.extend_from_slice(info);
                out.extend_from_slice(media);
            }
            Self::Resend { frame, chunks } => {
                let chunks = chunks.get(..MAX_RESEND).unwrap_or(chunks);
                put_header(out, 0x0007, Fields::default());
                put_words(out, &[frame, 0]);
                out.extend_from_slice(&(chunks.len() as u16).to_le_bytes());
                out.extend_from_slice(chunks.as_flattened());
            }
            Self::FrameDone { frame } => {
                put_header(out, 0x0008, Fields::default());
                put_words(out, &[frame, 0]);
            }
            Self::FrameDoneSeen { frame } => {
                put_header(out, 0x0109, Fields::default());
                put_words(out, &[frame, 0]);
            }
        }
    }
}

#[derive(Default)]
struct Fields {
    number: u32,
    whole: u32,
    index: u16,
    info_len: u16,
    len: usize,
}

fn put_header(out: &mut Vec<u8>, kind: u16, fields: Fields) {
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&VERSION.to_le_bytes());
    put_words(out, &[fields.number, fields.whole]);
    out.extend_from_slice(&fields.index.to_le_bytes());
    out.extend_from_slice(&fields.info_len.to_le_bytes());
    out.extend_from_slice(&(fields.len as u16).to_le_bytes());
    out.extend_from_slice(&[0; 6]);
}

fn put_words(out: &mut Vec<u8>, words: &[u32]) {
    for word in words {
        out.extend_from_slice(&word.to_le_bytes());
    }
}
