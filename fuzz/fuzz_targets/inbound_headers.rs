#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cobo_tests::property::inbound_headers(data));
