//! Is the control plane there, does it take the key, has it the services that a worker calls. Every probe asks for what cannot be there.
//!
//! | answer | means |
//! |---|---|
//! | ok, `NotFound`, `InvalidArgument`, `FailedPrecondition` | the service answers |
//! | `Unauthenticated`, `PermissionDenied` | the key is not accepted |
//! | `Unimplemented` | the control plane is of another version |
//! | `Unavailable`, `DeadlineExceeded` | it is not reachable |
//! | anything else | it answers, and something is wrong with it |

use futures::future::{BoxFuture, FutureExt, join_all};
use temporalio_client::tonic::Code;
use url::Url;

use super::finding::{Finding, failed, ok, skipped, warning};
use super::{RPC_DEADLINE, Site, certificate};
use crate::cli::reload;
use crate::config::StigmerSettings;
use crate::stigmer::ar::ApiResourceOwnerScope;
use crate::stigmer::wfx::WorkflowExecutionStatus;
use crate::stigmer::{Stigmer, StigmerError};

/// Nobody has it.
const NOBODY: &str = "workflow-runner-doctor";

const RIGHT_PORT: &str = "set STIGMER_BACKEND_ENDPOINT to the gRPC port of a control plane of the version that this worker was made for";

type Answers = Vec<(&'static str, Result<(), StigmerError>)>;

pub(super) async fn look(site: &Site) -> Vec<Finding> {
    let Some(settings) = &site.config.stigmer else {
        return vec![skipped("there is none (STIGMER_BACKEND_ENDPOINT): ExecuteWorkflow, agents and validateWorkflow are not served")];
    };
    let client = match client(settings) {
        Ok(client) => client,
        Err(problem) => {
            return vec![failed(format!("wrongly configured: {problem}"), "correct STIGMER_BACKEND_ENDPOINT and STIGMER_API_KEY")];
        }
    };
    let certificate = async {
        match Url::parse(&settings.uri()) {
            Ok(target) if settings.tls => certificate::of_server(&target, None, (site.now)()).await,
            _ => None,
        }
    };
    let (answers, certificate) = futures::join!(join_all(probes(&client)), certificate);
    let mut findings = judge(&settings.uri(), settings.tls, &answers);
    findings.extend(certificate);
    findings
}

/// # Errors
/// What is wrong with the settings, in words.
pub(super) fn client(settings: &StigmerSettings) -> Result<Stigmer, String> {
    reload::stigmer(settings, RPC_DEADLINE).map(|(client, _)| client)
}

fn probes(client: &Stigmer) -> Vec<BoxFuture<'_, (&'static str, Result<(), StigmerError>)>> {
    let execution = async { ("WorkflowExecutionQueryController/get", client.get_execution(NOBODY).await.map(drop)) };
    // An empty id is refused, whatever the status.
    let status = async {
        ("WorkflowExecutionCommandController/updateStatus", client.update_status("", WorkflowExecutionStatus::default()).await.map(drop))
    };
    let workflow = async { ("WorkflowQueryController/get", client.get_workflow(NOBODY).await.map(drop)) };
    let instance = async { ("WorkflowInstanceQueryController/get", client.get_instance(NOBODY).await.map(drop)) };
    let agent = async {
        ("AgentQueryController/getByReference", client.agent_by_reference("", NOBODY, ApiResourceOwnerScope::Unspecified).await.map(drop))
    };
    let agents = async { ("AgentExecutionQueryController/list", client.list_agent_executions(NOBODY, "").await.map(drop)) };
    vec![execution.boxed(), status.boxed(), workflow.boxed(), instance.boxed(), agent.boxed(), agents.boxed()]
}

fn judge(uri: &str, tls: bool, answers: &Answers) -> Vec<Finding> {
    let errors: Vec<(&str, &StigmerError)> = answers.iter().filter_map(|(name, answer)| Some((*name, answer.as_ref().err()?))).collect();
    let with = |codes: &[Code]| errors.iter().find(|(_, e)| codes.contains(&e.code)).map(|(_, e)| *e);
    if let Some(error) = with(&[Code::Unavailable, Code::DeadlineExceeded]) {
        return vec![failed(format!("{uri} is not reachable: {}", error.message), unreachable_fix(tls, &error.message))];
    }
    if let Some(error) = with(&[Code::Unauthenticated, Code::PermissionDenied]) {
        return vec![failed(
            format!("{uri} does not accept the key: {}", error.message),
            "set STIGMER_API_KEY to a key that is valid there",
        )];
    }
    let mut findings = Vec::new();
    let missing: Vec<&str> = errors.iter().filter(|(_, e)| e.code == Code::Unimplemented).map(|(name, _)| *name).collect();
    if missing.len() == answers.len() {
        return vec![failed(format!("{uri} is no control plane: it knows none of its services"), RIGHT_PORT)];
    }
    if !missing.is_empty() {
        findings.push(failed(format!("{uri} does not know {}: it is of another version", missing.join(", ")), RIGHT_PORT));
    }
    let expected = [Code::NotFound, Code::InvalidArgument, Code::FailedPrecondition, Code::Unimplemented];
    for (name, error) in errors.iter().filter(|(_, e)| !expected.contains(&e.code)) {
        findings.push(warning(format!("{name} answers {:?}: {}", error.code, error.message), "look at the log of the control plane"));
    }
    if findings.is_empty() {
        let secured = if tls { "TLS" } else { "plaintext" };
        findings.push(ok(format!("{uri} answers ({secured}, key accepted, {} services)", answers.len())));
    }
    findings
}

fn unreachable_fix(tls: bool, message: &str) -> &'static str {
    let text = message.to_lowercase();
    if tls && ["corrupt", "invalidcontenttype", "certificate", "tls", "eof"].iter().any(|word| text.contains(word)) {
        return "its certificate is not accepted, or it speaks no TLS: then set STIGMER_SERVICE_USE_TLS=false";
    }
    if !tls && ["frame", "h2", "http2", "reset", "closed", "broken"].iter().any(|word| text.contains(word)) {
        return "it may want TLS: set STIGMER_SERVICE_USE_TLS=true";
    }
    "start it, or set STIGMER_BACKEND_ENDPOINT to where it listens (host:port)"
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn the_table_above() {
        let error = |code: Code| StigmerError { code, method: "/a.b.C/d", message: "why".to_owned() };
        let all = |answer: Result<(), StigmerError>| vec![("A/a", Ok(())), ("B/b", answer)];
        for (answer, level, text) in [
            (Ok(()), Level::Ok, "key accepted, 2 services"),
            (Err(error(Code::NotFound)), Level::Ok, "plaintext"),
            (Err(error(Code::InvalidArgument)), Level::Ok, "http://h:1"),
            (Err(error(Code::Unauthenticated)), Level::Failed, "does not accept the key: why"),
            (Err(error(Code::PermissionDenied)), Level::Failed, "does not accept the key"),
            (Err(error(Code::Unimplemented)), Level::Failed, "does not know B/b: it is of another version"),
            (Err(error(Code::Unavailable)), Level::Failed, "is not reachable: why"),
            (Err(error(Code::DeadlineExceeded)), Level::Failed, "is not reachable"),
            (Err(error(Code::Internal)), Level::Warning, "B/b answers Internal: why"),
        ] {
            let findings = judge("http://h:1", false, &all(answer));
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert!(findings[0].level == level && findings[0].found.contains(text), "{findings:?}");
        }
    }
}
