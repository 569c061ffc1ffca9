//! Documents that were read a moment ago.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use super::super::EffectError;
use super::super::resources::{Purpose, Resources};
use super::document::Document;
use crate::expr::Data;

/// A change of a document is seen after this time.
const KEPT: Duration = Duration::from_mins(1);
const DOCUMENTS_MAX: usize = 16;

#[derive(Clone, Debug)]
pub(super) struct Documents {
    resources: Resources,
    /// In the order of their age.
    kept: Arc<Mutex<Vec<Kept>>>,
}

#[derive(Debug)]
struct Kept {
    key: [u8; 32],
    since: Instant,
    document: Arc<Document>,
}

impl Documents {
    pub fn new(resources: Resources) -> Self {
        Self { resources, kept: Arc::default() }
    }

    /// `resource`: `{"uri", "authentication"?}`. Who may not read a document does not get it from here: the key holds the credentials too.
    pub async fn get(&self, resource: &Data) -> Result<Arc<Document>, EffectError> {
        let key = Sha256::digest(resource.to_string()).into();
        if let Some(document) = self.find(key) {
            return Ok(document);
        }
        let found = self.resources.fetch(resource, Purpose::Read).await?;
        // Some documents have megabytes.
        let read = tokio::task::spawn_blocking(move || Document::parse(&found.text, &found.uri)).await;
        let document = Arc::new(read.map_err(|error| EffectError::runtime(format!("the document was not read: {error}")))??);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|other| other.key != key);
        if kept.len() >= DOCUMENTS_MAX {
            kept.remove(0);
        }
        kept.push(Kept { key, since: Instant::now(), document: document.clone() });
        Ok(document)
    }

    fn find(&self, key: [u8; 32]) -> Option<Arc<Document>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|document| document.since.elapsed() < KEPT);
        kept.iter().find(|document| document.key == key).map(|document| document.document.clone())
    }
}
