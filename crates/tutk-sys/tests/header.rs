//! The layouts that the header asserts hold on 32 and 64 bits, for any C compiler.

use std::process::{Command, Stdio};

#[test]
fn layouts_hold_for_every_machine() {
    let clang = |target: &str| {
        Command::new("clang")
            .args(["-ffreestanding", "-fsyntax-only", "-Wall", "-Werror", "-xc", "include/tutk.h"])
            .arg(format!("--target={target}"))
            .stdin(Stdio::null())
            .output()
    };
    for target in ["x86_64-linux-gnu", "i686-linux-gnu", "aarch64-linux-gnu", "arm-linux-gnueabihf", "mips-linux-gnu"] {
        // bindgen needs libclang, which may be there without the compiler.
        let Ok(output) = clang(target) else { return eprintln!("no clang: not checked") };
        assert!(output.status.success(), "{target}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
