//! Body of the fuzz target: what a camera and viewers with Wyze's application send each other, in any order.

use std::collections::BTreeSet;

use super::hl::{self, Message};
use super::{Camera, IO_CONTROL, Viewer};
use crate::brand::{CameraApp, Progress, ViewerApp};
use crate::io_control::MAX_CLASSIC_BODY;
use crate::proto::{Media, ViewerId};

const ENR: &str = "0123456789abcdefABCDEFGHIJKLMNOP";

/// The commands that something depends on.
const COMMANDS: [u16; 8] = [
    hl::LOGIN,
    hl::CHALLENGE,
    hl::RESPONSE,
    hl::RESULT,
    hl::MEDIA,
    hl::QUALITY,
    hl::QUALITY_OF_DOORBELLS,
    hl::MEDIA + 1,
];

/// Messages to both ends: a byte says to whom, one what it is, one how long.
pub fn wyze(data: &[u8]) {
    let mut camera = Camera::new(ENR.into(), "AABBCCDDEEFF".parse().expect("a MAC address"), 1);
    let mut viewer = Viewer::new(ENR.into(), true, true, 2);
    let (mut let_in, mut responded) = (BTreeSet::new(), false);
    viewer.begin();
    let mut rest = data;
    while let [whom, what, len, more @ ..] = rest {
        let (payload, after) = more.split_at(usize::from(*len).min(more.len()));
        rest = after;
        let body = match COMMANDS.get(usize::from(*what)) {
            Some(command) => Message { command: *command, payload }.encode(),
            None => payload.to_vec(),
        };
        if let Some(message) = Message::decode(&body) {
            let again = message.encode();
            assert_eq!(Message::decode(&again), Some(message));
        }
        let kind = if what & 0x80 == 0 { IO_CONTROL } else { u32::from(*what) };
        let id = ViewerId(u64::from(whom & 1));
        match whom >> 1 & 3 {
            0 | 1 => {
                let handled = camera.handle(id, kind, body);
                assert!(handled.reported.is_empty() || let_in.contains(&id), "a stranger is let in");
                assert!(handled.answer.is_none_or(|(kind, body)| kind == IO_CONTROL && body.len() <= MAX_CLASSIC_BODY));
                if kind == IO_CONTROL && COMMANDS.get(usize::from(*what)) == Some(&hl::LOGIN) {
                    let_in.remove(&id);
                }
            }
            2 => match viewer.handle(kind, &body) {
                Progress::Send((kind, body)) => {
                    assert!(!std::mem::replace(&mut responded, true), "one challenge is answered");
                    assert!(kind == IO_CONTROL && body.len() <= MAX_CLASSIC_BODY);
                    assert!(!body.windows(16).any(|part| ENR.as_bytes().windows(16).any(|secret| part == secret)));
                }
                Progress::Done => assert!(responded, "the viewer has shown that it has the ENR"),
                Progress::Pending | Progress::Failed(_) => {}
            },
            _ => {
                camera.removed(id);
                let_in.remove(&id);
                if what & 1 != 0 {
                    log_in(&mut camera, id);
                    let_in.insert(id);
                }
            }
        }
    }
}

/// As somebody does who has the ENR.
fn log_in(camera: &mut Camera, id: ViewerId) {
    let mut viewer = Viewer::new(ENR.into(), false, false, 3);
    let mut progress = viewer.begin();
    while let Progress::Send((kind, body)) = progress {
        let answer = camera.handle(id, kind, body).answer.expect("the camera answers");
        progress = viewer.handle(answer.0, &answer.1);
    }
    assert_eq!(progress, Progress::Done);
    let (kind, body) = viewer.ask(Media::Audio, true).expect("it has not asked yet");
    assert_eq!(camera.handle(id, kind, body).reported.len(), 1);
}

#[cfg(test)]
mod tests {
    #[test]
    fn wyze() {
        tutk_fuzzing::replay("wyze", super::wyze);
    }
}
