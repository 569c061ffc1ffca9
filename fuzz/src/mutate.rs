//! `mutate TARGET SECONDS DIRECTORY`: runs a target on the files of a directory, then on what comes of changing them, until the time is up.
//!
//! For machines without a C++ compiler, where libFuzzer cannot be built: it finds less, since it does not see what it reaches, but it needs nothing.
//! An input that takes longer than ten seconds, or panics, ends the process; it is left in `crash-TARGET`.

use std::sync::Mutex;
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use fuzzed::targets::{TARGETS, init};

const INPUT_MAX: Duration = Duration::from_secs(10);
const LENGTH_MAX: usize = 4096;
/// What documents and expressions are made of, so that changes make sense now and then.
const WORDS: &str = "[ ] { } ( ) | , : ; . .. // |= += == \" \\( @base64 @json $secrets .a .[] .[1:] .[0] reduce foreach as $x if then else end try \
    catch def f: range(9) recurse until while limit(3; tojson fromjson test( sub( sort_by( group_by( path( walk( 1e9 -1 null true 9999999999 \
    do: set: for: fork: switch: try: raise: call: wait: then: use: &a *a << - ? ! % \u{F0001} \u{F0002} secret:fuzz:a";

/// When the input that is being run began.
static BEGAN: Mutex<Option<Instant>> = Mutex::new(None);

/// xorshift64*: the same inputs each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).unwrap_or(0) % limit.max(1)
    }

    fn change(&mut self, input: &mut Vec<u8>, other: &[u8], words: &[&str]) {
        let at = self.below(input.len() + 1);
        let end = (at + self.below(16)).min(input.len());
        match self.below(6) {
            0 => drop(input.drain(at..end)),
            1 => input.splice(at..at, words[self.below(words.len())].bytes()).for_each(drop),
            2 => input.splice(at..end, words[self.below(words.len())].bytes()).for_each(drop),
            3 => {
                let copy = input[at..end].repeat(1 + self.below(8));
                input.splice(at..at, copy).for_each(drop);
            }
            4 if at < input.len() => input[at] = u8::try_from(self.below(256)).unwrap_or(0),
            _ => {
                let from = self.below(other.len());
                let to = (from + self.below(64)).min(other.len());
                input.splice(at..end, other[from..to].iter().copied()).for_each(drop);
            }
        }
        input.truncate(LENGTH_MAX);
    }
}

fn watch() {
    thread::spawn(|| {
        loop {
            thread::sleep(Duration::from_millis(500));
            let began = BEGAN.lock().ok().and_then(|began| *began);
            if began.is_some_and(|began| began.elapsed() > INPUT_MAX) {
                eprintln!("an input takes too long");
                process::exit(1);
            }
        }
    });
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let [_, name, seconds, directory] = arguments.as_slice() else { usage() };
    let Some((_, target)) = TARGETS.into_iter().find(|(known, _)| known == name) else { usage() };
    let Ok(seconds) = seconds.parse() else { usage() };
    init();
    watch();
    let mut files: Vec<_> = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    let seeds: Vec<Vec<u8>> = files.iter().filter_map(|file| fs::read(file).ok()).collect();
    assert!(!seeds.is_empty(), "no files in {directory}");
    let words: Vec<&str> = WORDS.split(' ').collect();
    let (mut random, begun, mut count) = (Random(0x9E37_79B9_7F4A_7C15), Instant::now(), 0_u64);
    while begun.elapsed() < Duration::from_secs(seconds) {
        let mut input = usize::try_from(count).ok().and_then(|at| seeds.get(at)).cloned().unwrap_or_default();
        if input.is_empty() {
            input.clone_from(&seeds[random.below(seeds.len())]);
            for _ in 0..=random.below(8) {
                let other = random.below(seeds.len());
                random.change(&mut input, &seeds[other], &words);
            }
        }
        run(name, target, &input);
        count += 1;
    }
    println!("{name}: {count} inputs in {seconds} s, all well");
}

fn run(name: &str, target: fn(&[u8]), input: &[u8]) {
    let file = format!("crash-{name}");
    // Written before, since an abort leaves no time after.
    if fs::write(&file, input).is_err() {
        eprintln!("{file} cannot be written");
    }
    if let Ok(mut began) = BEGAN.lock() {
        *began = Some(Instant::now());
    }
    target(input);
    if let Ok(mut began) = BEGAN.lock() {
        *began = None;
    }
    drop(fs::remove_file(&file));
}

fn usage() -> ! {
    let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    eprintln!("mutate TARGET SECONDS DIRECTORY, where TARGET is one of {}", names.join(", "));
    process::exit(64)
}
