#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| socialai_fuzz::webhook_body("linkedin", body));
