//! Plans by digest: a worker builds each definition once, however many runs it has.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::{BuildError, Outside, Outsides, Plan, build_with, missing};

/// Plans kept at most. Each is about as large as its document.
const CAPACITY: usize = 64;

/// Two bounded stores: plans, and which documents elsewhere a text needs. What was not asked for longest goes first. Definitions that
/// cannot be built are not kept.
#[derive(Debug)]
pub struct PlanCache {
    plans: Mutex<Store<Arc<Plan>>>,
    needs: Mutex<Store<Arc<[Outside]>>>,
}

impl Default for PlanCache {
    fn default() -> Self {
        Self::new(CAPACITY)
    }
}

impl PlanCache {
    pub fn new(capacity: usize) -> Self {
        Self { plans: Mutex::new(Store::new(capacity)), needs: Mutex::new(Store::new(capacity)) }
    }

    /// The plan of a text that needs no document elsewhere; builds it unless it is here. Two callers at the same time may both build it:
    /// neither waits for the other.
    ///
    /// # Errors
    /// The definition is not valid.
    pub fn get(&self, text: &str, file: &str) -> Result<Arc<Plan>, BuildError> {
        self.get_with(text, file, &Outsides::new())
    }

    /// The same with documents elsewhere. Other documents make another plan.
    ///
    /// # Errors
    /// The definition is not valid, or needs a document that is not there.
    pub fn get_with(&self, text: &str, file: &str, outsides: &Outsides) -> Result<Arc<Plan>, BuildError> {
        let key = key(text, outsides);
        if let Some(plan) = lock(&self.plans).find(&key) {
            return Ok(plan);
        }
        let plan = Arc::new(build_with(text, file, outsides)?);
        lock(&self.plans).keep(key, plan.clone());
        Ok(plan)
    }

    /// Documents elsewhere that are needed beside those that are there, see [`missing`]. The text is read once.
    pub fn missing(&self, text: &str, file: &str, outsides: &Outsides) -> Arc<[Outside]> {
        let key = key(text, outsides);
        if let Some(known) = lock(&self.needs).find(&key) {
            return known;
        }
        let missing: Arc<[Outside]> = missing(text, file, outsides).into();
        lock(&self.needs).keep(key, missing.clone());
        missing
    }
}

fn lock<T>(store: &Mutex<Store<T>>) -> std::sync::MutexGuard<'_, Store<T>> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Values by key; the one asked for last stands last.
#[derive(Debug)]
struct Store<T> {
    capacity: usize,
    values: VecDeque<(String, T)>,
}

impl<T: Clone> Store<T> {
    fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), values: VecDeque::new() }
    }

    fn find(&mut self, key: &str) -> Option<T> {
        let at = self.values.iter().position(|(known, _)| known == key)?;
        let found = self.values.remove(at)?;
        let value = found.1.clone();
        self.values.push_back(found);
        Some(value)
    }

    fn keep(&mut self, key: String, value: T) {
        self.values.retain(|(known, _)| *known != key);
        if self.values.len() >= self.capacity {
            self.values.pop_front();
        }
        self.values.push_back((key, value));
    }
}

/// The digest of all texts that a plan is made of.
fn key(text: &str, outsides: &Outsides) -> String {
    let digests = outsides.iter().flat_map(|(uri, text)| [digest(uri), digest(text)]);
    std::iter::once(digest(text)).chain(digests).collect()
}

/// SHA-256 of a text, in hex.
pub(super) fn digest(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> String {
        format!("document: {{dsl: '1.0.3', namespace: test, name: {name}, version: '1.0.0'}}\ndo: [{{a: {{set: {{x: 1}}}}}}]\n")
    }

    #[test]
    fn the_least_recent_plan_goes_first() {
        let cache = PlanCache::new(2);
        let first = cache.get(&text("a"), "a.yaml").unwrap();
        let second = cache.get(&text("b"), "b.yaml").unwrap();
        assert!(Arc::ptr_eq(&first, &cache.get(&text("a"), "a.yaml").unwrap()));
        cache.get(&text("c"), "c.yaml").unwrap();
        assert!(Arc::ptr_eq(&first, &cache.get(&text("a"), "a.yaml").unwrap()));
        assert!(!Arc::ptr_eq(&second, &cache.get(&text("b"), "b.yaml").unwrap()));
        assert_eq!(lock(&cache.plans).values.len(), 2);
    }

    #[test]
    fn documents_elsewhere_are_a_part_of_the_plan() {
        let cache = PlanCache::default();
        let text = text("a").replace("{set: {x: 1}}", "{call: 'https://h/f.yaml'}");
        assert_eq!(
            cache.missing(&text, "a.yaml", &Outsides::new()).iter().map(|outside| &*outside.uri).collect::<Vec<_>>(),
            ["https://h/f.yaml"]
        );
        assert!(cache.get(&text, "a.yaml").is_err());
        let outsides = |body: &str| Outsides::from([("https://h/f.yaml".to_owned(), body.to_owned())]);
        let first = cache.get_with(&text, "a.yaml", &outsides("set: {x: 1}")).unwrap();
        assert!(Arc::ptr_eq(&first, &cache.get_with(&text, "a.yaml", &outsides("set: {x: 1}")).unwrap()));
        assert!(!Arc::ptr_eq(&first, &cache.get_with(&text, "a.yaml", &outsides("set: {x: 2}")).unwrap()));
        assert!(cache.missing(&text, "a.yaml", &outsides("set: {x: 1}")).is_empty());
    }

    #[test]
    fn a_bad_definition_is_not_kept() {
        let cache = PlanCache::default();
        assert!(cache.get("do: []", "bad.yaml").is_err());
        assert!(lock(&cache.plans).values.is_empty());
        assert_eq!(digest(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
