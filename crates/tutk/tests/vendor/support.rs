//! The library that does as the tests want, and sessions through it.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use libloading::Library;
use tutk::{
    AvEvent, ConnectError, DiscoverError, DiscoverOptions, DiscoveredCamera, Events, Session, SessionError,
    SessionOptions, ViewerEvent, discover,
};

/// Far more than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// The library, compiled once, and a copy of it that is another library to the loader.
pub(crate) static FAKE: LazyLock<(PathBuf, PathBuf)> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("vendor");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let (library, copy) = (folder.join("libIOTCAPIs_ALL.so"), folder.join("copy.so"));
    compile(&library, "*");
    fs::copy(&library, &copy).unwrap();
    (library, copy)
});

/// Makes a library that has the functions of these names.
pub(crate) fn compile(library: &Path, names: &str) {
    let script = library.with_extension("script");
    fs::write(&script, format!("{{ global: {names}; local: *; }};")).unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vendor/fake.c");
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut command = Command::new(compiler);
    // A copy that is still loaded, for all to see, must not answer calls from one of its functions to another.
    command.args(["-shared", "-fPIC", "-O1", "-w", "-Wl,-Bsymbolic", "-o"]).arg(library).arg(source);
    assert!(command.arg(format!("-Wl,--version-script={}", script.display())).status().unwrap().success());
}

/// The process has one library, so one test at a time.
pub(crate) struct Alone(#[expect(dead_code)] MutexGuard<'static, ()>);

impl Alone {
    pub(crate) fn new() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        Self(ALONE.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn count(&self, name: &str) -> i32 {
        // SAFETY: it is our own library, whose functions of these names take nothing and return an int.
        unsafe {
            let library = Library::new(&FAKE.0).unwrap();
            let function: libloading::Symbol<'_, unsafe extern "C" fn() -> i32> = library.get(name).unwrap();
            function()
        }
    }

    /// From now on, the library answers this call with this; no call is -1.
    pub(crate) fn answer(&self, call: i32, code: i32) {
        // SAFETY: it is our own library, whose function of this name takes two ints and returns nothing.
        unsafe {
            let library = Library::new(&FAKE.0).unwrap();
            let function: libloading::Symbol<'_, unsafe extern "C" fn(i32, i32)> = library.get("fake_answer").unwrap();
            function(call, code);
        }
    }

    /// Whether calls that never end do so all the same.
    pub(crate) fn revive(&self, alive: bool) {
        // SAFETY: it is our own library, whose function of this name takes an int and returns nothing.
        unsafe {
            let library = Library::new(&FAKE.0).unwrap();
            let function: libloading::Symbol<'_, unsafe extern "C" fn(i32)> = library.get("fake_revive").unwrap();
            function(alive.into());
        }
    }

    /// Waits until no session is left, and the library is as before the first one.
    pub(crate) fn wait_for_the_end(&self) {
        let begin = Instant::now();
        while self.count("fake_open") > 0 || self.count("fake_initialized") > 0 {
            assert!(begin.elapsed() < LONG, "{} left", self.count("fake_open"));
            thread::sleep(Duration::from_millis(1));
        }
    }
}

pub(crate) fn options(uid: &str) -> SessionOptions {
    let mut options = SessionOptions::new(uid.parse().unwrap());
    options.password = "canary".into();
    options.timeout = LONG;
    options.library = Some(FAKE.0.clone());
    options
}

/// A session with its events.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) session: Session,
    pub(crate) events: Events,
}

impl Open {
    pub(crate) fn receive(&mut self) -> Result<AvEvent, SessionError> {
        match self.events.next_event()? {
            ViewerEvent::Av { channel: 0, event } => Ok(event),
            event => panic!("{event:?}"),
        }
    }
}

impl Deref for Open {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

pub(crate) fn open(options: SessionOptions) -> Result<Open, ConnectError> {
    let (session, events) = Session::connect(options)?.wait()?;
    Ok(Open { session, events })
}

/// A search through the library.
pub(crate) fn search(timeout: Duration) -> Result<Vec<DiscoveredCamera>, DiscoverError> {
    discover(&DiscoverOptions::new().with_library(&FAKE.0).with_timeout(timeout))?.collect()
}

pub(crate) fn fail(options: SessionOptions) -> ConnectError {
    let error = open(options).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    error
}
