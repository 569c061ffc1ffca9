//! What is printed, against what a page shows.

/// Stands for any lines, or any text within one.
const ANY: &str = "…";

/// Whether lines as a page shows them are what was printed.
///
/// # Errors
/// The first line of the page that is not there.
pub fn whole(shown: &[String], printed: &str) -> Result<(), String> {
    let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
    let shown: Vec<&str> = shown.iter().map(|line| line.trim_end()).collect();
    if lines(&shown, &printed) {
        Ok(())
    } else {
        Err(format!("the page shows\n{}\nbut it printed\n{}", shown.join("\n"), printed.join("\n")))
    }
}

/// Whether the page's lines have come by now, other lines between them or behind.
pub fn begun(shown: &[String], printed: &str) -> bool {
    let mut printed = printed.lines();
    shown.iter().filter(|line| line.trim() != ANY).all(|shown| printed.any(|printed| line(shown.trim_end(), printed.trim_end())))
}

fn lines(shown: &[&str], printed: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first.trim() == ANY => (0..=printed.len()).any(|skipped| lines(rest, &printed[skipped..])),
        Some((first, rest)) => printed.split_first().is_some_and(|(printed, more)| line(first, printed) && lines(rest, more)),
    }
}

fn line(shown: &str, printed: &str) -> bool {
    let mut parts = shown.split(ANY);
    let Some(mut rest) = parts.next().and_then(|first| printed.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else { return rest.is_empty() };
    for part in between {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[test]
fn dots_stand_for_anything() {
    let shown = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    for (page, printed, same) in [
        ("a\nb", "a\nb\n", true),
        ("a", "a\nb\n", false),
        ("a\n…", "a\nb\nc\n", true),
        ("…\nc", "a\nb\nc\n", true),
        ("…\nc", "a\nb\n", false),
        ("took … s", "took 1.5 s", true),
        ("took … s", "took 1.5 m", false),
        ("…: … of …", "x: 1 of 2", true),
        ("", "", true),
    ] {
        assert_eq!(whole(&shown(page), printed).is_ok(), same, "{page:?} {printed:?}");
    }
    assert!(begun(&shown("b\n…\nd"), "a\nb\nc\nd\ne"));
    assert!(!begun(&shown("d\nb"), "a\nb\nc\nd\ne"));
}
