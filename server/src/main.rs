//! Serves IP cameras that speak ThroughTek's protocol: RTSP for players and recorders, a page for browsers, an API and
//! metrics for programs. `tutk-server --help` says how it is set up.

mod access;
mod attempts;
mod camera;
mod commands;
mod config;
mod discovery;
mod heap;
mod http;
mod launch;
mod memory;
mod mqtt;
mod payload;
mod recording;
mod report;
mod rtsp;
mod site;
mod snapshot;
mod tls;

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use config::Config;
use http::App;
use memory::Encrypted;
use mqtt::Mqtt;
use rtsp::RtspServer;
use site::Site;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Where the settings are, if the user names no other place.
const DEFAULT_FILE: &str = "/etc/tutk/server.toml";

const ABOUT: &str = "\
Serves cameras by RTSP (rtsp://HOST:8554/NAME) and to browsers (http://HOST:8080). A camera is connected while somebody \
watches it, with one session for all who do.

The cameras that you name are served, and passwords are sent to them alone. Others that answer on the local network are listed. \
SIGHUP makes the server read its settings again; streams of cameras whose settings are the same continue.";

const SETTINGS: &str = "\
Settings:
  [cameras.door]                     # its name in addresses
  uid = \"ABCDEFGHJKLMNPQRST12\"
  password-file = \"/etc/tutk/passwords/ABCDEFGHJKLMNPQRST12\"
  # password, username, auth-key, auth-key-file, brand, mac, address, local-port,
  # encryption, quality: as of tutksrc
  record = true

  [http]
  listen = \"127.0.0.1:8080\"          # this host alone; another address needs a [login]
  hosts = [\"cameras.example\"]        # names of this host in browsers, beside its addresses
  # certificate, key: files for HTTPS; in [rtsp] for RTSP by TLS
  [rtsp]
  listen = \"127.0.0.1:8554\"
  [recording]
  folder = \"/var/lib/tutk-server/recordings\"    # of cameras with record = true
  days = 14                          # and gigabytes: what is older, or too much, is deleted
  [mqtt]
  broker = \"10.0.0.2\"                # user, password-file, tls, ca, topic, discovery
  [login]
  user = \"me\"
  password-file = \"/etc/tutk/login\"

Files in the folder that the environment variable CREDENTIALS_DIRECTORY names hold passwords (password_UID, login) and keys \
(auth-key_UID). A camera with a password_UID needs no section.";

#[derive(Parser)]
#[command(name = "tutk-server", version, about = ABOUT, after_help = SETTINGS)]
struct Arguments {
    /// The file of settings; default: /etc/tutk/server.toml, if it is there
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder for what is kept from one start to the next; default: STATE_DIRECTORY, or the user's own
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,
    /// Refuse to start without an address that others reach, and a login: for containers
    #[arg(long)]
    public: bool,
    /// Only say whether the settings are right
    #[arg(long)]
    check: bool,
}

impl Arguments {
    fn load(&self) -> Result<Config, Box<dyn Error>> {
        let default = Path::new(DEFAULT_FILE);
        let file = self.config.as_deref().or_else(|| default.exists().then_some(default));
        let credentials = env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        let config = Config::load(file, credentials.as_deref())?;
        if self.public {
            config.check_public()?;
        }
        Ok(config)
    }

    /// Where the server keeps what it has seen.
    fn state_folder(&self) -> Option<PathBuf> {
        let of_user = || {
            let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".local/state"));
            Some(env::var_os("XDG_STATE_HOME").map(PathBuf::from).or_else(home)?.join("tutk-server"))
        };
        self.state.clone().or_else(|| env::var_os("STATE_DIRECTORY").map(PathBuf::from)).or_else(of_user)
    }
}

fn main() -> ExitCode {
    heap::limit();
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let config = arguments.load()?;
    if arguments.check {
        println!("No errors in the settings; {} cameras", config.cameras.len());
        return Ok(());
    }
    gst::init()?;
    gsttutk::plugin_register_static()?;
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(serve(arguments, config))
}

async fn serve(arguments: &Arguments, mut config: Config) -> Result<(), Box<dyn Error>> {
    let (mut ends, mut interrupts) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut reloads = signal(SignalKind::hangup())?;

    let site = Arc::new(Site::new(Encrypted::load(arguments.state_folder())?));
    let mut rtsp = RtspServer::start(config.rtsp.listen, site.clone())?;
    let listen = config.http.listen;
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        format!("The page cannot listen on {listen}: {error}. Another program may do; [http] listen = … names another")
    })?;
    // No camera is connected for a server that cannot start.
    site.apply(&config);
    rtsp.apply(&config);
    let tls = |tls: &Option<_>| if tls.is_some() { "s" } else { "" };
    println!("http{}://{}/", tls(&config.http_tls), listener.local_addr()?);
    println!("RTSP: {}:{}", bracketed(config.rtsp.listen), rtsp.port());
    for name in config.cameras.keys() {
        println!("rtsp{}://{}:{}/{name}", tls(&config.rtsp_tls), bracketed(config.rtsp.listen), rtsp.port());
    }
    if config.cameras.is_empty() {
        eprintln!("No camera is named, and so none is served; see --help");
    }
    discovery::start(site.clone());
    tokio::spawn(recording::keep(Arc::downgrade(&site)));
    let mut mqtt = Mqtt::default();
    mqtt.apply(config.mqtt.as_ref(), &site);
    let mut page = tokio::spawn(http::serve(listener, App::new(site.clone(), rtsp.port(), listen)));
    loop {
        tokio::select! {
            ended = &mut page => {
                ended??;
                break;
            }
            _ = ends.recv() => break,
            _ = interrupts.recv() => break,
            _ = reloads.recv() => match arguments.load() {
                Ok(new) => {
                    if (new.http.listen, new.rtsp.listen) != (config.http.listen, config.rtsp.listen) {
                        eprintln!("Other addresses to listen on are used from the next start on");
                    }
                    site.apply(&new);
                    rtsp.apply(&new);
                    mqtt.apply(new.mqtt.as_ref(), &site);
                    config = new;
                    println!("The settings were read again: cameras {}", config.cameras.len());
                }
                Err(error) => eprintln!("The settings stay as they were. {error}"),
            },
        }
    }
    site.close();
    site.ended().await;
    Ok(())
}

/// As an address of RTSP has it.
fn bracketed(address: std::net::SocketAddr) -> String {
    match address.ip() {
        std::net::IpAddr::V6(ip) => format!("[{ip}]"),
        ip => ip.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_in_the_help_are_not_wrapped() {
        // They are to be copied. Help is wrapped at 100 columns.
        let settings = SETTINGS.lines().filter(|line| line.starts_with("  "));
        for line in settings {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}
