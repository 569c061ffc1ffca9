//! The workflow's input as it is given on the command line.

use std::io::{self, Read};

use crate::expr::{Data, ParseError};

/// Why there is no input.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    #[error("--input: cannot read {from}: {source}")]
    Read { from: String, source: io::Error },
    #[error("--input: {from} is not JSON: {source}")]
    Json { from: String, source: ParseError },
}

/// JSON, `@FILE` for a file of it, `-` for `stdin`; nothing at all is an empty object, as in the specification.
pub fn read(argument: Option<&str>, mut stdin: impl Read) -> Result<Data, InputError> {
    let (from, bytes) = match argument {
        None => return Ok(Data::empty_object()),
        Some("-") => {
            let mut bytes = Vec::new();
            let read = stdin.read_to_end(&mut bytes).map(|_| bytes);
            ("stdin".to_owned(), read)
        }
        Some(argument) => match argument.strip_prefix('@') {
            Some(file) => (file.to_owned(), std::fs::read(file)),
            None => ("the text".to_owned(), Ok(argument.as_bytes().to_vec())),
        },
    };
    let bytes = bytes.map_err(|source| InputError::Read { from: from.clone(), source })?;
    Data::parse(&bytes).map_err(|source| InputError::Json { from, source })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use serde_json::json;

    use super::*;

    #[test]
    fn input_comes_from_the_text_a_file_or_stdin() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"[2]").unwrap();
        let at_file = format!("@{}", file.path().display());
        let cases = [(None, json!({})), (Some(r#"{"a":1}"#), json!({"a": 1})), (Some(at_file.as_str()), json!([2])), (Some("-"), json!(3))];
        for (argument, expected) in cases {
            assert_eq!(read(argument, &b"3\n"[..]).unwrap().to_json(), expected, "{argument:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let cases = [
            ("{a", "--input: the text is not JSON"),
            ("@/no/such.json", "--input: cannot read /no/such.json"),
            ("-", "--input: stdin is not JSON"),
        ];
        for (argument, expected) in cases {
            let error = read(Some(argument), &b"nope"[..]).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
