use std::sync::Arc;

use crate::native::Session;
use crate::wire::FrameInfo;
use crate::{AudioFormat, TalkError};

/// Speech to the camera's speaker, from [`Session::start_talk`](crate::Session::start_talk) until this is dropped.
///
/// The caller has the pace: what is sent plays as it comes, and cameras hold little.
#[derive(Debug)]
pub struct Talk {
    session: Arc<Session>,
    channel: u8,
}

impl Talk {
    pub(crate) fn start(session: &Arc<Session>) -> Result<Self, TalkError> {
        let channel = session.start_talk()?;
        Ok(Self { session: session.clone(), channel })
    }

    /// Its AV channel in the session.
    pub fn channel(&self) -> u8 {
        self.channel
    }

    /// Whether the camera has logged in, and listens; from then on there is a
    /// [`ViewerEvent::TalkStarted`](crate::ViewerEvent::TalkStarted).
    pub fn is_started(&self) -> bool {
        self.session.look(|link| link.is_open(self.channel)).unwrap_or_default()
    }

    /// Sends a block of audio, which was taken at this time of a clock in milliseconds. Until the camera has logged in, up to 32 blocks
    /// wait.
    ///
    /// Fails if the block is too large (in the classic AV style it has to fit into a datagram: up to 1,280 bytes always do), and once
    /// the session is over.
    pub fn send(&self, format: AudioFormat, timestamp: u32, data: &[u8]) -> Result<(), TalkError> {
        let flags = format.flags().unwrap_or_default();
        self.send_frame(&FrameInfo { codec: format.codec, flags, camera: 0, viewers: 0, timestamp }.encode(), data)
    }

    /// As [`send`](Self::send), with a frame info of one's own, of 16 to 256 bytes.
    pub fn send_frame(&self, info: &[u8], data: &[u8]) -> Result<(), TalkError> {
        self.session.send_talk(self.channel, data, info)
    }

    /// Bytes that the camera has not acknowledged, where it acknowledges speech.
    pub fn unacknowledged(&self) -> usize {
        self.session.look(|link| link.unconfirmed(self.channel)).unwrap_or_default()
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.session.stop_talk(self.channel);
    }
}
