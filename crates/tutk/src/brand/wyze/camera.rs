use std::collections::BTreeMap;

use super::hl::{self, Message};
use super::{IO_CONTROL, keys, status};
use crate::brand::{CameraApp, Control, Handled};
use crate::proto::{AudioFormat, VideoFrame, ViewerId};
use crate::wire::FrameInfo;
use crate::{Mac, Secret, io_control};

/// The camera's end, for all viewers: lets them in, and does what they ask for.
#[derive(Debug)]
pub(crate) struct Camera {
    enr: Secret,
    mac: Mac,
    random: u64,
    viewers: BTreeMap<ViewerId, Viewer>,
    /// Whether it has sent sound, so that viewers may wait for some.
    has_audio: bool,
    videos: u32,
    audios: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Viewer {
    /// It has the challenge.
    Challenged,
    LoggedIn,
}

/// Bytes of every frame info, of audio too.
const INFO: usize = 40;

/// What the camera says it is: Wyze's third, whose largest picture is 1080p.
const MODEL: &str = "WYZE_CAKP2JFUS";

impl Camera {
    /// A camera that nobody has logged in to.
    pub(crate) fn new(enr: Secret, mac: Mac, random: u64) -> Self {
        Self { enr, mac, random, viewers: BTreeMap::new(), has_audio: false, videos: 0, audios: 0 }
    }

    /// What the viewer is to decrypt, and with what. One challenge for each viewer, which may ask more than once.
    fn challenge(&self, viewer: ViewerId) -> (u8, [u8; 16]) {
        let asked = if self.enr.reveal().len() > 16 { status::BOTH } else { status::HALF };
        let mut challenge = [0; 16];
        let bytes = [mixed(self.random, 2 * viewer.0), mixed(self.random, 2 * viewer.0 + 1)];
        challenge.iter_mut().zip(bytes.into_iter().flat_map(u64::to_le_bytes)).for_each(|(to, from)| *to = from);
        (asked, challenge)
    }

    fn judge(&mut self, viewer: ViewerId, payload: &[u8]) -> Handled {
        let Some((given, rest)) = payload.split_first_chunk::<16>() else { return Handled::default() };
        let [_, _, _, _, video, audio, ..] = *rest else { return Handled::default() };
        let (asked, challenge) = self.challenge(viewer);
        let wanted = keys::response(challenge, &self.enr, asked).unwrap_or_default();
        let differs = given.iter().zip(wanted).fold(0, |all, (a, b)| all | (a ^ b));
        if differs != 0 {
            return answer(hl::RESULT, br#"{"connectionRes":"2"}"#);
        }
        self.viewers.insert(viewer, Viewer::LoggedIn);
        let result = serde_json::json!({
            "connectionRes": "1",
            "cameraInfo": {
                "basicInfo": { "model": MODEL, "mac": self.mac.to_string(), "type": "camera" },
                "channelRequestResult": { "video": "1", "audio": if self.has_audio { "1" } else { "0" } },
            },
        });
        let wants = [(video, io_control::START_VIDEO), (audio, io_control::START_AUDIO)];
        let reported = wants.into_iter().filter(|(wanted, _)| *wanted == hl::ON).map(|(_, kind)| (kind, vec![0; 8]));
        Handled { reported: reported.collect(), ..answer(hl::RESULT, result.to_string().as_bytes()) }
    }

    /// Frame info as Wyze's cameras have it.
    fn info(&self, info: &FrameInfo, number: u32, len: usize) -> Vec<u8> {
        let mut bytes = info.encode().to_vec();
        let (seconds, millis) = (info.timestamp / 1_000, info.timestamp % 1_000);
        // From 8 on: microseconds, seconds, length, number, MAC, and zeros.
        bytes.truncate(8);
        let len = u32::try_from(len).unwrap_or_default();
        for word in [millis * 1_000, seconds, len, number] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(self.mac.to_string().as_bytes());
        bytes.resize(INFO, 0);
        bytes
    }
}

impl CameraApp for Camera {
    fn handle(&mut self, viewer: ViewerId, kind: u32, body: Vec<u8>) -> Handled {
        let message = Message::decode(&body).filter(|_| kind == IO_CONTROL);
        match (self.viewers.get(&viewer), message) {
            (_, Some(Message { command: hl::LOGIN, .. })) => {
                self.viewers.insert(viewer, Viewer::Challenged);
                let (asked, challenge) = self.challenge(viewer);
                answer(hl::CHALLENGE, &[&[asked][..], &challenge].concat())
            }
            (Some(Viewer::Challenged), Some(Message { command: hl::RESPONSE, payload })) => self.judge(viewer, payload),
            (Some(Viewer::LoggedIn), Some(message)) => command(message, &body),
            // The vendor's application has others.
            (Some(Viewer::LoggedIn), None) if !is_about_streams(kind) => {
                Handled { answer: None, reported: vec![(kind, body)] }
            }
            _ => Handled::default(),
        }
    }

    fn removed(&mut self, viewer: ViewerId) {
        self.viewers.remove(&viewer);
    }

    fn video_info(&mut self, frame: &VideoFrame<'_>) -> Option<Vec<u8>> {
        self.videos = self.videos.wrapping_add(1);
        let VideoFrame { codec, key, timestamp, data, .. } = *frame;
        let key = key || codec.is_intra_only();
        let info = FrameInfo { codec, flags: key.into(), camera: 0, viewers: 1, timestamp };
        Some(self.info(&info, self.videos, data.len()))
    }

    fn audio_info(&mut self, format: AudioFormat, timestamp: u32, len: usize) -> Option<Vec<u8>> {
        self.has_audio = true;
        self.audios = self.audios.wrapping_add(1);
        let flags = format.flags().unwrap_or_default();
        let info = FrameInfo { codec: format.codec, flags, camera: 0, viewers: 1, timestamp };
        Some(self.info(&info, self.audios, len))
    }
}

/// What a viewer that is let in asks for.
fn command(message: Message<'_>, body: &[u8]) -> Handled {
    let Message { command, payload } = message;
    let next = command.wrapping_add(1);
    match command {
        hl::MEDIA => {
            let reported = match payload {
                [hl::VIDEO, hl::ON, ..] => Some((io_control::START_VIDEO, 0)),
                [hl::VIDEO, hl::OFF, ..] => Some((io_control::STOP_VIDEO, 0)),
                [hl::AUDIO, hl::ON, ..] => Some((io_control::START_AUDIO, 0)),
                [hl::AUDIO, hl::OFF, ..] => Some((io_control::STOP_AUDIO, 0)),
                [hl::AUDIO_BACK, hl::ON, ..] => Some((io_control::START_SPEAKER, hl::AUDIO_BACK_CHANNEL)),
                [hl::AUDIO_BACK, hl::OFF, ..] => Some((io_control::STOP_SPEAKER, hl::AUDIO_BACK_CHANNEL)),
                _ => None,
            };
            // What real cameras answer is not known.
            let echo = payload.get(..2).unwrap_or(payload);
            let reported = reported.map(|(kind, channel)| (kind, io_control::channel(channel).into()));
            Handled { reported: reported.into_iter().collect(), ..answer(next, echo) }
        }
        hl::QUALITY | hl::QUALITY_OF_DOORBELLS => {
            Handled { reported: vec![(IO_CONTROL, body.into())], ..answer(next, &[1]) }
        }
        // Repeated by a viewer that has not had its answer yet.
        hl::RESPONSE => Handled::default(),
        _ => Handled { answer: None, reported: vec![(IO_CONTROL, body.into())] },
    }
}

fn answer(command: u16, payload: &[u8]) -> Handled {
    let control: Control = (IO_CONTROL, Message { command, payload }.encode());
    Handled { answer: Some(control), reported: Vec::new() }
}

fn is_about_streams(kind: u32) -> bool {
    let kinds = [
        io_control::START_VIDEO,
        io_control::STOP_VIDEO,
        io_control::START_AUDIO,
        io_control::STOP_AUDIO,
        io_control::START_SPEAKER,
        io_control::STOP_SPEAKER,
    ];
    kinds.contains(&kind)
}

/// A number that nobody can guess who does not know `random`, as far as this needs it: encryption has proved the ENR before.
fn mixed(random: u64, number: u64) -> u64 {
    let mut bits = random ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for factor in [0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB] {
        bits = (bits ^ bits >> 30).wrapping_mul(factor);
    }
    bits ^ bits >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brand::{Progress, ViewerApp};
    use crate::proto::{Codec, Media};
    use crate::wire::CameraTime;

    const ENR: &str = "0123456789abcdefABCDEFGHIJKLMNOP";
    const A: ViewerId = ViewerId(1);

    fn camera(enr: &str) -> Camera {
        Camera::new(enr.into(), "AABBCCDDEEFF".parse().unwrap(), 7)
    }

    /// The login of a viewer with this ENR, and what the camera reports of it.
    fn log_in(camera: &mut Camera, id: ViewerId, enr: &str, audio: bool) -> (Progress, Vec<u32>) {
        let mut viewer = super::super::Viewer::new(enr.into(), true, audio, 1);
        let (mut progress, mut reported) = (viewer.begin(), Vec::new());
        while let Progress::Send((kind, body)) = progress {
            let handled = camera.handle(id, kind, body);
            reported.extend(handled.reported.iter().map(|(kind, _)| *kind));
            progress = handled.answer.map_or(Progress::Pending, |(kind, body)| viewer.handle(kind, &body));
        }
        (progress, reported)
    }

    fn hl(command: u16, payload: &[u8]) -> Vec<u8> {
        Message { command, payload }.encode()
    }

    #[test]
    fn who_has_the_enr_is_let_in() {
        for enr in [ENR, &ENR[..16], &ENR[..20], "short"] {
            let mut camera = camera(enr);
            assert_eq!(log_in(&mut camera, A, enr, true), (Progress::Done, vec![0x01FF, 0x0300]));
            assert_eq!(log_in(&mut camera, A, enr, false), (Progress::Done, vec![0x01FF]));
            let refused = (Progress::Failed(crate::BrandError::Refused), Vec::new());
            assert_eq!(log_in(&mut camera, ViewerId(2), "fedcba9876543210ABCDEFGHIJKLMNOP", true), refused);
        }
    }

    #[test]
    fn nobody_else_gets_anything() {
        let mut camera = camera(ENR);
        let messages = [hl(10_002, &[0; 22]), hl(10_010, &[1, 1]), hl(10_056, &[1, 0, 0, 0, 0]), vec![0; 8]];
        let before =
            messages.into_iter().map(|body| (0x0100, body)).chain([0x01FF, 0x0330].map(|kind| (kind, vec![0; 8])));
        for (kind, body) in before {
            assert_eq!(camera.handle(A, kind, body), Handled::default());
        }
        camera.handle(A, 0x0100, hl(10_000, b"{}"));
        for payload in [&[][..], &[0; 15], &[0; 21]] {
            assert_eq!(camera.handle(A, 0x0100, hl(10_002, payload)), Handled::default());
        }
        assert_eq!(camera.handle(A, 0x0100, hl(10_010, &[1, 1])), Handled::default());
        log_in(&mut camera, A, ENR, false);
        assert_eq!(camera.handle(A, 0x0330, vec![1]).reported, [(0x0330, vec![1])]);
        assert_eq!(camera.handle(A, 0x01FF, vec![0; 8]), Handled::default());
        camera.removed(A);
        assert_eq!(camera.handle(A, 0x0330, vec![1]), Handled::default());
    }

    #[test]
    fn commands_of_a_viewer_that_is_let_in() {
        let mut camera = camera(ENR);
        let mut viewer = super::super::Viewer::new(ENR.into(), false, false, 1);
        log_in(&mut camera, A, ENR, false);
        for (media, on, kind) in [
            (Media::Video, true, 0x01FF),
            (Media::Video, false, 0x02FF),
            (Media::Audio, true, 0x0300),
            (Media::Audio, false, 0x0301),
        ] {
            let (asked, body) = viewer.ask(media, on).unwrap();
            let handled = camera.handle(A, asked, body.clone());
            assert_eq!(handled.reported, [(kind, vec![0; 8])]);
            assert_eq!(handled.answer, Some((0x0100, hl(10_011, &body[16..]))));
        }
        let (kind, body) = viewer.set_quality(io_control::Quality::Low);
        let handled = camera.handle(A, kind, body.clone());
        assert_eq!(handled, Handled { answer: Some((0x0100, hl(10_057, &[1]))), reported: vec![(0x0100, body)] });
        for (on, kind) in [(true, 0x0350), (false, 0x0351)] {
            let (asked, body) = viewer.talk(1, on);
            assert_eq!(camera.handle(A, asked, body).reported, [(kind, vec![1, 0, 0, 0, 0, 0, 0, 0])]);
        }
        assert_eq!(camera.handle(A, 0x0100, hl(10_010, &[4, 1])).reported, []);
        assert_eq!(camera.handle(A, 0x0100, hl(10_010, &[])).answer, Some((0x0100, hl(10_011, &[]))));
        assert_eq!(camera.handle(A, 0x0100, hl(10_020, &[9])).reported, [(0x0100, hl(10_020, &[9]))]);
    }

    #[test]
    fn challenges_differ_and_stay() {
        let (one, other) = (camera(ENR), Camera { random: 8, ..camera(ENR) });
        assert_eq!(one.challenge(A), one.challenge(A));
        let all = [one.challenge(A), one.challenge(ViewerId(2)), other.challenge(A)];
        assert!(all[0] != all[1] && all[0] != all[2] && all[1] != all[2]);
        assert_eq!(all.map(|(asked, _)| asked), [6, 6, 6]);
        assert_eq!(camera(&ENR[..16]).challenge(A).0, 3);
    }

    #[test]
    fn frame_infos_are_long() {
        let mut camera = camera(ENR);
        let frame = VideoFrame::new(Codec::H264, &[1; 300]).with_key(true).with_timestamp(12_345);
        let info = camera.video_info(&frame).unwrap();
        assert_eq!(info.len(), 40);
        assert_eq!(info[..8], [0x4E, 0, 1, 0, 1, 0, 0, 0]);
        assert_eq!(CameraTime::decode(&info), Ok(CameraTime::Seconds { seconds: 12, fraction: 345_000 }));
        assert_eq!(info[16..24], [44, 1, 0, 0, 1, 0, 0, 0]);
        assert_eq!(&info[24..], b"AABBCCDDEEFF\0\0\0\0");
        let info = camera.audio_info(AudioFormat::new(Codec::Pcm, 8_000), 0, 640).unwrap();
        assert_eq!((info.len(), &info[..4], info[20]), (40, &[0x8C, 0, 2, 0][..], 1));
        // Sound has been sent: viewers may wait for some.
        assert!(camera.has_audio);
    }

    #[test]
    fn nothing_secret_is_shown() {
        let mut camera = camera("canarycanarycanary");
        log_in(&mut camera, A, "canarycanarycanary", true);
        assert!(!format!("{camera:?}").contains("canary"));
    }
}
