//! The variables of an execution: its workflow's `env_spec`, then the environments of its instance in their order, then its own `runtime_env`. A
//! later one wins.
//!
//! What any of them calls secret is secret, whoever gives the value: only its name leaves this process. An entry without a value declares a
//! variable and gives it nothing.

use std::collections::BTreeMap;

use super::definition::Refusal;
use crate::stigmer::ar::ApiResourceReference;
use crate::stigmer::arkind::ApiResourceKind;
use crate::stigmer::environment::{Environment, EnvironmentSpec};
use crate::stigmer::exc::ExecutionValue;
use crate::stigmer::wf::Workflow;
use crate::stigmer::wfi::WorkflowInstance;
use crate::stigmer::wfx::WorkflowExecutionSpec;
use crate::stigmer::{Stigmer, StigmerError};

/// By name. Values of secrets are in it: it stays in memory.
pub(super) type Variables = BTreeMap<String, ExecutionValue>;

/// Fetches the instance's environments and merges. `org` is the execution's.
///
/// # Errors
/// An environment is not there, or cannot be asked for.
pub(super) async fn of(
    stigmer: &Stigmer,
    workflow: &Workflow,
    instance: &WorkflowInstance,
    execution: &WorkflowExecutionSpec,
    org: &str,
) -> Result<Variables, Refusal> {
    let mut environments = Vec::new();
    for reference in instance.spec.iter().flat_map(|spec| &spec.env_refs) {
        let reference = whole(reference, org)?;
        let (slug, org) = (reference.slug.clone(), reference.org.clone());
        let found = stigmer.environment_by_reference(reference).await.map_err(|e| unreadable(&slug, &e))?;
        let owner = found.metadata.as_ref().map_or("", |metadata| metadata.org.as_str());
        if !owner.is_empty() && owner != org {
            return Err(Refusal::new(format!("env_refs names '{slug}' of organisation '{org}', and the platform answers with another's")));
        }
        environments.push(found);
    }
    Ok(merged(workflow.spec.as_ref().and_then(|spec| spec.env_spec.as_ref()), &environments, execution))
}

/// A reference that names no organisation means the execution's own: the platform would look in all of them.
fn whole(reference: &ApiResourceReference, org: &str) -> Result<ApiResourceReference, Refusal> {
    let (kind, slug) = (ApiResourceKind::Environment, &reference.slug);
    if reference.kind != 0 && reference.kind() != kind {
        return Err(Refusal::new(format!(
            "env_refs names '{slug}', which is no environment but of kind {}",
            reference.kind().as_str_name()
        )));
    }
    let mut reference = ApiResourceReference { kind: kind.into(), ..reference.clone() };
    if reference.org.is_empty() {
        if org.is_empty() {
            return Err(Refusal::new(format!("env_refs names '{slug}' without an organisation, and the execution has none: name it")));
        }
        org.clone_into(&mut reference.org);
    }
    Ok(reference)
}

fn unreadable(slug: &str, e: &StigmerError) -> Refusal {
    Refusal { retryable: e.is_retryable(), ..Refusal::new(format!("failed to query environment {slug}: {e}")) }
}

fn merged(declared: Option<&EnvironmentSpec>, environments: &[Environment], execution: &WorkflowExecutionSpec) -> Variables {
    let specs = declared.into_iter().chain(environments.iter().filter_map(|environment| environment.spec.as_ref()));
    let given = specs.flat_map(|spec| &spec.data).map(|(name, entry)| (name, &entry.value, entry.is_secret));
    let own = execution.runtime_env.iter().map(|(name, entry)| (name, &entry.value, entry.is_secret));
    let mut variables = Variables::new();
    for (name, value, is_secret) in given.chain(own) {
        let variable = variables.entry(name.clone()).or_default();
        variable.is_secret |= is_secret;
        if !value.is_empty() {
            variable.value.clone_from(value);
        }
    }
    variables.retain(|_, variable| !variable.value.is_empty());
    variables
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stigmer::ar::ApiResourceOwnerScope;
    use crate::stigmer::environment::EnvironmentValue;

    fn spec(entries: &[(&str, &str, bool)]) -> EnvironmentSpec {
        let entry = |(name, value, is_secret): &(&str, &str, bool)| {
            ((*name).to_owned(), EnvironmentValue { value: (*value).to_owned(), is_secret: *is_secret, ..Default::default() })
        };
        EnvironmentSpec { data: entries.iter().map(entry).collect(), ..Default::default() }
    }

    fn environment(entries: &[(&str, &str, bool)]) -> Environment {
        Environment { spec: Some(spec(entries)), ..Default::default() }
    }

    #[test]
    fn later_ones_win_and_a_secret_stays_one() {
        let declared = spec(&[("A", "spec", false), ("B", "spec", false), ("C", "spec", false), ("KEY", "", true), ("NONE", "", true)]);
        let environments =
            [environment(&[("B", "first", false), ("C", "first", false)]), environment(&[("C", "second", false), ("A", "", false)])];
        let own = |value: &str| ExecutionValue { value: value.to_owned(), is_secret: false };
        let runtime_env = [("D".to_owned(), own("own")), ("KEY".to_owned(), own("k"))].into();
        let execution = WorkflowExecutionSpec { runtime_env, ..Default::default() };
        let merged = merged(Some(&declared), &environments, &execution);
        let seen: Vec<_> = merged.iter().map(|(name, v)| (name.as_str(), v.value.as_str(), v.is_secret)).collect();
        assert_eq!(seen, [("A", "spec", false), ("B", "first", false), ("C", "second", false), ("D", "own", false), ("KEY", "k", true)]);
    }

    #[test]
    fn an_environment_is_looked_for_in_the_executions_own_organisation() {
        let reference = |org: &str, scope: ApiResourceOwnerScope| ApiResourceReference {
            org: org.to_owned(),
            scope: scope.into(),
            slug: "prod".to_owned(),
            ..Default::default()
        };
        let within = |reference, org: &str| whole(&reference, org).map(|r| r.org).map_err(|e| e.text);
        let org = |reference| within(reference, "acme");
        assert_eq!(org(reference("", ApiResourceOwnerScope::Unspecified)), Ok("acme".to_owned()));
        assert_eq!(org(reference("zoo", ApiResourceOwnerScope::Organization)), Ok("zoo".to_owned()));
        // No environment belongs to the platform, and one of no organisation would be anybody's.
        assert_eq!(org(reference("", ApiResourceOwnerScope::Platform)), Ok("acme".to_owned()));
        assert!(within(reference("", ApiResourceOwnerScope::Unspecified), "").unwrap_err().contains("without an organisation"));
        let agent = ApiResourceReference { kind: ApiResourceKind::Agent.into(), slug: "a".to_owned(), ..Default::default() };
        assert!(org(agent).unwrap_err().contains("no environment"));
    }
}
