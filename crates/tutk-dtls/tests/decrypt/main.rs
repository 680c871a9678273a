//! Captures of encrypted sessions between programs on the vendor's library 4.2.1.1: each datagram is read and written again to the
//! same bytes, and so is each message that account and password decrypt.

#[path = "../../../tutk-proto/tests/meaningless/mod.rs"]
mod meaningless;
mod tls;

use std::collections::BTreeMap;
use std::path::Path;

use meaningless::without_meaningless;
use pcap_file::pcap::PcapReader;
use tls::{Decryptor, Kind};
use tutk_dtls::OpenSsl;
use tutk_proto::security::{Identity, Psk};
use tutk_proto::wire::packet::Packet;
use tutk_proto::wire::{Av, Message, Role, descramble, scramble};
use tutk_proto::{AvStyle, Generation, Secret};

const NOTICE: &[u8] = b"recv dtls data!";

/// The UDP payloads of a capture of Ethernet frames with IPv4.
fn datagrams(name: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name).with_extension("pcap");
    let file = std::fs::read(path).unwrap();
    let mut reader = PcapReader::new(&file[..]).unwrap();
    let mut found = Vec::new();
    while let Some(packet) = reader.next_packet() {
        let frame = packet.unwrap().data.into_owned();
        if frame[12..14] == [8, 0] && frame[23] == 17 {
            let udp = 14 + usize::from(frame[14] & 15) * 4;
            let len = usize::from(u16::from_be_bytes([frame[udp + 4], frame[udp + 5]]));
            found.push(frame[udp + 8..udp + len].to_vec());
        }
    }
    found
}

/// What a capture has.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    /// AV messages that were encrypted.
    encrypted: usize,
    /// AV messages that were not.
    plain: usize,
    notices: usize,
    /// Alerts that were not encrypted, by number.
    alerts: Vec<u8>,
    /// Who the clients say they are.
    identities: Vec<Vec<u8>>,
}

fn check_message(payload: &[u8]) {
    let Ok(Av::Packet(packet)) = Av::decode(AvStyle::Packet, payload) else { panic!("{payload:02x?}") };
    let again = Av::Packet(packet).to_payload(AvStyle::Packet, Generation::G1A);
    assert_eq!(again, without_meaningless(payload), "{packet:?}");
    // Byte 562 of a login.
    if let Packet::Login(login) = packet {
        assert!(login.token <= 1);
    }
}

/// Reads and writes all of a capture.
fn read(name: &str, secret: &str) -> Seen {
    let psk = Psk::new(&OpenSsl, &Secret::from(secret));
    let mut channels: BTreeMap<u8, Decryptor> = BTreeMap::new();
    let mut seen = Seen::default();
    for captured in datagrams(name) {
        let mut plain = captured.clone();
        descramble(&mut plain);
        let Ok(message) = Message::decode(&plain) else { continue };
        if let Message::Data { session, payload, .. } = message {
            let mut out = Vec::new();
            message.encode(Generation::G1A, &mut out);
            assert_eq!(out, plain, "{name}: {message:?}");
            if payload == NOTICE {
                seen.notices += 1;
            } else if session.secure {
                let decryptor = channels.entry(session.channel).or_insert_with(|| Decryptor::new(*psk.reveal()));
                decryptor.receive(session.from == Role::Viewer, payload, &mut |kind, data| match kind {
                    Kind::Message => {
                        check_message(data);
                        seen.encrypted += 1;
                    }
                    Kind::Alert => seen.alerts.push(data[1]),
                    Kind::Identity => seen.identities.push(data.to_vec()),
                });
            } else {
                check_message(payload);
                seen.plain += 1;
            }
        }
        scramble(&mut plain);
        assert_eq!(plain, captured, "{name}");
    }
    seen
}

#[test]
fn sessions_decrypt_and_parse() {
    for (name, secret, identity, encrypted) in [
        ("dtls-stream", "secret12", Identity::Account("admin"), 269),
        ("dtls-loss", "secret12", Identity::Account("admin"), 320),
        ("dtls-psk-zero", "pw142", Identity::Account("admin"), 14),
        ("dtls-camera-closes", "secret12", Identity::Account("admin"), 15),
        ("dtls-handshake-hello-lost", "secret12", Identity::Account("admin"), 21),
        ("dtls-handshake-final-lost", "secret12", Identity::Account("admin"), 16),
        ("dtls-hello-verify", "secret12", Identity::Account("admin"), 94),
        ("dtls-token", "token", Identity::Token("phone"), 13),
        // The camera is the client of channel 1.
        ("dtls-talk", "secret12", Identity::Account("admin"), 468),
    ] {
        let seen = read(name, secret);
        assert!(seen.identities.iter().all(|seen| *seen == identity.to_bytes()), "{name}: {seen:?}");
        assert_eq!(seen.identities.len(), if name == "dtls-talk" { 2 } else { 1 }, "{name}");
        let wanted = Seen { encrypted, identities: seen.identities.clone(), ..Seen::default() };
        assert_eq!(seen, wanted, "{name}");
    }
}

#[test]
fn modes_that_disagree_are_told() {
    let identity = |account| vec![Identity::Account(account).to_bytes()];
    for (name, wanted) in [
        ("dtls-wrong-password", Seen { alerts: vec![20], identities: identity("admin"), ..Seen::default() }),
        ("dtls-wrong-account", Seen { alerts: vec![115], identities: identity("bob"), ..Seen::default() }),
        ("dtls-viewer-plain-camera", Seen { notices: 2, ..Seen::default() }),
        ("plain-viewer-dtls-camera", Seen { plain: 4, notices: 2, ..Seen::default() }),
        ("auto-viewer-plain-camera", Seen { plain: 20, notices: 2, ..Seen::default() }),
        ("dtls-handshake-unanswered", Seen::default()),
    ] {
        assert_eq!(read(name, "secret12"), wanted, "{name}");
    }
}
