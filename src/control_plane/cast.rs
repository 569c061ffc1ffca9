//! The agents that are played, and their rows in the store. They can be replaced while the stand-in runs.

use std::sync::{Arc, PoisonError, RwLock};

use super::store::{Resource, Store, StoreError};
use crate::{
    effects::agents::Agents,
    stigmer::{
        ag::Agent,
        ar::{ApiResourceMetadata, ApiResourceOwnerScope},
    },
};

/// Who plays now.
#[derive(Debug, Default)]
pub(super) struct Cast(RwLock<Arc<Agents>>);

impl Cast {
    pub(super) fn agents(&self) -> Arc<Agents> {
        // A panic while the lock was held leaves one whole value or another.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces all agents. Rows of those that stay keep their ids.
    ///
    /// # Errors
    /// A name is taken by a row that is none of ours.
    pub(super) fn set(&self, agents: Arc<Agents>, store: &Store) -> Result<(), StoreError> {
        let mut playing = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for name in playing.names().filter(|name| agents.get(name).is_none()) {
            if let Some(row) = store.agents.find(|row| is_ours(row, name)) {
                store.agents.remove(row.id())?;
            }
        }
        for name in agents.names().filter(|name| playing.get(name).is_none()) {
            store.agents.insert(agent(name))?;
        }
        *playing = agents;
        Ok(())
    }
}

fn is_ours(row: &Agent, name: &str) -> bool {
    row.slug() == name && row.org().is_empty()
}

/// Of the platform, so that every organization sees it.
fn agent(name: &str) -> Agent {
    let metadata = ApiResourceMetadata {
        name: name.to_owned(),
        slug: name.to_owned(),
        owner_scope: ApiResourceOwnerScope::Platform.into(),
        ..Default::default()
    };
    Agent { metadata: Some(metadata), ..Default::default() }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn agents(names: &[&str]) -> Arc<Agents> {
        let texts: Vec<_> = names.iter().map(|name| format!("{{name: {name}, kind: scripted}}")).collect();
        Arc::new(Agents::parse(&texts.join("\n---\n"), Path::new("agents.yaml")).unwrap())
    }

    #[test]
    fn those_that_stay_keep_their_ids() {
        let (cast, store) = (Cast::default(), Store::default());
        let id = |name: &str| store.agents.by_reference(name, "any").map(|row| row.id().to_owned());
        cast.set(agents(&["a", "b"]), &store).unwrap();
        let before = id("b").unwrap();
        cast.set(agents(&["b", "c"]), &store).unwrap();
        assert!(id("a").is_err() && id("c").is_ok());
        assert_eq!(id("b").unwrap(), before);
        assert_eq!(cast.agents().names().collect::<Vec<_>>(), ["b", "c"]);
    }
}
