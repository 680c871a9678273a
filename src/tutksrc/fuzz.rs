//! Body of the fuzz target: any text as a URI.

use std::cmp::Ordering;
use std::sync::Once;

use gst::prelude::*;
use tutk::Uid;

use super::settings::Settings;
use super::uri::{of, parse};
use crate::login::Properties;

static INIT: Once = Once::new();

/// Stands for a secret; no error has a reason to show it.
const CANARY: char = '§';

/// A URI: its errors show nothing of a login, and what it sets is the same when it is read back as a URI and set again.
pub fn uri(data: &[u8]) {
    INIT.call_once(|| gst::init().expect("GStreamer"));
    let text = String::from_utf8_lossy(data);
    if let Err(error) = parse(&marked(&text)) {
        assert!(!error.contains(CANARY), "{error}");
    }
    let Ok(properties) = parse(&text) else { return };
    let first = settings(&properties);
    let read = of(&first).expect("there is a UID");
    let second = settings(&parse(&read).expect("what was read back can be set"));
    assert_eq!(of(&second), Some(read));
    for (name, _) in properties.iter().filter(|(name, _)| *name != "password") {
        assert_eq!(first.get(name).compare(&second.get(name)), Some(Ordering::Equal), "{name}");
    }
}

fn settings(properties: &[(&'static str, gst::glib::Value)]) -> Settings {
    let mut settings = Settings::default();
    for (name, value) in properties {
        settings.set(name, value);
    }
    settings
}

/// The URI with canaries in all that may be part of a login: what is before the UID, or everything without one.
/// Percent-encoding and separators stay.
fn marked(uri: &str) -> String {
    let uri = uri.replace(CANARY, "");
    let (scheme, rest) = uri.split_once("://").unwrap_or(("", &uri));
    let authority = rest.split('?').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let has_uid = host.strip_suffix('/').unwrap_or(host).parse::<Uid>().is_ok();
    let (login, shown) = rest.split_at(if has_uid { authority.len() - host.len() } else { rest.len() });
    let login = login.replace(|letter: char| matches!(letter.to_ascii_lowercase(), 'g'..='z'), "§");
    format!("{scheme}://{login}{shown}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn uri() {
        tutk_fuzzing::replay("uri", super::uri);
    }
}
