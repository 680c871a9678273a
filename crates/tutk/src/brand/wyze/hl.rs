//! Messages, read and written.

/// Bytes before the payload.
const HEADER: usize = 16;
/// Of the messages that were seen; no other version is known.
const VERSION: u8 = 5;

/// Viewer: begins the login. Payload: JSON, the codecs of sound that it can play.
pub(super) const LOGIN: u16 = 10_000;
/// Camera: u8 [`status`](super::status), 16 bytes challenge.
pub(super) const CHALLENGE: u16 = 10_001;
/// Viewer: 16 bytes response, 4 random bytes, u8 video, u8 audio: 1 asks for it.
pub(super) const RESPONSE: u16 = 10_002;
/// Camera: JSON, the result and what the camera is.
pub(super) const RESULT: u16 = 10_003;
/// Viewer: u8 media, u8 [`ON`] or [`OFF`]. The answer is the next number, as of all that follow.
pub(super) const MEDIA: u16 = 10_010;
/// Viewer: u16 bit rate, u8 frame size and 1, u8 frames per second or 0, 2 bytes 0. For doorbells and outdoor models.
pub(super) const QUALITY_OF_DOORBELLS: u16 = 10_052;
/// Viewer: u8 frame size and 1, u16 bit rate, u16 frames per second or 0.
pub(super) const QUALITY: u16 = 10_056;

pub(super) const VIDEO: u8 = 1;
pub(super) const AUDIO: u8 = 2;
/// The viewer's speech, which goes in channel 1.
pub(super) const AUDIO_BACK: u8 = 3;
pub(super) const AUDIO_BACK_CHANNEL: u8 = 1;
pub(super) const ON: u8 = 1;
pub(super) const OFF: u8 = 2;

/// A message of Wyze's application: the body of an IO control of type 0x0100.
///
/// "HL", u8 version, 1 byte 0, u16 command, u16 bytes of the payload, 8 bytes 0, payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Which command or answer.
    pub command: u16,
    /// What belongs to it.
    pub payload: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads the body of an IO control. None if it is no message, or says that it is longer than it is; what follows it is passed over.
    pub fn decode(body: &'a [u8]) -> Option<Self> {
        let (header, rest) = body.split_first_chunk::<HEADER>()?;
        let [b'H', b'L', _, _, command0, command1, len0, len1, ..] = *header else { return None };
        let payload = rest.get(..usize::from(u16::from_le_bytes([len0, len1])))?;
        Some(Self { command: u16::from_le_bytes([command0, command1]), payload })
    }

    /// The body of an IO control. Of a payload over 65,535 bytes the first of them.
    pub fn encode(&self) -> Vec<u8> {
        let len = u16::try_from(self.payload.len()).unwrap_or(u16::MAX);
        let mut body = vec![b'H', b'L', VERSION, 0];
        body.extend_from_slice(&self.command.to_le_bytes());
        body.extend_from_slice(&len.to_le_bytes());
        body.resize(HEADER, 0);
        body.extend(self.payload.iter().take(len.into()));
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_its_place_for_everything() {
        let body = Message { command: MEDIA, payload: &[AUDIO, ON] }.encode();
        assert_eq!(body, [b'H', b'L', 5, 0, 0x1A, 0x27, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1]);
        assert_eq!(Message::decode(&body), Some(Message { command: 10_010, payload: &[2, 1] }));
    }

    #[test]
    fn what_is_not_complete_is_no_message() {
        let body = Message { command: LOGIN, payload: b"{}" }.encode();
        for len in 0..body.len() {
            assert_eq!(Message::decode(&body[..len]), None, "{len}");
        }
        let longer = [&body[..], &[0; 3]].concat();
        assert_eq!(Message::decode(&longer), Message::decode(&body));
        assert_eq!(Message::decode(&[b"IC", &body[2..]].concat()), None);
    }

    #[test]
    fn a_long_payload_is_cut() {
        let body = Message { command: 1, payload: &[7; 70_000] }.encode();
        assert_eq!(Message::decode(&body).unwrap().payload.len(), 65_535);
    }
}
