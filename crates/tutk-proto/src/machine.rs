use std::net::SocketAddr;
use std::time::Instant;

use crate::{Camera, Search, Transmit, Viewer};

/// A state machine as the driver of a socket sees it.
pub trait Machine {
    /// Takes a datagram and descrambles it in its place.
    fn handle_input(&mut self, now: Instant, from: SocketAddr, datagram: &mut [u8]);

    /// The time of [`poll_timeout`](Self::poll_timeout) has come.
    fn handle_timeout(&mut self, now: Instant);

    /// When to call [`handle_timeout`](Self::handle_timeout) and [`poll_transmit`](Self::poll_transmit) next.
    #[must_use]
    fn poll_timeout(&self) -> Option<Instant>;

    /// Writes the next datagrams, at most `max_datagrams` to one receiver, over what `out` holds.
    #[must_use]
    fn poll_transmit(&mut self, now: Instant, max_datagrams: usize, out: &mut Vec<u8>) -> Option<Transmit>;
}

impl Machine for Search {
    fn handle_input(&mut self, _now: Instant, from: SocketAddr, datagram: &mut [u8]) {
        self.handle_input(from, datagram);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.handle_timeout(now);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        Some(self.poll_timeout())
    }

    fn poll_transmit(&mut self, now: Instant, _max_datagrams: usize, out: &mut Vec<u8>) -> Option<Transmit> {
        self.poll_transmit(now, out)
    }
}

impl Machine for Viewer {
    fn handle_input(&mut self, now: Instant, from: SocketAddr, datagram: &mut [u8]) {
        self.handle_input(now, from, datagram);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.handle_timeout(now);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.poll_timeout()
    }

    fn poll_transmit(&mut self, now: Instant, max_datagrams: usize, out: &mut Vec<u8>) -> Option<Transmit> {
        self.poll_transmit(now, max_datagrams, out)
    }
}

impl Machine for Camera {
    fn handle_input(&mut self, now: Instant, from: SocketAddr, datagram: &mut [u8]) {
        self.handle_input(now, from, datagram);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.handle_timeout(now);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.poll_timeout()
    }

    fn poll_transmit(&mut self, now: Instant, max_datagrams: usize, out: &mut Vec<u8>) -> Option<Transmit> {
        self.poll_transmit(now, max_datagrams, out)
    }
}
