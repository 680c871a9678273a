//! The properties of `tutkaudiosink`.
#![allow(unused_doc_comments)]

use std::sync::LazyLock;
use std::time::Duration;

use gst::glib;
use gst::prelude::*;
use tutk::{Address, SessionOptions};

use crate::errors::BadSetting;
use crate::login::{self, Login, Properties};
use crate::{Encryption, TalkSession};

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) login: Login,
    address: Option<String>,
    timeout: u32,
    pub(super) session: TalkSession,
}

impl Default for Settings {
    fn default() -> Self {
        Self { login: Login::default(), address: None, timeout: 5_000, session: TalkSession::default() }
    }
}

static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
    let default = Settings::default();
    vec![
        /**
         * GstTutkAudioSink:uid:
         *
         * The camera's UID: 20 letters and digits.
         */
        login::uid("The camera's UID, 20 letters and digits"),
        /**
         * GstTutkAudioSink:username:
         *
         * The account to log in to the camera with, in a session of its own.
         */
        login::username("The account to log in to the camera with, in a session of its own"),
        /**
         * GstTutkAudioSink:password:
         *
         * The account's password. It can be set and never read back. Unless it is set, the environment variable `TUTK_PASSWORD` holds
         * it.
         */
        login::password(),
        /**
         * GstTutkAudioSink:auth-key:
         *
         * The camera's authentication key, as #GstTutkSrc:auth-key. Unless it is set, the environment variable `TUTK_AUTH_KEY` holds it.
         */
        login::auth_key("The key of a camera that wants one, 8 characters; can be set and never read back"),
        /**
         * GstTutkAudioSink:brand:
         *
         * The application of the camera's maker, as #GstTutkSrc:brand.
         */
        login::brand("The application of the camera's maker; wyze: the password is the ENR, and mac is needed"),
        /**
         * GstTutkAudioSink:mac:
         *
         * The camera's MAC address, as #GstTutkSrc:mac.
         */
        login::mac(),
        /**
         * GstTutkAudioSink:timeout:
         *
         * How long to wait for the session of a tutksrc, in milliseconds. In a session of its own, the time limit of each step: to find
         * the camera, to connect to it and to log in to it. A camera that does not listen by then is warned of.
         */
        glib::ParamSpecUInt::builder("timeout")
            .nick("Timeout")
            .blurb("Time limit for the session of a tutksrc, or for each step to an own one (ms)")
            .minimum(100)
            .maximum(600_000)
            .default_value(default.timeout)
            .mutable_ready()
            .build(),
        /**
         * GstTutkAudioSink:address:
         *
         * The address where the camera is searched, `host` or `host:port`, for a session of its own; default: the local networks, by
         * broadcast.
         */
        glib::ParamSpecString::builder("address")
            .nick("Address")
            .blurb("Address where the camera is searched, host[:port], for an own session; default: broadcast")
            .default_value(default.address.as_deref())
            .mutable_ready()
            .build(),
        /**
         * GstTutkAudioSink:encryption:
         *
         * Whether a session of its own is encrypted, as #GstTutkSrc:encryption.
         */
        glib::ParamSpecEnum::builder_with_default("encryption", Encryption::default_of(default.login.brand))
            .nick("Encryption")
            .blurb("Whether an own session is encrypted; auto: unless the camera answers that it cannot; required with brand=wyze")
            .mutable_ready()
            .build(),
        /**
         * GstTutkAudioSink:session:
         *
         * Whose session is used. With `auto` that of a #GstTutkSrc with the same UID in this pipeline, if there is one when the first
         * buffer is played, and otherwise one of the element's own; cameras serve few viewers. With `shared` the element waits for
         * such a tutksrc for #GstTutkAudioSink:timeout.
         */
        glib::ParamSpecEnum::builder_with_default("session", default.session)
            .nick("Session")
            .blurb("Whose session is used; auto: that of a tutksrc with this UID, otherwise its own")
            .mutable_ready()
            .build(),
    ]
});

impl Properties for Settings {
    fn get(&self, name: &str) -> glib::Value {
        match name {
            "address" => self.address.to_value(),
            "timeout" => self.timeout.to_value(),
            "session" => self.session.to_value(),
            _ => self.login.get(name),
        }
    }

    fn set(&mut self, name: &str, value: &glib::Value) {
        // GObject has checked the type, and the range of numbers.
        match name {
            "address" => self.address = value.get::<Option<String>>().ok().flatten().filter(|text| !text.is_empty()),
            "timeout" => self.timeout = value.get().unwrap_or_default(),
            "session" => self.session = value.get().unwrap_or_default(),
            _ => self.login.set(name, value),
        }
    }

    fn login(&self) -> &Login {
        &self.login
    }
}

impl Settings {
    pub(super) fn properties() -> &'static [glib::ParamSpec] {
        &PROPERTIES
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout.into())
    }

    /// The options of an own session.
    pub(super) fn options(&self) -> Result<SessionOptions, BadSetting> {
        let uid = self.login.uid.as_deref().ok_or_else(|| {
            BadSetting("The property “uid” is not set: it names the camera to speak to, by the 20 letters and digits on its label".into())
        })?;
        let mut options = self.login.session(uid, true)?;
        options.address = self.address.as_deref().map(str::parse::<Address>).transpose()?;
        options.timeout = self.timeout();
        // Audio is asked for when that is needed.
        (options.video, options.audio) = (false, false);
        options.backend = tutk::Backend::Native;
        Ok(options)
    }
}
