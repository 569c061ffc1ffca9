//! Names that may have been meant.

/// More than this many changes, and it is another name.
const DISTANCE_MAX: usize = 3;
const NAMES_MAX: usize = 3;
/// Longer names are not compared: the work grows with the square.
const LENGTH_MAX: usize = 100;

/// The nearest of `names`, nearest first, as `` `a`, `b` ``; empty where none is near.
pub(super) fn names(given: &str, names: &[&str]) -> String {
    let given = given.to_lowercase();
    let mut found = Vec::new();
    for name in names {
        let lower = name.to_lowercase();
        let part = given.len() >= DISTANCE_MAX && (lower.contains(&given) || (lower.len() >= DISTANCE_MAX && given.contains(&lower)));
        let distance = if given.len().max(lower.len()) > LENGTH_MAX { usize::MAX } else { distance(&given, &lower) };
        if part || distance <= DISTANCE_MAX.min(given.len() / 2) {
            found.push((distance, *name));
        }
    }
    found.sort_unstable();
    found.dedup();
    found.iter().take(NAMES_MAX).map(|(_, name)| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Characters to insert, remove or replace to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, c) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (to, d) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(c != *d);
            diagonal = row[to + 1];
            row[to + 1] = replaced.min(row[to] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_come_first() {
        assert_eq!((distance("kitten", "sitting"), distance("", "abc"), distance("a", "a")), (3, 3, 0));
        let known = ["getPetById", "findPetsByStatus", "findPetsByTags", "addPet"];
        assert_eq!(names("findPetByStatus", &known), "`findPetsByStatus`");
        assert_eq!(names("GETPETBYID", &known), "`getPetById`");
        assert_eq!(names("findPets", &known), "`findPetsByTags`, `findPetsByStatus`");
        assert_eq!(names("x", &known), "");
    }
}
