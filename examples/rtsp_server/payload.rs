//! From the streams of a camera to RTP packets.

use std::error::Error;

use gst::glib;
use gst::prelude::*;

/// Adds what pays a stream to this bin, with a pad for its packets. Returns what is to be said of it, if it does not go as it is.
pub(super) fn pay(bin: &gst::Bin, stream: &gst::Pad) -> Result<Option<String>, Box<dyn Error>> {
    let caps = stream.current_caps().ok_or("a stream of the camera has no caps")?;
    let name = caps.structure(0).ok_or("a stream of the camera has no caps")?.name().to_string();
    let is_audio = name.starts_with("audio/");
    let (elements, note) = if !is_audio {
        (video(&name)?, None)
    } else if let Some(elements) = audio(&caps)? {
        (elements, None)
    } else if let Some(elements) = transcoder(&caps)? {
        (elements, Some(format!("RTP has nothing for its audio ({name}), which is served as G.711")))
    } else {
        return Ok(Some(format!("its audio ({name}) is left out: nothing on this computer decodes it")));
    };
    let (first, last) = (elements.first().ok_or("nothing pays")?, elements.last().ok_or("nothing pays")?);
    // Others have a number that is never another one.
    if is_audio && last.property::<u32>("pt") == 96 {
        last.set_property("pt", 97u32);
    }
    bin.add_many(&elements)?;
    gst::Element::link_many(&elements)?;
    for element in &elements {
        element.sync_state_with_parent()?;
    }
    stream.link(&first.static_pad("sink").ok_or("the first element has a sink pad")?)?;
    let packets = last.static_pad("src").ok_or("a payloader has a source pad")?;
    let packets = gst::GhostPad::builder_with_target(&packets)?.name(stream.name()).build();
    packets.set_active(true)?;
    bin.add_pad(&packets)?;
    Ok(note)
}

/// The elements that pay this video.
fn video(name: &str) -> Result<Vec<gst::Element>, Box<dyn Error>> {
    let (parser, payloader) = match name {
        "video/x-h264" => ("h264parse", "rtph264pay"),
        "video/x-h265" => ("h265parse", "rtph265pay"),
        "video/mpeg" => ("mpeg4videoparse", "rtpmp4vpay"),
        "image/jpeg" => ("jpegparse", "rtpjpegpay"),
        "video/x-h263" => ("h263parse", "rtph263pay"),
        other => return Err(format!("there is no RTP payload for {other} here").into()),
    };
    // The server holds each stream until all have come: with a thread of its own, this one holds none of the others.
    let elements = make(&["queue", parser, payloader])?;
    if let Some(payloader) = elements.last().filter(|element| element.has_property("config-interval")) {
        // With each key frame come the parameter sets, so that who joins later can decode.
        payloader.set_property("config-interval", -1);
    }
    Ok(elements)
}

fn make(names: &[&str]) -> Result<Vec<gst::Element>, glib::BoolError> {
    names.iter().map(|name| gst::ElementFactory::make(name).build()).collect()
}

/// The elements that pay this audio as it is; none where RTP has nothing for it.
fn audio(caps: &gst::Caps) -> Result<Option<Vec<gst::Element>>, glib::BoolError> {
    let fields = caps.structure(0).ok_or_else(|| glib::bool_error!("a stream of the camera has no caps"))?;
    let names: &[&str] = match fields.name().as_str() {
        "audio/x-mulaw" => &["rtppcmupay"],
        "audio/x-alaw" => &["rtppcmapay"],
        // With the parser, frames have no headers.
        "audio/mpeg" if fields.get("mpegversion") == Ok(4) && fields.get("stream-format") != Ok("loas") => {
            &["aacparse", "rtpmp4gpay"]
        }
        "audio/mpeg" if fields.get("mpegversion") == Ok(1) => &["rtpmpapay"],
        "audio/x-opus" => &["rtpopuspay"],
        "audio/x-adpcm" => &["rtpg726pay"],
        "audio/x-raw" => &["audioconvert", "rtpL16pay"],
        // That of Speex wants headers as frames.
        _ => return Ok(None),
    };
    let elements = make(names)?;
    let takes = |element: &gst::Element| {
        element.static_pad("sink").is_some_and(|pad| pad.pad_template_caps().can_intersect(caps))
    };
    Ok(elements.first().is_some_and(takes).then_some(elements))
}

/// The elements that make G.711 of this audio and pay it; none where nothing decodes it.
fn transcoder(caps: &gst::Caps) -> Result<Option<Vec<gst::Element>>, glib::BoolError> {
    let kind = gst::ElementFactoryType::DECODER | gst::ElementFactoryType::MEDIA_AUDIO;
    let decoders = gst::ElementFactory::factories_with_type(kind, gst::Rank::MARGINAL);
    let decoder =
        decoders.iter().filter(|factory| factory.can_sink_any_caps(caps)).max_by_key(|factory| factory.rank());
    let Some(decoder) = decoder else { return Ok(None) };
    let telephone = gst::Caps::builder("audio/x-raw").field("rate", 8_000i32).field("channels", 1i32).build();
    let mut elements = vec![decoder.create().build()?];
    elements.extend(make(&["audioconvert", "audioresample", "capsfilter", "mulawenc", "rtppcmupay"])?);
    if let Some(filter) = elements.iter().find(|element| element.has_property("caps-change-mode")) {
        filter.set_property("caps", telephone);
    }
    Ok(Some(elements))
}
