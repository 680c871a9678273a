//! Pipelines from descriptions.

use gst::glib;
use gst::prelude::*;

/// An element that a description names.
pub(crate) fn element<T: IsA<gst::Element>>(bin: &gst::Bin, name: &str) -> Result<T, glib::BoolError> {
    bin.by_name(name).and_downcast().ok_or_else(|| glib::bool_error!("there is no element {name}"))
}

/// A pipeline that is stopped when it is dropped, with the clock of the cameras' pipelines.
pub(crate) struct Launched(gst::Pipeline);

impl Launched {
    /// A pipeline from this description that does not play yet.
    pub(crate) fn new(description: &str) -> Result<Self, glib::Error> {
        let bin = gst::parse::bin_from_description(description, false)?;
        let pipeline = gst::Pipeline::new();
        pipeline.use_clock(Some(&gst::SystemClock::obtain()));
        let _ = pipeline.add(&bin);
        Ok(Self(pipeline))
    }

    /// An element that the description names.
    pub(crate) fn element<T: IsA<gst::Element>>(&self, name: &str) -> Result<T, glib::BoolError> {
        element(self.0.upcast_ref(), name)
    }

    pub(crate) fn play(&self) -> Result<(), glib::BoolError> {
        self.0.set_state(gst::State::Playing).map(drop).map_err(|_| glib::bool_error!("{}", self.trouble()))
    }

    /// What the bus says of an error.
    pub(crate) fn trouble(&self) -> String {
        let error = self.0.bus().and_then(|bus| bus.pop_filtered(&[gst::MessageType::Error]));
        match error.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Error(error)) => error.error().message().into(),
            _ => "no picture came of it".into(),
        }
    }
}

impl std::ops::Deref for Launched {
    type Target = gst::Pipeline;

    fn deref(&self) -> &gst::Pipeline {
        &self.0
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        let _ = self.0.set_state(gst::State::Null);
    }
}
