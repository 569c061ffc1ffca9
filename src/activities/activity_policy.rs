//! Which activities of others a document may call, and the local activity `workflow_runner/activity-policy`, which gives a run that list.

use crate::config::ActivitySettings;
use crate::expr::Data;
use crate::stigmer::convert::Queues;

/// The patterns of `activities.allow`, as a list of texts.
pub(super) fn run(patterns: &[String]) -> Data {
    Data::array(patterns.iter().map(Data::string))
}

/// Where the activities are that a platform's workflows name without a queue, and which of them the patterns keep from being called.
#[must_use]
pub fn queues(settings: &ActivitySettings) -> Queues {
    let queue = |(name, queue): (&String, &String)| {
        let passes = allowed(&settings.allow, queue, name);
        let refused = || format!("names an activity that may not be called: `activities.allow` does not let '{queue}/{name}' pass");
        (name.clone(), if passes { Ok(queue.clone()) } else { Err(refused()) })
    };
    settings.queues.iter().map(queue).collect()
}

/// Whether any of the patterns `queue/Name` lets an activity through; none does where there are none. `*` stands for any text, `/` excepted where
/// it would reach from the queue into the name: the part before the first `/` of a pattern is for the queue, the rest for the name.
#[must_use]
pub fn allowed(patterns: &[String], queue: &str, name: &str) -> bool {
    patterns.iter().filter_map(|pattern| pattern.split_once('/')).any(|(queues, names)| matches(queues, queue) && matches(names, name))
}

/// Greedy, with one step back: time is the product of both lengths at most.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p) == Some(&text[t]) {
            (p, t) = (p + 1, t + 1);
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            (p, t) = (at + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_allowed_that_no_pattern_names() {
        let allowed = |pattern: &str, queue, name| allowed(&[pattern.to_owned()], queue, name);
        assert!(!super::allowed(&[], "q", "Greet"));
        for pattern in ["q/Greet", "q/*", "*/Greet", "*/*", "q/G*t", "q/*e*t", "q*/Greet*"] {
            assert!(allowed(pattern, "q", "Greet"), "{pattern}");
        }
        for pattern in ["q", "q/greet", "q/Gree", "q/Greeting", "r/*", "/Greet", "q/", "*", "q/*x*"] {
            assert!(!allowed(pattern, "q", "Greet"), "{pattern}");
        }
        assert!(allowed("q/a/*", "q", "a/b") && !allowed("q/a*", "q/a", "b"), "a name may have a slash, a queue takes none of it");
        assert!(!allowed(&format!("q/{}b", "*a".repeat(30)), "q", &"a".repeat(2_000)));
    }
}
