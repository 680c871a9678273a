//! What is said of the cameras, by the API and elsewhere.

use gst::glib;
use serde_json::{Map, Value, json};

use crate::access::Access;
use crate::camera::Camera;
use crate::payload;
use crate::site::Site;

/// All cameras that may be seen, and those that were found but are not served.
pub(crate) fn cameras(site: &Site, access: &Access) -> Value {
    let found = site.found();
    let cameras: Vec<_> = site
        .cameras()
        .iter()
        .filter(|camera| access.includes(&camera.name))
        .map(|camera| {
            let is_found = found.iter().any(|found| found.uid == camera.config.uid);
            summary(camera, is_found)
        })
        .collect();
    let others: Vec<_> = found
        .iter()
        .filter(|found| access.is_full() && !site.names(found.uid))
        .map(|found| {
            json!({
                "uid": found.uid.to_string(),
                "name": found.name,
                "address": found.address.to_string(),
                "generation": found.generation,
                "playable": found.is_playable(),
            })
        })
        .collect();
    json!({ "cameras": cameras, "found": others, "control": access.is_full(), "rtsp_tls": site.rtsp_tls() })
}

fn summary(camera: &Camera, is_found: bool) -> Value {
    let status = camera.status();
    let session = camera.session();
    let name_of = |caps: Option<gst::Caps>| caps.map(|caps| short_name(payload::name(&caps)).to_owned());
    json!({
        "name": camera.name,
        "uid": camera.config.uid.to_string(),
        "state": status.state,
        "reason": status.reason,
        "found": is_found,
        "viewers": camera.viewers(),
        "connection": status.connection,
        "quality": session.as_ref().map(|session| session.quality()),
        "video": name_of(session.as_ref().and_then(|session| session.video()?.caps())),
        "audio": name_of(session.as_ref().and_then(|session| session.audio()?.caps())),
    })
}

/// What people call this format.
fn short_name(media_type: &str) -> &str {
    match media_type {
        "video/x-h264" => "H.264",
        "video/x-h265" => "H.265",
        "video/mpeg" => "MPEG-4",
        "image/jpeg" => "MJPEG",
        "video/x-h263" => "H.263",
        "audio/x-mulaw" => "G.711 µ-law",
        "audio/x-alaw" => "G.711 A-law",
        "audio/mpeg" => "AAC",
        "audio/x-raw" => "PCM",
        "audio/x-opus" => "Opus",
        "audio/x-adpcm" => "ADPCM",
        other => other,
    }
}

/// One camera, with the size of its picture and the statistics of its session.
pub(crate) fn camera(site: &Site, camera: &Camera) -> Value {
    let is_found = site.found().iter().any(|found| found.uid == camera.config.uid);
    let mut all = summary(camera, is_found);
    let session = camera.session();
    let caps = session.as_ref().and_then(|session| session.video()?.caps());
    let size = caps.and_then(|caps| {
        let caps = caps.structure(0)?;
        Some((caps.get::<i32>("width").ok()?, caps.get::<i32>("height").ok()?))
    });
    all["width"] = size.map(|(width, _)| width).into();
    all["height"] = size.map(|(_, height)| height).into();
    all["stats"] = session.and_then(|session| session.stats()).map_or(Value::Null, |stats| numbers(&stats));
    all
}

/// The fields that JSON has a type for. Their names are those of the property `stats` of `tutksrc`.
fn numbers(stats: &gst::StructureRef) -> Value {
    let value = |value: &glib::SendValue| {
        let number = value.get::<u64>().map(Value::from);
        let number = number.or_else(|_| value.get::<f64>().map(Value::from));
        let text = || value.get::<String>().map(Value::from);
        number.or_else(|_| text()).or_else(|_| value.get::<bool>().map(Value::from)).ok()
    };
    let fields = stats.iter().filter_map(|(name, field)| Some((name.to_string(), value(field)?)));
    Value::Object(fields.collect::<Map<_, _>>())
}
