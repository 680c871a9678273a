use std::collections::BTreeMap;

use crate::DiscoveredCamera;
use crate::Uid;

/// Who answered a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answers {
    /// Cameras, each once for each address that it answered from. While one camera was searched, no
    /// more than 64 others.
    pub cameras: Vec<DiscoveredCamera>,
    /// Nothing but this host itself was asked: it has no IPv4 address in a network.
    pub only_this_host: bool,
}

/// Cameras that [`Answers::explain`] lists.
const LISTED: usize = 8;

impl Answers {
    /// Adds the answers of a search of other networks.
    pub fn add(&mut self, others: Self) {
        self.cameras.extend(others.cameras);
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
