//! A request of `executeAsync`, checked.

use super::refusal::Refusal;
use crate::plan;
use crate::stigmer::wfr::WorkflowExecuteInput;

/// The name that diagnostics give the definition.
pub(super) const FILE: &str = "workflow.yaml";
/// Findings that a refusal lists.
const FINDINGS_MAX: usize = 20;
/// With what stands around it, Temporal takes ids of 1,000 bytes.
const ID_MAX_BYTES: usize = 500;

/// What somebody wants to be run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub execution_id: String,
    /// None: the control plane has it.
    pub yaml: Option<String>,
}

impl Order {
    /// # Errors
    /// There is no id, or the definition would not run.
    pub fn of(request: WorkflowExecuteInput) -> Result<Self, Refusal> {
        let WorkflowExecuteInput { workflow_execution_id, workflow_yaml, .. } = request;
        let execution_id = execution_id("workflow_execution_id", workflow_execution_id)?;
        let yaml = (!workflow_yaml.trim().is_empty()).then_some(workflow_yaml);
        Ok(Self { execution_id, yaml })
    }
}

/// An id that can be part of a workflow's.
pub(super) fn execution_id(field: &str, id: String) -> Result<String, Refusal> {
    if id.is_empty() {
        return Err(Refusal::Invalid(format!("{field} is required")));
    }
    if id.len() > ID_MAX_BYTES || id.contains(char::is_control) {
        return Err(Refusal::Invalid(format!("{field}: up to {ID_MAX_BYTES} bytes without control characters are taken")));
    }
    Ok(id)
}

/// # Errors
/// Everything that keeps the definition from running.
pub(super) async fn check(yaml: &str) -> Result<(), Refusal> {
    let text = yaml.to_owned();
    // A large definition takes a while.
    let findings = tokio::task::spawn_blocking(move || {
        let findings = plan::check(&text, FILE);
        findings.iter().filter(|finding| finding.prevents_run()).map(ToString::to_string).collect::<Vec<_>>()
    });
    let findings = findings.await.map_err(|error| Refusal::Unavailable(format!("the definition could not be checked: {error}")))?;
    if findings.is_empty() {
        return Ok(());
    }
    let more = findings.len().saturating_sub(FINDINGS_MAX);
    let mut lines = vec!["the definition is not valid:".to_owned()];
    lines.extend(findings.into_iter().take(FINDINGS_MAX));
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    Err(Refusal::Invalid(lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(id: &str, yaml: &str) -> WorkflowExecuteInput {
        WorkflowExecuteInput { workflow_execution_id: id.to_owned(), workflow_yaml: yaml.to_owned() }
    }

    #[test]
    fn an_order_has_an_id_and_maybe_a_definition() {
        assert_eq!(Order::of(request("e", " \n")), Ok(Order { execution_id: "e".to_owned(), yaml: None }));
        assert_eq!(Order::of(request("e", "x")).unwrap().yaml.as_deref(), Some("x"));
        assert!(Order::of(request("", "x")).unwrap_err().to_string().contains("workflow_execution_id is required"));
        for id in ["a\nb", &"x".repeat(501)] {
            assert!(matches!(Order::of(request(id, "x")), Err(Refusal::Invalid(_))), "{id}");
        }
    }

    #[tokio::test]
    async fn a_definition_that_would_not_run_is_refused_with_all_that_is_wrong() {
        let head = "document: {dsl: '1.0.3', namespace: a, name: b, version: 0.1.0}\n";
        assert_eq!(check(&format!("{head}do:\n- a: {{set: {{x: 1}}}}")).await, Ok(()));
        let refused =
            check(&format!("{head}do:\n- a: {{sets: {{x: 1}}}}\n- b: {{set: {{x: '${{ .x + }}'}}}}")).await.unwrap_err().to_string();
        assert!(refused.contains("did you mean `set`") && refused.lines().count() >= 3, "{refused}");
        let many = (0..30).map(|n| format!("- t{n}: {{sets: {{x: 1}}}}\n")).collect::<Vec<_>>().concat();
        let refused = check(&format!("{head}do:\n{many}")).await.unwrap_err().to_string();
        assert!(refused.contains("more") && refused.lines().count() <= 22, "{refused}");
    }
}
