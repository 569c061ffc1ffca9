use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::Value;

use super::*;
use crate::cli::document::Document;
use crate::dsl::{self, Report};

fn validator() -> Validator {
    jsonschema::options().build(&definition()).unwrap()
}

fn json(text: &str) -> Value {
    dsl::load(&mut Report::new(text, "text.yaml")).unwrap_or_else(|| panic!("not YAML:\n{text}")).to_json()
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn here(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// Definitions in `folder`: YAML files with a `document`.
fn definitions(folder: &Path) -> Vec<(PathBuf, Value)> {
    let texts = files(folder, "yaml").into_iter().map(|file| {
        let text = Document::read(&file).unwrap().text;
        (file, json(&text))
    });
    texts.filter(|(_, definition)| definition.get("document").is_some()).collect()
}

fn faults(validator: &Validator, definition: &Value) -> Vec<String> {
    validator.iter_errors(definition).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn it_is_a_schema() {
    assert!(jsonschema::meta::is_valid(&definition()));
}

#[test]
fn examples_are_valid() {
    let validator = validator();
    let examples = definitions(&here("examples"));
    assert!(examples.len() > 10, "examples were not found");
    for (file, definition) in examples {
        assert_eq!(faults(&validator, &definition), [""; 0], "{}", file.display());
    }
}

/// The specification's own, where they are at hand.
#[test]
fn documents_of_the_specification_are_told_apart() {
    let Some(folder) = std::env::var_os("OWS_SPEC_DIR").map(PathBuf::from) else {
        eprintln!("OWS_SPEC_DIR is not set: the specification's documents were not looked at");
        return;
    };
    let validator = validator();
    for (file, definition) in definitions(&folder.join("examples")) {
        assert_eq!(faults(&validator, &definition), [""; 0], "{}", file.display());
    }
    // One of them has a key twice and is no YAML for us.
    for file in files(&folder.join("invalid"), "yaml") {
        let text = Document::read(&file).unwrap().text;
        let read = dsl::load(&mut Report::new(&text, "invalid.yaml"));
        assert!(read.is_none_or(|node| !validator.is_valid(&node.to_json())), "{}", file.display());
    }
}

/// Pages have a wrong and a right example per code: what the readers' shapes refuse, the schema refuses.
#[test]
fn wrong_shapes_are_refused_and_right_ones_are_not() {
    let validator = validator();
    let shapes = ["E0201", "E0202", "E0203", "E0204", "E0205", "E0206", "E0207", "E0208", "E0209", "E0210", "E0211", "E0302"];
    for code in shapes {
        let page = dsl::codes::pages::page(code).unwrap();
        let examples: Vec<&str> = page.split("```yaml\n").skip(1).map(|part| part.split("```").next().unwrap()).collect();
        let document = "document: {dsl: '1.0.3', namespace: test, name: page, version: '1.0.0'}\n";
        let whole = |text: &str| if text.contains("document:") { text.to_owned() } else { format!("{document}{text}") };
        assert!(!validator.is_valid(&json(&whole(examples[0]))), "{code}: the wrong example");
        assert_eq!(faults(&validator, &json(&whole(examples[1]))), [""; 0], "{code}: the right example");
    }
}

/// Every key that a reader of the language knows, taken from the tables in its source.
#[test]
fn every_key_of_every_shape_occurs() {
    let schema = definition();
    let mut keys = std::collections::BTreeSet::new();
    properties(&schema, &mut keys);
    let mut shapes = 0;
    for file in files(&here("src/dsl"), "rs") {
        let text = std::fs::read_to_string(&file).unwrap();
        for table in text.split("keys: &[").skip(1) {
            shapes += 1;
            let table = table.split(']').next().unwrap();
            for key in table.split('"').skip(1).step_by(2) {
                assert!(keys.contains(key), "`{key}` of {} is not in the schema", file.display());
            }
        }
    }
    assert!(shapes > 40, "the shapes were not found");
}

fn properties(schema: &Value, keys: &mut std::collections::BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                keys.extend(properties.keys().cloned());
            }
            members.values().for_each(|member| properties(member, keys));
        }
        Value::Array(items) => items.iter().for_each(|item| properties(item, keys)),
        _ => {}
    }
}

/// By trial of all types at each level this would take for ever.
#[test]
fn depth_costs_no_more_than_it_has() {
    let deep = (0..40).fold(serde_json::json!({"sett": {}}), |inner, at| {
        let list = serde_json::json!([{"t": inner}]);
        match at % 3 {
            0 => serde_json::json!({"do": list}),
            1 => serde_json::json!({"for": {"in": ".x"}, "do": list}),
            _ => serde_json::json!({"try": list, "catch": {}}),
        }
    });
    let document = serde_json::json!({"dsl": "1.0.3", "namespace": "a", "name": "b", "version": "1.0.0"});
    assert_eq!(faults(&validator(), &serde_json::json!({"document": document, "do": [{"t": deep}]})).len(), 1);
}
