use std::net::{Ipv4Addr, SocketAddrV4};

/// Datagrams to one receiver that the kernel can cut out of one piece: all of one size, the last one perhaps shorter.
#[derive(Debug)]
pub(super) struct Batch {
    to: SocketAddrV4,
    size: usize,
    bytes: Vec<u8>,
    /// Bytes of those that are sent already.
    sent: usize,
}

/// Most bytes, and most datagrams, of a batch: what the kernel takes at once.
const MAX_BYTES: usize = 65_000;
const MAX_DATAGRAMS: usize = 64;

impl Batch {
    pub(super) fn new() -> Self {
        Self { to: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0), size: 0, bytes: Vec::new(), sent: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Adds a datagram if it can go together with those that are here.
    pub(super) fn push(&mut self, to: SocketAddrV4, datagram: &[u8]) -> bool {
        if self.is_empty() {
            (self.to, self.size) = (to, datagram.len());
        }
        let len = self.bytes.len() + datagram.len();
        let fits = self.to == to
            && datagram.len() <= self.size
            && self.bytes.len().is_multiple_of(self.size)
            && (self.is_empty() || len <= MAX_BYTES.min(self.size * MAX_DATAGRAMS));
        if fits {
            self.bytes.extend_from_slice(datagram);
        }
        fits
    }

    /// Whom it goes to, if there is anything in it.
    pub(super) fn to(&self) -> Option<SocketAddrV4> {
        (!self.is_empty()).then_some(self.to)
    }

    /// Bytes of each datagram but the last.
    pub(super) fn size(&self) -> u16 {
        // A datagram is never longer.
        self.size as u16
    }

    /// What is not sent yet, in one piece, if these are several.
    pub(super) fn joined(&self) -> Option<(SocketAddrV4, &[u8])> {
        let rest = self.bytes.get(self.sent..)?;
        (rest.len() > self.size).then_some((self.to, rest))
    }

    /// The first that is not sent yet.
    pub(super) fn first(&self) -> Option<(SocketAddrV4, &[u8])> {
        let rest = self.bytes.get(self.sent..)?.chunks(self.size.max(1)).next()?;
        Some((self.to, rest))
    }

    /// The first is sent.
    pub(super) fn take_first(&mut self) {
        self.sent += self.size;
        if self.sent >= self.bytes.len() {
            self.clear();
        }
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.sent = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1);
    const B: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 2);

    /// The datagrams of a batch, one by one.
    fn all(batch: &mut Batch) -> Vec<Vec<u8>> {
        let first = |batch: &mut Batch| {
            let datagram = batch.first()?.1.to_vec();
            batch.take_first();
            Some(datagram)
        };
        std::iter::from_fn(|| first(batch)).collect()
    }

    #[test]
    fn joins_what_the_kernel_can_cut_up() {
        let mut batch = Batch::new();
        assert!(batch.push(A, &[1; 10]));
        assert_eq!(batch.joined(), None, "one is nothing to cut up");
        assert!(!batch.push(A, &[0; 11]), "longer than the first");
        assert!(!batch.push(B, &[0; 10]), "to another");
        assert!(batch.push(A, &[2; 10]));
        assert!(batch.push(A, &[3; 4]));
        assert!(!batch.push(A, &[0; 4]), "after a shorter one");
        assert_eq!(batch.joined().map(|(_, bytes)| bytes.len()), Some(24));
        assert_eq!(all(&mut batch), [vec![1; 10], vec![2; 10], vec![3; 4]]);
        assert!(batch.is_empty());
        assert!(batch.push(B, &[0; 11]));
    }

    #[test]
    fn has_an_end() {
        for size in [1, 16, 1064, 40_000, 65_507] {
            let mut batch = Batch::new();
            let mut count = 0;
            while batch.push(A, &vec![0; size]) {
                count += 1;
            }
            assert!((1..=MAX_DATAGRAMS).contains(&count));
            assert!(count == 1 || count * size <= MAX_BYTES);
            assert_eq!(all(&mut batch).len(), count);
        }
    }
}
