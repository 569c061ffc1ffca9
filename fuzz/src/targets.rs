//! One function per target: takes any bytes, and panics where something does not hold. That it comes back soon is seen by who calls it.

use std::panic;

use serde_json::Value;

use crate::expr::marker::Markers;
use crate::expr::{Data, EvalError, Fuel, Program, Variables, compile, eval};
use crate::plan::{build, check};

/// Enough for what is interesting, little enough for many runs in a second.
const FUEL: u64 = 20_000;
/// Stands between an expression and its input.
const SEPARATOR: &str = "\n---\n";

pub const TARGETS: [(&str, fn(&[u8])); 3] = [("document", document), ("expression", expression), ("data", data)];

/// Panics within an evaluation are caught there, and are errors: they must not end the process before. Those that nobody catches do.
pub fn init() {
    panic::set_hook(Box::new(|info| eprintln!("{info}")));
}

/// A definition is read, resolved and compiled, or refused with a place for each reason.
pub fn document(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Err(error) = build(text, "fuzz.yaml") {
        assert!(error.diagnostics.iter().any(|diagnostic| diagnostic.prevents_run()), "refused for no reason");
        for diagnostic in &error.diagnostics {
            assert!(!diagnostic.to_string().is_empty());
        }
    }
    drop(check(text, "fuzz.yaml"));
}

struct Secrets(Data);

impl Variables for Secrets {
    fn get(&self, _: usize) -> Data {
        self.0.clone()
    }
}

/// An expression is evaluated: twice with the same outcome and the same fuel, its result is JSON, and secrets stay whole.
pub fn expression(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let (source, input) = text.split_once(SEPARATOR).unwrap_or((text, "null"));
    let Ok(program) = compile(source, &[("secrets", 0)]) else { return };
    let input = Data::parse(input.as_bytes()).unwrap_or_default();
    let (result, left) = evaluate(&program, &input);
    let (again, left_again) = evaluate(&program, &input);
    assert_eq!(left, left_again, "the fuel of an evaluation must not differ");
    match (result, again) {
        (Ok(one), Ok(other)) => {
            assert_eq!(one.to_string(), other.to_string());
            check_json(&one);
        }
        (Err(one), Err(other)) => {
            assert_eq!(one, other);
            assert!(program.looks_inside_secrets().is_none() || one != EvalError::OutOfFuel || left == 0);
        }
        (one, other) => panic!("once {one:?}, then {other:?}"),
    }
}

fn evaluate(program: &Program, input: &Data) -> (Result<Data, EvalError>, u64) {
    let names = ["a".to_owned(), "b".to_owned()];
    let secrets = Secrets(Markers::new("fuzz").object(&names));
    let fuel = Fuel::new(FUEL);
    (eval(program, input, &secrets, &fuel), fuel.left())
}

fn check_json(data: &Data) {
    let text = data.to_string();
    let read = Data::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(read.to_string(), text);
    assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
    let markers = Markers::new("fuzz");
    let filled = markers.swap_in(data, &|_| Some("value".to_owned())).unwrap_or_else(|missing| panic!("{missing}"));
    assert!(markers.names_in(&filled).is_empty(), "a marker is left in {filled}");
}

/// JSON is read as others read it, or refused; markers are found in any text.
pub fn data(bytes: &[u8]) {
    if let Ok(data) = Data::parse(bytes) {
        check_json(&data);
        let value: Value = match serde_json::from_slice(bytes) {
            Ok(value) => value,
            // Of a key that stands there twice, the first value counts for nothing here, and is still refused by others.
            Err(error) if error.to_string().contains("number out of range") => return,
            Err(error) => panic!("others do not read {data}: {error}"),
        };
        assert_eq!(Data::from(&value).to_json(), value);
        // An integer has no negative zero.
        if !bytes.windows(2).any(|pair| pair == b"-0") {
            assert_eq!(data.to_json(), value);
        }
    }
    if let Ok(text) = str::from_utf8(bytes) {
        let markers = Markers::new("fuzz");
        let names = markers.names_in_text(text);
        let filled = markers.swap_in_text(text, &|name| names.contains(name).then(String::new));
        assert!(filled.is_ok(), "a name that was not told is asked for");
    }
}
