//! `tutk scan`: which cameras are there.

use std::io::{self, Write};
use std::net::SocketAddr;

use serde_json::{Value, json};
use tutk::proto::Generation;
use tutk::{Answers, DiscoverOptions, DiscoveredCamera, discover};

use crate::args;
use crate::console::Console;
use crate::failure::Failure;

pub(crate) fn run(args: &args::Scan, console: &Console) -> Result<(), Failure> {
    let asked = asked(&args.network);
    console.debug(format_args!("asking {asked} for {} ms", args.network.timeout));
    let answers = cameras(&args.network)?;
    if answers.cameras.is_empty() {
        console.info(nobody(&args.network, &answers));
    } else if answers.cameras.iter().any(|camera| !camera.is_playable()) {
        let (oldest, newest) = (Generation::G09.0, Generation::NEWEST.0);
        console.info(format_args!(
            "A camera that does not play speaks another generation of the protocol than 0x{oldest:02x} to 0x{newest:02x}. It \
             needs the vendor's library (--library), in a version that knows its generation.",
        ));
    }
    let text = if args.json { json(&answers) } else { table(&answers) };
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Other(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// The cameras that answer.
pub(crate) fn cameras(network: &args::Network) -> Result<Answers, Failure> {
    let mut options = DiscoverOptions::new().with_timeout(network.timeout()).with_backend(network.backend);
    options.address = network.address.clone();
    options.local_ports = network.local_port;
    options.library = network.library.clone();
    let mut answers = discover(&options)?.answers()?;
    answers.cameras.sort_by_key(|camera| (camera.uid, camera.address));
    Ok(answers)
}

/// Whom a search asks.
pub(crate) fn asked(network: &args::Network) -> String {
    match &network.address {
        Some(address) => address.to_string(),
        None => "every local network, by broadcast".into(),
    }
}

/// What to say when no camera answered.
pub(crate) fn nobody(network: &args::Network, answers: &Answers) -> String {
    let asked = if answers.only_this_host { "this computer alone".into() } else { asked(network) };
    let text = format!("no camera answered within {} ms; asked: {asked}", network.timeout);
    match answers.list().as_str() {
        "" => text,
        more => format!("{text}. {more}"),
    }
}

/// A line for each camera under a heading; nothing if there is none.
pub(crate) fn table(answers: &Answers) -> String {
    if answers.cameras.is_empty() {
        return String::new();
    }
    let generation = |number: u8| if number == 0 { "?".into() } else { format!("0x{number:02x}") };
    let plays = |plays: bool| String::from(if plays { "yes" } else { "no" });
    // Anybody on the network can send a name, also one that steers the terminal.
    let name = |name: &str| name.escape_debug().to_string();
    let cameras = answers.cameras.iter().map(|camera| {
        let DiscoveredCamera { uid, address, .. } = camera;
        let (generation, plays) = (generation(camera.generation), plays(camera.is_playable()));
        [uid.to_string(), address.to_string(), generation, plays, name(&camera.name)]
    });
    let heading = ["UID", "ADDRESS", "GENERATION", "PLAYS", "NAME"].map(String::from);
    let lines = [heading].into_iter().chain(cameras);
    // The longest IPv4 address is 255.255.255.255:65535.
    let line = |[uid, address, generation, plays, name]: [String; 5]| {
        format!("{uid:20}  {address:21}  {generation:10}  {plays:5}  {name}").trim_end().to_string() + "\n"
    };
    lines.map(line).collect()
}

/// The address as `--address` takes it.
fn ip(address: SocketAddr) -> String {
    match address {
        SocketAddr::V6(address) if address.scope_id() != 0 => format!("{}%{}", address.ip(), address.scope_id()),
        address => address.ip().to_string(),
    }
}

fn json(answers: &Answers) -> String {
    let generation = |number: u8| if number == 0 { Value::Null } else { number.into() };
    let cameras = answers.cameras.iter().map(|camera| {
        json!({
            "uid": camera.uid.as_str(),
            "ip": ip(camera.address),
            "port": camera.address.port(),
            "name": camera.name,
            "generation": generation(camera.generation),
            "playable": camera.is_playable(),
        })
    });
    format!("{:#}\n", Value::from(cameras.collect::<Vec<_>>()))
}
