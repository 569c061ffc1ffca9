//! Where values come from. The order of a [`Chain`] is the order of precedence.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};

use super::{EffectError, SecretSource};

/// What an environment variable that holds a secret starts with; the rest is the name exactly as in `use.secrets`.
pub const ENVIRONMENT_PREFIX: &str = "WORKFLOW_RUNNER_SECRET_";

/// The first source that has the secret gives it.
#[derive(Clone, Default)]
pub struct Chain(Vec<Arc<dyn SecretSource>>);

impl Chain {
    #[must_use]
    pub fn then(mut self, source: impl SecretSource + 'static) -> Self {
        self.0.push(Arc::new(source));
        self
    }
}

impl SecretSource for Chain {
    fn secret<'a>(&'a self, execution_id: Option<&'a str>, name: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, EffectError>> {
        Box::pin(async move {
            for source in &self.0 {
                if let Some(value) = source.secret(execution_id, name).await? {
                    return Ok(Some(value));
                }
            }
            Ok(None)
        })
    }
}

/// One file per secret, its name the secret's name, as Kubernetes mounts them. Read anew each time: a mounted secret changes in place.
#[derive(Clone, Debug)]
pub struct Directory(PathBuf);

impl Directory {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    async fn read(&self, name: &str) -> Result<Option<SecretString>, EffectError> {
        // A name comes from a document: it must not lead out of the directory, nor to the hidden files of a Kubernetes mount (`..data`).
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0']) {
            return Ok(None);
        }
        match tokio::fs::read_to_string(self.0.join(name)).await {
            Ok(text) => Ok(Some(without_line_end(&text).into())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(EffectError::authorization(format!("the secret `{name}` cannot be read")).with_detail(error.to_string())),
        }
    }
}

impl SecretSource for Directory {
    fn secret<'a>(&'a self, _execution_id: Option<&'a str>, name: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, EffectError>> {
        Box::pin(self.read(name))
    }
}

/// Editors and `echo` end a file with a line end that is no part of the secret.
fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// Variables `WORKFLOW_RUNNER_SECRET_<name>`, taken once when the process starts.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, SecretString>);

impl Environment {
    /// Picks the secrets out of all variables. An empty one counts as unset.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let secrets = variables.into_iter().filter_map(|(key, value)| {
            let name = key.strip_prefix(ENVIRONMENT_PREFIX).filter(|name| !name.is_empty() && !value.is_empty())?;
            Some((name.to_owned(), value.into()))
        });
        Self(secrets.collect())
    }
}

impl SecretSource for Environment {
    fn secret<'a>(&'a self, _execution_id: Option<&'a str>, name: &'a str) -> BoxFuture<'a, Result<Option<SecretString>, EffectError>> {
        let value = self.0.get(name).map(|value| SecretString::from(value.expose_secret()));
        Box::pin(async move { Ok(value) })
    }
}
