//! `handshake show ID`: everything that is known about one, and what to do next. Of the token only its preview and digest.

use std::fmt::Write as _;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::args::ShowArgs;
use super::entry::{Entry, Side};
use super::resolve::{Found, resolve};
use super::{Ground, away, json, text};
use crate::cli::service::StartError;
use crate::cli::{Exit, Format, print};
use crate::handshake::operator::newest_callback;
use crate::handshake::{Callback, TaskToken};
use crate::stigmer::wfx::ExecutionPhase;

/// What only a look at one is worth.
#[derive(Default)]
pub(super) struct More {
    /// What the child would complete.
    pub callback: Option<Callback>,
    /// What the control plane says of the execution.
    pub phase: Option<ExecutionPhase>,
}

pub(super) async fn run(ground: &Ground, args: &ShowArgs) -> Result<Exit, StartError> {
    let entry = match resolve(ground, &args.target).await? {
        Found::One(entry) => entry,
        Found::NothingWaits(why) => {
            let page = match args.format {
                Format::Json => format!("{}\n", serde_json::json!({"pending": false, "note": why})),
                Format::Text => format!("{why}\n"),
            };
            return Ok(print::data(&page, Exit::Completed));
        }
    };
    let more = more(ground, &entry).await?;
    let (now, watched) = (SystemTime::now(), ground.config.handshake.watch);
    let page = match args.format {
        Format::Json => json::one(&entry, &more, now, watched),
        Format::Text => text::one(&entry, &more, now, watched),
    };
    Ok(print::data(&page, Exit::Completed))
}

async fn more(ground: &Ground, entry: &Entry) -> Result<More, StartError> {
    let Side::Child { execution_id, child } = &entry.side else { return Ok(More::default()) };
    let callback = match child {
        Some(child) => newest_callback(&ground.client, &ground.pace, &child.workflow_id, &child.run_id).await.map_err(|e| away(&e))?,
        None => None,
    };
    let phase = match (&ground.stigmer, execution_id) {
        // Worth a line, not a failure.
        (Some(stigmer), Ok(id)) => stigmer.get_execution(id).await.ok().and_then(|e| e.status).map(|s| s.phase()),
        _ => None,
    };
    Ok(More { callback, phase })
}

/// Enough to tell two tokens apart, and to find one in a log: the first eight bytes of its SHA-256, in hex.
pub(super) fn token_digest(token: &TaskToken) -> String {
    Sha256::digest(token.as_bytes()).iter().take(8).fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
