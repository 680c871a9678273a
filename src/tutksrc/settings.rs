//! The properties of `tutksrc`.
#![allow(unused_doc_comments)]

use std::sync::LazyLock;
use std::time::Duration;

use gst::glib;
use gst::prelude::*;
use tutk::{Address, Error, Secret, SessionOptions};

#[derive(Clone, Debug)]
pub(super) struct Settings {
    uid: Option<String>,
    username: String,
    password: Secret,
    timeout: u32,
    sync_time: bool,
    address: Option<String>,
    idle_timeout: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            uid: None,
            username: "admin".into(),
            password: Secret::default(),
            timeout: 5_000,
            sync_time: false,
            address: None,
            idle_timeout: 10_000,
        }
    }
}

static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
    let default = Settings::default();
    vec![
        /**
         * GstTutkSrc:uid:
         *
         * The camera's UID: 20 letters and digits, as on its label or in its app. Upper and lower case differ. Without
         * it, the element fails with a list of the cameras in the local network.
         */
        glib::ParamSpecString::builder("uid")
            .nick("UID")
            .blurb("The camera's UID, 20 letters and digits; without it, an error that lists the cameras on the LAN")
            .default_value(default.uid.as_deref())
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:username:
         *
         * The account to log in to the camera with.
         */
        glib::ParamSpecString::builder("username")
            .nick("Username")
            .blurb("The account to log in to the camera with")
            .default_value(Some(default.username.as_str()))
            .mutable_ready()
            .build(),
        /**
         * GstTutkSrc:password:
         *
         * The account's password. It can be set and never read back.
         */
        glib::ParamSpecString::builder("password")
            .nick("Password")
            .blurb("The account's password; can be set and never read back")
            .write_only()
            .mutable_ready()
            .build(),
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
         * Set the camera's clock to this host's local time when the session starts.
         */
        glib::ParamSpecBoolean::builder("sync-time")
            .nick("Sync Time")
            .blurb("Set the camera's clock to this host's local time when the session starts")
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
         * GstTutkSrc:idle-timeout:
         *
         * When no datagram came from the camera for this long, in milliseconds, the session is lost. A camera that has
         * nothing to send says so about every 2 s.
         */
        glib::ParamSpecUInt::builder("idle-timeout")
            .nick("Idle Timeout")
            .blurb("No datagram from the camera for this long: the session is lost (ms)")
            .minimum(1_000)
            .maximum(600_000)
            .default_value(default.idle_timeout)
            .mutable_ready()
            .build(),
    ]
});

impl Settings {
    pub(super) fn properties() -> &'static [glib::ParamSpec] {
        &PROPERTIES
    }

    pub(super) fn get(&self, name: &str) -> glib::Value {
        match name {
            "uid" => self.uid.to_value(),
            "username" => self.username.to_value(),
            "timeout" => self.timeout.to_value(),
            "sync-time" => self.sync_time.to_value(),
            "address" => self.address.to_value(),
            "idle-timeout" => self.idle_timeout.to_value(),
            _ => unimplemented!(),
        }
    }

    pub(super) fn set(&mut self, name: &str, value: &glib::Value) {
        // GObject has checked the type, and the range of numbers.
        let text = || value.get::<Option<String>>().ok().flatten().filter(|text| !text.is_empty());
        let number = || value.get().unwrap_or_default();
        match name {
            "uid" => self.uid = text(),
            "username" => self.username = text().unwrap_or_default(),
            "password" => self.password = text().unwrap_or_default().into(),
            "timeout" => self.timeout = number(),
            "sync-time" => self.sync_time = value.get().unwrap_or_default(),
            "address" => self.address = text(),
            "idle-timeout" => self.idle_timeout = number(),
            _ => unimplemented!(),
        }
    }

    /// Whether to set the camera's clock.
    pub(super) fn sync_time(&self) -> bool {
        self.sync_time
    }

    /// Where to ask for the camera, if not everywhere.
    pub(super) fn address(&self) -> Result<Option<Address>, Error> {
        self.address.as_deref().map(str::parse).transpose()
    }

    /// Which session to open; none without a UID.
    pub(super) fn session(&self) -> Result<Option<SessionOptions>, Error> {
        let address = self.address()?;
        let Some(uid) = &self.uid else { return Ok(None) };
        let mut options = SessionOptions::new(uid.parse()?);
        options.account.clone_from(&self.username);
        options.password = self.password.clone();
        options.address = address;
        options.timeout = Duration::from_millis(self.timeout.into());
        options.idle_timeout = Duration::from_millis(self.idle_timeout.into());
        Ok(Some(options))
    }
}
