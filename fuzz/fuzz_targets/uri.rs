#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gsttutk::tutksrc::fuzz::uri(data));
