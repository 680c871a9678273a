use std::fs::File;
use std::process::{Child, Command};
use std::sync::Arc;
use std::thread;

use nix::sched::{CloneFlags, setns, unshare};
use tappers::Tap;

use crate::Failure;

/// A network namespace with one Ethernet device, whose other side is here.
pub(crate) struct Host {
    namespace: File,
    pub(super) tap: Arc<Tap>,
}

/// The name that the first TAP device of a namespace gets.
const DEVICE: &str = "tap0";

impl Host {
    pub(super) fn open(address: &str) -> Result<Self, Failure> {
        // A namespace is a thread's.
        let opened = thread::scope(|scope| scope.spawn(Self::open_here).join());
        let host = opened.map_err(|_| "the thread of a namespace panicked")??;
        host.ip(&["link", "set", "lo", "up"])?;
        host.ip(&["addr", "add", &format!("{address}/16"), "brd", "+", "dev", DEVICE])?;
        host.ip(&["link", "set", DEVICE, "up"])?;
        Ok(host)
    }

    fn open_here() -> Result<Self, Failure> {
        unshare(CloneFlags::CLONE_NEWNET).map_err(|error| format!("no network namespace: {error}"))?;
        let tap = Tap::new().map_err(|error| format!("no TAP device: {error}"))?;
        Ok(Self { namespace: File::open("/proc/thread-self/ns/net")?, tap: Arc::new(tap) })
    }

    pub(super) fn send(&self, frame: &[u8]) {
        // A device that is down takes nothing.
        let _ = self.tap.send(frame);
    }

    /// Starts a process on this host.
    pub(crate) fn spawn(&self, command: &mut Command) -> Result<Child, Failure> {
        let spawned = thread::scope(|scope| {
            let start = || {
                setns(&self.namespace, CloneFlags::CLONE_NEWNET)?;
                command.spawn()
            };
            scope.spawn(start).join()
        });
        Ok(spawned.map_err(|_| "the thread of a namespace panicked")??)
    }

    /// The host's address is another one from now on.
    pub(crate) fn set_address(&self, address: &str) -> Result<(), Failure> {
        self.ip(&["addr", "flush", "dev", DEVICE])?;
        self.ip(&["addr", "add", &format!("{address}/16"), "brd", "+", "dev", DEVICE])
    }

    /// Longer packets leave the host in fragments from now on.
    pub(crate) fn set_mtu(&self, mtu: u32) -> Result<(), Failure> {
        self.ip(&["link", "set", DEVICE, "mtu", &mtu.to_string()])
    }

    fn ip(&self, arguments: &[&str]) -> Result<(), Failure> {
        let status = self.spawn(Command::new("ip").args(arguments))?.wait()?;
        if !status.success() {
            return Err(format!("ip {}: {status}", arguments.join(" ")).into());
        }
        Ok(())
    }
}
