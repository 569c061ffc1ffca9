//! `definitions.*`: where `run: workflow` finds the definitions that it starts, and `apply` puts them.

use std::path::PathBuf;

use super::Key;
use super::reader::Reader;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DefinitionSettings {
    /// `<dir>/<namespace>/<name>/<version>.yaml`.
    pub dir: Option<PathBuf>,
}

pub const KEYS: &[Key] = &[Key::new(
    "definitions.dir",
    "",
    "Folder with registered definitions, <namespace>/<name>/<version>.yaml: `apply` writes there, `run: workflow` reads.",
)];

impl DefinitionSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self { dir: reader.optional_path("definitions.dir") }
    }
}
