//! Which cameras are there, asked every so often.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tutk::{Browser, BrowserEvent, DiscoveredCamera};

use crate::site::Site;

const PERIOD: Duration = Duration::from_secs(30);
/// How many cameras that nobody named are listed in the log: anybody can answer a search.
const MAX_LISTED: usize = 100;

/// Looks for cameras until the program ends.
pub(crate) fn start(site: Arc<Site>) {
    let run = move || match Browser::new(PERIOD) {
        Ok(browser) => browse(browser, &site),
        Err(error) => eprintln!("Cameras that nobody named are not found: {error}"),
    };
    if let Err(error) = thread::Builder::new().name("discovery".into()).spawn(run) {
        eprintln!("Cameras that nobody named are not found: {error}");
    }
}

fn browse(mut browser: Browser, site: &Site) {
    let mut listed = 0;
    let mut trouble = String::new();
    loop {
        match browser.next_event() {
            Ok(BrowserEvent::Appeared(camera)) => {
                if !site.names(camera.uid) && listed < MAX_LISTED {
                    println!("{}", line(&camera));
                    listed += 1;
                }
                site.appeared(camera);
            }
            Ok(BrowserEvent::Changed(camera)) => site.appeared(camera),
            Ok(BrowserEvent::Vanished(uid)) => site.vanished(uid),
            Ok(_) => {}
            // The next search may reach the network again.
            Err(error) => {
                let error = error.to_string();
                if error != trouble {
                    eprintln!("Cameras are not looked for: {error}");
                    trouble = error;
                }
            }
        }
    }
}

fn line(camera: &DiscoveredCamera) -> String {
    let hint = if camera.is_playable() {
        "To serve it, name it in the settings; see --help".into()
    } else {
        format!("It speaks generation 0x{:02x} of the protocol, which does not play yet", camera.generation)
    };
    let name = if camera.name.is_empty() { String::new() } else { format!(" (“{}”)", camera.name.escape_debug()) };
    format!("Camera {}{name} at {} was found, and is not served. {hint}", camera.uid, camera.address)
}
