//! The properties `uid`, `username` and `password`, which both elements have.

use gst::glib;
use gst::prelude::*;
use tutk::Secret;

/// The camera, and the account that logs in to it.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) uid: Option<String>,
    pub(crate) username: String,
    /// None: not set.
    pub(crate) password: Option<Secret>,
}

impl Default for Login {
    fn default() -> Self {
        Self { uid: None, username: "admin".into(), password: None }
    }
}

impl Login {
    /// The value of a property that can be read.
    pub(crate) fn get(&self, name: &str) -> glib::Value {
        match name {
            "uid" => self.uid.to_value(),
            "username" => self.username.to_value(),
            _ => unimplemented!(),
        }
    }

    pub(crate) fn set(&mut self, name: &str, value: &glib::Value) {
        // GObject has checked the type.
        let text = value.get::<Option<String>>().ok().flatten();
        match name {
            "uid" => self.uid = text.filter(|text| !text.is_empty()),
            "username" => self.username = text.unwrap_or_default(),
            "password" => self.password = text.map(Secret::from),
            _ => unimplemented!(),
        }
    }
}

/// The property `uid`.
pub(crate) fn uid(blurb: &str) -> glib::ParamSpec {
    glib::ParamSpecString::builder("uid").nick("UID").blurb(blurb).default_value(None).mutable_ready().build()
}

/// The property `username`.
pub(crate) fn username(blurb: &str) -> glib::ParamSpec {
    let default = Login::default();
    glib::ParamSpecString::builder("username")
        .nick("Username")
        .blurb(blurb)
        .default_value(Some(default.username.as_str()))
        .mutable_ready()
        .build()
}

/// The property `password`.
pub(crate) fn password() -> glib::ParamSpec {
    glib::ParamSpecString::builder("password")
        .nick("Password")
        .blurb("The account's password; can be set and never read back")
        .write_only()
        .mutable_ready()
        .build()
}
