//! What a process of this program does, as arguments of its command line.

use std::time::Duration;

use tutk::Uid;
use tutk::proto::Generation;

use crate::camera::{self, Sender, Spec};
use crate::load::Load;
use crate::subject::{self, Source, Subject};
use crate::{Failure, datagrams};

#[derive(Clone, Debug)]
pub(crate) enum Role {
    Camera(Spec, Uid),
    /// The port to send to, and whether the kernel cuts the datagrams up.
    Datagrams(u16, bool),
    /// Measured for how long, after some time to settle.
    Receive(Subject, Source, Duration, Duration),
    /// Started how many times.
    Start(Subject, Source, u32),
}

impl Role {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Camera(spec, uid) => camera::run(spec, uid),
            Self::Datagrams(port, joined) => datagrams::run(port, joined),
            Self::Receive(subject, source, settle, length) => subject::run(&subject, source, settle, length),
            Self::Start(subject, source, times) => subject::start(&subject, source, times),
        }
    }

    pub(crate) fn words(&self) -> Vec<String> {
        let source = |source: &Source| [source.uid.to_string(), source.port.to_string()];
        let time = |time: &Duration| time.as_secs_f64().to_string();
        match self {
            Self::Camera(Spec { sender, load, generation, encryption }, uid) => {
                let loss = match sender {
                    Sender::Sink => "sink".into(),
                    Sender::Plain(loss) => loss.to_string(),
                };
                let (load, encryption) = (load.name.into(), encryption.to_string());
                vec!["camera".into(), loss, load, generation.0.to_string(), encryption, uid.to_string()]
            }
            Self::Datagrams(port, joined) => vec!["datagrams".into(), port.to_string(), joined.to_string()],
            Self::Receive(subject, from, settle, length) => {
                let words = ["receive".into(), time(settle), time(length)].into_iter();
                words.chain(source(from)).chain(subject.words()).collect()
            }
            Self::Start(subject, from, times) => {
                let words = ["start".into(), times.to_string()].into_iter();
                words.chain(source(from)).chain(subject.words()).collect()
            }
        }
    }

    /// What [`words`](Self::words) gave.
    pub(crate) fn parse(words: &[&str]) -> Option<Self> {
        let source = |uid: &str, port: &str| Some(Source { uid: uid.parse().ok()?, port: port.parse().ok()? });
        let time = |text: &str| text.parse().ok().map(Duration::from_secs_f64);
        Some(match *words {
            ["camera", sender, load, generation, encryption, uid] => {
                let sender = if sender == "sink" { Sender::Sink } else { Sender::Plain(sender.parse().ok()?) };
                let (load, generation) = (Load::named(load)?, Generation(generation.parse().ok()?));
                let encryption = encryption.parse().ok()?;
                Self::Camera(Spec { sender, load, generation, encryption }, uid.parse().ok()?)
            }
            ["datagrams", port, joined] => Self::Datagrams(port.parse().ok()?, joined.parse().ok()?),
            ["receive", settle, length, uid, port, ref subject @ ..] => {
                Self::Receive(Subject::parse(subject)?, source(uid, port)?, time(settle)?, time(length)?)
            }
            ["start", times, uid, port, ref subject @ ..] => {
                Self::Start(Subject::parse(subject)?, source(uid, port)?, times.parse().ok()?)
            }
            _ => return None,
        })
    }
}
