//! What the loader says of files that are no library of the vendor.
#![allow(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};

use tutk_sys::{Library, LoadError};

/// A folder that goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tutk-sys-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn fail(path: &Path) -> LoadError {
    // SAFETY: none of the files here has code of its own; libm's is known.
    unsafe { Library::load(Some(path)) }.unwrap_err()
}

/// The C library's mathematics, which every process of this kind has at hand.
fn libm() -> PathBuf {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let libc = maps.lines().find_map(|line| line.split_whitespace().nth(5).filter(|path| path.contains("libc.so")));
    Path::new(libc.expect("the tests run with a shared C library")).with_file_name("libm.so.6")
}

#[test]
fn no_file() {
    let folder = Folder::new("no-file");
    let path = folder.0.join("nothing.so");
    let error = fail(&path);
    assert_eq!(error.attempts.len(), 1);
    assert_eq!(error.attempts[0].path, path);
    assert!(error.to_string().contains("No such file"), "{error}");
}

#[test]
fn a_folder_without_any_says_all_names() {
    let folder = Folder::new("folder");
    let text = fail(&folder.0).to_string();
    for name in ["libIOTCAPIs_ALL.so", "libIOTCAPIs.so"] {
        assert!(text.contains(folder.0.join(name).to_str().unwrap()), "{text}");
    }
}

#[test]
fn a_text_file() {
    let folder = Folder::new("text");
    let error = fail(&folder.file("libIOTCAPIs_ALL.so", b"<html>404 Not Found</html>"));
    assert!(error.to_string().contains("it is no library at all"), "{error}");
    let error = fail(&folder.file("empty.so", b""));
    assert!(error.to_string().contains("it is no library at all"), "{error}");
}

#[test]
fn another_architecture() {
    let folder = Folder::new("machine");
    let mut content = fs::read(libm()).unwrap();
    for (machine, name) in [(8, "MIPS"), (21, "PowerPC"), (243, "RISC-V")] {
        // The machine's number is at byte 18, in the file's own byte order.
        let number: u16 = machine;
        let bytes = if content[5] == 2 { number.to_be_bytes() } else { number.to_le_bytes() };
        if content[18..20] == bytes {
            continue;
        }
        content[18..20].copy_from_slice(&bytes);
        let text = fail(&folder.file(&format!("{name}.so"), &content)).to_string();
        assert!(text.contains("it was made for another processor"), "{text}");
    }
}

#[test]
fn a_library_of_something_else() {
    let error = fail(&libm());
    assert!(error.to_string().contains("IOTC_Initialize2"), "{error}");
    assert!(error.to_string().contains("no library of the vendor"), "{error}");
}

#[test]
fn half_of_a_pair_names_the_other() {
    let folder = Folder::new("half");
    let error = fail(&folder.file("libAVAPIs.so", b"text"));
    assert!(error.to_string().contains("libIOTCAPIs.so"), "{error}");
}
