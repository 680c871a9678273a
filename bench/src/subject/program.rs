use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use tutk::Uid;

use super::Source;
use crate::Failure;
use crate::load::{FRAME_HEAD, is_frame_head};
use crate::meter::Meter;

/// A program that writes frames; it ends when this is dropped.
pub(super) struct Program(Child);

impl Program {
    /// The Python program `tutk_ipcamera_proxy.py`.
    pub(super) fn python(meter: &Arc<Meter>, program: &Path, uid: Uid) -> Result<Self, Failure> {
        let mut command = Command::new("python3");
        command.arg(program).args(["--quiet", "stream", "-u", "admin", "-p", "", "-f", "-", "-d"]).arg(uid.to_string());
        // It loads the library from the folder that it runs in.
        command.current_dir(program.parent().ok_or("the program is in no folder")?);
        Self::start(meter, command)
    }

    /// A program over go2rtc's `pkg/tutk`: HOST:PORT UID PASSWORD SECONDS FILE.
    pub(super) fn go2rtc(meter: &Arc<Meter>, program: &Path, source: Source) -> Result<Self, Failure> {
        let mut command = Command::new(program);
        let address = format!("127.0.0.1:{}", source.port);
        command.args([&address, &source.uid.to_string(), "", "3600", "/dev/stdout"]);
        Self::start(meter, command)
    }

    fn start(meter: &Arc<Meter>, mut command: Command) -> Result<Self, Failure> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let meter = meter.clone();
        thread::spawn(move || read(output, &meter));
        Ok(Self(child))
    }

    /// Whose time is measured.
    pub(super) fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Finds the beginnings of frames in what it writes. A frame counts when its beginning is here.
fn read(mut output: impl Read, meter: &Meter) -> io::Result<()> {
    let (mut bytes, mut len) = (vec![0; 1 << 20], 0);
    loop {
        let read = output.read(&mut bytes[len..])?;
        if read == 0 {
            return Ok(());
        }
        len += read;
        meter.count(0, read);
        for head in bytes[..len].windows(FRAME_HEAD).filter(|bytes| is_frame_head(bytes)) {
            meter.head(head);
        }
        // What may be a beginning of a beginning is looked at again.
        let keep = len.min(FRAME_HEAD - 1);
        bytes.copy_within(len - keep..len, 0);
        len = keep;
    }
}
