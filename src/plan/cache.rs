//! Plans by digest: a worker builds each definition once, however many runs it has.

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::{BuildError, Plan, build};

/// Plans kept at most. Each is about as large as its document.
const CAPACITY: usize = 64;

/// A bounded cache; the plan that was not asked for longest goes first. Definitions that cannot be built are not kept.
#[derive(Debug)]
pub struct PlanCache {
    capacity: usize,
    /// The one asked for last stands last.
    plans: Mutex<Vec<Arc<Plan>>>,
}

impl Default for PlanCache {
    fn default() -> Self {
        Self::new(CAPACITY)
    }
}

impl PlanCache {
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), plans: Mutex::new(Vec::new()) }
    }

    /// The plan of a text; builds it unless it is here. Two callers at the same time may both build it: neither waits for the other.
    ///
    /// # Errors
    /// The definition is not valid.
    pub fn get(&self, text: &str, file: &str) -> Result<Arc<Plan>, BuildError> {
        let digest = digest(text);
        if let Some(plan) = self.find(&digest) {
            return Ok(plan);
        }
        let plan = Arc::new(build(text, file)?);
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        plans.retain(|other| other.digest != digest);
        if plans.len() >= self.capacity {
            plans.remove(0);
        }
        plans.push(plan.clone());
        Ok(plan)
    }

    fn find(&self, digest: &str) -> Option<Arc<Plan>> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let at = plans.iter().position(|plan| plan.digest == digest)?;
        let plan = plans.remove(at);
        plans.push(plan.clone());
        Some(plan)
    }
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
        assert_eq!(cache.plans.lock().unwrap().len(), 2);
    }

    #[test]
    fn a_bad_definition_is_not_kept() {
        let cache = PlanCache::default();
        assert!(cache.get("do: []", "bad.yaml").is_err());
        assert!(cache.plans.lock().unwrap().is_empty());
        assert_eq!(digest(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
