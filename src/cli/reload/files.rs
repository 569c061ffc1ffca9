//! Files that are read again when they change.
//!
//! They are compared by what they hold: Kubernetes swaps a symbolic link under all files of a volume at once, and a time stamp may stay the same.
//! A change counts when two looks in a row have found it: a file that is just being written is empty for a moment, and of a certificate and its
//! key one may be new before the other.

use std::path::PathBuf;

/// Some files that make sense together only, and what they held when they were looked at last.
#[derive(Debug)]
pub struct Files {
    paths: Vec<PathBuf>,
    last: Seen,
    /// What the look before found, when it was something else.
    coming: Option<Seen>,
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
        Self { paths, last: Seen::Contents(contents), coming: None }
    }

    /// Reads them, a few kilobytes.
    pub fn look(&mut self) -> Look {
        let seen = self.read();
        if seen != self.last && self.coming.as_ref() != Some(&seen) {
            self.coming = Some(seen);
            return Look::Same;
        }
        self.take(seen)
    }

    /// The same for somebody who says that the change is complete.
    pub fn look_now(&mut self) -> Look {
        let seen = self.read();
        self.take(seen)
    }

    fn take(&mut self, seen: Seen) -> Look {
        self.coming = None;
        if seen == self.last {
            return Look::Same;
        }
        self.last = seen.clone();
        match seen {
            Seen::Contents(contents) => Look::Changed(contents),
            Seen::Unreadable(reason) => Look::Unreadable(reason),
        }
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

    /// As two looks in a row find it.
    fn settled(files: &mut Files) -> Look {
        match files.look() {
            Look::Same => files.look(),
            early => panic!("told at the first look: {early:?}"),
        }
    }

    #[test]
    fn changes_are_told_once_and_so_is_a_file_that_is_away() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, "one").unwrap();
        let mut files = Files::holding([(path.clone(), b"one".to_vec())]);
        assert_eq!(files.look(), Look::Same);
        std::fs::write(&path, "two").unwrap();
        assert_eq!(settled(&mut files), Look::Changed(vec![b"two".to_vec()]));
        assert_eq!(files.look(), Look::Same);
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(settled(&mut files), Look::Unreadable(reason) if reason.contains("key")));
        assert_eq!(files.look(), Look::Same);
        std::fs::write(&path, "two").unwrap();
        assert_eq!(settled(&mut files), Look::Changed(vec![b"two".to_vec()]), "what is there again is taken again");
    }

    #[test]
    fn a_file_that_is_being_written_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let mut files = Files::holding([(path.clone(), b"one".to_vec())]);
        std::fs::write(&path, "").unwrap();
        assert_eq!(files.look(), Look::Same);
        std::fs::write(&path, "two").unwrap();
        assert_eq!((files.look(), files.look()), (Look::Same, Look::Changed(vec![b"two".to_vec()])));
        std::fs::write(&path, "three").unwrap();
        assert_eq!(files.look_now(), Look::Changed(vec![b"three".to_vec()]));
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
        assert_eq!(settled(&mut files), Look::Changed(vec![b"tls.crt 2".to_vec(), b"tls.key 2".to_vec()]));
    }
}
