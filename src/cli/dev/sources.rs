//! Which files `dev` is about. A folder is laid out so, or holds its workflows itself:
//!
//! ```text
//! shop/
//!   workflows/     definitions, in folders of their own too
//!   agents/        agents that are played here
//!   environments/  variables and secrets, by name
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use crate::cli::run::folder_of;

const WORKFLOWS: &str = "workflows";
const AGENTS: &str = "agents";
const ENVIRONMENTS: &str = "environments";
/// Folders within `workflows/`.
const DEPTH_MAX: usize = 8;
const FILES_MAX: usize = 2_000;

/// Files and folders, as they were named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sources {
    /// Definitions to run.
    pub files: Vec<PathBuf>,
    /// Folders with definitions to register, and whether those within them count too.
    pub folders: Vec<(PathBuf, bool)>,
    /// Files or folders.
    pub agents: Vec<PathBuf>,
    pub environments: Vec<PathBuf>,
}

/// What the files hold, as far as a change of it is to be seen.
pub(super) type Fingerprint = BTreeMap<PathBuf, Option<u64>>;

impl Sources {
    /// From the arguments. Agents are those of `agents` where it is given, else those beside the definitions.
    pub fn of(paths: &[PathBuf], agents: Option<&Path>) -> Self {
        let mut sources = Self::default();
        let mut roots = Vec::new();
        for path in paths {
            if path.is_dir() {
                let inner = plain(&path.join(WORKFLOWS));
                sources.folders.push(if inner.is_dir() { (inner, true) } else { (path.clone(), false) });
                add(&mut roots, path.clone());
            } else {
                sources.files.push(path.clone());
                let folder = folder_of(path);
                let root = if folder.file_name() == Some(OsStr::new(WORKFLOWS)) { folder_of(&folder) } else { folder };
                add(&mut roots, root);
            }
        }
        let beside = |name: &str| roots.iter().map(|root| plain(&root.join(name))).filter(|folder| folder.is_dir()).collect();
        sources.agents = agents.map_or_else(|| beside(AGENTS), |agents| vec![agents.to_owned()]);
        sources.environments = beside(ENVIRONMENTS);
        sources
    }

    /// Files of the folders that may be definitions, in the order of their names.
    ///
    /// # Errors
    /// A folder cannot be read, or holds too much; in words.
    pub fn candidates(&self) -> Result<Vec<PathBuf>, String> {
        let mut found = Vec::new();
        for (folder, deep) in &self.folders {
            collect(folder, if *deep { DEPTH_MAX } else { 0 }, &mut found)?;
        }
        Ok(found)
    }

    /// Where changes are to be seen, and whether also in the folders within.
    pub fn watched(&self) -> BTreeSet<(PathBuf, bool)> {
        let beside = self.files.iter().map(|file| (folder_of(file), false));
        let agents = self.agents.iter().map(|path| if path.is_dir() { (path.clone(), false) } else { (folder_of(path), false) });
        let environments = self.environments.iter().map(|path| (path.clone(), false));
        beside.chain(agents).chain(environments).chain(self.folders.iter().cloned()).collect()
    }

    /// What all of the files hold now; none where one is gone.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut paths = self.candidates().unwrap_or_default();
        paths.extend(self.files.iter().cloned());
        for path in self.agents.iter().chain(&self.environments) {
            if path.is_dir() {
                // A folder that cannot be read is told when it is read for what is in it.
                let _ = collect(path, 0, &mut paths);
            } else {
                paths.push(path.clone());
            }
        }
        let read = |path: &PathBuf| path.is_file().then(|| std::fs::read(path).ok()).flatten();
        paths.into_iter().map(|path| (path.clone(), read(&path).map(|bytes| digest(&bytes)))).collect()
    }
}

/// Whether a file's name says that it holds tests of a definition.
pub(super) fn is_test(path: &Path) -> bool {
    path.file_stem().and_then(OsStr::to_str).is_some_and(|stem| Path::new(stem).extension() == Some(OsStr::new("test")))
}

/// Definitions, agents and environments are YAML; JSON is YAML too.
pub(super) fn is_yaml(path: &Path) -> bool {
    matches!(path.extension().and_then(OsStr::to_str), Some("yaml" | "yml"))
}

fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

fn add(list: &mut Vec<PathBuf>, path: PathBuf) {
    if !list.contains(&path) {
        list.push(path);
    }
}

/// Without the `./` that a file in the working directory brings along.
fn plain(path: &Path) -> PathBuf {
    path.strip_prefix(".").map_or_else(|_| path.to_owned(), Path::to_owned)
}

fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    for path in paths {
        let hidden = path.file_name().and_then(OsStr::to_str).is_none_or(|name| name.starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() {
            if depth > 0 {
                collect(&path, depth - 1, found)?;
            }
        } else if is_yaml(&path) {
            found.push(plain(&path));
        }
        if found.len() > FILES_MAX {
            return Err(format!("{} has more than {FILES_MAX} YAML files; name a folder that is about workflows alone", folder.display()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, *file).unwrap();
        }
        folder
    }

    fn names(root: &Path, paths: &[PathBuf]) -> Vec<String> {
        paths.iter().map(|path| path.strip_prefix(root).unwrap().display().to_string()).collect()
    }

    #[test]
    fn a_folder_is_a_project_or_holds_its_definitions_itself() {
        let root =
            folder(&["workflows/b.yaml", "workflows/in/a.yml", "workflows/x.txt", "workflows/.hidden.yaml", "agents/a.yaml", "other.yaml"]);
        let sources = Sources::of(&[root.path().to_owned()], None);
        assert_eq!(names(root.path(), &sources.candidates().unwrap()), ["workflows/b.yaml", "workflows/in/a.yml"]);
        assert_eq!(sources.agents, [root.path().join("agents")]);
        assert!(sources.environments.is_empty() && sources.files.is_empty());

        let flat = folder(&["b.yaml", "a.yml", "deep/c.yaml", "environments/e.yaml"]);
        let sources = Sources::of(&[flat.path().to_owned()], Some(Path::new("elsewhere")));
        assert_eq!(names(flat.path(), &sources.candidates().unwrap()), ["a.yml", "b.yaml"]);
        assert_eq!(sources.agents, [PathBuf::from("elsewhere")]);
        assert_eq!(sources.environments, [flat.path().join("environments")]);
    }

    #[test]
    fn a_file_brings_along_what_stands_beside_it() {
        let root = folder(&["workflows/b.yaml", "agents/a.yaml", "environments/e.yaml"]);
        let file = root.path().join("workflows/b.yaml");
        let sources = Sources::of(&[file.clone(), file.clone()], None);
        assert_eq!(sources.files, [file.clone(), file]);
        assert_eq!(
            (names(root.path(), &sources.agents), names(root.path(), &sources.environments)),
            (vec!["agents".into()], vec!["environments".into()])
        );
        // In the working directory, without a path.
        assert_eq!(Sources::of(&[PathBuf::from("no-such.yaml")], None).watched(), [(PathBuf::from("."), false)].into());
    }

    #[test]
    fn a_change_is_seen_by_what_the_files_hold() {
        let root = folder(&["workflows/b.yaml", "agents/a.yaml"]);
        let sources = Sources::of(&[root.path().to_owned()], None);
        let before = sources.fingerprint();
        assert_eq!(before.len(), 2);
        std::fs::write(root.path().join("agents/a.yaml"), "agents/a.yaml").unwrap();
        assert_eq!(sources.fingerprint(), before, "written, and the same");
        std::fs::remove_file(root.path().join("workflows/b.yaml")).unwrap();
        std::fs::write(root.path().join("workflows/c.yaml"), "new").unwrap();
        assert_ne!(sources.fingerprint(), before);
    }
}
