//! URI templates of RFC 6570, level 1: `https://example.org/pets/{petId}`.

/// A part of a URI template. A variable is the name of a top-level member of the task's input, taken as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UriPart {
    Text(String),
    Variable(String),
}

/// What is wrong with a template, and the byte where.
#[derive(Debug, PartialEq, Eq)]
pub struct UriError {
    pub offset: usize,
    pub message: String,
    pub help: &'static str,
}

const BRACES: &str = "a variable is written `{name}`, a brace as `%7B` or `%7D`";
const LEVEL: &str = "only simple variables are supported (RFC 6570, level 1): {name}";
const EMBEDDED: &str = "make the whole endpoint one expression, ${ \"https://host/\\(.id)\" }, or name a member of the input: {id}";

/// Splits a template into its parts. Characters of a URI are not checked: they may be international.
pub fn parse(text: &str) -> Result<Vec<UriPart>, UriError> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let end = rest.find(['{', '}']).unwrap_or(rest.len());
        if end > 0 {
            parts.push(UriPart::Text(rest[..end].to_owned()));
        }
        if end == rest.len() {
            break;
        }
        let offset = at + end;
        if rest[..end].ends_with('$') {
            let message = "an expression inside of a longer endpoint is not evaluated".to_owned();
            return Err(UriError { offset: offset - 1, message, help: EMBEDDED });
        }
        let inside = rest[end..].strip_prefix('{');
        let Some((name, _)) = inside.and_then(|inside| inside.split_once('}')) else {
            return Err(UriError { offset, message: "this brace has no partner".to_owned(), help: BRACES });
        };
        check_name(name).map_err(|help| UriError { offset, message: format!("`{{{name}}}` is no variable"), help })?;
        parts.push(UriPart::Variable(name.to_owned()));
        at = offset + name.len() + 2;
    }
    Ok(parts)
}

fn check_name(name: &str) -> Result<(), &'static str> {
    if name.starts_with(['+', '#', '.', '/', ';', '?', '&', '=', ',', '!', '@', '|']) || name.contains([',', ':', '*']) {
        return Err(LEVEL);
    }
    let valid = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '%');
    if name.is_empty() || !name.chars().all(valid) { Err(BRACES) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_one() {
        let text = |text: &str| UriPart::Text(text.to_owned());
        let variable = |name: &str| UriPart::Variable(name.to_owned());
        for (template, parts) in [
            ("https://h/v2/pet/{petId}", vec![text("https://h/v2/pet/"), variable("petId")]),
            ("https://h/{a}{b.c}?s={s-t}", vec![text("https://h/"), variable("a"), variable("b.c"), text("?s="), variable("s-t")]),
            ("https://h/ü", vec![text("https://h/ü")]),
            ("", vec![]),
        ] {
            assert_eq!(parse(template), Ok(parts), "{template}");
        }
        for (template, offset, help) in [
            ("https://h/{", 10, BRACES),
            ("https://h/}", 10, BRACES),
            ("https://h/{}", 10, BRACES),
            ("https://h/{a b}", 10, BRACES),
            ("https://h/{a{b}}", 10, BRACES),
            ("https://h/{+a}", 10, LEVEL),
            ("https://h/{a,b}", 10, LEVEL),
            ("https://h/{a:3}", 10, LEVEL),
            ("https://h/${ .id }", 10, EMBEDDED),
        ] {
            let error = parse(template).unwrap_err();
            assert_eq!((error.offset, error.help), (offset, help), "{template}");
        }
    }
}
