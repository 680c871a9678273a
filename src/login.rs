//! The properties `uid`, `username`, `password`, `auth-key`, `brand`, `mac` and `encryption`, which the elements with a session or
//! a camera have.

use std::env;

use gst::glib;
use gst::prelude::*;
use tutk::{AuthKey, Mac, ParseAuthKeyError, ParseMacError, Secret, SessionOptions};

use crate::errors::BadSetting;
use crate::{Brand, Encryption};

/// The properties of an element that logs in.
pub(crate) trait Properties {
    /// The value of a property that can be read.
    fn get(&self, name: &str) -> glib::Value;
    fn set(&mut self, name: &str, value: &glib::Value);
    fn login(&self) -> &Login;
}

/// Sets a property, and logs that without a secret.
pub(crate) fn set_property(
    category: gst::DebugCategory,
    element: &impl IsA<gst::Object>,
    properties: &mut impl Properties,
    pspec: &glib::ParamSpec,
    value: &glib::Value,
) {
    let name = pspec.name();
    if pspec.flags().contains(glib::ParamFlags::READABLE) {
        let before = properties.get(name);
        properties.set(name, value);
        // What was given may be a secret in the wrong place, and is then not kept.
        gst::debug!(category, obj = element, "Changing {name} from {before:?} to {:?}", properties.get(name));
    } else {
        gst::debug!(category, obj = element, "Changing {name}");
        properties.set(name, value);
    }
    if let ("mac", Err(error)) = (name, &properties.login().mac) {
        gst::warning!(category, obj = element, "The property “mac” was not set: {error}");
    }
}

/// The camera, and the account that logs in to it.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) uid: Option<String>,
    pub(crate) username: String,
    /// None: not set.
    pub(crate) password: Option<Secret>,
    /// None: not set.
    pub(crate) auth_key: Option<Secret>,
    pub(crate) brand: Brand,
    /// A text that is no MAC address is not kept: it may be a secret in the wrong place.
    pub(crate) mac: Result<Option<Mac>, ParseMacError>,
    /// None: not set.
    encryption: Option<Encryption>,
}

impl Default for Login {
    fn default() -> Self {
        Self {
            uid: None,
            username: "admin".into(),
            password: None,
            auth_key: None,
            brand: Brand::default(),
            mac: Ok(None),
            encryption: None,
        }
    }
}

impl Login {
    /// The value of a property that can be read.
    pub(crate) fn get(&self, name: &str) -> glib::Value {
        match name {
            "uid" => self.uid.to_value(),
            "username" => self.username.to_value(),
            "brand" => self.brand.to_value(),
            "mac" => self.mac.as_ref().ok().and_then(Option::as_ref).map(Mac::to_string).to_value(),
            "encryption" => self.encryption().to_value(),
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
            "auth-key" => self.auth_key = text.filter(|text| !text.is_empty()).map(Secret::from),
            "mac" => self.mac = text.filter(|text| !text.is_empty()).map(|text| text.parse()).transpose(),
            "brand" => self.brand = value.get().unwrap_or_default(),
            "encryption" => self.encryption = value.get().ok(),
            _ => unimplemented!(),
        }
    }

    /// Whether to encrypt: as it is set, or as the brand's cameras do.
    pub(crate) fn encryption(&self) -> Encryption {
        self.encryption.unwrap_or(Encryption::default_of(self.brand))
    }

    /// The options of a session with the camera of this UID. With `environment`, `TUTK_PASSWORD` and `TUTK_AUTH_KEY` are the secrets
    /// that are not set.
    pub(crate) fn session(&self, uid: &str, environment: bool) -> Result<SessionOptions, BadSetting> {
        let of_environment =
            |name| env::var(name).ok().filter(|value| environment && !value.is_empty()).map(Secret::from);
        let mut options = SessionOptions::new(uid.parse()?);
        options.account.clone_from(&self.username);
        options.password = self.password.clone().or_else(|| of_environment("TUTK_PASSWORD")).unwrap_or_default();
        let key = self.auth_key.clone().or_else(|| of_environment("TUTK_AUTH_KEY"));
        options.auth_key = parse_auth_key(key.as_ref())?;
        options.encryption = self.encryption().into();
        options.brand = self.brand.into();
        options.mac = self.mac.clone()?;
        Ok(options)
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

/// The property `auth-key`.
pub(crate) fn auth_key(blurb: &str) -> glib::ParamSpec {
    glib::ParamSpecString::builder("auth-key")
        .nick("Authentication Key")
        .blurb(blurb)
        .write_only()
        .mutable_ready()
        .build()
}

/// The property `brand`.
pub(crate) fn brand(blurb: &str) -> glib::ParamSpec {
    glib::ParamSpecEnum::builder_with_default("brand", Login::default().brand)
        .nick("Brand")
        .blurb(blurb)
        .mutable_ready()
        .build()
}

/// The property `mac`.
pub(crate) fn mac() -> glib::ParamSpec {
    glib::ParamSpecString::builder("mac")
        .nick("MAC Address")
        .blurb("The camera's MAC address, 12 hexadecimal digits, for brand=wyze")
        .default_value(None)
        .mutable_ready()
        .build()
}

/// The key in this text.
pub(crate) fn parse_auth_key(text: Option<&Secret>) -> Result<Option<AuthKey>, ParseAuthKeyError> {
    text.map(|text| text.reveal().parse()).transpose()
}
