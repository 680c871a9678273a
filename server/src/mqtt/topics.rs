//! What the broker keeps for those who subscribe: each topic with its message.

use std::collections::BTreeMap;

use axum::body::Bytes;

use super::homeassistant;
use crate::camera::{Camera, State};
use crate::config::Mqtt;
use crate::report;
use crate::site::Site;

pub(super) const STATE: &str = "state";
pub(super) const AVAILABILITY: &str = "availability";
pub(super) const PICTURE: &str = "picture";
/// Those that commands are sent to.
pub(super) const PTZ: &str = "ptz";
pub(super) const QUALITY: &str = "quality";
pub(super) const SNAPSHOT: &str = "snapshot";

pub(super) const ONLINE: &str = "online";
pub(super) const OFFLINE: &str = "offline";

/// Largest picture, in bytes. A larger one is left out.
pub(super) const MAX_PICTURE: usize = 4 << 20;

/// Where it is said whether the server runs.
pub(super) fn status(prefix: &str) -> String {
    format!("{prefix}/status")
}

/// The topics of a camera.
pub(super) struct Topics<'a> {
    pub(super) prefix: &'a str,
    pub(super) camera: &'a str,
}

impl Topics<'_> {
    pub(super) fn of(&self, what: &str) -> String {
        format!("{}/{}/{what}", self.prefix, self.camera)
    }

    /// All that the broker may keep of the camera.
    pub(super) fn kept(&self, settings: &Mqtt) -> impl Iterator<Item = String> {
        let kept = [STATE, AVAILABILITY, PICTURE].map(|what| self.of(what));
        kept.into_iter().chain(self.discovery(settings))
    }

    fn discovery(&self, settings: &Mqtt) -> Option<String> {
        let prefix = settings.discovery.as_ref()?;
        Some(format!("{prefix}/device/{}/config", homeassistant::id(self.prefix, self.camera)))
    }
}

/// All messages as they should be now.
pub(super) fn messages(site: &Site, settings: &Mqtt) -> BTreeMap<String, Bytes> {
    let mut all = BTreeMap::from([(status(&settings.topic), Bytes::from(ONLINE))]);
    for camera in site.cameras() {
        of_camera(site, &camera, settings, &mut all);
    }
    all
}

fn of_camera(site: &Site, camera: &Camera, settings: &Mqtt, all: &mut BTreeMap<String, Bytes>) {
    let topics = Topics { prefix: &settings.topic, camera: &camera.name };
    all.insert(topics.of(STATE), report::camera(site, camera).to_string().into());
    let is_away = matches!(camera.status().state, State::Away | State::Failed);
    all.insert(topics.of(AVAILABILITY), Bytes::from(if is_away { OFFLINE } else { ONLINE }));
    let picture = camera.last_picture.get().map(|picture| picture.jpeg);
    if let Some(picture) = picture.filter(|picture| picture.len() <= MAX_PICTURE) {
        all.insert(topics.of(PICTURE), picture);
    }
    if let Some(topic) = topics.discovery(settings) {
        let device = homeassistant::device(&topics, &camera.config.uid.to_string());
        all.insert(topic, device.to_string().into());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::{env, fs};

    use super::*;
    use crate::config::Config;
    use crate::memory::Encrypted;

    #[tokio::test]
    async fn a_camera_has_its_topics_and_no_secret() {
        gst::init().unwrap();
        let file = env::temp_dir().join(format!("tutk-server-topics-{}.toml", std::process::id()));
        let text = "[mqtt]\nbroker = \"host\"\nuser = \"me\"\npassword = \"canary\"\n\
                    [cameras.door]\nuid = \"ABCDEFGHJKLMNPQRST12\"\npassword = \"canary\"";
        fs::write(&file, text).unwrap();
        let config = Config::load(Some(&file), None).unwrap();
        fs::remove_file(file).unwrap();
        let site = Arc::new(Site::new(Encrypted::default()));
        site.apply(&config);
        let mut settings = config.mqtt.unwrap();
        let all = messages(&site, &settings);
        let topics: Vec<_> = all.keys().map(String::as_str).collect();
        let wanted =
            ["homeassistant/device/tutk_door/config", "tutk/door/availability", "tutk/door/state", "tutk/status"];
        assert_eq!(topics, wanted);
        for message in all.values() {
            assert!(!String::from_utf8_lossy(message).contains("canary"));
        }
        settings.discovery = None;
        assert_eq!(messages(&site, &settings).len(), 3);
    }
}
