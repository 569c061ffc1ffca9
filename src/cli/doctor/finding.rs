//! What a check has found.

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Ok,
    Warning,
    Failed,
    /// It could not be looked at, or does not concern this worker.
    Skipped,
}

impl Level {
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// The check's name.
    pub check: String,
    pub level: Level,
    /// What was found; never a secret.
    pub found: String,
    /// What to do: a command to copy, or a setting to change.
    pub fix: Option<String>,
}

impl Finding {
    pub fn skipped(check: &str, found: &str) -> Self {
        skipped(found).of(check)
    }

    pub fn of(mut self, check: &str) -> Self {
        check.clone_into(&mut self.check);
        self
    }

    fn new(level: Level, found: impl Into<String>, fix: Option<String>) -> Self {
        Self { check: String::new(), level, found: found.into(), fix }
    }
}

pub(super) fn ok(found: impl Into<String>) -> Finding {
    Finding::new(Level::Ok, found, None)
}

pub(super) fn skipped(found: impl Into<String>) -> Finding {
    Finding::new(Level::Skipped, found, None)
}

pub(super) fn warning(found: impl Into<String>, fix: impl Into<String>) -> Finding {
    Finding::new(Level::Warning, found, Some(fix.into()))
}

pub(super) fn failed(found: impl Into<String>, fix: impl Into<String>) -> Finding {
    Finding::new(Level::Failed, found, Some(fix.into()))
}

/// The same at this level.
pub(super) fn at(level: Level, found: impl Into<String>, fix: impl Into<String>) -> Finding {
    Finding::new(level, found, Some(fix.into()))
}
