//! What all pipelines here have in common.

use gst::prelude::*;

use crate::Failure;

pub(crate) fn init() -> Result<(), Failure> {
    gst::init()?;
    gsttutk::plugin_register_static()?;
    Ok(())
}

/// The first error on the bus, if there is one.
pub(crate) fn error(pipeline: &gst::Pipeline) -> Option<String> {
    let message = pipeline.bus()?.pop_filtered(&[gst::MessageType::Error])?;
    Some(text(&message))
}

/// All that a message says.
pub(crate) fn text(message: &gst::Message) -> String {
    format!("{message:?}")
}
