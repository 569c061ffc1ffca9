//! Values of secrets for one activity: where they come from on this side of the wire, and how long they are kept.
//!
//! An activity's input names secrets by markers only. The values are looked up here: first in the execution's own variables (see `environment`),
//! fetched from the control plane by execution id, then in what the process was given (`effects::secrets`).

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use temporalio_sdk::activities::ActivityError;

use super::definition::{self, Refusal, Resolved};
use super::environment::{self, Variables};
use super::failure;
use crate::effects::EffectError;
use crate::effects::secrets::{SecretSource, with_secrets};
use crate::expr::Data;
use crate::expr::marker::Markers;
use crate::stigmer::Stigmer;
use crate::stigmer::wfx::WorkflowExecution;

/// An execution's values are kept this long in memory after they were fetched.
const KEPT: Duration = Duration::from_mins(2);
/// Executions whose values are kept at a time.
const KEPT_EXECUTIONS: usize = 256;

/// How the markers of a call are read: travels in the activity's input, and holds no value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SecretScope {
    pub scope: String,
    pub names: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<String>,
}

impl SecretScope {
    /// The scope of a call whose input names secrets; none where it names none.
    #[must_use]
    pub fn of(input: &Data, markers: &Markers, execution_id: Option<&str>) -> Option<Self> {
        let names: Vec<String> = markers.names_in(input).into_iter().collect();
        (!names.is_empty()).then(|| Self { scope: markers.scope().to_owned(), names, execution_id: execution_id.map(str::to_owned) })
    }

    /// From the `secrets` member of an activity's input.
    ///
    /// # Errors
    /// When the member is there and not a scope.
    pub fn read(input: &Data) -> Result<Option<Self>, ActivityError> {
        match input.get("secrets") {
            None => Ok(None),
            Some(scope) if scope.is_null() => Ok(None),
            Some(scope) => serde_json::from_value(scope.to_json()).map(Some).map_err(|e| failure::bad_input(&format!("`secrets`: {e}"))),
        }
    }
}

/// The lookup of this worker.
#[derive(Clone)]
pub struct Secrets {
    source: Arc<dyn SecretSource>,
}

impl Secrets {
    #[must_use]
    pub fn new(source: Arc<dyn SecretSource>) -> Self {
        Self { source }
    }

    /// Runs `call` with the markers of `input` swapped for values, and gives its result, or its error, with the values swapped back.
    ///
    /// # Errors
    /// The call's, and `authorization` 403 naming a secret that nobody knows.
    pub async fn with<F, R>(&self, scope: Option<&SecretScope>, input: &Data, call: F) -> Result<Data, EffectError>
    where
        F: FnOnce(Data) -> R,
        R: Future<Output = Result<Data, EffectError>>,
    {
        match scope {
            None => call(input.clone()).await,
            Some(scope) => {
                let markers = Markers::new(&scope.scope);
                with_secrets(self.source.as_ref(), scope.execution_id.as_deref(), &markers, input, call).await
            }
        }
    }

    /// The data with the values of the scope's secrets swapped back to markers.
    ///
    /// # Errors
    /// Those of the lookup.
    pub async fn hide(&self, scope: &SecretScope, data: &Data) -> Result<Data, EffectError> {
        let markers = Markers::new(&scope.scope);
        let named = markers.object(&scope.names);
        with_secrets(self.source.as_ref(), scope.execution_id.as_deref(), &markers, &named, |_| async { Ok(data.clone()) }).await
    }
}

/// Secrets of an execution, from the control plane; then whatever `rest` knows.
pub struct ExecutionSecrets {
    stigmer: Stigmer,
    rest: Arc<dyn SecretSource>,
    kept: Mutex<BTreeMap<String, Kept>>,
}

struct NotKept;

struct Kept {
    since: Instant,
    values: BTreeMap<String, SecretString>,
}

impl ExecutionSecrets {
    #[must_use]
    pub fn new(stigmer: Stigmer, rest: Arc<dyn SecretSource>) -> Self {
        Self { stigmer, rest, kept: Mutex::default() }
    }

    /// Looks in memory: `Err` when the execution is not there.
    fn kept(&self, execution_id: &str, name: &str) -> Result<Option<SecretString>, NotKept> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, entry| entry.since.elapsed() < KEPT);
        kept.get(execution_id).map(|entry| entry.values.get(name).cloned()).ok_or(NotKept)
    }

    async fn fetch(&self, execution_id: &str, name: &str) -> Result<Option<SecretString>, EffectError> {
        if let Ok(found) = self.kept(execution_id, name) {
            return Ok(found);
        }
        let unanswered =
            |reason: String| EffectError::communication(503, "The control plane cannot be asked for secrets").with_detail(reason);
        let execution = match self.stigmer.get_execution(execution_id).await {
            Ok(execution) => execution,
            Err(e) if e.is_not_found() => return Ok(None),
            Err(e) => return Err(unanswered(e.to_string())),
        };
        // Also values that are not marked: a document that calls a variable secret is taken at its word.
        let variables = self.variables(execution).await.map_err(|refusal| unanswered(refusal.text))?;
        let values: BTreeMap<_, _> = variables.into_iter().map(|(k, v)| (k, SecretString::from(v.value))).collect();
        let found = values.get(name).cloned();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_EXECUTIONS {
            kept.pop_first();
        }
        kept.insert(execution_id.to_owned(), Kept { since: Instant::now(), values });
        Ok(found)
    }

    /// Everything that the execution was given: the same as what its child was told the names of.
    async fn variables(&self, execution: WorkflowExecution) -> Result<Variables, Refusal> {
        let org = execution.metadata.map(|metadata| metadata.org).unwrap_or_default();
        let spec = execution.spec.unwrap_or_default();
        let Resolved { workflow, instance } = definition::resolve_named(&self.stigmer, &spec).await?;
        environment::of(&self.stigmer, &workflow, &instance, &spec, &org).await
    }
}

impl SecretSource for ExecutionSecrets {
    fn secret<'a>(&'a self, execution_id: Option<&'a str>, name: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, EffectError>> {
        async move {
            if let Some(id) = execution_id
                && let Some(value) = self.fetch(id, name).await?
            {
                return Ok(Some(value));
            }
            self.rest.secret(execution_id, name).await
        }
        .boxed()
    }
}
