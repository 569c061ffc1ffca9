//! Programs and other workflows, started for real by a document.

use std::rc::Rc;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::effects::RealCalls;
use super::real_calls::effects;
use super::{Report, Trial, data, seconds};
use crate::config::DefinitionSettings;
use crate::effects::definitions::Definitions;
use crate::engine::Outcome;
use crate::expr::marker::Markers;

const AGENT: &str = "name: reviewer\nkind: scripted\nreply: x\ndelay: 20m";

/// Registered workflows of the namespace `pets`, version 1.0.0 each.
fn registry(workflows: &[(&str, &str)]) -> (TempDir, Definitions) {
    let dir = TempDir::new().expect("a folder");
    let definitions = Definitions::new(&DefinitionSettings { dir: Some(dir.path().to_owned()) });
    for (name, tasks) in workflows {
        let text = format!("document: {{dsl: '1.0.3', namespace: pets, name: {name}, version: 1.0.0}}\n{tasks}");
        definitions.register("pets", name, "1.0.0", &text, false).expect("registered");
    }
    (dir, definitions)
}

fn run(tasks: &str, input: Value, workflows: &[(&str, &str)]) -> Report {
    let (_dir, definitions) = registry(workflows);
    let mut trial = Trial::new(tasks, input);
    trial.start.secrets = Markers::new("run").object(&["KEY".to_owned()]);
    trial.calls = Rc::new(RealCalls::new(crate::local::effects::Effects { definitions, ..effects(AGENT) }));
    trial.run()
}

#[test]
fn a_program_gets_the_secret_and_its_output_hides_it() {
    let tasks = r#"
use: {secrets: [KEY]}
do:
- shell: {run: {shell: {command: 'cat; printf "%s %s" "$KEY" "$1"', stdin: '${ $secrets.KEY + "\n" }', arguments: [a], environment: {KEY: '${ $secrets.KEY }'}}}, export: {as: .}}
- script: {run: {script: {language: js, code: 'console.log(process.env.KEY.length, process.env.KEY)', environment: {KEY: '${ $secrets.KEY }'}}}, output: {as: '${ [$context, .] }'}}
"#;
    let marker = Markers::new("run").mark("KEY");
    let expected = json!([format!("{marker}\n{marker} a"), format!("9 {marker}\n")]);
    assert_eq!(run(tasks, json!({}), &[]).outcome, Outcome::Completed(data(expected)));
}

#[test]
fn another_workflow_runs_inside_its_parent() {
    let greet = (
        "greet",
        "do:\n- ask: {call: agent, with: {agent: reviewer, message: hi}}\n- greet: {set: {text: '${ \"hello \" + $workflow.input.name }', id: '${ $workflow.id }'}}",
    );
    let tasks = "do:\n- other: {run: {workflow: {namespace: pets, name: greet, input: {name: '${ .name }'}}}}";
    let report = run(tasks, json!({"name": "rex"}), &[greet]);
    assert_eq!((report.output(), report.took), (json!({"text": "hello rex", "id": "run-1/do/0/other"}), seconds(1_200)));
    let both = "do:\n- both: {fork: {branches: [{a: {run: {workflow: {namespace: pets, name: greet}}}}, {b: {wait: PT30M}}]}}\n- took: {set: {done: true}}";
    let report = run(both, json!({"name": "rex"}), &[greet]);
    assert_eq!((report.output(), report.took), (json!({"done": true}), seconds(1_800)), "both wait on one clock");
    let late = "do:\n- other: {run: {workflow: {namespace: pets, name: greet}}, timeout: {after: PT1M}}";
    assert_eq!(run(late, json!({"name": "rex"}), &[greet]).fault().status, 408);
}

#[test]
fn what_another_workflow_raises_can_be_caught() {
    let fails =
        ("fails", "do:\n- oops: {raise: {error: {type: 'https://pets.test/bitten', status: 418, title: Bitten, detail: by a dog}}}");
    let tasks = "do:\n- try: {try: [{other: {run: {workflow: {namespace: pets, name: fails}}}}], catch: {errors: {with: {type: 'https://pets.test/bitten', status: 418}}, as: e, do: [{told: {set: '${ $e }'}}]}}";
    let expected = json!({
        "type": "https://pets.test/bitten", "status": 418, "title": "Bitten", "detail": "by a dog", "instance": "/do/0/try/try/0/other",
    });
    assert_eq!(run(tasks, json!({}), &[fails]).output(), expected);
    let invalid = ("invalid", "do: 1");
    let fault =
        |name: &str| run(&format!("do:\n- other: {{run: {{workflow: {{namespace: pets, name: {name}}}}}}}"), json!({}), &[fails, invalid]);
    assert!(fault("invalid").fault().to_string().contains("Invalid definition"));
    let missing = fault("sells").fault().to_string();
    assert!(missing.starts_with("[400]") && missing.contains("workflows of `pets`: fails, invalid"), "{missing}");
}

#[test]
fn a_workflow_that_starts_itself_comes_to_an_end() {
    let again = ("again", "do:\n- again: {run: {workflow: {namespace: pets, name: again}}}");
    let fault = run("do:\n- first: {run: {workflow: {namespace: pets, name: again}}}", json!({}), &[again]).fault().clone();
    assert!(fault.to_string().contains("nested too deeply"), "{fault}");
}

#[test]
fn what_the_two_hosts_refuse_is_the_same() {
    let secret = "use: {secrets: [KEY]}\ndo:\n- other: {run: {workflow: {namespace: pets, name: x, input: {key: '${ $secrets.KEY }'}}}}";
    assert_eq!(run(secret, json!({}), &[]).fault().status, 403);
    let activity = run("do:\n- other: {call: activity, with: {activity: Greet, queue: q}}", json!({}), &[]).fault().clone();
    assert!(activity.status == 400 && activity.to_string().contains("--temporal"), "{activity}");
}
