use std::net::SocketAddr;
use std::time::Instant;

use crate::{Camera, Search, Viewer};

/// A state machine as the driver of a socket sees it.
pub trait Machine {
    /// Takes a plain datagram.
    fn handle_input(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]);

    /// The time of [`poll_timeout`](Self::poll_timeout) has come.
    fn handle_timeout(&mut self, now: Instant);

    /// When to call [`handle_timeout`](Self::handle_timeout) and [`poll_transmit`](Self::poll_transmit) next.
    #[must_use]
    fn poll_timeout(&self) -> Option<Instant>;

    /// Writes the next plain datagram over what `out` holds; returns where it goes.
    #[must_use]
    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<SocketAddr>;
}

impl Machine for Search {
    fn handle_input(&mut self, _now: Instant, from: SocketAddr, datagram: &[u8]) {
        self.handle_input(from, datagram);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.handle_timeout(now);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        Some(self.poll_timeout())
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<SocketAddr> {
        self.poll_transmit(now, out)
    }
}

impl Machine for Viewer {
    fn handle_input(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        self.handle_input(now, from, datagram);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.handle_timeout(now);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.poll_timeout()
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<SocketAddr> {
        self.poll_transmit(now, out)
    }
}

impl Machine for Camera {
    fn handle_input(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        self.handle_input(now, from, datagram);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.handle_timeout(now);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.poll_timeout()
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<SocketAddr> {
        self.poll_transmit(now, out)
    }
}
