//! The properties of `tutksrc` as users see them.
#![allow(unused_doc_comments)]

use std::sync::LazyLock;

use gst::glib;
use gst::prelude::*;

use super::settings::Settings;
use crate::{Encryption, Streams, login};

pub(super) static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
    let default = Settings::default();
    vec![
        /**
         * GstTutkSrc:uid:
         *
         * The camera's UID: 20 letters and digits, as on its label or in its app. Upper and lower case differ. Without
         * it, the element fails with a list of the cameras in the local network.
         */
        login::uid("The camera's UID, 20 letters and digits; without it, an error that lists the cameras on the LAN"),
        /**
         * GstTutkSrc:username:
         *
         * The account to log in to the camera with.
         */
        login::username("The account to log in to the camera with"),
        /**
         * GstTutkSrc:password:
         *
         * The account's password. It can be set and never read back. Unless it is set, the environment variable
         * `TUTK_PASSWORD` holds the password: `ps` shows what is on a command line to everyone. Where a URI has set
         * #GstTutkSrc:address, the variable is not used, because the author of a URI may be anybody.
         */
        login::password(),
        /**
         * GstTutkSrc:auth-key:
         *
         * The camera's authentication key, 8 characters, which a camera with one wants to see before the login. Most have none,
         * and refuse viewers that give one. It can be set and never read back, and a URI cannot set it. Unless it is set, the
         * environment variable `TUTK_AUTH_KEY` holds it, as `TUTK_PASSWORD` holds #GstTutkSrc:password. Sessions through the
         * vendor's library do not use it.
         *
         * Since: 0.2.0
         */
        login::auth_key("The key of a camera that wants one, 8 characters; can be set and never read back"),
        /**
         * GstTutkSrc:brand:
         *
         * The application of the camera's maker, which adds a login and commands of its own. With `wyze`, #GstTutkSrc:password
         * is the camera's ENR, #GstTutkSrc:auth-key is made of that and of #GstTutkSrc:mac, #GstTutkSrc:encryption is `required`
         * unless it is set, and #GstTutkSrc:quality is asked for in Wyze's way. Sessions through the vendor's library are `generic`.
         * A URI can set any other than `generic`.
         *
         * Since: 0.2.0
         */
        login::brand("The application of the camera's maker; wyze: the password is the ENR, and mac is needed"),
        /**
         * GstTutkSrc:mac:
         *
         * The camera's MAC address, `AABBCCDDEEFF` or `AA:BB:CC:DD:EE:FF`, which #GstTutkSrc:brand=wyze makes the camera's
         * authentication key of.
         *
         * Since: 0.2.0
         */
        login::mac(),
        /**
         * GstTutkSrc:channel:
         *
         * Which of its pictures a camera with several lenses, or a recorder, is to send: the session logs in to this AV channel, and its
         * commands name it.
         *
         * Since: 0.2.0
         */
        glib::ParamSpecUInt::builder("channel")
            .nick("Channel")
            .blurb("Which lens of a camera, or camera of a recorder, is played")
            .maximum(u8::MAX.into())
            .default_value(default.channel)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:timeout:
         *
         * The time limit of each step, in milliseconds: to find the camera, to connect to it and to log in to it.
         */
        glib::ParamSpecUInt::builder("timeout")
            .nick("Timeout")
            .blurb("Time limit of each step: find the camera, connect, log in (ms)")
            .minimum(100)
            .maximum(600_000)
            .default_value(default.timeout)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:sync-time:
         *
         * Whether each session sets the camera's clock to this host's local time when it begins. #GstTutkSrc::sync-time does
         * at any time.
         */
        glib::ParamSpecBoolean::builder("sync-time")
            .nick("Sync Time")
            .blurb("Whether each session sets the camera's clock to this host's local time when it begins")
            .default_value(default.sync_time)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:address:
         *
         * The address where the camera is searched, `host` or `host:port`; default: the local networks, by broadcast. For
         * cameras in other subnets, and for containers. An IPv6 address with a port is in brackets, `[2001:db8::7]:32761`, and a
         * link-local one is followed by its interface, `fe80::7%eth0`, in a URI `fe80::7%25eth0`.
         */
        glib::ParamSpecString::builder("address")
            .nick("Address")
            .blurb("Address where the camera is searched, host[:port], for other subnets and containers; default: broadcast")
            .default_value(default.address.as_deref())
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:local-port:
         *
         * The UDP port of this host for the session: `PORT`, or `FIRST-LAST`, of which each session takes the first free
         * one. A camera answers from a port of its own, which neither NAT (a container's bridge) nor a stateful firewall
         * expects: publish or open this port there. Sessions through the vendor's library do not use it.
         *
         * Since: 0.2.0
         */
        glib::ParamSpecString::builder("local-port")
            .nick("Local Port")
            .blurb("UDP port of this host for the session, PORT or FIRST-LAST, to be published or opened; default: any")
            .default_value(default.local_port.as_deref())
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:idle-timeout:
         *
         * The session is lost after this time without a datagram from the camera, in milliseconds. Cameras send keep-alives
         * about every 2 s. #GstTutkSrc:frame-timeout is for a camera that sends nothing else.
         */
        glib::ParamSpecUInt::builder("idle-timeout")
            .nick("Idle Timeout")
            .blurb("The session is lost after this time without a datagram from the camera (ms)")
            .minimum(5_000)
            .maximum(600_000)
            .default_value(default.idle_timeout)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:frame-timeout:
         *
         * The element requests video again after this time without a frame that can be decoded, in milliseconds, from a camera
         * that is alive. The session is lost after twice as long. A slow camera has more time: three times the longest interval
         * between two of its frames, up to 5 minutes. 0: no limit.
         *
         * While sessions bring no frame at all, as in a camera's privacy mode, the time between two tries to connect
         * grows to 5 minutes.
         *
         * Since: 0.2.0
         */
        glib::ParamSpecUInt::builder("frame-timeout")
            .nick("Frame Timeout")
            .blurb("Video is requested again after this time without a frame, and the session is lost after twice (ms); 0: off")
            .maximum(3_600_000)
            .default_value(default.frame_timeout)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:reconnect:
         *
         * Whether the element reconnects when the session is lost. It searches the camera by its UID after 0.5 s at first, with
         * a backoff up to 30 s, while the pipeline keeps running. If false, a lost session is an error, and so is a camera
         * that cannot be reached at the start. A refused password is an error in both cases.
         */
        glib::ParamSpecBoolean::builder("reconnect")
            .nick("Reconnect")
            .blurb("Whether the element reconnects when the session is lost; if false, a loss is an error")
            .default_value(default.reconnect)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:retry-timeout:
         *
         * How long the element retries its first connect, in seconds, for instance in a recorder that starts before its camera;
         * -1: without a limit, 0: one try. A failure that does not pass, as a refused password, is an error at once, and so is
         * the first failure where #GstTutkSrc:reconnect is off. After the first session, #GstTutkSrc:reconnect alone counts.
         *
         * Since: 0.2.0
         */
        glib::ParamSpecInt::builder("retry-timeout")
            .nick("Retry Timeout")
            .blurb("How long the element retries its first connect (s); -1: without a limit, 0: one try")
            .minimum(-1)
            .default_value(default.retry_timeout)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:max-queue-time:
         *
         * How long frames are queued for the elements downstream, in milliseconds. When the queue holds more, frames before
         * the newest key frame are dropped: the delay of a slow viewer stays bounded, and a recorder whose disk stalls for a
         * while loses nothing. 1000 to 3000 suit live viewing. 0: no limit.
         *
         * Since: 0.2.0
         */
        glib::ParamSpecUInt::builder("max-queue-time")
            .nick("Maximum Queue Time")
            .blurb("How long frames are queued before they are dropped up to the newest key frame (ms); 0: no limit")
            .maximum(3_600_000)
            .default_value(default.max_queue_time)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:timestamp-mode:
         *
         * Where PTS come from. `arrival` is the running time at which the frame's last datagram came. `camera` maps the
         * camera's clock, which may be wrong and drift, to the running time. `auto` begins with `arrival`, and uses the
         * camera's clock once it has been sane for 16 s, as long as it is. In all modes PTS rise strictly and are never in the future.
         */
        glib::ParamSpecEnum::builder_with_default("timestamp-mode", default.timestamp_mode)
            .nick("Timestamp Mode")
            .blurb("Where PTS come from: the camera's clock or the frames' arrival")
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:streams:
         *
         * The streams that the element may ask the camera for. Elements downstream that take only video get video, and no audio is
         * asked for. Both go to `tutkdemux`, as `application/x-tutk`.
         *
         * Since: 0.2.0
         */
        glib::ParamSpecFlags::builder::<Streams>("streams")
            .nick("Streams")
            .blurb("Streams that the element may ask the camera for; audio only where tutkdemux follows")
            .default_value(default.streams)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:stats:
         *
         * Counts and measurements since the element left READY. Times are in nanoseconds. Fields of unknown value are
         * absent.
         *
         * * `frames-received` (#guint64): complete frames of video;
         * * `frames-dropped` (#guint64): of those, the ones that cannot be decoded because others are missing,
         *   and those that elements downstream did not take in time;
         * * `frames-lost` (#guint64): frames that the network lost for good;
         * * `bytes` (#guint64): of the frames received;
         * * `bitrate` (#guint64): bits of video per second, over about the last second;
         * * `fps` (#gdouble): frames per second, over about the last second;
         * * `last-frame-size` (#guint64): bytes of the last frame;
         * * `codec` (#gchararray): the codec of the video;
         * * `key-frame-interval` (#guint64): the time between the last two key frames;
         * * `datagrams-received`, `datagrams-lost`, `datagrams-resent`, `datagrams-duplicated`, `datagrams-foreign`,
         *   `datagrams-overflowed` (#guint64): datagrams from the camera; lost ones; retransmitted ones; duplicates; those
         *   from another peer or session; those that this host dropped because they were not read in time. The vendor's
         *   library does not report datagrams;
         * * `round-trip-time` (#guint64): from a request to its answer, smoothed;
         * * `mode` (#gchararray): `lan`, `p2p`, `relay` or `unknown`, while there is a session;
         * * `encrypted` (#gboolean): whether others in the network can neither read nor change it, likewise;
         * * `cipher-suite` (#gchararray), `forward-secrecy` (#gboolean): how it is encrypted, and whether what was recorded
         *   stays secret from somebody who learns the password later, likewise;
         * * `connected-since` (#GstDateTime): since when, while there is a session;
         * * `reconnects` (#guint64): how often the element has reconnected;
         * * `timestamps` (#gchararray): where PTS come from now, `camera` or `arrival`;
         * * `clock-drift` (#gdouble): how much faster than the pipeline's clock the camera's runs, in parts per million;
         * * `latency` (#guint64): what the latency query answers.
         */
        glib::ParamSpecBoxed::builder::<gst::Structure>("stats")
            .nick("Statistics")
            .blurb("Counts and measurements: frames, datagrams, bitrate, round-trip time and others")
            .read_only()
            .build(),
        /**
         * GstTutkSrc:stats-interval:
         *
         * The interval of the element messages `tutk-stats`, in milliseconds; 0: none. They hold what #GstTutkSrc:stats
         * holds, and are posted while the element is in PLAYING.
         */
        glib::ParamSpecUInt::builder("stats-interval")
            .nick("Statistics Interval")
            .blurb("Interval of the element messages “tutk-stats” (ms); 0: none")
            .default_value(default.stats_interval)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:backend:
         *
         * The driver of the session. With `auto`, it is the vendor's library if #GstTutkSrc:library or the environment
         * variable `TUTK_LIBRARY` names one, and otherwise the protocol itself. With `vendor` and none named, the
         * system's loader looks for the usual names. The vendor's library is never used otherwise: it may send account and
         * password to the vendor's servers. A URI cannot set this.
         */
        glib::ParamSpecEnum::builder_with_default("backend", default.backend)
            .nick("Backend")
            .blurb("Driver of the session: the protocol itself, or the vendor's library")
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:library:
         *
         * The vendor's library: a file (`libIOTCAPIs_ALL.so`, or one of the pair `libIOTCAPIs.so` and `libAVAPIs.so`)
         * or its folder. Its code runs in this process. A process can use one library at a time.
         */
        glib::ParamSpecString::builder("library")
            .nick("Library")
            .blurb("The vendor's library, a file or a folder; its code runs in this process")
            .default_value(default.library.as_deref())
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:license-key:
         *
         * The licence key for vendor's libraries that need one. It can be set and never read back.
         */
        glib::ParamSpecString::builder("license-key")
            .nick("License Key")
            .blurb("The licence key for vendor's libraries that need one; can be set and never read back")
            .write_only()
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:encryption:
         *
         * Whether the session is encrypted (DTLS), which cameras of SDK 4.x can be asked for. With `auto` it is, unless the camera
         * answers that it cannot; somebody who can send into the network can make it seem so, and then learns the password, so that
         * `auto` protects against those who only listen. After one encrypted session with a camera, the element accepts no
         * other from it. With `required`, no password is sent in a session without it. A URI can set `required` alone.
         *
         * Since: 0.2.0
         */
        glib::ParamSpecEnum::builder_with_default("encryption", Encryption::default_of(default.login.brand))
            .nick("Encryption")
            .blurb("Whether the session is encrypted; auto: unless the camera answers that it cannot; required with brand=wyze")
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:require-encryption:
         *
         * The same as #GstTutkSrc:encryption=required.
         */
        glib::ParamSpecBoolean::builder("require-encryption")
            .nick("Require Encryption")
            .blurb("Refuse a session that is not encrypted, before a password is sent: as encryption=required")
            .default_value(default.require_encryption)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:quality:
         *
         * The quality that the element requests of the camera, at the start of each session and at each change. The camera
         * defines what a level means (size, frame rate, bit rate). `unset` requests nothing.
         */
        glib::ParamSpecEnum::builder_with_default("quality", default.quality)
            .nick("Quality")
            .blurb("Quality that the element requests of the camera; unset: none")
            .mutable_playing()
            .build(),
        /**
         * GstTutkSrc:navigation:
         *
         * Whether the arrow keys of the window that shows the video (navigation events) turn the camera while they are held.
         * These events are not passed on then.
         */
        glib::ParamSpecBoolean::builder("navigation")
            .nick("Navigation")
            .blurb("Whether the arrow keys of the video window turn the camera")
            .default_value(default.navigation)
            .mutable_playing()
            .build(),
        /**
         * GstTutkSrc:uri:
         *
         * The camera, and other properties, as a URI: `tutk://[account:password@]UID[?property=value&…]`. It reads back
         * without the password. With an invalid one, the element does not start, and reports why.
         */
        glib::ParamSpecString::builder("uri")
            .nick("URI")
            .blurb("The camera as tutk://[account:password@]UID[?property=value&…]; reads back without the password")
            .default_value(None)
            .mutable_ready()
            .build(),
    ]
});
