//! The page as it is in docs/server.md: `TUTK_PICTURES=FOLDER`, with the test below, takes the pictures anew.

use std::path::Path;
use std::{env, fs};

use serde_json::json;

use crate::browser::Browser;
use crate::common::{Camera, PASSWORD, Server};

/// What the cameras see.
const HOUSE: [(&str, &str); 12] = [
    ("attic", "smpte"),
    ("cellar", "ball"),
    ("door", "smpte100"),
    ("drive", "gradient"),
    ("garage", "circular"),
    ("garden", "pinwheel"),
    ("hall", "spokes"),
    ("kitchen", "smpte-rp-219"),
    ("nursery", "bar"),
    ("porch", "chroma-zone-plate"),
    ("shed", "smpte75"),
    ("yard", "blue"),
];
const DESKTOP: (u32, u32) = (1400, 930);
const LAPTOP: (u32, u32) = (1200, 720);
const PHONE: (u32, u32) = (390, 844);
const SMALL_PHONE: (u32, u32) = (320, 640);

fn camera(name: &str, pattern: &str) -> Camera {
    Camera::seeing(&format!(
        "videotestsrc pattern={pattern} is-live=true ! video/x-raw,width=640,height=360,framerate=10/1 ! videoconvert \
         ! textoverlay text={name} font-desc=\"Sans 24\" ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 \
         ! video/x-h264,profile=constrained-baseline ! h264parse config-interval=-1"
    ))
}

/// Sets the window; nothing may be wider than it.
fn look(browser: &Browser, (width, height): (u32, u32), scheme: &str) {
    let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
    browser.devtools("Emulation.setDeviceMetricsOverride", &screen);
    let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
    browser.devtools("Emulation.setEmulatedMedia", &features);
    let widths = "return [document.documentElement.scrollWidth, document.getElementById('viewer').scrollWidth]";
    let narrow =
        |widths: &serde_json::Value| widths.as_array().unwrap().iter().all(|it| it.as_u64() <= Some(width.into()));
    browser.wait("a page no wider than its window", widths, narrow);
}

fn save(browser: &Browser, folder: Option<&Path>, name: &str) {
    let Some(folder) = folder else { return };
    // Transitions of colours end.
    browser.run("await new Promise((done) => setTimeout(done, 500))");
    let picture = browser.devtools("Page.captureScreenshot", &json!({ "format": "png" }));
    let picture = gst::glib::base64_decode(picture["data"].as_str().unwrap());
    fs::write(folder.join(format!("server-{name}.png")), picture).unwrap();
}

fn open(browser: &Browser, server: &Server) {
    browser.command("url", &json!({ "url": format!("http://127.0.0.1:{}/", server.http) }));
}

#[test]
#[ignore = "needs chromium and chromedriver: scripts/test browser"]
fn the_page_fits_into_each_window() {
    let folder = env::var_os("TUTK_PICTURES");
    let folder = folder.as_deref().map(Path::new);
    let browser = Browser::start();
    let empty = Server::start("");
    open(&browser, &empty);
    browser.wait("no camera", "return document.getElementById('empty').hidden", |hidden| hidden == false);
    look(&browser, SMALL_PHONE, "light");
    look(&browser, LAPTOP, "light");
    save(&browser, folder, "empty");

    let garden = camera("garden", "pinwheel");
    let one = Server::start(&garden.section("garden", PASSWORD));
    open(&browser, &one);
    let pictures = "return [...document.querySelectorAll('.card img')].filter((image) => image.naturalWidth).length";
    browser.wait("its picture", pictures, |count| *count == 1);
    look(&browser, LAPTOP, "dark");
    save(&browser, folder, "one");
    drop((one, garden));

    let cameras: Vec<_> = HOUSE.iter().map(|(name, pattern)| camera(name, pattern)).collect();
    let sections = HOUSE.iter().zip(&cameras).map(|((name, _), camera)| camera.section(name, PASSWORD));
    let house = Server::start(&sections.collect::<String>());
    look(&browser, DESKTOP, "light");
    open(&browser, &house);
    browser.wait("all pictures", pictures, |count| *count == HOUSE.len());
    // One is switched off while somebody watches it.
    let watched = house.watch("shed", "", "protocols=tcp");
    house.wait_for_state("shed", &["playing"]);
    cameras[10].stop();
    browser.wait("one away", "return document.querySelectorAll('.card.stale').length", |count| *count == 1);
    look(&browser, DESKTOP, "light");
    save(&browser, folder, "cameras");
    look(&browser, DESKTOP, "dark");
    save(&browser, folder, "cameras-dark");
    look(&browser, SMALL_PHONE, "light");
    look(&browser, PHONE, "light");
    save(&browser, folder, "phone-cameras");
    drop(watched);

    browser.click("li:nth-child(6) .card");
    browser.wait_for_frames();
    browser.wait("its size", "return document.getElementById('details').innerText", |text| {
        let text = text.as_str().unwrap();
        text.contains("640 × 360") && text.contains("Viewers\n1")
    });
    look(&browser, SMALL_PHONE, "dark");
    look(&browser, PHONE, "dark");
    save(&browser, folder, "phone");
    look(&browser, LAPTOP, "light");
    let bottom = "return document.getElementById('viewer').getBoundingClientRect().bottom <= innerHeight";
    browser.wait("a viewer that is not cut off", bottom, |fits| *fits == true);
    save(&browser, folder, "viewer");
}
