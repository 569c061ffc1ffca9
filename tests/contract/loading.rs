//! L1 to L10: documents, read and planned.

use workflow_runner::plan::{self, Diagnostic};
use workflow_runner::stigmer::convert::{self, Queues};
use workflow_runner::stigmer::express::express;

fn document(dsl: &str, tasks: &str) -> String {
    format!("document:\n  dsl: {dsl}\n  namespace: test\n  name: roundtrip-test\n  version: '1.0.0'\ndo:\n{tasks}")
}

/// What keeps a document from running.
fn problems(text: &str) -> Vec<Diagnostic> {
    plan::check(text, "workflow.yaml").into_iter().filter(Diagnostic::prevents_run).collect()
}

fn loads(id: &str, text: &str) {
    let problems = problems(text);
    assert!(problems.is_empty(), "{id}: {problems:?}");
    plan::build(text, "workflow.yaml").unwrap_or_else(|error| panic!("{id}: {error}"));
}

const SET: &str = "  - one:\n      set:\n        a: '1'\n";

#[test]
fn l1_an_unquoted_version_of_the_dsl() {
    loads("L1", &document("1.0.0", SET));
}

#[test]
fn l2_a_version_of_the_dsl_that_is_too_old() {
    for dsl in ["0.9.0", "'0.8.0'"] {
        let problems = problems(&document(dsl, SET));
        // Told by a code of its own, with the versions that are read.
        assert!(problems.iter().any(|problem| problem.code == "E0206"), "L2: {problems:?}");
    }
}

#[test]
fn l3_and_l4_what_is_no_document() {
    assert!(!problems("invalid content: [").is_empty(), "L3");
    let told = problems("do:\n  - one:\n      set:\n        a: 1\n");
    assert!(told.iter().any(|problem| problem.message.contains("`document`")), "L4: {told:?}");
}

/// L5: YAML → specification → YAML → specification → YAML.
#[test]
fn l5_a_document_goes_there_and_back() {
    let first = document("1.0.0", "  - one:\n      set:\n        a: '1'\n  - two:\n      set:\n        b: ${ $data.a }\n");
    let there = express(&first, &Queues::new()).expect("L5").spec;
    let second = convert::to_yaml(&there, &Queues::new()).expect("L5");
    let again = express(&second, &Queues::new()).expect("L5").spec;
    let third = convert::to_yaml(&again, &Queues::new()).expect("L5");
    assert_eq!((&there, &second), (&again, &third), "L5");
    let (before, after) = (plan::build(&first, "a").expect("L5"), plan::build(&third, "b").expect("L5"));
    assert_eq!((before.namespace, before.name, before.version), (after.namespace, after.name, after.version), "L5");
}

#[test]
fn l6_expressions_in_an_endpoint() {
    let http = r#"  - call:
      call: http
      with:
        method: GET
        endpoint:
          uri: ${ .env.API_BASE_URL + "/data" }
          authentication:
            bearer:
              token: ${ .env.TOKEN }
"#;
    loads("L6", &document("1.0.0", http));
    // The platform's form has no authentication of its own, and says so; without it the document goes there and back.
    let refused = express(&document("1.0.0", http), &Queues::new()).expect_err("L6");
    assert!(refused[0].to_string().contains("write it as a header"), "L6: {refused:?}");
    let plain = http.split("          authentication").next().expect("a text");
    let spec = express(&document("1.0.0", plain), &Queues::new()).expect("L6").spec;
    loads("L6 again", &convert::to_yaml(&spec, &Queues::new()).expect("L6"));
}

/// L7: either outcome was accepted; here a template with an expression in it is told, with what to write.
#[test]
fn l7_text_around_an_expression_in_an_endpoint() {
    let http = "  - call:\n      call: http\n      with:\n        method: GET\n        endpoint: ${API_BASE_URL}/data\n";
    let told = plan::check(&document("1.0.0", http), "workflow.yaml");
    assert!(!told.is_empty(), "L7");
}

#[test]
fn l8_and_l10_lists_of_tasks() {
    let http = "  - two:\n      call: http\n      with:\n        method: GET\n        endpoint: https://example.com\n";
    let three = document("1.0.0", &format!("{SET}{http}{}", SET.replace("one", "three")));
    assert_eq!(plan::build(&three, "workflow.yaml").expect("L8").root.tasks.len(), 3, "L8");
    loads("L10", &document("1.0.0", &format!("{SET}{}{}", SET.replace("one", "two"), SET.replace("one", "three"))));
}

#[test]
fn l9_a_task_of_no_type() {
    let told = problems(&document("1.0.0", "  - one:\n      unknown_field: value\n"));
    assert!(!told.is_empty(), "L9");
}
