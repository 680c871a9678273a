//! All cameras of the server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tutk::{DiscoveredCamera, Uid};

use crate::attempts::Attempts;
use crate::camera::{self, Camera};
use crate::config::{Config, Guest, Login, Retention};
use crate::memory::Encrypted;
use crate::recording;
use crate::tls::Acceptor;

/// How long the end may take, of sessions and of recordings.
const ENDING: std::time::Duration = std::time::Duration::from_secs(3);

/// The cameras that the user has named, those that were found, and who may watch.
pub(crate) struct Site {
    inner: Mutex<Inner>,
    changes: watch::Sender<u64>,
    /// Wrong logins of those who want to watch.
    pub(crate) attempts: Attempts,
    encrypted: Arc<Encrypted>,
}

#[derive(Default)]
struct Inner {
    cameras: BTreeMap<String, Arc<Camera>>,
    found: BTreeMap<Uid, DiscoveredCamera>,
    login: Option<Login>,
    guests: Arc<[Guest]>,
    http_tls: Option<Acceptor>,
    rtsp_tls: bool,
    retention: Option<Retention>,
    recorders: Vec<JoinHandle<()>>,
    hosts: Vec<String>,
}

impl Site {
    pub(crate) fn new(encrypted: Encrypted) -> Self {
        Self {
            inner: Mutex::default(),
            changes: watch::Sender::default(),
            attempts: Attempts::default(),
            encrypted: Arc::new(encrypted),
        }
    }

    /// Does what these settings say. Cameras whose settings are the same go on undisturbed.
    pub(crate) fn apply(self: &Arc<Self>, config: &Config) {
        let mut inner = self.lock();
        inner.login.clone_from(&config.login);
        inner.guests = config.guests.as_slice().into();
        inner.hosts.clone_from(&config.http.hosts);
        // It was tried when the settings were read.
        inner.http_tls = config.http_tls.as_ref().and_then(|tls| Acceptor::new(tls).ok());
        inner.rtsp_tls = config.rtsp_tls.is_some();
        inner.retention.clone_from(&config.retention);
        inner.cameras.retain(|name, camera| {
            let stays = config.cameras.get(name) == Some(&camera.config);
            if !stays {
                camera.close();
            }
            stays
        });
        for (name, settings) in &config.cameras {
            if !inner.cameras.contains_key(name) {
                let camera = Arc::new(Camera::new(name.clone(), settings.clone(), self.encrypted.clone()));
                inner.cameras.insert(name.clone(), camera.clone());
                let (mut status, site) = (camera.status_changes(), Arc::downgrade(self));
                tokio::spawn(async move {
                    while status.changed().await.is_ok() {
                        let Some(site) = site.upgrade() else { return };
                        site.changed();
                    }
                });
                if let Some(settings) = camera.config.recording.clone() {
                    inner.recorders.retain(|recorder| !recorder.is_finished());
                    inner.recorders.push(tokio::spawn(recording::record(camera.clone(), settings)));
                }
                tokio::spawn(camera::drive(camera));
            }
        }
        drop(inner);
        self.changed();
    }

    pub(crate) fn camera(&self, name: &str) -> Option<Arc<Camera>> {
        self.lock().cameras.get(name).cloned()
    }

    /// All of them, by name.
    pub(crate) fn cameras(&self) -> Vec<Arc<Camera>> {
        self.lock().cameras.values().cloned().collect()
    }

    pub(crate) fn login(&self) -> Option<Login> {
        self.lock().login.clone()
    }

    pub(crate) fn guests(&self) -> Arc<[Guest]> {
        self.lock().guests.clone()
    }

    /// What speaks TLS with browsers, if they have to.
    pub(crate) fn http_tls(&self) -> Option<Acceptor> {
        self.lock().http_tls.clone()
    }

    /// Which recordings are kept, if there are any.
    pub(crate) fn retention(&self) -> Option<Retention> {
        self.lock().retention.clone()
    }

    /// Whether clients of RTSP have to speak TLS.
    pub(crate) fn rtsp_tls(&self) -> bool {
        self.lock().rtsp_tls
    }

    pub(crate) fn is_host(&self, name: &str) -> bool {
        self.lock().hosts.iter().any(|host| host.eq_ignore_ascii_case(name))
    }

    /// What a search has found, whether the user has named it or not.
    pub(crate) fn found(&self) -> Vec<DiscoveredCamera> {
        self.lock().found.values().cloned().collect()
    }

    /// Whether the user has named a camera with this UID.
    pub(crate) fn names(&self, uid: Uid) -> bool {
        self.lock().cameras.values().any(|camera| camera.config.uid == uid)
    }

    pub(crate) fn appeared(&self, camera: DiscoveredCamera) {
        self.lock().found.insert(camera.uid, camera);
        self.changed();
    }

    pub(crate) fn vanished(&self, uid: Uid) {
        self.lock().found.remove(&uid);
        self.changed();
    }

    /// Something about a camera has changed.
    pub(crate) fn changed(&self) {
        self.changes.send_modify(|number| *number = number.wrapping_add(1));
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Ends all sessions.
    pub(crate) fn close(&self) {
        for camera in self.cameras() {
            camera.close();
        }
    }

    /// Returns when no camera has a session any more, and all recordings are closed, or some seconds later.
    pub(crate) async fn ended(&self) {
        let sessions = || self.cameras().iter().any(|camera| camera.session().is_some());
        let mut changes = self.changes();
        let wait = async { while sessions() && changes.changed().await.is_ok() {} };
        let _ = tokio::time::timeout(ENDING, wait).await;
        let recorders = std::mem::take(&mut self.lock().recorders);
        let _ = tokio::time::timeout(ENDING, async {
            for recorder in recorders {
                let _ = recorder.await;
            }
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
