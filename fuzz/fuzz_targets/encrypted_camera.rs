#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tutk_fuzzing::encrypted_camera(data));
