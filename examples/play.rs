//! Shows a camera in a window, with its sound: `cargo run --example play -- UID`. The environment variable `TUTK_PASSWORD` holds its
//! password.

use std::env;
use std::error::Error;

use gst::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let uid = env::args().nth(1).ok_or("usage: play UID")?;
    gst::init()?;
    // For programs that bring the elements along. Where the plugin is installed, this line is not needed.
    gsttutk::plugin_register_static()?;

    // A player that gets a URI plugs tutksrc, tutkdemux and decoders.
    let player = gst::ElementFactory::make("playbin").property("uri", format!("tutk://{uid}")).build()?;

    // If this fails, the bus tells why.
    let _ = player.set_state(gst::State::Playing);
    let result = wait(&player);
    player.set_state(gst::State::Null)?;
    result
}

fn wait(player: &gst::Element) -> Result<(), Box<dyn Error>> {
    for message in player.bus().expect("a pipeline has a bus").iter_timed(gst::ClockTime::NONE) {
        match message.view() {
            gst::MessageView::Error(error) => return Err(error.error().to_string().into()),
            gst::MessageView::Eos(_) => break,
            _ => {}
        }
    }
    Ok(())
}
