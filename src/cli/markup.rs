//! Text within XML and HTML.

/// As it stands in text and in attributes alike. Line ends and tabs are written as references, which attributes keep; other control characters, which
/// XML cannot hold at all, become the replacement character.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push(char::REPLACEMENT_CHARACTER),
            other if other.is_control() => escaped.push(char::REPLACEMENT_CHARACTER),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_leaves_its_place() {
        assert_eq!(super::escaped("<b a='1' c=\"2\">&\n\t\u{1}é"), "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;&#10;&#9;\u{fffd}é");
    }
}
