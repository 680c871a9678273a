//! Reads the header of an ELF file, to say why the loader did not want it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// What a binary runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Machine {
    bits: u8,
    big_endian: bool,
    id: u16,
}

/// What is wrong with the file itself, if anything.
pub(crate) fn advice(path: &Path) -> Option<String> {
    let metadata = path.metadata().ok()?;
    if metadata.is_dir() {
        return Some("it is a folder".into());
    }
    let mut header = [0; 20];
    let read = File::open(path).ok()?.read_exact(&mut header);
    if metadata.len() == 0 {
        return Some("the file is empty".into());
    }
    if read.is_err() || !header.starts_with(b"\x7fELF") {
        return Some("it is no library at all: its first bytes are not those of an ELF file".into());
    }
    let this = Machine::here();
    match Machine::read(&header) {
        Some(machine) if this.is_some_and(|this| this != machine) => {
            let this = this.map(Machine::name).unwrap_or_default();
            Some(format!("it is for {}, and this program runs on {this}; get the one for this machine", machine.name()))
        }
        _ => None,
    }
}

impl Machine {
    fn here() -> Option<Self> {
        let mut header = [0; 20];
        File::open("/proc/self/exe").ok()?.read_exact(&mut header).ok()?;
        Self::read(&header)
    }

    fn read(header: &[u8; 20]) -> Option<Self> {
        let bits = match header[4] {
            1 => 32,
            2 => 64,
            _ => return None,
        };
        let big_endian = header[5] == 2;
        let id = [header[18], header[19]];
        Some(Self { bits, big_endian, id: if big_endian { u16::from_be_bytes(id) } else { u16::from_le_bytes(id) } })
    }

    fn name(self) -> String {
        let name = match self.id {
            3 | 62 => "x86",
            8 => "MIPS",
            20 | 21 => "PowerPC",
            22 => "S/390",
            40 | 183 => "ARM",
            42 => "SuperH",
            243 => "RISC-V",
            258 => "LoongArch",
            id => return format!("machine {id} ({} bits)", self.bits),
        };
        let endian = if self.big_endian { ", big-endian" } else { "" };
        format!("{name} ({} bits{endian})", self.bits)
    }
}
