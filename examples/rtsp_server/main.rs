//! Cameras at rtsp://HOST:8554/UID: `cargo run --example rtsp_server [PORT] [UID]...`.
//!
//! A camera is connected while somebody watches it, with one session for all who do. Served are the cameras that the user
//! names, because a password is for these alone: whoever answers a search could be anybody. `--help` says how to name them.
//! Whoever reaches the port can watch.

use std::collections::{BTreeMap, HashSet};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::{env, fs};

use camera::{Camera, CameraFactory, Password};
use gst::glib;
use gst::prelude::*;
use gst_rtsp_server::prelude::*;
use gst_rtsp_server::{RTSPServer, gio};
use tutk::Uid;

mod camera;
mod payload;

const USAGE: &str = "\
usage: rtsp_server [PORT] [UID]...

Serves cameras at rtsp://HOST:PORT/UID; default: port 8554. A camera is connected while somebody watches it, with one
session for all who do. Whoever reaches the port can watch.

The cameras that you name are served, and nobody else gets a password:

  UID           on the command line; the password is in the environment variable TUTK_PASSWORD
  password_UID  a file in the folder that the environment variable CREDENTIALS_DIRECTORY names; the password is in the
                first line of the file. systemd's LoadCredential=password:FOLDER makes such files from those in FOLDER,
                named UID.

Behind a UID and a question mark, and in the second line of such a file, there can be properties of tutksrc as a URI has
them, for instance brand=wyze&mac=AABBCCDDEEFF.

Other cameras that answer on the local network are listed. What goes wrong with a camera is one line on stderr.
";

/// How many cameras that nobody named are listed: anybody can send answers to a search.
const MAX_LISTED: usize = 100;

fn main() -> ExitCode {
    run(env::args().skip(1))
}

/// Runs the server with the arguments of a command line, without the program's name.
pub fn run(arguments: impl Iterator<Item = String>) -> ExitCode {
    let mut port = 8554;
    let mut named = Vec::new();
    for argument in arguments {
        if argument == "-h" || argument == "--help" {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        } else if let Ok(number) = argument.parse() {
            port = number;
        } else if let Some(camera) = camera(&argument) {
            named.push(camera);
        } else {
            eprintln!("“{}” is neither a port nor a camera's UID; see --help", argument.escape_debug());
            return ExitCode::from(2);
        }
    }
    match serve(port, &cameras(named)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The UID and the parameters of an argument that names a camera.
fn camera(argument: &str) -> Option<(Uid, String)> {
    let (uid, parameters) = argument.split_once('?').unwrap_or((argument, ""));
    Some((uid.parse().ok()?, parameters.into()))
}

/// The cameras that the user has named, with their parameters. A file goes before the environment.
fn cameras(named: Vec<(Uid, String)>) -> BTreeMap<String, (String, Password)> {
    let of_environment = |(uid, parameters): (Uid, _)| (uid.to_string(), (parameters, Password::Environment));
    let mut cameras: BTreeMap<_, _> = named.into_iter().map(of_environment).collect();
    let Some(folder) = env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from) else { return cameras };
    let files = fs::read_dir(&folder).inspect_err(|error| eprintln!("{} cannot be read: {error}", folder.display()));
    for file in files.into_iter().flatten().flatten() {
        let name = file.file_name();
        let Some(name) = name.to_str().and_then(|name| name.strip_prefix("password_")) else { continue };
        match name.parse::<Uid>() {
            Ok(uid) => {
                let (parameters, _) =
                    cameras.remove(&uid.to_string()).unwrap_or((String::new(), Password::Environment));
                cameras.insert(uid.to_string(), (parameters, Password::File(file.path())));
            }
            Err(_) => eprintln!("Left alone, because no UID is in its name: {}", file.path().display()),
        }
    }
    cameras
}

fn serve(port: u16, cameras: &BTreeMap<String, (String, Password)>) -> Result<(), Box<dyn Error>> {
    gst::init()?;
    gsttutk::plugin_register_static()?;

    let server = RTSPServer::new();
    server.set_service(&port.to_string());
    // A camera can take seconds to connect, and others shall not wait for it.
    server.thread_pool().expect("a server has threads").set_max_threads(-1);
    let source = server.create_source(gio::Cancellable::NONE).map_err(|error| cannot_listen(port, &error))?;
    source.attach(None);

    let mounts = server.mount_points().expect("a server has mount points");
    for (uid, (parameters, password)) in cameras {
        let camera = Camera::new(uid.clone(), parameters.clone(), password.clone(), &server);
        mounts.add_factory(&format!("/{uid}"), CameraFactory::new(Arc::new(camera)));
        println!("rtsp://localhost:{}/{uid}", server.bound_port());
    }
    if cameras.is_empty() {
        eprintln!("No camera is named, and so none is served; see --help");
    }
    let _list = list_others(cameras.keys());
    glib::MainLoop::new(None, false).run();
    Ok(())
}

fn cannot_listen(port: u16, error: &glib::Error) -> String {
    match error.kind() {
        Some(gio::IOErrorEnum::AddressInUse) => format!(
            "Port {port} is in use by another program, maybe by this one started before. End that, or name another \
             port; see --help"
        ),
        Some(gio::IOErrorEnum::PermissionDenied) => {
            format!("This user may not use port {port}. Name another one, from 1024 on; see --help")
        }
        _ => format!("Port {port} cannot be used: {error}"),
    }
}

/// Lists cameras that answer and are not served, while what this returns is there.
fn list_others<'a>(served: impl Iterator<Item = &'a String>) -> Option<(gst::DeviceMonitor, gst::bus::BusWatchGuard)> {
    // A UID is found in upper case, too, however it was typed.
    let mut seen: HashSet<_> = served.map(|uid| uid.to_ascii_uppercase()).collect();
    let most = seen.len() + MAX_LISTED;
    let monitor = gst::DeviceMonitor::new();
    monitor.add_filter(Some("Source/Video/Network"), None);
    let watch = monitor.bus().add_watch(move |_, message| {
        if let gst::MessageView::DeviceAdded(added) = message.view()
            && let Some((uid, line)) = found(&added.device())
            && seen.len() < most
            && seen.insert(uid.to_ascii_uppercase())
        {
            println!("{line}");
        }
        glib::ControlFlow::Continue
    });
    match (watch, monitor.start()) {
        (Ok(watch), Ok(())) => Some((monitor, watch)),
        _ => {
            eprintln!("Cameras that are not served are not listed: GStreamer cannot look for them here");
            None
        }
    }
}

/// The UID of a camera, and what is said of it; none for devices that are no cameras of this plugin.
fn found(device: &gst::Device) -> Option<(String, String)> {
    let properties = (device.type_().name() == "GstTutkDevice").then(|| device.properties())??;
    let (uid, address) = (properties.get::<String>("uid").ok()?, properties.get::<String>("address").ok()?);
    let name = device.display_name();
    let name = if name == uid { String::new() } else { format!(" (“{name}”)") };
    let hint = if properties.get("playable").unwrap_or(true) {
        "To serve it, name it; see --help".into()
    } else {
        format!(
            "It speaks generation 0x{:02x} of the protocol, which does not play yet",
            properties.get("generation").unwrap_or(0u32)
        )
    };
    let line = format!("Camera {uid}{name} at {address} was found, and is not served. {hint}");
    Some((uid, line))
}
