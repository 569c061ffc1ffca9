//! Files that are read again when they change.
//!
//! They are compared by what they hold: Kubernetes swaps a symbolic link under all files of a volume at once, and a time stamp may stay the same.

use std::path::PathBuf;

/// Readings that must agree, so that a swap between two files is not taken for a pair that does not fit.
const READINGS: usize = 4;

/// Some files that make sense together only, and what they held when they were looked at last.
#[derive(Debug)]
pub struct Files {
    paths: Vec<PathBuf>,
    last: Seen,
}

#[derive(Clone, PartialEq, Eq)]
enum Seen {
    Contents(Vec<Vec<u8>>),
    Unreadable(String),
}

/// What a look found.
#[derive(Debug, PartialEq, Eq)]
pub enum Look {
    /// As the last time.
    Same,
    Changed(Vec<Vec<u8>>),
    /// Told once for each reason.
    Unreadable(String),
}

impl Files {
    /// With the contents that are in use.
    pub fn holding(files: impl IntoIterator<Item = (PathBuf, Vec<u8>)>) -> Self {
        let (paths, contents) = files.into_iter().unzip();
        Self { paths, last: Seen::Contents(contents) }
    }

    /// Reads them, a few kilobytes.
    pub fn look(&mut self) -> Look {
        let seen = self.settled();
        if seen == self.last {
            return Look::Same;
        }
        self.last = seen.clone();
        match seen {
            Seen::Contents(contents) => Look::Changed(contents),
            Seen::Unreadable(reason) => Look::Unreadable(reason),
        }
    }

    fn settled(&self) -> Seen {
        let mut seen = self.read();
        for _ in 1..READINGS {
            let again = self.read();
            if again == seen {
                break;
            }
            seen = again;
        }
        seen
    }

    fn read(&self) -> Seen {
        let read = |path: &PathBuf| std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()));
        match self.paths.iter().map(read).collect() {
            Ok(contents) => Seen::Contents(contents),
            Err(reason) => Seen::Unreadable(reason),
        }
    }
}

/// Without the contents: some are keys.
impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Contents(contents) => write!(f, "Contents of {} files", contents.len()),
            Self::Unreadable(reason) => write!(f, "Unreadable({reason})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_once_and_so_is_a_file_that_is_away() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, "one").unwrap();
        let mut files = Files::holding([(path.clone(), b"one".to_vec())]);
        assert_eq!(files.look(), Look::Same);
        std::fs::write(&path, "two").unwrap();
        assert_eq!(files.look(), Look::Changed(vec![b"two".to_vec()]));
        assert_eq!(files.look(), Look::Same);
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(files.look(), Look::Unreadable(reason) if reason.contains("key")));
        assert_eq!(files.look(), Look::Same);
        std::fs::write(&path, "two").unwrap();
        assert_eq!(files.look(), Look::Changed(vec![b"two".to_vec()]), "what is there again is taken again");
    }

    #[test]
    fn a_link_that_is_swapped_is_a_change_of_all_files_below_it() {
        let dir = tempfile::tempdir().unwrap();
        for version in ["1", "2"] {
            std::fs::create_dir(dir.path().join(version)).unwrap();
            for name in ["tls.crt", "tls.key"] {
                std::fs::write(dir.path().join(version).join(name), format!("{name} {version}")).unwrap();
            }
        }
        let data = dir.path().join("..data");
        std::os::unix::fs::symlink("1", &data).unwrap();
        let mut files = Files::holding(["tls.crt", "tls.key"].map(|name| (data.join(name), format!("{name} 1").into_bytes())));
        assert_eq!(files.look(), Look::Same);
        std::os::unix::fs::symlink("2", dir.path().join("..new")).unwrap();
        std::fs::rename(dir.path().join("..new"), &data).unwrap();
        assert_eq!(files.look(), Look::Changed(vec![b"tls.crt 2".to_vec(), b"tls.key 2".to_vec()]));
    }
}
