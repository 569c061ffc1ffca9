//! What this machine and the server allow, against what the settings may want.

use std::path::Path;

use rustix::process::{Resource, getrlimit};

use super::finding::{Finding, ok, warning};
use super::{Site, namespace};
use crate::handshake::outcome::LIMIT_BYTES;

/// Sockets of calls, and of two servers.
const OPEN_FILES_MIN: u64 = 1_024;
/// A workflow that is kept between its tasks, and a worker without any.
const CACHED_WORKFLOW_BYTES: u64 = 56_000;
const WORKER_BYTES: u64 = 64 * 1024 * 1024;
const MIB: u64 = 1024 * 1024;

pub(super) async fn look(site: &Site) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(client) = site.client()
        && let Ok(described) = namespace::describe(client).await
    {
        let limit = described.namespace_info.and_then(|info| info.limits).map_or(0, |limits| limits.blob_size_limit_error);
        findings.push(payloads(u64::try_from(limit).unwrap_or(0)));
    }
    findings.push(open_files(getrlimit(Resource::Nofile).current));
    let cached = u64::try_from(site.config.temporal.max_cached_workflows).unwrap_or(u64::MAX);
    findings.push(memory(cached, memory_limit(Path::new("/sys/fs/cgroup"))));
    findings
}

/// 0: the server does not say.
fn payloads(limit_bytes: u64) -> Finding {
    let ours = LIMIT_BYTES as u64;
    match limit_bytes {
        0 => ok("payloads up to 2 MiB, as every server takes them; messages up to 4 MiB, histories up to 51,200 events or 50 MiB"),
        limit if limit < ours => warning(
            format!("the server takes payloads of {} KiB, and outcomes up to {} KiB are sent", limit / 1024, ours / 1024),
            "raise limit.blobSize.error of the server to 2097152, or let documents return references to large data",
        ),
        limit => ok(format!("payloads up to {} KiB; messages up to 4 MiB, histories up to 51,200 events or 50 MiB", limit / 1024)),
    }
}

/// None: no limit.
fn open_files(soft: Option<u64>) -> Finding {
    match soft {
        Some(soft) if soft < OPEN_FILES_MIN => warning(
            format!("{soft} open files: calls fail when there are more connections than that"),
            "ulimit -n 65536, or LimitNOFILE=65536 of the service",
        ),
        Some(soft) => ok(format!("{soft} open files")),
        None => ok("open files without limit"),
    }
}

/// `limit_bytes`: of the container; none where there is no limit.
fn memory(cached: u64, limit_bytes: Option<u64>) -> Finding {
    let wanted = WORKER_BYTES.saturating_add(cached.saturating_mul(CACHED_WORKFLOW_BYTES));
    let Some(limit) = limit_bytes else {
        return ok(format!("{cached} cached workflows may take {} MiB; there is no memory limit", wanted / MIB));
    };
    let found = format!("{cached} cached workflows may take {} MiB of the {} MiB that there are", wanted / MIB, limit / MIB);
    if wanted <= limit / 10 * 9 {
        return ok(found);
    }
    let fitting = (limit / 10 * 9).saturating_sub(WORKER_BYTES) / CACHED_WORKFLOW_BYTES;
    warning(found, format!("set WORKFLOW_RUNNER_TEMPORAL__MAX_CACHED_WORKFLOWS={fitting}, or give the container more memory"))
}

/// Of control groups, second version or first.
fn memory_limit(root: &Path) -> Option<u64> {
    /// What the first version says where there is no limit.
    const NONE: u64 = 1 << 60;
    let read = |path: &str| std::fs::read_to_string(root.join(path)).ok()?.trim().parse().ok();
    read("memory.max").or_else(|| read("memory/memory.limit_in_bytes")).filter(|limit| *limit < NONE)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn what_is_too_small_is_told() {
        for (finding, level, text) in [
            (payloads(0), Level::Ok, "2 MiB"),
            (payloads(2 * MIB), Level::Ok, "2048 KiB"),
            (payloads(MIB), Level::Warning, "1024 KiB"),
            (open_files(None), Level::Ok, "without limit"),
            (open_files(Some(256)), Level::Warning, "256 open files"),
            (open_files(Some(65_536)), Level::Ok, "65536"),
            (memory(1_000, None), Level::Ok, "no memory limit"),
            (memory(1_000, Some(256 * MIB)), Level::Ok, "117 MiB of the 256 MiB"),
            (memory(10_000, Some(256 * MIB)), Level::Warning, "598 MiB of the 256 MiB"),
        ] {
            assert!(finding.level == level && finding.found.contains(text), "{finding:?}");
        }
        assert!(memory(10_000, Some(256 * MIB)).fix.unwrap().contains("MAX_CACHED_WORKFLOWS=3115"), "what fits");
    }

    #[test]
    fn the_limit_of_a_container_is_read_in_both_forms() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(memory_limit(dir.path()), None);
        std::fs::create_dir(dir.path().join("memory")).unwrap();
        std::fs::write(dir.path().join("memory/memory.limit_in_bytes"), "9223372036854771712\n").unwrap();
        assert_eq!(memory_limit(dir.path()), None);
        std::fs::write(dir.path().join("memory/memory.limit_in_bytes"), "1000\n").unwrap();
        assert_eq!(memory_limit(dir.path()), Some(1000));
        std::fs::write(dir.path().join("memory.max"), "max\n").unwrap();
        assert_eq!(memory_limit(dir.path()), Some(1000));
        std::fs::write(dir.path().join("memory.max"), "2000\n").unwrap();
        assert_eq!(memory_limit(dir.path()), Some(2000));
    }
}
