//! `RAISE` → `raise` with the error written out. The platform's error is a free name; the DSL's has a type and a status.

use serde_json::{Map, Value, json};

use super::{Kind, task};
use crate::stigmer::convert::context::Context;
use crate::stigmer::convert::expression;
use crate::stigmer::convert::rules::Rules;
use crate::stigmer::tasks::RaiseTaskConfig;

/// Where the standard types of errors live.
const TYPES: &str = "https://serverlessworkflow.io/spec/1.0.0/errors/";

/// The standard types with their status. A name such as `ValidationError` means one of them, every other is a `runtime` error.
const STANDARD: [(&str, u16); 8] = [
    ("runtime", 500),
    ("configuration", 400),
    ("validation", 400),
    ("expression", 400),
    ("authentication", 401),
    ("authorization", 403),
    ("timeout", 408),
    ("communication", 500),
];

impl Kind for RaiseTaskConfig {
    fn check(&self, rules: &mut Rules<'_>) {
        rules.text("error", &self.error);
        rules.text("message", &self.message);
    }

    fn body(self, context: &mut Context) -> Map<String, Value> {
        let (type_, status) = standard(&self.error);
        let error = json!({
            "type": type_,
            "status": status,
            "title": expression::text(&self.error, context),
            "detail": expression::text(&self.message, context),
        });
        task("raise", json!({ "error": error }))
    }
}

fn standard(error: &str) -> (String, u16) {
    let name = error.trim().to_ascii_lowercase();
    let name = name.strip_suffix("error").unwrap_or(&name).trim_end_matches([' ', '-', '_']);
    let slug = name.rsplit('/').next().unwrap_or(name);
    let known = STANDARD.iter().find(|(standard, _)| *standard == slug).unwrap_or(&STANDARD[0]);
    // An error that is given as a type already keeps it.
    let is_uri = error.contains("://") && !error.contains("${") && !error.contains(char::is_whitespace);
    (if is_uri { error.to_owned() } else { format!("{TYPES}{}", known.0) }, known.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_errors() {
        for (error, expected, status) in [
            ("ValidationError", "https://serverlessworkflow.io/spec/1.0.0/errors/validation", 400),
            ("timeout", "https://serverlessworkflow.io/spec/1.0.0/errors/timeout", 408),
            ("OutOfStock", "https://serverlessworkflow.io/spec/1.0.0/errors/runtime", 500),
            ("${ $data.kind }", "https://serverlessworkflow.io/spec/1.0.0/errors/runtime", 500),
            ("https://example.com/errors/authorization", "https://example.com/errors/authorization", 403),
        ] {
            assert_eq!(standard(error), (expected.to_owned(), status), "{error}");
        }
    }
}
