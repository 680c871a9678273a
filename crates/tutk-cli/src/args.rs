//! The command line. Its comments are what `--help` and the manual pages say.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use tutk::{Address, Backend, Brand, Encryption, LocalPorts, Secret, Uid};

const EXIT_CODES: &str = "Exit codes:
  0  done, or ended by SIGINT, SIGTERM or a closed pipe
  1  another error
  2  wrong usage
  3  the camera was not found, or does not answer
  4  the camera refused: wrong account, password or authentication key, or no place for another
     viewer
  5  the session was lost: the camera closed it, was not heard any more, or sent no video any more";

/// Finds IP cameras that speak ThroughTek's IOTC/AV protocol (TUTK, Kalay), sets their clocks, saves their video and audio, and
/// speaks to them
#[derive(Debug, Parser)]
#[command(name = "tutk", version, after_help = EXIT_CODES, disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Cli {
    /// Tell more about what happens
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,

    /// Tell nothing but errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the cameras that answer on the local networks
    ///
    /// The column PLAYS says whether a camera of this generation of the protocol is played without the vendor's library.
    #[command(after_help = EXIT_CODES)]
    Scan(Scan),
    /// Set a camera's clock to this computer's local time
    #[command(after_help = EXIT_CODES)]
    Sync(Sync),
    /// Write a camera's video or audio to a file or to standard output
    ///
    /// The video is written as the camera encodes it, frame after frame without a container (for H.264 and H.265 a
    /// byte stream), and begins with a key frame. Standard output can feed other programs, for instance:
    /// tutk stream -d UID -f - | ffplay -probesize 100k -
    ///
    /// The audio is written as the camera encodes it, too, block after block without a container; what it is is told at the first one.
    #[command(after_help = EXIT_CODES)]
    Stream(Stream),
    /// Speak to a camera: play a WAV file through its speaker
    ///
    /// The camera gets it as it sends its own audio: PCM, µ-law or A-law, whatever the file has. Standard input can be what another
    /// program says, for instance: arecord -f S16_LE -r 8000 | tutk talk -d UID -f -
    #[command(after_help = EXIT_CODES)]
    Talk(Talk),
    /// Write the manual pages to a folder
    #[command(hide = true)]
    Man {
        /// The folder
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Scan {
    /// Print a JSON array of objects with uid, ip, port, name, generation and playable. The generation is null for a camera that
    /// the vendor's library found
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) network: Network,
}

#[derive(Debug, Args)]
pub(crate) struct Sync {
    #[command(flatten)]
    pub(crate) camera: Camera,

    #[command(flatten)]
    pub(crate) network: Network,
}

#[derive(Debug, Args)]
pub(crate) struct Stream {
    #[command(flatten)]
    pub(crate) camera: Camera,

    /// Wait for a camera that is not there yet or has no place for another viewer. What waiting cannot cure, as a refused
    /// password, ends the command all the same
    #[arg(long)]
    pub(crate) wait: bool,

    /// When the camera answers and sends no video for this many milliseconds, it is asked for it again; after twice as long
    /// the session is lost. A slow camera has more time: three times the longest interval between its frames. 0: no limit
    #[arg(long, value_name = "MS", default_value_t = 15_000)]
    pub(crate) frame_timeout: u32,

    /// Where the video goes: a file, to which it is appended, or - for standard output
    #[arg(short, long, value_name = "FILE", visible_alias = "filename", required_unless_present = "audio")]
    pub(crate) file: Option<PathBuf>,

    /// Where the audio goes: a file, to which it is appended, or - for standard output. Default: the camera is not asked for it.
    /// Without --file, nothing else is
    #[arg(long, value_name = "FILE")]
    pub(crate) audio: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) network: Network,
}

#[derive(Debug, Args)]
pub(crate) struct Talk {
    #[command(flatten)]
    pub(crate) camera: Camera,

    /// What is to be said: a WAV file, or - for standard input
    #[arg(short, long, value_name = "FILE", visible_alias = "filename")]
    pub(crate) file: PathBuf,

    /// What the camera takes: auto (what it sends), pcm, mulaw or alaw
    #[arg(long, value_enum, default_value_t)]
    pub(crate) codec: TalkCodec,

    #[command(flatten)]
    pub(crate) network: Network,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TalkCodec {
    #[default]
    Auto,
    Pcm,
    Mulaw,
    Alaw,
}

/// Which camera, and how to get in.
#[derive(Debug, Args)]
pub(crate) struct Camera {
    /// The camera: 20 letters and digits, upper and lower case differ. Without it, the cameras that answer are listed
    #[arg(short = 'd', long, value_name = "UID", visible_alias = "deviceuid")]
    pub(crate) uid: Option<Uid>,

    /// The account to log in with
    #[arg(short, long, value_name = "USER", default_value = "admin")]
    pub(crate) username: String,

    /// Its password. The other users of this computer can see it in the list of processes (ps); --password-file and the
    /// environment variable TUTK_PASSWORD keep it from them
    #[arg(short, long, value_name = "PASSWORD", allow_hyphen_values = true, conflicts_with = "password_file")]
    pub(crate) password: Option<Secret>,

    /// A file with the password in its first line, or - for standard input. Without this and --password, the
    /// environment variable TUTK_PASSWORD holds the password; default: empty
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,

    /// A file with the camera's authentication key, 8 characters, in its first line, or - for standard input. Without it, the
    /// environment variable TUTK_AUTH_KEY holds the key. Most cameras have none, and refuse viewers that give one
    #[arg(long, value_name = "FILE")]
    pub(crate) auth_key_file: Option<PathBuf>,

    /// Whether the session is encrypted: auto (unless the camera answers that it cannot), required (no password is sent in a
    /// session without it), or off. Cameras of SDK 4.x can encrypt. Default: auto; with --brand=wyze required
    #[arg(
        long,
        value_parser = PossibleValuesParser::new(["auto", "required", "off"]).try_map(|nick| nick.parse::<Encryption>())
    )]
    pub(crate) encryption: Option<Encryption>,

    /// The application of the camera's maker, which adds a login of its own: generic (none), or wyze, where the password is the
    /// camera's ENR and --mac is needed
    #[arg(
        long,
        default_value_t,
        value_parser = PossibleValuesParser::new(["generic", "wyze"]).try_map(|nick| nick.parse::<Brand>())
    )]
    pub(crate) brand: Brand,

    /// The camera's MAC address, for --brand=wyze
    #[arg(long, value_name = "MAC", required_if_eq("brand", "wyze"))]
    pub(crate) mac: Option<String>,

    /// A file with the licence key that some of the vendor's libraries want in its first line, or - for standard input.
    /// Default: what the environment variable TUTK_LICENSE_KEY holds
    #[arg(long, value_name = "FILE")]
    pub(crate) license_key_file: Option<PathBuf>,
}

/// The way to the camera.
#[derive(Debug, Args)]
pub(crate) struct Network {
    /// Milliseconds to search. With a camera: to find it, to connect, to log in and to set its clock; each must be done in
    /// this time
    #[arg(
        short, long, value_name = "MS", default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub(crate) timeout: u32,

    /// Whom to ask instead of the local networks: the camera's host name or IP address, and its port if
    /// unusual. IPv6: 2001:db8::7, [2001:db8::7]:PORT, fe80::7%eth0
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) address: Option<Address>,

    /// The UDP port of this computer for the session: PORT, or FIRST-LAST, of which the first free one is taken. A camera
    /// answers from a port of its own, which neither NAT (a container's bridge) nor a stateful firewall expects: publish
    /// or open this port there. Sessions through the vendor's library do not use it
    #[arg(long, value_name = "PORT[-LAST]")]
    pub(crate) local_port: Option<LocalPorts>,

    /// What speaks to the camera: native (on the LAN, without the vendor's library), vendor (LAN, P2P and relay, with
    /// it), or auto: vendor if a library is named, otherwise native
    #[arg(
        long,
        default_value_t,
        value_parser = PossibleValuesParser::new(["auto", "native", "vendor"]).try_map(|nick| nick.parse::<Backend>())
    )]
    pub(crate) backend: Backend,

    /// The vendor's library, a file or a folder. Its code runs in this process. Default: the one that the environment
    /// variable TUTK_LIBRARY names
    #[arg(long, value_name = "PATH")]
    pub(crate) library: Option<PathBuf>,
}

impl Network {
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout.into())
    }
}
