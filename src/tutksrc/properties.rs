//! The properties of `tutksrc` as users see them.
#![allow(unused_doc_comments)]

use std::sync::LazyLock;

use gst::glib;
use gst::prelude::*;

use super::settings::Settings;
use crate::login;

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
         * #GstTutkSrc:address, the variable is not used, because the address may be a stranger's.
         */
        login::password(),
        /**
         * GstTutkSrc:timeout:
         *
         * To find the camera, to connect to it and to log in to it: each must be done in this time, in milliseconds.
         */
        glib::ParamSpecUInt::builder("timeout")
            .nick("Timeout")
            .blurb("Find, connect and log in: each must be done in this time (ms)")
            .minimum(100)
            .maximum(600_000)
            .default_value(default.timeout)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:sync-time:
         *
         * Set the camera's clock to this host's local time when a session starts; #GstTutkSrc::sync-time does at any time.
         */
        glib::ParamSpecBoolean::builder("sync-time")
            .nick("Sync Time")
            .blurb("Set the camera's clock to this host's local time when a session starts")
            .default_value(default.sync_time)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:address:
         *
         * Where to ask for the camera instead of by broadcast: `host` or `host:port`. For cameras in other subnets, and
         * for containers.
         */
        glib::ParamSpecString::builder("address")
            .nick("Address")
            .blurb("host[:port] to ask for the camera instead of broadcasting (other subnets, containers)")
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
            .blurb("UDP port of this host for the session, PORT or FIRST-LAST, to be published or opened; unset: any")
            .default_value(default.local_port.as_deref())
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:idle-timeout:
         *
         * When no datagram came from the camera for this long, in milliseconds, the session is lost. A camera that has
         * nothing to send says so about every 2 s.
         *
         * #GstTutkSrc:frame-timeout is for a camera that only says so.
         */
        glib::ParamSpecUInt::builder("idle-timeout")
            .nick("Idle Timeout")
            .blurb("No datagram from the camera for this long: the session is lost (ms)")
            .minimum(5_000)
            .maximum(600_000)
            .default_value(default.idle_timeout)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:frame-timeout:
         *
         * When the camera answers and sent no frame that can be decoded for this long, in milliseconds, it is asked for
         * video again; after twice as long the session is lost. A slow camera has more time: three times the longest
         * interval between two of its frames, up to 5 minutes. 0: no limit.
         *
         * While sessions bring no frame at all, as in a camera's privacy mode, the time between two tries to connect
         * grows to 5 minutes.
         *
         * Since: 0.2.0
         */
        glib::ParamSpecUInt::builder("frame-timeout")
            .nick("Frame Timeout")
            .blurb("No frame for this long: ask for video again, after twice as long the session is lost (ms); 0: off")
            .maximum(3_600_000)
            .default_value(default.frame_timeout)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:reconnect:
         *
         * Whether the element reconnects when the session is lost: it looks for the camera by its UID after 0.5 s, later
         * after up to 30 s, while the pipeline goes on. Without it, a lost session is an error, and so is a camera that
         * cannot be reached at the start. A refused password is an error in both cases.
         */
        glib::ParamSpecBoolean::builder("reconnect")
            .nick("Reconnect")
            .blurb("Reconnect when the session is lost; otherwise that is an error")
            .default_value(default.reconnect)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:retry-timeout:
         *
         * For how long the first connect is tried, in seconds, as for a recorder that starts before its camera; -1:
         * without a limit, 0: once. What waiting cannot cure, as a refused password, is an error at once, and so is the
         * first failure where #GstTutkSrc:reconnect is off. Once there was a session, #GstTutkSrc:reconnect alone counts.
         *
         * Since: 0.2.0
         */
        glib::ParamSpecInt::builder("retry-timeout")
            .nick("Retry Timeout")
            .blurb("For how long the first connect is tried (s); -1: without a limit, 0: once")
            .minimum(-1)
            .default_value(default.retry_timeout)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:max-queue-time:
         *
         * How long frames may wait for the elements downstream, in milliseconds. When the frames that wait came over a
         * longer time, those before the newest key frame are dropped: the delay of a viewer that is too slow stays
         * bounded, and a recorder whose disk stalls for a while loses nothing. 1000 to 3000 suit live viewing. 0: no
         * limit.
         *
         * Since: 0.2.0
         */
        glib::ParamSpecUInt::builder("max-queue-time")
            .nick("Maximum Queue Time")
            .blurb("Frames that waited longer for elements downstream make way for a newer key frame (ms); 0: no limit")
            .maximum(3_600_000)
            .default_value(default.max_queue_time)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:timestamp-mode:
         *
         * Where PTS come from. `arrival` is the running time at which the frame's last datagram came. `camera` maps the
         * camera's clock, which may be wrong and drift, onto the running time. `auto` begins with arrival, and uses the
         * camera's clock as long as that proves to be sane. In all modes PTS rise strictly and are never in the future.
         */
        glib::ParamSpecEnum::builder_with_default("timestamp-mode", default.timestamp_mode)
            .nick("Timestamp Mode")
            .blurb("Where PTS come from: the camera's clock or the frames' arrival")
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:stats:
         *
         * What was counted and measured since the element left READY. Times are in nanoseconds; what is not known (yet)
         * is not there.
         *
         * * `frames-received` (#guint64): frames of video that came whole;
         * * `frames-dropped` (#guint64): of those, the ones that could not be decoded because others are missing,
         *   and those that elements downstream did not take in time;
         * * `frames-lost` (#guint64): frames that the network lost for good;
         * * `bytes` (#guint64): of the frames received;
         * * `bitrate` (#guint64): bits of video in a second, over about the last second;
         * * `fps` (#gdouble): frames in a second, over about the last second;
         * * `last-frame-size` (#guint64): bytes of the last frame;
         * * `codec` (#gchararray): what the camera encodes with;
         * * `key-frame-interval` (#guint64): the time between the last two key frames;
         * * `datagrams-received`, `datagrams-lost`, `datagrams-resent`, `datagrams-duplicated`, `datagrams-foreign`,
         *   `datagrams-overflowed` (#guint64): datagrams from the camera; those that did not come by themselves; those
         *   that the camera sent again; those that came twice; those from somewhere else, or of another session; those
         *   that came to this host and were dropped for want of room, because they were not taken in time. The vendor's
         *   library tells nothing of datagrams;
         * * `round-trip-time` (#guint64): from a request to its answer, smoothed;
         * * `mode` (#gchararray): `lan`, `p2p`, `relay` or `unknown`, while a session stands;
         * * `encrypted` (#gboolean): whether others in the network can neither read nor change it, likewise;
         * * `connected-since` (#GstDateTime): since when, while a session stands;
         * * `reconnects` (#guint64): how often a lost session was taken up again;
         * * `timestamps` (#gchararray): where PTS come from now, `camera` or `arrival`;
         * * `clock-drift` (#gdouble): how much faster than the pipeline's clock the camera's goes, in parts per million;
         * * `latency` (#guint64): what the latency query answers.
         */
        glib::ParamSpecBoxed::builder::<gst::Structure>("stats")
            .nick("Statistics")
            .blurb("What was counted and measured: frames, datagrams, bitrate, round-trip time and others")
            .read_only()
            .build(),
        /**
         * GstTutkSrc:stats-interval:
         *
         * How often an element message `tutk-stats`, with what #GstTutkSrc:stats holds, is posted while the element is
         * in PLAYING, in milliseconds; 0: never.
         */
        glib::ParamSpecUInt::builder("stats-interval")
            .nick("Statistics Interval")
            .blurb("How often an element message “tutk-stats” is posted (ms); 0: never")
            .default_value(default.stats_interval)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:backend:
         *
         * What drives the session. With `auto`, that is the vendor's library if #GstTutkSrc:library or the environment
         * variable `TUTK_LIBRARY` names one, and otherwise the protocol itself. With `vendor` and none named, the usual
         * names are tried where the system's loader looks. The vendor's library is never used otherwise: it may send
         * account and password to the vendor's servers. A URI cannot set this.
         */
        glib::ParamSpecEnum::builder_with_default("backend", default.backend)
            .nick("Backend")
            .blurb("What drives the session: the protocol itself, or the vendor's library")
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:library:
         *
         * The vendor's library: a file (`libIOTCAPIs_ALL.so`, or one of the pair `libIOTCAPIs.so` and `libAVAPIs.so`)
         * or the folder that it is in. Its code runs in this process. A process can use one library at a time.
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
         * The licence key for vendor's libraries that want one. It can be set and never read back.
         */
        glib::ParamSpecString::builder("license-key")
            .nick("License Key")
            .blurb("The licence key for vendor's libraries that want one; can be set and never read back")
            .write_only()
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:require-encryption:
         *
         * Refuse a session that others in the network can read or change, before a password is sent. This generation
         * of the protocol has no encryption, so that all sessions are refused so far.
         */
        glib::ParamSpecBoolean::builder("require-encryption")
            .nick("Require Encryption")
            .blurb("Refuse a session that is not encrypted, before a password is sent; so far none is")
            .default_value(default.require_encryption)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:quality:
         *
         * The quality of the stream that the camera is asked for, at the start of each session and at each change. What
         * a level means (size, frame rate, bit rate) is up to the camera. `unset` asks for nothing.
         */
        glib::ParamSpecEnum::builder_with_default("quality", default.quality)
            .nick("Quality")
            .blurb("The quality of the stream that the camera is asked for; unset: as the camera is set")
            .mutable_playing()
            .build(),
        /**
         * GstTutkSrc:navigation:
         *
         * Whether the arrow keys of the window that shows the video (navigation events) turn the camera for as long as
         * they are held. These events go no further then.
         */
        glib::ParamSpecBoolean::builder("navigation")
            .nick("Navigation")
            .blurb("Arrow keys of the video window turn the camera")
            .default_value(default.navigation)
            .mutable_playing()
            .build(),
        /**
         * GstTutkSrc:uri:
         *
         * The camera, and other properties, as a URI: `tutk://[account:password@]UID[?property=value&…]`. It reads as
         * the URI of what is set, without the password. With one that is wrong, the element does not start, and says why.
         */
        glib::ParamSpecString::builder("uri")
            .nick("URI")
            .blurb("tutk://[account:password@]UID[?property=value&…]; read back without the password")
            .default_value(None)
            .mutable_ready()
            .build(),
    ]
});
