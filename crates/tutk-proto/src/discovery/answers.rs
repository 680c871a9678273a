use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::DiscoveredCamera;
use crate::Uid;
use crate::wire::Text;

/// Who answered a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answers {
    /// Cameras with a UID, each once for each address that it answered from. While one camera was searched, no
    /// more than 64 others.
    pub cameras: Vec<DiscoveredCamera>,
    /// Cameras of other generations without a UID in their answer, no more than 64.
    pub unnamed: Vec<Unnamed>,
    /// Nothing but this host itself was asked: it has no IPv4 address in a network.
    pub only_this_host: bool,
}

/// A camera of another generation that answered a search without its UID, and did not answer when asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unnamed {
    /// Where it answered from.
    pub address: SocketAddr,
    /// The generation of the protocol that it speaks.
    pub generation: u8,
    /// The name that it gives itself; often empty.
    pub name: String,
}

/// Cameras that [`Answers::explain`] lists.
const LISTED: usize = 8;

impl Answers {
    /// Adds the answers of a search of other networks.
    pub fn add(&mut self, others: Self) {
        self.cameras.extend(others.cameras);
        self.unnamed.extend(others.unnamed);
    }

    /// What these answers say to a person who searched this camera in vain, in whole sentences: where else it answers, a
    /// camera with almost the same UID, which cameras are there, or that nothing was searched. Empty if there is nothing
    /// to say.
    pub fn explain(&self, wanted: Uid) -> String {
        let cameras = self.by_uid();
        if let Some(camera) = cameras.get(&wanted) {
            return format!("It answers at {}.", camera.address.ip());
        }
        match cameras.values().find(|camera| camera.uid.is_like(&wanted)) {
            Some(camera) => format!("Did you mean {}?", describe(camera)),
            None => self.list(),
        }
    }

    /// Who answered, or that nothing was searched, in whole sentences. Empty if there is nothing to say.
    pub fn list(&self) -> String {
        let cameras = self.by_uid();
        let mut sentences = Vec::new();
        if !cameras.is_empty() {
            let list: Vec<_> = cameras.values().take(LISTED).map(|camera| describe(camera)).collect();
            let more = if cameras.len() > LISTED { ", and others" } else { "" };
            sentences.push(format!("These cameras answered: {}{more}.", list.join(", ")));
        }
        sentences.extend(self.unnamed.iter().take(LISTED).map(|Unnamed { address, generation, .. }| {
            format!(
                "A camera at {} answered without its UID: it speaks generation 0x{generation:02x} of the protocol, which \
                 needs the vendor's library.",
                address.ip()
            )
        }));
        if self.only_this_host {
            let why = "it has no IPv4 address in a network, and these cameras speak IPv4 only";
            sentences.push(format!("Nothing but this computer was searched: {why}."));
        }
        sentences.join(" ")
    }

    /// A camera with several addresses is one.
    fn by_uid(&self) -> BTreeMap<Uid, &DiscoveredCamera> {
        self.cameras.iter().rev().map(|camera| (camera.uid, camera)).collect()
    }
}

/// Anybody on the network can send a name, also one that steers a terminal.
fn describe(camera: &DiscoveredCamera) -> String {
    let DiscoveredCamera { uid, address, name, generation, .. } = camera;
    let name = if name.is_empty() { String::new() } else { format!(" (“{}”)", name.escape_debug()) };
    let other = if camera.is_playable() { String::new() } else { format!(" (generation 0x{generation:02x})") };
    format!("{uid}{name} at {}{other}", address.ip())
}

/// Cameras that answer without their UID, and the question for it.
#[derive(Debug, Default)]
pub(crate) struct Unnameds(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    camera: Unnamed,
    question: Question,
}

#[derive(Debug, PartialEq, Eq)]
enum Question {
    ToAsk,
    Asked,
    /// It has answered with its UID.
    Answered,
}

/// Others are passed over.
pub(crate) const MAX_UNNAMED: usize = 64;

impl Unnameds {
    /// A camera answered without its UID.
    pub(crate) fn answered(&mut self, address: SocketAddr, generation: u8, name: Text<'_>) {
        if self.0.len() < MAX_UNNAMED && self.0.iter().all(|entry| entry.camera.address != address) {
            let name = String::from_utf8_lossy(name.as_bytes()).into_owned();
            let camera = Unnamed { address, generation, name };
            self.0.push(Entry { camera, question: Question::ToAsk });
        }
    }

    /// A camera answered with its UID from there.
    pub(crate) fn named(&mut self, address: SocketAddr) {
        if let Some(entry) = self.0.iter_mut().find(|entry| entry.camera.address == address) {
            entry.question = Question::Answered;
        }
    }

    /// Whom to ask next.
    pub(crate) fn poll(&mut self) -> Option<SocketAddr> {
        let entry = self.0.iter_mut().find(|entry| entry.question == Question::ToAsk)?;
        entry.question = Question::Asked;
        Some(entry.camera.address)
    }

    /// Those without a UID are asked again.
    pub(crate) fn next_round(&mut self) {
        for entry in self.0.iter_mut().filter(|entry| entry.question == Question::Asked) {
            entry.question = Question::ToAsk;
        }
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Those without a UID.
    pub(crate) fn list(&self) -> Vec<Unnamed> {
        let unnamed = self.0.iter().filter(|entry| entry.question != Question::Answered);
        unnamed.map(|entry| entry.camera.clone()).collect()
    }
}
