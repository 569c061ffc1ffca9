//! `secrets.*`: where values of `use.secrets` come from, beside the execution's own and `WORKFLOW_RUNNER_SECRET_<name>`.

use std::path::PathBuf;

use super::Key;
use super::reader::Reader;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretSettings {
    /// One file per secret.
    pub dir: Option<PathBuf>,
}

pub const KEYS: &[Key] =
    &[Key::new("secrets.dir", "", "Folder with one file per secret, its name the secret's name, as Kubernetes mounts them.")];

impl SecretSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self { dir: reader.optional_path("secrets.dir") }
    }
}
