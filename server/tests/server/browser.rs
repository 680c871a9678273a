//! The page in Chromium, by its WebDriver: `scripts/test browser`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use serde_json::{Value, json};

use crate::common::{Camera, PASSWORD, Server, unique};
use crate::webrtc;

/// A browser takes its time on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Remembers the page's connections, of which the page itself says nothing.
const HOOK: &str = "
    window.peers = [];
    window.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(...all) { super(...all); window.peers.push(this); }
    };";
/// What the newest connection has received.
const STATS: &str = "
    const stats = { frames: 0, sound: 0 };
    for (const report of (await window.peers.at(-1)?.getStats())?.values() ?? []) {
        if (report.type !== 'inbound-rtp') continue;
        if (report.kind === 'video') stats.frames = report.framesDecoded;
        else stats.sound = report.totalSamplesReceived ?? 0;
    }
    return stats;";
/// What sound the newest connection receives, and how much of it is not silent.
const SOUND: &str = "
    const reports = await window.peers.at(-1)?.getStats();
    const sound = [...(reports?.values() ?? [])].find((report) => report.type === 'inbound-rtp' && report.kind === 'audio');
    return { codec: reports?.get(sound?.codecId)?.mimeType, energy: sound?.totalAudioEnergy ?? 0 };";
/// The brightness of the picture's six bars.
const BARS: &str = "
    const video = document.getElementById('video');
    if (!video.videoWidth) return [];
    const canvas = Object.assign(document.createElement('canvas'), { width: video.videoWidth, height: video.videoHeight });
    const context = canvas.getContext('2d');
    context.drawImage(video, 0, 0);
    return [20, 66, 112, 158, 204, 250].map((x) => {
        const [red, green, blue] = context.getImageData(x * canvas.width / 320, canvas.height / 2, 1, 1).data;
        return 0.299 * red + 0.587 * green + 0.114 * blue;
    });";

pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    profile: PathBuf,
}

impl Browser {
    pub fn start() -> Self {
        let mut driver = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("successfully on port")).unwrap();
        let port = line.rsplit(' ').next().unwrap().trim_end_matches('.').parse().unwrap();
        thread::spawn(move || lines.for_each(drop));
        let profile = env::temp_dir().join(format!("tutk-server-browser-{}", unique()));
        let mut browser = Self { driver, port, session: String::new(), profile };
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--autoplay-policy=no-user-gesture-required",
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            "--allow-loopback-in-peer-connection",
            &format!("--user-data-dir={}", browser.profile.display()),
        ];
        let options = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": { "args": arguments } } } });
        let session = browser.ask("POST", "/session", &options);
        browser.session = session["sessionId"].as_str().unwrap().into();
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": HOOK }));
        browser
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = body.to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let len = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len}\r\n\r\n{body}"
        )
        .unwrap();
        let mut stream = BufReader::new(stream);
        let (mut line, mut len) = (String::new(), 0);
        while line != "\r\n" {
            line.clear();
            stream.read_line(&mut line).unwrap();
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                len = value.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; len];
        stream.read_exact(&mut answer).unwrap();
        let mut answer: Value = serde_json::from_slice(&answer).unwrap();
        assert!(answer["value"]["error"].is_null(), "{answer}");
        answer["value"].take()
    }

    pub fn command(&self, what: &str, body: &Value) -> Value {
        self.ask("POST", &format!("/session/{}/{what}", self.session), body)
    }

    /// A command of Chromium's own.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.command("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    /// What this function's body returns.
    pub fn run(&self, script: &str) -> Value {
        let script = format!("return (async () => {{ {script} }})()");
        self.command("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until the script returns what is wanted.
    pub fn wait(&self, what: &str, script: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let value = self.run(script);
            if is_wanted(&value) {
                return value;
            }
            if Instant::now() > deadline {
                let page = self.run("return document.body.innerText");
                panic!("{what}: {value}; the page says: {page}");
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    pub fn click(&self, selector: &str) {
        self.run(&format!("document.querySelector('{selector}').click()"));
    }

    pub fn wait_for_frames(&self) {
        let before = self.run(STATS)["frames"].as_u64().unwrap_or_default();
        self.wait("frames", STATS, |stats| stats["frames"].as_u64() > Some(before + 5));
    }
}

impl Drop for Browser {
    /// Chromium outlives its driver, and must not outlive a test that has failed.
    fn drop(&mut self) {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let path = format!("/session/{}", self.session);
            let _ = stream.set_read_timeout(Some(PATIENCE));
            let _ = write!(stream, "DELETE {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            let _ = stream.read_to_end(&mut Vec::new());
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = fs::remove_dir_all(&self.profile);
    }
}

#[test]
#[ignore = "needs chromium and chromedriver: scripts/test browser"]
fn the_page_shows_plays_turns_and_talks() {
    let camera = Camera::start_with("speaker=true");
    let (controls, heard) = (camera.on_io_control(), camera.on_speech());
    let server = Server::start(&camera.section("door", PASSWORD));
    let browser = Browser::start();
    browser.command("url", &json!({ "url": format!("http://127.0.0.1:{}/", server.http) }));
    browser.wait("a picture", "return document.querySelector('.card img')?.naturalWidth", |width| *width == 320);

    // WebRTC, with picture and sound.
    browser.click(".card");
    browser.wait("frames and sound", STATS, |stats| {
        stats["frames"].as_u64() > Some(10) && stats["sound"].as_u64() > Some(4_000)
    });
    let is_pattern = |bars: &Value| {
        let bars: Vec<_> = bars.as_array().unwrap().iter().filter_map(Value::as_f64).collect();
        bars.len() == 6 && bars.windows(2).all(|pair| pair[0] > pair[1])
    };
    browser.wait("the test picture", BARS, is_pattern);

    // What reaches the camera.
    browser.click("#ptz [data-direction=left]");
    let mut controls = std::iter::from_fn(|| controls.recv_timeout(PATIENCE).ok());
    assert!(controls.any(|(kind, body)| (kind, body.first()) == (0x1001, Some(&3))), "it was not turned");
    browser.run(
        "const quality = document.getElementById('quality');
         quality.value = 'low'; quality.dispatchEvent(new Event('change'));",
    );
    assert!(controls.any(|(kind, body)| (kind, body.get(4)) == (0x0320, Some(&4))), "no quality was asked for");
    browser.click("#talk");
    let speech: Vec<_> = (0..20).flat_map(|_| heard.recv_timeout(PATIENCE).expect("nothing is heard")).collect();
    // Chromium's microphone beeps.
    assert!(speech.iter().any(|sample| sample & 0x7f < 0x60), "it hears silence");
    browser.click("#talk");

    // The camera is switched off and on again.
    let port = camera.stop();
    let state = "return document.getElementById('viewer-state').dataset.state";
    browser.wait("away", state, |state| state == "away");
    camera.restart(port);
    browser.wait("playing", state, |state| state == "playing");
    browser.wait_for_frames();
    browser.wait("the test picture", BARS, is_pattern);
}

#[test]
#[ignore = "needs chromium and chromedriver: scripts/test browser"]
fn the_page_plays_sound_that_browsers_do_not_know_as_opus() {
    let browser = Browser::start();
    for sound in [webrtc::PCM, webrtc::AAC] {
        let camera = Camera::sounding(sound);
        let server = Server::start(&camera.section("door", PASSWORD));
        browser.command("url", &json!({ "url": format!("http://127.0.0.1:{}/", server.http) }));
        browser.wait("a picture", "return document.querySelector('.card img')?.naturalWidth", |width| *width == 320);
        browser.click(".card");
        browser.wait("frames", STATS, |stats| stats["frames"].as_u64() > Some(10));
        // Nothing is measured of what is mute.
        browser.click("#sound");
        browser.wait("Opus that is heard", SOUND, |sound| {
            sound["codec"] == "audio/opus" && sound["energy"].as_f64() > Some(0.001)
        });
    }
}

#[test]
#[ignore = "needs chromium and chromedriver: scripts/test browser"]
fn the_page_plays_a_running_camera_soon() {
    let camera = Camera::start();
    let server = Server::start(&camera.section("door", PASSWORD));
    let client = server.watch("door", "", "protocols=tcp");
    client.pull("video").unwrap();
    let browser = Browser::start();
    browser.command("url", &json!({ "url": format!("http://127.0.0.1:{}/", server.http) }));
    browser.wait("a picture", "return document.querySelector('.card img')?.naturalWidth", |width| *width == 320);
    let first = "
        const begin = performance.now();
        document.querySelector('.card').click();
        const video = document.getElementById('video');
        const frame = await new Promise((resolve) => video.requestVideoFrameCallback((_, frame) => resolve(frame)));
        const milliseconds = Math.round(performance.now() - begin);
        document.getElementById('close').click();
        return { milliseconds, width: frame.width };";
    for number in 1..=5 {
        let shown = browser.run(first);
        println!("the first picture was shown after {} ms (try {number})", shown["milliseconds"]);
        assert_eq!(shown["width"], 320);
    }
}

#[test]
#[ignore = "needs chromium and chromedriver: scripts/test browser"]
fn the_page_of_a_guest_has_pictures_and_no_controls() {
    let camera = Camera::start();
    let settings = format!(
        "[login]\nuser = \"me\"\npassword = \"{PASSWORD}\"\n[guests.her]\npassword = \"{PASSWORD}\"\ncameras = [\"door\"]\n"
    );
    let server = Server::start(&(settings + &camera.section("door", PASSWORD)));
    let browser = Browser::start();
    for (user, hidden) in [("her", true), ("me", false)] {
        browser.command("url", &json!({ "url": format!("http://{user}:{PASSWORD}@127.0.0.1:{}/", server.http) }));
        browser.wait("a picture", "return document.querySelector('.card img')?.naturalWidth", |width| *width == 320);
        browser.click(".card");
        browser.wait("frames", STATS, |stats| stats["frames"].as_u64() > Some(10));
        for id in ["ptz", "quality", "talk"] {
            let is_hidden = browser.run(&format!("return document.getElementById('{id}').offsetParent === null"));
            assert_eq!(is_hidden, hidden, "{id} of {user}");
        }
    }
}
