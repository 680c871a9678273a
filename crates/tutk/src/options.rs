use std::path::PathBuf;
use std::time::Duration;

use crate::native::{Address, LocalPorts};
use crate::proto::AuthKey;
use crate::{Backend, Brand, Encryption, Mac, Secret, Uid, backend};

/// Which camera, and how to get in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionOptions {
    /// The camera; if none with this UID is found, the one whose UID is this in upper case.
    pub uid: Uid,
    /// The account; default: `admin`. At most 256 bytes.
    pub account: String,
    /// The account's password; default: empty. At most 256 bytes.
    pub password: Secret,
    /// The key that the camera wants before it gives a session to anybody; default: none. Cameras of SDK 4.x may have one, and a
    /// camera that has none refuses a key. It goes over the network readable by all. Sessions through the vendor's library do
    /// not use it.
    pub auth_key: Option<AuthKey>,
    /// Whether the session logs in to [`channel`](Self::channel) while it connects; default: true. Without it, the application does by a
    /// [`Channel`](crate::Channel). The vendor's library always logs in.
    pub logs_in: bool,
    /// The AV channel to log in to, and which the commands name: default: 0. Recorders and cameras with several lenses may have one for
    /// each.
    pub channel: u8,
    /// Where to ask for the camera; default: on the local networks. The vendor's library asks where it likes.
    pub address: Option<Address>,
    /// The UDP ports of this host that the session may use, so that they can be published or opened; default: any. The
    /// vendor's library chooses its own.
    pub local_ports: Option<LocalPorts>,
    /// Find, connect and log in: each must be done in this time; default: 5 s. To resolve the address belongs to finding.
    /// The vendor's library finds and connects in one step, and has twice the time for it.
    pub timeout: Duration,
    /// No datagram for this long: the session is lost; default: 10 s. A camera sends a keep-alive about every 2 s, so that
    /// less than 5 s loses sessions that live. The vendor's library has its own time, 15 s.
    pub idle_timeout: Duration,
    /// What drives the session; default: [`Backend::Auto`].
    pub backend: Backend,
    /// The vendor's library, a file or a folder; default: the one that the environment variable `TUTK_LIBRARY` names.
    /// With [`Backend::Vendor`] and neither, the usual names are tried where the system's loader looks. Loading it runs
    /// foreign code.
    pub library: Option<PathBuf>,
    /// The licence key that some of the vendor's libraries want; default: none.
    pub license_key: Option<Secret>,
    /// Whether the session is to be encrypted; default: [`Encryption::Auto`]. With [`Encryption::Required`] the attempt fails with
    /// [`ConnectError::NotEncrypted`](crate::ConnectError::NotEncrypted), before a password is sent, if it would not be.
    pub encryption: Encryption,
    /// The application of the camera's maker; default: [`Brand::Generic`]. Others are spoken to by the native backend alone.
    pub brand: Brand,
    /// The camera's MAC address, which [`Brand::Wyze`] makes the authentication key of; default: none.
    pub mac: Option<Mac>,
    /// Whether the application's login asks for video, where a brand has one; default: true. Without, and with
    /// [`Brand::Generic`], [`Session::start_video`](crate::Session::start_video) does.
    pub video: bool,
    /// The same for audio; default: false.
    pub audio: bool,
}

impl SessionOptions {
    /// The defaults for this camera.
    pub fn new(uid: Uid) -> Self {
        Self {
            uid,
            account: "admin".into(),
            password: Secret::default(),
            auth_key: None,
            logs_in: true,
            channel: 0,
            address: None,
            local_ports: None,
            timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(10),
            backend: Backend::Auto,
            library: None,
            license_key: None,
            encryption: Encryption::Auto,
            brand: Brand::Generic,
            mac: None,
            video: true,
            audio: false,
        }
    }

    /// Sets [`account`](Self::account) and [`password`](Self::password).
    #[must_use]
    pub fn with_login(self, account: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self { account: account.into(), password: password.into(), ..self }
    }

    /// Sets [`auth_key`](Self::auth_key).
    #[must_use]
    pub fn with_auth_key(self, auth_key: AuthKey) -> Self {
        Self { auth_key: Some(auth_key), ..self }
    }

    /// Unsets [`logs_in`](Self::logs_in).
    #[must_use]
    pub fn without_login(self) -> Self {
        Self { logs_in: false, ..self }
    }

    /// Sets [`address`](Self::address).
    #[must_use]
    pub fn with_address(self, address: Address) -> Self {
        Self { address: Some(address), ..self }
    }

    /// Sets [`local_ports`](Self::local_ports).
    #[must_use]
    pub fn with_local_ports(self, local_ports: LocalPorts) -> Self {
        Self { local_ports: Some(local_ports), ..self }
    }

    /// Sets [`timeout`](Self::timeout).
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sets [`idle_timeout`](Self::idle_timeout).
    #[must_use]
    pub fn with_idle_timeout(self, idle_timeout: Duration) -> Self {
        Self { idle_timeout, ..self }
    }

    /// Sets [`channel`](Self::channel).
    #[must_use]
    pub fn with_channel(self, channel: u8) -> Self {
        Self { channel, ..self }
    }

    /// Sets [`backend`](Self::backend).
    #[must_use]
    pub fn with_backend(self, backend: Backend) -> Self {
        Self { backend, ..self }
    }

    /// Sets [`library`](Self::library).
    #[must_use]
    pub fn with_library(self, library: impl Into<PathBuf>) -> Self {
        Self { library: Some(library.into()), ..self }
    }

    /// Sets [`license_key`](Self::license_key).
    #[must_use]
    pub fn with_license_key(self, license_key: impl Into<Secret>) -> Self {
        Self { license_key: Some(license_key.into()), ..self }
    }

    /// Sets [`encryption`](Self::encryption).
    #[must_use]
    pub fn with_encryption(self, encryption: Encryption) -> Self {
        Self { encryption, ..self }
    }

    /// Sets [`brand`](Self::brand) to [`Brand::Wyze`], with the camera's [`mac`](Self::mac), and
    /// [`encryption`](Self::encryption) to [`Encryption::Required`]. The [`password`](Self::password) is the ENR.
    #[must_use]
    pub fn with_wyze(self, mac: Mac) -> Self {
        Self { brand: Brand::Wyze, mac: Some(mac), encryption: Encryption::Required, ..self }
    }

    /// Sets [`video`](Self::video) and [`audio`](Self::audio).
    #[must_use]
    pub fn with_streams(self, video: bool, audio: bool) -> Self {
        Self { video, audio, ..self }
    }

    /// Whether the session goes through the vendor's library: [`Backend::Vendor`] asks for it, or a library is named here
    /// or by the environment variable `TUTK_LIBRARY`. Otherwise none is loaded, whatever happens.
    pub fn is_through_library(&self) -> bool {
        match self.backend {
            Backend::Native => false,
            Backend::Vendor => true,
            Backend::Auto => self.library.is_some() || backend::library().is_some(),
        }
    }
}
