//! Ids of resources: `<prefix>-<lowercase ULID>`, e.g. `wex-01kap3v6h8f0q2c4d5e6g7j9kn`. Readers take them as opaque.

use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

/// Crockford's base 32 in lower case.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 130 bits hold the 128 of a ULID.
const LENGTH: u32 = 26;

/// A new id: 48 bits of milliseconds since 1970, so that ids sort by age, and 80 bits that differ on each call.
pub(in crate::control_plane) fn new(prefix: &str) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let bits = (since.as_millis() << 80) | (u128::from(unique() & 0xffff) << 64) | u128::from(unique());
    let digits = (0..LENGTH).rev().map(|digit| char::from(ALPHABET[((bits >> (5 * digit)) & 31) as usize]));
    format!("{prefix}-{}", digits.collect::<String>())
}

/// 64 bits, different on each call and not to be guessed from outside: a counter under the process's keyed hash.
fn unique() -> u64 {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    static KEYS: std::sync::LazyLock<RandomState> = std::sync::LazyLock::new(RandomState::new);
    KEYS.hash_one(CALLS.fetch_add(1, Ordering::Relaxed))
}

/// A name as a slug: lower case, runs of anything but letters and digits as one `-`.
pub(in crate::control_plane) fn slug(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for character in name.chars().flat_map(char::to_lowercase) {
        if character.is_alphanumeric() {
            slug.push(character);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_have_the_platforms_shape_and_differ() {
        let ids: BTreeSet<_> = (0..1_000).map(|_| new("aex")).collect();
        assert_eq!(ids.len(), 1_000);
        for id in ids {
            let (prefix, ulid) = id.split_once('-').unwrap();
            assert_eq!((prefix, ulid.len()), ("aex", 26));
            assert!(ulid.bytes().all(|byte| ALPHABET.contains(&byte)), "{id}");
            assert!(ulid.starts_with('0'), "the first digit of a ULID of this age is zero: {id}");
        }
    }

    #[test]
    fn slugs_are_what_references_name() {
        for (name, expected) in [("Order Pet", "order-pet"), ("a__b  c!", "a-b-c"), ("--x--", "x"), ("", ""), ("v1.2", "v1-2")] {
            assert_eq!(slug(name), expected);
        }
    }
}
