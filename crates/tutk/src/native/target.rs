use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::AsFd;

use super::{Address, Cancel};
use crate::Error;
use crate::wire::SEARCH_PORT;

/// Whom to ask in a search: one address, or the broadcast address of every IPv4 network that is up.
pub(super) fn targets(address: Option<&Address>, cancel: &Cancel) -> Result<Vec<SocketAddr>, Error> {
    match address {
        Some(address) => resolve(address, cancel).map(|address| vec![address]),
        None => broadcasts(),
    }
}

/// What [`targets`] stands for, in an error's text.
pub(super) fn describe(address: Option<&Address>) -> String {
    match address {
        Some(address) => address.to_string(),
        None => "every local network, by broadcast".into(),
    }
}

/// The broadcast address of every IPv4 network that is up; fails if none is.
pub(super) fn broadcasts() -> Result<Vec<SocketAddr>, Error> {
    let mut targets = Vec::new();
    for interface in getifaddrs().map_err(|errno| Error::io("cannot list the network interfaces", errno))? {
        if !interface.flags.contains(InterfaceFlags::IFF_UP) {
            continue;
        }
        let address = if interface.flags.contains(InterfaceFlags::IFF_LOOPBACK) {
            // The loopback interface has no broadcast address of its own, and delivers to this one.
            interface
                .address
                .filter(|address| address.as_sockaddr_in().is_some())
                .map(|_| Ipv4Addr::new(127, 255, 255, 255))
        } else {
            interface.broadcast.and_then(|broadcast| broadcast.as_sockaddr_in().map(|address| address.ip()))
        };
        if let Some(address) = address {
            let target = SocketAddr::from((address, SEARCH_PORT));
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
    }
    if targets.is_empty() {
        let source = std::io::Error::new(std::io::ErrorKind::NetworkDown, "no IPv4 interface is up");
        return Err(Error::io("cannot search for cameras", source));
    }
    Ok(targets)
}

fn resolve(address: &Address, cancel: &Cancel) -> Result<SocketAddr, Error> {
    let port = address.port.unwrap_or(SEARCH_PORT);
    if let Ok(ip) = address.host.parse::<Ipv4Addr>() {
        return Ok((ip, port).into());
    }
    // A name server may take long, and asking it cannot be interrupted: another thread does.
    let (sender, answer) = mpsc::channel();
    let (ready, host) = (Cancel::new()?, address.host.clone());
    let wake = ready.clone();
    thread::Builder::new()
        .name("tutk-resolve".into())
        .spawn(move || {
            let _ = sender.send((host.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>));
            wake.wake();
        })
        .map_err(|error| Error::io("cannot start a thread", error))?;
    loop {
        cancel.check()?;
        match answer.try_recv() {
            Ok(Ok(addresses)) => {
                return addresses.into_iter().find(SocketAddr::is_ipv4).ok_or_else(|| {
                    Error::InvalidArgument(format!(
                        "“{}” has no IPv4 address, and this generation of cameras speaks IPv4 only",
                        address.host
                    ))
                });
            }
            Ok(Err(error)) => return Err(Error::io(format!("cannot resolve “{}”", address.host), error)),
            Err(_) => {
                let mut fds =
                    [ready.event(), cancel.event()].map(|event| PollFd::new(event.as_fd(), PollFlags::POLLIN));
                let _ = poll(&mut fds, PollTimeout::NONE);
            }
        }
    }
}
