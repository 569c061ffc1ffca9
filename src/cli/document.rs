//! Definitions as they are read from files or stdin: as far as they are worth reading, and no further.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::Exit;
use super::diagnostics::{self, Style};
use crate::dsl::{Diagnostic, MAX_BYTES, Problem, Report, codes};
use crate::plan::{self, Outsides, Plan};

/// How `stdin` is written on the command line, and how messages name it.
const STDIN: (&str, &str) = ("-", "stdin");

/// A text and what messages call it.
#[derive(Debug)]
pub struct Document {
    pub name: String,
    /// What is no UTF-8 is replaced; [`Self::problems`] tells of it.
    pub text: String,
    /// Byte offset of the first byte that is no UTF-8.
    garbled: Option<usize>,
}

impl Document {
    /// Reads a file; `-` is stdin. One byte more than a definition may have is enough to see that it is too large.
    ///
    /// # Errors
    /// In words, with the name.
    pub fn read(path: &Path) -> Result<Self, String> {
        if path.as_os_str() == STDIN.0 {
            return Self::from(STDIN.1, io::stdin().lock());
        }
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| format!("cannot read {name}: {error}"))?;
        Self::from(&name, file)
    }

    fn from(name: &str, source: impl Read) -> Result<Self, String> {
        let mut bytes = Vec::new();
        source.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|error| format!("cannot read {name}: {error}"))?;
        // A text that is cut may end within a character, and is refused for its size anyway.
        let garbled = std::str::from_utf8(&bytes).err().map(|error| error.valid_up_to()).filter(|_| bytes.len() <= MAX_BYTES);
        Ok(Self { name: name.to_owned(), text: String::from_utf8_lossy(&bytes).into_owned(), garbled })
    }

    /// Everything that is wrong with the definition, in the order of the text.
    #[must_use]
    pub fn problems(&self) -> Vec<Diagnostic> {
        self.garbled().unwrap_or_else(|| plan::check(&self.text, &self.name))
    }

    /// The plan; what is wrong with the definition, or suspicious, is drawn on stderr.
    ///
    /// # Errors
    /// The exit code of an invalid definition.
    pub fn plan(&self, outsides: &Outsides) -> Result<Plan, Exit> {
        let whole = || plan::build_with(&self.text, &self.name, outsides).map_err(|error| error.diagnostics);
        let built = self.garbled().map_or_else(whole, Err);
        let problems = built.as_ref().map_or_else(|problems| problems, |plan| &plan.warnings);
        eprint!("{}", diagnostics::render(problems, &self.text, Style::of_stderr()));
        built.map_err(|_| Exit::InvalidDefinition)
    }

    /// The problem of a text that is no text.
    #[must_use]
    pub fn garbled(&self) -> Option<Vec<Diagnostic>> {
        let at = u32::try_from(self.garbled?).unwrap_or(u32::MAX);
        let mut report = Report::new(&self.text, &self.name);
        let span = report.source.span(at, at);
        report.add(Problem::new(codes::SYNTAX, span, format!("byte {at} is not UTF-8")).help("save the file as UTF-8"));
        Some(report.into_diagnostics())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_than_a_definition_may_have() {
        let endless = io::repeat(b'#');
        let document = Document::from("endless", endless).unwrap();
        assert_eq!(document.text.len(), MAX_BYTES + 1);
        let problems = document.problems();
        assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), [codes::TOO_LARGE]);
        // Cut within a character: too large, and nothing else.
        let wide = "é".repeat(MAX_BYTES);
        assert_eq!(Document::from("wide", wide.as_bytes()).unwrap().problems()[0].code, codes::TOO_LARGE);
    }

    #[test]
    fn what_is_no_text_is_told_with_its_place() {
        let document = Document::from("latin.yaml", &b"do: []\n# caf\xe9\n"[..]).unwrap();
        let problems = document.problems();
        assert_eq!(problems.len(), 1);
        assert_eq!((problems[0].code, problems[0].span.line, problems[0].span.column), (codes::SYNTAX, 2, 6));
        assert!(Document::read(Path::new("/no/such.yaml")).unwrap_err().starts_with("cannot read /no/such.yaml: "));
        assert!(Document::read(Path::new("/")).unwrap_err().starts_with("cannot read /: "));
    }
}
