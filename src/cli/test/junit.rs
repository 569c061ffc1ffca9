//! Results of cases as `JUnit`'s XML, which build servers read: a suite for each file, in it a case for each case.
//!
//! `time` is the case's own time, which is virtual: how long the workflow would have taken.

use std::fmt::Write as _;

use super::report::Result;
use crate::cli::markup::escaped;

pub fn document(results: &[Result]) -> String {
    let failed = |results: &[Result]| results.iter().filter(|result| !result.passed()).count();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"workflow-runner\" tests=\"{}\" failures=\"{}\">\n",
        results.len(),
        failed(results)
    );
    for suite in results.chunk_by(|one, next| one.file == next.file) {
        let file = escaped(&suite[0].file);
        let _ = writeln!(text, "  <testsuite name=\"{file}\" tests=\"{}\" failures=\"{}\">", suite.len(), failed(suite));
        suite.iter().for_each(|result| case(result, &file, &mut text));
        text.push_str("  </testsuite>\n");
    }
    text + "</testsuites>\n"
}

fn case(result: &Result, file: &str, text: &mut String) {
    let name = escaped(&result.name);
    let _ = write!(text, "    <testcase name=\"{name}\" classname=\"{file}\" file=\"{file}\" time=\"{}\"", result.took.as_secs_f64());
    if result.passed() {
        text.push_str("/>\n");
        return;
    }
    text.push_str(">\n");
    for failure in &result.failures {
        let message = escaped(&format!("{}: {}", failure.what, failure.message));
        let _ = write!(text, "      <failure message=\"{message}\">");
        for (what, value) in [("expected", &failure.expected), ("actual", &failure.actual)] {
            if let Some(value) = value {
                let _ = writeln!(text, "{what}: {}", escaped(&value.to_string()));
            }
        }
        text.push_str("</failure>\n");
    }
    text.push_str("    </testcase>\n");
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use serde_json::json;

    use super::*;
    use crate::cli::test::judge::Failure;

    #[test]
    fn a_suite_for_each_file() {
        let failure = Failure {
            what: "output",
            message: "/a is \"1\" & not <2>".to_owned(),
            expected: Some(json!({"a": 2})),
            actual: Some(json!({"a": 1})),
        };
        let result = |file: &str, name: &str, failures| Result {
            file: file.to_owned(),
            name: name.to_owned(),
            took: SignedDuration::from_millis(1500),
            failures,
        };
        let results =
            [result("a.test.yaml", "one", vec![]), result("a.test.yaml", "two\u{1}", vec![failure]), result("b.test.yaml", "one", vec![])];
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="workflow-runner" tests="3" failures="1">
  <testsuite name="a.test.yaml" tests="2" failures="1">
    <testcase name="one" classname="a.test.yaml" file="a.test.yaml" time="1.5"/>
    <testcase name="two�" classname="a.test.yaml" file="a.test.yaml" time="1.5">
      <failure message="output: /a is &quot;1&quot; &amp; not &lt;2&gt;">expected: {&quot;a&quot;:2}
actual: {&quot;a&quot;:1}
</failure>
    </testcase>
  </testsuite>
  <testsuite name="b.test.yaml" tests="1" failures="0">
    <testcase name="one" classname="b.test.yaml" file="b.test.yaml" time="1.5"/>
  </testsuite>
</testsuites>
"#;
        assert_eq!(document(&results), expected);
    }
}
