//! Discovery by Home Assistant: one message describes a camera as a device with its entities.
//! <https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery>

use serde_json::{Value, json};

use super::topics::{self, Topics};
use crate::camera::State;
use crate::config::Quality;

/// How long the camera turns for one press of a button, in ms.
const STEP: u32 = 500;

/// The name by which Home Assistant remembers a camera. Other signs than these are not allowed in it.
pub(super) fn id(topic: &str, name: &str) -> String {
    let sign = |sign: char| match sign {
        sign if sign.is_ascii_alphanumeric() || "-_".contains(sign) => sign.to_string(),
        sign => format!("_{:02x}", u32::from(sign)),
    };
    [topic, "_", name].iter().flat_map(|part| part.chars()).map(sign).collect()
}

/// The message.
pub(super) fn device(topics: &Topics<'_>, uid: &str) -> Value {
    let id = id(topics.prefix, topics.camera);
    let mut components = json!({
        "state": {
            "platform": "sensor", "name": "State", "device_class": "enum",
            "options": State::ALL.map(State::name), "value_template": "{{ value_json.state }}",
        },
        "picture": {
            "platform": "image", "name": "Picture", "content_type": "image/jpeg", "image_topic": topics.of(topics::PICTURE),
        },
        "snapshot": {
            "platform": "button", "name": "Take a picture", "command_topic": topics.of(topics::SNAPSHOT),
        },
        "quality": {
            "platform": "select", "name": "Quality", "entity_category": "config",
            "options": Quality::ALL.map(Quality::nick), "value_template": "{{ value_json.quality }}",
            "command_topic": topics.of(topics::QUALITY), "command_template": "{\"quality\": \"{{ value }}\"}",
        },
        "viewers": measurement("Viewers", "value_json.viewers"),
        "fps": measurement("Frames per second", "value_json.stats['fps'] | round(1, default=none)"),
        "bitrate": measurement("Bit rate", "value_json.stats['bitrate']"),
        "frames-lost": measurement("Lost frames", "value_json.stats['frames-lost']"),
        "reconnects": measurement("Reconnects", "value_json.stats['reconnects']"),
    });
    components["bitrate"]["device_class"] = "data_rate".into();
    components["bitrate"]["unit_of_measurement"] = "bit/s".into();
    for direction in ["left", "right", "up", "down"] {
        components[format!("turn-{direction}")] = json!({
            "platform": "button", "name": format!("Turn {direction}"), "command_topic": topics.of(topics::PTZ),
            "payload_press": json!({ "direction": direction, "step": STEP }).to_string(),
        });
    }
    for (name, component) in components.as_object_mut().into_iter().flatten() {
        component["unique_id"] = format!("{id}_{name}").into();
        // What connects the camera can be used while it is away.
        let is_of_camera = component["state_class"].is_string() || name == "picture";
        if is_of_camera {
            let both = [topics::status(topics.prefix), topics.of(topics::AVAILABILITY)];
            component["availability"] = both.map(|topic| json!({ "topic": topic })).to_vec().into();
            component["availability_mode"] = "all".into();
        }
        if component.get("value_template").is_some() {
            component["state_topic"] = topics.of(topics::STATE).into();
        }
    }
    let mut origin = json!({ "name": "tutk-server", "sw_version": env!("CARGO_PKG_VERSION") });
    // Home Assistant refuses the whole message if this is no URL.
    let repository = env!("CARGO_PKG_REPOSITORY");
    if !repository.is_empty() {
        origin["support_url"] = repository.into();
    }
    json!({
        "device": { "identifiers": [id], "name": topics.camera, "model": "IP camera (TUTK)", "serial_number": uid },
        "origin": origin,
        "availability": [{ "topic": topics::status(topics.prefix) }],
        "components": components,
    })
}

/// A number, which is not known while there is no session.
fn measurement(name: &str, value: &str) -> Value {
    json!({
        "platform": "sensor", "name": name, "state_class": "measurement", "entity_category": "diagnostic",
        "value_template": format!("{{{{ {value} | default(none) }}}}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_entity_has_a_name_of_its_own_and_the_topics_that_it_needs() {
        let device = device(&Topics { prefix: "tutk", camera: "front.door" }, "ABCDEFGHJKLMNPQRST12");
        assert_eq!(device["device"]["identifiers"], json!(["tutk_front_2edoor"]));
        let support = device["origin"].get("support_url");
        assert!(support.is_none_or(|url| url.as_str().unwrap().starts_with("https://")), "{support:?}");
        let entities = device["components"].as_object().unwrap();
        let mut ids: Vec<_> = entities.values().map(|entity| entity["unique_id"].as_str().unwrap()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), entities.len());
        for (name, entity) in entities {
            let needed = match entity["platform"].as_str().unwrap() {
                "sensor" => vec!["state_topic"],
                "select" => vec!["state_topic", "command_topic", "command_template"],
                "button" => vec!["command_topic"],
                "image" => vec!["image_topic"],
                other => panic!("{name}: {other}"),
            };
            for needed in needed {
                let text = entity[needed].as_str().unwrap_or_else(|| panic!("{name}: {needed}"));
                assert!(needed == "command_template" || text.starts_with("tutk/front.door/"), "{text}");
            }
        }
        assert_eq!(entities["turn-left"]["payload_press"], r#"{"direction":"left","step":500}"#);
        assert_eq!(entities["fps"]["availability"][1]["topic"], "tutk/front.door/availability");
        assert!(entities["turn-left"].get("availability").is_none());
    }
}
