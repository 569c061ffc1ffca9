//! The worker as its users run it: the program itself, with its settings in the environment.

use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use tempfile::TempDir;

use super::wait::until;

pub struct WorkerProcess {
    child: Child,
    admin: u16,
    log: PathBuf,
    _dir: TempDir,
}

impl WorkerProcess {
    /// Starts it and waits until `/readyz` says so.
    pub async fn start(temporal: &str, plane: Option<&str>, settings: &[(&str, &str)]) -> Self {
        let worker = Self::spawn(temporal, plane, settings);
        until("the worker to be ready", || async { worker.get("/readyz").await.filter(|(status, _)| *status == 200) }).await;
        worker
    }

    /// Starts it without waiting.
    pub fn spawn(temporal: &str, plane: Option<&str>, settings: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let log = dir.path().join("worker.log");
        let admin = free_port();
        let file = File::create(&log).expect("a log file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_workflow-runner"));
        command
            .arg("worker")
            .env_clear()
            .env("HOME", dir.path())
            .env("TEMPORAL_ADDRESS", temporal)
            .env("WORKFLOW_RUNNER_ADMIN__LISTEN", format!("127.0.0.1:{admin}"))
            .env("LOG_LEVEL", "debug")
            // What the documents call is on this machine.
            .env("WORKFLOW_RUNNER_HTTP__REACH", "any")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file);
        if let Some(plane) = plane {
            command.env("STIGMER_BACKEND_ENDPOINT", plane).env("STIGMER_API_KEY", super::API_KEY).env("STIGMER_SERVICE_USE_TLS", "false");
        }
        command.envs(settings.iter().copied());
        let child = command.spawn().expect("the worker starts");
        Self { child, admin, log, _dir: dir }
    }

    /// Status and body of a page of the admin listener; none while nobody listens.
    pub async fn get(&self, path: &str) -> Option<(u16, String)> {
        let answer = reqwest::Client::new().get(format!("http://127.0.0.1:{}{path}", self.admin)).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    /// The value of a series of `/metrics`, by its beginning (name and labels).
    pub async fn metric(&self, series: &str) -> Option<f64> {
        let (_, text) = self.get("/metrics").await?;
        text.lines().find(|line| line.starts_with(series))?.rsplit(' ').next()?.parse().ok()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(&mut self) {
        self.child.kill().expect("the process can be killed");
        self.child.wait().expect("the process ends");
    }

    /// Sends a signal by name, as an operator would.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status().expect("kill runs");
        assert!(status.success(), "kill -{name}");
    }

    /// How it ended, once it has.
    pub async fn exit(&mut self) -> ExitStatus {
        super::wait::within("the worker to end", async {
            loop {
                if let Some(status) = self.child.try_wait().expect("the process can be asked") {
                    return status;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        })
        .await
    }

    /// Everything that it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("the log can be read")
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- log of worker {} ---\n{}", self.child.id(), std::fs::read_to_string(&self.log).unwrap_or_default());
        }
    }
}

pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr()).expect("a free port").port()
}
