use serde_json::Value;

use super::hl::{self, Message};
use super::{IO_CONTROL, keys, status};
use crate::Secret;
use crate::brand::{Control, Progress, ViewerApp};
use crate::error::BrandError;
use crate::io_control::Quality;
use crate::proto::Media;

/// The viewer's end of a session: the login, then commands.
#[derive(Debug)]
pub(crate) struct Viewer {
    enr: Secret,
    random: u64,
    state: State,
    video: Asked,
    audio: Asked,
    /// What the camera says it is.
    model: Model,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The camera is to send its challenge.
    Challenged,
    /// The camera is to send the result.
    Judged,
    LoggedIn,
}

/// A stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    No,
    /// By the login: the application need not ask, but will.
    ByLogin,
    Yes,
}

/// The codecs of sound that go2rtc names: the camera sends what it likes, and all that it has can be played.
const LOGIN: &[u8] = br#"{"cameraInfo":{"audioEncoderList":[137,138,140]}}"#;

impl Viewer {
    /// A viewer that wants these streams at once.
    pub(crate) fn new(enr: Secret, video: bool, audio: bool, random: u64) -> Self {
        let asked = |wanted| if wanted { Asked::ByLogin } else { Asked::No };
        let model = Model::default();
        Self { enr, random, state: State::Challenged, video: asked(video), audio: asked(audio), model }
    }

    fn respond(&mut self, payload: &[u8]) -> Progress {
        let Some((&[asked], rest)) = payload.split_first_chunk() else { return Progress::Pending };
        let Some((challenge, _)) = rest.split_first_chunk() else {
            return judge(asked).map_or(Progress::Pending, Progress::Failed);
        };
        let Some(response) = keys::response(*challenge, &self.enr, asked) else {
            return Progress::Failed(judge(asked).unwrap_or(BrandError::Status(asked)));
        };
        self.state = State::Judged;
        let [a, b, c, d, ..] = self.random.to_le_bytes();
        let streams = [self.video, self.audio].map(|asked| u8::from(asked == Asked::ByLogin));
        Progress::Send(control(hl::RESPONSE, &[&response[..], &[a, b, c, d], &streams].concat()))
    }

    /// Only what says that the viewer is refused refuses it: go2rtc, which plays real cameras, does not look.
    fn read_result(&mut self, payload: &[u8]) -> Progress {
        let begin = payload.iter().position(|byte| *byte == b'{').unwrap_or(payload.len());
        let json = payload.get(begin..).unwrap_or_default();
        // Text may be followed by zeros.
        let result = serde_json::Deserializer::from_slice(json).into_iter::<Value>().next();
        if let Some(Ok(result)) = result {
            match result.get("connectionRes") {
                Some(Value::String(text)) if text != "1" => return Progress::Failed(BrandError::Refused),
                Some(Value::Number(number)) if number.as_u64() != Some(1) => {
                    return Progress::Failed(BrandError::Refused);
                }
                _ => {}
            }
            let model = result.pointer("/cameraInfo/basicInfo/model").and_then(Value::as_str);
            self.model = model.map(Model::named).unwrap_or_default();
        }
        self.state = State::LoggedIn;
        Progress::Done
    }
}

impl ViewerApp for Viewer {
    fn begin(&mut self) -> Progress {
        Progress::Send(control(hl::LOGIN, LOGIN))
    }

    fn handle(&mut self, kind: u32, body: &[u8]) -> Progress {
        let Some(Message { command, payload }) = Message::decode(body).filter(|_| kind == IO_CONTROL) else {
            return Progress::Pending;
        };
        match (self.state, command) {
            (State::Challenged, hl::CHALLENGE) => self.respond(payload),
            (State::Judged, hl::RESULT) => self.read_result(payload),
            _ => Progress::Pending,
        }
    }

    fn ask(&mut self, media: Media, on: bool) -> Option<Control> {
        let (asked, number) = match media {
            Media::Video => (&mut self.video, hl::VIDEO),
            Media::Audio => (&mut self.audio, hl::AUDIO),
        };
        let before = std::mem::replace(asked, if on { Asked::Yes } else { Asked::No });
        (!on || before != Asked::ByLogin).then(|| control(hl::MEDIA, &[number, if on { hl::ON } else { hl::OFF }]))
    }

    // The channel, which is the first one that is free, is the one that cameras take.
    fn talk(&self, _channel: u8, on: bool) -> Control {
        control(hl::MEDIA, &[hl::AUDIO_BACK, if on { hl::ON } else { hl::OFF }])
    }

    fn set_quality(&self, quality: Quality) -> Control {
        let (size, rate) = match quality {
            Quality::Max => (self.model.best, RATE_HD),
            Quality::High => (SIZE_1080P, RATE_HD),
            Quality::Middle => (SIZE_720P, RATE_HD),
            Quality::Low => (SIZE_360P, RATE_SD),
            Quality::Min => (SIZE_360P, RATE_SD / 2),
        };
        let [low, high] = rate.to_le_bytes();
        if self.model.is_doorbell {
            control(hl::QUALITY_OF_DOORBELLS, &[low, high, size + 1, 0, 0, 0])
        } else {
            control(hl::QUALITY, &[size + 1, low, high, 0, 0])
        }
    }
}

/// Why there is no login with this status, if it says so.
fn judge(asked: u8) -> Option<BrandError> {
    match asked {
        status::UPDATING => Some(BrandError::Updating),
        status::CHECKING_KEY => Some(BrandError::CheckingKey),
        status::OFF => Some(BrandError::Off),
        _ => None,
    }
}

fn control(command: u16, payload: &[u8]) -> Control {
    (IO_CONTROL, Message { command, payload }.encode())
}

const SIZE_1080P: u8 = 0;
const SIZE_360P: u8 = 1;
const SIZE_720P: u8 = 2;
const SIZE_2K: u8 = 3;
const SIZE_FLOODLIGHT: u8 = 4;
/// In kB/s.
const RATE_HD: u16 = 0xF0;
const RATE_SD: u16 = 0x3C;

/// What of a camera's model its commands depend on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Model {
    /// The largest picture.
    best: u8,
    is_doorbell: bool,
}

impl Model {
    fn named(name: &str) -> Self {
        let best = match name {
            "HL_CFL2" => SIZE_FLOODLIGHT,
            "HL_CAM3P" | "HL_PANP" | "HL_CAM4" | "HL_DB2" => SIZE_2K,
            _ => SIZE_1080P,
        };
        Self { best, is_doorbell: matches!(name, "WYZEDB3" | "WVOD1" | "HL_WCO2" | "WYZEC1") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENR: &str = "0123456789abcdefABCDEFGHIJKLMNOP";
    const CHALLENGE: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    fn viewer() -> Viewer {
        Viewer::new(ENR.into(), true, false, 0x0403_0201)
    }

    fn challenge(status: u8) -> Vec<u8> {
        control(hl::CHALLENGE, &[&[status][..], &CHALLENGE].concat()).1
    }

    /// A viewer that the camera has let in with this result.
    fn let_in(result: &[u8]) -> (Viewer, Progress) {
        let mut viewer = viewer();
        viewer.begin();
        viewer.handle(IO_CONTROL, &challenge(6));
        let progress = viewer.handle(IO_CONTROL, &control(hl::RESULT, result).1);
        (viewer, progress)
    }

    #[test]
    fn a_login() {
        let mut viewer = viewer();
        let Progress::Send((0x0100, login)) = viewer.begin() else { panic!("nothing is sent") };
        assert_eq!(&login[..16], [b'H', b'L', 5, 0, 0x10, 0x27, 49, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(&login[16..], br#"{"cameraInfo":{"audioEncoderList":[137,138,140]}}"#);
        let Progress::Send((0x0100, response)) = viewer.handle(IO_CONTROL, &challenge(6)) else {
            panic!("the challenge is not answered")
        };
        let message = Message::decode(&response).unwrap();
        assert_eq!((message.command, message.payload.len()), (10_002, 22));
        assert_eq!(message.payload[..16], keys::response(CHALLENGE, &ENR.into(), 6).unwrap());
        assert_eq!(message.payload[16..], [1, 2, 3, 4, 1, 0]);
        // Repeated, it is answered no more.
        assert_eq!(viewer.handle(IO_CONTROL, &challenge(3)), Progress::Pending);
        let result = control(hl::RESULT, br#"{"connectionRes":"1"}"#).1;
        assert_eq!(viewer.handle(0x0101, &result), Progress::Pending);
        assert_eq!(viewer.handle(IO_CONTROL, &result), Progress::Done);
    }

    #[test]
    fn a_camera_that_cannot_be_logged_in_to_says_why() {
        for (status, error) in [
            (2, BrandError::Updating),
            (4, BrandError::CheckingKey),
            (5, BrandError::Off),
            (0, BrandError::Status(0)),
            (200, BrandError::Status(200)),
        ] {
            assert_eq!(viewer().handle(IO_CONTROL, &challenge(status)), Progress::Failed(error));
        }
        // Without a challenge.
        assert_eq!(viewer().handle(IO_CONTROL, &control(hl::CHALLENGE, &[5]).1), Progress::Failed(BrandError::Off));
        assert_eq!(viewer().handle(IO_CONTROL, &control(hl::CHALLENGE, &[6]).1), Progress::Pending);
        assert_eq!(viewer().handle(IO_CONTROL, &control(hl::CHALLENGE, &[]).1), Progress::Pending);
    }

    #[test]
    fn only_a_refusal_refuses() {
        let refusals: [&[u8]; 3] =
            [br#"{"connectionRes":"2"}"#, br#"{"connectionRes":0}"#, b" {\"connectionRes\":\"\",\"x\":[]}\0"];
        for result in refusals {
            assert_eq!(let_in(result).1, Progress::Failed(BrandError::Refused), "{result:?}");
        }
        let others: [&[u8]; 6] =
            [b"", b"{", b"{}\0\0", br#"{"connectionRes":"1"}x"#, br#"{"connectionRes":1}"#, b"\xff{[[[["];
        for result in others {
            assert_eq!(let_in(result).1, Progress::Done, "{result:?}");
        }
    }

    #[test]
    fn deep_json_is_no_harm() {
        assert_eq!(let_in(&[b"{\"a\":".as_slice(), &[b'['; 60_000]].concat()).1, Progress::Done);
    }

    #[test]
    fn a_stream_that_the_login_has_asked_for_is_asked_for_once() {
        let (mut viewer, _) = let_in(b"{}");
        let media = |number, on| Some((0x0100, Message { command: 10_010, payload: &[number, on] }.encode()));
        assert_eq!(viewer.ask(Media::Video, true), None);
        assert_eq!(viewer.ask(Media::Video, true), media(1, 1));
        assert_eq!(viewer.ask(Media::Audio, true), media(2, 1));
        assert_eq!(Some(viewer.talk(1, true)), media(3, 1));
        assert_eq!(Some(viewer.talk(1, false)), media(3, 2));
        assert_eq!(viewer.ask(Media::Audio, false), media(2, 2));
        assert_eq!(viewer.ask(Media::Video, false), media(1, 2));
        assert_eq!(viewer.ask(Media::Video, true), media(1, 1));
    }

    #[test]
    fn quality_depends_on_the_model() {
        let quality = |model: &str, quality| {
            let json = format!(r#"{{"connectionRes":"1","cameraInfo":{{"basicInfo":{{"model":"{model}"}}}}}}"#);
            let (kind, body) = let_in(json.as_bytes()).0.set_quality(quality);
            let message = Message::decode(&body).unwrap();
            assert_eq!(kind, 0x0100);
            (message.command, message.payload.to_vec())
        };
        assert_eq!(quality("WYZE_CAKP2JFUS", Quality::Max), (10_056, vec![1, 0xF0, 0, 0, 0]));
        assert_eq!(quality("HL_CAM4", Quality::Max), (10_056, vec![4, 0xF0, 0, 0, 0]));
        assert_eq!(quality("HL_CAM4", Quality::High), (10_056, vec![1, 0xF0, 0, 0, 0]));
        assert_eq!(quality("HL_CFL2", Quality::Max), (10_056, vec![5, 0xF0, 0, 0, 0]));
        assert_eq!(quality("", Quality::Middle), (10_056, vec![3, 0xF0, 0, 0, 0]));
        assert_eq!(quality("", Quality::Low), (10_056, vec![2, 0x3C, 0, 0, 0]));
        assert_eq!(quality("WYZEDB3", Quality::Max), (10_052, vec![0xF0, 0, 1, 0, 0, 0]));
        assert_eq!(quality("WVOD1", Quality::Min), (10_052, vec![0x1E, 0, 2, 0, 0, 0]));
    }

    #[test]
    fn nothing_secret_is_shown() {
        let mut viewer = Viewer::new("canarycanarycanary".into(), true, true, 0);
        viewer.begin();
        viewer.handle(IO_CONTROL, &challenge(3));
        assert!(!format!("{viewer:?}").contains("canary"));
    }
}
