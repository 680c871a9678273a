use std::collections::VecDeque;
use std::io::{self, Read, Write};

/// What OpenSSL has in the place of a socket.
#[derive(Debug, Default)]
pub(crate) struct Datagrams {
    /// The datagram to be read next.
    received: Option<Vec<u8>>,
    sent: VecDeque<Vec<u8>>,
}

impl Datagrams {
    /// Gives a datagram to be read, in the place of one that was not.
    pub(crate) fn receive(&mut self, datagram: &[u8]) {
        let mut buffer = self.received.take().unwrap_or_default();
        buffer.clear();
        buffer.extend_from_slice(datagram);
        self.received = Some(buffer);
    }

    /// Queues a datagram that OpenSSL did not write.
    pub(crate) fn push(&mut self, datagram: Vec<u8>) {
        self.sent.push_back(datagram);
    }

    /// The next datagrams that were written, as one where they fit into `max` bytes: OpenSSL sends each message of a repeated flight
    /// alone, and one of them is lost more often than one datagram.
    pub(crate) fn pop(&mut self, max: usize) -> Option<Vec<u8>> {
        let mut datagram = self.sent.pop_front()?;
        while self.sent.front().is_some_and(|next| datagram.len() + next.len() <= max) {
            datagram.extend(self.sent.pop_front().unwrap_or_default());
        }
        Some(datagram)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }
}

impl Read for Datagrams {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(datagram) = self.received.take() else { return Err(io::ErrorKind::WouldBlock.into()) };
        // As of a socket, the rest of a datagram that is too large is lost.
        let len = datagram.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(&datagram) {
            *to = *from;
        }
        Ok(len)
    }
}

impl Write for Datagrams {
    fn write(&mut self, datagram: &[u8]) -> io::Result<usize> {
        self.sent.push_back(datagram.to_vec());
        Ok(datagram.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
