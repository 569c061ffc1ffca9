//! The processes that are measured, and what the kernel says of them.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::hand_written::ADDRESS_VARIABLE;

/// Ticks a second of `/proc/<pid>/stat`; the same on every Linux that Rust runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// A process that ends with this one's interest in it.
pub struct Process(Child);

impl Process {
    /// Seconds of processor time so far, all threads.
    pub fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).expect("the process runs");
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let fields: Vec<f64> = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
        fields.iter().sum::<f64>() / TICKS_PER_SECOND
    }

    pub fn memory_mib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("the process runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / 1024.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The program, as `worker`.
pub struct Runner {
    process: Process,
    pub ready_after: Duration,
    pub idle_mib: f64,
}

impl Runner {
    pub async fn start(temporal: &str) -> Self {
        let admin = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
        let began = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_workflow-runner"))
            .arg("worker")
            .env("TEMPORAL_ADDRESS", temporal)
            .env("WORKFLOW_RUNNER_ADMIN__LISTEN", admin.to_string())
            .env("WORKFLOW_RUNNER_HTTP__REACH", "any")
            .env("LOG_LEVEL", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("the worker starts");
        let mut process = Process(child);
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        while !client.get(format!("http://{admin}/readyz")).send().await.is_ok_and(|answer| answer.status().is_success()) {
            let ended = process.0.try_wait().expect("the process can be asked");
            assert!(ended.is_none(), "the worker ended: {ended:?}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let ready_after = began.elapsed();
        let idle_mib = process.memory_mib();
        Self { process, ready_after, idle_mib }
    }

    pub fn memory_mib(&self) -> f64 {
        self.process.memory_mib()
    }

    pub fn cpu_seconds(&self) -> f64 {
        self.process.cpu_seconds()
    }
}

/// This program again, as the hand-written worker.
pub struct HandWritten(Process);

impl HandWritten {
    pub fn start(temporal: &str) -> Self {
        let program = std::env::current_exe().expect("the path of this program");
        let child = Command::new(program).env(ADDRESS_VARIABLE, temporal).stdin(Stdio::null()).spawn().expect("the other worker starts");
        Self(Process(child))
    }

    pub fn cpu_seconds(&self) -> f64 {
        self.0.cpu_seconds()
    }

    pub fn memory_mib(&self) -> f64 {
        self.0.memory_mib()
    }
}
