//! Which activities of others a document may call.

/// Whether any of the patterns lets `queue/name` through; none does where there are none.
#[must_use]
pub fn allowed(patterns: &[String], queue: &str, name: &str) -> bool {
    let wanted = format!("{queue}/{name}");
    patterns.contains(&wanted)
}
