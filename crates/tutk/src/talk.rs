use std::sync::Arc;

use crate::session::Inner as Backend;
#[cfg(feature = "vendor")]
use crate::vendor;
use crate::wire::FrameInfo;
use crate::{AudioFormat, TalkError, native};

/// Speech to the camera's speaker, from [`Session::start_talk`](crate::Session::start_talk) until this is dropped.
///
/// The caller has the pace: what is sent plays as it comes, and cameras hold little.
#[derive(Debug)]
pub struct Talk(Inner);

#[derive(Debug)]
enum Inner {
    Native {
        session: Arc<native::Session>,
        channel: u8,
    },
    #[cfg(feature = "vendor")]
    Vendor(vendor::Talk),
}

impl Talk {
    pub(crate) fn start(session: &Backend) -> Result<Self, TalkError> {
        Ok(Self(match session {
            Backend::Native(session) => {
                let channel = session.start_talk()?;
                Inner::Native { session: session.clone(), channel }
            }
            #[cfg(feature = "vendor")]
            Backend::Vendor(session) => Inner::Vendor(vendor::Talk::start(session)?),
        }))
    }

    /// Its AV channel in the session.
    pub fn channel(&self) -> u8 {
        match &self.0 {
            Inner::Native { channel, .. } => *channel,
            #[cfg(feature = "vendor")]
            Inner::Vendor(talk) => talk.channel(),
        }
    }

    /// Whether the camera has logged in, and listens; from then on there is a
    /// [`ViewerEvent::TalkStarted`](crate::ViewerEvent::TalkStarted).
    pub fn is_started(&self) -> bool {
        match &self.0 {
            Inner::Native { session, channel } => session.look(|link| link.is_open(*channel)).unwrap_or_default(),
            #[cfg(feature = "vendor")]
            Inner::Vendor(talk) => talk.is_started(),
        }
    }

    /// Sends a block of audio, which was taken at this time of a clock in milliseconds. Until the camera has logged in, up to 32 blocks
    /// wait.
    ///
    /// Fails if the block is too large (in the classic AV style it has to fit into a datagram: up to 1,280 bytes always do), if the
    /// vendor's library refuses it, and once the session is over.
    pub fn send(&self, format: AudioFormat, timestamp: u32, data: &[u8]) -> Result<(), TalkError> {
        let flags = format.flags().unwrap_or_default();
        self.send_frame(&FrameInfo { codec: format.codec, flags, camera: 0, viewers: 0, timestamp }.encode(), data)
    }

    /// As [`send`](Self::send), with a frame info of one's own, of 16 to 256 bytes.
    pub fn send_frame(&self, info: &[u8], data: &[u8]) -> Result<(), TalkError> {
        match &self.0 {
            Inner::Native { session, channel } => session.send_talk(*channel, data, info),
            #[cfg(feature = "vendor")]
            Inner::Vendor(talk) => talk.send_frame(info, data),
        }
    }

    /// Bytes that the camera has not acknowledged, where it acknowledges speech. The vendor's library does not say it: 0.
    pub fn unacknowledged(&self) -> usize {
        match &self.0 {
            Inner::Native { session, channel } => session.look(|link| link.unconfirmed(*channel)).unwrap_or_default(),
            #[cfg(feature = "vendor")]
            Inner::Vendor(_) => 0,
        }
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        match &self.0 {
            Inner::Native { session, channel } => session.stop_talk(*channel),
            // Its own drop does that.
            #[cfg(feature = "vendor")]
            Inner::Vendor(_) => {}
        }
    }
}
