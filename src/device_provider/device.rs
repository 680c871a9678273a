use std::sync::OnceLock;

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use tutk::{DiscoveredCamera, Uid};

use super::CLASSES;
use super::imp::CAT;
use crate::caps;
use crate::tutksrc::TutkSrc;

#[derive(Default)]
pub struct TutkDevice {
    uid: OnceLock<Uid>,
}

#[glib::object_subclass]
impl ObjectSubclass for TutkDevice {
    const NAME: &'static str = "GstTutkDevice";
    type Type = super::TutkDevice;
    type ParentType = gst::Device;
}

impl ObjectImpl for TutkDevice {}

impl GstObjectImpl for TutkDevice {}

impl DeviceImpl for TutkDevice {
    fn create_element(&self, name: Option<&str>) -> Result<gst::Element, gst::LoggableError> {
        // The UID says it all: a broadcast has found the camera, the element's own one finds it again, and does so
        // when the camera has got another address meanwhile.
        gst::Object::builder::<TutkSrc>()
            .name_if_some(name)
            .property("uid", self.uid())
            .build()
            .map(|element| element.upcast())
            .map_err(|error| gst::loggable_error!(CAT, "{error}"))
    }

    fn reconfigure_element(&self, element: &gst::Element) -> Result<(), gst::LoggableError> {
        if !element.is::<TutkSrc>() {
            return Err(gst::loggable_error!(CAT, "“{}” is no tutksrc", element.name()));
        }
        if element.current_state() > gst::State::Ready {
            return Err(gst::loggable_error!(CAT, "“{}” changes its camera in READY and NULL only", element.name()));
        }
        element.set_property("uid", self.uid());
        // It was another camera's.
        element.set_property("address", None::<&str>);
        Ok(())
    }
}

impl TutkDevice {
    fn uid(&self) -> Option<&str> {
        self.uid.get().map(Uid::as_str)
    }
}

impl super::TutkDevice {
    pub(super) fn new(camera: &DiscoveredCamera) -> Self {
        let properties = gst::Structure::builder("properties")
            .field("uid", camera.uid.as_str())
            .field("address", camera.address.ip().to_string())
            .field("port", u32::from(camera.address.port()))
            .field("name", &camera.name)
            .field("generation", u32::from(camera.generation))
            .field("playable", camera.is_playable())
            .build();
        let device: Self = glib::Object::builder()
            .property("display-name", display_name(camera))
            .property("device-class", CLASSES)
            .property("caps", caps::source_template())
            .property("properties", properties)
            .build();
        device.imp().uid.get_or_init(|| camera.uid);
        device
    }
}

/// The camera's name, or its UID if it has none. Anybody on the network can send a name, also one that steers a terminal.
fn display_name(camera: &DiscoveredCamera) -> String {
    match camera.name.as_str() {
        "" => camera.uid.to_string(),
        name => name.escape_debug().to_string().replace("\\'", "'").replace("\\\"", "\""),
    }
}
