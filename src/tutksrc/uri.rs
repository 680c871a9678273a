//! `tutk://[account:password@]UID[?property=value&…]`
//!
//! No error shows what is before the UID, nor a part of it: a password whose reserved characters are not encoded
//! can end anywhere.

use gst::glib;
use gst::prelude::*;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tutk::{Mac, Uid};

use super::properties::PROPERTIES;
use super::settings::Settings;
use crate::login::Properties;

pub(super) const PROTOCOL: &str = "tutk";

/// Properties with a place of their own in the URI.
const ELSEWHERE: [&str; 4] = ["uri", "uid", "username", "password"];
/// A URI must not choose code, nor what is safe, nor hold a key.
const LOCAL: [&str; 5] = ["backend", "library", "license-key", "auth-key", "require-encryption"];

/// A URI may ask for more safety, not for less.
const ENCRYPTION: &str = "encryption";
const REQUIRED: &str = "required";
/// What a brand wants is more than what this one does.
const BRAND: &str = "brand";
const GENERIC: &str = "generic";
/// What it is not may be a secret in the wrong place.
const MAC: &str = "mac";

const ACCOUNT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const VALUE: &AsciiSet = &ACCOUNT.remove(b':');

/// The properties that the URI sets, with valid values.
pub(super) fn parse(uri: &str) -> Result<Vec<(&'static str, glib::Value)>, String> {
    let (uid, login, query) = split(uri)?;
    let mut properties = vec![("uid", uid.to_value())];
    if let Some((account, password)) = login {
        if !account.is_empty() {
            properties.push(("username", decode("account", account)?.to_value()));
        }
        if let Some(password) = password {
            properties.push(("password", decode("password", password)?.to_value()));
        }
    }
    for (index, parameter) in query.split('&').filter(|parameter| !parameter.is_empty()).enumerate() {
        let Some((name, text)) = parameter.split_once('=') else {
            return Err(format!("Parameter {} of the URI has no value: parameters are property=value", index + 1));
        };
        let property = settable(name)?;
        let text = decode(name, text)?;
        if name == ENCRYPTION && text != REQUIRED {
            return Err(format!(
                "“{ENCRYPTION}” can be set by a URI to “{REQUIRED}” alone, otherwise only as a property"
            ));
        }
        if name == BRAND && text == GENERIC {
            return Err(format!("“{BRAND}” cannot be set by a URI to “{GENERIC}”, only as a property of tutksrc"));
        }
        if name == MAC
            && let Err(error) = text.parse::<Mac>()
        {
            return Err(format!("“{MAC}” cannot be set by the URI: {error}"));
        }
        properties.push((property.name(), value(property, &text)?));
    }
    Ok(properties)
}

/// The URI of these settings, without the password; none without a UID.
pub(super) fn of(settings: &Settings) -> Option<String> {
    let text = |name| settings.get(name).get::<Option<String>>().ok().flatten();
    let mut uri = format!("{PROTOCOL}://{}@{}", utf8_percent_encode(&text("username")?, ACCOUNT), text("uid")?);
    let mut separator = '?';
    for property in PROPERTIES.iter().filter(|property| settable(property.name()).is_ok()) {
        let (name, value) = (property.name(), settings.get(property.name()));
        let text = match value.get::<Option<String>>() {
            Ok(text) => text,
            Err(_) if value.compare(property.default_value()) == Some(std::cmp::Ordering::Equal) => None,
            Err(_) => value.serialize().ok().map(String::from),
        };
        if let Some(text) = text.filter(|text| name != ENCRYPTION || text == REQUIRED) {
            uri += &format!("{separator}{name}={}", utf8_percent_encode(&text, VALUE));
            separator = '&';
        }
    }
    Some(uri)
}

/// UID, account and password if there are, and the query.
#[expect(clippy::type_complexity, reason = "taken apart where it is called")]
fn split(uri: &str) -> Result<(&str, Option<(&str, Option<&str>)>, &str), String> {
    let rest = uri
        .split_once("://")
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(PROTOCOL))
        .map(|(_, rest)| rest)
        .ok_or_else(|| format!("The URI of a camera begins with {PROTOCOL}://"))?;
    let (authority, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (login, uid) = match authority.rsplit_once('@') {
        Some((login, uid)) => (Some(login), uid),
        None => (None, authority),
    };
    let uid = uid.strip_suffix('/').unwrap_or(uid);
    if uid.parse::<Uid>().is_err() {
        return Err(format!(
            "The URI names no camera: it is {PROTOCOL}://UID or {PROTOCOL}://account:password@UID, and a UID has 20 \
             letters and digits. Reserved characters of the account and the password are percent-encoded: %40 for @, \
             %3A for :, %2F for /, %3F for ?, %23 for #, %25 for %"
        ));
    }
    let login = login.map(|login| match login.split_once(':') {
        Some((account, password)) => (account, Some(password)),
        None => (login, None),
    });
    Ok((uid, login, query))
}

fn decode(what: &str, text: &str) -> Result<String, String> {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) if text.contains('\0') => Err(format!("“{what}” of the URI has a NUL in it")),
        Ok(text) => Ok(text.into()),
        Err(_) => Err(format!("“{what}” of the URI is not UTF-8 when it is decoded")),
    }
}

/// The property that this parameter sets.
fn settable(name: &str) -> Result<&'static glib::ParamSpec, String> {
    if ELSEWHERE.contains(&name) {
        return Err(format!(
            "“{name}” is no parameter of the URI: that is {PROTOCOL}://account:password@UID?property=value"
        ));
    }
    if LOCAL.contains(&name) {
        return Err(format!("“{name}” cannot be set by a URI, only as a property of tutksrc"));
    }
    PROPERTIES
        .iter()
        .find(|property| property.name() == name && property.flags().contains(glib::ParamFlags::WRITABLE))
        .ok_or_else(|| format!("“{name}” is no property of tutksrc that the URI could set"))
}

/// The text as a value of the property.
fn value(property: &glib::ParamSpec, text: &str) -> Result<glib::Value, String> {
    let kind = property.value_type();
    if kind == glib::Type::STRING {
        return Ok(text.to_value());
    }
    let number = property.downcast_ref::<glib::ParamSpecUInt>();
    let signed = property.downcast_ref::<glib::ParamSpecInt>();
    let range = number.map(|number| number.minimum().into()..=number.maximum().into());
    let range = range.or(signed.map(|number| i64::from(number.minimum())..=number.maximum().into()));
    let in_range = |value: &glib::Value| {
        let number = value.get::<u32>().map(i64::from).or_else(|_| value.get::<i32>().map(i64::from));
        range.as_ref().is_none_or(|range| number.is_ok_and(|number| range.contains(&number)))
    };
    glib::Value::deserialize(text, kind).ok().filter(in_range).ok_or_else(|| {
        let nicks = glib::FlagsClass::with_type(kind)
            .map(|class| class.values().iter().map(|value| value.nick().to_owned()).collect::<Vec<_>>());
        let takes = match (&range, glib::EnumClass::with_type(kind)) {
            (Some(range), _) => format!("{} to {}", range.start(), range.end()),
            (_, Some(class)) => class.values().iter().map(|value| value.nick()).collect::<Vec<_>>().join(", "),
            _ => nicks.map_or_else(|| "true or false".into(), |nicks| format!("{}, joined by +", nicks.join(", "))),
        };
        format!("“{}” of the URI cannot be “{}”; it can be {takes}", property.name(), text.escape_debug())
    })
}
