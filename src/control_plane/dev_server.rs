//! Temporal's development server as a child process, for `dev` and for tests.
//!
//! It dies with this process, however that ends: a guard (a shell that reads a pipe held open by us) kills it when the pipe closes. It sits in a
//! process group of its own, so that Ctrl-C reaches only us and workers can stop before their server does.

use std::{
    env, fmt,
    io::{self, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Command as StdCommand, ExitStatus, Stdio},
    time::Duration,
};

use temporalio_client::{Connection, ConnectionOptions, RetryOptions, grpc::WorkflowService, tonic::IntoRequest};
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeNamespaceRequest;
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};
use url::Url;

use self::stderr_tail::StderrTail;

mod stderr_tail;

/// Names the CLI's executable.
const CLI_VARIABLE: &str = "TEMPORAL_CLI";
const CLI_NAME: &str = "temporal";
/// Where a checkout may keep it, from the working directory.
const CLI_LOCAL: &str = ".tools/bin/temporal";

/// Without these each step of a sequential workflow waits about 50 ms and timers are up to 1 s late.
const DYNAMIC_CONFIG: [&str; 3] =
    ["history.transferProcessorMaxPollRPS=10000", "history.timerProcessorMaxPollRPS=10000", "history.timerProcessorMaxTimeShift=\"1ms\""];

const READY_TIMEOUT: Duration = Duration::from_secs(30);
const READY_PAUSE: Duration = Duration::from_millis(50);
/// After SIGTERM, before it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// How a development server is started.
#[derive(Clone, Debug, Default)]
pub struct DevServerOptions {
    /// The `temporal` executable; looked for when there is none.
    pub cli: Option<PathBuf>,
    /// Port on 127.0.0.1; a free one when there is none.
    pub port: Option<u16>,
    /// Port of the web UI; without one there is no UI.
    pub ui_port: Option<u16>,
    /// Created beside `default`.
    pub namespace: Option<String>,
    /// Keeps state across restarts in this file; otherwise it lives in memory.
    pub db_filename: Option<PathBuf>,
    /// Leaves the poll limits as the server has them: for comparisons.
    pub default_limits: bool,
}

/// Why there is no development server.
#[derive(Debug, thiserror::Error)]
pub enum DevServerError {
    #[error(
        "the Temporal CLI was not found (looked at {looked_at})\nhint: in a checkout, `make tools` fetches it into {CLI_LOCAL}; else get it from https://docs.temporal.io/cli and put it on PATH, or name it in {CLI_VARIABLE}"
    )]
    NoCli { looked_at: String },
    #[error("{} could not be started: {source}", cli.display())]
    Spawn { cli: PathBuf, source: io::Error },
    /// Something else listens there, perhaps another Temporal server.
    #[error("port {port} of 127.0.0.1 cannot be used: {source}")]
    Port { port: u16, source: io::Error },
    #[error("the Temporal development server ended at once ({status}){tail}")]
    Ended { status: ExitStatus, tail: Tail },
    #[error("the Temporal development server did not answer on {address} within {} s{tail}", READY_TIMEOUT.as_secs())]
    Silent { address: SocketAddr, tail: Tail },
}

/// The last lines that the server wrote.
#[derive(Debug, Default)]
pub struct Tail(Vec<String>);

impl fmt::Display for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

/// A running development server. Dropping it kills it.
#[derive(Debug)]
pub struct DevServer {
    address: SocketAddr,
    ui_port: Option<u16>,
    pid: u32,
    child: Child,
    guard: Guard,
}

impl DevServer {
    /// Starts it and waits until it answers for its namespace.
    ///
    /// # Errors
    /// The CLI is not found or cannot be run, the port is taken, or the server does not answer in time; with its last lines where it said some.
    pub async fn start(options: &DevServerOptions) -> Result<Self, DevServerError> {
        let cli = find_cli(options.cli.as_deref())?;
        let port = usable_port(options.port.unwrap_or(0))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let spawn = |source| DevServerError::Spawn { cli: cli.clone(), source };
        let mut child = command(&cli, port, options).spawn().map_err(spawn)?;
        let tail = StderrTail::of(&mut child);
        let pid = child.id().unwrap_or_default();
        let guard = Guard::over(pid);
        let mut server = Self { address, ui_port: options.ui_port, pid, child, guard };
        match server.ready(options.namespace.as_deref().unwrap_or("default")).await {
            Ok(()) => Ok(server),
            Err(NotReady::Ended(status)) => Err(DevServerError::Ended { status, tail: tail.lines().await }),
            Err(NotReady::Silent) => {
                server.kill().await;
                Err(DevServerError::Silent { address, tail: tail.lines().await })
            }
        }
    }

    /// What a client connects to, e.g. `127.0.0.1:7233`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The same as a URL, `http://127.0.0.1:7233`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The web UI, when there is one.
    pub fn ui_url(&self) -> Option<String> {
        self.ui_port.map(|port| format!("http://{}:{port}", Ipv4Addr::LOCALHOST))
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Asks it to end (SIGTERM), kills it when it does not, and waits until it is gone.
    pub async fn stop(mut self) {
        self.guard.disarm();
        let pid = self.pid.to_string();
        // `kill` as a program: signals other than SIGKILL need unsafe code or a crate.
        let asked = Command::new("kill").args(["-TERM", &pid]).stderr(Stdio::null()).status().await;
        if !asked.is_ok_and(|status| status.success()) || timeout(STOP_TIMEOUT, self.child.wait()).await.is_err() {
            self.kill().await;
        }
    }

    /// Kills it (SIGKILL), as a machine that fails would, and waits until it is gone.
    pub async fn kill(&mut self) {
        self.guard.disarm();
        if let Err(error) = self.child.kill().await {
            tracing::debug!(%error, pid = self.pid, "the development server had ended already");
        }
    }

    async fn ready(&mut self, namespace: &str) -> Result<(), NotReady> {
        let deadline = Instant::now() + READY_TIMEOUT;
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.child.try_wait() {
                self.guard.disarm();
                return Err(NotReady::Ended(status));
            }
            if let Ok(true) = timeout(Duration::from_secs(2), answers(&self.url(), namespace)).await {
                return Ok(());
            }
            sleep(READY_PAUSE).await;
        }
        Err(NotReady::Silent)
    }
}

impl Drop for DevServer {
    fn drop(&mut self) {
        self.guard.disarm();
        // The child is reaped by tokio. An error says that it has ended.
        let _ = self.child.start_kill();
    }
}

enum NotReady {
    Ended(ExitStatus),
    Silent,
}

/// Whether the server knows the namespace: it opens its port before that.
async fn answers(url: &str, namespace: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let options = ConnectionOptions::new(url).retry_options(RetryOptions::no_retries()).build();
    let Ok(mut connection) = Connection::connect(options).await else { return false };
    let request = DescribeNamespaceRequest { namespace: namespace.to_owned(), ..Default::default() };
    WorkflowService::describe_namespace(&mut connection, request.into_request()).await.is_ok()
}

fn command(cli: &Path, port: u16, options: &DevServerOptions) -> Command {
    let mut command = StdCommand::new(cli);
    command.args(["server", "start-dev", "--log-level", "error", "--ip", "127.0.0.1", "--port", &port.to_string()]);
    match options.ui_port {
        Some(port) => command.args(["--ui-ip", "127.0.0.1", "--ui-port", &port.to_string()]),
        None => command.arg("--headless"),
    };
    for value in DYNAMIC_CONFIG.into_iter().filter(|_| !options.default_limits) {
        command.args(["--dynamic-config-value", value]);
    }
    if let Some(namespace) = &options.namespace {
        command.args(["--namespace", namespace]);
    }
    if let Some(file) = &options.db_filename {
        command.arg("--db-filename").arg(file);
    }
    own_group(&mut command);
    let mut command = Command::from(command);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

#[cfg(unix)]
fn own_group(command: &mut StdCommand) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
fn own_group(_: &mut StdCommand) {}

/// A shell that kills the server when we are gone: the other end of its pipe closes with our process, whatever ends that. Where there is no
/// shell, only an orderly end takes the server along.
#[derive(Debug)]
struct Guard(Option<std::process::Child>);

impl Guard {
    fn over(pid: u32) -> Self {
        let mut command = StdCommand::new("sh");
        // A line means: let it be. The end of the pipe without one means that we are gone.
        command.args(["-c", "read -r word || kill -9 \"$1\" 2>/dev/null", "guard", &pid.to_string()]);
        own_group(&mut command);
        let shell = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Self(shell.inspect_err(|error| tracing::debug!(%error, "no guard over the development server")).ok())
    }

    /// Ends the shell without killing. Before the server's process is reaped, so that its id cannot have passed to another.
    fn disarm(&mut self) {
        if let Some(mut shell) = self.0.take() {
            if let Some(pipe) = &mut shell.stdin {
                let _ = pipe.write_all(b"done\n");
            }
            // Closes the pipe first. An error says that the shell has ended.
            let _ = shell.wait();
        }
    }
}

/// The executable: given, in [`CLI_VARIABLE`], on PATH, or beside the checkout.
///
/// # Errors
/// It is at none of these places; the text says which were looked at, and how to get it.
pub fn find_cli(given: Option<&Path>) -> Result<PathBuf, DevServerError> {
    find_cli_in(given, env::var_os(CLI_VARIABLE).map(PathBuf::from), env::var_os("PATH").unwrap_or_default().as_os_str())
}

fn find_cli_in(given: Option<&Path>, variable: Option<PathBuf>, path: &std::ffi::OsStr) -> Result<PathBuf, DevServerError> {
    // One that is named is meant: nothing else will do.
    if let Some(named) = given.map(Path::to_owned).or(variable.filter(|path| !path.as_os_str().is_empty())) {
        let looked_at = named.display().to_string();
        return if named.is_file() { Ok(named) } else { Err(DevServerError::NoCli { looked_at }) };
    }
    let on_path = env::split_paths(path).map(|folder| folder.join(CLI_NAME));
    let found = on_path.chain([PathBuf::from(CLI_LOCAL)]).find(|file| file.is_file());
    found.ok_or_else(|| DevServerError::NoCli { looked_at: format!("{CLI_VARIABLE}, PATH, {CLI_LOCAL}") })
}

/// The port when nothing listens there, a free one for 0. Asked beforehand: another server on the port would answer in place of ours.
fn usable_port(port: u16) -> Result<u16, DevServerError> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).and_then(|listener| listener.local_addr());
    bound.map(|address| address.port()).map_err(|source| DevServerError::Port { port, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cli_is_found_where_it_is_said_to_be() {
        let folder = tempfile::tempdir().unwrap();
        let cli = folder.path().join(CLI_NAME);
        std::fs::write(&cli, "").unwrap();
        let nowhere = folder.path().join("nowhere");
        assert_eq!(find_cli_in(Some(&cli), None, "".as_ref()).unwrap(), cli);
        assert_eq!(find_cli_in(None, Some(cli.clone()), "".as_ref()).unwrap(), cli);
        assert_eq!(find_cli_in(None, None, folder.path().as_os_str()).unwrap(), cli);
        // A wrong name is not made good from PATH.
        assert!(find_cli_in(Some(&nowhere), Some(cli), folder.path().as_os_str()).is_err());
    }

    #[test]
    fn a_port_in_use_is_refused_before_anything_starts() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(matches!(usable_port(port), Err(DevServerError::Port { port: refused, .. }) if refused == port));
        drop(taken);
        assert_eq!(usable_port(port).unwrap(), port);
        assert_ne!(usable_port(0).unwrap(), 0);
    }

    #[test]
    fn without_a_cli_the_error_says_how_to_get_it() {
        let folder = tempfile::tempdir().unwrap();
        let text = find_cli_in(Some(&folder.path().join("x")), None, "".as_ref()).unwrap_err().to_string();
        assert!(text.contains("hint: ") && text.contains(CLI_VARIABLE) && text.contains("https://"), "{text}");
    }
}
