//! One run of the program, with nothing around it but what the test gives it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::wait::{until, within};

/// A document around one `do` list in flow style.
pub fn document(tasks: &str) -> String {
    format!("document: {{dsl: '1.0.3', namespace: test, name: cli, version: '0.1.0'}}\n{tasks}\n")
}

/// What is to be run. Its working directory is its own, and empty but for its files.
pub struct Program {
    command: Command,
    dir: TempDir,
}

impl Program {
    pub fn new(arguments: &[&str]) -> Self {
        Self::of(env!("CARGO_BIN_EXE_workflow-runner"), arguments)
    }

    /// The same on a terminal, by `script` of util-linux: what it writes to the terminal is its stdout then.
    pub fn on_a_terminal(arguments: &[&str]) -> Self {
        let line = [&[env!("CARGO_BIN_EXE_workflow-runner")], arguments].concat().join(" ");
        Self::of("script", &["--quiet", "--return", "--command", &line, "/dev/null"])
    }

    fn of(program: &str, arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(dir.path())
            .env_clear()
            .env("HOME", dir.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.stdin(Stdio::null());
        Self { command, dir }
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// A file in the working directory.
    pub fn file(self, name: &str, text: &str) -> Self {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
        self
    }

    pub fn stdin(mut self, text: &str) -> Self {
        let path = self.dir.path().join("stdin");
        std::fs::write(&path, text).expect("written");
        self.command.stdin(File::open(path).expect("readable"));
        self
    }

    pub fn start(mut self) -> Running {
        let [stdout, stderr] = ["stdout", "stderr"].map(|name| self.dir.path().join(name));
        self.command.stdout(File::create(&stdout).expect("a file")).stderr(File::create(&stderr).expect("a file"));
        Running { child: self.command.spawn().expect("the program starts"), stdout, stderr, dir: self.dir }
    }

    /// Runs it to its end.
    pub async fn end(self) -> Ended {
        self.start().end().await
    }
}

pub struct Running {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
    dir: TempDir,
}

impl Running {
    /// Its working directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file in the working directory as many editors do: another file, renamed.
    pub fn save(&self, name: &str, text: &str) {
        let other = self.dir.path().join("4913~");
        std::fs::write(&other, text).expect("written");
        std::fs::rename(other, self.dir.path().join(name)).expect("renamed");
    }

    pub fn stderr(&self) -> String {
        std::fs::read_to_string(&self.stderr).expect("the output can be read")
    }

    /// Waits until it has said this on stderr; the line.
    pub async fn says(&self, text: &str) -> String {
        until(&format!("the program to say `{text}`; it says:\n{}", self.stderr()), || async {
            self.stderr().lines().find(|line| line.contains(text)).map(str::to_owned)
        })
        .await
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().expect("kill runs");
        assert!(status.success(), "kill -{name}");
    }

    pub async fn end(mut self) -> Ended {
        let ended = async {
            loop {
                if let Some(status) = self.child.try_wait().expect("the process can be asked") {
                    return status;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        let status = within("the program to end", ended).await;
        let read = |path| std::fs::read_to_string(path).expect("the output can be read");
        Ended { code: status.code(), stdout: read(&self.stdout), stderr: read(&self.stderr) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Debug)]
pub struct Ended {
    /// `None`: a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Panics with everything that was written when the code is another.
    pub fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// All of stdout as one JSON value.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Panics unless stderr has each of these.
    pub fn says(&self, parts: &[&str]) {
        parts.iter().for_each(|part| assert!(self.stderr.contains(part), "`{part}` is not in:\n{}", self.stderr));
    }
}
