//! One program from its start to its end, within the limits.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};

use super::super::EffectError;
use super::given::Given;
use super::group::Group;
use crate::config::RunSettings;
use crate::expr::Data;

/// What is still in the pipes when a process has ended is there at once; only a process that left the group can keep them open.
const DRAIN: Duration = Duration::from_secs(1);

/// How a process or script ended, and what it wrote.
#[derive(Debug, Default)]
pub struct Ended {
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Ended {
    /// `{"code", "stdout", "stderr"}`.
    ///
    /// # Errors
    /// `runtime` 500: what is stored is JSON, whose escapes make it larger than what was written.
    pub fn output(&self, settings: &RunSettings) -> Result<Data, EffectError> {
        let text = |bytes: &[u8]| Data::string(String::from_utf8_lossy(bytes));
        let output =
            Data::object([("code", Data::from(i64::from(self.code))), ("stdout", text(&self.stdout)), ("stderr", text(&self.stderr))]);
        if output.json_len() > settings.output_limit_bytes { Err(too_large(settings)) } else { Ok(output) }
    }
}

pub fn too_large(settings: &RunSettings) -> EffectError {
    let limit = settings.output_limit_bytes;
    EffectError::runtime("the output is too large").with_detail(format!("the limit is {limit} bytes (run.output_limit_bytes)"))
}

pub fn out_of_time(settings: &RunSettings) -> EffectError {
    EffectError::timeout("not done in time").with_detail(format!("the limit is {:?} (run.timeout)", settings.timeout))
}

pub async fn run(
    program: &str,
    arguments: &[String],
    files: &[(&str, &str)],
    given: &Given,
    settings: &RunSettings,
) -> Result<Ended, EffectError> {
    let folder = folder(files).await.map_err(|error| EffectError::runtime("no folder for the process").with_detail(error.to_string()))?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", &settings.path).envs(given.environment.iter().map(|(name, value)| (name, value)));
    command.stdin(if given.stdin.is_empty() { Stdio::null() } else { Stdio::piped() }).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut group = Group::spawn(command, folder).map_err(|error| not_started(program, &error))?;
    let pipes = group.pipes();
    match tokio::time::timeout(settings.timeout, to_its_end(&mut group, pipes, &given.stdin, settings)).await {
        Ok(ended) => ended,
        Err(_) => Err(out_of_time(settings)),
    }
}

async fn to_its_end(group: &mut Group, pipes: Pipes, stdin: &str, settings: &RunSettings) -> Result<Ended, EffectError> {
    let lost = |error: io::Error| EffectError::runtime("the process was lost").with_detail(error.to_string());
    let mut ended = Ended::default();
    let status = {
        let Pipes { stdin: input, stdout, stderr } = pipes;
        let traffic = async { tokio::join!(feed(input, stdin), capture(stdout, stderr, &mut ended, settings)).1 };
        tokio::pin!(traffic);
        tokio::select! {
            status = group.wait() => {
                let status = status.map_err(lost)?;
                if let Ok(captured) = tokio::time::timeout(DRAIN, traffic).await {
                    captured?;
                }
                status
            }
            // Either there is too much of it, or the process has closed its outputs and goes on.
            captured = &mut traffic => {
                captured?;
                group.wait().await.map_err(lost)?
            }
        }
    };
    ended.code = code(status);
    Ok(ended)
}

/// The ends of a process's pipes that are ours.
pub struct Pipes {
    pub stdin: Option<ChildStdin>,
    pub stdout: Option<ChildStdout>,
    pub stderr: Option<ChildStderr>,
}

/// A process need not read what it is given.
async fn feed(pipe: Option<ChildStdin>, text: &str) {
    if let Some(mut pipe) = pipe {
        let _ = pipe.write_all(text.as_bytes()).await;
    }
}

/// Reads both outputs until they are closed.
async fn capture(
    mut stdout: Option<ChildStdout>,
    mut stderr: Option<ChildStderr>,
    ended: &mut Ended,
    settings: &RunSettings,
) -> Result<(), EffectError> {
    while stdout.is_some() || stderr.is_some() {
        tokio::select! {
            read = some(&mut stdout, &mut ended.stdout), if stdout.is_some() => if !read { stdout = None },
            read = some(&mut stderr, &mut ended.stderr), if stderr.is_some() => if !read { stderr = None },
        }
        if ended.stdout.len() + ended.stderr.len() > settings.output_limit_bytes {
            return Err(too_large(settings));
        }
    }
    Ok(())
}

/// False when there is nothing more to come.
async fn some(pipe: &mut Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) -> bool {
    match pipe {
        Some(pipe) => pipe.read_buf(into).await.is_ok_and(|size| size > 0),
        None => false,
    }
}

/// As a shell tells it.
fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

async fn folder(files: &[(&str, &str)]) -> io::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("workflow-runner-").tempdir()?;
    for (name, text) in files {
        tokio::fs::write(folder.path().join(name), text).await?;
    }
    Ok(folder)
}

/// Not found is the operator's to mend; anything else (arguments that are too long, say) is told as it is.
fn not_started(program: &str, error: &io::Error) -> EffectError {
    let title = format!("`{program}` cannot be started");
    let error_made = if error.kind() == io::ErrorKind::NotFound { EffectError::configuration(title) } else { EffectError::runtime(title) };
    error_made.with_detail(error.to_string())
}
