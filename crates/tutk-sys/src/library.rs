#![allow(unsafe_code)]

use std::fmt;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use libloading::os::unix::{Library as Handle, RTLD_GLOBAL, RTLD_NOW};
use once_cell::sync::OnceCell;

use crate::{Attempt, Av, Iotc, LoadError};

const SINGLE: &str = "libIOTCAPIs_ALL.so";
const PAIR: (&str, &str) = ("libIOTCAPIs.so", "libAVAPIs.so");
/// Newer pairs have the licence in a third library.
const GLOBAL: &str = "libTUTKGlobalAPIs.so";

/// A loaded library of the vendor, in two groups of functions. Each has every function that a session needs; the others may be
/// missing, and calling one of those panics: look at the field of its name first.
///
/// It stays in memory until the process ends, because it may have threads left that run its code.
pub struct Library {
    iotc: ManuallyDrop<Iotc>,
    /// Once they are asked for: a search needs none of them.
    av: OnceCell<ManuallyDrop<Av>>,
    candidate: Candidate,
}

/// A file with everything in it, or the two of a pair.
struct Candidate {
    iotc: PathBuf,
    av: Option<PathBuf>,
}

impl Library {
    /// Loads the single library or the pair: from `path`, which is a file (one of a pair stands for both) or a folder,
    /// or without it by the usual names from where the system's loader looks.
    ///
    /// Nothing is taken from the current directory unless `path` names it, and a failure is not remembered. The second of a
    /// pair is loaded by [`av`](Self::av).
    ///
    /// # Safety
    ///
    /// This runs the library's code, now, in [`av`](Self::av), and with each of its functions. The caller answers for `path` being one of the
    /// vendor's libraries, or one that offers the same functions as `include/tutk.h` describes.
    pub unsafe fn load(path: Option<&Path>) -> Result<Self, LoadError> {
        let mut attempts = Vec::new();
        for candidate in candidates(path)? {
            // SAFETY: as the caller promises.
            match unsafe { candidate.load() } {
                Ok(library) => return Ok(library),
                Err(attempt) => attempts.push(attempt),
            }
        }
        Err(LoadError { attempts })
    }

    /// Whether loading `path` would load this one.
    pub fn is_named_by(&self, path: &Path) -> bool {
        candidates(Some(path)).is_ok_and(|candidates| {
            candidates.iter().find(|candidate| candidate.iotc.exists()).is_some_and(|found| found.iotc == self.path())
        })
    }

    /// The functions for finding and connecting.
    pub fn iotc(&self) -> &Iotc {
        &self.iotc
    }

    /// The functions for login, frames and IO controls. They are loaded once; after a failure, the next call tries again.
    pub fn av(&self) -> Result<&Av, LoadError> {
        let av = self.av.get_or_try_init(|| {
            // SAFETY: as the caller of `load` promised.
            let av = unsafe { self.candidate.load_av() }.map_err(|attempt| LoadError { attempts: vec![attempt] })?;
            Ok(ManuallyDrop::new(av))
        })?;
        Ok(av)
    }

    /// The file that it came from (of a pair, the one with the IOTC functions), or the name that the system's loader
    /// found.
    pub fn path(&self) -> &Path {
        &self.candidate.iotc
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Library").field("path", &self.path()).finish_non_exhaustive()
    }
}

/// What `path` can stand for.
fn candidates(path: Option<&Path>) -> Result<Vec<Candidate>, LoadError> {
    let Some(path) = path else { return Ok(usual(Path::new(""))) };
    let failed = |problem: String| LoadError { attempts: vec![Attempt::new(path, problem)] };
    // An absolute path, because the loader searches elsewhere for a name without a slash.
    let path = std::path::absolute(path).map_err(|error| failed(error.to_string()))?;
    if path.is_dir() {
        return Ok(usual(&path));
    }
    let single = vec![Candidate { iotc: path.clone(), av: None }];
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Ok(single) };
    if name.contains("AVAPIs") {
        let iotc = path.with_file_name(name.replace("AVAPIs", "IOTCAPIs"));
        return Ok(vec![Candidate { iotc, av: Some(path) }]);
    }
    let av = path.with_file_name(name.replace("IOTCAPIs", "AVAPIs"));
    Ok(if av != path && av.exists() { vec![Candidate { iotc: path, av: Some(av) }] } else { single })
}

/// The usual names in a folder, or by themselves for the system's loader.
fn usual(folder: &Path) -> Vec<Candidate> {
    vec![
        Candidate { iotc: folder.join(SINGLE), av: None },
        Candidate { iotc: folder.join(PAIR.0), av: Some(folder.join(PAIR.1)) },
    ]
}

impl Candidate {
    /// # Safety
    ///
    /// As for [`Library::load`].
    unsafe fn load(self) -> Result<Library, Attempt> {
        let handle = if self.av.is_none() {
            // SAFETY: as the caller promises.
            unsafe { open(&self.iotc, RTLD_NOW) }?
        } else {
            let global = self.iotc.with_file_name(GLOBAL);
            if global.has_root() && global.exists() {
                // Not unloaded: the pair's symbols may be bound to it.
                // SAFETY: as the caller promises.
                std::mem::forget(unsafe { open(&global, RTLD_NOW | RTLD_GLOBAL) }?);
            }
            // The second of the pair takes the functions of the first from the process.
            // SAFETY: as the caller promises.
            unsafe { open(&self.iotc, RTLD_NOW | RTLD_GLOBAL) }?
        };
        // SAFETY: the types are those of `include/tutk.h`, and the caller promises that the library has the same.
        let iotc = unsafe { Iotc::from_library(handle) }.map_err(|error| Attempt::refused(&self.iotc, &error))?;
        check(&self.iotc, missing_iotc(&iotc))?;
        Ok(Library { iotc: ManuallyDrop::new(iotc), av: OnceCell::new(), candidate: self })
    }

    /// # Safety
    ///
    /// As for [`Library::load`].
    unsafe fn load_av(&self) -> Result<Av, Attempt> {
        let (path, flags) = match &self.av {
            None => (&self.iotc, RTLD_NOW),
            Some(av) => (av, RTLD_NOW | RTLD_GLOBAL),
        };
        // SAFETY: as the caller promises.
        let handle = unsafe { open(path, flags) }?;
        // SAFETY: the types are those of `include/tutk.h`, and the caller promises that the library has the same.
        let av = unsafe { Av::from_library(handle) }.map_err(|error| Attempt::refused(path, &error))?;
        check(path, missing_av(&av))?;
        Ok(av)
    }
}

/// # Safety
///
/// As for [`Library::load`]: this runs the library's constructors.
unsafe fn open(path: &Path, flags: i32) -> Result<Handle, Attempt> {
    // SAFETY: the caller answers for what the library's constructors do.
    unsafe { Handle::open(Some(path), flags) }.map_err(|error| Attempt::refused(path, &error))
}

/// Fails if functions are missing.
fn check(path: &Path, missing: Vec<&'static str>) -> Result<(), Attempt> {
    if missing.is_empty() {
        return Ok(());
    }
    let mut names = missing.iter().take(3).copied().collect::<Vec<_>>().join(", ");
    if missing.len() > 3 {
        names = format!("{names} and {} more", missing.len() - 3);
    }
    Err(Attempt::new(path, format!("lacks the functions {names}")).advise(
        "it is no library of the vendor, or only a part of one: the pair is libIOTCAPIs.so and libAVAPIs.so in one folder",
    ))
}

macro_rules! absent {
    ($($table:ident.$name:ident),*) => {
        [$((stringify!($name), $table.$name.is_err())),*]
    };
}

fn names<const N: usize>(functions: [(&'static str, bool); N]) -> Vec<&'static str> {
    functions.into_iter().filter(|(_, absent)| *absent).map(|(name, _)| name).collect()
}

/// The functions without which there is neither a search nor a session.
fn missing_iotc(iotc: &Iotc) -> Vec<&'static str> {
    names(absent![
        iotc.IOTC_Get_Version,
        iotc.IOTC_Initialize2,
        iotc.IOTC_DeInitialize,
        iotc.IOTC_Get_SessionID,
        iotc.IOTC_Connect_ByUID_Parallel,
        iotc.IOTC_Session_Check,
        iotc.IOTC_Session_Close
    ])
}

/// The functions without which there is no login and no media.
fn missing_av(av: &Av) -> Vec<&'static str> {
    let mut missing = names(absent![
        av.avInitialize,
        av.avDeInitialize,
        av.avClientStop,
        av.avSendIOCtrl,
        av.avRecvIOCtrl,
        av.avRecvFrameData2,
        av.avRecvAudioData
    ]);
    if av.avClientStart2.is_err() && av.avClientStartEx.is_err() {
        missing.push("avClientStart2");
    }
    missing
}
