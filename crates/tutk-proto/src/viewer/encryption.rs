//! Whether a viewer's session is encrypted, and what becomes of it.

use std::time::Instant;

use super::{CloseReason, State, Step, Viewer, ViewerEvent};
use crate::Generation;
use crate::channel::AvEvent;
use crate::security::{Encryption, Failure};
use crate::session::secure::{Secure, SecurityEvent};

impl Viewer {
    /// Whether a camera of this generation may know encrypted sessions with us.
    pub(super) fn may_encrypt(&self, camera: Generation) -> bool {
        camera.may_encrypt() && self.config.generation.may_encrypt()
    }

    /// Encrypts the session with a camera of this generation, if it is to be.
    pub(super) fn encrypt(&mut self, camera: Generation) {
        let is_wanted = self.config.encryption != Encryption::Off && self.may_encrypt(camera);
        if let Some(provider) = self.config.provider.clone().filter(|_| is_wanted) {
            self.link.encrypt(Secure::new(provider));
        }
    }

    /// Goes on with what has happened to the encryption.
    pub(super) fn take_security(&mut self, now: Instant) {
        while let Some((channel, event)) = self.link.poll_security() {
            if channel != self.config.channel {
                // There the camera is the client, and no reason to end the session, or to go on in plain.
                if let SecurityEvent::Failed(failure) = event {
                    self.events.push_back(match self.is_talk(channel) {
                        true => ViewerEvent::TalkFailed(failure),
                        false => ViewerEvent::Av { channel, event: AvEvent::EncryptionFailed(failure) },
                    });
                }
                continue;
            }
            let State::Established { encrypting, .. } = &mut self.state else { return };
            match event {
                SecurityEvent::Established(suite) => {
                    *encrypting = false;
                    self.deadline = now + self.config.timeout;
                    self.events.push_back(ViewerEvent::Encrypted(suite));
                }
                SecurityEvent::PeerIsPlain
                    if self.config.encryption == Encryption::Auto && !self.link.is_required() =>
                {
                    *encrypting = false;
                    self.deadline = now + self.config.timeout;
                    self.link.fall_back();
                    self.events.push_back(ViewerEvent::NotEncrypted);
                }
                SecurityEvent::PeerIsPlain => self.end(CloseReason::CameraIsPlain),
                SecurityEvent::PeerIsEncrypted => self.end(CloseReason::CameraIsEncrypted),
                SecurityEvent::Failed(failure) => self.end(failure_reason(failure)),
            }
        }
    }

    /// Why the handshake of encryption is not done in time.
    pub(super) fn unanswered(&self) -> CloseReason {
        match self.link.is_password_doubtful(self.config.channel) {
            true => CloseReason::WrongPassword { certain: false },
            false => CloseReason::NoAnswer(Step::Encrypt),
        }
    }
}

fn failure_reason(failure: Failure) -> CloseReason {
    match failure {
        // bad_record_mac and decrypt_error.
        Failure::Alert(20 | 51) => CloseReason::WrongPassword { certain: true },
        // unknown_psk_identity.
        Failure::Alert(115) => CloseReason::UnknownAccount,
        Failure::Alert(alert) => CloseReason::Encryption(Some(alert)),
        Failure::Closed => CloseReason::ClosedByCamera,
        Failure::Unavailable => CloseReason::EncryptionUnavailable,
        Failure::UnknownIdentity | Failure::WrongKey | Failure::Handshake => CloseReason::Encryption(None),
    }
}
