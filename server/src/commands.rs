//! What a camera is asked to do, as JSON: by the API and by MQTT.

use std::sync::Arc;

use gst::glib;
use gsttutk::PtzDirection;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use tokio::task::spawn_blocking;

use crate::camera::{Camera, Session};
use crate::config::Quality;

/// Longest time that a camera turns for one command, in ms.
const MAX_STEP: u32 = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    direction: String,
    #[serde(default = "full_speed", deserialize_with = "integer")]
    speed: u8,
    #[serde(default, deserialize_with = "integer")]
    step: u32,
}

fn full_speed() -> u8 {
    8
}

/// To JSON's descriptions 8.0 is an integer, too.
pub(crate) fn integer<'de, D: Deserializer<'de>, T: TryFrom<u64>>(deserializer: D) -> Result<T, D::Error> {
    let number = serde_json::Number::deserialize(deserializer)?;
    let whole = || number.as_f64().filter(|number| number.fract() == 0.0 && (0.0..1e15).contains(number));
    let integer = number.as_u64().or_else(|| whole().map(|number| number as u64));
    let integer = integer.and_then(|integer| integer.try_into().ok());
    integer.ok_or_else(|| D::Error::custom(format!("{number} is not a whole number, or too large")))
}

/// Turns a camera.
pub(crate) struct Ptz {
    direction: PtzDirection,
    speed: u8,
    /// In ms; 0: until it is stopped.
    step: u32,
}

impl Ptz {
    /// Reads a command; what is wrong with it is said in words.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, String> {
        let body: Body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let directions = glib::EnumClass::new::<PtzDirection>();
        let direction = directions.to_value_by_nick(&body.direction).and_then(|value| value.get().ok());
        let direction = direction.ok_or_else(|| {
            let known: Vec<_> = directions.values().iter().map(|value| value.nick()).collect();
            format!("direction is one of {}", known.join(", "))
        })?;
        if body.step > MAX_STEP {
            return Err(format!("step is at most {MAX_STEP} ms"));
        }
        Ok(Self { direction, speed: body.speed, step: body.step })
    }

    /// Sends it to the camera, which is connected for it; returns whether it was sent.
    pub(crate) async fn send(self, camera: &Arc<Camera>) -> Result<bool, String> {
        with_session(camera, move |session| session.ptz(self.direction, self.speed.into(), self.step)).await
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    quality: Quality,
}

/// Reads a command; what is wrong with it is said in words.
pub(crate) fn quality(body: &[u8]) -> Result<Quality, String> {
    let wanted: Wanted = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    Ok(wanted.quality)
}

/// Asks the camera, which is connected for it; returns what it is asked for now.
pub(crate) async fn set_quality(camera: &Arc<Camera>, quality: Quality) -> Result<String, String> {
    let set = move |session: &Session| {
        session.set_quality(quality);
        session.quality()
    };
    with_session(camera, set).await
}

/// Does something that may wait for the camera, which is connected for it.
pub(crate) async fn with_session<T: Send + 'static>(
    camera: &Arc<Camera>,
    act: impl FnOnce(&Session) -> T + Send + 'static,
) -> Result<T, String> {
    let watch = camera.watch();
    let session = watch.playing().await.map_err(|error| error.to_string())?;
    spawn_blocking(move || act(&session)).await.map_err(|error| error.to_string())
}
