use std::time::Instant;

use super::{Access, Camera, ViewerId};
use crate::session::Peer;
use crate::{Credentials, io_control};

/// Most bytes of a viewer's speech that wait for what is missing. Who makes a camera keep more does not speak.
const MAX_TALK: usize = 1 << 20;
/// Where applications have a fixed one.
const USUAL_CHANNEL: u8 = 1;

impl Camera {
    /// Listens to a viewer who speaks, in this channel of its session: the camera logs in there. Any other that it listened to
    /// ends. What is heard comes as [`CameraEvent::Talk`](crate::CameraEvent::Talk).
    ///
    /// With [`Access::Application`] nothing happens: the application starts clients by itself.
    pub fn start_talk(&mut self, now: Instant, viewer: ViewerId, channel: u8) {
        if let Some(peer) = self.peers.get_mut(viewer).filter(|peer| peer.is_viewer()) {
            peer.talk_wanted = Some(Some(channel).filter(|channel| *channel != 0));
        }
        self.begin_talk(now, viewer);
    }

    /// No longer listens to a viewer.
    pub fn stop_talk(&mut self, now: Instant, viewer: ViewerId) {
        self.start_talk(now, viewer, 0);
    }

    /// Begins and ends what a viewer's commands have asked for.
    pub(super) fn begin_talk(&mut self, now: Instant, viewer: ViewerId) {
        let Access::Account { account, password } = &self.config.access else { return };
        let Some(peer) = self.peers.get_mut(viewer).filter(|peer| peer.is_viewer()) else { return };
        let Some(wanted) = peer.talk_wanted.take() else { return };
        if let Some(before) = std::mem::replace(&mut peer.talk, wanted) {
            peer.link.stop(before);
        }
        if let Some(channel) = wanted {
            // In a plain session the viewer needs to know nothing of the account, and neither does anybody who listens.
            let credentials = match peer.link.is_secure() {
                true => Credentials::new(account.as_str(), password.clone()),
                false => Credentials::new("", ""),
            };
            peer.link.log_in(now, channel, credentials, self.config.resend);
        }
        self.peers.update(viewer);
    }
}

impl Peer {
    /// Ends speech that is none.
    pub(super) fn bound_talk(&mut self) {
        if let Some(channel) = self.talk.filter(|_| self.link.received_memory() > MAX_TALK) {
            self.link.stop(channel);
            self.talk = None;
        }
    }

    /// A command to start or to stop the speaker is to be obeyed.
    pub(super) fn speaker_command(&mut self, kind: u32, body: &[u8]) {
        match kind {
            io_control::START_SPEAKER => {
                // Only 256 channels can be told apart; applications write a u32, and some none.
                let channel = body.first().copied().filter(|channel| *channel != 0);
                self.talk_wanted = Some(channel.or(Some(USUAL_CHANNEL)));
            }
            io_control::STOP_SPEAKER => self.talk_wanted = Some(None),
            _ => {}
        }
    }
}
