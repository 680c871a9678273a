//! `/metrics`, for Prometheus.

use std::fmt;
use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::SharedApp;
use super::answer::Failure;
use crate::access::Access;
use crate::camera;
use crate::site::Site;

pub(super) async fn metrics(State(app): SharedApp, Extension(access): Extension<Access>) -> Result<Response, Failure> {
    if !access.is_full() {
        return Err(Failure::guest());
    }
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Cameras(app.site.clone())));
    let mut body = String::new();
    text::encode(&mut body, &registry).map_err(Failure::unavailable)?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

/// What is true of all cameras at the moment that somebody asks.
struct Cameras(Arc<Site>);

impl fmt::Debug for Cameras {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cameras")
    }
}

/// Name, description, and the field of the property `stats` of `tutksrc`.
const COUNTERS: [(&str, &str, &str); 5] = [
    ("tutk_frames", "Frames of video that came complete since the camera was connected", "frames-received"),
    ("tutk_frames_lost", "Frames that the network lost", "frames-lost"),
    ("tutk_bytes", "Bytes of the frames", "bytes"),
    ("tutk_datagrams_lost", "Datagrams that did not come by themselves", "datagrams-lost"),
    ("tutk_reconnects", "How often there was another session after a loss", "reconnects"),
];

impl Collector for Cameras {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let cameras = self.0.cameras();
        let help = "Whether the camera is in this state (1) or not (0)";
        let mut family = encoder.encode_descriptor("tutk_camera_state", help, None, MetricType::Gauge)?;
        for camera in &cameras {
            let now = camera.status().state;
            for state in camera::State::ALL {
                let labels = [("camera", camera.name.as_str()), ("state", state.name())];
                ConstGauge::new(i64::from(state == now)).encode(family.encode_family(&labels)?)?;
            }
        }
        let help = "How many watch the camera";
        let mut family = encoder.encode_descriptor("tutk_viewers", help, None, MetricType::Gauge)?;
        for camera in &cameras {
            gauge(&mut family, &camera.name, camera.viewers() as f64)?;
        }
        let stats: Vec<_> =
            cameras.iter().filter_map(|camera| Some((camera.name.as_str(), camera.session()?.stats()?))).collect();
        for (name, help, field) in COUNTERS {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for (camera, stats) in &stats {
                if let Ok(count) = stats.get::<u64>(field) {
                    ConstCounter::new(count).encode(family.encode_family(&[("camera", *camera)])?)?;
                }
            }
        }
        let mut family =
            encoder.encode_descriptor("tutk_bitrate", "Bits of video per second", None, MetricType::Gauge)?;
        for (camera, stats) in &stats {
            if let Ok(bits) = stats.get::<u64>("bitrate") {
                gauge(&mut family, camera, bits as f64)?;
            }
        }
        let mut family =
            encoder.encode_descriptor("tutk_fps", "Frames of video per second", None, MetricType::Gauge)?;
        for (camera, stats) in &stats {
            if let Ok(fps) = stats.get::<f64>("fps") {
                gauge(&mut family, camera, fps)?;
            }
        }
        Ok(())
    }
}

fn gauge(family: &mut MetricEncoder<'_>, camera: &str, value: f64) -> fmt::Result {
    ConstGauge::new(value).encode(family.encode_family(&[("camera", camera)])?)
}
