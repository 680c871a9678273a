//! The cameras at an MQTT broker: states, pictures, commands, and a description of them for Home Assistant.

mod homeassistant;
mod topics;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, LastWill, MqttOptions, Packet, Publish, QoS, SubscribeFilter,
};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use topics::Topics;

use crate::camera::Camera;
use crate::commands::{self, Ptz};
use crate::config::{Mqtt as Settings, check_name};
use crate::site::Site;
use crate::snapshot;

/// How long the broker may be silent.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How often figures are read anew while a camera plays.
const PERIOD: Duration = Duration::from_secs(10);
/// How long changes are collected.
const PAUSE: Duration = Duration::from_millis(200);
/// How long after a failure the next try is; longer after each one, up to the second.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// Most messages that wait for the network.
const QUEUE: usize = 8;
/// How many commands are obeyed at once. Others are lost.
const MAX_COMMANDS: usize = 8;
/// Longest message of others, in bytes.
const MAX_HEARD: usize = 64 * 1024;
/// Most cameras that are forgotten at once.
const MAX_FORGOTTEN: usize = 256;

/// The connection to the broker that the settings name.
#[derive(Default)]
pub(crate) struct Mqtt {
    settings: Option<Settings>,
    task: Option<JoinHandle<()>>,
}

impl Mqtt {
    /// Does what these settings say.
    pub(crate) fn apply(&mut self, settings: Option<&Settings>, site: &Arc<Site>) {
        if self.settings.as_ref() == settings {
            return;
        }
        // The connection is closed without a word, and so the broker says that the server is gone.
        if let Some(task) = self.task.take() {
            task.abort();
        }
        self.settings = settings.cloned();
        self.task = settings.map(|settings| tokio::spawn(run(site.clone(), settings.clone())));
    }
}

/// Connects again and again.
async fn run(site: Arc<Site>, settings: Settings) {
    let (client, mut events) = AsyncClient::new(options(&settings), QUEUE);
    let place = format!("{}:{}", settings.host, settings.port);
    let (mut trouble, mut pause) = (String::new(), RETRY.0);
    loop {
        let error = match events.poll().await {
            Ok(_) => {
                eprintln!("MQTT: the broker {place} is connected");
                trouble.clear();
                pause = RETRY.0;
                let (sender, forgotten) = mpsc::channel(MAX_FORGOTTEN);
                tokio::select! {
                    error = listen(&mut events, &site, &settings, &sender) => error,
                    () = publish(&client, &site, &settings, forgotten) => return,
                }
            }
            Err(error) => error,
        };
        // Each connection begins anew.
        events.clean();
        let error = describe(&error);
        if error != trouble {
            eprintln!("MQTT: the broker {place} is away: {error}. It is tried again");
            trouble = error;
        }
        sleep(pause).await;
        pause = (2 * pause).min(RETRY.1);
    }
}

fn options(settings: &Settings) -> MqttOptions {
    let mut random = [0; 8];
    // Where there is none, a broker with two servers disconnects one of them.
    let _ = getrandom::fill(&mut random);
    let id = format!("tutk-server-{:016x}", u64::from_be_bytes(random));
    let mut options = MqttOptions::new(id, &settings.host, settings.port);
    options.set_keep_alive(KEEP_ALIVE);
    options.set_max_packet_size(MAX_HEARD, topics::MAX_PICTURE + MAX_HEARD);
    options.set_last_will(LastWill::new(topics::status(&settings.topic), topics::OFFLINE, QoS::AtLeastOnce, true));
    if let Some((user, password)) = &settings.login {
        options.set_credentials(user, password.reveal());
    }
    #[cfg(feature = "dtls")]
    if let Some(trust) = &settings.tls {
        use crate::config::Trust;
        use rumqttc::{TlsConfiguration, Transport};
        options.set_transport(Transport::tls_with_config(match trust {
            Trust::System => TlsConfiguration::Native,
            Trust::Authority(ca) => TlsConfiguration::SimpleNative { ca: ca.as_bytes().to_vec(), client_auth: None },
        }));
    }
    options
}

/// In words for the owner.
fn describe(error: &ConnectionError) -> String {
    match error {
        ConnectionError::ConnectionRefused(code) => {
            format!("it refuses ({code:?}); are user and password in [mqtt] right?")
        }
        error => error.to_string(),
    }
}

/// Hears what the broker says until the connection is lost.
async fn listen(
    events: &mut EventLoop,
    site: &Site,
    settings: &Settings,
    forgotten: &mpsc::Sender<String>,
) -> ConnectionError {
    let turns = Arc::new(Semaphore::new(MAX_COMMANDS));
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::Publish(message))) => {
                heard(site, settings, message, &turns, forgotten);
            }
            Ok(_) => {}
            Err(error) => return error,
        }
    }
}

fn heard(
    site: &Site,
    settings: &Settings,
    message: Publish,
    turns: &Arc<Semaphore>,
    forgotten: &mpsc::Sender<String>,
) -> Option<()> {
    let (name, what) = message.topic.strip_prefix(&settings.topic)?.strip_prefix('/')?.split_once('/')?;
    let Some(camera) = site.camera(name) else {
        // The broker kept it of a camera that was in the settings once.
        if what == topics::AVAILABILITY && !message.payload.is_empty() && check_name(name).is_ok() {
            forgotten.try_send(name.into()).ok()?;
        }
        return None;
    };
    // What the broker has kept was meant for another time.
    if message.retain || what == topics::AVAILABILITY {
        return None;
    }
    let turn = turns.clone().try_acquire_owned().ok()?;
    let what = what.to_owned();
    tokio::spawn(async move {
        if let Err(error) = obey(&camera, &what, &message.payload).await {
            eprintln!("Camera {}: a command by MQTT ({what}) was not obeyed: {error}", camera.name);
        }
        drop(turn);
    });
    Some(())
}

async fn obey(camera: &Arc<Camera>, what: &str, body: &[u8]) -> Result<(), String> {
    let escaped = |error: String| error.escape_debug().to_string();
    match what {
        topics::PTZ => match Ptz::parse(body).map_err(escaped)?.send(camera).await? {
            true => Ok(()),
            false => Err("it was not sent".into()),
        },
        topics::QUALITY => {
            let quality = commands::quality(body).map_err(escaped)?;
            commands::set_quality(camera, quality).await?;
            camera.announce();
            Ok(())
        }
        topics::SNAPSHOT => snapshot::take(camera).await.map(drop).map_err(|error| error.to_string()),
        _ => Ok(()),
    }
}

/// Keeps the broker's messages as they should be; returns when that cannot be any more.
async fn publish(client: &AsyncClient, site: &Site, settings: &Settings, mut forgotten: mpsc::Receiver<String>) {
    let filter = |what| {
        let topics = Topics { prefix: &settings.topic, camera: "+" };
        SubscribeFilter::new(topics.of(what), QoS::AtLeastOnce)
    };
    let heard = [topics::AVAILABILITY, topics::PTZ, topics::QUALITY, topics::SNAPSHOT].map(filter);
    if client.subscribe_many(heard).await.is_err() {
        return;
    }
    let mut changes = site.changes();
    let mut kept = BTreeMap::new();
    loop {
        if update(client, &mut kept, topics::messages(site, settings)).await.is_none() {
            return;
        }
        tokio::select! {
            changed = changes.changed() => {
                if changed.is_err() {
                    return;
                }
                sleep(PAUSE).await;
                changes.mark_unchanged();
            }
            () = sleep(PERIOD) => {}
            Some(name) = forgotten.recv() => {
                let topics = Topics { prefix: &settings.topic, camera: &name };
                kept.extend(topics.kept(settings).map(|topic| (topic, Bytes::from("?"))));
            }
        }
    }
}

/// Sends what is another message than before, and deletes what is gone.
async fn update(
    client: &AsyncClient,
    kept: &mut BTreeMap<String, Bytes>,
    wanted: BTreeMap<String, Bytes>,
) -> Option<()> {
    for topic in kept.keys().filter(|topic| !wanted.contains_key(*topic)) {
        client.publish_bytes(topic, QoS::AtMostOnce, true, Bytes::new()).await.ok()?;
    }
    for (topic, message) in &wanted {
        if kept.get(topic) != Some(message) {
            client.publish_bytes(topic, QoS::AtMostOnce, true, message.clone()).await.ok()?;
        }
    }
    *kept = wanted;
    Some(())
}
