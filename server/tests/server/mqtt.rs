//! MQTT with a real broker and its own clients, mosquitto: `scripts/test mqtt`.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::{env, fs};

use serde_json::Value;

use crate::common::{Camera, LONG, PASSWORD, Server, lines, unique};

/// A broker that lets `me` in, with a port that stays the same.
struct Broker {
    folder: PathBuf,
    port: u16,
    process: Option<Child>,
}

impl Broker {
    /// With more in its settings.
    fn start(more: &str) -> Self {
        let folder = env::temp_dir().join(format!("tutk-server-mqtt-{}", unique()));
        fs::create_dir(&folder).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let passwords = folder.join("passwords");
        let made = Command::new("mosquitto_passwd").args(["-b", "-c"]).arg(&passwords).args(["me", PASSWORD]).status();
        assert!(made.unwrap().success());
        // Where it is started by root, another user could not read its files.
        let settings = format!(
            "user root\nlistener {port} 127.0.0.1\nallow_anonymous false\npassword_file {}\n{more}\n",
            passwords.display()
        );
        fs::write(folder.join("settings"), settings).unwrap();
        let mut broker = Self { folder, port, process: None };
        broker.restart();
        broker
    }

    fn restart(&mut self) {
        let mut broker = Command::new("mosquitto");
        broker.arg("-c").arg(self.folder.join("settings")).stdin(Stdio::null()).stderr(Stdio::piped());
        let mut broker = broker.arg("-v").spawn().unwrap();
        let said = lines(broker.stderr.take().unwrap());
        while !said.recv_timeout(LONG).expect("the broker does not start").contains("running") {}
        self.process = Some(broker);
    }

    fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// A client that is logged in.
    fn client(&self, name: &str) -> Command {
        let mut client = Command::new(name);
        client.args(["-h", "localhost", "-p", &self.port.to_string(), "-u", "me", "-P", PASSWORD]);
        client
    }

    fn say(&self, topic: &str, message: &str, more: &[&str]) {
        let said = self.client("mosquitto_pub").args(["-q", "1", "-t", topic, "-m", message]).args(more).status();
        assert!(said.unwrap().success());
    }

    fn section(&self, password: &str) -> String {
        format!("[mqtt]\nbroker = \"localhost:{}\"\nuser = \"me\"\npassword = \"{password}\"\n", self.port)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Somebody who hears all messages.
struct Listener {
    process: Child,
    messages: Receiver<String>,
}

impl Listener {
    fn start(broker: &Broker, more: &[&str]) -> Self {
        let mut client = broker.client("mosquitto_sub");
        client.args(["-t", "#", "-F", "%t %x"]).args(more).stdout(Stdio::piped());
        let mut process = client.spawn().unwrap();
        Self { messages: lines(process.stdout.take().unwrap()), process }
    }

    /// The next message of this topic that is wanted.
    fn wait(&self, topic: &str, is_wanted: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let mut seen = Vec::new();
        loop {
            let Ok(line) = self.messages.recv_timeout(LONG) else { panic!("{topic}: {seen:#?}") };
            let (of, hex) = line.split_once(' ').unwrap_or((&line, ""));
            let message: Vec<_> = hex
                .as_bytes()
                .chunks(2)
                .map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap())
                .collect();
            let text = String::from_utf8_lossy(&message);
            assert!(!text.contains(PASSWORD), "a password is shown: {text}");
            if of == topic && is_wanted(&message) {
                return message;
            }
            seen.push(format!("{of} {text:.200}"));
        }
    }

    fn wait_for_state(&self, state: &str) -> Value {
        let of = |message: &[u8]| serde_json::from_slice::<Value>(message).unwrap();
        of(&self.wait("tutk/door/state", |message| of(message)["state"] == state))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[ignore = "needs mosquitto: scripts/test mqtt"]
fn a_broker_has_states_and_pictures_and_passes_commands_on() {
    let camera = Camera::start();
    let controls = camera.on_io_control();
    let mut broker = Broker::start("");
    // What it has kept: a command for another time, and a camera that is gone.
    broker.say("tutk/door/ptz", r#"{"direction":"right"}"#, &["--retain"]);
    broker.say("tutk/roof/availability", "online", &["--retain"]);
    let listener = Listener::start(&broker, &[]);
    let mut server = Server::start(&(camera.section("door", PASSWORD) + &broker.section("wrong")));
    let line = server.logged("is away");
    assert!(line.contains("refuses") && line.contains("[mqtt]"), "{line}");
    server.reload(|text| text.replace("\"wrong\"", &format!("\"{PASSWORD}\"")));
    server.logged("is connected");

    let device = listener.wait("homeassistant/device/tutk_door/config", |_| true);
    let device: Value = serde_json::from_slice(&device).unwrap();
    assert_eq!(device["components"]["picture"]["image_topic"], "tutk/door/picture");
    listener.wait("tutk/door/availability", |message| message == b"online");
    assert_eq!(listener.wait_for_state("idle")["stats"], Value::Null);
    listener.wait("tutk/status", |message| message == b"online");
    listener.wait("tutk/roof/availability", <[u8]>::is_empty);

    // Commands as Home Assistant sends them.
    broker.say("tutk/door/snapshot", "PRESS", &[]);
    listener.wait("tutk/door/picture", |message| message.starts_with(&[0xff, 0xd8]));
    let press = device["components"]["turn-left"]["payload_press"].as_str().unwrap();
    broker.say("tutk/door/ptz", press, &[]);
    let mut controls = std::iter::from_fn(|| controls.recv_timeout(LONG).ok());
    let turned = controls.find(|(kind, _)| *kind == 0x1001).expect("it was not turned");
    assert_eq!(turned.1.first(), Some(&3), "a command that was kept was obeyed");
    broker.say("tutk/door/quality", r#"{"quality": "low"}"#, &[]);
    assert!(controls.any(|(kind, body)| (kind, body.get(4)) == (0x0320, Some(&4))), "no quality was asked for");
    let is_low = |message: &[u8]| serde_json::from_slice::<Value>(message).unwrap()["quality"] == "low";
    listener.wait("tutk/door/state", is_low);
    broker.say("tutk/door/ptz", "left\n", &[]);
    server.logged("was not obeyed");

    // The camera is away while somebody watches.
    let client = server.watch("door", "", "protocols=tcp");
    client.pull("video").unwrap();
    let port = camera.stop();
    listener.wait("tutk/door/availability", |message| message == b"offline");
    camera.restart(port);
    listener.wait("tutk/door/availability", |message| message == b"online");
    drop(client);

    // The broker fails and is back, and has forgotten all.
    broker.stop();
    server.logged("is away");
    broker.restart();
    server.logged("is connected");
    drop(listener);
    let listener = Listener::start(&broker, &[]);
    listener.wait("homeassistant/device/tutk_door/config", |_| true);
    listener.wait("tutk/status", |message| message == b"online");
    // A camera is taken out of the settings.
    server.reload(|text| text.replace("cameras.door", "cameras.gate"));
    listener.wait("tutk/door/state", <[u8]>::is_empty);
    server.end();
    listener.wait("tutk/status", |message| message == b"offline");
}

#[cfg(feature = "dtls")]
#[test]
#[ignore = "needs mosquitto: scripts/test mqtt"]
fn a_broker_is_reached_by_tls() {
    let certificate = crate::tls::Certificate::new();
    let file = |name| certificate.folder.join(name).display().to_string();
    let tls = format!("certfile {}\nkeyfile {}", file("certificate"), file("key"));
    let broker = Broker::start(&tls);
    // The certificate is nobody's that the system knows.
    let server = Server::start(&format!("{}tls = true\n", broker.section(PASSWORD)));
    server.logged("is away");
    let ca = format!("ca = \"{}\"", file("certificate"));
    server.reload(|text| format!("{text}{ca}\n"));
    server.logged("is connected");
    let listener = Listener::start(&broker, &["--cafile", &file("certificate")]);
    listener.wait("tutk/status", |message| message == b"online");
}
