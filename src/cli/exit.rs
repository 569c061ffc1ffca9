//! Exit codes. They are documented and stay as they are: scripts depend on them.

use std::process::ExitCode;

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Completed = 0,
    /// The workflow faulted, or a check (test, doctor, replay) failed.
    Faulted = 1,
    InvalidDefinition = 2,
    Cancelled = 3,
    /// Wrong arguments or settings (`EX_USAGE`).
    Usage = 64,
    /// A server cannot be reached (`EX_UNAVAILABLE`).
    Unreachable = 69,
    /// Ctrl-C.
    Interrupted = 130,
}

impl Exit {
    /// In the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Completed, Self::Faulted, Self::InvalidDefinition, Self::Cancelled, Self::Usage, Self::Unreachable, Self::Interrupted];

    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// For the documentation.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Completed => "done: the workflow completed, the definitions are valid, the tests passed",
            Self::Faulted => "the workflow faulted, or a test, `doctor` or `replay` failed",
            Self::InvalidDefinition => "a definition is invalid",
            Self::Cancelled => "the workflow was cancelled",
            Self::Usage => "wrong arguments or settings, a file that cannot be read",
            Self::Unreachable => "a server cannot be reached",
            Self::Interrupted => "Ctrl-C; the run that this process had started is cancelled",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn codes_are_those_that_are_documented() {
        let codes = [
            (Exit::Completed, 0),
            (Exit::Faulted, 1),
            (Exit::InvalidDefinition, 2),
            (Exit::Cancelled, 3),
            (Exit::Usage, 64),
            (Exit::Unreachable, 69),
            (Exit::Interrupted, 130),
        ];
        assert!(codes.into_iter().all(|(exit, code)| exit.code() == code));
    }
}
