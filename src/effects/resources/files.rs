//! Files that a definition names.

use std::path::{Path, PathBuf};

use reqwest::Url;
use tokio::io::AsyncReadExt as _;

use super::super::EffectError;
use super::super::http::Limit;

/// Reads a file that one of `allow` holds.
pub(super) async fn read(uri: &Url, allow: &[String], limit: Limit) -> Result<Vec<u8>, EffectError> {
    let path = path_of(uri).ok_or_else(|| EffectError::configuration(format!("{uri} is no file of this machine")))?;
    // Nobody learns from the error whether a file is there that may not be read.
    let denied = || EffectError::authorization(format!("{uri} may not be read")).with_detail("resources.allow has no start of this URI");
    let real = tokio::fs::canonicalize(&path).await;
    if !is_allowed(real.as_deref().unwrap_or(&path), allow).await {
        return Err(denied());
    }
    let unreadable = |error: std::io::Error| EffectError::configuration(format!("{uri} cannot be read")).with_detail(error.to_string());
    let file = tokio::fs::File::open(real.map_err(unreadable)?).await.map_err(unreadable)?;
    if !file.metadata().await.map_err(unreadable)?.is_file() {
        // A pipe or a device has no end.
        return Err(EffectError::configuration(format!("{uri} is no plain file")));
    }
    let mut bytes = Vec::new();
    let most = u64::try_from(limit.size_bytes).unwrap_or(u64::MAX).saturating_add(1);
    file.take(most).read_to_end(&mut bytes).await.map_err(unreadable)?;
    if bytes.len() > limit.size_bytes { Err(limit.exceeded(uri.as_str(), bytes.len())) } else { Ok(bytes) }
}

/// Whole names of folders are compared: `/defs` holds `/defs/a` and not `/defs-old/a`.
async fn is_allowed(path: &Path, allow: &[String]) -> bool {
    if path.components().any(|part| matches!(part, std::path::Component::ParentDir)) {
        return false;
    }
    for start in allow.iter().filter_map(|start| Url::parse(start).ok()).filter_map(|start| path_of(&start)) {
        // What is allowed may itself be reached by a link.
        let start = tokio::fs::canonicalize(&start).await.unwrap_or(start);
        if path.starts_with(&start) {
            return true;
        }
    }
    false
}

fn path_of(uri: &Url) -> Option<PathBuf> {
    if uri.scheme() == "file" { uri.to_file_path().ok() } else { None }
}
