use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6, ToSocketAddrs};
use std::sync::mpsc::{self, TryRecvError};
use std::thread;
use std::time::Instant;

use super::Address;
use super::interfaces::{self, Interface};
use super::udp::Family;
use crate::error::{DiscoverError, Interrupted};
use crate::wake::Waker;
use crate::wire::SEARCH_PORT;
use crate::{Asked, IoError, Operation};

/// Whom to ask in a search.
#[derive(Debug, Default)]
pub(super) struct Targets {
    pub(super) addresses: Vec<SocketAddr>,
    /// None of them is in a network: this host may have none.
    pub(super) only_this_host: bool,
}

impl Targets {
    /// What a socket that asks them has to speak.
    pub(super) fn family(&self) -> Family {
        if self.addresses.iter().any(SocketAddr::is_ipv6) { Family::Ipv6 } else { Family::Ipv4 }
    }
}

/// One address, or the broadcast address of every IPv4 network that is up. A name must be resolved until then.
pub(super) fn targets(address: Option<&Address>, until: Instant, waker: &Waker) -> Result<Targets, DiscoverError> {
    match address {
        Some(address) => {
            let address = resolve(address, until, waker)?;
            Ok(Targets { addresses: vec![address], only_this_host: false })
        }
        None => Ok(broadcasts()?),
    }
}

/// Who [`targets`] are, for errors.
pub(super) fn asked(address: Option<&Address>) -> Asked {
    address.cloned().map_or(Asked::LocalNetworks, Asked::Address)
}

/// The broadcast address of every IPv4 network that is up; fails if none is.
pub(super) fn broadcasts() -> Result<Targets, IoError> {
    let mut targets = Targets { only_this_host: true, ..Targets::default() };
    for interface in interfaces::list()? {
        let address = broadcast_of(interface);
        targets.only_this_host &= address.is_loopback();
        let target = SocketAddr::from((address, SEARCH_PORT));
        if !targets.addresses.contains(&target) {
            targets.addresses.push(target);
        }
    }
    if targets.addresses.is_empty() {
        return Err(IoError::new(Operation::SearchNetworks, io::ErrorKind::NetworkDown));
    }
    Ok(targets)
}

fn broadcast_of(interface: Interface) -> Ipv4Addr {
    let Interface { address, mask, broadcast: set, is_loopback } = interface;
    // The loopback interface has no broadcast address of its own, and delivers to this one.
    if is_loopback { Ipv4Addr::new(127, 255, 255, 255) } else { broadcast(address, mask, set) }
}

/// The broadcast address of a network: as it is set; else all hosts by the mask (RFC 919); else, where the mask leaves
/// none (RFC 3021), the one of all networks.
fn broadcast(address: Ipv4Addr, mask: Option<Ipv4Addr>, set: Option<Ipv4Addr>) -> Ipv4Addr {
    if let Some(set) = set.filter(|set| !set.is_unspecified() && *set != address) {
        return set;
    }
    match mask.map(|mask| !mask.to_bits()) {
        Some(hosts) if hosts > 1 && hosts != u32::MAX => Ipv4Addr::from_bits(address.to_bits() | hosts),
        _ => Ipv4Addr::BROADCAST,
    }
}

fn resolve(address: &Address, until: Instant, waker: &Waker) -> Result<SocketAddr, DiscoverError> {
    let port = address.port.unwrap_or(SEARCH_PORT);
    if let Some((ip, zone)) = address.ip() {
        return Ok(match (ip.to_canonical(), zone) {
            (IpAddr::V6(ip), Some(zone)) => SocketAddrV6::new(ip, port, 0, interfaces::number(zone)?).into(),
            (ip, _) => (ip, port).into(),
        });
    }
    let name = address.host.clone();
    let found = look_up(&address.host, until, waker, move || (name.as_str(), port).to_socket_addrs())?;
    // Cameras speak IPv4, but for those of this project.
    let best = found.iter().find(|found| found.is_ipv4()).or(found.first());
    Ok(*best.ok_or_else(|| IoError::new(Operation::Resolve(address.host.clone()), io::ErrorKind::NotFound))?)
}

/// A name server may take long, and asking it cannot be interrupted: another thread does.
fn look_up<I: Iterator<Item = SocketAddr>>(
    host: &str,
    until: Instant,
    waker: &Waker,
    ask: impl FnOnce() -> io::Result<I> + Send + 'static,
) -> Result<Vec<SocketAddr>, Interrupted> {
    let failed = |error: io::Error| IoError::new(Operation::Resolve(host.into()), error);
    let (sender, answer) = mpsc::channel();
    let wake = waker.clone();
    thread::Builder::new()
        .name("tutk-resolve".into())
        .spawn(move || {
            let _ = sender.send(ask().map(Iterator::collect::<Vec<_>>));
            wake.wake();
        })
        .map_err(|error| IoError::new(Operation::StartThread, error))?;
    loop {
        match answer.try_recv() {
            Ok(found) => return Ok(found.map_err(failed)?),
            Err(TryRecvError::Disconnected) => return Err(failed(io::ErrorKind::Other.into()).into()),
            Err(TryRecvError::Empty) if until <= Instant::now() => {
                return Err(failed(io::Error::new(io::ErrorKind::TimedOut, "no name server answered in time")).into());
            }
            Err(TryRecvError::Empty) => waker.wait(Some(until))?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::MAX_TIMEOUT;

    #[test]
    fn every_network_has_an_address_to_ask() {
        let ip = |text: &str| text.parse::<Ipv4Addr>().unwrap();
        let of = |address, mask: &str, set: Option<&str>| broadcast(ip(address), Some(ip(mask)), set.map(ip));
        assert_eq!(of("10.77.0.1", "255.255.255.0", Some("10.77.0.255")), ip("10.77.0.255"));
        // As “ip addr add 10.77.0.1/24 dev eth0” leaves it.
        assert_eq!(of("10.77.0.1", "255.255.255.0", None), ip("10.77.0.255"));
        assert_eq!(of("10.77.0.1", "255.255.255.0", Some("0.0.0.0")), ip("10.77.0.255"));
        assert_eq!(of("10.77.5.1", "255.255.252.0", None), ip("10.77.7.255"));
        assert_eq!(of("10.77.0.1", "255.255.255.252", None), ip("10.77.0.3"));
        for mask in ["255.255.255.255", "255.255.255.254", "0.0.0.0"] {
            assert_eq!(of("10.77.0.1", mask, None), Ipv4Addr::BROADCAST, "{mask}");
        }
        assert_eq!(of("10.77.0.1", "255.255.255.255", Some("10.77.0.1")), Ipv4Addr::BROADCAST);
        assert_eq!(broadcast(ip("10.77.0.1"), None, None), Ipv4Addr::BROADCAST);
    }

    #[test]
    fn a_name_server_that_does_not_answer_is_not_waited_for() {
        let (release, held) = mpsc::channel::<()>();
        let ask = move || {
            let _ = held.recv();
            Ok(std::iter::empty())
        };
        let error = look_up("camera.lan", Instant::now(), &Waker::new().unwrap(), ask).unwrap_err();
        let Interrupted::Io(error) = error else { panic!("cancelled") };
        assert_eq!(error.source.kind(), io::ErrorKind::TimedOut);
        assert!(error.to_string().contains("camera.lan"), "{error}");
        drop(release);
    }

    #[test]
    fn a_lookup_is_cancelled() {
        let (release, held) = mpsc::channel::<()>();
        let waker = Waker::new().unwrap();
        let canceller = waker.clone();
        let ask = move || {
            canceller.cancel();
            let _ = held.recv();
            Ok(std::iter::empty())
        };
        assert!(matches!(
            look_up("camera.lan", Instant::now() + MAX_TIMEOUT, &waker, ask),
            Err(Interrupted::Cancelled)
        ));
        drop(release);
    }
}
