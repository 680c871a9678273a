#![allow(unused_doc_comments)]

/**
 * SECTION:provider-tutkdeviceprovider
 * @title: tutkdeviceprovider
 * @see_also: tutksrc
 *
 * `tutkdeviceprovider` lists the cameras of the local networks to a #GstDeviceMonitor that looks for the classes
 * `Source/Video/Network`, or for some of them, as they come and go. The element that gst_device_create_element() makes
 * of such a device is a #GstTutkSrc that lacks nothing but the password.
 *
 * Its start does not wait: cameras are announced as they answer, so that a program that lists devices at once (`gst-device-monitor-1.0` without `-f`) does not see them. While it is started, it sends one broadcast of 88
 * bytes every 5 s to each network that this host is in, and none otherwise. A camera that leaves three broadcasts in a row unanswered
 * is removed. It changes (%GST_MESSAGE_DEVICE_CHANGED) when it has another address or name.
 *
 * The properties of a device are the camera's `uid`, its `address` and `port`, the `name` that it gives itself, the
 * `generation` of the protocol that it speaks, and `playable`: whether #GstTutkSrc plays that generation without the
 * vendor's library. The name is as it comes from the network; in the display name, what could steer a terminal is
 * escaped.
 *
 * Cameras are found by the protocol itself; the vendor's library is never loaded for it.
 *
 * ## Example
 * |[
 * gst-device-monitor-1.0 -f Source/Video/Network
 * ]| Shows the cameras, and how to play them, until Ctrl-C.
 *
 * Since: 0.1.0
 */
use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{LazyLock, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use tutk::proto::MAX_CAMERAS;
use tutk::{Browser, BrowserEvent, CancelHandle, DiscoverError, Uid};

use super::{CLASSES, TutkDevice};

pub(super) static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "tutkdeviceprovider",
        gst::DebugColorFlags::empty(),
        Some("Device provider for TUTK/Kalay cameras"),
    )
});

/// How often cameras are searched.
const PERIOD: Duration = Duration::from_secs(5);
/// How long a probe waits for answers: there is no later.
const PROBE_TIME: Duration = Duration::from_secs(1);

pub struct TutkDeviceProvider {
    period: Mutex<Duration>,
    started: Mutex<Option<Started>>,
}

/// What keeps the devices up to date between start and stop.
struct Started {
    cancel: CancelHandle,
    thread: JoinHandle<()>,
}

impl Default for TutkDeviceProvider {
    fn default() -> Self {
        Self { period: Mutex::new(PERIOD), started: Mutex::default() }
    }
}

#[glib::object_subclass]
impl ObjectSubclass for TutkDeviceProvider {
    const NAME: &'static str = "GstTutkDeviceProvider";
    type Type = super::TutkDeviceProvider;
    type ParentType = gst::DeviceProvider;
}

impl ObjectImpl for TutkDeviceProvider {}

impl GstObjectImpl for TutkDeviceProvider {}

impl DeviceProviderImpl for TutkDeviceProvider {
    fn metadata() -> Option<&'static gst::subclass::DeviceProviderMetadata> {
        static METADATA: LazyLock<gst::subclass::DeviceProviderMetadata> = LazyLock::new(|| {
            gst::subclass::DeviceProviderMetadata::new(
                "TUTK Camera Device Provider",
                CLASSES,
                "Lists the IP cameras of the local networks that speak ThroughTek's IOTC/AV protocol (TUTK, Kalay)",
                env!("CARGO_PKG_AUTHORS"),
            )
        });
        Some(&METADATA)
    }

    fn probe(&self) -> Vec<gst::Device> {
        let mut search = match Search::new(&self.obj(), PERIOD) {
            Ok(search) => search,
            Err(error) => {
                gst::error!(CAT, imp = self, "Cannot search for cameras: {error}");
                return Vec::new();
            }
        };
        let mut devices = HashMap::new();
        search.run(Some(Instant::now() + PROBE_TIME), |event| {
            if let BrowserEvent::Appeared(camera) | BrowserEvent::Changed(camera) = event {
                devices.insert(camera.uid, TutkDevice::new(&camera).upcast());
            }
        });
        devices.into_values().collect()
    }

    fn start(&self) -> Result<(), gst::LoggableError> {
        let failed = |error: &dyn Display| gst::loggable_error!(CAT, "Cannot search for cameras: {error}");
        let provider = self.obj().clone();
        let period = *self.period.lock().unwrap();
        let mut search = Search::new(&provider, period).map_err(|error| failed(&error))?;
        let cancel = search.browser.cancel_handle();
        let mut devices = Devices { provider, devices: HashMap::new() };
        let thread = thread::Builder::new()
            .name("tutk-devices".into())
            .spawn(move || search.run(None, |event| devices.update(event)))
            .map_err(|error| failed(&error))?;
        *self.started.lock().unwrap() = Some(Started { cancel, thread });
        Ok(())
    }

    fn stop(&self) {
        let Some(Started { cancel, thread }) = self.started.lock().unwrap().take() else { return };
        cancel.cancel();
        // A handler of a device's message runs on that thread, and may be what stops the provider.
        if thread.thread().id() != thread::current().id() && thread.join().is_err() {
            gst::error!(CAT, imp = self, "The search for cameras has panicked");
        }
    }
}

impl TutkDeviceProvider {
    pub(super) fn set_search_period(&self, period: Duration) {
        *self.period.lock().unwrap() = period;
    }
}

/// Looks for cameras.
struct Search {
    provider: super::TutkDeviceProvider,
    browser: Browser,
    /// The last failure that was logged. It is not logged again before a search succeeds.
    failure: Option<String>,
}

impl Search {
    fn new(provider: &super::TutkDeviceProvider, period: Duration) -> Result<Self, DiscoverError> {
        let (provider, browser) = (provider.clone(), Browser::new(period)?);
        Ok(Self { provider, browser, failure: None })
    }

    /// Reports events until then, or until it is cancelled. Failures are logged, and do not end the search.
    fn run(&mut self, until: Option<Instant>, mut report: impl FnMut(BrowserEvent)) {
        loop {
            match self.browser.next_event_until(until) {
                Ok(Some(event)) => {
                    self.failure = None;
                    report(event);
                }
                Ok(None) | Err(DiscoverError::Cancelled) => return,
                Err(error) => {
                    let failure = error.to_string();
                    if self.failure.as_ref() != Some(&failure) {
                        gst::warning!(CAT, obj = self.provider, "Trying again later: {failure}");
                        self.failure = Some(failure);
                    }
                }
            }
        }
    }
}

/// The devices of a provider that is started.
struct Devices {
    provider: super::TutkDeviceProvider,
    devices: HashMap<Uid, TutkDevice>,
}

impl Devices {
    fn update(&mut self, event: BrowserEvent) {
        let provider = &self.provider;
        match event {
            BrowserEvent::Appeared(camera) => {
                gst::info!(CAT, obj = provider, "Camera {} is at {}", camera.uid, camera.address);
                let device = TutkDevice::new(&camera);
                self.devices.insert(camera.uid, device.clone());
                provider.device_add(&device);
            }
            BrowserEvent::Changed(camera) => {
                gst::info!(CAT, obj = provider, "Camera {} is now at {}", camera.uid, camera.address);
                let device = TutkDevice::new(&camera);
                if let Some(old) = self.devices.insert(camera.uid, device.clone()) {
                    provider.device_changed(&device, &old);
                }
            }
            BrowserEvent::Vanished(uid) => {
                gst::info!(CAT, obj = provider, "Camera {uid} is gone");
                if let Some(device) = self.devices.remove(&uid) {
                    provider.device_remove(&device);
                }
            }
            BrowserEvent::Full => {
                gst::warning!(CAT, obj = provider, "More than {MAX_CAMERAS} cameras answer; the others are not listed");
            }
            _ => {}
        }
    }
}
