//! Local activity `workflow_runner/resolve-definition`: the text of another workflow. `{"namespace", "name", "version", "org"}` →
//! `{"yaml", "version", "env"?}`, where `latest` has become the version that it is now, and `env` are the variables that the workflow brings itself.
//!
//! `definitions.dir` comes first, then the control plane, which knows a workflow by organisation and slug. What neither has is missing for this
//! attempt's caller: the error is final, and the document's `try` decides.

use std::collections::BTreeMap;

use temporalio_sdk::activities::ActivityError;

use super::{ExecutionActivities, definition, failure};
use crate::effects::EffectError;
use crate::effects::definitions::Lookup;
use crate::expr::Data;
use crate::stigmer::Stigmer;
use crate::stigmer::convert::Queues;
use crate::stigmer::wf::Workflow;

const LATEST: &str = "latest";

pub(super) async fn run(activities: &ExecutionActivities, wanted: &Data) -> Result<Data, ActivityError> {
    let missing = match activities.definitions.look(wanted).await.map_err(|e| failure::of_effect(&e))? {
        Lookup::Found(found) => return Ok(answer(found.yaml, found.version, BTreeMap::new())),
        Lookup::Missing(missing) => missing,
    };
    match &activities.stigmer {
        Some(stigmer) => of_platform(stigmer, &activities.queues, &Wanted::read(wanted), missing).await,
        None => Err(failure::of_effect(&missing)),
    }
}

fn answer(yaml: String, version: String, env: BTreeMap<String, String>) -> Data {
    let answer = Data::object([("yaml", Data::from(yaml)), ("version", Data::from(version))]);
    if env.is_empty() { answer } else { answer.with("env", Data::object(env.into_iter().map(|(name, value)| (name, Data::from(value))))) }
}

struct Wanted {
    namespace: String,
    name: String,
    version: String,
    org: String,
}

impl Wanted {
    fn read(wanted: &Data) -> Self {
        let text = |key: &str| wanted.get(key).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
        Self { namespace: text("namespace"), name: text("name"), version: text("version"), org: text("org") }
    }
}

/// `missing` is what the folder said.
async fn of_platform(stigmer: &Stigmer, queues: &Queues, wanted: &Wanted, missing: EffectError) -> Result<Data, ActivityError> {
    let and = |what: String| {
        let before = missing.detail.as_deref().map(|detail| format!("{detail}; ")).unwrap_or_default();
        failure::of_effect(&missing.clone().with_detail(format!("{before}{what}")))
    };
    // Without an organisation the platform would look in all of them.
    if wanted.org.is_empty() {
        return Err(and("the control plane was not asked: this run belongs to no organisation".to_owned()));
    }
    let slug = wanted.name.to_lowercase();
    let workflow = match stigmer.workflow_by_reference(&wanted.org, &slug).await {
        Ok(workflow) => workflow,
        Err(e) if e.is_not_found() => {
            return Err(and(format!("the control plane has no workflow `{slug}` in organisation `{}`", wanted.org)));
        }
        Err(e) if e.is_retryable() => return Err(failure::retryable("Unavailable", e.to_string())),
        Err(e) => return Err(and(e.to_string())),
    };
    let yaml = definition::yaml(&workflow, queues).map_err(|refusal| and(refusal.text))?;
    let found = definition::identity(&yaml).ok_or_else(|| and("what the control plane has is no definition".to_owned()))?;
    if found.namespace != wanted.namespace || (wanted.version != LATEST && found.version != wanted.version) {
        return Err(and(format!("the control plane has `{}/{}`, version `{}`", found.namespace, found.name, found.version)));
    }
    Ok(answer(yaml, found.version, defaults(&workflow)))
}

/// The values of the workflow's own `env_spec`. Not those of secrets: a result stands in the history.
fn defaults(workflow: &Workflow) -> BTreeMap<String, String> {
    let declared = workflow.spec.iter().filter_map(|spec| spec.env_spec.as_ref()).flat_map(|env| &env.data);
    let open = declared.filter(|(_, entry)| !entry.is_secret && !entry.value.is_empty());
    open.map(|(name, entry)| (name.clone(), entry.value.clone())).collect()
}
