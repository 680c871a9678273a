//! The classic AV style: a header of 24 bytes, then data.

use crate::Generation;
use crate::wire::reader::Reader;
use crate::wire::{Av, Chunk, Echo, Error, Feedback, LoginResult, MAX_CREDENTIAL, MAX_RESEND, Text};

/// What both say that they can do; the vendor's say just this.
const LOGIN_ABILITY: u32 = 0x001F_07FB;
const LOGIN_END: [u8; 4] = [0, 0, 3, 0];

/// Reads the AV header and its data.
pub(in crate::wire) fn decode(body: &[u8]) -> Result<Av<'_>, Error> {
    let mut reader = Reader::new(body);
    let kind = u16::from_be_bytes(*reader.array()?);
    let version = reader.u16()?;
    let number = reader.u32()?;
    let whole = reader.u32()?;
    let index = reader.u16()?;
    let info_len = reader.u16()?;
    let len = reader.u16()?.into();
    let echo: Echo = *reader.array()?;
    let [low, high, clean @ ..] = echo;
    let (clock, clean) = (u16::from_le_bytes([low, high]), u32::from_le_bytes(clean));
    match kind {
        0x0000 => {
            let account = Text::in_field(reader.bytes(MAX_CREDENTIAL + 1)?);
            let password = Text::in_field(reader.bytes(MAX_CREDENTIAL + 1)?);
            Ok(Av::Login { account, password, resend: reader.u32()? != 0, version, echo })
        }
        0x0014 => {
            let result = match reader.u32()? {
                0 => LoginResult::Granted,
                3 => LoginResult::Refused,
                other => LoginResult::Other(other),
            };
            reader.u32()?;
            Ok(Av::LoginAnswer { result, resend: reader.u32()? != 0, service: number, echo })
        }
        0x0070 => {
            let mut reader = Reader::new(reader.bytes(len)?);
            Ok(Av::IoControl { number, kind: reader.u32()?, body: reader.rest(), version, echo })
        }
        0x0010 => {
            let mut reader = Reader::new(reader.bytes(len)?);
            Ok(Av::Internal { number, kind: reader.u32()?, body: reader.rest(), version, echo })
        }
        0x0011 => Ok(Av::InternalAck { number, version, echo }),
        0x0071 => Ok(Av::IoControlAck { number, version, echo }),
        0x010A if len == 0 => Ok(Av::Feedback(Feedback::NotAvailable { frame: reader.u32()? })),
        0x0103 | 0x0106 | 0x010A => {
            let data = reader.bytes(len)?;
            let chunk = Chunk { frame: number, media_len: whole, info_len, index, data };
            if data.is_empty() || Chunk::range(index, chunk.frame_len()).len() != data.len() {
                return Err(Error::Contradiction);
            }
            Ok(Av::Video { retransmitted: kind != 0x0103, clock, clean, chunk })
        }
        0x0104 | 0x0105 => {
            let info = reader.bytes(info_len.into())?;
            if whole as usize != info.len() + len {
                return Err(Error::Contradiction);
            }
            let (retransmitted, media) = (kind == 0x0105, reader.bytes(len)?);
            Ok(Av::Audio { retransmitted, frame: number, info, media })
        }
        0x0007 => {
            let frame = reader.u32()?;
            reader.u32()?;
            let count = usize::from(reader.u16()?);
            Ok(Av::Feedback(Feedback::Nack { frame, chunks: reader.bytes(count * 2)?.as_chunks().0 }))
        }
        0x0008 => {
            let (frame, echo) = (reader.u32()?, clock);
            Ok(Av::Feedback(Feedback::Ack { frame, clock: reader.u32()?, echo, clean }))
        }
        0x0109 => Ok(Av::Feedback(Feedback::AckReceived { frame: reader.u32()?, clock: reader.u32()?, clean })),
        0x0005 => Ok(Av::Feedback(Feedback::NackAudio { frames: reader.bytes(len)?.as_chunks().0 })),
        _ => Err(Error::Av(kind)),
    }
}

/// Appends the AV header and its data to `out`.
pub(in crate::wire) fn encode(av: &Av<'_>, generation: Generation, out: &mut Vec<u8>) {
    let put_header = |out: &mut Vec<u8>, kind, fields| put_header(out, kind, generation.av_version(), fields);
    match *av {
        Av::Login { account, password, resend, echo, .. } => {
            // Two words that say more of the packet style.
            let more: &[u8] = if generation.av_version() < 0x0B { &[] } else { &[0; 8] };
            let len = 2 * (MAX_CREDENTIAL + 1) + 24 + more.len();
            put_header(out, 0x0000, Fields { len, echo, ..Fields::default() });
            account.put(out, MAX_CREDENTIAL + 1);
            password.put(out, MAX_CREDENTIAL + 1);
            put_words(out, &[resend.into(), 4, LOGIN_ABILITY, 0, 0]);
            out.extend_from_slice(&LOGIN_END);
            out.extend_from_slice(more);
        }
        Av::LoginAnswer { result, resend, service, echo } => {
            put_header(out, 0x0014, Fields { number: service, len: 32, echo, ..Fields::default() });
            let result = match result {
                LoginResult::Granted => 0,
                LoginResult::Refused => 3,
                LoginResult::Other(other) => other,
            };
            put_words(out, &[result, 0, resend.into(), 4]);
            if generation == Generation::G09 {
                out.extend_from_slice(&[0; 16]);
            } else {
                put_words(out, &[LOGIN_ABILITY, 0, 0]);
                out.extend_from_slice(&LOGIN_END);
            }
        }
        Av::Internal { number, kind, body, echo, .. } => {
            put_header(out, 0x0010, Fields { number, len: body.len() + 4, echo, ..Fields::default() });
            put_words(out, &[kind]);
            out.extend_from_slice(body);
        }
        Av::InternalAck { number, version, echo } => {
            self::put_header(out, 0x0011, version, Fields { number, echo, ..Fields::default() });
        }
        Av::IoControl { number, kind, body, echo, .. } => {
            put_header(out, 0x0070, Fields { number, len: body.len() + 4, echo, ..Fields::default() });
            put_words(out, &[kind]);
            out.extend_from_slice(body);
        }
        Av::IoControlAck { number, version, echo } => {
            self::put_header(out, 0x0071, version, Fields { number, echo, ..Fields::default() });
        }
        Av::Video { retransmitted, clock, clean, chunk } => {
            put_header(
                out,
                if retransmitted { 0x0106 } else { 0x0103 },
                Fields {
                    number: chunk.frame,
                    whole: chunk.media_len,
                    index: chunk.index,
                    info_len: chunk.info_len,
                    len: chunk.data.len(),
                    echo: media_echo(clock, clean),
                },
            );
            out.extend_from_slice(chunk.data);
        }
        Av::Audio { retransmitted, frame, info, media } => {
            put_header(
                out,
                if retransmitted { 0x0105 } else { 0x0104 },
                Fields {
                    number: frame,
                    whole: (info.len() + media.len()) as u32,
                    info_len: info.len() as u16,
                    len: media.len(),
                    ..Fields::default()
                },
            );
            out.extend_from_slice(info);
            out.extend_from_slice(media);
        }
        Av::Feedback(Feedback::Nack { frame, chunks }) => {
            let chunks = chunks.get(..MAX_RESEND).unwrap_or(chunks);
            put_header(out, 0x0007, Fields::default());
            put_words(out, &[frame, 0]);
            out.extend_from_slice(&(chunks.len() as u16).to_le_bytes());
            out.extend_from_slice(chunks.as_flattened());
        }
        Av::Feedback(Feedback::Ack { frame, clock, echo, clean }) => {
            put_header(out, 0x0008, Fields { echo: media_echo(echo, clean), ..Fields::default() });
            put_words(out, &[frame, clock]);
        }
        Av::Feedback(Feedback::AckReceived { frame, clock, clean }) => {
            put_header(out, 0x0109, Fields { echo: media_echo(0, clean), ..Fields::default() });
            put_words(out, &[frame, clock]);
        }
        Av::Feedback(Feedback::NotAvailable { frame }) => {
            put_header(out, 0x010A, Fields::default());
            put_words(out, &[frame]);
        }
        Av::Feedback(Feedback::NackAudio { frames }) => {
            put_header(out, 0x0005, Fields { len: frames.as_flattened().len(), ..Fields::default() });
            out.extend_from_slice(frames.as_flattened());
        }
        Av::Packet(_) => {}
    }
}

/// The bytes 18 to 24 of media and their acknowledgements.
fn media_echo(clock: u16, clean: u32) -> Echo {
    let ([low, high], [a, b, c, d]) = (clock.to_le_bytes(), clean.to_le_bytes());
    [low, high, a, b, c, d]
}

#[derive(Default)]
struct Fields {
    number: u32,
    whole: u32,
    index: u16,
    info_len: u16,
    len: usize,
    echo: Echo,
}

fn put_header(out: &mut Vec<u8>, kind: u16, version: u16, fields: Fields) {
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&version.to_le_bytes());
    put_words(out, &[fields.number, fields.whole]);
    out.extend_from_slice(&fields.index.to_le_bytes());
    out.extend_from_slice(&fields.info_len.to_le_bytes());
    out.extend_from_slice(&(fields.len as u16).to_le_bytes());
    out.extend_from_slice(&fields.echo);
}

fn put_words(out: &mut Vec<u8>, words: &[u32]) {
    for word in words {
        out.extend_from_slice(&word.to_le_bytes());
    }
}
