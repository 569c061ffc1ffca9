//! Values of secrets live here and nowhere else: a marker is swapped for its value just before a call, and every value that comes back is
//! swapped for its marker, in results and in errors alike.

mod scrub;
pub mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};

use self::scrub::Scrub;
use super::EffectError;
use crate::expr::Data;
use crate::expr::marker::Markers;

pub use self::source::{Chain, Directory, Environment};

/// A place where values of secrets may be. `execution_id` names the execution that asks, for sources that keep secrets per execution.
pub trait SecretSource: Send + Sync {
    /// `None` when this place does not have it. Errors when the place could not be asked; they never hold a value.
    fn secret<'a>(&'a self, execution_id: Option<&'a str>, name: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, EffectError>>;
}

/// What to do about a secret that no source has.
const WHERE_FROM: &str =
    "set the variable WORKFLOW_RUNNER_SECRET_ and its name, or a file of its name in secrets.dir, where the workflow runs";

/// Runs `effect` on `input` with its markers swapped for values, and swaps the values back in what it returns.
///
/// Errors: `authorization` 403 naming every secret that no source has, before anything is called; otherwise those of `effect`, cut to what may
/// travel.
pub async fn with_secrets<F>(
    source: &dyn SecretSource,
    execution_id: Option<&str>,
    markers: &Markers,
    input: &Data,
    effect: impl FnOnce(Data) -> F,
) -> Result<Data, EffectError>
where
    F: Future<Output = Result<Data, EffectError>>,
{
    let values = look_up(source, execution_id, markers, input).await?;
    if values.is_empty() {
        return effect(input.clone()).await.map_err(EffectError::shortened);
    }
    let value = |name: &str| values.get(name).map(|value| value.expose_secret().to_owned());
    let filled = markers.swap_in(input, &value).map_err(|missing| EffectError::authorization(missing.to_string()))?;
    let scrub = Scrub::new(markers, input, &filled, &values);
    match effect(filled).await {
        Ok(output) => Ok(scrub.data(&output)),
        Err(error) => Err(scrub.error(error).shortened()),
    }
}

async fn look_up(
    source: &dyn SecretSource,
    execution_id: Option<&str>,
    markers: &Markers,
    input: &Data,
) -> Result<BTreeMap<String, SecretString>, EffectError> {
    let (mut values, mut missing) = (BTreeMap::new(), Vec::new());
    for name in markers.names_in(input) {
        match source.secret(execution_id, &name).await? {
            Some(value) => drop(values.insert(name, value)),
            None => missing.push(format!("`{name}`")),
        }
    }
    match missing.as_slice() {
        [] => Ok(values),
        [one] => Err(EffectError::authorization(format!("the secret {one} is not available")).with_detail(WHERE_FROM)),
        several => {
            let title = format!("the secrets {} are not available", several.join(", "));
            Err(EffectError::authorization(title).with_detail(WHERE_FROM))
        }
    }
}
