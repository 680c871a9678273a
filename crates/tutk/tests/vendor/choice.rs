//! Which backend is used.

use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::thread;
use std::time::Duration;

use tutk::proto::Generation;
use tutk::wire::{self, Message};
use tutk::{Backend, ConnectError, SessionOptions};

use crate::support::{Alone, FAKE, LONG, fail, open, options};

#[test]
fn the_backend_that_is_asked_for_is_used() {
    let _alone = Alone::new();
    assert!(open(options("PLAINXXX000000000000")).unwrap().info().library.is_some(), "auto takes a named library");
    let mut native = options("PLAINXXX000000000000");
    native.backend = Backend::Native;
    native.timeout = Duration::from_millis(50);
    assert!(matches!(fail(native), ConnectError::NotFound { .. }));
}

#[test]
fn a_library_that_is_only_installed_is_never_used_unasked() {
    let program = std::env::current_exe().unwrap();
    let run = Command::new(program)
        .args(["--ignored", "--exact", "choice::where_the_loader_finds_a_library", "--nocapture"])
        .env("LD_LIBRARY_PATH", FAKE.0.parent().unwrap())
        .env_remove("TUTK_LIBRARY")
        .output()
        .unwrap();
    assert!(run.status.success(), "{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
}

#[test]
#[ignore = "run by the test above, in an environment where the loader finds the library"]
fn where_the_loader_finds_a_library() {
    // Not by `options`, which compiles the library anew.
    let mut auto = SessionOptions::new("PLAINXXX000000000000".parse().unwrap());
    auto.password = "canary".into();
    auto.timeout = Duration::from_millis(50);
    // The camera that the library would reach is not on the LAN.
    assert!(matches!(fail(auto.clone()), ConnectError::NotFound { .. }));
    // One on the LAN that this crate cannot play is not reached through the library either.
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    auto.address = Some(stranger.local_addr().unwrap().to_string().parse().unwrap());
    auto.timeout = LONG;
    let answering = thread::spawn(move || {
        let mut search = [0; 256];
        let (length, from) = stranger.recv_from(&mut search).unwrap();
        wire::descramble(&mut search[..length]);
        let (uid, name) = ("PLAINXXX000000000000".parse().unwrap(), "".into());
        let SocketAddr::V4(asker) = from else { panic!("{from}") };
        let generation = Generation(0x7f);
        let answer = Message::Found(wire::SearchAnswer { generation, uid, asker: asker.into(), name, grant: None })
            .to_datagram(generation);
        stranger.send_to(&answer, from).unwrap();
    });
    assert!(matches!(fail(auto.clone()), ConnectError::Generation { .. }));
    answering.join().unwrap();
    auto.backend = Backend::Vendor;
    assert!(open(auto).unwrap().info().library.is_some(), "asked for, the loader's is used");
}
