//! Generates the two tables of functions, IOTC's and AV's, from the header.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=include/tutk.h");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    // Two tables, because the functions may come in two libraries.
    for (name, prefixes) in
        [("Iotc", "IOTC_|TUTK_SDK_|st_SInfo|st_LanSearchInfo|st_IOTC"), ("Av", "av[A-Z]|AV_|st_AV|st_Frame")]
    {
        let wanted = format!("({prefixes}).*");
        bindgen::Builder::default()
            .header("include/tutk.h")
            .clang_arg("-ffreestanding")
            .allowlist_function(&wanted)
            .allowlist_type(&wanted)
            .allowlist_var(&wanted)
            .dynamic_library_name(name)
            .generate_comments(true)
            .layout_tests(true)
            .merge_extern_blocks(true)
            .generate()
            .expect("include/tutk.h is valid C, and libclang is installed")
            .write_to_file(Path::new(&out).join(format!("{}.rs", name.to_lowercase())))
            .expect("OUT_DIR can be written");
    }
}
