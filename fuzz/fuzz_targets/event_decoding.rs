#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cobo_tests::property::event_decoding(data));
