//! The smallest viewer on a library with the vendor's interface: the floor for what an application of it pays.
#![allow(unsafe_code)]

use std::ffi::{CString, c_char, c_int};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tutk::{Uid, io_control};
use tutk_sys::Library;
use tutk_sys::codes::{AV_ER_DATA_NOREADY, AV_ER_INCOMPLETE_FRAME, AV_ER_LOSED_THIS_FRAME};

use crate::Failure;
use crate::meter::Meter;

/// What applications of the library usually sleep when nothing has come.
const SLEEP: Duration = Duration::from_millis(10);
/// Room for a frame, far more than the camera's largest has.
const ROOM: usize = 4 << 20;
const TIMEOUT_SECONDS: u32 = 10;

/// A session that asks for frames until it is dropped.
pub(super) struct Loop {
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Loop {
    pub(super) fn start(meter: &Arc<Meter>, library: PathBuf, uid: Uid) -> Result<Self, Failure> {
        let viewer = Viewer::open(&library, uid)?;
        let ends = Arc::new(AtomicBool::new(false));
        let (meter, ending) = (meter.clone(), ends.clone());
        let thread = thread::spawn(move || {
            let mut frame = vec![0; ROOM];
            while !ending.load(Ordering::Relaxed) {
                match viewer.receive(&mut frame) {
                    Ok(Some(frame)) => meter.frame(frame),
                    Ok(None) => thread::sleep(SLEEP),
                    Err(error) => return eprintln!("{error}"),
                }
            }
        });
        Ok(Self { ends, thread: Some(thread) })
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// From connecting to the first frame; the library is initialised before.
pub(super) fn first_frame(library: &Path, uid: Uid) -> Result<Duration, Failure> {
    let library = load(library)?;
    let begin = Instant::now();
    let viewer = Viewer::connect(library, uid)?;
    let mut frame = vec![0; ROOM];
    while viewer.receive(&mut frame)?.is_none() {
        thread::sleep(SLEEP);
    }
    Ok(begin.elapsed())
}

struct Viewer {
    library: Library,
    session: c_int,
    channel: c_int,
}

fn check(what: &str, result: c_int) -> Result<c_int, Failure> {
    if result < 0 { Err(format!("{what} returned {result}").into()) } else { Ok(result) }
}

fn load(path: &Path) -> Result<Library, Failure> {
    // SAFETY: who runs this names the library as one of the vendor's, or it is ours.
    let library = unsafe { Library::load(Some(path)) }?;
    // SAFETY: the arguments are numbers.
    unsafe {
        // Fails where it was done before; what matters fails later.
        library.iotc().IOTC_Initialize2(0);
        library.av()?.avInitialize(4);
    }
    Ok(library)
}

impl Viewer {
    fn open(path: &Path, uid: Uid) -> Result<Self, Failure> {
        Self::connect(load(path)?, uid)
    }

    fn connect(library: Library, uid: Uid) -> Result<Self, Failure> {
        let uid = CString::new(uid.to_string())?;
        // SAFETY: the string ends with a NUL and outlives the call; the rest are numbers.
        let session = check("IOTC_Connect_ByUID_Parallel", unsafe {
            let number = library.iotc().IOTC_Get_SessionID();
            library.iotc().IOTC_Connect_ByUID_Parallel(uid.as_ptr(), number)
        })?;
        let (mut service, mut resend) = (0, 0);
        // SAFETY: the strings end with a NUL, and all pointers outlive the call.
        let channel = check("avClientStart2", unsafe {
            let (account, password) = (c"admin".as_ptr(), c"".as_ptr());
            let seconds = TIMEOUT_SECONDS.into();
            library.av()?.avClientStart2(session, account, password, seconds, &mut service, 0, &mut resend)
        })?;
        let viewer = Self { library, session, channel };
        let body = [0_u8; 8];
        // SAFETY: the pointer is to as many bytes as the size says.
        check("avSendIOCtrl", unsafe {
            viewer.library.av()?.avSendIOCtrl(channel, io_control::START_VIDEO, body.as_ptr().cast(), 8)
        })?;
        Ok(viewer)
    }

    /// The next frame, if there is one.
    fn receive<'a>(&self, room: &'a mut [u8]) -> Result<Option<&'a [u8]>, Failure> {
        let mut info = [0_u8; 64];
        let (mut len, mut expected, mut info_len, mut number) = (0, 0, 0, 0);
        // SAFETY: the buffers have as many bytes as their sizes say, and the other pointers are to whole integers.
        let result = unsafe {
            self.library.av()?.avRecvFrameData2(
                self.channel,
                room.as_mut_ptr().cast::<c_char>(),
                room.len() as c_int,
                &mut len,
                &mut expected,
                info.as_mut_ptr().cast::<c_char>(),
                info.len() as c_int,
                &mut info_len,
                &mut number,
            )
        };
        match result {
            AV_ER_DATA_NOREADY => Ok(None),
            // The camera of this program sends again, so this is rare.
            AV_ER_INCOMPLETE_FRAME | AV_ER_LOSED_THIS_FRAME => Ok(None),
            len => Ok(room.get(..check("avRecvFrameData2", len)? as usize)),
        }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        // SAFETY: the arguments are numbers that the library gave.
        unsafe {
            if let Ok(av) = self.library.av() {
                av.avClientStop(self.channel);
            }
            self.library.iotc().IOTC_Session_Close(self.session);
        }
    }
}
