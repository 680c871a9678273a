//! A network between a viewer and a camera.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Camera;

/// Hands datagrams on between a viewer and a camera, as long as it is not cut.
pub struct Relay {
    address: SocketAddr,
    cut: Arc<AtomicBool>,
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    /// Loses nothing.
    pub fn new(camera: &Camera) -> Self {
        Self::losing(camera, |_| false)
    }

    /// Loses those of the camera's datagrams that `lose` says.
    pub fn losing(camera: &Camera, lose: impl Fn(&[u8]) -> bool + Send + 'static) -> Self {
        Self::between(camera.address().parse().unwrap(), lose)
    }

    /// As [`losing`](Self::losing), of a camera at this address.
    pub fn between(camera: SocketAddr, lose: impl Fn(&[u8]) -> bool + Send + 'static) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let address = socket.local_addr().unwrap();
        let (cut, end) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let thread = thread::spawn({
            let (cut, end) = (cut.clone(), end.clone());
            move || {
                let (mut viewer, mut buffer) = (None, [0; 2_048]);
                while !end.load(Ordering::Relaxed) {
                    let Ok((len, from)) = socket.recv_from(&mut buffer) else { continue };
                    if from != camera {
                        viewer = Some(from);
                    }
                    let lost = cut.load(Ordering::Relaxed) || (from == camera && lose(&buffer[..len]));
                    let to = if from == camera { viewer } else { Some(camera) };
                    if let (false, Some(to)) = (lost, to) {
                        // A side that is gone makes a socket of its host complain here.
                        let _ = socket.send_to(&buffer[..len], to);
                    }
                }
            }
        });
        Self { address, cut, end, thread: Some(thread) }
    }

    /// Where the viewer finds the camera.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// From now on nothing comes through, or everything again.
    pub fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::Relaxed);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        let _ = self.thread.take().unwrap().join();
    }
}
