//! With the control plane, as workflows of an organisation. It validates them itself, by a runner that serves it.

use std::time::Duration;

use super::Checked;
use crate::activities::activity_policy;
use crate::cli::{Exit, reload};
use crate::config::Config;
use crate::stigmer::ar::{ApiResourceMetadata, ApiResourceOwnerScope};
use crate::stigmer::convert::Queues;
use crate::stigmer::express::{Expressed, express};
use crate::stigmer::wf::{Workflow, WorkflowSpec};

/// The control plane waits up to 30 seconds for a runner that validates.
const DEADLINE: Duration = Duration::from_mins(1);

pub(super) async fn register(documents: &[Checked], config: &Config, org: &str) -> Exit {
    let Some(settings) = &config.stigmer else {
        eprintln!("error: there is no control plane: set STIGMER_BACKEND_ENDPOINT and STIGMER_API_KEY");
        return Exit::Usage;
    };
    let client = match reload::stigmer(settings, DEADLINE) {
        Ok((client, _)) => client,
        Err(error) => {
            eprintln!("error: {error}");
            return Exit::Usage;
        }
    };
    let queues = activity_policy::queues(&config.activities);
    let specs: Vec<Option<WorkflowSpec>> = documents.iter().map(|document| expressed(document, &queues)).collect();
    if specs.iter().any(Option::is_none) {
        return Exit::Faulted;
    }
    let mut exit = Exit::Completed;
    for (document, spec) in documents.iter().zip(specs) {
        let Checked { file, namespace, name, version, .. } = document;
        match client.apply_workflow(workflow(name, org, spec)).await {
            Ok(stored) => {
                let id = stored.metadata.map(|metadata| metadata.id).unwrap_or_default();
                println!("{namespace}/{name} {version}: applied as {id}");
            }
            Err(error) => {
                eprintln!("error: {file}: {error}");
                exit = if error.is_unreachable() { Exit::Unreachable } else { Exit::Faulted };
            }
        }
    }
    exit
}

/// The document's form; why it has none goes to stderr.
fn expressed(document: &Checked, queues: &Queues) -> Option<WorkflowSpec> {
    let file = &document.file;
    match express(&document.text, queues) {
        Ok(Expressed { spec, notes }) => {
            notes.iter().for_each(|note| eprintln!("note: {file}: {note}"));
            Some(spec)
        }
        Err(refused) => {
            refused.iter().for_each(|reason| eprintln!("error: {file}: {reason}"));
            eprintln!("hint: the platform's form knows only a part of the language; `apply --to dir` takes the document as it is");
            None
        }
    }
}

fn workflow(name: &str, org: &str, spec: Option<WorkflowSpec>) -> Workflow {
    let metadata = ApiResourceMetadata {
        name: name.to_owned(),
        org: org.to_owned(),
        owner_scope: ApiResourceOwnerScope::Organization.into(),
        ..Default::default()
    };
    Workflow {
        api_version: "agentic.stigmer.ai/v1".to_owned(),
        kind: "Workflow".to_owned(),
        metadata: Some(metadata),
        spec,
        ..Default::default()
    }
}
