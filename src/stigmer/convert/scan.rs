//! Finds `${ … }` in text, and strings in an expression.

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// As it stands.
    Text(&'a str),
    /// The inside of `${ … }`, trimmed.
    Expression(&'a str),
}

/// The pieces of a text, without empty ones. A `${` that is not closed is text.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut from, mut search) = (0, 0);
    while let Some(found) = text[search..].find("${") {
        let start = search + found;
        let Some(end) = closing_brace(text, start + 2) else {
            search = start + 2;
            continue;
        };
        if from < start {
            pieces.push(Piece::Text(&text[from..start]));
        }
        pieces.push(Piece::Expression(text[start + 2..end].trim()));
        (from, search) = (end + 1, end + 1);
    }
    if from < text.len() {
        pieces.push(Piece::Text(&text[from..]));
    }
    pieces
}

/// The brace that closes one opened before `from`, past nested braces and strings.
fn closing_brace(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (from, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            b'"' | b'\'' => at = string_end(text, at)?,
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    None
}

/// The quote that closes the string opened at `at`. Quotes inside `\( … )` belong to the string.
fn string_end(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let quote = bytes[at];
    let (mut at, mut depth) = (at + 1, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if bytes.get(at + 1) == Some(&b'(') => {
                depth += 1;
                at += 1;
            }
            b'\\' => at += 1,
            b'(' if depth > 0 => depth += 1,
            b')' if depth > 0 => depth -= 1,
            found if found == quote && depth == 0 => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The expression with double quotes around its strings: the platform's may use single ones. An apostrophe inside a string stays.
pub(super) fn double_quoted(expression: &str) -> String {
    let mut out = String::with_capacity(expression.len());
    let mut rest = expression;
    while let Some(at) = rest.find(['"', '\'']) {
        let Some(end) = string_end(rest, at) else { break };
        out.push_str(&rest[..at]);
        if rest.as_bytes()[at] == b'"' {
            out.push_str(&rest[at..=end]);
        } else {
            out.push('"');
            out.push_str(&escaped(&rest[at + 1..end]));
            out.push('"');
        }
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    out
}

/// The inside of a single-quoted string for use in double quotes: its own double quotes are escaped, `\'` is an apostrophe.
fn escaped(inside: &str) -> String {
    let mut out = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => match chars.next() {
                Some('\'') => out.push('\''),
                Some(next) => out.extend(['\\', next]),
                None => out.push('\\'),
            },
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{
        Piece::{Expression, Text},
        *,
    };

    #[test]
    fn pieces_of_a_text() {
        for (text, expected) in [
            ("plain", vec![Text("plain")]),
            ("${ .a }", vec![Expression(".a")]),
            ("a ${.b} c ${.d}", vec![Text("a "), Expression(".b"), Text(" c "), Expression(".d")]),
            ("${ {a: {b: 1}} }!", vec![Expression("{a: {b: 1}}"), Text("!")]),
            (r#"${ "}" + '}' }"#, vec![Expression(r#""}" + '}'"#)]),
            (r#"${ "\("}")" }x"#, vec![Expression(r#""\("}")""#), Text("x")]),
            ("${ .a", vec![Text("${ .a")]),
            ("${ .a ${.b}", vec![Text("${ .a "), Expression(".b")]),
            ("", vec![]),
        ] {
            assert_eq!(pieces(text), expected, "{text}");
        }
    }

    #[test]
    fn single_quotes_become_double_ones() {
        for (expression, expected) in [
            (".a == 'x'", r#".a == "x""#),
            (r#""it's" + 'y'"#, r#""it's" + "y""#),
            (r#"'say "hi"'"#, r#""say \"hi\"""#),
            (r"'don\'t'", r#""don't""#),
            (".a", ".a"),
            ("'open", "'open"),
        ] {
            assert_eq!(double_quoted(expression), expected, "{expression}");
        }
    }
}
