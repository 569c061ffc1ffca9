//! Every diagnostic code, once. Codes are stable: a code keeps its meaning for ever and is never given to another problem.
//!
//! `E01xx` the YAML text, `E02xx` the shape of the document, `E03xx` names, `E04xx` expressions, `E05xx` valid language that this runner
//! cannot run yet, `Wxxxx` warnings.
//!
//! Retired, since what they told of can be run now: E0501 to E0504, E0509 to E0512, E0514 to E0516, E0518.

pub mod pages;

use super::diagnostic::Severity;

macro_rules! codes {
    ($($name:ident = $code:literal, $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $name: &str = $code;)*

        /// Code and meaning of every diagnostic, in the order of the codes.
        pub const ALL: &[(&str, &str)] = &[$(($code, $meaning)),*];
    };
}

codes! {
    SYNTAX = "E0101", "The text is not YAML 1.2.";
    TOO_LARGE = "E0102", "The text is larger than a definition may be.";
    TOO_DEEP = "E0103", "Lists and mappings are nested too deeply.";
    TOO_MANY_NODES = "E0104", "The document has too many values, those that aliases repeat included.";
    DUPLICATE_KEY = "E0105", "A mapping has the same key twice.";
    SEVERAL_DOCUMENTS = "E0106", "The text has more than one YAML document.";
    EMPTY_DOCUMENT = "E0107", "The text has no YAML document.";
    MERGE_KEY = "E0108", "Merge keys (`<<`) belong to YAML 1.1 and are not supported.";
    UNKNOWN_TAG = "E0109", "A YAML tag that has no meaning in JSON.";
    BAD_KEY = "E0110", "A mapping key that is no text.";
    BAD_NUMBER = "E0111", "A number that JSON cannot hold exactly.";

    UNKNOWN_KEY = "E0201", "A key that does not belong here.";
    MISSING_KEY = "E0202", "A required key is missing.";
    WRONG_TYPE = "E0203", "A value has the wrong type.";
    BAD_VALUE = "E0204", "A value is not one of those allowed.";
    BAD_DURATION = "E0205", "A duration is not valid.";
    DSL_VERSION = "E0206", "The version of the DSL is not one that this runner reads.";
    BAD_IDENTIFIER = "E0207", "A name or a version is not written as the specification demands.";
    EMPTY = "E0208", "A list or mapping must not be empty.";
    EXCLUSIVE_KEYS = "E0209", "Keys that exclude each other stand together.";
    NO_TASK_TYPE = "E0210", "A task has no key that says what it does.";
    BAD_LIST_ITEM = "E0211", "An item of this list must be a mapping of exactly one name.";
    BAD_URI = "E0212", "An endpoint is not a valid URI template.";
    LONG_REFERENCE = "E0213", "The names down to a task are too long together.";
    BAD_SCHEMA = "E0214", "A schema is not valid, or larger than a schema may be.";

    DUPLICATE_NAME = "E0301", "Two tasks of one list, or two secrets, have the same name.";
    RESERVED_NAME = "E0302", "A task has the name of a flow directive and could never be reached.";
    UNKNOWN_TARGET = "E0303", "A flow directive names no task of its own list.";
    UNKNOWN_REFERENCE = "E0304", "A name is not declared in `use`.";
    BAD_VARIABLE = "E0305", "The name of a loop or catch variable cannot be used.";
    SEVERAL_DEFAULTS = "E0306", "A switch has more than one case without a condition.";
    FUNCTION_CYCLE = "E0307", "Functions call each other in a circle.";
    DEEP_CALLS = "E0308", "Tasks are nested too deeply, those of the functions that they call included.";
    NOT_FETCHED = "E0309", "A document elsewhere that the definition needs was not fetched.";

    BAD_EXPRESSION = "E0401", "An expression does not compile.";
    UNAVAILABLE_VARIABLE = "E0402", "An expression names a variable that does not exist in its place.";
    TOO_MANY_EXPRESSIONS = "E0403", "The document has more expressions than a definition may have.";
    LOOKS_INSIDE_SECRET = "E0404", "An expression looks inside a secret, whose value it never has.";

    CALL_GRPC = "E0505", "`call: grpc` cannot be run yet.";
    CALL_ASYNCAPI = "E0506", "`call: asyncapi` cannot be run yet.";
    CALL_A2A = "E0507", "`call: a2a` cannot be run yet.";
    CALL_MCP = "E0508", "`call: mcp` cannot be run yet.";
    CATALOG = "E0513", "Functions of catalogs cannot be called yet.";
    SCHEDULE = "E0517", "`schedule` cannot be run yet.";
    EXPRESSION_LANGUAGE = "E0519", "Expression languages other than jq cannot be run yet.";
    RELATIVE_ENDPOINT = "E0520", "Endpoints relative to the definition cannot be run yet.";
    OAUTH = "E0521", "Authentication by OAuth 2.0 or OIDC cannot be run yet.";
    RUN_CONTAINER = "E0522", "`run: container` cannot be run yet.";
    SCHEMA_FORMAT = "E0523", "Schemas of other formats than JSON Schema cannot be run yet.";
    ADDRESS_AT_RUN = "E0524", "A document that is needed before the run has an address or authentication that only a run could tell.";

    NEWER_DSL = "W0201", "The document is written for a version of the DSL that this runner does not know.";
    NO_EFFECT = "W0202", "A setting has no effect where it stands.";
    OLD_WORD = "W0203", "A word that newer versions of the DSL have replaced.";
    UNUSED = "W0301", "A component of `use` is never used.";
    UNREACHABLE = "W0302", "The flow never comes to a task.";
    REPEATED_CASE = "W0303", "A case of a switch has the condition of an earlier one.";
    EMBEDDED_EXPRESSION = "W0401", "`${ }` inside longer text is not evaluated in strict mode.";
    LOOKS_LIKE_EXPRESSION = "W0402", "Literal text looks like an expression.";
}

/// What a code means, in one sentence. `None`: there is no such code.
pub fn meaning(code: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == code).map(|(_, meaning)| *meaning)
}

/// How bad a problem of this code is: `W` warns, `E05` tells of what cannot be run yet.
pub fn severity(code: &str) -> Severity {
    match code {
        _ if code.starts_with('W') => Severity::Warning,
        _ if code.starts_with("E05") => Severity::Unsupported,
        _ => Severity::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_each_family_is_in_order() {
        let mut seen = std::collections::BTreeSet::new();
        for pair in ALL.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{} stands before {}", pair[0].0, pair[1].0);
        }
        assert!(ALL.iter().all(|(code, meaning)| seen.insert(*code) && meaning.ends_with('.')));
        assert_eq!(meaning("E0201"), Some("A key that does not belong here."));
        assert_eq!(meaning("E9999"), None);
    }
}
