use std::collections::VecDeque;

use super::{State, Viewer};
use crate::channel::AvEvent;
use crate::send::Outgoing;
use crate::{SendError, ViewerEvent};

/// Speech to the camera: a channel in which the viewer has the server, and the camera is the client.
#[derive(Debug)]
pub(super) struct Talk {
    channel: u8,
    /// Media and frame info of blocks that wait for the camera.
    waiting: VecDeque<(Vec<u8>, Vec<u8>)>,
}

/// Most blocks that wait for the camera to log in: 1.3 s of those of 40 ms. The oldest goes first.
const MAX_WAITING: usize = 32;

impl Viewer {
    /// Opens a free channel for speech, and returns its number, which the command to the camera's speaker names
    /// ([`START_SPEAKER`](crate::io_control::START_SPEAKER)). Whatever account the camera gives when it logs in there, it is let in; in
    /// an encrypted session it must have the one that the viewer has logged in with.
    ///
    /// None unless the session is established, if there is such a channel already, and if no channel is free.
    pub fn start_talk(&mut self) -> Option<u8> {
        let State::Established { logging_in: false, .. } = self.state else { return None };
        if self.talk.is_some() {
            return None;
        }
        let channel = self.link.free_channel()?;
        self.link.start_server(channel, true);
        self.link.set_service(channel, 0);
        self.talk = Some(Talk { channel, waiting: VecDeque::new() });
        Some(channel)
    }

    /// Sends a block of speech with its frame info of 16 to 256 bytes. Until the camera has logged in, up to 32 of them wait;
    /// without [`start_talk`](Self::start_talk) it goes nowhere.
    ///
    /// Fails if the block is too large: in the classic AV style both have to fit into a datagram.
    pub fn send_talk(&mut self, media: &[u8], info: &[u8]) -> Result<(), SendError> {
        let Some(talk) = &mut self.talk else { return Ok(()) };
        if self.link.is_open(talk.channel) {
            return self.link.send_audio(talk.channel, media, info);
        }
        // No style takes more than this one.
        Outgoing::new(media, info)?;
        if talk.waiting.len() == MAX_WAITING {
            talk.waiting.pop_front();
        }
        talk.waiting.push_back((media.to_vec(), info.to_vec()));
        Ok(())
    }

    /// Closes the channel for speech. Returns its number.
    pub fn stop_talk(&mut self) -> Option<u8> {
        let channel = self.talk.take()?.channel;
        self.link.stop(channel);
        Some(channel)
    }

    /// The channel for speech, if there is one.
    pub fn talk_channel(&self) -> Option<u8> {
        self.talk.as_ref().map(|talk| talk.channel)
    }

    pub(super) fn is_talk(&self, channel: u8) -> bool {
        self.talk_channel() == Some(channel)
    }

    pub(super) fn take_talk_event(&mut self, event: &AvEvent) {
        let Some(talk) = &mut self.talk else { return };
        if !matches!(event, AvEvent::Login { .. }) || self.link.answer_login(talk.channel, true).is_none() {
            return;
        }
        for (media, info) in std::mem::take(&mut talk.waiting) {
            // The style may have a limit that was not known before; what is over it cannot be sent.
            let _ = self.link.send_audio(talk.channel, &media, &info);
        }
        self.events.push_back(ViewerEvent::TalkStarted);
    }
}
