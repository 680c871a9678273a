//! No password and no key is in anything that is written or posted, whatever is logged.
//!
//! What a session writes depends on the environment, so that each runs in a process of its own.

mod common;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::{env, fs};

use common::pictures::gst_launch;
use common::{Camera, H264, Viewer, unit};
use gst::prelude::*;

/// Each secret holds this, and nothing else does.
const CANARY: &str = "kanarien";
const PASSWORD: &str = "kanarienvogel-password";
/// As long as a key is.
const AUTH_KEY: &str = CANARY;

/// A folder for what a process writes; it is removed when this goes out of scope.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = env::temp_dir().join(format!("tutksrc-{}", common::uid()));
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Runs a command that writes here, with everything logged that this wants.
    fn run(&self, command: &mut Command, debug: &str) -> Output {
        command
            .env("GST_DEBUG", debug)
            .env("GST_DEBUG_FILE", self.file("log"))
            .env("GST_DEBUG_NO_COLOR", "1")
            .env("GST_DEBUG_DUMP_DOT_DIR", &self.0)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// All that was written, by name.
    fn written(&self, output: Output) -> Vec<(String, Vec<u8>)> {
        let files = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        let files =
            files.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()));
        files.chain([("stdout".into(), output.stdout), ("stderr".into(), output.stderr)]).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn lines_with<'a>(bytes: &'a [u8], text: &str) -> Vec<&'a str> {
    let lines = bytes.split(|byte| *byte == b'\n').filter_map(|line| str::from_utf8(line).ok());
    lines.filter(|line| line.to_ascii_lowercase().contains(&text.to_ascii_lowercase())).collect()
}

#[test]
fn nothing_that_a_program_writes_holds_a_secret() {
    let folder = Folder::new();
    let mut program = Command::new(env::current_exe().unwrap());
    program.args(["--ignored", "--exact", "sessions_with_secrets", "--nocapture", "--test-threads=1"]);
    let output = folder.run(&mut program, "*:9");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let written = folder.written(output);
    let of = |name: &str| &written.iter().find(|(file, _)| file.contains(name)).unwrap().1;
    // It is all there, but for the secrets.
    assert!(!lines_with(of("log"), "Changing password").is_empty() && !lines_with(of("log"), "GST_BUS").is_empty());
    assert!(
        !lines_with(of(".dot"), "GstTutkSrc").is_empty() && !lines_with(of("stdout"), "tutk-disconnected").is_empty()
    );
    // The key that encrypts the sessions.
    let hash = gst::glib::Checksum::new(gst::glib::ChecksumType::Sha256).map(|mut checksum| {
        checksum.update(PASSWORD.as_bytes());
        checksum.digest()
    });
    let key = hash.unwrap();
    let mut texts = vec![CANARY.to_owned(), wyze::KEY.into()];
    for secret in [&wyze::ANSWER[..], &key] {
        for (name, bytes) in &written {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{name}");
        }
        let hex: Vec<_> = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let decimal: Vec<_> = secret.iter().take(4).map(u8::to_string).collect();
        texts.extend([hex.concat(), hex.join(" "), hex.join(", "), decimal.join(", ")]);
    }
    for secret in &texts {
        for (name, bytes) in &written {
            let found = lines_with(bytes, secret);
            assert!(found.is_empty(), "{name}: {found:#?}");
        }
    }
}

/// A camera that has Wyze's application for as long as it takes to judge a viewer.
mod wyze {
    use super::*;
    use tutk::wyze::Message;
    use tutk::{CameraEvent, CameraOptions, Encryption};

    pub(super) const MAC: &str = "AABBCCDDEEFF";
    /// What is made of this and of the password, by a program of its own.
    pub(super) const KEY: &str = "am2qwABq";
    const CHALLENGE: [u8; 17] = [6, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    /// The challenge's, with the password.
    pub(super) const ANSWER: [u8; 16] = [108, 81, 52, 72, 163, 75, 178, 182, 109, 166, 104, 206, 36, 157, 189, 78];

    /// Refuses a viewer that has given the right answer.
    pub(super) fn refuses() {
        let uid = common::uid();
        let options = CameraOptions::new(uid.parse().unwrap())
            .with_login("admin", PASSWORD)
            .with_encryption(Encryption::Required)
            .with_auth_key(KEY.parse().unwrap());
        let (camera, mut events) = tutk::Camera::open(options).unwrap();
        let port = camera.port();
        let serve = std::thread::spawn(move || {
            let mut answered = false;
            while let Ok(event) = events.next_event() {
                let CameraEvent::IoControl { viewer, kind: 0x0100, body } = event else { continue };
                let Message { command, payload } = Message::decode(&body).unwrap();
                answered |= command == 10_002 && payload[..16] == ANSWER;
                let payload: &[u8] = if command == 10_000 { &CHALLENGE } else { br#"{"connectionRes":"2"}"# };
                let answer = Message { command: command + 1, payload }.encode();
                camera.send_io_control(viewer, 0x0100, &answer).unwrap();
                if command == 10_002 {
                    break;
                }
            }
            // Until the viewer has gone, so that it has its answer.
            while let Ok(event) = events.next_event() {
                if let CameraEvent::ViewerRemoved { .. } = event {
                    break;
                }
            }
            answered
        });
        let viewer = Viewer::new(|src| {
            src.set_property("uid", &uid);
            src.set_property("address", format!("127.0.0.1:{port}"));
            brand(src);
        });
        viewer.play();
        println!("{:?}", viewer.error());
        show(&viewer);
        assert!(serve.join().unwrap());
    }

    pub(super) fn brand(element: &gst::Element) {
        element.set_property_from_str("brand", "wyze");
        element.set_property("password", PASSWORD);
        element.set_property("mac", MAC);
    }
}

#[test]
#[ignore = "run by the test above, alone and with everything logged"]
fn sessions_with_secrets() {
    let camera = Camera::new(H264);
    camera.sink.set_property("password", PASSWORD);
    camera.sink.set_property("auth-key", AUTH_KEY);
    camera.play();
    let port = camera.sink.property::<u32>("current-port");

    // A session that is lost, reconnected and stopped; then the same by URI.
    let uri = format!("tutk://admin:{PASSWORD}@{}?address={}", camera.uid, camera.address());
    let set: [&dyn Fn(&gst::Element); 3] =
        [&|src| src.set_property("password", PASSWORD), &|src| src.set_property("uri", &uri), &|src| {
            src.dynamic_cast_ref::<gst::URIHandler>().unwrap().set_uri(&uri).unwrap()
        }];
    for set in set {
        let viewer = Viewer::of(&camera);
        viewer.src.set_property("license-key", "kanarienvogel-license");
        viewer.src.set_property("auth-key", AUTH_KEY);
        set(&viewer.src);
        viewer.play();
        camera.wait_for_watcher();
        camera.push(unit(0, true), true);
        viewer.pull();
        camera.stop();
        println!("{:?}", viewer.message("tutk-disconnected"));
        camera.restart(port);
        camera.wait_for_watcher();
        show(&viewer);
    }

    // Some that are refused, and some that cannot begin.
    let refused = [("auth-key", AUTH_KEY), ("auth-key", "KANARIEN"), ("address", "nowhere:x"), ("auth-key", PASSWORD)];
    for (name, value) in refused {
        let viewer = Viewer::of(&camera);
        viewer.src.set_property("password", "kanarienvogel-wrong");
        viewer.src.set_property(name, value);
        let begins = viewer.pipeline.set_state(gst::State::Playing).is_ok();
        assert_eq!(begins, value.eq_ignore_ascii_case(AUTH_KEY), "{name}");
        println!("{:?}", viewer.error());
        show(&viewer);
    }

    let camera = Camera::new(H264);
    wyze::brand(&camera.sink);
    camera.play();
    let viewer = Viewer::of(&camera);
    wyze::brand(&viewer.src);
    viewer.play();
    camera.wait_for_watcher();
    show(&viewer);
    drop(viewer);
    for (name, value) in [("password", "kanarienvogel-wrong"), ("mac", "AABBCCDDEE00"), ("mac", PASSWORD)] {
        let viewer = Viewer::of(&camera);
        wyze::brand(&viewer.src);
        viewer.src.set_property(name, value);
        let _ = viewer.pipeline.set_state(gst::State::Playing);
        println!("{:?}", viewer.error());
        show(&viewer);
    }
    // The ENR in the wrong place.
    for element in ["tutksink", "tutkaudiosink"] {
        let element = gst::ElementFactory::make(element).build().unwrap();
        element.set_property("mac", PASSWORD);
        assert_eq!(element.property::<Option<String>>("mac"), None);
    }
    let viewer = Viewer::of(&camera);
    let uri = format!("tutk://{}?brand=wyze&mac={PASSWORD}", camera.uid);
    let error = viewer.src.dynamic_cast_ref::<gst::URIHandler>().unwrap().set_uri(&uri).unwrap_err();
    println!("{error} {error:?}");
    wyze::refuses();
}

/// Everything that can be asked of a viewer and of what it posted.
fn show(viewer: &Viewer) {
    for property in viewer.src.list_properties() {
        if property.flags().contains(gst::glib::ParamFlags::READABLE) {
            println!("{}: {:?}", property.name(), viewer.src.property_value(property.name()));
        }
    }
    while let Some(message) = viewer.pipeline.bus().unwrap().pop() {
        println!("{message:?}");
    }
    viewer.pipeline.debug_to_dot_file(gst::DebugGraphDetails::all(), "viewer");
}

/// Its command line is known to everyone who can see its processes, and GStreamer's own parser logs that; nothing else
/// may show it.
#[test]
fn gst_launch_shows_no_secret_but_in_its_command_line() {
    let camera = Camera::new(H264);
    camera.sink.set_property("password", PASSWORD);
    camera.sink.set_property("auth-key", AUTH_KEY);
    camera.play();
    let folder = Folder::new();
    let pipeline = format!(
        "tutksrc uid={} address={} backend=native license-key={CANARY} auth-key={AUTH_KEY} password={PASSWORD} \
         num-buffers=1 ! fakesink",
        camera.uid,
        camera.address()
    );
    let (log, dots) = (folder.file("log"), folder.0.clone());
    let child = gst_launch()
        .args(["-v", "-m"])
        .args(pipeline.split_whitespace())
        .env("GST_DEBUG", "tutk*:9")
        .env("GST_DEBUG_FILE", &log)
        .env("GST_DEBUG_DUMP_DOT_DIR", &dots)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    camera.wait_for_watcher();
    camera.push(unit(0, true), true);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let written = folder.written(output);
    assert!(written.iter().any(|(name, _)| name.ends_with(".dot")));
    for (name, bytes) in &written {
        assert!(!bytes.is_empty() || name == "stderr", "{name}");
        let found = lines_with(bytes, CANARY);
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
}
