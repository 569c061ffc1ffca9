//! The search attribute by which a run is found that listens for events. Its name stands in the server: never change it.

use temporalio_common::protos::temporal::api::common::v1::{Payload, SearchAttributes};

use super::child::WORKFLOW_TYPE;
use super::payload;

/// Keyword list: types of events, as they stand in the document.
pub const ATTRIBUTE: &str = "WorkflowRunnerListens";
/// Stands for every type.
pub const ANY: &str = "*";

/// The server takes 2 KB in one attribute; a run with more than this listens to everything.
const LIMIT_BYTES: usize = 1_500;

/// The attribute's value; none for a run that does not listen.
#[must_use]
pub fn value(types: &[String]) -> Option<Payload> {
    let bytes: usize = types.iter().map(|name| name.len() + 3).sum();
    match types {
        [] => None,
        _ if bytes > LIMIT_BYTES => Some(payload::json(&[ANY])),
        types => Some(payload::json(&types)),
    }
}

/// What a start or a child is given; none for a run that does not listen.
#[must_use]
pub fn attributes(types: &[String]) -> Option<SearchAttributes> {
    value(types).map(|value| SearchAttributes { indexed_fields: [(ATTRIBUTE.to_owned(), value)].into() })
}

/// The runs that may want an event of this type.
#[must_use]
pub fn query(event_type: &str) -> String {
    let quoted = event_type.replace('\\', r"\\").replace('\'', r"\'");
    format!("WorkflowType = '{WORKFLOW_TYPE}' AND ExecutionStatus = 'Running' AND ({ATTRIBUTE} = '{quoted}' OR {ATTRIBUTE} = '{ANY}')")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_found_by_what_it_listens_to() {
        let value = |types: &[&str]| value(&types.iter().map(ToString::to_string).collect::<Vec<_>>()).map(|payload| payload.data);
        assert_eq!(value(&[]), None);
        assert_eq!(value(&["a.b", "c"]), Some(br#"["a.b","c"]"#.to_vec()));
        assert_eq!(value(&["x".repeat(1_600).as_str()]), Some(br#"["*"]"#.to_vec()));
    }

    #[test]
    fn a_type_cannot_leave_its_quotes() {
        assert!(query(r"a' OR 'b'='b\").contains(r"WorkflowRunnerListens = 'a\' OR \'b\'=\'b\\'"));
    }
}
