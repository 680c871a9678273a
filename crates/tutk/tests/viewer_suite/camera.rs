//! Sessions with a camera in this process.

use tutk::{AvEvent, Backend, Codec, ConnectError, Events, Frame, Session, SessionOptions, Uid, VideoFrame, ViewerId};

use crate::Through;
use crate::common::camera::{LONG, Running, connect, next};

impl Running {
    /// Sends a frame of this size, whose bytes depend on its number.
    pub(crate) fn send(&self, viewer: ViewerId, number: u32, len: usize) -> Vec<u8> {
        let data: Vec<u8> = (0..len).map(|i| (i as u32).wrapping_mul(31).wrapping_add(number) as u8).collect();
        let frame = VideoFrame::new(Codec::H264, &data).with_key(number == 0).with_timestamp(number * 40);
        assert_eq!(self.camera.send_video(&[viewer], frame).unwrap(), 1);
        data
    }
}

impl Through {
    pub(crate) fn options(&self, uid: Uid, password: &str) -> SessionOptions {
        let mut options = SessionOptions::new(uid).with_login("admin", password).with_timeout(LONG);
        options.backend = self.backend;
        options.library = self.library.clone();
        options
    }

    pub(crate) fn open(&self, uid: Uid, password: &str) -> (Session, Events) {
        connect(self.options(uid, password)).unwrap()
    }

    pub(crate) fn fail(&self, options: SessionOptions) -> ConnectError {
        connect(options).unwrap_err()
    }

    pub(crate) fn is_native(&self) -> bool {
        self.backend == Backend::Native
    }
}

/// The next frame of video, which nothing comes before.
pub(crate) fn frame(events: &mut Events) -> Frame {
    match next(events) {
        AvEvent::Video(frame) => frame,
        event => panic!("{event:?}"),
    }
}
