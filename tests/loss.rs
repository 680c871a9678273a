//! Frames that the network loses for good.

mod common;

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use common::{Camera, H264, JPEG, Viewer, bytes, has, unit};
use gst::BufferFlags as Flags;
use gst::prelude::*;
use tutk::wire::{self, Av, Message};

/// Stands between a viewer and a camera, and loses some of what the camera sends.
struct Network {
    address: String,
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Network {
    fn new(camera: &Camera, lose: impl Fn(&[u8]) -> bool + Send + 'static) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let address = socket.local_addr().unwrap().to_string();
        let camera: SocketAddr = camera.address().parse().unwrap();
        let end = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let end = end.clone();
            move || {
                let (mut viewer, mut buffer) = (None, [0; 2_048]);
                while !end.load(Ordering::Relaxed) {
                    let Ok((len, from)) = socket.recv_from(&mut buffer) else { continue };
                    if from != camera {
                        viewer = Some(from);
                        socket.send_to(&buffer[..len], camera).unwrap();
                    } else if !lose(&buffer[..len]) {
                        socket.send_to(&buffer[..len], viewer.unwrap()).unwrap();
                    }
                }
            }
        });
        Self { address, end, thread: Some(thread) }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        let _ = self.thread.take().unwrap().join();
    }
}

/// The number of the frame of which this datagram is a piece.
fn frame(datagram: &[u8]) -> Option<u32> {
    let mut datagram = datagram.to_vec();
    wire::descramble(&mut datagram);
    match Message::decode(&datagram) {
        Ok(Message::Data { av: Av::Video { chunk, .. }, .. }) => Some(chunk.frame),
        _ => None,
    }
}

/// Feeds a key frame, four predicted ones, of which the first gets lost, and a key frame; returns which come out, and
/// whether with DISCONT.
fn play(caps: &str) -> Vec<(u64, bool)> {
    let camera = Camera::start(caps);
    let network = Network::new(&camera, |datagram| frame(datagram) == Some(1));
    let viewer = Viewer::of(&camera);
    viewer.src.set_property("address", &network.address);
    viewer.play();
    camera.wait_for_watcher();
    for number in 0..6 {
        camera.push(unit(number, number % 5 == 0), number % 5 == 0);
    }
    let mut out = Vec::new();
    while out.last().is_none_or(|(number, _)| *number < 5) {
        let (buffer, _) = viewer.pull();
        assert!(bytes(&buffer) == unit(buffer.offset(), buffer.offset() % 5 == 0));
        out.push((buffer.offset(), has(&buffer, Flags::DISCONT)));
    }
    out
}

#[test]
fn predicted_frames_are_dropped_up_to_the_next_key_frame() {
    assert_eq!(play(H264), [(0, true), (5, true)]);
}

#[test]
fn pictures_of_their_own_go_on() {
    assert_eq!(play(JPEG), [(0, true), (2, true), (3, false), (4, false), (5, false)]);
}

#[test]
fn after_a_blackout_the_video_goes_on() {
    let camera = Camera::start(H264);
    let blackout = Arc::new(AtomicBool::new(false));
    let dark = blackout.clone();
    let network = Network::new(&camera, move |datagram| dark.load(Ordering::Relaxed) && frame(datagram).is_some());
    let viewer = Viewer::of(&camera);
    viewer.src.set_property("address", &network.address);
    viewer.play();
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    viewer.pull();

    // More than the camera keeps for a viewer gets lost.
    blackout.store(true, Ordering::Relaxed);
    for number in 1..100 {
        camera.push(unit(number, true), true);
    }
    while camera.sink.property::<gst::Structure>("stats").get::<u64>("rendered").unwrap() < 100 {
        thread::sleep(Duration::from_millis(5));
    }
    blackout.store(false, Ordering::Relaxed);
    let short = gst::ClockTime::from_mseconds(50);
    let out = (100..400).find_map(|number| {
        camera.push(unit(number, true), true);
        viewer.appsink.try_pull_sample(short)
    });
    assert!(out.is_some());
}
