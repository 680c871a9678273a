//! The properties of `tutksink`.
#![allow(unused_doc_comments)]

use std::sync::LazyLock;

use gst::glib;
use gst::prelude::*;
use tutk::CameraOptions;

use crate::errors::BadSetting;
use crate::login::{self, Login, Properties};
use crate::{Encryption, Generation};

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) login: Login,
    camera_name: String,
    port: u32,
    max_viewers: u32,
    generation: Generation,
    speaker: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            login: Login::default(),
            camera_name: String::new(),
            port: 0,
            max_viewers: 16,
            generation: Generation::default(),
            speaker: false,
        }
    }
}

static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
    let default = Settings::default();
    vec![
        /**
         * GstTutkSink:uid:
         *
         * The UID of this camera: 20 letters and digits. No other camera in the network may have it.
         */
        login::uid("The UID of this camera, 20 letters and digits"),
        /**
         * GstTutkSink:camera-name:
         *
         * The name of this camera in the results of searches.
         */
        glib::ParamSpecString::builder("camera-name")
            .nick("Camera Name")
            .blurb("The name of this camera in the results of searches, at most 131 bytes")
            .default_value(Some(default.camera_name.as_str()))
            .mutable_ready()
            .build(),
        /**
         * GstTutkSink:username:
         *
         * The account that viewers log in with.
         */
        login::username("The account that viewers log in with"),
        /**
         * GstTutkSink:password:
         *
         * The account's password. It can be set and never read back.
         */
        login::password(),
        /**
         * GstTutkSink:auth-key:
         *
         * The authentication key of this camera, 8 characters without blanks. Only viewers that show it get a session, which old
         * ones (before generation 0x17) cannot. It can be set and never read back. It is no protection against somebody who
         * sees the packets, since it goes over the network as it is.
         *
         * Since: 0.2.0
         */
        login::auth_key("What viewers must show to get a session, 8 characters; can be set and never read back"),
        /**
         * GstTutkSink:brand:
         *
         * The application of the maker whose camera this is. With `wyze`, #GstTutkSink:password is the camera's ENR,
         * #GstTutkSink:auth-key is made of that and of #GstTutkSink:mac, and #GstTutkSink:encryption is `required` unless it is
         * set. The camera answers the messages of the application by itself; #GstTutkSink::io-control has what they mean.
         *
         * Since: 0.2.0
         */
        login::brand("The application of the maker whose camera this is; wyze: the password is the ENR, and mac is needed"),
        /**
         * GstTutkSink:mac:
         *
         * The camera's MAC address, `AABBCCDDEEFF` or `AA:BB:CC:DD:EE:FF`, which #GstTutkSink:brand=wyze makes its authentication
         * key of.
         *
         * Since: 0.2.0
         */
        login::mac(),
        /**
         * GstTutkSink:port:
         *
         * The UDP port of sessions; 0: any. #GstTutkSink:current-port is the one in use.
         */
        glib::ParamSpecUInt::builder("port")
            .nick("Port")
            .blurb("The UDP port of sessions; 0: any")
            .maximum(u16::MAX.into())
            .default_value(default.port)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSink:current-port:
         *
         * The UDP port in use, from PAUSED on; 0 before. Changes are notified.
         *
         * Since: 0.2.0
         */
        glib::ParamSpecUInt::builder("current-port")
            .nick("Current Port")
            .blurb("The UDP port in use, from PAUSED on; 0 before")
            .maximum(u16::MAX.into())
            .read_only()
            .build(),
        /**
         * GstTutkSink:max-viewers:
         *
         * The most viewers at a time.
         */
        glib::ParamSpecUInt::builder("max-viewers")
            .nick("Max Viewers")
            .blurb("The most viewers at a time")
            .minimum(1)
            .maximum(1_024)
            .default_value(default.max_viewers)
            .mutable_ready()
            .build(),
        /**
         * GstTutkSink:generation:
         *
         * The generation of the protocol that this camera speaks, for old apps and for tests. Viewers of all generations can
         * play the newest one; the camera speaks to each as far as that goes. Only with #GstTutkSink:brand=wyze there is `0x1d`, the
         * framing of Wyze's newest firmware, which only viewers of that brand know.
         *
         * Since: 0.2.0
         */
        glib::ParamSpecEnum::builder_with_default("generation", default.generation)
            .nick("Generation")
            .blurb("The generation of the protocol that this camera speaks; viewers of all can play the newest one")
            .mutable_ready()
            .build(),
        /**
         * GstTutkSink:encryption:
         *
         * Whether sessions are encrypted (DTLS). With `auto` each viewer decides; with `required` only viewers that encrypt are
         * let in, which those before SDK 4.x cannot; with `off` none does.
         *
         * Since: 0.2.0
         */
        glib::ParamSpecEnum::builder_with_default("encryption", Encryption::default_of(default.login.brand))
            .nick("Encryption")
            .blurb("Whether sessions are encrypted; auto: those of viewers that ask for it; required with brand=wyze")
            .mutable_ready()
            .build(),
        /**
         * GstTutkSink:speaker:
         *
         * Whether this camera has a speaker: viewers who speak are listened to, and what they say is given by
         * #GstTutkSink::talk-sample and by a #GstTutkTalkSrc with the same UID. Without it their commands are not obeyed.
         *
         * Since: 0.2.0
         */
        glib::ParamSpecBoolean::builder("speaker")
            .nick("Speaker")
            .blurb("Whether viewers who speak are listened to")
            .default_value(default.speaker)
            .mutable_ready()
            .build(),
    ]
});

impl Properties for Settings {
    fn get(&self, name: &str) -> glib::Value {
        match name {
            "camera-name" => self.camera_name.to_value(),
            "port" => self.port.to_value(),
            "max-viewers" => self.max_viewers.to_value(),
            "generation" => self.generation.to_value(),
            "speaker" => self.speaker.to_value(),
            _ => self.login.get(name),
        }
    }

    fn set(&mut self, name: &str, value: &glib::Value) {
        // GObject has checked the type, and the range of numbers.
        let number = || value.get().unwrap_or_default();
        match name {
            "camera-name" => self.camera_name = value.get::<Option<String>>().ok().flatten().unwrap_or_default(),
            "port" => self.port = number(),
            "max-viewers" => self.max_viewers = number(),
            "generation" => self.generation = value.get().unwrap_or_default(),
            "speaker" => self.speaker = value.get().unwrap_or_default(),
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

    /// The options of the camera.
    pub(super) fn camera(&self) -> Result<CameraOptions, BadSetting> {
        let uid = self.login.uid.as_deref().ok_or_else(|| {
            BadSetting(
                "The property “uid” is not set: a camera needs 20 letters and digits of its own (for instance, \
                 uid=ABCDEFGHJKLMNPQRST12)"
                    .into(),
            )
        })?;
        let mut options = CameraOptions::new(uid.parse()?)
            .with_name(&self.camera_name)
            .with_login(&self.login.username, self.login.password.clone().unwrap_or_default())
            .with_port(self.port.try_into().unwrap_or_default())
            .with_max_viewers(self.max_viewers as usize)
            .with_generation(self.generation.into())
            .with_speaker(self.speaker)
            .with_encryption(self.login.encryption().into());
        options.auth_key = login::parse_auth_key(self.login.auth_key.as_ref())?;
        options.brand = self.login.brand.into();
        options.mac = self.login.mac.clone()?;
        Ok(options)
    }
}
