use std::net::SocketAddr;
use std::time::Duration;

use arbitrary::Unstructured;
use tutk_proto::{Uid, wire};

/// Takes values off the front of a fuzzer's bytes; all are 0 once these are used up.
pub(crate) struct Input<'a>(Unstructured<'a>);

/// Operations that one input may have, so that none takes long.
const MAX_ROUNDS: usize = 512;

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    /// Calls `step` until the bytes are used up.
    pub(crate) fn each(&mut self, mut step: impl FnMut(&mut Self)) {
        for _ in 0..MAX_ROUNDS {
            if self.0.is_empty() {
                break;
            }
            step(self);
        }
    }

    /// As many bytes as there are, at most `len`.
    pub(crate) fn bytes(&mut self, len: usize) -> &'a [u8] {
        self.0.bytes(len.min(self.0.len())).expect("so many are there")
    }

    pub(crate) fn u8(&mut self) -> u8 {
        self.0.arbitrary().expect("0 where no byte is left")
    }

    pub(crate) fn u16(&mut self) -> u16 {
        self.0.arbitrary().expect("0 where no byte is left")
    }

    pub(crate) fn u32(&mut self) -> u32 {
        self.0.arbitrary().expect("0 where no byte is left")
    }

    /// Up to 65 s.
    pub(crate) fn time(&mut self) -> Duration {
        Duration::from_millis(self.u16().into())
    }

    /// A length of 16 bits, and so many bytes.
    pub(crate) fn datagram(&mut self) -> &'a [u8] {
        let len = self.u16();
        self.bytes(len.into())
    }
}

/// What the viewers of all bodies choose for their sessions.
pub(crate) const COOKIE: u16 = 1;

/// The camera of all bodies.
pub(crate) fn uid() -> Uid {
    "FUZZEDFUZZEDFUZZED00".parse().expect("a UID")
}

pub(crate) fn address(host: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, host], 5000))
}

/// A datagram made to get past the checks of header, UID and cookie.
pub(crate) fn patched(datagram: &[u8], cookie: u16) -> Vec<u8> {
    let mut datagram = datagram.to_vec();
    let body = datagram.len().saturating_sub(16) as u16;
    let fields: [(usize, &[u8]); 3] = [(0, &[4, 2, 9]), (4, &body.to_le_bytes()), (12, &cookie.to_le_bytes())];
    for (at, bytes) in fields {
        put(&mut datagram, at, bytes);
    }
    if matches!(datagram.get(9), Some(3 | 4 | 6)) && datagram.get(8) != Some(&7) {
        put(&mut datagram, 16, uid().as_bytes());
    }
    if datagram.get(9) == Some(&4) && matches!(datagram.get(8), Some(1 | 2 | 4)) {
        put(&mut datagram, 36, &cookie.to_le_bytes());
    }
    datagram
}

/// The datagram as it is sent.
pub(crate) fn scrambled(datagram: &[u8]) -> Vec<u8> {
    let mut datagram = datagram.to_vec();
    wire::to_wire(&mut datagram);
    datagram
}

pub(crate) fn put(datagram: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = datagram.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}
