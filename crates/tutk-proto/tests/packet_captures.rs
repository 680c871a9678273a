//! Every AV message of the captures in packet style is read, and written again to the same bytes; and the parity in them is
//! the parity of their chunks.

mod meaningless;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use meaningless::without_meaningless;
use pcap_file::pcap::PcapReader;
use tutk_proto::wire::packet::parity::{BLOCK, Sum};
use tutk_proto::wire::packet::{Ack, Chunk, Content, Packet};
use tutk_proto::wire::{Av, descramble};
use tutk_proto::{AvStyle, Generation};

/// The header of a datagram of a session, its session block included.
const HEADER: usize = 28;

/// The AV messages in a pcap file of Ethernet frames with IPv4: whether a viewer sent it, the channel, the message.
fn messages(path: &Path) -> Vec<(bool, u8, Vec<u8>)> {
    let file = std::fs::read(path).unwrap();
    let mut reader = PcapReader::new(&file[..]).unwrap();
    let mut found = Vec::new();
    while let Some(packet) = reader.next_packet() {
        let frame = packet.unwrap().data.into_owned();
        if frame[12..14] != [8, 0] || frame[23] != 17 {
            continue;
        }
        let udp = 14 + usize::from(frame[14] & 15) * 4;
        let len = usize::from(u16::from_be_bytes([frame[udp + 4], frame[udp + 5]]));
        let mut datagram = frame[udp + 8..udp + len].to_vec();
        descramble(&mut datagram);
        let message = u16::from_le_bytes([datagram[8], datagram[9]]);
        if matches!(message, 0x0407 | 0x0408) && datagram[3] & 8 != 0 {
            found.push((message == 0x0407, datagram[14], datagram.split_off(HEADER)));
        }
    }
    found
}

fn captures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures/packet");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn decode(payload: &[u8]) -> Packet<'_> {
    match Av::decode(AvStyle::Packet, payload) {
        Ok(Av::Packet(packet)) => packet,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_message_round_trips() {
    let (mut files, mut total) = (0, 0);
    for path in captures() {
        files += 1;
        for (i, (_, _, payload)) in messages(&path).into_iter().enumerate() {
            let packet = decode(&payload);
            let again = Av::Packet(packet).to_payload(AvStyle::Packet, Generation::G1A);
            assert_eq!(again, without_meaningless(&payload), "{path:?} {i}: {packet:?}");
            total += 1;
        }
    }
    println!("{total} messages in {files} captures");
    assert_eq!((files, total), (25, 3494));
}

/// The vendor's checksums are right; those of chunks that are sent again are of the chunks as first sent.
#[test]
fn checksums_are_what_the_camera_says() {
    let mut total = 0;
    for path in captures() {
        for (i, (viewer, _, payload)) in messages(&path).into_iter().enumerate() {
            let Packet::Data(data) = decode(&payload) else { continue };
            if let Content::Media { .. } = data.chunk.content
                && data.envelope.is_some()
                && !viewer
            {
                assert_eq!(data.chunk.sum(), data.chunk.checksum, "{path:?} {i}: {data:?}");
                total += 1;
            }
        }
    }
    assert!(total > 500, "{total} checksums");
}

/// The parity of each block that is in a capture as a whole; and any chunk of it is found from the others.
#[test]
fn parity_is_what_the_camera_sends() {
    let mut total = 0;
    for path in captures() {
        let mut blocks: BTreeMap<(bool, u8, u16), BTreeMap<u8, Vec<u8>>> = BTreeMap::new();
        for (viewer, channel, payload) in messages(&path) {
            let Packet::Data(data) = decode(&payload) else { continue };
            let Some(envelope) = data.envelope.filter(|envelope| envelope.chunks == BLOCK as u8) else { continue };
            let block = blocks.entry((viewer, channel, envelope.block)).or_default();
            let bytes = match data.chunk.content {
                Content::Parity => data.chunk.data.to_vec(),
                _ => [&data.chunk.first_header(), data.chunk.data].concat(),
            };
            block.insert(envelope.index, bytes);
        }
        for (key, mut block) in blocks {
            if block.len() != BLOCK + 1 {
                continue;
            }
            let parity = block.remove(&(BLOCK as u8)).unwrap();
            let mut sum = Sum::new();
            block.iter().for_each(|(index, chunk)| sum.add((*index).into(), [chunk, &[]]));
            assert_eq!(sum.total()[..], parity, "{path:?} {key:?}");
            let (missing, chunk) = block.iter().next().unwrap();
            sum.clear();
            block.iter().skip(1).for_each(|(index, chunk)| sum.add((*index).into(), [chunk, &[]]));
            assert_eq!(sum.missing((*missing).into(), &parity)[..chunk.len()], chunk[..], "{path:?} {key:?}");
            total += 1;
        }
    }
    println!("{total} blocks");
    assert!(total > 30, "{total} blocks");
}

/// Lists of missing chunks rise and lie between base and highest.
#[test]
fn acknowledgements_make_sense() {
    let mut longest = 0;
    for path in captures() {
        for (i, (_, _, payload)) in messages(&path).into_iter().enumerate() {
            let Packet::Ack(Ack { base, highest, missing, .. }) = decode(&payload) else { continue };
            let missing: Vec<_> = missing.iter().map(|entry| u16::from_le_bytes(*entry)).collect();
            assert!(missing.is_sorted(), "{path:?} {i}");
            assert!(
                missing.iter().all(|m| *m <= highest.wrapping_sub(base)),
                "{path:?} {i}: {missing:?} {base} {highest}"
            );
            longest = longest.max(missing.len());
        }
    }
    println!("longest list: {longest}");
}

/// Cut anywhere, or with any byte changed, a message gives a value or an error.
#[test]
fn damaged_messages_are_survived() {
    let mut out = Vec::new();
    for path in captures() {
        for (_, _, payload) in messages(&path).iter().take(40) {
            for len in 0..payload.len() {
                let _ = Av::decode(AvStyle::Packet, &payload[..len]);
            }
            for at in 0..payload.len().min(50) {
                for value in [0, 1, 0x7F, 0x80, 0xFF] {
                    let mut damaged = payload.clone();
                    damaged[at] = value;
                    if let Ok(av) = Av::decode(AvStyle::Packet, &damaged) {
                        av.encode(AvStyle::Packet, Generation::G1A, &mut out);
                        out.clear();
                    }
                }
            }
        }
    }
    assert_eq!(Chunk::HEADER, 20);
}
