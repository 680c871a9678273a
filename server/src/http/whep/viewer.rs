//! The pipeline of one viewer by WebRTC.

use std::error::Error;
use std::net::IpAddr;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use gst::glib;
use gst::prelude::*;
use gst_sdp::SDPMessage;
use gst_webrtc::{
    WebRTCICEGatheringState, WebRTCPeerConnectionState, WebRTCRTPTransceiver, WebRTCSDPType, WebRTCSessionDescription,
};
use tokio::sync::watch;

use super::offer::{Line, Offer};
use crate::camera::{APPSRC, Feed, Session, Timeline};
use crate::launch::Launched;
use crate::payload;

type AnyError = Box<dyn Error + Send + Sync>;

/// How long it takes at most to find this host's addresses.
const GATHERING: Duration = Duration::from_secs(5);

/// The connection to a viewer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Link {
    #[default]
    New,
    Up,
    Down,
}

pub(super) struct Viewer {
    pipeline: Launched,
    link: watch::Receiver<Link>,
}

impl Viewer {
    /// Makes an answer of the offer. Nothing is sent before the connection is there, and [`feed`](Self::feed) is called.
    pub(super) fn start(
        offer: &Offer,
        has_video: bool,
        audio: Option<&gst::CapsRef>,
        address: Option<IpAddr>,
    ) -> Result<(Self, String), AnyError> {
        let pipeline = Launched::new(&description(offer, has_video, audio)?)?;
        let rtc: gst::Element = pipeline.element("rtc")?;
        prepare_ice(&rtc, address);
        let link = watch_link(&rtc);
        for pad in rtc.sink_pads() {
            if let Some(transceiver) = pad.property::<Option<WebRTCRTPTransceiver>>("transceiver") {
                transceiver.set_property("do-nack", true);
            }
        }
        let viewer = Self { pipeline, link };
        viewer.pipeline.play()?;
        let answer = negotiate(&rtc, offer.sdp.clone())?;
        Ok((viewer, answer))
    }

    pub(super) fn link(&self) -> watch::Receiver<Link> {
        self.link.clone()
    }

    /// Sends what the camera sends until what is returned is dropped.
    pub(super) fn feed(&self, session: &Session) -> Vec<Feed> {
        let timeline = Timeline::default();
        let streams = [session.video(), session.audio()].into_iter().zip(["video", "audio"]);
        streams.filter_map(|(stream, name)| Some(stream?.feed(&self.pipeline.element(name).ok()?, &timeline))).collect()
    }
}

fn description(offer: &Offer, has_video: bool, audio: Option<&gst::CapsRef>) -> Result<String, AnyError> {
    let video = has_video.then(|| video_description(offer)).transpose()?;
    let audio = offer.audio.as_ref().zip(audio).and_then(|(line, caps)| audio_description(line, caps));
    if video.is_none() && audio.is_none() {
        return Err("The camera sends sound alone, and the browser does not offer to play it".into());
    }
    let rtc = "webrtcbin name=rtc bundle-policy=max-bundle";
    Ok([rtc.into(), video.unwrap_or_default(), audio.unwrap_or_default()].join(" "))
}

fn video_description(offer: &Offer) -> Result<String, AnyError> {
    let payload = offer.video.h264().ok_or("The browser does not offer to play H.264")?;
    let ssrc = ssrc()?;
    Ok(format!(
        "{APPSRC}=video ! rtph264pay config-interval=-1 aggregate-mode=zero-latency mtu=1200 pt={payload} ssrc={ssrc} \
         ! application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload={payload},ssrc=(uint){ssrc} ! rtc.sink_{}",
        offer.video.index
    ))
}

/// What the browser plays goes on as it is; all else is encoded anew.
fn audio_description(line: &Line, caps: &gst::CapsRef) -> Option<String> {
    let plain = |name| match name {
        "audio/x-mulaw" => Some(("rtppcmupay", "PCMU", 8_000, line.payload("pcmu/8000")?)),
        "audio/x-alaw" => Some(("rtppcmapay", "PCMA", 8_000, line.payload("pcma/8000")?)),
        _ => None,
    };
    let (pay, name, rate, payload) = plain(payload::name(caps)).or_else(|| {
        let payload = line.payload("opus/48000/2")?;
        let pay = match payload::name(caps) {
            "audio/x-opus" => "rtpopuspay",
            _ => "decodebin ! audioconvert ! audioresample ! opusenc ! rtpopuspay",
        };
        Some((pay, "OPUS,encoding-params=(string)2", 48_000, payload))
    })?;
    let ssrc = ssrc().ok()?;
    Some(format!(
        "{APPSRC}=audio ! {pay} pt={payload} ssrc={ssrc} \
         ! application/x-rtp,media=audio,encoding-name={name},clock-rate={rate},payload={payload},ssrc=(uint){ssrc} ! rtc.sink_{}",
        line.index
    ))
}

/// The number of a stream. The answer has to say it, which comes before the first packet.
fn ssrc() -> Result<u32, AnyError> {
    let mut random = [0; 4];
    getrandom::fill(&mut random).map_err(|error| error.to_string())?;
    Ok(u32::from_be_bytes(random))
}

/// Only what the user wants to be reached at is offered, and a viewer that vanishes is noticed.
fn prepare_ice(rtc: &gst::Element, address: Option<IpAddr>) {
    let ice: glib::Object = rtc.property("ice-agent");
    if let Some(address) = address
        && glib::subclass::SignalId::lookup("add-local-ip-address", ice.type_()).is_some()
    {
        ice.emit_by_name::<bool>("add-local-ip-address", &[&address.to_string()]);
    }
    if ice.find_property("agent").is_some()
        && let Some(agent) = ice.property::<Option<glib::Object>>("agent")
    {
        // Without UPnP, which would also ask the router to let others in from outside.
        for (name, value) in [("keepalive-conncheck", true), ("upnp", false)] {
            if agent.find_property(name).is_some() {
                agent.set_property(name, value);
            }
        }
    }
}

fn watch_link(rtc: &gst::Element) -> watch::Receiver<Link> {
    let (sender, link) = watch::channel(Link::New);
    rtc.connect_notify(Some("connection-state"), move |rtc, _| {
        let state = match rtc.property::<WebRTCPeerConnectionState>("connection-state") {
            WebRTCPeerConnectionState::Connected => Link::Up,
            WebRTCPeerConnectionState::New | WebRTCPeerConnectionState::Connecting => return,
            _ => Link::Down,
        };
        let _ = sender.send(state);
    });
    link
}

/// The answer with all candidates of this host.
fn negotiate(rtc: &gst::Element, offer: SDPMessage) -> Result<String, AnyError> {
    let (gathered, gathering) = sync_channel(1);
    rtc.connect_notify(Some("ice-gathering-state"), move |rtc, _| {
        if rtc.property::<WebRTCICEGatheringState>("ice-gathering-state") == WebRTCICEGatheringState::Complete {
            let _ = gathered.try_send(());
        }
    });
    let offer = WebRTCSessionDescription::new(WebRTCSDPType::Offer, offer);
    ask(|promise| rtc.emit_by_name::<()>("set-remote-description", &[&offer, promise]))?;
    let reply = ask(|promise| rtc.emit_by_name::<()>("create-answer", &[&None::<gst::Structure>, promise]))?;
    let answer = reply.and_then(|reply| reply.get::<WebRTCSessionDescription>("answer").ok());
    let answer = answer.ok_or("The offer has nothing in common with what the camera sends")?;
    ask(|promise| rtc.emit_by_name::<()>("set-local-description", &[&answer, promise]))?;
    let _ = gathering.recv_timeout(GATHERING);
    let answer: Option<WebRTCSessionDescription> = rtc.property("local-description");
    Ok(answer.ok_or("There is no answer")?.sdp().as_text()?)
}

/// Waits for what `act` promises.
fn ask(act: impl FnOnce(&gst::Promise)) -> Result<Option<gst::Structure>, AnyError> {
    let promise = gst::Promise::new();
    act(&promise);
    match promise.wait() {
        gst::PromiseResult::Replied => {}
        _ => return Err("This server is ending".into()),
    }
    let reply = promise.get_reply().map(|reply| reply.to_owned());
    match reply.as_ref().and_then(|reply| reply.get::<glib::Error>("error").ok()) {
        Some(error) => Err(error.message().into()),
        None => Ok(reply),
    }
}
