//! "Did you mean": the known word nearest to one that is not known.

/// Words that are compared at most: a document may have thousands of names.
const CANDIDATES: usize = 500;

/// The candidate that is so near to `word` that it is probably what was meant.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // A third of the letters may be wrong; longer input is no typing error, and is not worth a quadratic comparison.
    let most = (word.chars().count() / 3).clamp(1, 3);
    if word.len() > 64 {
        return None;
    }
    let near = |candidate: &&str| candidate.len() <= 64 && !candidate.is_empty();
    let scored = candidates.into_iter().take(CANDIDATES).filter(near).map(|candidate| (distance(word, candidate), candidate));
    scored.filter(|(distance, _)| *distance <= most).min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other; upper and lower case are the same.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().flat_map(char::to_lowercase).collect();
    let right: Vec<char> = right.chars().flat_map(char::to_lowercase).collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=right.len()).collect()];
    for i in 1..=left.len() {
        let mut row = vec![i];
        for j in 1..=right.len() {
            let substituted = rows[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]);
            let mut best = substituted.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let keys = ["method", "endpoint", "headers", "body", "if", "do", "then"];
        for (word, expected) in [
            ("metod", Some("method")),
            ("endpiont", Some("endpoint")),
            ("Headers", Some("headers")),
            ("fi", Some("if")),
            ("thne", Some("then")),
            ("query", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, keys), expected, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(100_000), keys), None);
    }
}
