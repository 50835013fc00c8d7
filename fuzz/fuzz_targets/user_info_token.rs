#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cobo_tests::property::user_info_token(data));
