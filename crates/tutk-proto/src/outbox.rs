use std::net::SocketAddr;

use crate::wire;

/// Datagrams to one receiver, all of one size but the last, which may be shorter: what a kernel that segments (GSO) sends
/// with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Where they go.
    pub destination: SocketAddr,
    /// Bytes of all of them.
    pub size: usize,
    /// Bytes of each but the last; none if there is only one.
    pub segment_size: Option<usize>,
}

/// Most bytes of a [`Transmit`]: a kernel takes no more at once.
const MAX_BYTES: usize = 65_000;

/// Gathers datagrams into a [`Transmit`]. One that does not go together with those before it waits for the next one.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// Where the datagram goes that waits, if one does.
    held: Option<SocketAddr>,
    datagram: Vec<u8>,
}

impl Outbox {
    /// Writes at most `max_datagrams` of the datagrams that `next` appends in the plain over what `out` holds, scrambled where their framing is.
    pub(crate) fn fill(
        &mut self,
        max_datagrams: usize,
        out: &mut Vec<u8>,
        mut next: impl FnMut(&mut Vec<u8>) -> Option<SocketAddr>,
    ) -> Option<Transmit> {
        out.clear();
        let destination = match self.held.take() {
            Some(destination) => {
                std::mem::swap(out, &mut self.datagram);
                destination
            }
            None => {
                let destination = next(out)?;
                wire::to_wire(out);
                destination
            }
        };
        let size = out.len();
        let mut count = 1;
        while count < max_datagrams && out.len() + size <= MAX_BYTES {
            let start = out.len();
            let Some(to) = next(out) else { break };
            let datagram = out.get_mut(start..).unwrap_or_default();
            wire::to_wire(datagram);
            let len = datagram.len();
            if to != destination || len > size {
                self.datagram.clear();
                self.datagram.extend_from_slice(datagram);
                self.held = Some(to);
                out.truncate(start);
                break;
            }
            count += 1;
            if len < size {
                break;
            }
        }
        Some(Transmit { destination, size: out.len(), segment_size: (count > 1).then_some(size) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1);
    const B: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 2);

    /// What comes out of an outbox for datagrams of these receivers and sizes: receiver, sizes.
    fn gather(datagrams: &[(SocketAddr, usize)], max: usize) -> Vec<(SocketAddr, Vec<usize>)> {
        let mut queue = datagrams.iter().copied();
        let (mut outbox, mut out, mut all) = (Outbox::default(), Vec::new(), Vec::new());
        let mut next = |out: &mut Vec<u8>| {
            let (to, size) = queue.next()?;
            out.resize(out.len() + size, size as u8);
            Some(to)
        };
        while let Some(transmit) = outbox.fill(max, &mut out, &mut next) {
            assert_eq!(transmit.size, out.len());
            let parts = out.chunks(transmit.segment_size.unwrap_or(out.len()));
            for part in parts.clone() {
                let mut plain = part.to_vec();
                wire::descramble(&mut plain);
                assert_eq!(plain, vec![part.len() as u8; part.len()]);
            }
            all.push((transmit.destination, parts.map(<[u8]>::len).collect()));
        }
        all
    }

    #[test]
    fn datagrams_of_one_size_go_together() {
        assert_eq!(
            gather(&[(A, 10), (A, 10), (A, 4), (A, 10), (A, 11), (B, 11), (B, 2), (B, 2)], 64),
            [(A, vec![10, 10, 4]), (A, vec![10]), (A, vec![11]), (B, vec![11, 2]), (B, vec![2])]
        );
        assert_eq!(gather(&[(A, 10); 3], 2), [(A, vec![10, 10]), (A, vec![10])]);
        assert_eq!(gather(&[(A, 10); 2], 1), [(A, vec![10]), (A, vec![10])]);
    }

    #[test]
    fn a_transmit_has_an_end() {
        for size in [1, 16, 1064, 40_000, 65_507] {
            let all = gather(&vec![(A, size); 200], 64);
            assert!(all.iter().all(|(_, parts)| parts.len() == 1 || parts.iter().sum::<usize>() <= MAX_BYTES));
            assert!(all.iter().all(|(_, parts)| parts.len() <= 64));
            assert_eq!(all.iter().map(|(_, parts)| parts.len()).sum::<usize>(), 200);
        }
    }
}
