//! A shell that lives as long as its page, with a folder of its own.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command as Process, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::matching;
use super::page::{Command, Ending};

/// Nothing that a page shows takes so long, on any machine.
const LIMIT: Duration = Duration::from_mins(3);

/// Stands before the real program on the path: a page's server gets ports of its own.
const TEMPORAL: &str = r#"#!/bin/sh
if [ "$1 $2" = 'server start-dev' ]; then
  shift 2
  exec "$REAL_TEMPORAL" server start-dev --ip 127.0.0.1 --port "$SERVER_PORT" --ui-port "$SERVER_UI_PORT" "$@"
fi
exec "$REAL_TEMPORAL" "$@"
"#;

pub struct Session {
    folder: TempDir,
    shell: Child,
    input: ChildStdin,
    transcript: String,
    /// Process groups of what serves, the latest last.
    serving: Vec<Serving>,
    count: usize,
}

struct Serving {
    line: String,
    group: u32,
    code: PathBuf,
    printed: PathBuf,
}

impl Session {
    pub fn start(root: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["work", "bin", "log"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        let shim = folder.path().join("bin/temporal");
        std::fs::write(&shim, TEMPORAL).expect("written");
        std::fs::set_permissions(&shim, std::fs::Permissions::from_mode(0o755)).expect("a program");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_workflow-runner"), folder.path().join("bin/workflow-runner")).expect("a link");
        copy(&root.join("examples"), &folder.path().join("work/examples"));

        let path = std::env::var("PATH").expect("a path");
        let port = free_port();
        let mut shell = Process::new("bash")
            .args(["--noprofile", "--norc"])
            .current_dir(folder.path().join("work"))
            .env_clear()
            .env("HOME", folder.path())
            .env("LANG", "C.UTF-8")
            .env("NO_COLOR", "1")
            .env("REAL_TEMPORAL", real_temporal(&path))
            .env("SERVER_PORT", port.to_string())
            .env("SERVER_UI_PORT", free_port().to_string())
            .env("TEMPORAL_ADDRESS", format!("127.0.0.1:{port}"))
            .env("PATH", format!("{}:{path}", folder.path().join("bin").display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("bash starts");
        let mut input = shell.stdin.take().expect("its input");
        // Job control gives what serves a process group of its own, which can be stopped as a whole.
        writeln!(input, "set -m").expect("the shell listens");
        Self { folder, shell, input, transcript: String::new(), serving: Vec::new(), count: 0 }
    }

    pub fn file(&mut self, name: &str, text: &str, append: bool) {
        let path = self.folder.path().join("work").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        let before = if append { std::fs::read_to_string(&path).expect("a file to append to") } else { String::new() };
        std::fs::write(path, before + text).expect("written");
    }

    /// # Errors
    /// It ends otherwise than it should, or prints something else.
    pub fn run(&mut self, command: &Command, ending: Ending) -> Result<(), String> {
        if command.line == "stop" {
            return self.stop();
        }
        self.count += 1;
        let log = |end: &str| self.folder.path().join(format!("log/{}.{end}", self.count));
        let (printed, code, group) = (log("out"), log("code"), log("group"));
        let line = &command.line;
        let (out, to) = (printed.display(), code.display());
        let script = match ending {
            Ending::Code(_) => format!("{{ {line}\n}} > {out} 2>&1 < /dev/null; echo $? > {to}.new; mv {to}.new {to}"),
            Ending::Serves => {
                let group = group.display();
                format!(
                    "{{ {{ {line}\n}} > {out} 2>&1 < /dev/null; echo $? > {to}.new; mv {to}.new {to}; }} & echo $! > {group}.new; mv {group}.new {group}"
                )
            }
        };
        writeln!(self.input, "{script}").map_err(|error| format!("the shell has gone: {error}"))?;
        let output = || std::fs::read_to_string(&printed).unwrap_or_default();
        match ending {
            Ending::Code(expected) => {
                let ended = wait(|| number(&code));
                let _ = write!(self.transcript, "$ {line}\n{}", output());
                let ended = ended.ok_or("it does not end")?;
                if ended != i64::from(expected) {
                    return Err(format!("it ended with {ended} instead of {expected}, having printed\n{}", output()));
                }
                matching::whole(&command.prints, &output())
            }
            Ending::Serves => {
                let group = wait(|| number(&group)).and_then(|group| u32::try_from(group).ok()).ok_or("it does not start")?;
                let ready = wait(|| (number(&code).is_some() || matching::begun(&command.prints, &output())).then_some(()));
                let _ = write!(self.transcript, "$ {line} &\n{}", output());
                self.serving.push(Serving { line: line.clone(), group, code: code.clone(), printed: printed.clone() });
                match (ready, number(&code)) {
                    (Some(()), None) => Ok(()),
                    (Some(()), Some(code)) => Err(format!("it ended with {code}, having printed\n{}", output())),
                    (None, _) => Err(format!("it does not print what the page shows, but\n{}", output())),
                }
            }
        }
    }

    /// Ctrl-C for what was started last.
    fn stop(&mut self) -> Result<(), String> {
        let serving = self.serving.pop().ok_or("nothing serves")?;
        let group = format!("-{}", serving.group);
        let _ = Process::new("kill").args(["-INT", "--", &group]).status();
        let ended = wait(|| number(&serving.code));
        let printed = std::fs::read_to_string(&serving.printed).unwrap_or_default();
        let _ = write!(self.transcript, "$ stop ({})\n{printed}", serving.line);
        match ended {
            Some(0 | 130) => Ok(()),
            Some(code) => Err(format!("`{}` ended with {code} when it was stopped:\n{printed}", serving.line)),
            None => Err(format!("`{}` does not stop:\n{printed}", serving.line)),
        }
    }

    /// Stops what still serves, the latest first.
    pub fn end(&mut self) -> Result<(), String> {
        while !self.serving.is_empty() {
            self.stop()?;
        }
        Ok(())
    }

    pub fn transcript(&self) -> &str {
        &self.transcript
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for serving in &self.serving {
            let _ = Process::new("kill").args(["-KILL", "--", &format!("-{}", serving.group)]).status();
        }
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// A number that a file holds, once it is there.
fn number(file: &Path) -> Option<i64> {
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

fn wait<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + LIMIT;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() > end {
            return None;
        }
        std::thread::sleep(Duration::from_millis(30));
    }
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// `TEMPORAL_CLI`, else the one on the path, else the one of `make tools`.
fn real_temporal(path: &str) -> PathBuf {
    let named = std::env::var_os("TEMPORAL_CLI").map(PathBuf::from);
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/bin");
    let folders = std::env::split_paths(path).chain([fetched]);
    named
        .or_else(|| folders.map(|folder| folder.join("temporal")).find(|file| file.is_file()))
        .expect("the `temporal` program: run `make tools`")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        // Callers have dependencies of their own, which are large.
        if entry.path().is_dir() && entry.file_name() != "callers" {
            copy(&entry.path(), &target);
        } else if entry.path().is_file() {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}
