#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tutk::wyze::fuzz::wyze(data));
