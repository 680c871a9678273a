#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| IOTCAPIs_ALL::fuzz::capi(data));
