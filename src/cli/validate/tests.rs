use serde_json::{Value, json};

use super::*;
use crate::dsl::{Label, codes};

const TEXT: &str = "document: {dsl: '1.0.3', namespace: test, name: a, version: '1.0.0'}\ndo:\n  - get:\n      call: http\n      wiht: {}\n  - put: {set: {x: .y}}\n";

fn checked(name: &str, text: &str, strict: bool) -> Checked {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("definition");
    std::fs::write(&file, text).unwrap();
    let mut document = Document::read(&file).unwrap();
    name.clone_into(&mut document.name);
    check(document, Path::new(name), strict)
}

#[test]
fn json_has_one_object_per_problem() {
    let shown = json::array(&[checked("a.yaml", TEXT, false), checked("b.yaml", "do: []", false)]);
    let all: Vec<Value> = serde_json::from_str(&shown).unwrap();
    assert_eq!(all.len(), shown.lines().count() - 2, "one line each");
    let first = all.iter().find(|problem| problem["code"] == codes::UNKNOWN_KEY).unwrap();
    assert_eq!((&first["file"], &first["severity"], &first["help"]), (&json!("a.yaml"), &json!("error"), &json!("did you mean `with`?")));
    assert_eq!((&first["span"]["line"], &first["span"]["column"], &first["reference"]), (&json!(5), &json!(7), &json!("/do/0/get")));
    assert!(all.iter().any(|problem| problem["file"] == "b.yaml" && problem["code"] == codes::MISSING_KEY));
    assert_eq!(json::array(&[]), "[]\n");
}

#[test]
fn strict_makes_errors_of_warnings() {
    let valid = TEXT.replace("wiht: {}", "with: {method: get, endpoint: 'http://a.test'}");
    let severities = |strict| checked("a.yaml", &valid, strict).diagnostics.iter().map(|found| found.severity).collect::<Vec<_>>();
    assert_eq!((severities(false), severities(true)), (vec![Severity::Warning], vec![Severity::Error]));
}

#[test]
fn github_commands_are_escaped() {
    let mut found = checked("in, out/a:b%.yaml", TEXT, false);
    let problem = found.diagnostics.iter_mut().find(|problem| problem.code == codes::UNKNOWN_KEY).unwrap();
    problem.message = "100%: first,\nsecond".to_owned();
    let shown = github::commands(&[found]);
    let line = "::error file=in%2C out/a%3Ab%25.yaml,line=5,col=7,endColumn=11,title=E0201::100%25: first,%0Asecond%0Ahelp: did you mean `with`?\n";
    assert!(shown.contains(line), "{shown}");
    assert!(shown.contains("::warning file=") && shown.lines().all(|line| line.starts_with("::")), "{shown}");
}

#[test]
fn sarif_names_rules_places_and_regions() {
    let mut found = checked("with space/ä.yaml", TEXT, false);
    let span = found.diagnostics[0].span;
    found.diagnostics[0].labels.push(Label { span, text: "again".to_owned() });
    let log: Value = serde_json::from_str(&sarif::log(&[found])).unwrap();
    let run = &log["runs"][0];
    assert_eq!((&log["version"], run["tool"]["driver"]["rules"].as_array().unwrap().len()), (&json!("2.1.0"), codes::ALL.len()));
    let result = run["results"].as_array().unwrap().iter().find(|result| result["ruleId"] == codes::UNKNOWN_KEY).unwrap();
    let rule = &run["tool"]["driver"]["rules"][usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
    assert_eq!((&rule["id"], &rule["defaultConfiguration"]["level"]), (&json!(codes::UNKNOWN_KEY), &json!("error")));
    assert!(rule["help"]["markdown"].as_str().unwrap().contains("```yaml"), "{rule}");
    let place = &result["locations"][0];
    assert_eq!(place["physicalLocation"]["artifactLocation"]["uri"], "with%20space/%C3%A4.yaml");
    assert_eq!(place["physicalLocation"]["region"], json!({"startLine": 5, "startColumn": 7, "endLine": 5, "endColumn": 11}));
    assert_eq!(place["logicalLocations"][0]["fullyQualifiedName"], "/do/0/get");
    assert!(run["results"].as_array().unwrap().iter().any(|result| result["relatedLocations"][0]["message"]["text"] == "again"));
}

#[test]
fn a_region_ends_where_its_text_does() {
    let text = "ab\ncdé\nf";
    let span = |start, end| Span { start, end, line: 1, column: start + 1 };
    assert_eq!([end_of(&span(0, 1), text), end_of(&span(1, 7), text), end_of(&span(1, 9), text)], [(1, 2), (2, 4), (3, 2)]);
    assert_eq!(end_of(&span(90, 99), text), (1, 91), "beyond the text");
}

#[test]
fn the_summary_counts() {
    let found = [checked("a.yaml", TEXT, false), checked("b.yaml", TEXT, true)];
    assert_eq!(summary(&found, 0), "2 files checked: 5 errors, 1 warning");
    assert_eq!(summary(&[], 1), "0 files checked: no problems, 1 file not read");
}

#[test]
fn a_file_of_tests_is_no_definition() {
    let text = "cases:\n  - {name: a, expect: {ouput: 1}}\n";
    let problems = checked("a.test.yaml", text, false).diagnostics;
    assert_eq!(problems[0].code, codes::UNKNOWN_KEY, "{problems:?}");
    assert!(checked("a.test.yaml", &text.replace("ouput", "output"), false).diagnostics.is_empty());
    assert_eq!(checked("a.yaml", text, false).diagnostics[0].code, codes::MISSING_KEY);
}
