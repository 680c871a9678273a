//! `tutk scan`: which cameras are there.

use std::io::{self, Write};

use serde_json::json;
use tutk::{Cancel, Found, ScanOptions, scan};

use crate::args;
use crate::console::Console;
use crate::failure::Failure;

pub(crate) fn run(args: &args::Scan, console: &Console) -> Result<(), Failure> {
    let asked = asked(&args.network);
    console.debug(format_args!("asking {asked} for {} ms", args.network.timeout));
    let found = cameras(&args.network)?;
    if found.is_empty() {
        console.info(format_args!("no camera answered within {} ms; asked: {asked}", args.network.timeout));
    }
    let text = if args.json { json(&found) } else { table(&found) };
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Other(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// The cameras that answer.
pub(crate) fn cameras(network: &args::Network) -> Result<Vec<Found>, Failure> {
    let options = ScanOptions {
        uid: None,
        address: network.address.clone(),
        timeout: network.timeout(),
        backend: network.backend,
        library: network.library.clone(),
    };
    let mut found = scan(&options, &Cancel::new()?)?;
    found.sort_by_key(|camera| (camera.uid, camera.address));
    Ok(found)
}

/// Whom a search asks.
pub(crate) fn asked(network: &args::Network) -> String {
    match &network.address {
        Some(address) => address.to_string(),
        None => "every local network, by broadcast".into(),
    }
}

/// A line for each camera under a heading; nothing if there is none.
pub(crate) fn table(found: &[Found]) -> String {
    if found.is_empty() {
        return String::new();
    }
    let rows = found.iter().map(|camera| {
        // Anybody on the network can send a name, also one that steers the terminal.
        let name = camera.name.escape_debug().to_string();
        [camera.uid.to_string(), camera.address.to_string(), name]
    });
    let heading = ["UID", "ADDRESS", "NAME"].map(String::from);
    let lines = [heading].into_iter().chain(rows);
    // The longest address is 255.255.255.255:65535.
    lines.map(|[uid, address, name]| format!("{uid:20}  {address:21}  {name}").trim_end().to_string() + "\n").collect()
}

fn json(found: &[Found]) -> String {
    let cameras: Vec<_> = found
        .iter()
        .map(|camera| {
            json!({
                "uid": camera.uid.as_str(),
                "ip": camera.address.ip().to_string(),
                "port": camera.address.port(),
                "name": camera.name,
            })
        })
        .collect();
    format!("{:#}\n", serde_json::Value::from(cameras))
}
