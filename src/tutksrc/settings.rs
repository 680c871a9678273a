//! What the properties of `tutksrc` are set to.

use std::path::PathBuf;
use std::time::Duration;

use gst::glib;
use gst::prelude::*;
use tutk::{Address, DiscoverOptions, LocalPorts, ParseAddressError, ParseLocalPortsError, Secret, SessionOptions};

use super::uri;
use crate::errors::BadSetting;
use crate::login::{Login, Properties};
use crate::{Backend, Quality, Streams, TimestampMode};

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) login: Login,
    pub(super) channel: u32,
    pub(super) timeout: u32,
    pub(super) sync_time: bool,
    pub(super) address: Option<String>,
    /// Whoever wrote the URI chose the address.
    pub(super) address_from_uri: bool,
    pub(super) local_port: Option<String>,
    pub(super) idle_timeout: u32,
    pub(super) frame_timeout: u32,
    pub(super) reconnect: bool,
    pub(super) retry_timeout: i32,
    pub(super) max_queue_time: u32,
    pub(super) timestamp_mode: TimestampMode,
    pub(super) streams: Streams,
    pub(super) stats_interval: u32,
    pub(super) backend: Backend,
    pub(super) library: Option<String>,
    pub(super) license_key: Option<Secret>,
    pub(super) require_encryption: bool,
    pub(super) quality: Quality,
    pub(super) navigation: bool,
    /// The element was made from a URI, and not by its name.
    pub(super) by_uri: bool,
    /// What is wrong with the URI that was set last, until there is a UID.
    pub(super) bad_uri: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            login: Login::default(),
            channel: 0,
            timeout: 5_000,
            sync_time: false,
            address: None,
            address_from_uri: false,
            local_port: None,
            idle_timeout: 10_000,
            frame_timeout: 15_000,
            reconnect: true,
            retry_timeout: 60,
            max_queue_time: 10_000,
            timestamp_mode: TimestampMode::default(),
            streams: Streams::default(),
            stats_interval: 30_000,
            backend: Backend::Auto,
            library: None,
            license_key: None,
            require_encryption: false,
            quality: Quality::Unset,
            navigation: false,
            by_uri: false,
            bad_uri: None,
        }
    }
}

impl Properties for Settings {
    fn get(&self, name: &str) -> glib::Value {
        match name {
            "channel" => self.channel.to_value(),
            "timeout" => self.timeout.to_value(),
            "sync-time" => self.sync_time.to_value(),
            "address" => self.address.to_value(),
            "local-port" => self.local_port.to_value(),
            "idle-timeout" => self.idle_timeout.to_value(),
            "frame-timeout" => self.frame_timeout.to_value(),
            "reconnect" => self.reconnect.to_value(),
            "retry-timeout" => self.retry_timeout.to_value(),
            "max-queue-time" => self.max_queue_time.to_value(),
            "timestamp-mode" => self.timestamp_mode.to_value(),
            "streams" => self.streams.to_value(),
            "stats-interval" => self.stats_interval.to_value(),
            "backend" => self.backend.to_value(),
            "library" => self.library.to_value(),
            "require-encryption" => self.require_encryption.to_value(),
            "quality" => self.quality.to_value(),
            "navigation" => self.navigation.to_value(),
            "uri" => uri::of(self).to_value(),
            _ => self.login.get(name),
        }
    }

    fn set(&mut self, name: &str, value: &glib::Value) {
        // GObject has checked the type, and the range of numbers.
        let text = || value.get::<Option<String>>().ok().flatten().filter(|text| !text.is_empty());
        let number = || value.get().unwrap_or_default();
        match name {
            "channel" => self.channel = number(),
            "timeout" => self.timeout = number(),
            "sync-time" => self.sync_time = value.get().unwrap_or_default(),
            "address" => {
                self.address = text();
                self.address_from_uri = false;
            }
            "local-port" => self.local_port = text(),
            "idle-timeout" => self.idle_timeout = number(),
            "frame-timeout" => self.frame_timeout = number(),
            "retry-timeout" => self.retry_timeout = value.get().unwrap_or_default(),
            "max-queue-time" => self.max_queue_time = number(),
            "timestamp-mode" => self.timestamp_mode = value.get().unwrap_or_default(),
            "streams" => self.streams = value.get().unwrap_or_default(),
            "reconnect" => self.reconnect = value.get().unwrap_or_default(),
            "stats-interval" => self.stats_interval = number(),
            "backend" => self.backend = value.get().unwrap_or_default(),
            "library" => self.library = text(),
            "require-encryption" => self.require_encryption = value.get().unwrap_or_default(),
            "license-key" => self.license_key = text().map(Secret::from),
            "quality" => self.quality = value.get().unwrap_or_default(),
            "navigation" => self.navigation = value.get().unwrap_or_default(),
            _ => {
                self.login.set(name, value);
                if name == "uid" {
                    self.bad_uri = None;
                }
            }
        }
    }

    fn login(&self) -> &Login {
        &self.login
    }
}

impl Settings {
    /// The address was set by a URI: until it is set otherwise, the environment's secrets do not go there.
    pub(super) fn set_address_from_uri(&mut self) {
        self.address_from_uri = self.address.is_some();
    }

    /// The URI is invalid: no camera is named, and the start reports why.
    pub(super) fn refuse_uri(&mut self, text: &str) {
        self.login.uid = None;
        self.bad_uri = Some(text.into());
    }

    /// For how long the camera may send no frame; zero: for any time.
    pub(super) fn frame_timeout(&self) -> Duration {
        Duration::from_millis(self.frame_timeout.into())
    }

    /// For how long the first connect is tried, if that has a limit.
    pub(super) fn retry_timeout(&self) -> Option<Duration> {
        u64::try_from(self.retry_timeout).ok().map(Duration::from_secs)
    }

    /// How long frames may wait for the elements downstream, if that has a limit.
    pub(super) fn max_queue_time(&self) -> Option<Duration> {
        (self.max_queue_time > 0).then(|| Duration::from_millis(self.max_queue_time.into()))
    }

    /// How often statistics are posted, if they are.
    pub(super) fn stats_interval(&self) -> Option<gst::ClockTime> {
        (self.stats_interval > 0).then(|| gst::ClockTime::from_mseconds(self.stats_interval.into()))
    }

    /// How to look for cameras for this long.
    pub(super) fn discovery(&self, timeout: Duration) -> DiscoverOptions {
        let mut options = DiscoverOptions::new().with_timeout(timeout).with_backend(self.backend.into());
        options.address = self.address().unwrap_or_default();
        options.local_ports = self.local_ports().unwrap_or_default();
        options.library = self.library.as_ref().map(PathBuf::from);
        options
    }

    /// Where to ask for the camera, if not everywhere.
    fn address(&self) -> Result<Option<Address>, ParseAddressError> {
        self.address.as_deref().map(str::parse).transpose()
    }

    /// The ports of this host that a session may use, if not any.
    fn local_ports(&self) -> Result<Option<LocalPorts>, ParseLocalPortsError> {
        self.local_port.as_deref().map(str::parse).transpose()
    }

    /// Which session to open; none without a UID.
    pub(super) fn session(&self) -> Result<Option<SessionOptions>, BadSetting> {
        if let Some(text) = &self.bad_uri {
            return Err(BadSetting(text.clone()));
        }
        let (address, local_ports) = (self.address()?, self.local_ports()?);
        let Some(uid) = &self.login.uid else { return Ok(None) };
        // Whoever wrote a URI with an address chose where the secrets go.
        let mut options = self.login.session(uid, !self.address_from_uri)?;
        options.channel = self.channel.try_into().unwrap_or_default();
        options.address = address;
        options.local_ports = local_ports;
        options.timeout = Duration::from_millis(self.timeout.into());
        options.idle_timeout = Duration::from_millis(self.idle_timeout.into());
        options.backend = self.backend.into();
        options.library = self.library.as_ref().map(PathBuf::from);
        options.license_key.clone_from(&self.license_key);
        if self.require_encryption {
            options.encryption = tutk::Encryption::Required;
        }
        Ok(Some(options))
    }
}
