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
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
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
