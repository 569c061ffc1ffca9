//! What the process takes of its machine, under the names that every Prometheus client has. Linux tells; elsewhere there are none of these.

use prometheus::{CounterVec, GaugeVec, IntGaugeVec, Registry};

use super::series::{Series, Type, instruments};

/// A series without labels.
const PLAIN: &[&str] = &[];

instruments! {
    /// Read anew at each scrape.
    pub(super) struct Process {
        cpu_seconds: CounterVec = Series {
            name: "process_cpu_seconds_total",
            help: "CPU time of the process, its own and the system's for it.",
            labels: &[],
            unit: "seconds",
            buckets: &[],
            moves: "At each scrape.",
            act: "A rate near the CPU limit: more replicas, or a higher limit. One thread runs the workflow code of a queue.",
        };
        resident_memory: IntGaugeVec = Series {
            name: "process_resident_memory_bytes",
            help: "Memory of the process that is in RAM.",
            labels: &[],
            unit: "bytes",
            buckets: &[],
            moves: "At each scrape.",
            act: "Near the limit: lower `temporal.max_cached_workflows`, or raise the limit.",
        };
        open_files: IntGaugeVec = Series {
            name: "process_open_fds",
            help: "File descriptors that are open.",
            labels: &[],
            unit: "descriptors",
            buckets: &[],
            moves: "At each scrape.",
            act: "One that only grows is a defect: report it with the log.",
        };
        start_time: GaugeVec = Series {
            name: "process_start_time_seconds",
            help: "When the process started, in seconds of the Unix epoch.",
            labels: &[],
            unit: "seconds",
            buckets: &[],
            moves: "Never.",
            act: "`changes()` of it counts restarts; the log before each says why.",
        };
    }
}

/// What /proc says of this process.
struct Seen {
    cpu_seconds: f64,
    /// After the machine's start.
    started_at: f64,
    resident_bytes: i64,
    open_files: i64,
}

impl Process {
    pub(super) fn series() -> impl Iterator<Item = &'static (Type, Series)> {
        Self::SERIES.iter()
    }

    /// None where the system does not tell.
    pub(super) fn register_where_known(registry: &Registry) -> Option<Self> {
        let seen = see()?;
        let process = Self::register(registry);
        if let Some(booted_at) = booted_at() {
            process.start_time.with_label_values(PLAIN).set(booted_at + seen.started_at);
        }
        Some(process)
    }

    /// Brings all up to date.
    pub(super) fn observe(&self) {
        let Some(seen) = see() else { return };
        let cpu = self.cpu_seconds.with_label_values(PLAIN);
        cpu.inc_by((seen.cpu_seconds - cpu.get()).max(0.0));
        self.resident_memory.with_label_values(PLAIN).set(seen.resident_bytes);
        self.open_files.with_label_values(PLAIN).set(seen.open_files);
    }
}

fn see() -> Option<Seen> {
    let (user, system, started, pages) = fields(&std::fs::read_to_string("/proc/self/stat").ok()?)?;
    let ticks_per_second = precise(rustix::param::clock_ticks_per_second());
    Some(Seen {
        cpu_seconds: precise(user + system) / ticks_per_second,
        started_at: precise(started) / ticks_per_second,
        resident_bytes: i64::try_from(pages).ok()?.checked_mul(i64::try_from(rustix::param::page_size()).ok()?)?,
        open_files: i64::try_from(std::fs::read_dir("/proc/self/fd").ok()?.count()).ok()?,
    })
}

/// User and system time in ticks, the start in ticks, resident pages: fields 14, 15, 22 and 24 of proc(5), counted behind the program's name, which
/// may hold blanks and brackets.
fn fields(stat: &str) -> Option<(u64, u64, u64, u64)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    // The first of these is field 3.
    let field = |number: usize| fields.get(number - 3)?.parse().ok();
    Some((field(14)?, field(15)?, field(22)?, field(24)?))
}

/// When the machine started, in seconds of the Unix epoch.
fn booted_at() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// Ticks of centuries are below 2^53.
#[allow(clippy::cast_precision_loss)]
fn precise(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_and_brackets_does_not_shift_the_fields() {
        let stat = "7 (a) (b c) S 1 7 7 0 -1 4194304 9 0 0 0 150 50 0 0 20 0 3 0 1234 9999 77 18446744073709551615 1";
        assert_eq!(fields(stat), Some((150, 50, 1234, 77)));
        assert_eq!(fields("7 (short) S 1"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_seen() {
        let registry = Registry::new();
        let process = Process::register_where_known(&registry).expect("Linux tells");
        process.observe();
        assert!(process.resident_memory.with_label_values(PLAIN).get() > 1_000_000);
        assert!(process.open_files.with_label_values(PLAIN).get() >= 3);
        let start = process.start_time.with_label_values(PLAIN).get();
        assert!(start > 1_700_000_000.0, "{start}");
    }
}
