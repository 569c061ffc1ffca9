//! Activity ids that people can read, within the server's limit.

use crate::activities::digest;

/// Longest id that is sent as it is; Temporal takes 1,000 bytes, people take fewer.
const LIMIT_BYTES: usize = 200;
const HASH_CHARS: usize = 16;

/// The id itself, or its beginning and a hash of the whole.
#[must_use]
pub fn bounded(id: &str) -> String {
    if id.len() <= LIMIT_BYTES {
        return id.to_owned();
    }
    let mut end = LIMIT_BYTES - HASH_CHARS - 1;
    while !id.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}~{}", &id[..end], &digest(&[id])[..HASH_CHARS])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ids_stay_and_long_ones_stay_different() {
        assert_eq!(bounded("/do/0/getPet[7][0]#2"), "/do/0/getPet[7][0]#2");
        let (a, b) = (bounded(&format!("{}a", "é".repeat(150))), bounded(&format!("{}b", "é".repeat(150))));
        assert!(a.len() <= LIMIT_BYTES && b.len() <= LIMIT_BYTES);
        assert_ne!(a, b);
    }
}
