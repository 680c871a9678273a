//! Sessions over IPv6, as far as this host has it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};

use nix::ifaddrs::getifaddrs;
use tutk::proto::Generation;
use tutk::{
    Address, AvEvent, CameraEvent, CameraOptions, Codec, ConnectError, DiscoverError, DiscoverOptions, Operation,
    VideoFrame, discover,
};

use crate::common::camera::{LONG, Running, connect, next, uid};
use crate::{search, viewer};

/// This host, where it has IPv6.
fn loopback(port: u16) -> Option<Address> {
    UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).ok()?;
    Some(format!("[::1]:{port}").parse().unwrap())
}

/// A picture goes from this camera to a viewer that searches it at this address; returns where each is.
fn play(camera: &Running, address: Address) -> [SocketAddr; 2] {
    let (session, mut events) = connect(viewer(camera.uid, "").with_address(address)).unwrap();
    session.start_video().unwrap();
    let viewer_address = camera.wait(|event| match event {
        CameraEvent::ViewerAdded { address, .. } => Some(address),
        _ => None,
    });
    let id = camera.wait_for_viewer();
    let data: Vec<u8> = (0..100_000u32).map(|at| at as u8).collect();
    camera.camera.send_video(&[id], VideoFrame::new(Codec::H264, &data).with_key(true)).unwrap();
    let AvEvent::Video(frame) = next(&mut events) else { panic!("no frame") };
    assert!(frame.data == data);
    [viewer_address, session.info().remote]
}

#[test]
fn every_generation_plays() {
    for generation in [Generation::G09, Generation::G10, Generation::NEWEST] {
        let camera = Running::start(CameraOptions::new(uid()).with_generation(generation));
        let Some(address) = loopback(camera.camera.port()) else { return };
        let [viewer, remote] = play(&camera, address);
        assert_eq!((viewer.ip(), remote.ip()), (IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)));
        // The same camera sees who speaks IPv4 as such.
        let [viewer, remote] = play(&camera, format!("127.0.0.1:{}", camera.camera.port()).parse().unwrap());
        assert!(viewer.is_ipv4() && remote.is_ipv4(), "{viewer} {remote}");
    }
}

/// Every address that begins with fe80 is that of several networks.
#[test]
fn a_link_local_address_is_asked_over_its_interface() {
    let camera = Running::new("");
    let of_link = |interface: nix::ifaddrs::InterfaceAddress| {
        let address = SocketAddrV6::from(*interface.address?.as_sockaddr_in6()?);
        address.ip().is_unicast_link_local().then_some((interface.interface_name, address))
    };
    // One that this host has just been given cannot be used for a second.
    let is_usable = |(_, address): &(String, SocketAddrV6)| UdpSocket::bind(address).is_ok();
    let Some((name, address)) = getifaddrs().unwrap().filter_map(of_link).find(is_usable) else { return };
    let port = camera.camera.port();
    for zone in [name, address.scope_id().to_string()] {
        let [viewer, remote] = play(&camera, format!("[{}%{zone}]:{port}", address.ip()).parse().unwrap());
        assert_eq!(
            (viewer.ip(), remote),
            (remote.ip(), SocketAddrV6::new(*address.ip(), port, 0, address.scope_id()).into())
        );
    }
}

#[test]
fn a_search_at_an_address_finds_the_camera() {
    let camera = Running::new("");
    let Some(address) = loopback(camera.camera.port()) else { return };
    let found = search(&DiscoverOptions::new().with_uid(camera.uid).with_timeout(LONG).with_address(address.clone()));
    assert_eq!((found.len(), found[0].address.to_string()), (1, address.to_string()));
}

#[test]
fn an_interface_that_is_not_there_is_named() {
    let address: Address = "fe80::7%nothere0".parse().unwrap();
    let error = discover(&DiscoverOptions::new().with_address(address.clone())).unwrap().next().unwrap().unwrap_err();
    let DiscoverError::Io(io) = &error else { panic!("{error}") };
    assert_eq!(io.operation, Operation::FindInterface("nothere0".into()));
    assert!(error.to_string().contains("“nothere0”"), "{error}");
    assert!(matches!(connect(viewer(uid(), "").with_address(address)), Err(ConnectError::Io(_))));
}
