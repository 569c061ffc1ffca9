#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(init: fuzzed::targets::init(), |data: &[u8]| fuzzed::targets::data(data));
