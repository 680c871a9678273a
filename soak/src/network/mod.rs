//! The network between the viewer and the cameras: each has a namespace of its own, and what one sends to another goes
//! through this process.

mod conditions;
mod host;
mod queue;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::thread;

pub(crate) use conditions::Conditions;
pub(crate) use host::Host;

use crate::Failure;
use conditions::Link;
use queue::Queue;

/// Longer than any Ethernet frame of these hosts.
const MAX_FRAME_LEN: usize = 2_048;

type Mac = [u8; 6];

/// A viewer and cameras on one LAN; each camera's link has conditions of its own.
pub(crate) struct Network {
    pub(crate) viewer: Host,
    pub(crate) cameras: Vec<Host>,
    links: Vec<Mutex<Link>>,
    /// Which cameras have which hardware addresses.
    known: Mutex<HashMap<Mac, usize>>,
    queue: Queue,
}

impl Network {
    pub(crate) fn open(cameras: usize, seed: u64) -> Result<Arc<Self>, Failure> {
        let network = Arc::new(Self {
            viewer: Host::open(&viewer_address(0))?,
            cameras: (0..cameras).map(|camera| Host::open(&camera_address(camera, 0))).collect::<Result<_, _>>()?,
            links: (0..cameras).map(|camera| Mutex::new(Link::new(seed + camera as u64))).collect(),
            known: Mutex::default(),
            queue: Queue::default(),
        });
        let from_viewer = network.clone();
        thread::spawn(move || from_viewer.carry(&from_viewer.viewer, |frame| from_viewer.to_cameras(frame)));
        for camera in 0..cameras {
            let from_camera = network.clone();
            thread::spawn(move || {
                from_camera.carry(&from_camera.cameras[camera], |frame| from_camera.to_viewer(camera, frame));
            });
        }
        Ok(network)
    }

    pub(crate) fn set(&self, camera: usize, conditions: Conditions) {
        self.links[camera].lock().unwrap().set(conditions);
    }

    fn carry(&self, host: &Host, hand_on: impl Fn(&[u8])) {
        let mut frame = [0; MAX_FRAME_LEN];
        // A host's device ends with this process.
        while let Ok(len) = host.tap.recv(&mut frame) {
            hand_on(&frame[..len]);
        }
    }

    fn to_viewer(&self, camera: usize, frame: &[u8]) {
        if let Some((_, [source, ..])) = frame.split_at_checked(6).map(|(to, rest)| (to, rest.as_chunks::<6>().0)) {
            self.known.lock().unwrap().insert(*source, camera);
        }
        self.pass(camera, &self.viewer, frame);
    }

    fn to_cameras(&self, frame: &[u8]) {
        let known = frame.first_chunk().and_then(|to| self.known.lock().unwrap().get(to).copied());
        match known {
            Some(camera) => self.pass(camera, &self.cameras[camera], frame),
            None => (0..self.cameras.len()).for_each(|camera| self.pass(camera, &self.cameras[camera], frame)),
        }
    }

    fn pass(&self, camera: usize, to: &Host, frame: &[u8]) {
        for delay in self.links[camera].lock().unwrap().fate() {
            if delay.is_zero() {
                to.send(frame);
            } else {
                self.queue.push(delay, to, frame);
            }
        }
    }
}

/// The addresses that a camera has one after the other.
pub(crate) fn camera_address(camera: usize, change: u32) -> String {
    format!("10.77.{}.{}", change % 200, 10 + camera)
}

/// The addresses that the viewer has one after the other.
pub(crate) fn viewer_address(change: u32) -> String {
    format!("10.77.{}.1", change % 200)
}
